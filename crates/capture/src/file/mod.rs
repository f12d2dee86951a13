//! Capture files and streams.

mod bytes;
mod classic;
pub(crate) mod compression;
mod next_generation;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use model::{Answerable, Skip, Timestamp};

use crate::{CaptureError, Frame};
use bytes::Bytes;
use classic::Classic;
use compression::Compression;
use next_generation::NextGeneration;

/// Which of the two formats a capture has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// libpcap's format of 1998.
    Pcap,
    /// pcapng.
    PcapNg,
}

/// What the first bytes of a file show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sniffed {
    /// How the capture is compressed, if it is.
    pub compression: Option<Compression>,
    /// Its format.
    pub format: Format,
}

/// Says whether a file that starts with `first` is a capture. A few hundred bytes are enough,
/// for a compressed file too.
pub fn sniff(first: &[u8]) -> Option<Sniffed> {
    let compression = Compression::of(first);
    let start = match compression {
        Some(compression) => compression.first_four(first)?,
        None => *first.first_chunk::<4>()?,
    };
    Some(Sniffed { compression, format: Format::of(start)? })
}

/// Opens a capture file; `-` is standard input.
pub fn open(path: &Path) -> Result<CaptureReader, CaptureError> {
    let name = path.display().to_string();
    if path == Path::new("-") {
        return from_reader(Box::new(std::io::stdin()), &name);
    }
    match File::open(path) {
        Ok(file) => from_reader(Box::new(file), &name),
        Err(source) => Err(CaptureError::Open { path: name, source }),
    }
}

/// Reads a capture from any stream; `name` is what messages call it.
pub fn from_reader(
    reader: Box<dyn Read + Send>,
    name: &str,
) -> Result<CaptureReader, CaptureError> {
    let mut bytes = Bytes::new(compression::plain(reader, name)?, name);
    let start = bytes.fill(4)?.then(|| bytes.peek::<4>()).flatten();
    let not = |reason| CaptureError::NotACapture { path: name.to_owned(), reason };
    let start = start.ok_or_else(|| not("shorter than four bytes"))?;
    let records = match Format::of(start) {
        Some(Format::Pcap) => Records::Classic(Classic::open(&mut bytes)?),
        Some(Format::PcapNg) => Records::NextGeneration(NextGeneration::default()),
        None => return Err(not("its first four bytes are unknown")),
    };
    Ok(CaptureReader { bytes, records, state: State::Open, frames: 0, skips: Vec::new() })
}

/// Reads a capture, frame by frame.
pub struct CaptureReader {
    bytes: Bytes,
    records: Records,
    state: State,
    frames: u64,
    skips: Vec<Skip>,
}

enum Records {
    Classic(Classic),
    NextGeneration(NextGeneration),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Open,
    Ended,
}

/// What a format's reader found: a frame of so many bytes at the front of the buffer.
struct Record {
    time: Timestamp,
    link: u32,
    captured: usize,
    original: u32,
    /// Bytes of the record behind the frame.
    trailer: usize,
}

/// What comes next in a file.
enum Next {
    Record(Record),
    /// Nothing; the file ends where a record does.
    End,
    /// The file ends inside a record.
    Cut,
}

impl CaptureReader {
    /// The next frame; nothing at the end.
    ///
    /// # Errors
    ///
    /// Fails where the file is damaged or cannot be read on; after that there is no next frame.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CaptureError> {
        if self.state == State::Ended {
            return Ok(None);
        }
        let next = match &mut self.records {
            Records::Classic(classic) => classic.next(&mut self.bytes),
            Records::NextGeneration(blocks) => blocks.next(&mut self.bytes),
        };
        match next {
            Ok(Next::Record(record)) => {
                self.frames += 1;
                self.bytes.frames = self.frames;
                Ok(Some(Frame {
                    number: self.frames,
                    time: record.time,
                    link: record.link,
                    bytes: self.bytes.lend(record.captured, record.trailer),
                    original_bytes: record.original,
                }))
            }
            Ok(next) => {
                self.state = State::Ended;
                if matches!(next, Next::Cut) || self.bytes.cut {
                    self.note_cut();
                }
                Ok(None)
            }
            Err(error) => {
                self.state = State::Ended;
                Err(error)
            }
        }
    }

    /// Parts of the file that were not used so far.
    pub fn skips(&self) -> &[Skip] {
        &self.skips
    }

    /// Frames read so far.
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    fn note_cut(&mut self) {
        self.skips.push(Skip {
            path: self.bytes.name().to_owned(),
            place: format!("frame {}", self.frames + 1),
            reason: format!("the file ends inside this record, at byte {}", self.bytes.end()),
            answerable: Answerable::Capture,
        });
    }
}

impl Format {
    fn of(start: [u8; 4]) -> Option<Self> {
        if start == next_generation::SECTION_TYPE.to_be_bytes() {
            return Some(Self::PcapNg);
        }
        classic::Kind::of(start).map(|_| Self::Pcap)
    }
}

/// Longest record read, in bytes. Wireshark reads blocks up to the same bound.
pub const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;
