//! gzip and zstd, found by their first bytes.
//!
//! Source: RFC 1952 (gzip), RFC 8878 (zstd).
//! Limits: [`EXPANSION_MAX`] times the compressed size, once [`EXPANSION_FREE_BYTES`] came out.
//!         Decompressed bytes pass through one buffer, so a long capture costs no memory.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder;

use crate::CaptureError;

/// How a capture is compressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Compression {
    /// gzip, one member or several.
    Gzip,
    /// zstd, one frame or several.
    Zstd,
}

impl Compression {
    pub(crate) fn of(first: &[u8]) -> Option<Self> {
        match first {
            [0x1f, 0x8b, 0x08, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The first four decompressed bytes, as far as `first` holds them.
    pub(crate) fn first_four(self, first: &[u8]) -> Option<[u8; 4]> {
        let mut start = [0; 4];
        self.over(Cursor::new(first)).ok()?.read_exact(&mut start).ok()?;
        Some(start)
    }

    fn over<'a>(self, reader: impl BufRead + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(reader)),
            Self::Zstd => {
                let mut decoder = Decoder::with_buffer(reader)?;
                decoder.window_log_max(WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
        })
    }
}

/// A stream of plain bytes, whatever it was before.
pub(crate) struct Plain {
    reader: Box<dyn Read + Send>,
    /// Compressed bytes read so far; absent where nothing is compressed.
    compressed: Option<Arc<AtomicU64>>,
}

impl Plain {
    #[inline]
    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.reader.read(into)
    }

    pub(crate) const fn is_compressed(&self) -> bool {
        self.compressed.is_some()
    }

    /// True where `plain` bytes are more than an honest file gives.
    pub(crate) fn expands(&self, plain: u64) -> bool {
        let Some(compressed) = &self.compressed else { return false };
        let compressed = compressed.load(Ordering::Relaxed);
        plain > EXPANSION_FREE_BYTES && plain / EXPANSION_MAX > compressed
    }
}

/// Looks at the first bytes and decompresses if they say so.
pub(crate) fn plain(mut reader: Box<dyn Read + Send>, name: &str) -> Result<Plain, CaptureError> {
    let failed = |source| CaptureError::Read { path: name.to_owned(), offset_bytes: 0, source };
    let mut first = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut first).map_err(failed)?;
    let compression = Compression::of(&first);
    let whole = Cursor::new(first).chain(reader);
    let Some(compression) = compression else {
        return Ok(Plain { reader: Box::new(whole), compressed: None });
    };
    let count = Arc::new(AtomicU64::new(0));
    let counted = Counted { reader: whole, count: Arc::clone(&count) };
    let buffered = BufReader::with_capacity(COMPRESSED_BUFFER_BYTES, counted);
    let reader = compression.over(buffered).map_err(failed)?;
    Ok(Plain { reader, compressed: Some(count) })
}

/// Counts what passes through.
struct Counted<R> {
    reader: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// How many times its size a compressed capture may give. Real traffic gives 2 to 20 times, one
/// packet repeated for ever some 200; gzip of zeros gives 1030.
pub const EXPANSION_MAX: u64 = 400;

/// Decompressed bytes that are free, since small files of one repeated packet are honest.
pub const EXPANSION_FREE_BYTES: u64 = 64 * 1024 * 1024;

/// Largest zstd window, as a power of two, in bytes: what `zstd` itself takes by default.
const WINDOW_LOG_MAX: u32 = 27;

const COMPRESSED_BUFFER_BYTES: usize = 64 * 1024;
