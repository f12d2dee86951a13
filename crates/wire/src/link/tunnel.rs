//! Tunnels, most of them the way in which mirrored traffic arrives.
//!
//! Source: RFC 3032 (MPLS), RFC 4385 and RFC 4448 (pseudo-wires), RFC 2516 (PPPoE), RFC 1661
//!         (PPP), RFC 2784, 2890 and 2637 (GRE), draft-foschiano-erspan-03 (ERSPAN), RFC 7348
//!         (VXLAN), 3GPP TS 29.281 (GTP-U), RFC 2003 (IP in IP), RFC 4213 (IPv6 in IPv4).

use super::ethernet::{IPV4, IPV6, MPLS};
use super::{Content, Decoder, Layer, NO_VLAN, Skip, cut};
use crate::ip::{IpPacket, protocol};
use crate::reader::Reader;

/// What a packet tunnels, if it does. A fragment is no tunnel until it is whole.
#[inline]
pub(super) fn inside(packet: &IpPacket<'_>) -> Option<Layer> {
    if packet.fragment.is_some() {
        return None;
    }
    inside_payload(packet.protocol, packet.payload)
}

/// The same for a payload that was put together from fragments.
#[inline]
pub(crate) fn inside_payload(number: u8, payload: Reader<'_>) -> Option<Layer> {
    Some(match number {
        protocol::UDP => return inside_udp(payload),
        protocol::IPV4 | protocol::IPV6 => Layer::Ip,
        protocol::GRE => Layer::Gre,
        protocol::MPLS => Layer::Mpls,
        _ => return None,
    })
}

/// The ports of a tunnel, and really its header and a packet behind it.
#[inline]
fn inside_udp(mut payload: Reader<'_>) -> Option<Layer> {
    let [source_high, source_low, high, low, _, _, _, _] = payload.array::<8>()?;
    match (u16::from_be_bytes([source_high, source_low]), u16::from_be_bytes([high, low])) {
        // 8472 is what Linux used before.
        (_, 4789 | 8472) if is_vxlan(payload) => Some(Layer::Vxlan),
        (2152, _) | (_, 2152) if is_gtp(payload) => Some(Layer::Gtp),
        _ => None,
    }
}

fn is_vxlan(mut payload: Reader<'_>) -> bool {
    let Some([flags, a, b, c, _, _, _, last]) = payload.array::<8>() else { return false };
    flags == 0x08 && [a, b, c, last] == [0; 4] && looks_like_ethernet(payload)
}

/// Version 1 of the user plane, a message that carries a packet, and IP behind it.
fn is_gtp(mut payload: Reader<'_>) -> bool {
    let Some([flags, kind]) = payload.array::<2>() else { return false };
    let told = payload.u16_be().map_or(0, usize::from);
    let fits = flags & 0xf0 == 0x30 && kind == GTP_PACKET && told > 0;
    let inner = payload.skip(4).and_then(|()| gtp_options(flags, &mut payload));
    let first = payload.rest().first().map_or(0, |byte| byte >> 4);
    fits && inner.is_some() && matches!(first, 4 | 6)
}

/// Takes the UDP and GTP headers off, and the extension headers behind them.
pub(super) fn gtp<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    let reader = &mut decoder.reader;
    reader.skip(8).ok_or(cut("GTP"))?;
    let flags = reader.u8().ok_or(cut("GTP"))?;
    reader.skip(7).and_then(|()| gtp_options(flags, reader)).ok_or(cut("GTP"))?;
    Ok(Layer::Ip)
}

fn gtp_options(flags: u8, reader: &mut Reader<'_>) -> Option<()> {
    if flags & GTP_OPTIONS == 0 {
        return Some(());
    }
    let [_, _, _, mut next] = reader.array::<4>()?;
    while next != 0 {
        // In units of four bytes, itself and the type of the next header included.
        let words = usize::from(reader.u8()?);
        reader.skip((words * 4).checked_sub(2)?)?;
        next = reader.u8()?;
    }
    Some(())
}

/// Takes the UDP and VXLAN headers off.
pub(super) fn vxlan<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    decoder.reader.skip(16).ok_or(cut("VXLAN"))?;
    Ok(Layer::Ethernet)
}

/// Takes the PPPoE header off.
pub(super) fn pppoe<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    let [_, code, _, _, high, low] = decoder.reader.array::<6>().ok_or(cut("PPPoE"))?;
    if code != 0 {
        return Err(Content::Unread(Skip::Fixed("not IP: PPPoE discovery")));
    }
    if let Some(part) = decoder.reader.part(usize::from(u16::from_be_bytes([high, low]))) {
        decoder.reader = part;
    }
    Ok(Layer::Ppp)
}

/// Takes a PPP header off, its address and control bytes and a short protocol field allowed for.
pub(super) fn ppp<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    let reader = &mut decoder.reader;
    if reader.rest().starts_with(&[0xff, 0x03]) {
        reader.skip(2).ok_or(cut("PPP"))?;
    }
    let first = reader.u8().ok_or(cut("PPP"))?;
    let number = if first & 1 == 1 {
        u16::from(first)
    } else {
        u16::from_be_bytes([first, reader.u8().ok_or(cut("PPP"))?])
    };
    match number {
        0x0021 | 0x0057 => Ok(Layer::Ip),
        0x0281 => Ok(Layer::Mpls),
        _ => Err(Content::Unread(Skip::Ppp(number))),
    }
}

/// Takes the label stack off. Nothing says what follows, so its first bytes decide.
pub(super) fn mpls<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    for _ in 0..LABELS_MAX {
        let label = decoder.reader.u32_be().ok_or(cut("MPLS"))?;
        if label & 0x100 == 0 {
            continue;
        }
        let rest = decoder.reader.rest();
        let first = *rest.first().ok_or(cut("MPLS"))?;
        if matches!(first, 0x45..=0x4f | 0x60..=0x6f) && !looks_like_ethernet(decoder.reader) {
            return Ok(Layer::Ip);
        }
        let mut behind_word = decoder.reader;
        if first >> 4 == 0 && behind_word.skip(4).is_some() && looks_like_ethernet(behind_word) {
            decoder.reader = behind_word;
        }
        return match first {
            _ if looks_like_ethernet(decoder.reader) => Ok(Layer::Ethernet),
            0x45..=0x4f | 0x60..=0x6f => Ok(Layer::Ip),
            _ => Err(Content::Unread(Skip::Fixed("MPLS payload is neither IP nor Ethernet"))),
        };
    }
    Err(Content::Unread(Skip::Fixed("more MPLS labels than we take off")))
}

/// Takes a GRE header off, and the ERSPAN header behind it.
pub(super) fn gre<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    let flags = decoder.reader.u16_be().ok_or(cut("GRE"))?;
    let number = decoder.reader.u16_be().ok_or(cut("GRE"))?;
    if flags & GRE_ROUTING != 0 {
        return Err(Content::Unread(Skip::Fixed("GRE with source routing")));
    }
    let acknowledges = flags & 7 == 1 && flags & GRE_ACKNOWLEDGE != 0;
    let optional =
        [flags & GRE_CHECKSUM != 0, flags & GRE_KEY != 0, flags & GRE_SEQUENCE != 0, acknowledges];
    let length = optional.iter().filter(|present| **present).count() * 4;
    decoder.reader.skip(length).ok_or(cut("GRE"))?;
    match number {
        IPV4 | IPV6 => Ok(Layer::Ip),
        0x6558 => Ok(Layer::Ethernet),
        // Type I has no header of its own, and no sequence number in GRE either.
        ERSPAN_1_2 if flags & GRE_SEQUENCE == 0 => Ok(Layer::Ethernet),
        ERSPAN_1_2 => erspan(decoder, 8),
        ERSPAN_3 => erspan(decoder, 12),
        MPLS => Ok(Layer::Mpls),
        0x880b => Ok(Layer::Ppp),
        _ => Err(Content::Unread(Skip::Gre(number))),
    }
}

fn erspan<'a>(decoder: &mut Decoder<'a>, length: usize) -> Result<Layer, Content<'a>> {
    let header = decoder.reader.take(length).ok_or(cut("ERSPAN"))?;
    let mut reader = Reader::new(header);
    let vlan = reader.u16_be().ok_or(cut("ERSPAN"))? & 0x0fff;
    if vlan != 0 && decoder.link.vlan == NO_VLAN {
        decoder.link.vlan = vlan;
    }
    if length == 8 {
        return Ok(Layer::Ethernet);
    }
    let flags = header.last_chunk::<2>().map_or(0, |last| u16::from_be_bytes(*last));
    if flags & 1 == 1 {
        decoder.reader.skip(8).ok_or(cut("ERSPAN"))?;
    }
    match flags >> 10 & 0x1f {
        0 => Ok(Layer::Ethernet),
        2 => Ok(Layer::Ip),
        _ => Err(Content::Unread(Skip::Fixed("ERSPAN frame type is neither Ethernet nor IP"))),
    }
}

/// A type we know, and what it announces really behind it.
fn looks_like_ethernet(mut reader: Reader<'_>) -> bool {
    let Some([.., high, low]) = reader.array::<14>() else { return false };
    let number = u16::from_be_bytes([high, low]);
    let first = reader.rest().first().map_or(0, |byte| byte >> 4);
    match number {
        IPV4 => first == 4,
        IPV6 => first == 6,
        0x0806 | 0x8100 | 0x88a8 | 0x9100 | MPLS | 0x8863 | 0x8864 | 0x88cc | 0x888e => true,
        0..=1500 => usize::from(number) <= reader.remaining() && number > 2,
        _ => false,
    }
}

/// Labels taken off one packet; real stacks have up to about six.
const LABELS_MAX: usize = 16;
/// T-PDU, 3GPP TS 29.281 table 6.1-1.
const GTP_PACKET: u8 = 255;
/// A sequence number, an N-PDU number or an extension header: with any of them all three are there.
const GTP_OPTIONS: u8 = 0x07;
const GRE_CHECKSUM: u16 = 0x8000;
const GRE_ROUTING: u16 = 0x4000;
const GRE_KEY: u16 = 0x2000;
const GRE_SEQUENCE: u16 = 0x1000;
const GRE_ACKNOWLEDGE: u16 = 0x0080;
const ERSPAN_1_2: u16 = 0x88be;
const ERSPAN_3: u16 = 0x22eb;
