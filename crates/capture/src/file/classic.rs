//! The pcap format.
//!
//! Source: draft-ietf-opsawg-pcap (file and record header); the "modified" variant of
//!         Alexey Kuznetzov has eight more bytes in each record header.

use model::Timestamp;

use super::bytes::Bytes;
use super::{Next, Record};
use crate::CaptureError;

/// What the first four bytes of a file tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Kind {
    big_endian: bool,
    nanoseconds: bool,
    modified: bool,
}

impl Kind {
    pub(crate) fn of(start: [u8; 4]) -> Option<Self> {
        let (big, little) = (u32::from_be_bytes(start), u32::from_le_bytes(start));
        let (big_endian, magic) = if MAGICS.contains(&big) { (true, big) } else { (false, little) };
        MAGICS.contains(&magic).then_some(Self {
            big_endian,
            nanoseconds: magic == NANOSECONDS,
            modified: magic == MODIFIED,
        })
    }

    #[inline]
    fn number(self, octets: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
    }
}

/// Reads the records of a file.
pub(crate) struct Classic {
    kind: Kind,
    link: u32,
    captured_max: usize,
}

impl Classic {
    /// Reads the file header.
    pub(crate) fn open(bytes: &mut Bytes) -> Result<Self, CaptureError> {
        let header = if bytes.fill(HEADER_BYTES)? { bytes.peek::<HEADER_BYTES>() } else { None };
        let damaged = || bytes.damaged("the file ends inside its header");
        let header = header.ok_or_else(damaged)?;
        let [m0, m1, m2, m3, .., s0, s1, s2, s3, l0, l1, l2, l3] = header;
        let kind = Kind::of([m0, m1, m2, m3]).ok_or_else(damaged)?;
        let snapshot = kind.number([s0, s1, s2, s3]) as usize;
        let captured_max = snapshot.clamp(SNAPSHOT_BYTES_MIN, super::RECORD_BYTES_MAX - 64);
        bytes.consume(HEADER_BYTES);
        // The upper half holds the length of a frame check sequence.
        let link = kind.number([l0, l1, l2, l3]) & 0xffff;
        Ok(Self { kind, link, captured_max })
    }

    /// Reads the next record's header.
    #[expect(clippy::many_single_char_names, reason = "octets of a header, in wire order")]
    #[inline]
    pub(crate) fn next(&mut self, bytes: &mut Bytes) -> Result<Next, CaptureError> {
        let header_bytes = if self.kind.modified { 24 } else { 16 };
        if !bytes.fill(header_bytes)? {
            return Ok(if bytes.rest().is_empty() { Next::End } else { Next::Cut });
        }
        let Some(header) = bytes.peek::<16>() else { return Ok(Next::Cut) };
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = header;
        let kind = self.kind;
        let seconds = i64::from(kind.number([a, b, c, d]));
        let fraction = i64::from(kind.number([e, f, g, h]));
        let captured = kind.number([i, j, k, l]) as usize;
        if captured > self.captured_max {
            return Err(bytes.damaged("a record longer than the file's own bound"));
        }
        if !bytes.fill(header_bytes + captured)? {
            return Ok(Next::Cut);
        }
        bytes.consume(header_bytes);
        let micros = if kind.nanoseconds { fraction / 1000 } else { fraction };
        Ok(Next::Record(Record {
            time: Timestamp::from_micros(seconds * 1_000_000 + micros),
            link: self.link,
            captured,
            original: kind.number([m, n, o, p]).max(captured as u32),
            trailer: 0,
        }))
    }
}

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
const MODIFIED: u32 = 0xa1b2_cd34;
const MAGICS: [u32; 3] = [MICROSECONDS, NANOSECONDS, MODIFIED];
const HEADER_BYTES: usize = 24;

/// Records up to this length are read whatever the header says, in bytes: some writers state a
/// smaller bound than they keep, and this is what tcpdump keeps at most.
const SNAPSHOT_BYTES_MIN: usize = 262_144;
