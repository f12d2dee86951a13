//! Ethernet, its tags, and 802.2.
//!
//! Source: IEEE Std 802.3-2018 clause 3, IEEE Std 802.1Q-2018 clause 9, RFC 1042 (LLC and SNAP).

use super::{Content, Decoder, Layer, Link, NO_VLAN, Skip, cut, mac_number};
use crate::dissect::LinkKind;

/// Reads the two addresses and the type or length.
#[expect(clippy::many_single_char_names, reason = "octets of a header, in wire order")]
#[inline]
pub(super) fn header<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    let octets = decoder.reader.array::<14>().ok_or(cut("Ethernet"))?;
    let [a, b, c, d, e, f, g, h, i, j, k, l, high, low] = octets;
    let vlan = decoder.link.vlan;
    decoder.link = Link {
        source: mac_number([g, h, i, j, k, l]),
        destination: mac_number([a, b, c, d, e, f]),
        vlan,
    };
    Ok(Layer::EtherType(u16::from_be_bytes([high, low])))
}

/// Goes by the type: a tag, a tunnel, IP, or a protocol of the link.
#[inline]
pub(super) fn ether_type<'a>(decoder: &mut Decoder<'a>, number: u16) -> Result<Layer, Content<'a>> {
    match number {
        IPV4 | IPV6 => Ok(Layer::Ip),
        VLAN | SERVICE_VLAN | OLD_SERVICE_VLAN => tag(decoder),
        MPLS | MPLS_MULTICAST => Ok(Layer::Mpls),
        PPPOE_SESSION => super::tunnel::pppoe(decoder),
        0..=LENGTH_MAX => {
            // The length field says where padding starts.
            if let Some(part) = decoder.reader.part(usize::from(number)) {
                decoder.reader = part;
            }
            Ok(Layer::Llc)
        }
        _ => Err(Content::Link(LinkKind::EtherType(number), decoder.reader)),
    }
}

fn tag<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    let control = decoder.reader.u16_be().ok_or(cut("802.1Q"))?;
    let next = decoder.reader.u16_be().ok_or(cut("802.1Q"))?;
    let vlan = control & 0x0fff;
    // The outermost tag names the VLAN; identifier 0 only carries a priority.
    if decoder.link.vlan == NO_VLAN && vlan != 0 {
        decoder.link.vlan = vlan;
    }
    Ok(Layer::EtherType(next))
}

/// Reads an 802.2 header and, where there is one, the SNAP header behind it.
pub(super) fn llc<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    let [point, _, control] = decoder.reader.array::<3>().ok_or(cut("LLC"))?;
    match (point, control) {
        (SNAP_POINT, _) => {
            let organisation = decoder.reader.array::<3>().ok_or(cut("SNAP"))?;
            let protocol = decoder.reader.u16_be().ok_or(cut("SNAP"))?;
            match organisation {
                // RFC 1042: an EtherType follows.
                [0, 0, 0] if protocol > LENGTH_MAX => Ok(Layer::EtherType(protocol)),
                _ => Ok(Layer::Snap(organisation, protocol)),
            }
        }
        (IP_POINT, _) => Ok(Layer::Ip),
        _ => Err(Content::Unread(Skip::Llc(point))),
    }
}

pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
pub(super) const MPLS: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
const VLAN: u16 = 0x8100;
const SERVICE_VLAN: u16 = 0x88a8;
const OLD_SERVICE_VLAN: u16 = 0x9100;
const PPPOE_SESSION: u16 = 0x8864;
/// Up to here the field is a length and not a type.
const LENGTH_MAX: u16 = 1500;
const SNAP_POINT: u8 = 0xaa;
const IP_POINT: u8 = 0x06;
