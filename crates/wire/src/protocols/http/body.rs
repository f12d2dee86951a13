//! Bodies that describe a device: unpacked, told apart, and handed to whoever reads them.
//!
//! Source:  RFC 9112 section 7.1 (chunks); RFC 1952 and RFC 1950 (packing).
//! Input:   one whole body of at most [`XML_BYTES_MAX`].
//! Limits:  [`UNPACKED_BYTES_MAX`] after unpacking, whatever the packed body promises.

use std::io::Read;
use std::ops::Range;

use httparse::Status;
use model::Answerable;

use crate::dissect::Sink;
use crate::protocols::ssdp::description;
use crate::protocols::wsd::soap::{self, Place};

use super::head::Coding;

/// Reads the body that stands at `at`: plain XML in place, packed XML unpacked.
pub(super) fn read(body: &[u8], coding: Coding, at: Range<usize>, sink: &mut dyn Sink) {
    match coding {
        Coding::Plain => document(body, Place::Plain(at.start), sink),
        _ => joined(body, coding, at, sink),
    }
}

/// The same for a body that was joined from chunks, so that ranges in it do not hold.
pub(super) fn joined(body: &[u8], coding: Coding, at: Range<usize>, sink: &mut dyn Sink) {
    let unpacked = match coding {
        Coding::Plain => return document(body, Place::Packed(at), sink),
        Coding::Gzip => unpack(flate2::read::GzDecoder::new(body)),
        Coding::Zlib => unpack(flate2::read::ZlibDecoder::new(body)),
        Coding::Other => Err(("XML in a coding not read", Answerable::Us)),
    };
    match unpacked {
        Ok(body) => document(&body, Place::Packed(at), sink),
        Err((what, answerable)) => sink.odd(super::NAME, what, answerable),
    }
}

fn unpack(decoder: impl Read) -> Result<Vec<u8>, (&'static str, Answerable)> {
    let mut body = Vec::new();
    let read = decoder.take(UNPACKED_BYTES_MAX + 1).read_to_end(&mut body);
    match read {
        Err(_) => Err(("packed body is broken", Answerable::Sender)),
        Ok(count) if count as u64 > UNPACKED_BYTES_MAX => {
            Err(("unpacked body over limit", Answerable::Us))
        }
        Ok(_) => Ok(body),
    }
}

fn document(body: &[u8], place: Place, sink: &mut dyn Sink) {
    let opening = body.get(..OPENING_BYTES).unwrap_or(body);
    let read = if memchr::memmem::find(opening, b"urn:schemas-upnp-org:device-1-0").is_some() {
        description::read(body, place, sink)
    } else if memchr::memmem::find(opening, b"Envelope").is_some() {
        soap::read(body, place, None, sink).map(|_| ())
    } else {
        Ok(())
    };
    if let Err(error) = read {
        let (what, answerable) = error.oddity();
        sink.odd(super::NAME, what, answerable);
    }
}

/// How far the chunks of a body are here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Walk {
    /// The next chunk starts at this offset, and more bytes are needed to get over it.
    Open(usize),
    /// The last chunk ends at this offset; trailers follow.
    End(usize),
}

/// Walks over the chunks of `input`, from the start of one of them.
pub(super) fn walk(input: &[u8], from: usize) -> Result<Walk, httparse::InvalidChunkSize> {
    let mut front = from;
    loop {
        let rest = input.get(front..).unwrap_or_default();
        let Some((head, size)) = chunk(rest)? else { return Ok(Walk::Open(front)) };
        if size == 0 {
            return Ok(Walk::End(front + head));
        }
        match rest.get(head + size..head + size + 2) {
            Some(b"\r\n") => front += head + size + 2,
            Some(_) => return Err(httparse::InvalidChunkSize),
            None => return Ok(Walk::Open(front)),
        }
    }
}

/// The chunks of `input`, joined, as far as they are here.
pub(super) fn join(input: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut rest = input;
    while let Ok(Some((head, size @ 1..))) = chunk(rest) {
        body.extend_from_slice(rest.get(head..head + size).unwrap_or_default());
        rest = rest.get(head + size + 2..).unwrap_or_default();
    }
    body
}

/// Lengths of the head and the content of the chunk at the front of `rest`, if its head is here.
fn chunk(rest: &[u8]) -> Result<Option<(usize, usize)>, httparse::InvalidChunkSize> {
    if rest.first().is_some_and(|byte| !byte.is_ascii_hexdigit()) {
        return Err(httparse::InvalidChunkSize);
    }
    let Status::Complete((head, size)) = httparse::parse_chunk_size(rest)? else {
        return Ok(None);
    };
    let size = usize::try_from(size).ok().filter(|size| *size <= usize::MAX / 4);
    Ok(Some((head, size.ok_or(httparse::InvalidChunkSize)?)))
}

/// Where an XML document without a known length ends: behind the tag that closes its root. The
/// first `seen` bytes were searched before.
pub(super) fn document_end(input: &[u8], seen: usize) -> Option<usize> {
    let from = seen.saturating_sub(CLOSING_TAG_BYTES_MAX);
    memchr::memmem::find_iter(input.get(from..)?, b"</").find_map(|start| {
        let start = from + start;
        let rest = input.get(start..)?;
        let end = memchr::memchr(b'>', rest.get(..CLOSING_TAG_BYTES_MAX).unwrap_or(rest))?;
        let name = rest.get(2..end)?.trim_ascii();
        let local = name.rsplit(|byte| *byte == b':').next()?;
        matches!(local, b"Envelope" | b"root").then_some(start + end + 1)
    })
}

/// Longest XML body read, in bytes as sent. SDC descriptions of large devices are packed.
pub(super) const XML_BYTES_MAX: usize = 192 * 1024;

/// Longest XML body read once unpacked, in bytes.
pub(super) const UNPACKED_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// The root element stands within this many bytes.
const OPENING_BYTES: usize = 2048;

/// Longest tag that may close a root, in bytes.
const CLOSING_TAG_BYTES_MAX: usize = 128;
