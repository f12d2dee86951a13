//! What an IP packet carried: a payload, and where its bytes came from.

use super::record::Now;
use crate::link::Link;
use crate::place::{Origin, Place};
use crate::reader::Reader;
use crate::tcp::Segment;

/// A payload of IP and everything around it.
pub(super) struct Carried<'a> {
    pub(super) link: Link,
    pub(super) source: u128,
    pub(super) destination: u128,
    pub(super) protocol: u8,
    pub(super) hops: u8,
    pub(super) payload: Reader<'a>,
    pub(super) missing: u32,
    /// Where the bytes of the buffer that `payload` reads came from.
    pub(super) places: &'a [Place],
    pub(super) now: Now,
}

impl Carried<'_> {
    /// Where the bytes that are left in `reader` came from.
    pub(super) fn origin(&self, reader: Reader<'_>) -> Origin<'_> {
        Origin { base: reader.position() as u64, places: self.places }
    }

    /// The segment, cut where its bytes came in different frames.
    pub(super) fn parts<'s>(
        &self,
        segment: &Segment<'s>,
    ) -> impl Iterator<Item = (Segment<'s>, &'s [u8], Place)> {
        let (segment, start) = (*segment, segment.payload.position() as u64);
        let bytes = segment.payload.rest();
        let end = start + bytes.len() as u64;
        let first = self.places.partition_point(|place| place.start <= start).saturating_sub(1);
        let places = self.places.get(first..).unwrap_or_default();
        let last = places.partition_point(|place| place.start < end).max(1) - 1;
        places.iter().take(last + 1).enumerate().map(move |(at, place)| {
            let from = place.start.max(start);
            let to = places.get(at + 1).map_or(end, |next| next.start.min(end));
            let part = Segment {
                sequence: segment.sequence.wrapping_add((from - start) as u32),
                missing: if at == last { segment.missing } else { 0 },
                ..segment
            };
            let bytes = bytes.get((from - start) as usize..(to - start) as usize);
            let offset = place.offset + (from - place.start) as u32;
            (part, bytes.unwrap_or_default(), Place { start: 0, offset, ..*place })
        })
    }
}

/// Ports and payload of a UDP datagram (RFC 768).
#[inline]
pub(super) fn udp_header(mut reader: Reader<'_>) -> Option<([u16; 2], Reader<'_>)> {
    let [a, b, c, d, high, low, _, _] = reader.array::<8>()?;
    let length = usize::from(u16::from_be_bytes([high, low])).saturating_sub(8);
    let payload = if length == 0 { reader } else { reader.part(length).unwrap_or(reader) };
    Some(([u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])], payload))
}
