//! Captures that keep only a summary of the link header.
//!
//! Source: `tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html`, `…SLL2.html`, `…NULL.html`.

use super::{Content, Decoder, Layer, Skip, cut, mac_number};

/// Reads a Linux cooked header, version 1.
pub(super) fn version_1<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    let reader = &mut decoder.reader;
    let [_, _, kind_high, kind_low] = reader.array::<4>().ok_or(cut("cooked"))?;
    let length = reader.u16_be().ok_or(cut("cooked"))?;
    let address = reader.array::<8>().ok_or(cut("cooked"))?;
    let protocol = reader.u16_be().ok_or(cut("cooked"))?;
    sender(decoder, u16::from_be_bytes([kind_high, kind_low]), length, address);
    inside(protocol)
}

/// Reads a Linux cooked header, version 2.
pub(super) fn version_2<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    let reader = &mut decoder.reader;
    let protocol = reader.u16_be().ok_or(cut("cooked"))?;
    reader.skip(6).ok_or(cut("cooked"))?;
    let kind = reader.u16_be().ok_or(cut("cooked"))?;
    let [_, length] = reader.array::<2>().ok_or(cut("cooked"))?;
    let address = reader.array::<8>().ok_or(cut("cooked"))?;
    sender(decoder, kind, u16::from(length), address);
    inside(protocol)
}

/// Reads the address family of BSD loopback, written in the byte order of whatever host wrote it.
pub(super) fn null<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    let octets = decoder.reader.array::<4>().ok_or(cut("loopback"))?;
    let big = u32::from_be_bytes(octets);
    let family = if big > 0xffff { u32::from_le_bytes(octets) } else { big };
    match family {
        // AF_INET, and AF_INET6 of NetBSD and OpenBSD, FreeBSD, macOS, Linux and Windows.
        2 | 10 | 23 | 24 | 28 | 30 => Ok(Layer::Ip),
        _ => Err(Content::Unread(Skip::Fixed("not IP: another address family on loopback"))),
    }
}

#[expect(clippy::many_single_char_names, reason = "octets of a header, in wire order")]
fn sender(decoder: &mut Decoder<'_>, kind: u16, length: u16, address: [u8; 8]) {
    let [a, b, c, d, e, f, _, _] = address;
    let octets = [a, b, c, d, e, f];
    if kind == ARPHRD_ETHER && length == 6 && octets != [0; 6] {
        decoder.link.source = mac_number(octets);
    }
}

fn inside<'a>(protocol: u16) -> Result<Layer, Content<'a>> {
    match protocol {
        0x0004 => Ok(Layer::Llc),
        0x0000..=0x05dc => Err(Content::Unread(Skip::EtherType(protocol))),
        _ => Ok(Layer::EtherType(protocol)),
    }
}

const ARPHRD_ETHER: u16 = 1;
