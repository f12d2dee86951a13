//! ARP: which link address answers for which IPv4 address.
//!
//! Source:  RFC 826; probes and announcements as RFC 5227.
//! Input:   the bytes behind EtherType 0x0806.
//! Output:  a binding of the sender's two addresses. No fields.
//! Limits:  Ethernet and IPv4 only; reverse and inverse ARP bind nothing.

use std::net::{IpAddr, Ipv4Addr};

use model::{Answerable, Mac};

use crate::dissect::{Field, Heard, LinkFrame, LinkKind, LinkProtocol, Server, Sink};
use crate::reader::Reader;

/// ARP, straight on the link layer.
pub const PROTOCOL: LinkProtocol =
    LinkProtocol { name: NAME, kind: LinkKind::EtherType(0x0806), read, fields: FIELDS };

/// ARP yields bindings, no fields.
pub const FIELDS: &[Field] = &[];

fn read(frame: &LinkFrame<'_>, sink: &mut dyn Sink) -> Heard {
    let mut reader = Reader::new(frame.payload);
    let Some(hardware) = reader.u16_be() else { return Heard::Malformed(ENDS_EARLY) };
    let Some(sizes) = reader.array::<4>() else { return Heard::Malformed(ENDS_EARLY) };
    if !matches!(hardware, ETHERNET | IEEE_802) || sizes != IPV4_ON_ETHERNET {
        return Heard::NotMine;
    }
    let Some(operation) = reader.u16_be() else { return Heard::Malformed(ENDS_EARLY) };
    let Some((mac, ip)) = pair(&mut reader) else { return Heard::Malformed(ENDS_EARLY) };
    if pair(&mut reader).is_none() {
        return Heard::Malformed(ENDS_EARLY);
    }
    if matches!(operation, REQUEST | REPLY) {
        bind(frame.source, mac, ip, sink);
    }
    Heard::Mine(Server::Unclear)
}

fn pair(reader: &mut Reader<'_>) -> Option<(Mac, Ipv4Addr)> {
    Some((Mac(reader.array()?), Ipv4Addr::from(reader.array::<4>()?)))
}

fn bind(source: Mac, mac: Mac, ip: Ipv4Addr, sink: &mut dyn Sink) {
    if ip.is_unspecified() {
        // A probe: the sender asks whether the address is free, and does not have it yet.
        return;
    }
    if !mac.names_a_device() || ip.is_broadcast() || ip.is_multicast() || ip.is_loopback() {
        return sink.odd(NAME, "sender addresses name no device", Answerable::Sender);
    }
    if mac != source {
        // True behind some wireless bridges, and how a forger works. A wrong binding would merge
        // two devices, so none is made.
        return sink.odd(NAME, "sender address is not the frame's", Answerable::Sender);
    }
    sink.bound(NAME, mac, IpAddr::V4(ip));
}

const NAME: &str = "arp";
const ETHERNET: u16 = 1;
const IEEE_802: u16 = 6;
/// EtherType of IPv4, then six and four bytes of address.
const IPV4_ON_ETHERNET: [u8; 4] = [0x08, 0x00, 6, 4];
const REQUEST: u16 = 1;
const REPLY: u16 = 2;
const ENDS_EARLY: &str = "ends early";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{hex, link};

    const REQUEST_WHO_HAS: &str =
        "0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202";

    #[test]
    fn binds_the_sender() {
        let bound = "bound 02:00:00:00:00:01 192.0.2.1 by arp\nMine(Unclear)\n";
        for (name, bytes, want) in [
            ("request", REQUEST_WHO_HAS, bound),
            ("reply", "0001080006040002 020000000001 c0000201 020000000002 c0000202", bound),
            ("gratuitous", "0001080006040001 020000000001 c0000201 000000000000 c0000201", bound),
            ("padded", &[REQUEST_WHO_HAS, &"00".repeat(18)].concat(), bound),
            (
                "probe",
                "0001080006040001 020000000001 00000000 000000000000 c0000201",
                "Mine(Unclear)\n",
            ),
            (
                "other frame source",
                "0001080006040002 0200000000ff c0000201 020000000002 c0000202",
                "odd arp: sender address is not the frame's (Sender)\nMine(Unclear)\n",
            ),
            (
                "group address",
                "0001080006040002 ffffffffffff c0000201 020000000002 c0000202",
                "odd arp: sender addresses name no device (Sender)\nMine(Unclear)\n",
            ),
            (
                "inverse request",
                "0001080006040008 020000000001 c0000201 020000000002 c0000202",
                "Mine(Unclear)\n",
            ),
            (
                "not IPv4",
                "000186dd 06 04 0001 020000000001 c0000201 000000000000 c0000202",
                "NotMine\n",
            ),
            ("cut", "0001080006040001 0200000000", "Malformed(\"ends early\")\n"),
        ] {
            assert_eq!(link(&PROTOCOL, &hex(bytes)), want, "{name}");
        }
    }

    #[test]
    fn no_prefix_binds() {
        let whole = hex(REQUEST_WHO_HAS);
        for seen in 0..whole.len() {
            assert_eq!(link(&PROTOCOL, &whole[..seen]), "Malformed(\"ends early\")\n");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            link(&PROTOCOL, &bytes);
        }
    }
}
