//! DHCPv4: who a client says it is, which address it got, and who serves the network.
//!
//! Source:  RFC 2131 section 2; RFC 2132; RFC 4702 (FQDN); RFC 3046 (relay agent); RFC 3396.
//! Input:   one message over UDP.
//! Output:  facts about the client by its hardware address (the frame may come from a relay);
//!          bindings from acknowledgements; roles of the servers that the options name.
//! Limits:  Ethernet clients only. An address that is only asked for binds nothing.
//! Privacy: client identifier, vendor-specific data and boot files are not copied.

mod options;

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use model::{Answerable, Attribute, Confidence, Mac};

use crate::dissect::{About, Datagram, DatagramProtocol, Field, Heard, Server, Sink};
use crate::protocols::dns::host;
use crate::protocols::dns::message::{HEADER_BYTES as DNS_HEADER_BYTES, Message as DnsMessage};
use crate::reader::Reader;
use crate::text;
use options::{Options, Value, addresses};

/// DHCP over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[67, 68, 4011], any_port: true, read, fields: FIELDS };

/// What clients and servers tell.
pub const FIELDS: &[Field] = &[
    HOST_NAME,
    HOST_DOMAIN,
    FQDN_HOST,
    FQDN_DOMAIN,
    GIVEN_NAME,
    GIVEN_DOMAIN,
    VENDOR_CLASS,
    PARAMETER_LIST,
    CIRCUIT,
    SERVER,
    ROUTER,
    DNS_SERVER,
    NTP_SERVER,
    RELAY,
];

const HOST_NAME: Field = Field::new(
    NAME,
    "12",
    Attribute::Hostname,
    Confidence::STATED,
    "host name the client sends (3.14)",
);
const HOST_DOMAIN: Field = Field::new(
    NAME,
    "12 domain",
    Attribute::Domain,
    Confidence::STRONG,
    "labels behind the first (3.14)",
);
const FQDN_HOST: Field = Field::new(
    NAME,
    "81 host",
    Attribute::Hostname,
    Confidence::STATED,
    "first label of the client's full name (RFC 4702)",
);
const FQDN_DOMAIN: Field = Field::new(
    NAME,
    "81 domain",
    Attribute::Domain,
    Confidence::STRONG,
    "labels behind the first of the client's full name (RFC 4702)",
);
const GIVEN_NAME: Field = Field::new(
    NAME,
    "12 given",
    Attribute::Hostname,
    Confidence::LIKELY,
    "host name the server gives (3.14)",
);
const GIVEN_DOMAIN: Field =
    Field::new(NAME, "15", Attribute::Domain, Confidence::STRONG, "domain the server gives (3.17)");
const VENDOR_CLASS: Field =
    Field::new(NAME, "60", Attribute::DhcpVendorClass, Confidence::STATED, "vendor class (9.13)");
const PARAMETER_LIST: Field = Field::new(
    NAME,
    "55",
    Attribute::DhcpFingerprint,
    Confidence::STATED,
    "options the client asks for, in its order (9.8)",
);
const CIRCUIT: Field = Field::new(
    NAME,
    "82",
    Attribute::SwitchPort,
    Confidence::STRONG,
    "remote and circuit identifier of the relay, where they are text (RFC 3046)",
);
const SERVER: Field =
    Field::new(NAME, "54", Attribute::Role, Confidence::STRONG, "the server that answers (9.7)");
const ROUTER: Field = Field::new(NAME, "3", Attribute::Role, Confidence::STRONG, "routers (3.5)");
const DNS_SERVER: Field =
    Field::new(NAME, "6", Attribute::Role, Confidence::STRONG, "DNS servers (3.8)");
const NTP_SERVER: Field =
    Field::new(NAME, "42", Attribute::Role, Confidence::STRONG, "NTP servers (8.3)");

const RELAY: Field = Field::new(
    NAME,
    "giaddr",
    Attribute::Role,
    Confidence::STRONG,
    "passes on what clients ask (RFC 2131 section 2)",
);

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    // What the capture cut off may be the cookie; then only the ports are left to tell.
    let own = PROTOCOL.ports.contains(&datagram.destination_port);
    let kept = if own { datagram.kept } else { datagram.payload.len() };
    let Some(header) = Header::read(datagram.payload, kept) else { return Heard::NotMine };
    let options = Options::read(datagram.payload, OPTIONS_AT);
    let kind = options.value(53).and_then(|value| value.bytes.first().copied());
    if header.client.names_a_device() {
        client_facts(&header, kind, &options, sink);
    } else {
        sink.odd(NAME, "client hardware address names no device", Answerable::Sender);
    }
    if header.relayed && !header.reply {
        sink.found(&RELAY, About::Sender, "dhcp_relay", RELAY_AT..RELAY_AT + 4);
    }
    if header.reply && matches!(kind, Some(OFFER | ACK)) {
        server_facts(&options, datagram.source, &header, sink);
    }
    match options.broken() {
        Some(what) => Heard::Malformed(what),
        None if header.reply => Heard::Mine(Server::Sender),
        None => Heard::Mine(Server::Receiver),
    }
}

/// The fixed part, where it is DHCP for an Ethernet client.
struct Header {
    reply: bool,
    current: Ipv4Addr,
    given: Ipv4Addr,
    relayed: bool,
    client: Mac,
}

impl Header {
    /// `kept` bytes of the payload were captured.
    fn read(payload: &[u8], kept: usize) -> Option<Self> {
        let mut reader = Reader::new(payload);
        let (reply, hardware, size) = (reader.u8()?, reader.u8()?, reader.u8()?);
        if !matches!(reply, 1 | 2) || hardware != ETHERNET || size != 6 {
            return None;
        }
        reader.skip(9)?;
        let [current, given, _next, relay] =
            [reader.array()?, reader.array()?, reader.array()?, reader.array::<4>()?];
        let client = Mac(reader.array()?);
        reader.skip(COOKIE_AT - reader.position())?;
        let cut = (CLIENT_END..COOKIE_AT + 4).contains(&kept);
        (reader.u32_be()? == COOKIE || cut).then_some(Self {
            reply: reply == 2,
            current: current.into(),
            given: given.into(),
            relayed: relay != [0; 4],
            client,
        })
    }
}

fn client_facts(header: &Header, kind: Option<u8>, options: &Options<'_>, sink: &mut dyn Sink) {
    let about = About::Mac(header.client);
    relay_facts(options, about, sink);
    if header.reply {
        if kind == Some(ACK) {
            let ip = if header.given.is_unspecified() { header.current } else { header.given };
            bind(header.client, ip, sink);
            tell(&GIVEN_NAME, about, options.value(12).as_ref(), sink);
            tell(&GIVEN_DOMAIN, about, options.value(15).as_ref(), sink);
        }
        return;
    }
    if kind != Some(RELEASE) {
        // A client fills in its address only while it uses it (RFC 2131 section 4.3.2).
        bind(header.client, header.current, sink);
    }
    if let Some(value) = options.value(12) {
        let name = text::clean(&value.bytes).unwrap_or_default();
        tell_name([&HOST_NAME, &HOST_DOMAIN], about, &name, &value.at, sink);
    }
    full_name(options, about, sink);
    tell(&VENDOR_CLASS, about, options.value(60).as_ref(), sink);
    if let Some(list) = options.value(55).filter(|list| !list.bytes.is_empty()) {
        let codes: Vec<String> = list.bytes.iter().map(u8::to_string).collect();
        sink.found_text(&PARAMETER_LIST, about, &codes.join(","), list.at);
    }
}

fn bind(mac: Mac, ip: Ipv4Addr, sink: &mut dyn Sink) {
    if is_unicast(ip) {
        sink.bound(NAME, mac, IpAddr::V4(ip));
    }
}

fn is_unicast(ip: Ipv4Addr) -> bool {
    !(ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast() || ip.is_loopback())
}

fn tell(field: &'static Field, about: About, value: Option<&Value<'_>>, sink: &mut dyn Sink) {
    if let Some(value) = value
        && let Some(clean) = text::clean(&value.bytes)
    {
        sink.found(field, about, &clean, value.at.clone());
    }
}

/// Option 81: flags and two bytes of results, then a name as text or in DNS form.
fn full_name(options: &Options<'_>, about: About, sink: &mut dyn Sink) {
    let Some(value) = options.value(81) else { return };
    let Some(([flags, _, _], name)) = value.bytes.split_first_chunk() else { return };
    let name = if flags & FQDN_IN_DNS_FORM == 0 {
        text::clean(name).map(Cow::into_owned)
    } else {
        dns_form(name)
    };
    let Some(name) = name else { return };
    tell_name([&FQDN_HOST, &FQDN_DOMAIN], about, &name, &value.at, sink);
}

fn tell_name(
    [host_field, domain_field]: [&'static Field; 2],
    about: About,
    name: &str,
    at: &Range<usize>,
    sink: &mut dyn Sink,
) {
    let (host, domain) = host::split(name);
    sink.found_text(host_field, about, host, at.clone());
    sink.found_text(domain_field, about, domain.unwrap_or_default(), at.clone());
}

fn dns_form(name: &[u8]) -> Option<String> {
    // A name that is only partly known has no root label at its end.
    let bytes = [&[0; DNS_HEADER_BYTES], name, &[0]].concat();
    DnsMessage::read(&bytes)?.name(DNS_HEADER_BYTES)?.host_text()
}

fn relay_facts(options: &Options<'_>, about: About, sink: &mut dyn Sink) {
    let Some(value) = options.value(82) else { return };
    let (mut circuit, mut remote) = (None, None);
    let mut reader = Reader::new(&value.bytes);
    while let (Some(code), Some(size)) = (reader.u8(), reader.u8()) {
        let Some(bytes) = reader.take(usize::from(size)) else { break };
        let printable = !bytes.is_empty() && bytes.iter().all(|byte| matches!(byte, 0x20..=0x7e));
        match code {
            1 if printable => circuit = std::str::from_utf8(bytes).ok(),
            2 if printable => remote = std::str::from_utf8(bytes).ok(),
            _ => {}
        }
    }
    let Some(circuit) = circuit else { return };
    let port = remote.map_or_else(|| circuit.to_owned(), |remote| format!("{remote} {circuit}"));
    sink.found_text(&CIRCUIT, about, &port, value.at.clone());
}

fn server_facts(options: &Options<'_>, source: IpAddr, header: &Header, sink: &mut dyn Sink) {
    for (field, code, role) in [
        (&SERVER, 54, "dhcp_server"),
        (&ROUTER, 3, "default_gateway"),
        (&DNS_SERVER, 6, "dns_server"),
        (&NTP_SERVER, 42, "ntp_server"),
    ] {
        let Some(value) = options.value(code) else { continue };
        for ip in addresses(&value).filter(|ip| is_unicast(*ip)).take(ADDRESSES_MAX) {
            sink.found(field, About::Ip(IpAddr::V4(ip)), role, value.at.clone());
        }
    }
    // RFC 2131 makes option 54 a must. Without it the sender is the server, unless it relays.
    if options.value(54).is_none() && !header.relayed && !source.is_unspecified() {
        sink.found(&SERVER, About::Sender, "dhcp_server", 0..1);
    }
}

const NAME: &str = "dhcp";
const ETHERNET: u8 = 1;
const RELAY_AT: usize = 24;
/// Where the client's link address ends.
const CLIENT_END: usize = 34;
const COOKIE_AT: usize = 236;
const COOKIE: u32 = 0x6382_5363;
const OPTIONS_AT: usize = 240;
const OFFER: u8 = 2;
const ACK: u8 = 5;
const RELEASE: u8 = 7;
const FQDN_IN_DNS_FORM: u8 = 0x04;

/// Most addresses taken of one option. Real lists have two or three; this bounds the work.
const ADDRESSES_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{datagram, hex};

    const CLIENT: &str = "0a0000000102";

    /// A message with `ciaddr`, `yiaddr`, `giaddr`, client address and options.
    fn message(operation: u8, addresses: [&str; 3], client: &str, options: &str) -> Vec<u8> {
        let [current, given, relay] = addresses;
        let start = format!(
            "{operation:02x} 010600 12345678 00000000 {current}{given} 00000000 {relay} {client}"
        );
        let mut bytes = hex(&start);
        bytes.resize(COOKIE_AT, 0);
        bytes.extend(COOKIE.to_be_bytes());
        bytes.extend(hex(options));
        bytes
    }

    const NONE: &str = "00000000";
    const ACKNOWLEDGED: &str =
        "350105 3604c0000201 0304c0000201 0608c000020a08080808 0f03 6c616e 2a04c000020b ff";

    #[test]
    fn clients() {
        for (name, current, options, want) in [
            (
                "discover",
                NONE,
                "350101 0c0564657631 00 3c08 4d53465420352e30 3705 01 0f 03 06 fc ff",
                "0a:00:00:00:01:02 hostname = \"dev1\" 12 @245+5\n\
                 0a:00:00:00:01:02 dhcp_vendor_class = \"MSFT 5.0\" 60 @252+8\n\
                 0a:00:00:00:01:02 dhcp_fingerprint = \"1,15,3,6,252\" 55 @262+5\n",
            ),
            ("asked for, not bound", NONE, "350103 3204c0000263 ff", ""),
            ("renewing", "c0000263", "350103 ff", "bound 0a:00:00:00:01:02 192.0.2.99 by dhcp\n"),
            ("release", "c0000263", "350107 ff", ""),
            (
                "full name as text",
                NONE,
                "350103 510b 000000 6374312e6c616e2e ff",
                "0a:00:00:00:01:02 hostname = \"ct1\" 81 host @245+11\n\
                 0a:00:00:00:01:02 domain = \"lan\" 81 domain @245+11\n",
            ),
            (
                "full name in DNS form",
                NONE,
                "350103 5108 040000 03637431 00 ff",
                "0a:00:00:00:01:02 hostname = \"ct1\" 81 host @245+8\n",
            ),
            (
                "partial name in DNS form",
                NONE,
                "350103 5107 040000 03637431 ff",
                "0a:00:00:00:01:02 hostname = \"ct1\" 81 host @245+7\n",
            ),
            (
                "relay with text",
                NONE,
                "350103 520d 0106 47692f302f33 0203 737731 ff",
                "0a:00:00:00:01:02 switch_port = \"sw1 Gi/0/3\" 82 @245+13\n",
            ),
            ("relay with numbers", NONE, "350103 5208 0106 000400010003 ff", ""),
            ("plain BOOTP", NONE, "ff", ""),
        ] {
            let bytes = message(1, [current, NONE, NONE], CLIENT, options);
            let want = format!("{want}Mine(Receiver)\n");
            assert_eq!(datagram(&PROTOCOL, (68, 67), &bytes), want, "{name}");
        }
    }

    #[test]
    fn servers() {
        let roles = "192.0.2.1 role = \"dhcp_server\" 54 @245+4\n\
             192.0.2.1 role = \"default_gateway\" 3 @251+4\n\
             192.0.2.10 role = \"dns_server\" 6 @257+8\n\
             8.8.8.8 role = \"dns_server\" 6 @257+8\n\
             192.0.2.11 role = \"ntp_server\" 42 @272+4\n";
        let domain = "0a:00:00:00:01:02 domain = \"lan\" 15 @267+3\n";
        let bound = "bound 0a:00:00:00:01:02 192.0.2.99 by dhcp\n";
        let offered = ACKNOWLEDGED.replacen("350105", "350102", 1);
        for (name, addresses, options, want) in [
            (
                "acknowledged",
                [NONE, "c0000263", NONE],
                ACKNOWLEDGED,
                [bound, domain, roles].concat(),
            ),
            ("offered", [NONE, "c0000263", NONE], &offered, roles.to_owned()),
            (
                "informed",
                ["c0000263", NONE, NONE],
                "350105 ff",
                format!("{bound}sender role = \"dhcp_server\" 54 @0+1\n"),
            ),
            ("refused", [NONE, NONE, NONE], "350106 3604c0000201 ff", String::new()),
            ("relayed, server unnamed", [NONE, "c0000263", "c0000202"], "350105 ff", bound.into()),
            (
                "host name given",
                [NONE, NONE, "c0000202"],
                "350105 0c03 637431 ff",
                "0a:00:00:00:01:02 hostname = \"ct1\" 12 given @245+3\n".to_owned(),
            ),
        ] {
            let bytes = message(2, addresses, CLIENT, options);
            let want = format!("{want}Mine(Sender)\n");
            assert_eq!(datagram(&PROTOCOL, (67, 68), &bytes), want, "{name}");
        }
    }

    #[test]
    fn refuses_what_is_not_dhcp_and_says_what_is_broken() {
        let odd = "odd dhcp: client hardware address names no device (Sender)\nMine(Receiver)\n";
        let mut no_cookie = message(1, [NONE; 3], CLIENT, "350101 ff");
        no_cookie[COOKIE_AT] = 0;
        for (name, bytes, want) in [
            ("no cookie", no_cookie, "NotMine\n"),
            ("unknown operation", message(3, [NONE; 3], CLIENT, "ff"), "NotMine\n"),
            ("empty", Vec::new(), "NotMine\n"),
            ("no client", message(1, [NONE; 3], "000000000000", "350101 0c0161 ff"), odd),
            (
                "option too long",
                message(1, [NONE; 3], CLIENT, "350101 0c0161 3cff61"),
                "0a:00:00:00:01:02 hostname = \"a\" 12 @245+1\nMalformed(\"option runs past the end\")\n",
            ),
        ] {
            assert_eq!(datagram(&PROTOCOL, (68, 67), &bytes), want, "{name}");
        }
    }

    #[test]
    fn every_prefix_is_read_or_refused() {
        let whole = message(2, [NONE, "c0000263", NONE], CLIENT, ACKNOWLEDGED);
        for seen in 0..whole.len() {
            let transcript = datagram(&PROTOCOL, (67, 68), &whole[..seen]);
            assert_eq!(transcript == "NotMine\n", seen < OPTIONS_AT, "{seen}: {transcript}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(operation in 1u8..3, server_name: [u8; 32], options: Vec<u8>, start: Vec<u8>) {
            let mut bytes = message(operation, [NONE; 3], CLIENT, "");
            bytes[44..76].copy_from_slice(&server_name);
            bytes.extend(hex("350105 340103"));
            bytes.extend(options);
            datagram(&PROTOCOL, (67, 68), &bytes);
            datagram(&PROTOCOL, (67, 68), &start);
        }
    }
}
