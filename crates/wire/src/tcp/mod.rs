//! Transmission Control Protocol: headers, order, and who reads the stream.
//!
//! Source: RFC 9293.

pub(crate) mod connection;
pub(crate) mod half;

use crate::reader::Reader;

/// One segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    /// Sequence number of the first payload byte; the one a SYN takes is already counted.
    pub(crate) sequence: u32,
    pub(crate) acknowledgement: Option<u32>,
    pub(crate) flags: Flags,
    pub(crate) payload: Reader<'a>,
    /// Bytes of payload that the capture cut off.
    pub(crate) missing: u32,
}

/// The control bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Flags(u8);

impl Flags {
    pub(crate) fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }

    pub(crate) fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }

    pub(crate) fn reset(self) -> bool {
        self.0 & 0x04 != 0
    }

    pub(crate) fn acknowledges(self) -> bool {
        self.0 & 0x10 != 0
    }
}

/// Reads a header; `missing` bytes of the packet were cut off by the capture.
#[expect(clippy::many_single_char_names, reason = "octets of a header, in wire order")]
#[inline]
pub(crate) fn header(mut reader: Reader<'_>, missing: u32) -> Option<Segment<'_>> {
    let fixed = reader.array::<20>()?;
    let [a, b, c, d, e, f, g, h, i, j, k, l, length, flags, ..] = fixed;
    reader.skip((usize::from(length >> 4) * 4).checked_sub(20)?)?;
    let flags = Flags(flags);
    let sequence = u32::from_be_bytes([e, f, g, h]).wrapping_add(u32::from(flags.syn()));
    Some(Segment {
        source_port: u16::from_be_bytes([a, b]),
        destination_port: u16::from_be_bytes([c, d]),
        sequence,
        acknowledgement: flags.acknowledges().then_some(u32::from_be_bytes([i, j, k, l])),
        flags,
        payload: reader,
        missing,
    })
}
