//! The pcapng format.
//!
//! Source: draft-ietf-opsawg-pcapng sections 3 (blocks, options) and 4 (block types).
//! Limits: [`INTERFACES_MAX`] interfaces in a section.

use model::Timestamp;

use super::bytes::Bytes;
use super::{Next, Record};
use crate::CaptureError;

/// Reads the blocks of a file.
#[derive(Default)]
pub(crate) struct NextGeneration {
    big_endian: bool,
    /// Of the section that is being read.
    interfaces: Vec<Interface>,
    /// Time of the last frame, for those that carry none.
    last: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: u32,
    snapshot: u32,
    unit: Unit,
    offset_seconds: i64,
}

/// What one tick of a time is.
#[derive(Clone, Copy, Debug)]
enum Unit {
    /// This many microseconds.
    Micros(u64),
    /// This many to a microsecond.
    PerMicro(u64),
    /// A second divided by this power of two.
    Binary(u32),
}

impl NextGeneration {
    /// Reads on to the next block that holds a frame.
    #[expect(clippy::many_single_char_names, reason = "octets of a header, in wire order")]
    pub(crate) fn next(&mut self, bytes: &mut Bytes) -> Result<Next, CaptureError> {
        loop {
            if !bytes.fill(12)? {
                return Ok(if bytes.rest().is_empty() { Next::End } else { Next::Cut });
            }
            let Some(header) = bytes.peek::<12>() else { return Ok(Next::Cut) };
            let [a, b, c, d, e, f, g, h, i, j, k, l] = header;
            if [a, b, c, d] == SECTION_TYPE.to_be_bytes() {
                self.big_endian = match u32::from_be_bytes([i, j, k, l]) {
                    BYTE_ORDER => true,
                    other if other.swap_bytes() == BYTE_ORDER => false,
                    _ => return Err(bytes.damaged("a section in no known byte order")),
                };
                self.interfaces.clear();
            }
            let kind = self.u32([a, b, c, d]);
            let length = self.u32([e, f, g, h]) as usize;
            if length < 12 || !length.is_multiple_of(4) {
                return Err(bytes.damaged("a block of a length that cannot be"));
            }
            if !matches!(kind, INTERFACE | ENHANCED | SIMPLE | PACKET) {
                if !bytes.skip(length as u64)? {
                    return Ok(Next::Cut);
                }
                continue;
            }
            if !bytes.fill(length)? {
                return Ok(Next::Cut);
            }
            if let Some(record) = self.block(kind, length, bytes)? {
                return Ok(Next::Record(record));
            }
        }
    }

    /// Reads a block that lies whole in the buffer.
    fn block(
        &mut self,
        kind: u32,
        length: usize,
        bytes: &mut Bytes,
    ) -> Result<Option<Record>, CaptureError> {
        let block = bytes.rest().get(..length).unwrap_or_default();
        let trailing = block.last_chunk::<4>().copied().unwrap_or_default();
        if self.u32(trailing) as usize != length {
            return Err(bytes.damaged("a block whose two lengths differ"));
        }
        let body = block.get(8..length - 4).unwrap_or_default();
        if kind == INTERFACE {
            let interface = self.interface(body);
            let interface =
                interface.ok_or_else(|| bytes.damaged("an interface block too short"))?;
            if self.interfaces.len() >= INTERFACES_MAX {
                return Err(bytes.damaged("more interfaces in a section than are read"));
            }
            self.interfaces.push(interface);
            bytes.consume(length);
            return Ok(None);
        }
        let found = match kind {
            ENHANCED => self.enhanced(body),
            PACKET => self.packet(body),
            _ => self.simple(body),
        };
        let (front, mut record) = found.map_err(|reason| bytes.damaged(reason))?;
        self.last = record.time;
        bytes.consume(8 + front);
        record.trailer = length - 8 - front - record.captured;
        Ok(Some(record))
    }

    #[expect(clippy::many_single_char_names, reason = "octets of a header, in wire order")]
    fn interface(&self, body: &[u8]) -> Option<Interface> {
        let [l0, l1, _, _, s0, s1, s2, s3] = *body.first_chunk::<8>()?;
        let mut interface = Interface {
            link: u32::from(self.u16([l0, l1])),
            snapshot: self.u32([s0, s1, s2, s3]),
            unit: Unit::Micros(1),
            offset_seconds: 0,
        };
        let mut options = body.get(8..).unwrap_or_default();
        while let Some((&[c0, c1, l0, l1], rest)) = options.split_first_chunk::<4>() {
            let length = usize::from(self.u16([l0, l1]));
            let value = rest.get(..length).unwrap_or_default();
            match (self.u16([c0, c1]), value) {
                (0, _) => break,
                (OPTION_RESOLUTION, [resolution, ..]) => interface.unit = Unit::of(*resolution),
                (OPTION_OFFSET, [a, b, c, d, e, f, g, h]) => {
                    let octets = [*a, *b, *c, *d, *e, *f, *g, *h];
                    interface.offset_seconds = if self.big_endian {
                        i64::from_be_bytes(octets)
                    } else {
                        i64::from_le_bytes(octets)
                    };
                }
                _ => {}
            }
            options = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        Some(interface)
    }

    #[inline]
    fn enhanced(&self, body: &[u8]) -> Result<(usize, Record), &'static str> {
        let header = body.first_chunk::<20>().ok_or("a packet block too short")?;
        let [i0, i1, i2, i3, times @ .., c0, c1, c2, c3, o0, o1, o2, o3] = *header;
        let interface = self.u32([i0, i1, i2, i3]);
        let lengths = (self.u32([c0, c1, c2, c3]), self.u32([o0, o1, o2, o3]));
        self.timed(interface, times, lengths, body.len() - 20).map(|record| (20, record))
    }

    /// The obsolete packet block.
    fn packet(&self, body: &[u8]) -> Result<(usize, Record), &'static str> {
        let header = body.first_chunk::<20>().ok_or("a packet block too short")?;
        let [i0, i1, _, _, times @ .., c0, c1, c2, c3, o0, o1, o2, o3] = *header;
        let interface = u32::from(self.u16([i0, i1]));
        let lengths = (self.u32([c0, c1, c2, c3]), self.u32([o0, o1, o2, o3]));
        self.timed(interface, times, lengths, body.len() - 20).map(|record| (20, record))
    }

    /// A packet of the first interface, without a time of its own.
    fn simple(&self, body: &[u8]) -> Result<(usize, Record), &'static str> {
        let header = body.first_chunk::<4>().ok_or("a packet block too short")?;
        let interface = self.interfaces.first().ok_or("a packet of no interface")?;
        let original = self.u32(*header);
        let snapshot = if interface.snapshot == 0 { u32::MAX } else { interface.snapshot };
        let captured = original.min(snapshot) as usize;
        if captured > body.len() - 4 {
            return Err("a packet longer than its block");
        }
        let record =
            Record { time: self.last, link: interface.link, captured, original, trailer: 0 };
        Ok((4, record))
    }

    #[inline]
    fn timed(
        &self,
        interface: u32,
        times: [u8; 8],
        (captured, original): (u32, u32),
        space: usize,
    ) -> Result<Record, &'static str> {
        let [h0, h1, h2, h3, l0, l1, l2, l3] = times;
        let interface =
            self.interfaces.get(interface as usize).ok_or("a packet of no interface")?;
        if captured as usize > space {
            return Err("a packet longer than its block");
        }
        let ticks =
            u64::from(self.u32([h0, h1, h2, h3])) << 32 | u64::from(self.u32([l0, l1, l2, l3]));
        let micros = interface.unit.micros(ticks);
        Ok(Record {
            time: Timestamp::from_micros(micros).plus_seconds(interface.offset_seconds),
            link: interface.link,
            captured: captured as usize,
            original: original.max(captured),
            trailer: 0,
        })
    }

    #[inline]
    fn u32(&self, octets: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
    }

    #[inline]
    fn u16(&self, octets: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(octets) } else { u16::from_le_bytes(octets) }
    }
}

impl Unit {
    /// Reads the option `if_tsresol`.
    fn of(resolution: u8) -> Self {
        let power = u32::from(resolution & 0x7f);
        match (resolution & 0x80, power) {
            (0, 0..=6) => Self::Micros(10u64.pow(6 - power)),
            // Finer than 10^-25 s, every time is 0.
            (0, _) => Self::PerMicro(10u64.checked_pow(power - 6).unwrap_or(u64::MAX)),
            _ => Self::Binary(power),
        }
    }

    #[inline]
    fn micros(self, ticks: u64) -> i64 {
        let micros = match self {
            Self::Micros(count) => ticks.saturating_mul(count),
            Self::PerMicro(count) => ticks / count,
            Self::Binary(power) => {
                let micros = (u128::from(ticks) * 1_000_000).checked_shr(power).unwrap_or(0);
                u64::try_from(micros).unwrap_or(u64::MAX)
            }
        };
        i64::try_from(micros).unwrap_or(i64::MAX)
    }
}

/// Type of the section header block; reads the same in both byte orders.
pub(crate) const SECTION_TYPE: u32 = 0x0a0d_0d0a;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const INTERFACE: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE: u32 = 3;
const ENHANCED: u32 = 6;
const OPTION_RESOLUTION: u16 = 9;
const OPTION_OFFSET: u16 = 14;

/// Interfaces in a section; machines with hundreds exist, more is an attack on our memory.
const INTERFACES_MAX: usize = 4096;
