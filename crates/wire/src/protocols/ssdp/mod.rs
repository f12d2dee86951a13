//! SSDP: what UPnP devices announce and answer; and their description, which HTTP carries.
//!
//! Source:  UPnP Device Architecture 1.0 section 1 (discovery) and section 2 (`description`).
//! Input:   one datagram, mostly to or from port 1900; answers go to any port.
//! Output:  server software, types offered, unique device name.
//! Limits:  one datagram of at most [`HEADERS_MAX`] headers.
//! Privacy: only the headers named in [`FIELDS`] are copied; what a search asks for is not.

pub(crate) mod description;

use model::{Attribute, Confidence};

use crate::dissect::{About, Datagram, DatagramProtocol, Field, Heard, Server, Sink};

/// SSDP over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: SSDP, ports: &[1900], any_port: true, read, fields: FIELDS };

/// Every field it yields, over UDP and inside HTTP.
pub const FIELDS: &[Field] = &[
    SERVER,
    KIND,
    NAME,
    USER_AGENT,
    description::KIND,
    description::FRIENDLY_NAME,
    description::MAKER,
    description::MODEL,
    description::MODEL_NUMBER,
    description::SERIAL,
    description::UDN,
];

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let mut lines = Lines { input: datagram.payload, position: 0 };
    let server = match lines.next().map(|(line, _)| line) {
        Some(b"NOTIFY * HTTP/1.1" | b"NOTIFY * HTTP/1.0") => Server::Sender,
        Some(b"M-SEARCH * HTTP/1.1" | b"M-SEARCH * HTTP/1.0") => Server::Receiver,
        // Other protocols answer like this too: only the headers of SSDP tell.
        Some(line) if line.starts_with(b"HTTP/1.") && names_service(datagram.payload) => {
            Server::Sender
        }
        _ => return Heard::NotMine,
    };
    for (line, start) in lines.take(HEADERS_MAX) {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii_start();
        header(server, name, value, start + line.len() - value.len(), sink);
    }
    Heard::Mine(server)
}

fn names_service(payload: &[u8]) -> bool {
    let has =
        |name: &[u8]| payload.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name));
    has(b"\nUSN:") && has(b"\nST:")
}

fn header(server: Server, name: &[u8], value: &[u8], start: usize, sink: &mut dyn Sink) {
    let name = name.to_ascii_uppercase();
    let field = match (server, name.as_slice()) {
        (Server::Sender, b"SERVER") => &SERVER,
        (Server::Sender, b"NT" | b"ST") => &KIND,
        (Server::Sender, b"USN") => &NAME,
        (Server::Receiver, b"USER-AGENT") => &USER_AGENT,
        _ => return,
    };
    let Some(text) = crate::text::clean(value) else { return };
    let text = match (field.attribute, text.split_once("::")) {
        (Attribute::EndpointReference, Some((device, _))) => device,
        // A type is `urn:…` or `upnp:rootdevice`; the bare name is told as such.
        (Attribute::UpnpType, _) if text.starts_with("uuid:") => return,
        _ => &text,
    };
    sink.found_text(field, About::Sender, text, start..start + value.len());
}

/// Lines of a header block and where each starts, up to the empty line.
struct Lines<'a> {
    input: &'a [u8],
    position: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (&'a [u8], usize);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.position;
        let rest = self.input.get(start..)?;
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.position = start + end + 1;
        let line = rest.get(..end)?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (!line.is_empty()).then_some((line, start))
    }
}

const SSDP: &str = "ssdp";

const SERVER: Field = Field::new(
    SSDP,
    "SERVER",
    Attribute::SsdpServer,
    Confidence::STATED,
    "UPnP 1.0 section 1.1.2: operating system, UPnP version and product",
);
const KIND: Field = Field::new(
    SSDP,
    "NT",
    Attribute::UpnpType,
    Confidence::STATED,
    "UPnP 1.0 section 1.1.2: device or service type offered (ST in an answer)",
);
const NAME: Field = Field::new(
    SSDP,
    "USN",
    Attribute::EndpointReference,
    Confidence::STATED,
    "UPnP 1.0 section 1.1.2: unique device name, the part before the type",
);
const USER_AGENT: Field = Field::new(
    SSDP,
    "USER-AGENT",
    Attribute::HttpUserAgent,
    Confidence::STATED,
    "UPnP 1.1 section 1.3.2: software of whoever searches",
);

/// Most header lines read. Real messages have about ten.
pub const HEADERS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocols::dicom::lab;
    use crate::protocols::wsd::soap::Place;
    use crate::testing::{datagram, hex};

    const NOTIFY: &str = "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\
        LOCATION: http://192.0.2.1/CANARY\r\nNT: urn:x:device:Printer:1\r\nNTS: ssdp:alive\r\n\
        Server: Linux/4.9 UPnP/1.0 Acme/2\r\nUSN: uuid:7::urn:x:device:Printer:1\r\n\r\n";

    #[test]
    fn reads_announcements_answers_and_searches() {
        let found = "\
sender upnp_type = \"urn:x:device:Printer:1\" NT @86+22
sender ssdp_server = \"Linux/4.9 UPnP/1.0 Acme/2\" SERVER @135+25
sender endpoint_reference = \"uuid:7\" USN @167+30
Mine(Sender)
";
        let answer = "HTTP/1.1 200 OK\nst:upnp:rootdevice\nusn:uuid:7\n\nSERVER: CANARY";
        let search = "M-SEARCH * HTTP/1.1\r\nST: CANARY\r\nUser-Agent: Win/10\r\n\r\n";
        for (name, payload, want) in [
            ("announcement", NOTIFY, found),
            (
                "answer",
                answer,
                "sender upnp_type = \"upnp:rootdevice\" NT @19+15\nsender endpoint_reference = \"uuid:7\" USN @39+6\nMine(Sender)\n",
            ),
            (
                "search",
                search,
                "sender http_user_agent = \"Win/10\" USER-AGENT @45+6\nMine(Receiver)\n",
            ),
            ("bare name", "NOTIFY * HTTP/1.1\r\nNT:uuid:7\r\n", "Mine(Sender)\n"),
            ("other answer", "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", "NotMine\n"),
            ("a page", "GET / HTTP/1.1\r\n\r\n", "NotMine\n"),
            ("nothing", "", "NotMine\n"),
        ] {
            assert_eq!(datagram(&PROTOCOL, (1900, 1900), payload.as_bytes()), want, "{name}");
        }
        for seen in 0..NOTIFY.len() {
            let cut = datagram(&PROTOCOL, (1900, 1900), &NOTIFY.as_bytes()[..seen]);
            assert!(cut.ends_with("NotMine\n") || cut.ends_with("Mine(Sender)\n"), "{cut}");
        }
    }

    #[test]
    fn reads_only_the_root_device_of_a_description() {
        let document = "<?xml version='1.0'?><root xmlns='urn:schemas-upnp-org:device-1-0'>\
            <device><deviceType>urn:x</deviceType><friendlyName>Cam</friendlyName>\
            <manufacturer>Acme &amp; Co</manufacturer><modelName>C7</modelName>\
            <modelNumber>7</modelNumber><serialNumber>S1</serialNumber><UDN>uuid:7</UDN>\
            <deviceList><device><modelName>CANARY</modelName></device></deviceList>\
            </device></root>";
        let mut transcript = crate::testing::Transcript::default();
        description::read(document.as_bytes(), Place::Plain(0), &mut transcript).unwrap();
        let values: Vec<_> =
            transcript.lines.lines().map(|line| line.split(" @").next().unwrap()).collect();
        assert_eq!(
            values,
            [
                r#"sender upnp_type = "urn:x" deviceType"#,
                r#"sender device_name = "Cam" friendlyName"#,
                r#"sender maker = "Acme & Co" manufacturer"#,
                r#"sender model = "C7" modelName"#,
                r#"sender model_number = "7" modelNumber"#,
                r#"sender serial = "S1" serialNumber"#,
                r#"sender endpoint_reference = "uuid:7" UDN"#,
            ]
        );
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..200)) {
            datagram(&PROTOCOL, (1, 2), &tail);
            datagram(&PROTOCOL, (1, 2), &[b"NOTIFY * HTTP/1.1\r\nUSN:", tail.as_slice()].concat());
        }
    }

    #[test]
    fn reads_real_announcements() {
        let names = ["udp.srcport", "udp.payload"];
        let Some(rows) = lab::fields("ndpi/gnutella.pcap", "ssdp", &names) else { return };
        assert!(!rows.is_empty());
        for row in rows {
            let found = datagram(&PROTOCOL, (1900, 1900), &hex(&row[1]));
            assert!(found.contains("Mine(") && !found.contains("NotMine"), "{found}");
        }
    }
}
