//! LLDP: what a switch, a telephone or a controller says of itself to its neighbour.
//!
//! Source:  IEEE 802.1AB-2016 clause 8 (TLVs) and table 8-4 (capabilities); ANSI/TIA-1057
//!          clause 10.2.6 (inventory).
//! Input:   the bytes behind EtherType 0x88cc.
//! Output:  facts about the sender. Which port of it a neighbour sits on is not told, because the
//!          frame does not name that neighbour.
//! Limits:  `TLVS_MAX` elements of one frame.
//! Privacy: civic addresses and emergency numbers are not copied.

use std::net::IpAddr;
use std::ops::Range;

use model::{Answerable, Attribute, Confidence};

use crate::dissect::{About, Field, Heard, LinkFrame, LinkKind, LinkProtocol, Server, Sink};
use crate::protocols::dns::host;
use crate::reader::Reader;
use crate::text;

/// LLDP, straight on the link layer.
pub const PROTOCOL: LinkProtocol =
    LinkProtocol { name: NAME, kind: LinkKind::EtherType(0x88cc), read, fields: FIELDS };

/// What a frame tells about its sender.
#[rustfmt::skip]
pub const FIELDS: &[Field] = &[
    SYSTEM_NAME, HOST_NAME, DESCRIPTION, CAPABILITY, MANAGEMENT, HARDWARE, FIRMWARE, SOFTWARE,
    SERIAL, MAKER, MODEL, ASSET,
];

const SYSTEM_NAME: Field =
    Field::new(NAME, "System Name", Attribute::DeviceName, Confidence::STATED, "sysName (8.5.6)");
const HOST_NAME: Field = Field::new(
    NAME,
    "System Name host",
    Attribute::Hostname,
    Confidence::STRONG,
    "first label of a system name that can be a host name (8.5.6)",
);
const DESCRIPTION: Field = Field::new(
    NAME,
    "System Description",
    Attribute::SystemDescription,
    Confidence::STATED,
    "sysDescr (8.5.7)",
);
const CAPABILITY: Field = Field::new(
    NAME,
    "System Capabilities",
    Attribute::LinkCapability,
    Confidence::STATED,
    "capabilities that are enabled (8.5.8)",
);
const MANAGEMENT: Field = Field::new(
    NAME,
    "Management Address",
    Attribute::ManagementAddress,
    Confidence::STATED,
    "IPv4 or IPv6 address (8.5.9)",
);
const HARDWARE: Field =
    inventory("Hardware Revision", Attribute::HardwareVersion, Confidence::STATED);
const FIRMWARE: Field =
    inventory("Firmware Revision", Attribute::SoftwareVersion, Confidence::LIKELY);
const SOFTWARE: Field =
    inventory("Software Revision", Attribute::SoftwareVersion, Confidence::STATED);
const SERIAL: Field = inventory("Serial Number", Attribute::Serial, Confidence::STATED);
const MAKER: Field = inventory("Manufacturer Name", Attribute::Maker, Confidence::STATED);
const MODEL: Field = inventory("Model Name", Attribute::Model, Confidence::STATED);
const ASSET: Field = inventory("Asset ID", Attribute::AssetTag, Confidence::STRONG);

fn read(frame: &LinkFrame<'_>, sink: &mut dyn Sink) -> Heard {
    let mut reader = Reader::new(frame.payload);
    // The first two elements and their order are a must (8.2).
    for want in [CHASSIS, PORT] {
        match element(&mut reader) {
            Some((kind, value)) if kind == want && value.len() >= 2 => {}
            Some(_) => return Heard::NotMine,
            None => return Heard::Malformed(ENDS_EARLY),
        }
    }
    for _ in 0..TLVS_MAX {
        match element(&mut reader) {
            Some((END, _)) => return Heard::Mine(Server::Sender),
            Some((kind, at)) => tell(frame.payload, kind, &at, sink),
            None => return Heard::Malformed(ENDS_EARLY),
        }
    }
    sink.odd(NAME, "more elements than are read", Answerable::Us);
    Heard::Mine(Server::Sender)
}

/// One element: seven bits of type, nine of length, the value.
fn element(reader: &mut Reader<'_>) -> Option<(u16, Range<usize>)> {
    let head = reader.u16_be()?;
    let start = reader.position();
    reader.skip(usize::from(head & 0x1ff))?;
    Some((head >> 9, start..reader.position()))
}

fn tell(payload: &[u8], kind: u16, at: &Range<usize>, sink: &mut dyn Sink) {
    let value = payload.get(at.clone()).unwrap_or_default();
    match kind {
        NAMED => name(value, at, sink),
        DESCRIBED => sink.found_bytes(&DESCRIPTION, About::Sender, value, at.clone()),
        CAPABLE => capabilities(value, at, sink),
        MANAGED => management(value, at, sink),
        ORGANISATION => organisation(value, at, sink),
        _ => {}
    }
}

fn name(value: &[u8], at: &Range<usize>, sink: &mut dyn Sink) {
    let Some(clean) = text::clean(value) else { return };
    sink.found(&SYSTEM_NAME, About::Sender, &clean, at.clone());
    if host::is_host_name(&clean) {
        sink.found(&HOST_NAME, About::Sender, host::split(&clean).0, at.clone());
    }
}

fn capabilities(value: &[u8], at: &Range<usize>, sink: &mut dyn Sink) {
    let Some(enabled) = Reader::new(value.get(2..).unwrap_or_default()).u16_be() else { return };
    for (bit, name) in CAPABILITIES.iter().enumerate() {
        if enabled >> bit & 1 == 1 {
            sink.found(&CAPABILITY, About::Sender, name, at.clone());
        }
    }
}

fn management(value: &[u8], at: &Range<usize>, sink: &mut dyn Sink) {
    let mut reader = Reader::new(value);
    let ip = match (reader.u8(), reader.u8()) {
        (Some(5), Some(1)) => reader.array::<4>().map(IpAddr::from),
        (Some(17), Some(2)) => reader.array::<16>().map(IpAddr::from),
        _ => None,
    };
    if let Some(ip) = ip.filter(|ip| !ip.is_unspecified()) {
        sink.found(&MANAGEMENT, About::Sender, &ip.to_string(), at.clone());
    }
}

/// Elements of an organisation; of these, the inventory of media endpoints is read.
fn organisation(value: &[u8], at: &Range<usize>, sink: &mut dyn Sink) {
    let Some(([a, b, c, subtype], rest)) = value.split_first_chunk() else { return };
    if [*a, *b, *c] != MEDIA_ENDPOINT {
        return;
    }
    let field = match subtype {
        5 => &HARDWARE,
        6 => &FIRMWARE,
        7 => &SOFTWARE,
        8 => &SERIAL,
        9 => &MAKER,
        10 => &MODEL,
        11 => &ASSET,
        _ => return,
    };
    sink.found_bytes(field, About::Sender, rest, at.start + 4..at.end);
}

const fn inventory(name: &'static str, attribute: Attribute, confidence: Confidence) -> Field {
    Field::new(NAME, name, attribute, confidence, "inventory of a media endpoint (TIA-1057 10.2.6)")
}

const NAME: &str = "lldp";
const END: u16 = 0;
const CHASSIS: u16 = 1;
const PORT: u16 = 2;
const NAMED: u16 = 5;
const DESCRIBED: u16 = 6;
const CAPABLE: u16 = 7;
const MANAGED: u16 = 8;
const ORGANISATION: u16 = 127;
const MEDIA_ENDPOINT: [u8; 3] = [0x00, 0x12, 0xbb];
/// Table 8-4, lowest bit first.
const CAPABILITIES: [&str; 11] = [
    "other",
    "repeater",
    "bridge",
    "wlan_access_point",
    "router",
    "telephone",
    "docsis_cable_device",
    "station_only",
    "c_vlan_component",
    "s_vlan_component",
    "two_port_mac_relay",
];
const ENDS_EARLY: &str = "ends early";

/// Most elements read of one frame. Full ones have some forty.
const TLVS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{hex, link};

    /// Chassis, port and time to live: 18 bytes.
    const START: &str = "0207 04 020000000001 0403 07 3131 0602 0078";

    #[test]
    fn elements() {
        for (name, elements, want) in [
            (
                "name that can be a host's",
                "0a08 7377312e6c616e00",
                "sender device_name = \"sw1.lan\" System Name @20+8\n\
                 sender hostname = \"sw1\" System Name host @20+8\n",
            ),
            (
                "name that cannot",
                "0a04 53572031",
                "sender device_name = \"SW 1\" System Name @20+4\n",
            ),
            (
                "description",
                "0c06 41636d652031",
                "sender system_description = \"Acme 1\" System Description @20+6\n",
            ),
            (
                "capabilities enabled",
                "0e04 0014 0014",
                "sender link_capability = \"bridge\" System Capabilities @20+4\n\
                 sender link_capability = \"router\" System Capabilities @20+4\n",
            ),
            ("capabilities not enabled", "0e04 0014 0000", ""),
            (
                "management address",
                "100c 05 01 c0000201 02 00000001 00",
                "sender management_address = \"192.0.2.1\" Management Address @20+12\n",
            ),
            ("no management address", "100c 05 01 00000000 02 00000001 00", ""),
            ("management address of a wrong size", "1005 04 01 c00002", ""),
            (
                "inventory",
                "fe06 0012bb 07 322e fe06 0012bb 08 5331 fe06 0012bb 09 4163 fe06 0012bb 0a 4d31",
                "sender software_version = \"2.\" Software Revision @24+2\n\
                 sender serial = \"S1\" Serial Number @32+2\n\
                 sender maker = \"Ac\" Manufacturer Name @40+2\n\
                 sender model = \"M1\" Model Name @48+2\n",
            ),
            (
                "inventory, the rest",
                "fe06 0012bb 05 4131 fe06 0012bb 06 3167 fe06 0012bb 0b 3939",
                "sender hardware_version = \"A1\" Hardware Revision @24+2\n\
                 sender software_version = \"1g\" Firmware Revision @32+2\n\
                 sender asset_tag = \"99\" Asset ID @40+2\n",
            ),
            ("other organisation", "fe06 0080c2 01 0001", ""),
            ("organisation cut", "fe02 0012", ""),
        ] {
            let bytes = hex(&[START, elements, "0000"].concat());
            assert_eq!(link(&PROTOCOL, &bytes), format!("{want}Mine(Sender)\n"), "{name}");
        }
    }

    #[test]
    fn refuses() {
        let many = [START, &"0a00".repeat(200)].concat();
        for (name, bytes, want) in [
            ("no end mark", START, "Malformed(\"ends early\")\n"),
            ("runs past the end", &[START, "0aff 41"].concat(), "Malformed(\"ends early\")\n"),
            ("no chassis first", "0a02 4142 0000", "NotMine\n"),
            ("empty", "", "Malformed(\"ends early\")\n"),
            ("never ends", &many, "odd lldp: more elements than are read (Us)\nMine(Sender)\n"),
        ] {
            assert_eq!(link(&PROTOCOL, &hex(bytes)), want, "{name}");
        }
    }

    #[test]
    fn every_prefix_ends_early() {
        let whole = hex(&[START, "0a03 535731 0000"].concat());
        for seen in 0..whole.len() {
            let transcript = link(&PROTOCOL, &whole[..seen]);
            assert!(transcript.ends_with("Malformed(\"ends early\")\n"), "{seen}: {transcript}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(tail: Vec<u8>, kinds: [u8; 4]) {
            let mut bytes = hex(START);
            for kind in kinds {
                bytes.extend([kind << 1, tail.len() as u8]);
                bytes.extend(&tail);
            }
            link(&PROTOCOL, &bytes);
            link(&PROTOCOL, &tail);
        }
    }
}
