//! RADIUS: which port of which switch a device sits on, and who decides that it may.
//!
//! Source:  RFC 2865 sections 3 and 5; RFC 2866; RFC 2869 section 5.17 (NAS-Port-Id); RFC 3580
//!          section 3.21 (Calling-Station-Id as an address).
//! Input:   one message over UDP.
//! Output:  the server's role; name of the access device; for a station on a cable, its switch and
//!          port; a binding where accounting names both addresses of a station.
//! Limits:  stations that are named by a link address only.
//! Privacy: user names, passwords and identifiers of sessions are not copied.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use model::{Attribute, Confidence, Mac};

use crate::dissect::{About, Datagram, DatagramProtocol, Field, Heard, Server, Sink};
use crate::reader::Reader;
use crate::text;

/// RADIUS over UDP.
pub const PROTOCOL: DatagramProtocol = DatagramProtocol {
    name: NAME,
    ports: &[1812, 1813, 1645, 1646, 3799, 1700],
    any_port: false,
    read,
    fields: FIELDS,
};

/// What access devices and servers tell.
pub const FIELDS: &[Field] = &[ROLE, ACCESS_NAME, SWITCH_PORT];

const ROLE: Field = Field::new(
    NAME,
    "Code",
    Attribute::Role,
    Confidence::STRONG,
    "answers an access device (RFC 2865 3)",
);
const ACCESS_NAME: Field = Field::new(
    NAME,
    "NAS-Identifier (32)",
    Attribute::DeviceName,
    Confidence::STRONG,
    "name of the access device, which may speak through a proxy (RFC 2865 5.32)",
);
const SWITCH_PORT: Field = Field::new(
    NAME,
    "NAS-Port-Id (87)",
    Attribute::SwitchPort,
    Confidence::STRONG,
    "access device and port of a station on a cable (RFC 2869 5.17)",
);

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let mut reader = Reader::new(datagram.payload);
    let (Some(code), Some(_identifier), Some(size)) = (reader.u8(), reader.u8(), reader.u16_be())
    else {
        return Heard::NotMine;
    };
    // What stands behind the told length is padding (RFC 2865 section 3).
    let Some(size) = usize::from(size).checked_sub(HEADER_BYTES) else { return Heard::NotMine };
    let Some(mut body) = reader.skip(16).and_then(|()| reader.part(size)) else {
        return Heard::NotMine;
    };
    match code {
        ACCESS_REQUEST | ACCOUNTING_REQUEST => match Attributes::read(&mut body) {
            Some(attributes) => {
                attributes.tell(code, sink);
                Heard::Mine(Server::Receiver)
            }
            None => Heard::Malformed("attribute runs past the end"),
        },
        2 | 3 | 5 | 11 => {
            if datagram.source_port != datagram.destination_port {
                sink.found(&ROLE, About::Sender, "radius_server", 0..1);
            }
            Heard::Mine(Server::Sender)
        }
        12 | 40 | 43 => Heard::Mine(Server::Receiver),
        13 | 41 | 42 | 44 | 45 => Heard::Mine(Server::Sender),
        _ => Heard::NotMine,
    }
}

/// The attributes of interest, each with its place.
#[derive(Default)]
struct Attributes<'a> {
    access_address: Option<Ipv4Addr>,
    access_name: Option<(&'a [u8], Range<usize>)>,
    framed_address: Option<Ipv4Addr>,
    station: Option<Mac>,
    port_kind: Option<u32>,
    port: Option<(&'a [u8], Range<usize>)>,
}

impl<'a> Attributes<'a> {
    fn read(body: &mut Reader<'a>) -> Option<Self> {
        let mut attributes = Self::default();
        while !body.is_empty() {
            let (kind, size) = (body.u8()?, body.u8()?);
            let start = body.position();
            let value = body.take(usize::from(size).checked_sub(2)?)?;
            let placed = (value, start..body.position());
            match kind {
                4 => attributes.access_address = address(value),
                8 => attributes.framed_address = address(value),
                31 => attributes.station = station(value),
                32 => attributes.access_name = Some(placed),
                61 => attributes.port_kind = value.try_into().ok().map(u32::from_be_bytes),
                87 => attributes.port = Some(placed),
                _ => {}
            }
        }
        Some(attributes)
    }

    fn tell(&self, code: u8, sink: &mut dyn Sink) {
        let name = self.access_name.as_ref().and_then(|(name, _)| text::clean(name));
        if let (Some(name), Some((_, at))) = (&name, &self.access_name) {
            let about = self.access_address.map_or(About::Sender, |ip| About::Ip(IpAddr::V4(ip)));
            sink.found(&ACCESS_NAME, about, name, at.clone());
        }
        let Some(station) = self.station else { return };
        if let (ACCOUNTING_REQUEST, Some(ip)) = (code, self.framed_address) {
            sink.bound(NAME, station, IpAddr::V4(ip));
        }
        if let (Some(ETHERNET), Some((port, at))) = (self.port_kind, &self.port) {
            let access = name.map(std::borrow::Cow::into_owned);
            let access = access.or_else(|| self.access_address.map(|ip| ip.to_string()));
            let port = String::from_utf8_lossy(port);
            let whole = format!("{} {port}", access.unwrap_or_default());
            sink.found_text(&SWITCH_PORT, About::Mac(station), &whole, at.clone());
        }
    }
}

/// A unicast address; two values stand for "let the user choose" and "choose for the user".
fn address(value: &[u8]) -> Option<Ipv4Addr> {
    let octets = <[u8; 4]>::try_from(value).ok()?;
    let ip = Ipv4Addr::from(octets);
    let names_one = !ip.is_unspecified() && !ip.is_multicast() && !ip.is_loopback();
    (names_one && !matches!(octets, [255, 255, 255, _])).then_some(ip)
}

fn station(value: &[u8]) -> Option<Mac> {
    let text = std::str::from_utf8(value).ok()?;
    text.parse().ok().filter(|mac: &Mac| mac.names_a_device())
}

const NAME: &str = "radius";
const HEADER_BYTES: usize = 20;
const ACCESS_REQUEST: u8 = 1;
const ACCOUNTING_REQUEST: u8 = 4;
/// NAS-Port-Type of a station on a cable.
const ETHERNET: u32 = 15;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{datagram, hex};

    fn message(code: u8, attributes: &str) -> Vec<u8> {
        let attributes = hex(attributes);
        let size = (attributes.len() + HEADER_BYTES) as u16;
        let mut bytes = vec![code, 7];
        bytes.extend(size.to_be_bytes());
        bytes.extend([0; 16]);
        bytes.extend(attributes);
        bytes
    }

    /// `02-00-00-00-00-09`.
    const STATION: &str = "1f13 30322d30302d30302d30302d30302d3039";
    const NAME_SW1: &str = "2005 737731";
    const PORT: &str = "3d06 0000000f 5707 47692f2f33";
    /// A user name, which must never show.
    const USER: &str = "0106 416e6e61";

    #[test]
    fn requests() {
        let named = "sender device_name = \"sw1\" NAS-Identifier (32) @28+3\n";
        for (name, code, attributes, want) in [
            (
                "station on a cable",
                1,
                [USER, NAME_SW1, STATION, PORT].concat(),
                format!(
                    "{named}02:00:00:00:00:09 switch_port = \"sw1 Gi//3\" NAS-Port-Id (87) @58+5\n"
                ),
            ),
            (
                "access device by address",
                1,
                ["0406 0a000001", STATION, PORT].concat(),
                "02:00:00:00:00:09 switch_port = \"10.0.0.1 Gi//3\" NAS-Port-Id (87) @53+5\n"
                    .into(),
            ),
            (
                "name and address",
                1,
                [USER, NAME_SW1, "0406 0a000001"].concat(),
                "10.0.0.1 device_name = \"sw1\" NAS-Identifier (32) @28+3\n".into(),
            ),
            (
                "station on the air",
                1,
                [USER, NAME_SW1, STATION, "3d06 00000013 5703 47"].concat(),
                named.to_owned(),
            ),
            (
                "accounting",
                4,
                [STATION, "0806 c0000263"].concat(),
                "bound 02:00:00:00:00:09 192.0.2.99 by radius\n".into(),
            ),
            ("address left to the server", 4, [STATION, "0806 fffffffe"].concat(), String::new()),
            ("telephone number", 4, "1f06 35353535 0806 c0000263".into(), String::new()),
        ] {
            let want = format!("{want}Mine(Receiver)\n");
            assert_eq!(
                datagram(&PROTOCOL, (40000, 1812), &message(code, &attributes)),
                want,
                "{name}"
            );
        }
    }

    #[test]
    fn the_rest() {
        let role = "sender role = \"radius_server\" Code @0+1\nMine(Sender)\n";
        for (name, bytes, want) in [
            ("accepted", message(2, ""), role),
            ("challenged", message(11, USER), role),
            ("padded", [message(2, ""), vec![0; 9]].concat(), role),
            ("disconnect", message(40, USER), "Mine(Receiver)\n"),
            (
                "attribute too long",
                message(1, "01ff 41"),
                "Malformed(\"attribute runs past the end\")\n",
            ),
            (
                "attribute too short",
                message(1, "0101"),
                "Malformed(\"attribute runs past the end\")\n",
            ),
            ("unknown code", message(99, ""), "NotMine\n"),
            ("length below the header", hex("0107 0004"), "NotMine\n"),
            ("empty", Vec::new(), "NotMine\n"),
        ] {
            assert_eq!(datagram(&PROTOCOL, (1812, 40000), &bytes), want, "{name}");
        }
    }

    #[test]
    fn no_prefix_is_a_message() {
        let whole = message(1, &[USER, NAME_SW1, STATION, PORT].concat());
        for seen in 0..whole.len() {
            assert_eq!(datagram(&PROTOCOL, (40000, 1812), &whole[..seen]), "NotMine\n", "{seen}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(code in 0u8..50, kind: u8, value: Vec<u8>, tail: Vec<u8>) {
            let mut bytes = message(code, "");
            bytes.extend([kind, (value.len() + 2) as u8]);
            bytes.extend(&value);
            bytes.extend(&tail);
            let size = bytes.len() as u16;
            bytes[2..4].copy_from_slice(&size.to_be_bytes());
            datagram(&PROTOCOL, (40000, 1812), &bytes);
            datagram(&PROTOCOL, (40000, 1812), &tail);
        }
    }
}
