//! A buffer over a stream: bounded, and the bytes in it can be lent.

use std::io::ErrorKind;

use super::RECORD_BYTES_MAX;
use super::compression::Plain;
use crate::CaptureError;

/// The part of a stream that is in memory.
pub(crate) struct Bytes {
    source: Plain,
    name: String,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the stream of `buffer[0]`.
    base: u64,
    over: bool,
    /// True where a compressed stream ended before its own end.
    pub(crate) cut: bool,
    /// Frames so far, for messages.
    pub(crate) frames: u64,
}

impl Bytes {
    pub(crate) fn new(source: Plain, name: &str) -> Self {
        Self {
            source,
            name: name.to_owned(),
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            base: 0,
            over: false,
            cut: false,
            frames: 0,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// True once `count` bytes are there; false where the stream ends before.
    #[inline]
    pub(crate) fn fill(&mut self, count: usize) -> Result<bool, CaptureError> {
        if self.end - self.start >= count { Ok(true) } else { self.refill(count) }
    }

    /// The next `N` bytes, without moving, as far as they are there.
    #[inline]
    pub(crate) fn peek<const N: usize>(&self) -> Option<[u8; N]> {
        self.rest().first_chunk().copied()
    }

    /// Everything that is there.
    #[inline]
    pub(crate) fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Moves past `count` bytes that are there.
    #[inline]
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Moves past `count` bytes and `trailer` more, and lends the first part.
    #[inline]
    pub(crate) fn lend(&mut self, count: usize, trailer: usize) -> &[u8] {
        let from = self.start;
        self.consume(count + trailer);
        self.buffer.get(from..from + count).unwrap_or_default()
    }

    /// Moves past `count` bytes, however many; false where the stream ends before.
    pub(crate) fn skip(&mut self, mut count: u64) -> Result<bool, CaptureError> {
        loop {
            let here = (self.end - self.start) as u64;
            if count <= here {
                self.consume(count as usize);
                return Ok(true);
            }
            count -= here;
            self.consume(here as usize);
            if !self.fill(1)? {
                return Ok(false);
            }
        }
    }

    /// Offset in the stream of the next byte.
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Offset in the stream of the last byte there.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.end as u64
    }

    /// The error of a damaged place here.
    pub(crate) fn damaged(&self, reason: &'static str) -> CaptureError {
        CaptureError::Damaged {
            path: self.name.clone(),
            offset_bytes: self.offset(),
            frames: self.frames,
            reason,
        }
    }

    #[cold]
    fn refill(&mut self, count: usize) -> Result<bool, CaptureError> {
        if count > RECORD_BYTES_MAX {
            return Err(self.damaged("a record longer than any that is read"));
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.base += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < count {
            self.buffer.resize(count.next_power_of_two(), 0);
        }
        while self.end < count && !self.over {
            let Some(free) = self.buffer.get_mut(self.end..) else { break };
            match self.source.read(free) {
                Ok(0) => self.over = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return self.failed(error),
            }
            if self.source.expands(self.end()) {
                return Err(self.bomb());
            }
        }
        Ok(self.end >= count)
    }

    /// A compressed stream that was cut off ends here; other failures are errors.
    fn failed(&mut self, error: std::io::Error) -> Result<bool, CaptureError> {
        if error.kind() == ErrorKind::UnexpectedEof {
            (self.over, self.cut) = (true, true);
            return Ok(false);
        }
        if self.source.is_compressed() && error.raw_os_error().is_none() {
            return Err(CaptureError::Damaged {
                path: self.name.clone(),
                offset_bytes: self.end(),
                frames: self.frames,
                reason: "the compressed data is corrupt",
            });
        }
        Err(CaptureError::Read { path: self.name.clone(), offset_bytes: self.end(), source: error })
    }

    fn bomb(&self) -> CaptureError {
        CaptureError::Expands {
            path: self.name.clone(),
            offset_bytes: self.end(),
            frames: self.frames,
            times: super::compression::EXPANSION_MAX,
        }
    }
}

/// Read at once, in bytes: few calls, and the buffer still fits the processor's cache.
const BUFFER_BYTES: usize = 256 * 1024;
