//! Record layer: joins the pieces of handshake messages.
//!
//! Source: RFC 8446 section 5.1, RFC 5246 section 6.2.1.
//! Limits: [`MESSAGE_BYTES_MAX`].

use std::borrow::Cow;
use std::ops::Range;

use smallvec::SmallVec;

use crate::dissect::Probe;
use crate::reader::Reader;

/// One direction of the record layer.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    /// True once any byte was used, so that a hello in SSL 2.0 form is out of the question.
    started: bool,
    /// Bytes of the current handshake record that are still to come.
    record_left: usize,
    /// Bytes of the current handshake message that nobody wants.
    message_left: usize,
}

/// What stands at the front of the input.
#[derive(Debug)]
pub(crate) enum Next<'a> {
    /// Less than a whole message or record.
    NeedMore,
    /// This many bytes carried nothing of interest.
    Passed(usize),
    /// From here on everything is encrypted.
    Secret,
    /// A first message in SSL 2.0 form, with its two bytes of length.
    Ssl2(&'a [u8]),
    /// A handshake message, as far as it is wanted.
    Message(Message<'a>),
    /// The sender broke the record layer.
    Malformed(&'static str),
    /// The message is larger than we read.
    OverLimit(&'static str),
}

/// A handshake message whose pieces are joined.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u8,
    bytes: Cow<'a, [u8]>,
    pieces: Pieces,
}

/// For every piece: where it starts in the message, and where in the input.
type Pieces = SmallVec<[(usize, usize); 4]>;

impl Message<'_> {
    /// The message without its header.
    pub(crate) fn body(&self) -> &[u8] {
        self.bytes.get(HEADER_BYTES..).unwrap_or_default()
    }

    /// Where a range of the body stands in the input, record headers in between included.
    pub(crate) fn at(&self, body: Range<usize>) -> Range<usize> {
        let start = self.place(body.start + HEADER_BYTES);
        if body.is_empty() {
            return start..start;
        }
        start..self.place(body.end + HEADER_BYTES - 1) + 1
    }

    fn place(&self, offset: usize) -> usize {
        let piece = self.pieces.iter().rev().find(|(start, _)| *start <= offset);
        piece.map_or(offset, |(start, place)| place + (offset - start))
    }
}

impl Layer {
    /// Looks at the front of `input` without using it.
    pub(crate) fn next<'a>(&mut self, input: &'a [u8]) -> Next<'a> {
        if self.message_left > 0 {
            return match self.drop_bytes(input) {
                0 => self.look(input),
                count => Next::Passed(count),
            };
        }
        self.look(input)
    }

    fn look<'a>(&self, input: &'a [u8]) -> Next<'a> {
        if self.record_left == 0 {
            match input.first() {
                None => return Next::NeedMore,
                Some(first) if !self.started && first & 0x80 != 0 => return ssl2(input),
                Some(_) => {}
            }
        }
        let pieces = match self.pieces(input) {
            Ok(pieces) => pieces,
            Err(other) => return other,
        };
        let available = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        let header = joined(&pieces, HEADER_BYTES);
        let mut reader = Reader::new(&header);
        let (Some(kind), Some(length)) = (reader.u8(), reader.u24_be()) else {
            return Next::NeedMore;
        };
        let wanted = match wanted(kind, length, &joined(&pieces, LEAF_OFFSET)) {
            Wanted::Unknown => return Next::NeedMore,
            Wanted::TooMuch => return Next::OverLimit("handshake message over 64 KiB"),
            Wanted::Bytes(count) => count,
        };
        if available < wanted {
            return Next::NeedMore;
        }
        let places = places(input, &pieces);
        Next::Message(Message { kind, bytes: joined(&pieces, wanted), pieces: places })
    }

    /// Moves past the message that `next` just answered; returns the bytes used.
    pub(crate) fn pass(&mut self, input: &[u8]) -> usize {
        let Ok(pieces) = self.pieces(input) else { return 0 };
        let header = joined(&pieces, HEADER_BYTES);
        let mut reader = Reader::new(&header);
        let _kind = reader.u8();
        self.message_left = reader.u24_be().unwrap_or_default() as usize + HEADER_BYTES;
        self.drop_bytes(input)
    }

    /// Uses up bytes of an unwanted message; returns how many bytes of the input that were.
    fn drop_bytes(&mut self, input: &[u8]) -> usize {
        let mut reader = Reader::new(input);
        while self.message_left > 0 {
            if self.record_left == 0 {
                let mut ahead = reader;
                let Some((HANDSHAKE, length)) = header(&mut ahead) else {
                    if ahead.position() != reader.position() {
                        // Another kind of record cuts the message short.
                        self.message_left = 0;
                    }
                    break;
                };
                (reader, self.record_left) = (ahead, length);
                self.started = true;
                continue;
            }
            let count = self.message_left.min(self.record_left).min(reader.remaining());
            if count == 0 {
                break;
            }
            reader.skip(count);
            self.message_left -= count;
            self.record_left -= count;
        }
        reader.position()
    }

    /// Every piece of handshake at the front of the input, up to the first other record.
    fn pieces<'a>(&self, input: &'a [u8]) -> Result<SmallVec<[&'a [u8]; 4]>, Next<'a>> {
        let mut reader = Reader::new(input);
        let mut pieces = SmallVec::new();
        let mut left = self.record_left;
        loop {
            if left > 0 {
                let count = left.min(reader.remaining());
                pieces.extend(reader.take(count).filter(|piece| !piece.is_empty()));
                if count < left {
                    return Ok(pieces);
                }
            }
            let start = reader.position();
            match header(&mut reader) {
                None => return Ok(pieces),
                Some((HANDSHAKE, length)) if length > 0 => left = length,
                Some(_) if !pieces.is_empty() => return Ok(pieces),
                Some((CHANGE_CIPHER_SPEC | APPLICATION_DATA, _)) => return Err(Next::Secret),
                Some((ALERT, length)) if start == 0 => {
                    return Err(match reader.skip(length) {
                        Some(()) => Next::Passed(reader.position()),
                        None => Next::NeedMore,
                    });
                }
                Some(_) => return Err(Next::Malformed("record of an unknown type")),
            }
        }
    }
}

/// How much of a message must be there before it is read.
enum Wanted {
    Unknown,
    Bytes(usize),
    TooMuch,
}

fn wanted(kind: u8, length: u32, start: &[u8]) -> Wanted {
    let whole = length as usize + HEADER_BYTES;
    match kind {
        super::CLIENT_HELLO | super::SERVER_HELLO if length > MESSAGE_BYTES_MAX => Wanted::TooMuch,
        super::CLIENT_HELLO | super::SERVER_HELLO => Wanted::Bytes(whole),
        super::CERTIFICATE if whole < LEAF_OFFSET => Wanted::Bytes(whole),
        super::CERTIFICATE => match Reader::new(start.get(7..).unwrap_or_default()).u24_be() {
            None => Wanted::Unknown,
            Some(leaf) if leaf > MESSAGE_BYTES_MAX => Wanted::TooMuch,
            Some(leaf) => Wanted::Bytes((LEAF_OFFSET + leaf as usize).min(whole)),
        },
        _ => Wanted::Bytes(HEADER_BYTES),
    }
}

fn header(reader: &mut Reader<'_>) -> Option<(u8, usize)> {
    raw_header(reader).map(|(kind, _version, length)| (kind, usize::from(length)))
}

/// Type, version and length; all of it or no move.
fn raw_header(reader: &mut Reader<'_>) -> Option<(u8, u16, u16)> {
    let mut ahead = *reader;
    let header = (ahead.u8()?, ahead.u16_be()?, ahead.u16_be()?);
    *reader = ahead;
    Some(header)
}

fn joined<'a>(pieces: &[&'a [u8]], count: usize) -> Cow<'a, [u8]> {
    if let Some(whole) = pieces.first().and_then(|first| first.get(..count)) {
        return Cow::Borrowed(whole);
    }
    Cow::Owned(pieces.iter().copied().flatten().copied().take(count).collect())
}

fn places(input: &[u8], pieces: &[&[u8]]) -> Pieces {
    let mut offset = 0;
    let mut places = Pieces::new();
    for piece in pieces {
        places.push((offset, place(input, piece).start));
        offset += piece.len();
    }
    places
}

/// Where `part`, a slice of `whole`, stands in it.
pub(crate) fn place(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize).min(whole.len());
    start..(start + part.len()).min(whole.len())
}

fn ssl2(input: &[u8]) -> Next<'_> {
    let mut reader = Reader::new(input);
    match reader.u16_be().map(|length| usize::from(length & 0x7fff) + 2) {
        None => Next::NeedMore,
        Some(length) => input.get(..length).map_or(Next::NeedMore, Next::Ssl2),
    }
}

/// Whether so few bytes may be the start of a handshake record.
pub(crate) fn may_begin(input: &[u8]) -> bool {
    let fits = |at: usize, test: fn(u8) -> bool| input.get(at).is_none_or(|byte| test(*byte));
    fits(0, |kind| kind == HANDSHAKE) && fits(1, |major| major == 3) && fits(2, |minor| minor <= 4)
}

/// Whether `side` starts in the middle of a connection: `Mine` where two records follow each
/// other, `NeedMore` where one does.
pub(crate) fn probe_later(side: &[u8]) -> Probe {
    let mut reader = Reader::new(side);
    let mut records = 0;
    while let Some((kind, version, length)) = raw_header(&mut reader) {
        let fits = matches!(kind, CHANGE_CIPHER_SPEC..=APPLICATION_DATA)
            && (records > 0 || kind == APPLICATION_DATA)
            && matches!(version, 0x0300..=0x0304)
            && (1..=RECORD_BYTES_MAX).contains(&length);
        if !fits {
            return Probe::NotMine;
        }
        records += 1;
        if reader.skip(usize::from(length)).is_none() {
            break;
        }
    }
    match records {
        0 => Probe::NotMine,
        1 => Probe::NeedMore,
        _ => Probe::Mine,
    }
}

/// Whether `side` is one whole record of application data and nothing more: one that ends where
/// the segment does is no chance.
pub(crate) fn is_record(side: &[u8]) -> bool {
    let mut reader = Reader::new(side);
    raw_header(&mut reader).is_some_and(|(kind, version, length)| {
        kind == APPLICATION_DATA
            && matches!(version, 0x0301..=0x0303)
            && usize::from(length) == reader.remaining()
            && length >= SEALED_BYTES_MIN
    })
}

/// Content types, RFC 8446 section 5.1.
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// Least bytes of sealed data: a tag of eight and something to seal.
const SEALED_BYTES_MIN: u16 = 9;
const HEADER_BYTES: usize = 4;
/// Where the leaf starts in a Certificate message: header, length of the list, its own length.
const LEAF_OFFSET: usize = 10;

/// Longest record, in bytes: RFC 5246 section 6.2.3.
pub(crate) const RECORD_BYTES_MAX: u16 = (1 << 14) + 2048;

/// Longest hello or leaf certificate, in bytes. Post-quantum hellos stay under 4 KiB and
/// certificates under 20 KiB; with four times that, a hostile length costs little.
pub(crate) const MESSAGE_BYTES_MAX: u32 = 64 * 1024;
