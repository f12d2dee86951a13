//! One direction of a connection, put back in order.
//!
//! Source: RFC 9293 sections 3.4 (sequence numbers are a circle) and 3.10.7.4 (acceptance).
//! Input:  segments in the order of the capture: late, twice, overlapping, or not at all.
//! Output: each byte of the stream once and in order, by its 64-bit offset; what never came is a
//!         gap. Where segments overlap, the first one captured wins.
//! Limits: [`HOLE_SEGMENTS_MAX`] segments and [`HOLE_BYTES_MAX`] bytes wait behind a hole, for at
//!         most [`HOLE_PACKETS_MAX`] packets.
//!
//! Bytes in order are never copied here: [`Half::accept`] answers which part of the segment is
//! next. Only what came early is kept.

use crate::limits::{
    HOLE_ACKNOWLEDGED_PACKETS_MAX, HOLE_BYTES_MAX, HOLE_PACKETS_MAX, HOLE_SEGMENTS_MAX,
};
use crate::place::Place;

/// The bytes that one side sent.
#[derive(Debug, Default)]
pub(crate) struct Half {
    /// Sequence number of stream offset 0.
    origin: Option<u32>,
    /// Offset of the next byte in order.
    next: u64,
    /// Bytes before this offset are of no interest to anybody.
    wanted: u64,
    /// What came early, sorted by start, not overlapping.
    early: Vec<Early>,
    early_bytes: usize,
    /// Furthest offset that the receiver acknowledged.
    acknowledged: u64,
    /// Packets of the connection since the hole appeared.
    hole_packets: u16,
}

/// A piece that came before its turn.
#[derive(Debug)]
pub(crate) struct Early {
    pub(crate) start: u64,
    pub(crate) bytes: Vec<u8>,
    /// Bytes that the capture cut off behind it.
    pub(crate) missing: u32,
    pub(crate) place: Place,
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Accepted {
    /// Its bytes from `skip` on are next, and start at `start` in the stream.
    Next { skip: usize, start: u64 },
    /// It came early and was kept; `consistent` is false where it contradicts what was kept.
    Early { consistent: bool },
    /// All of it was there before, or nobody wants it.
    Old,
    /// It lies further off than any window reaches.
    Elsewhere,
}

impl Half {
    /// Says that offset 0 of the stream has this sequence number, unless that is known.
    pub(crate) fn begin(&mut self, sequence: u32) {
        self.origin.get_or_insert(sequence);
    }

    /// Takes one segment with payload.
    pub(crate) fn accept(
        &mut self,
        sequence: u32,
        bytes: &[u8],
        missing: u32,
        place: Place,
    ) -> Accepted {
        let Some(offset) = self.offset(sequence) else { return Accepted::Elsewhere };
        let length = bytes.len() as u64 + u64::from(missing);
        let end = offset.saturating_add_unsigned(length);
        let (Ok(end), floor) = (u64::try_from(end), self.floor()) else { return Accepted::Old };
        if end <= self.next {
            return Accepted::Old;
        }
        let from = floor.min(end);
        let skip = from.cast_signed().saturating_sub(offset);
        let Ok(skip) = usize::try_from(skip) else {
            return self.keep_early(offset.cast_unsigned(), bytes, missing, place);
        };
        // A hole in what nobody wants is no loss.
        self.next = end;
        if skip >= bytes.len() && missing == 0 {
            return Accepted::Old;
        }
        Accepted::Next { skip: skip.min(bytes.len()), start: from }
    }

    /// The next piece that is in order now, with what of it was not seen before.
    pub(crate) fn ready(&mut self) -> Option<(Early, usize)> {
        loop {
            let floor = self.floor();
            if self.early.first()?.start > floor {
                return None;
            }
            let piece = self.early.remove(0);
            self.early_bytes = self.early_bytes.saturating_sub(piece.bytes.len());
            self.hole_packets = 0;
            let skip = floor.saturating_sub(piece.start).min(piece.bytes.len() as u64) as usize;
            let end = piece.start + piece.bytes.len() as u64 + u64::from(piece.missing);
            if end > floor {
                self.next = end;
                return Some((piece, skip));
            }
        }
    }

    /// Notes what the receiver acknowledged.
    pub(crate) fn acknowledge(&mut self, sequence: u32) {
        if let Some(offset) = self.offset(sequence)
            && offset > 0
        {
            self.acknowledged = self.acknowledged.max(offset.cast_unsigned());
        }
    }

    /// Notes that another packet of the connection went by, and gives a hole up that has been
    /// waited for long enough. Answers the number of bytes lost.
    pub(crate) fn overdue(&mut self) -> Option<u64> {
        let first = self.early.first()?.start;
        self.hole_packets = self.hole_packets.saturating_add(1);
        let acknowledged = self.acknowledged >= first;
        let patience = if acknowledged { HOLE_ACKNOWLEDGED_PACKETS_MAX } else { HOLE_PACKETS_MAX };
        let full = self.early.len() > HOLE_SEGMENTS_MAX || self.early_bytes > HOLE_BYTES_MAX;
        if full || self.hole_packets > patience { self.give_up() } else { None }
    }

    /// Gives the hole up that the next byte in order lies in; answers the number of bytes lost.
    pub(crate) fn give_up(&mut self) -> Option<u64> {
        let first = self.early.first()?.start;
        let lost = first.checked_sub(self.floor()).filter(|lost| *lost > 0)?;
        self.next = first;
        self.hole_packets = 0;
        Some(lost)
    }

    /// Says that nobody wants the bytes before `offset`.
    pub(crate) fn skip_to(&mut self, offset: u64) {
        self.wanted = self.wanted.max(offset);
    }

    /// Says that nobody wants the next `count` bytes.
    pub(crate) fn skip_ahead(&mut self, count: u64) {
        self.skip_to(self.floor().saturating_add(count));
    }

    /// Bytes kept.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.early_bytes
    }

    /// Offset of the next byte that anybody wants.
    #[inline]
    fn floor(&self) -> u64 {
        self.next.max(self.wanted)
    }

    /// Offset of a sequence number: the one nearest to the next byte; the numbers are a circle.
    #[inline]
    fn offset(&self, sequence: u32) -> Option<i64> {
        let expected = self.origin?.wrapping_add(self.next as u32);
        let distance = i64::from(sequence.wrapping_sub(expected).cast_signed());
        (distance.abs() <= WINDOW_BYTES_MAX)
            .then_some(self.next.cast_signed().saturating_add(distance))
    }

    fn keep_early(&mut self, start: u64, bytes: &[u8], missing: u32, place: Place) -> Accepted {
        let end = start + bytes.len() as u64;
        let (mut at, mut consistent) = (start, true);
        let mut fresh: Vec<(u64, u64)> = Vec::new();
        for piece in &self.early {
            let piece_end = piece.start + piece.bytes.len() as u64;
            if piece_end <= at {
                continue;
            }
            if piece.start >= end {
                break;
            }
            if piece.start > at {
                fresh.push((at, piece.start));
            }
            consistent &= agrees(piece, start, bytes);
            at = piece_end.min(end);
        }
        if at < end || (bytes.is_empty() && missing > 0) {
            fresh.push((at, end));
        }
        for (from, to) in fresh {
            let into = from - start;
            let slice = bytes.get(into as usize..(to - start) as usize).unwrap_or_default();
            let place =
                Place { start: from, offset: place.offset.saturating_add(into as u32), ..place };
            let missing = if to == end { missing } else { 0 };
            let at = self.early.partition_point(|piece| piece.start < from);
            self.early.insert(at, Early { start: from, bytes: slice.to_vec(), missing, place });
            self.early_bytes += slice.len();
        }
        Accepted::Early { consistent }
    }
}

/// True where the bytes that both have are the same.
fn agrees(piece: &Early, start: u64, bytes: &[u8]) -> bool {
    let from = piece.start.max(start);
    let to = (piece.start + piece.bytes.len() as u64).min(start + bytes.len() as u64);
    from >= to || part(&piece.bytes, piece.start, from, to) == part(bytes, start, from, to)
}

/// The bytes `from..to` of a stream, out of `all`, which starts at `start` in it.
fn part(all: &[u8], start: u64, from: u64, to: u64) -> Option<&[u8]> {
    all.get((from - start) as usize..(to - start) as usize)
}

/// Largest window (RFC 7323 section 2.3), in bytes: a segment further off is not of this stream.
const WINDOW_BYTES_MAX: i64 = 1 << 30;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reader of the stream that keeps everything: each byte, or nothing where it was lost.
    #[derive(Default)]
    struct Heard {
        bytes: Vec<Option<u8>>,
    }

    impl Heard {
        fn segment(&mut self, half: &mut Half, sequence: u32, bytes: &[u8]) {
            let place = Place { start: 0, frame: 1, offset: 0 };
            if let Accepted::Next { skip, start } = half.accept(sequence, bytes, 0, place) {
                assert_eq!(start, self.bytes.len() as u64, "bytes come in order");
                self.bytes.extend(bytes[skip..].iter().copied().map(Some));
            }
            self.drain(half);
            while let Some(lost) = half.overdue() {
                self.lose(half, lost);
            }
        }

        fn drain(&mut self, half: &mut Half) {
            while let Some((piece, skip)) = half.ready() {
                assert_eq!(piece.start + skip as u64, self.bytes.len() as u64);
                self.bytes.extend(piece.bytes[skip..].iter().copied().map(Some));
            }
        }

        fn lose(&mut self, half: &mut Half, lost: u64) {
            self.bytes.extend((0..lost).map(|_| None));
            self.drain(half);
        }

        fn end(mut self, half: &mut Half) -> Vec<Option<u8>> {
            while let Some(lost) = half.give_up() {
                self.lose(half, lost);
            }
            self.bytes
        }
    }

    fn stream(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at.wrapping_mul(2_654_435_761) >> 7) as u8).collect()
    }

    proptest! {
        /// Cut anywhere, overlapping, repeated, swapped over a short distance: the stream comes
        /// out whole, wherever on the circle of sequence numbers it starts.
        #[test]
        fn puts_the_stream_back_together(
            length in 1usize..3000,
            origin in prop_oneof![any::<u32>(), (u32::MAX - 3000)..=u32::MAX],
            pieces in prop::collection::vec((0usize..3000, 1usize..200), 0..60),
            swaps in prop::collection::vec((0usize..100, 1usize..6), 0..20),
        ) {
            let whole = stream(length);
            let mut parts: Vec<(usize, usize)> = pieces
                .into_iter()
                .filter(|(start, _)| *start < length)
                .map(|(start, size)| (start, (start + size).min(length)))
                .chain((0..length).step_by(100).map(|start| (start, (start + 100).min(length))))
                .collect();
            parts.sort_unstable();
            for (at, distance) in swaps {
                if at + distance < parts.len() {
                    parts.swap(at, at + distance);
                }
            }
            let (mut half, mut heard) = (Half::default(), Heard::default());
            half.begin(origin);
            for (start, end) in parts {
                let sequence = origin.wrapping_add(start as u32);
                heard.segment(&mut half, sequence, &whole[start..end]);
            }
            let got = heard.end(&mut half);
            prop_assert_eq!(got, whole.into_iter().map(Some).collect::<Vec<_>>());
            prop_assert_eq!(half.kept_bytes(), 0);
        }

        /// With segments lost and any order, every byte that comes out is the right one, and
        /// the memory stays bounded.
        #[test]
        fn never_makes_a_byte_up(
            origin in any::<u32>(),
            order in prop::collection::vec((0usize..20_000, 1usize..1500), 0..300),
        ) {
            let whole = stream(22_000);
            let (mut half, mut heard) = (Half::default(), Heard::default());
            half.begin(origin);
            for (start, size) in order {
                let sequence = origin.wrapping_add(start as u32);
                heard.segment(&mut half, sequence, &whole[start..start + size]);
                prop_assert!(half.early.len() <= HOLE_SEGMENTS_MAX + 2);
            }
            for (at, byte) in heard.end(&mut half).into_iter().enumerate() {
                prop_assert!(byte.is_none() || byte == Some(whole[at]), "byte {}", at);
            }
        }

        /// What is skipped is neither kept nor missed.
        #[test]
        fn a_skipped_hole_is_no_loss(lost in 0usize..10) {
            let whole = stream(1000);
            let mut half = Half::default();
            half.begin(0);
            half.skip_to(900);
            let place = Place { start: 0, frame: 1, offset: 0 };
            for part in (0..9).filter(|part| *part != lost) {
                let bytes = &whole[part * 100..][..100];
                half.accept((part * 100) as u32, bytes, 0, place);
                prop_assert_eq!(half.kept_bytes(), 0);
            }
            let last = half.accept(900, &whole[900..], 0, place);
            prop_assert_eq!(last, Accepted::Next { skip: 0, start: 900 });
        }
    }

    #[test]
    fn an_early_contradiction_is_noticed_and_the_first_wins() {
        let mut half = Half::default();
        half.begin(0);
        let place = Place { start: 0, frame: 1, offset: 0 };
        assert_eq!(half.accept(4, b"evil", 0, place), Accepted::Early { consistent: true });
        assert_eq!(half.accept(4, b"evil", 0, place), Accepted::Early { consistent: true });
        assert_eq!(half.accept(6, b"good", 0, place), Accepted::Early { consistent: false });
        assert_eq!(half.accept(0, b"abcd", 0, place), Accepted::Next { skip: 0, start: 0 });
        let bytes: Vec<u8> = std::iter::from_fn(|| half.ready())
            .flat_map(|(piece, skip)| piece.bytes[skip..].to_vec())
            .collect();
        assert_eq!(bytes, b"evilod");
    }

    #[test]
    fn an_acknowledged_hole_is_given_up_soon() {
        let mut half = Half::default();
        half.begin(0);
        let place = Place { start: 0, frame: 1, offset: 0 };
        half.accept(100, b"later", 0, place);
        half.acknowledge(105);
        let waited = (0..1000).find(|_| half.overdue() == Some(100)).unwrap();
        assert_eq!(waited, i32::from(HOLE_ACKNOWLEDGED_PACKETS_MAX));
    }
}
