//! IEEE 802.11 frames, and the headers that capture programs put in front of them.
//!
//! Source: IEEE Std 802.11-2020 section 9.2.4 (frame control, addresses), 9.3.2.1 (data frames);
//!         `radiotap.org`; "PPI, Per-Packet Information Header Specification" 1.0.7.
//! Output: the LLC header of a data frame and the two stations, not the access point, as its link
//!         addresses.
//! Limits: data in the clear, in one frame; of several packets in one the first.

use super::{Content, Decoder, Layer, Skip, cut, mac_number};
use crate::frame::LinkType;
use crate::reader::Reader;

/// Takes the radiotap header off.
pub(super) fn radiotap<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    let mut header = decoder.reader;
    let [version, _] = header.array::<2>().ok_or(cut("radiotap"))?;
    let length = usize::from(header.u16_le().ok_or(cut("radiotap"))?);
    if version != 0 || length < RADIOTAP_BYTES_MIN {
        return Err(Content::Unread(Skip::Fixed("radiotap header of an unknown version")));
    }
    let padded = is_padded(header).unwrap_or_default();
    decoder.reader.skip(length).ok_or(cut("radiotap"))?;
    Ok(Layer::Wireless { padded })
}

/// Whether the radio's flags say that the data starts at a multiple of four bytes.
fn is_padded(mut header: Reader<'_>) -> Option<bool> {
    let start = header.position().checked_sub(4)?;
    let present = header.u32_le()?;
    let mut more = present;
    while more & 1 << 31 != 0 {
        more = header.u32_le()?;
    }
    if present & 1 == 1 {
        // The first field, a time of eight bytes, is aligned to them.
        let unaligned = (header.position() - start) % 8;
        header.skip((8 - unaligned) % 8 + 8)?;
    }
    Some(present & 2 != 0 && header.u8()? & DATA_PADDED != 0)
}

/// Takes the PPI header off; it names the link type behind it.
pub(super) fn ppi<'a>(decoder: &mut Decoder<'a>) -> Result<Layer, Content<'a>> {
    let reader = &mut decoder.reader;
    let [_version, _flags] = reader.array::<2>().ok_or(cut("PPI"))?;
    let length = usize::from(reader.u16_le().ok_or(cut("PPI"))?);
    let link = reader.u32_le().ok_or(cut("PPI"))?;
    reader.skip(length.saturating_sub(8)).ok_or(cut("PPI"))?;
    Layer::of(LinkType(link)).ok_or(Content::Unread(Skip::LinkType(link)))
}

/// Takes the header of a data frame off.
pub(super) fn header<'a>(decoder: &mut Decoder<'a>, padded: bool) -> Result<Layer, Content<'a>> {
    let start = decoder.reader.position();
    let reader = &mut decoder.reader;
    let [control, flags, _, _] = reader.array::<4>().ok_or(cut("IEEE 802.11"))?;
    if control & 0x0f != DATA || control & NO_DATA != 0 || flags & PROTECTED != 0 {
        return Err(Content::Unread(Skip::Fixed(UNREADABLE)));
    }
    let addresses: [[u8; 6]; 3] = [
        reader.array().ok_or(cut("IEEE 802.11"))?,
        reader.array().ok_or(cut("IEEE 802.11"))?,
        reader.array().ok_or(cut("IEEE 802.11"))?,
    ];
    let fragment = reader.u16_le().ok_or(cut("IEEE 802.11"))? & 0x0f;
    if fragment != 0 || flags & MORE_FRAGMENTS != 0 {
        return Err(Content::Unread(Skip::Fixed("fragment of an IEEE 802.11 frame")));
    }
    let [first, second, third] = addresses;
    let (destination, source) = match flags & (TO_NETWORK | FROM_NETWORK) {
        0 => (first, second),
        TO_NETWORK => (third, second),
        FROM_NETWORK => (first, third),
        _ => (third, reader.array().ok_or(cut("IEEE 802.11"))?),
    };
    decoder.link.source = mac_number(source);
    decoder.link.destination = mac_number(destination);
    behind(decoder, control & QUALITY != 0, flags & ORDER != 0, padded.then_some(start))
}

/// Takes off what follows the addresses; `padded` is where the header starts that is filled up.
fn behind<'a>(
    decoder: &mut Decoder<'a>,
    quality: bool,
    order: bool,
    padded: Option<usize>,
) -> Result<Layer, Content<'a>> {
    let reader = &mut decoder.reader;
    let mut aggregated = false;
    if quality {
        aggregated = reader.u16_le().ok_or(cut("IEEE 802.11"))? & AGGREGATED != 0;
        if order {
            reader.skip(4).ok_or(cut("IEEE 802.11"))?;
        }
    }
    if let Some(start) = padded {
        let odd = (reader.position() - start) % 4;
        reader.skip((4 - odd) % 4).ok_or(cut("IEEE 802.11"))?;
    }
    if aggregated {
        decoder.link.destination = mac_number(reader.array().ok_or(cut("IEEE 802.11"))?);
        decoder.link.source = mac_number(reader.array().ok_or(cut("IEEE 802.11"))?);
        let length = usize::from(reader.u16_be().ok_or(cut("IEEE 802.11"))?);
        *reader = reader.part(length).ok_or(cut("IEEE 802.11"))?;
    }
    Ok(Layer::Llc)
}

const RADIOTAP_BYTES_MIN: usize = 8;
/// Bit of the radio's flags.
const DATA_PADDED: u8 = 0x20;

/// Version 0, type 2.
const DATA: u8 = 0x08;
/// Bits of the subtype of a data frame.
const NO_DATA: u8 = 0x40;
const QUALITY: u8 = 0x80;
/// Bits of the second byte of frame control.
const TO_NETWORK: u8 = 0x01;
const FROM_NETWORK: u8 = 0x02;
const MORE_FRAGMENTS: u8 = 0x04;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;
/// Bit of the quality-of-service control.
const AGGREGATED: u16 = 0x0080;

const UNREADABLE: &str = "IEEE 802.11 frame (link types 105 and 127) that is management, control \
     or encrypted: record on the wired side of the access point";
