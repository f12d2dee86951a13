//! IPv6 neighbour discovery: who has which address, and who routes.
//!
//! Source: RFC 4861 sections 4.1 to 4.6 (messages and link-layer address options).
//! Input:  an ICMPv6 message.

use std::net::{IpAddr, Ipv6Addr};

use model::{Attribute, Confidence, Mac};

use crate::dissect::{About, Field, Sink};
use crate::reader::Reader;

/// What neighbour discovery yields besides bindings.
pub const FIELDS: &[Field] = &[ROUTER];

const ROUTER: Field = Field {
    protocol: PROTOCOL,
    name: "router advertisement",
    attribute: Attribute::Role,
    confidence: Confidence::STATED,
    meaning: "the sender offers to route; RFC 4861 section 4.2",
};

/// Reads one message sent by `source`.
pub(crate) fn read(message: &[u8], source: IpAddr, sink: &mut dyn Sink) {
    let mut reader = Reader::new(message);
    let Some([kind, code, ..]) = reader.array::<4>() else { return };
    if code != 0 {
        return;
    }
    match kind {
        ROUTER_SOLICITATION => options(&mut reader, 4, SOURCE_ADDRESS, source, sink),
        ROUTER_ADVERTISEMENT => {
            sink.found(&ROUTER, About::Sender, "router", 0..message.len());
            options(&mut reader, 12, SOURCE_ADDRESS, source, sink);
        }
        NEIGHBOUR_SOLICITATION => options(&mut reader, 20, SOURCE_ADDRESS, source, sink),
        NEIGHBOUR_ADVERTISEMENT => {
            let mut target = reader;
            let Some(octets) = target.skip(4).and_then(|()| target.array::<16>()) else { return };
            let owner = IpAddr::V6(Ipv6Addr::from(octets));
            options(&mut reader, 20, TARGET_ADDRESS, owner, sink);
        }
        _ => {}
    }
}

/// Skips the fixed part and reads the options; the one of `wanted` kind names `owner`'s address.
fn options(reader: &mut Reader<'_>, fixed: usize, wanted: u8, owner: IpAddr, sink: &mut dyn Sink) {
    if reader.skip(fixed).is_none() || owner.is_unspecified() || owner.is_multicast() {
        return;
    }
    while let Some([kind, length]) = reader.array::<2>() {
        let Some(body) = reader.take((usize::from(length) * 8).saturating_sub(2)) else { return };
        if length == 0 {
            return;
        }
        if let (true, Ok(octets)) = (kind == wanted, <[u8; 6]>::try_from(body)) {
            let mac = Mac(octets);
            if mac.names_a_device() {
                sink.bound(PROTOCOL, mac, owner);
            }
        }
    }
}

const PROTOCOL: &str = "ndp";
const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const SOURCE_ADDRESS: u8 = 1;
const TARGET_ADDRESS: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Transcript, hex};

    #[test]
    #[rustfmt::skip]
    fn reads_who_has_which_address() {
        let source: IpAddr = "fe80::1".parse().unwrap();
        for (name, message, want) in [
            ("solicitation",
             "87000000 00000000 20010db8000000000000000000000002 0101 020000000001",
             "bound 02:00:00:00:00:01 fe80::1 by ndp\n"),
            ("advertisement",
             "88000000 60000000 20010db8000000000000000000000002 0201 020000000002",
             "bound 02:00:00:00:00:02 2001:db8::2 by ndp\n"),
            ("router",
             "86000000 40000708 00000000 00000000 0101 020000000003",
             "sender role = \"router\" router advertisement @0+24\n\
              bound 02:00:00:00:00:03 fe80::1 by ndp\n"),
            ("echo", "80000000 00010001", ""),
            ("option of no length",
             "87000000 00000000 20010db8000000000000000000000002 0100", ""),
            ("cut", "88000000 6000", ""),
        ] {
            let mut transcript = Transcript::default();
            read(&hex(message), source, &mut transcript);
            assert_eq!(transcript.lines, want, "{name}");
        }
    }
}
