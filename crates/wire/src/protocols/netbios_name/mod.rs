//! NetBIOS over UDP: names that Windows hosts take, their status tables, their announcements.
//!
//! Source:  RFC 1002 sections 4.2 (names) and 4.4 (datagrams); `browser` for announcements.
//! Input:   one message over UDP.
//! Output:  host names, domains, roles; a binding from a status table.
//! Limits:  as `dns::message`, whose layout it shares; `STATUS_NAMES_MAX` names.
//! Privacy: names of people who are logged in (suffix 03), comments and queries are not copied.

mod browser;
mod name;

use std::net::IpAddr;
use std::ops::Range;

use model::{Answerable, Attribute, Confidence, Mac};

use super::dns::CLASS_IN;
use super::dns::message::{self, Entry, Message, Section};
use crate::dissect::{About, Datagram, DatagramProtocol, Field, Heard, Server, Sink};
use crate::reader::Reader;
use name::NetbiosName;

/// The NetBIOS name service.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[137], any_port: false, read, fields: FIELDS };

/// The NetBIOS datagram service, for the announcements it carries.
pub const DATAGRAMS: DatagramProtocol = DatagramProtocol {
    name: browser::NAME,
    ports: &[138],
    any_port: false,
    read: browser::read,
    fields: browser::FIELDS,
};

/// What names tell.
pub const FIELDS: &[Field] = &[HOST, DOMAIN, CONTROLLER, NAME_SERVER];

const HOST: Field = Field::new(
    NAME,
    "name 00/20",
    Attribute::Hostname,
    Confidence::STATED,
    "unique name of a machine (RFC 1001 section 5.2)",
);
const DOMAIN: Field = Field::new(
    NAME,
    "group 00/1C",
    Attribute::Domain,
    Confidence::STRONG,
    "group name: workgroup or domain (RFC 1001 section 5.2)",
);
const CONTROLLER: Field = Field::new(
    NAME,
    "group 1C",
    Attribute::Role,
    Confidence::STRONG,
    "member of the group of controllers",
);
const NAME_SERVER: Field = Field::new(
    NAME,
    "RA",
    Attribute::Role,
    Confidence::STRONG,
    "recursion available, which only a name server sets (4.2.1.1)",
);

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let Some(message) = Message::read(datagram.payload) else { return Heard::NotMine };
    let first = message.entries().next().and_then(Result::ok);
    let named = first.and_then(|entry| NetbiosName::decode(&message.name(entry.name.start)?));
    if !matches!(message.opcode(), QUERY | REGISTRATION..=REFRESH_ALSO | MULTIHOMED)
        || named.is_none()
    {
        return Heard::NotMine;
    }
    if message.is_response() && message.flags() & RECURSION_AVAILABLE != 0 {
        sink.found(&NAME_SERVER, About::Sender, "wins_server", 2..4);
    }
    for entry in message.entries() {
        match entry {
            Ok(entry) if entry.class == CLASS_IN => record(&message, &entry, datagram.source, sink),
            Ok(_) => {}
            Err(message::TOO_MANY) => sink.odd(NAME, message::TOO_MANY, Answerable::Us),
            Err(what) => return Heard::Malformed(what),
        }
    }
    Heard::Mine(if message.is_response() { Server::Sender } else { Server::Receiver })
}

fn record(message: &Message<'_>, entry: &Entry, source: IpAddr, sink: &mut dyn Sink) {
    let takes = matches!(message.opcode(), REGISTRATION | REFRESH | REFRESH_ALSO | MULTIHOMED);
    match (message.is_response(), entry.section, entry.kind) {
        (false, Section::Additional, KIND_NAME) if takes => owners(message, entry, source, sink),
        (true, Section::Answer, KIND_NAME) if message.opcode() == QUERY => {
            owners(message, entry, source, sink);
        }
        (true, Section::Answer, KIND_STATUS) => status(message, entry, source, sink),
        _ => {}
    }
}

/// The addresses that own a name.
fn owners(message: &Message<'_>, entry: &Entry, source: IpAddr, sink: &mut dyn Sink) {
    let name = message.name(entry.name.start).and_then(|name| NetbiosName::decode(&name));
    let Some(name) = name else { return };
    let mut reader = Reader::new(message.bytes(&entry.data));
    for _ in 0..OWNERS_MAX {
        let (Some(flags), Some(octets)) = (reader.u16_be(), reader.array::<4>()) else { return };
        let ip = IpAddr::from(octets);
        if ip.is_unspecified() || octets == [255; 4] {
            continue;
        }
        let about = if ip == source { About::Sender } else { About::Ip(ip) };
        name.tell(flags & GROUP != 0, about, &entry.name, sink);
    }
}

fn status(message: &Message<'_>, entry: &Entry, source: IpAddr, sink: &mut dyn Sink) {
    if status_table(message, entry, source, sink).is_none() {
        sink.odd(NAME, "status table ends early", Answerable::Sender);
    }
}

/// The table of every name a host has, and its link address.
fn status_table(
    message: &Message<'_>,
    entry: &Entry,
    source: IpAddr,
    sink: &mut dyn Sink,
) -> Option<()> {
    let mut reader = Reader::new(message.bytes(&entry.data));
    let count = reader.u8()?.min(STATUS_NAMES_MAX);
    for _ in 0..count {
        let start = entry.data.start + reader.position();
        let name = NetbiosName::from_raw(reader.array()?);
        let at: Range<usize> = start..entry.data.start + reader.position();
        let flags = reader.u16_be()?;
        name.tell(flags & GROUP != 0, About::Sender, &at, sink);
    }
    let mac = Mac(reader.array()?);
    // Samba has no link address to tell and sends zeros.
    if mac.names_a_device() {
        sink.bound(NAME, mac, source);
    }
    Some(())
}

const NAME: &str = "netbios_name";
const KIND_NAME: u16 = 0x20;
const KIND_STATUS: u16 = 0x21;
const QUERY: u16 = 0;
const REGISTRATION: u16 = 5;
const REFRESH: u16 = 8;
/// A misprint of RFC 1002 that became custom.
const REFRESH_ALSO: u16 = 9;
const MULTIHOMED: u16 = 15;
const RECURSION_AVAILABLE: u16 = 0x0080;
const GROUP: u16 = 0x8000;

/// Most owners read of one name. A group answer lists at most 25.
const OWNERS_MAX: usize = 25;

/// Most names read of one status table. A domain controller has some fifteen.
const STATUS_NAMES_MAX: u8 = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{datagram, hex};

    /// The encoded name, as a whole DNS name.
    fn encoded(name: &str, suffix: u8) -> Vec<u8> {
        let mut raw = [b' '; 16];
        raw[..name.len()].copy_from_slice(name.as_bytes());
        raw[15] = suffix;
        let letters = raw.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]);
        let mut bytes = vec![32];
        bytes.extend(letters);
        bytes.push(0);
        bytes
    }

    fn registration(flags: &str, name: &str, suffix: u8, owner: &str) -> Vec<u8> {
        let mut bytes = hex(&format!("1234 {flags} 0001 0000 0000 0001"));
        bytes.extend(encoded(name, suffix));
        bytes.extend(hex("0020 0001 c00c 0020 0001 00000000 0006"));
        bytes.extend(hex(owner));
        bytes
    }

    fn answer(flags: &str, kind: &str, name: &str, suffix: u8, data: &[u8]) -> Vec<u8> {
        let mut bytes = hex(&format!("1234 {flags} 0000 0001 0000 0000"));
        bytes.extend(encoded(name, suffix));
        bytes.extend(hex(kind));
        bytes.extend(hex("0001 00000000"));
        bytes.extend((data.len() as u16).to_be_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn registrations() {
        let host = "sender hostname = \"CT1\" name 00/20 @50+2\n";
        for (name, bytes, want) in [
            ("workstation", registration("2910", "CT1", 0x00, "0000 c0000201"), host),
            ("file server, refresh", registration("4010", "CT1", 0x20, "0000 c0000201"), host),
            ("multihomed", registration("7910", "CT1", 0x00, "0000 c0000201"), host),
            (
                "another address",
                registration("2910", "CT1", 0x00, "0000 0a000001"),
                "10.0.0.1 hostname = \"CT1\" name 00/20 @50+2\n",
            ),
            (
                "group",
                registration("2910", "WARD", 0x00, "8000 c0000201"),
                "sender domain = \"WARD\" group 00/1C @50+2\n",
            ),
            (
                "controller",
                registration("2910", "CLINIC", 0x1c, "8000 c0000201"),
                "sender domain = \"CLINIC\" group 00/1C @50+2\n\
                 sender role = \"domain_controller\" group 1C @50+2\n",
            ),
            ("person logged in", registration("2910", "ANNA", 0x03, "0000 c0000201"), ""),
            ("web server", registration("2910", "INet~Services", 0x1c, "8000 c0000201"), ""),
            ("release", registration("3010", "CT1", 0x00, "0000 c0000201"), ""),
            ("no address", registration("2910", "CT1", 0x00, "0000 00000000"), ""),
        ] {
            let want = format!("{want}Mine(Receiver)\n");
            assert_eq!(datagram(&PROTOCOL, (137, 137), &bytes), want, "{name}");
        }
    }

    #[test]
    fn responses() {
        let table = |count: u8, tail: &str| {
            let row = |name: &[u8; 15], suffix: u8, flags: &str| {
                [name.as_slice(), &[suffix], &hex(flags)].concat()
            };
            [
                vec![count],
                row(b"CT1            ", 0, "0400"),
                row(b"WARD           ", 0, "8400"),
                row(b"ANNA           ", 3, "0400"),
                hex(tail),
            ]
            .concat()
        };
        let told = "sender hostname = \"CT1\" name 00/20 @57+16\n\
             sender domain = \"WARD\" group 00/1C @75+16\n";
        for (name, bytes, want) in [
            (
                "answer to a query",
                answer("8500", "0020", "CT1", 0x20, &hex("0000 c0000201")),
                "sender hostname = \"CT1\" name 00/20 @12+34\n".to_owned(),
            ),
            (
                "name server",
                answer("8580", "0020", "CLINIC", 0x1c, &hex("e000 0a000001")),
                "sender role = \"wins_server\" RA @2+2\n\
                 10.0.0.1 domain = \"CLINIC\" group 00/1C @12+34\n\
                 10.0.0.1 role = \"domain_controller\" group 1C @12+34\n"
                    .to_owned(),
            ),
            (
                "registration confirmed",
                answer("ad80", "0020", "CT1", 0, &hex("0000 0a000001")),
                "sender role = \"wins_server\" RA @2+2\n".to_owned(),
            ),
            (
                "status",
                answer("8400", "0021", "*", 0, &table(3, "020000000001 0000")),
                format!("{told}bound 02:00:00:00:00:01 192.0.2.1 by netbios_name\n"),
            ),
            (
                "status of Samba",
                answer("8400", "0021", "*", 0, &table(3, "000000000000 0000")),
                told.to_owned(),
            ),
            (
                "status cut",
                answer("8400", "0021", "*", 0, &table(9, "")),
                format!("{told}odd netbios_name: status table ends early (Sender)\n"),
            ),
        ] {
            let want = format!("{want}Mine(Sender)\n");
            assert_eq!(datagram(&PROTOCOL, (137, 137), &bytes), want, "{name}");
        }
    }

    #[test]
    fn every_prefix_tells_nothing() {
        let whole = registration("2910", "CT1", 0x00, "0000 c0000201");
        for seen in 0..whole.len() {
            let transcript = datagram(&PROTOCOL, (137, 137), &whole[..seen]);
            assert!(!transcript.contains("hostname"), "{seen}: {transcript}");
        }
        assert_eq!(
            datagram(
                &PROTOCOL,
                (137, 137),
                &hex("1234 0100 0001 0000 0000 0000 03637431 00 0020 0001")
            ),
            "NotMine\n"
        );
    }

    proptest! {
        #[test]
        fn never_panics(data: Vec<u8>, status: bool, tail: Vec<u8>) {
            let kind = if status { "0021" } else { "0020" };
            datagram(&PROTOCOL, (137, 137), &answer("8500", kind, "CT1", 0, &data));
            datagram(&PROTOCOL, (137, 137), &tail);
        }
    }
}
