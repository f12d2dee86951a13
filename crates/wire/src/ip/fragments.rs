//! Fragments back to datagrams.
//!
//! Source: RFC 791 section 3.2, RFC 8200 section 4.5, RFC 5722 (overlaps).
//! Output: the payload, and for each part of it the frame it came in. Where fragments overlap,
//!         the first one wins, as in most receivers, and the overlap is reported.
//! Limits: [`FRAGMENTED_DATAGRAMS_MAX`] datagrams at once, [`FRAGMENTS_MAX`] pieces each,
//!         [`FRAGMENT_WAIT_MICROS`], and a number of bytes in all; the oldest makes room.

use std::collections::{BTreeMap, VecDeque};

use super::{Fragment, IpPacket};
use crate::limits::{FRAGMENT_WAIT_MICROS, FRAGMENTED_DATAGRAMS_MAX, FRAGMENTS_MAX};
use crate::place::Place;

/// What identifies the fragments of one datagram.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct FragmentKey {
    pub(crate) source: u128,
    pub(crate) destination: u128,
    pub(crate) id: u32,
    pub(crate) protocol: u8,
    pub(crate) vlan: u16,
}

/// A datagram that became whole.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Whole {
    pub(crate) payload: Vec<u8>,
    pub(crate) places: Vec<Place>,
    /// Frames that carried it.
    pub(crate) frames: u64,
    /// Their length on the wire, in bytes.
    pub(crate) wire_bytes: u64,
}

/// What a fragment led to.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// It was kept.
    Kept,
    /// It completed its datagram.
    Whole(Box<Whole>),
    /// It was not used, for this reason.
    Refused(&'static str),
}

/// Where and when a fragment was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) time: i64,
    pub(crate) frame: u64,
    pub(crate) wire_bytes: u32,
}

/// Unfinished datagrams.
pub(crate) struct Fragments {
    unfinished: BTreeMap<FragmentKey, Unfinished>,
    /// Keys in order of arrival, some of them finished since.
    order: VecDeque<(i64, FragmentKey)>,
    bytes: usize,
    bytes_max: usize,
    /// Fragments whose datagram never became whole, since last asked.
    pub(crate) abandoned: u64,
    /// Overlaps since last asked.
    pub(crate) overlaps: u64,
}

struct Unfinished {
    since: i64,
    total: Option<u32>,
    /// Sorted by start, not overlapping.
    pieces: Vec<Piece>,
    seen: u64,
    wire_bytes: u64,
}

struct Piece {
    start: u32,
    bytes: Vec<u8>,
    frame: u64,
    offset: u32,
}

impl Fragments {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            unfinished: BTreeMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            bytes_max,
            abandoned: 0,
            overlaps: 0,
        }
    }

    /// Takes one fragment.
    pub(crate) fn add(
        &mut self,
        packet: &IpPacket<'_>,
        fragment: Fragment,
        vlan: u16,
        seen: Seen,
    ) -> Step {
        self.expire(seen.time);
        let bytes = packet.payload.rest();
        if packet.missing > 0 {
            return Step::Refused("fragment cut short");
        }
        if fragment.offset as usize + bytes.len() > DATAGRAM_BYTES_MAX {
            return Step::Refused("fragment past the largest datagram");
        }
        if bytes.is_empty() || (fragment.more && !bytes.len().is_multiple_of(8)) {
            return Step::Refused("fragment of a length that cannot be");
        }
        let key = FragmentKey {
            source: packet.source,
            destination: packet.destination,
            id: fragment.id,
            protocol: packet.protocol,
            vlan,
        };
        self.make_room(bytes.len(), &key);
        let offset = packet.payload.position() as u32;
        self.keep(key, fragment, bytes, offset, seen)
    }

    /// Gives every unfinished datagram up.
    pub(crate) fn abandon_all(&mut self) {
        while self.drop_oldest() {}
    }

    fn keep(
        &mut self,
        key: FragmentKey,
        fragment: Fragment,
        bytes: &[u8],
        offset: u32,
        seen: Seen,
    ) -> Step {
        if !self.unfinished.contains_key(&key) {
            self.order.push_back((seen.time, key));
        }
        let datagram = self.unfinished.entry(key).or_insert_with(|| Unfinished::since(seen.time));
        if datagram.pieces.len() >= FRAGMENTS_MAX {
            return Step::Refused("more fragments of a datagram than we keep");
        }
        if !fragment.more {
            datagram.total.get_or_insert(fragment.offset + bytes.len() as u32);
        }
        datagram.seen += 1;
        datagram.wire_bytes += u64::from(seen.wire_bytes);
        let (kept, overlaps) = datagram.insert(fragment.offset, bytes, seen.frame, offset);
        self.bytes += kept;
        self.overlaps += u64::from(overlaps);
        if !datagram.is_whole() {
            return Step::Kept;
        }
        let Some(datagram) = self.unfinished.remove(&key) else { return Step::Kept };
        self.bytes = self.bytes.saturating_sub(datagram.bytes());
        Step::Whole(Box::new(datagram.join()))
    }

    fn expire(&mut self, now: i64) {
        while let Some((since, _)) = self.order.front()
            && now.saturating_sub(*since) > FRAGMENT_WAIT_MICROS
        {
            self.drop_oldest();
        }
    }

    fn make_room(&mut self, bytes: usize, key: &FragmentKey) {
        while self.bytes + bytes > self.bytes_max
            || (self.unfinished.len() >= FRAGMENTED_DATAGRAMS_MAX
                && !self.unfinished.contains_key(key))
            || self.order.len() >= FRAGMENTED_DATAGRAMS_MAX * 4
        {
            if !self.drop_oldest() {
                return;
            }
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let Some((since, key)) = self.order.pop_front() else { return false };
        // The key may have been used again since; then its own entry in the order follows.
        if self.unfinished.get(&key).is_some_and(|datagram| datagram.since == since)
            && let Some(datagram) = self.unfinished.remove(&key)
        {
            self.bytes = self.bytes.saturating_sub(datagram.bytes());
            self.abandoned += datagram.seen;
        }
        true
    }
}

impl Unfinished {
    fn since(time: i64) -> Self {
        Self { since: time, total: None, pieces: Vec::new(), seen: 0, wire_bytes: 0 }
    }

    /// Keeps the parts of `bytes` that no earlier piece covers; says how many bytes, and whether
    /// there was an overlap.
    fn insert(&mut self, start: u32, bytes: &[u8], frame: u64, offset: u32) -> (usize, bool) {
        let end = start + bytes.len() as u32;
        let mut at = start;
        let mut fresh = Vec::new();
        for piece in &self.pieces {
            let piece_end = piece.start + piece.bytes.len() as u32;
            if piece_end <= at {
                continue;
            }
            if piece.start >= end {
                break;
            }
            if piece.start > at {
                fresh.push((at, piece.start));
            }
            at = piece_end.min(end);
        }
        if at < end {
            fresh.push((at, end));
        }
        let mut kept = 0;
        for (from, to) in fresh {
            let slice = bytes.get((from - start) as usize..(to - start) as usize);
            let bytes = slice.unwrap_or_default().to_vec();
            kept += bytes.len();
            let place = self.pieces.partition_point(|piece| piece.start < from);
            let offset = offset + (from - start);
            self.pieces.insert(place, Piece { start: from, bytes, frame, offset });
        }
        (kept, kept < bytes.len())
    }

    fn is_whole(&self) -> bool {
        let Some(total) = self.total else { return false };
        let mut at = 0;
        for piece in &self.pieces {
            if piece.start > at {
                return false;
            }
            at = piece.start + piece.bytes.len() as u32;
        }
        at >= total
    }

    fn bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.bytes.len()).sum()
    }

    fn join(self) -> Whole {
        let total = self.total.unwrap_or_default() as usize;
        let mut payload = Vec::with_capacity(total);
        let mut places = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            places.push(Place {
                start: u64::from(piece.start),
                frame: piece.frame,
                offset: piece.offset,
            });
            payload.extend_from_slice(&piece.bytes);
        }
        payload.truncate(total);
        Whole { payload, places, frames: self.seen, wire_bytes: self.wire_bytes }
    }
}

/// Largest payload of an IP datagram, in bytes.
const DATAGRAM_BYTES_MAX: usize = 65_535;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reader::Reader;

    fn packet(bytes: &[u8]) -> IpPacket<'_> {
        IpPacket {
            source: 1,
            destination: 2,
            protocol: 17,
            hops: 64,
            id: 0,
            fragment: None,
            payload: Reader::new(bytes),
            missing: 0,
        }
    }

    fn seen(frame: u64) -> Seen {
        Seen { time: frame.cast_signed(), frame, wire_bytes: 60 }
    }

    proptest! {
        /// Any cut, any order, any repetition: the same datagram.
        #[test]
        fn joins_what_was_cut(
            length in 1usize..4000,
            cuts in prop::collection::vec(1usize..60, 1..40),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..80),
        ) {
            let whole: Vec<u8> = (0..length).map(|at| ((at * 31) >> 3) as u8).collect();
            let mut parts = Vec::new();
            let mut at = 0;
            for cut in cuts {
                let end = (at + cut * 8).min(length);
                parts.push((at, end));
                at = end;
                if at == length { break; }
            }
            if at < length { parts.push((at, length)); }
            let shuffled = order.iter().map(|index| index.index(parts.len()));
            let sequence: Vec<usize> = shuffled.chain(0..parts.len()).collect();
            let mut fragments = Fragments::new(1 << 20);
            let mut joined = None;
            for (frame, part) in sequence.into_iter().enumerate() {
                let (start, end) = parts[part];
                let fragment = Fragment { id: 7, offset: start as u32, more: end < length };
                let packet = packet(&whole[start..end]);
                if let Step::Whole(done) = fragments.add(&packet, fragment, 0, seen(frame as u64)) {
                    joined = Some(done);
                    break;
                }
            }
            prop_assert_eq!(joined.map(|whole| whole.payload), Some(whole));
            prop_assert_eq!(fragments.bytes, 0);
        }
    }

    #[test]
    fn first_fragment_wins_an_overlap() {
        let mut fragments = Fragments::new(1 << 20);
        let mut add = |offset, more, bytes: &[u8]| {
            fragments.add(&packet(bytes), Fragment { id: 7, offset, more }, 0, seen(1))
        };
        assert_eq!(add(8, true, &[2; 16]), Step::Kept);
        assert_eq!(add(24, false, &[4; 4]), Step::Kept);
        let Step::Whole(whole) = add(0, true, &[1; 16]) else { panic!("still not whole") };
        assert_eq!(whole.payload, [[1; 8].as_slice(), &[2; 16], &[4; 4]].concat());
        assert_eq!(fragments.overlaps, 1);
    }

    #[test]
    fn memory_is_bounded_and_losses_are_counted() {
        let mut fragments = Fragments::new(10_000);
        for id in 0..5000 {
            let fragment = Fragment { id, offset: 8, more: true };
            let packet = packet(&[0; 800]);
            assert_eq!(fragments.add(&packet, fragment, 0, seen(1)), Step::Kept);
            assert!(fragments.bytes <= 10_000);
        }
        fragments.abandon_all();
        assert_eq!((fragments.abandoned, fragments.bytes), (5000, 0));
    }

    #[test]
    fn old_datagrams_are_given_up() {
        let mut fragments = Fragments::new(10_000);
        let first = Fragment { id: 1, offset: 0, more: true };
        let last = Fragment { id: 1, offset: 8, more: false };
        fragments.add(&packet(&[0; 8]), first, 0, seen(1));
        let late = Seen { time: FRAGMENT_WAIT_MICROS + 2, frame: 2, wire_bytes: 60 };
        assert_eq!(fragments.add(&packet(&[0; 8]), last, 0, late), Step::Kept);
        assert_eq!(fragments.abandoned, 1);
    }
}
