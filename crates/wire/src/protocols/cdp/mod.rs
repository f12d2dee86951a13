//! CDP: what a Cisco switch, access point or telephone says of itself to its neighbour.
//!
//! Source:  Cisco's published frame format of CDP versions 1 and 2.
//! Input:   the bytes behind the SNAP header 00-00-0C, 0x2000.
//! Output:  facts about the sender. Which port of it a neighbour sits on is not told, because the
//!          frame does not name that neighbour.
//! Limits:  `ELEMENTS_MAX` elements, `ADDRESSES_MAX` addresses. The checksum is not verified:
//!          the link layer has its own, and Cisco's differs for odd lengths.

use std::net::IpAddr;
use std::ops::Range;

use model::{Answerable, Attribute, Confidence};

use crate::dissect::{About, Field, Heard, LinkFrame, LinkKind, LinkProtocol, Server, Sink};
use crate::protocols::dns::host;
use crate::reader::Reader;
use crate::text;

/// CDP, straight on the link layer.
pub const PROTOCOL: LinkProtocol = LinkProtocol {
    name: NAME,
    kind: LinkKind::Snap([0x00, 0x00, 0x0c], 0x2000),
    read,
    fields: FIELDS,
};

/// What a frame tells about its sender.
pub const FIELDS: &[Field] =
    &[DEVICE, HOST_NAME, ADDRESS, CAPABILITY, VERSION, PLATFORM, SYSTEM_NAME, MANAGEMENT, LOCATION];

const DEVICE: Field =
    Field::new(NAME, "0x0001", Attribute::DeviceName, Confidence::STATED, "device identifier");
const HOST_NAME: Field = Field::new(
    NAME,
    "0x0001 host",
    Attribute::Hostname,
    Confidence::STRONG,
    "first label of a device identifier that can be a host name",
);
const ADDRESS: Field = Field::new(
    NAME,
    "0x0002",
    Attribute::ManagementAddress,
    Confidence::STRONG,
    "address of the interface it speaks on",
);
const CAPABILITY: Field =
    Field::new(NAME, "0x0004", Attribute::LinkCapability, Confidence::STATED, "capabilities");
const VERSION: Field = Field::new(
    NAME,
    "0x0005",
    Attribute::SystemDescription,
    Confidence::STATED,
    "software version, several lines of text",
);
const PLATFORM: Field =
    Field::new(NAME, "0x0006", Attribute::Model, Confidence::STATED, "platform");
const SYSTEM_NAME: Field =
    Field::new(NAME, "0x0014", Attribute::DeviceName, Confidence::STATED, "system name");
const MANAGEMENT: Field = Field::new(
    NAME,
    "0x0016",
    Attribute::ManagementAddress,
    Confidence::STATED,
    "management address",
);
const LOCATION: Field =
    Field::new(NAME, "0x0017", Attribute::StatedLocation, Confidence::STATED, "location");

fn read(frame: &LinkFrame<'_>, sink: &mut dyn Sink) -> Heard {
    let mut reader = Reader::new(frame.payload);
    let (Some(version), Some(())) = (reader.u8(), reader.skip(3)) else {
        return Heard::Malformed(ENDS_EARLY);
    };
    if !matches!(version, 1 | 2) {
        return Heard::NotMine;
    }
    for _ in 0..ELEMENTS_MAX {
        // Short frames are padded with zeros.
        if reader.rest().iter().all(|&byte| byte == 0) {
            return Heard::Mine(Server::Sender);
        }
        let Some((kind, at)) = element(&mut reader) else { return Heard::Malformed(ENDS_EARLY) };
        tell(frame.payload, kind, &at, sink);
    }
    sink.odd(NAME, "more elements than are read", Answerable::Us);
    Heard::Mine(Server::Sender)
}

/// One element: type, length with these four bytes, the value.
fn element(reader: &mut Reader<'_>) -> Option<(u16, Range<usize>)> {
    let (kind, size) = (reader.u16_be()?, reader.u16_be()?);
    let start = reader.position();
    reader.skip(usize::from(size).checked_sub(4)?)?;
    Some((kind, start..reader.position()))
}

fn tell(payload: &[u8], kind: u16, at: &Range<usize>, sink: &mut dyn Sink) {
    let value = payload.get(at.clone()).unwrap_or_default();
    match kind {
        0x0001 => device(value, at, sink),
        0x0002 => addresses(&ADDRESS, value, at, sink),
        0x0004 => capabilities(value, at, sink),
        0x0005 => sink.found_bytes(&VERSION, About::Sender, value, at.clone()),
        0x0006 => sink.found_bytes(&PLATFORM, About::Sender, value, at.clone()),
        0x0014 => sink.found_bytes(&SYSTEM_NAME, About::Sender, value, at.clone()),
        0x0016 => addresses(&MANAGEMENT, value, at, sink),
        0x0017 => {
            let place = value.get(1..).unwrap_or_default();
            sink.found_bytes(&LOCATION, About::Sender, place, at.end - place.len()..at.end);
        }
        _ => {}
    }
}

fn device(value: &[u8], at: &Range<usize>, sink: &mut dyn Sink) {
    let Some(clean) = text::clean(value) else { return };
    sink.found(&DEVICE, About::Sender, &clean, at.clone());
    // Access points name themselves by their address with dots, which is no domain.
    let dotted = clean.split('.').skip(1).all(|part| part.len() == 4) && clean.contains('.');
    if host::is_host_name(&clean) && !dotted {
        sink.found(&HOST_NAME, About::Sender, host::split(&clean).0, at.clone());
    }
}

fn capabilities(value: &[u8], at: &Range<usize>, sink: &mut dyn Sink) {
    let Some(bits) = Reader::new(value).u32_be() else { return };
    for (bit, name) in CAPABILITIES.iter().enumerate() {
        if bits >> bit & 1 == 1 {
            sink.found(&CAPABILITY, About::Sender, name, at.clone());
        }
    }
}

/// A count, then for each: protocol type, its length, protocol, length, address.
fn addresses(field: &'static Field, value: &[u8], at: &Range<usize>, sink: &mut dyn Sink) {
    let mut reader = Reader::new(value);
    let Some(count) = reader.u32_be() else { return };
    for _ in 0..count.min(ADDRESSES_MAX) {
        let start = at.start + reader.position();
        let Some((protocol, bytes)) = address(&mut reader) else { return };
        let ip = match protocol {
            (NLPID, [NLPID_IP]) => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
            (IEEE_802_2, [.., 0x86, 0xdd]) => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
            _ => None,
        };
        if let Some(ip) = ip.filter(|ip| !ip.is_unspecified()) {
            let at = start..at.start + reader.position();
            sink.found(field, About::Sender, &ip.to_string(), at);
        }
    }
}

type Protocol<'a> = (u8, &'a [u8]);

fn address<'a>(reader: &mut Reader<'a>) -> Option<(Protocol<'a>, &'a [u8])> {
    let kind = reader.u8()?;
    let size = usize::from(reader.u8()?);
    let protocol = reader.take(size)?;
    let size = usize::from(reader.u16_be()?);
    Some(((kind, protocol), reader.take(size)?))
}

const NAME: &str = "cdp";
const NLPID: u8 = 1;
const NLPID_IP: u8 = 0xcc;
const IEEE_802_2: u8 = 2;
/// Lowest bit first; the same words as for LLDP where the meaning is the same.
const CAPABILITIES: [&str; 11] = [
    "router",
    "bridge",
    "source_route_bridge",
    "switch",
    "host",
    "igmp",
    "repeater",
    "telephone",
    "remotely_managed",
    "camera",
    "two_port_mac_relay",
];
const ENDS_EARLY: &str = "ends early";

/// Most elements read of one frame. Full ones have some thirty.
const ELEMENTS_MAX: usize = 128;

/// Most addresses read of one element. One or two are usual.
const ADDRESSES_MAX: u32 = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{hex, link};

    const START: &str = "02 b4 75bd";

    #[test]
    fn elements() {
        for (name, elements, want) in [
            (
                "device",
                "0001 000b 7377312e6c616e",
                "sender device_name = \"sw1.lan\" 0x0001 @8+7\n\
                 sender hostname = \"sw1\" 0x0001 host @8+7\n",
            ),
            (
                "access point",
                "0001 0014 4150623833382e363166332e30356163",
                "sender device_name = \"APb838.61f3.05ac\" 0x0001 @8+16\n",
            ),
            (
                "address",
                "0002 0011 00000001 01 01 cc 0004 c0000201",
                "sender management_address = \"192.0.2.1\" 0x0002 @12+9\n",
            ),
            (
                "IPv6 and another",
                "0016 0030 00000002
                01 01 81 0004 00000001
                02 08 aaaa03000000 86dd 0010 fe800000000000000000000000000001 000000",
                "sender management_address = \"fe80::1\" 0x0016 @21+28\n",
            ),
            (
                "capabilities",
                "0004 0008 00000082",
                "sender link_capability = \"bridge\" 0x0004 @8+4\n\
                 sender link_capability = \"telephone\" 0x0004 @8+4\n",
            ),
            (
                "version and platform",
                "0005 0008 56657231 0006 000a 636973636f20",
                "sender system_description = \"Ver1\" 0x0005 @8+4\n\
                 sender model = \"cisco\" 0x0006 @16+6\n",
            ),
            (
                "system name and location",
                "0014 0006 7331 0017 0007 00 4c31",
                "sender device_name = \"s1\" 0x0014 @8+2\n\
                 sender stated_location = \"L1\" 0x0017 @15+2\n",
            ),
            ("unread", "0003 0006 4731 000b 0005 01", ""),
            ("empty location", "0017 0004", ""),
            ("padding", "0017 0004 000000000000", ""),
        ] {
            let bytes = hex(&[START, elements].concat());
            assert_eq!(link(&PROTOCOL, &bytes), format!("{want}Mine(Sender)\n"), "{name}");
        }
    }

    #[test]
    fn refuses() {
        let many = [START, &"00030004".repeat(200)].concat();
        for (name, bytes, want) in [
            ("empty", "", "Malformed(\"ends early\")\n"),
            ("unknown version", "07 b4 0000", "NotMine\n"),
            ("length below its own", "02 b4 0000 0001 0003 41", "Malformed(\"ends early\")\n"),
            ("runs past the end", "02 b4 0000 0001 0009 41", "Malformed(\"ends early\")\n"),
            ("never ends", &many, "odd cdp: more elements than are read (Us)\nMine(Sender)\n"),
        ] {
            assert_eq!(link(&PROTOCOL, &hex(bytes)), want, "{name}");
        }
    }

    #[test]
    fn a_prefix_names_nobody() {
        let whole = hex(&[START, "0001 0007 737731"].concat());
        for seen in 0..whole.len() {
            assert!(!link(&PROTOCOL, &whole[..seen]).contains("device_name"), "{seen}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(tail: Vec<u8>, kind in 0u8..32) {
            let mut bytes = hex(START);
            bytes.extend([0, kind, 0, (tail.len() + 4) as u8]);
            bytes.extend(&tail);
            link(&PROTOCOL, &bytes);
            link(&PROTOCOL, &tail);
        }
    }
}
