#![deny(unsafe_code)]
//! Capture files and live interfaces to frames.
//!
//! Input:   pcap and pcapng, plain, gzip or zstd, from a file or a stream; or a Linux interface.
//! Output:  [`Frame`]s, lent one after the other, with the link type's number and a time.
//! Limits:  one buffer of [`RECORD_BYTES_MAX`] at most. A file may be of any length: nothing of
//!          it is kept. A compressed file that grows beyond [`EXPANSION_MAX`] times its size is
//!          refused once it has given [`EXPANSION_FREE_BYTES`].
//! Privacy: frames hold whatever was on the wire; this crate keeps none of them.
//!
//! What can be read before a file turns out to be damaged is read: an error comes at the damaged
//! place, after every frame in front of it. A last record that was cut off ends the file, and is
//! counted in [`CaptureReader::skips`].

mod error;
mod file;
#[cfg(target_os = "linux")]
mod live;

pub use error::CaptureError;
pub use file::compression::{Compression, EXPANSION_FREE_BYTES, EXPANSION_MAX};
pub use file::{CaptureReader, Format, RECORD_BYTES_MAX, Sniffed, from_reader, open, sniff};
#[cfg(target_os = "linux")]
pub use live::{LiveCapture, LiveOptions, LiveStatistics};

use model::Timestamp;

/// One frame, lent until the next is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Frame<'a> {
    /// Number within the capture, from 1.
    pub number: u64,
    /// When it was captured.
    pub time: Timestamp,
    /// What its first byte is, by the registry of link-layer header types.
    pub link: u32,
    /// The bytes that were kept.
    pub bytes: &'a [u8],
    /// Length on the wire, in bytes.
    pub original_bytes: u32,
}
