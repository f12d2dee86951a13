//! HTTP/1: what servers and clients run, how they log in, and what devices describe themselves as.
//!
//! Source:  RFC 9112 (messages), RFC 9110 (fields).
//! Input:   one TCP connection of requests and answers, pipelined or not; TLS hides it. Behind
//!          an upgrade or a tunnel nothing is read.
//! Output:  host, software, authentication; of XML bodies what `wsd` and `ssdp` read there.
//! Limits:  heads as in `head`, XML bodies as in `body`; other bodies are passed over unread.
//! Privacy: paths, queries, cookies, credentials and pages are never copied: patients are there.

mod auth;
mod body;
mod fields;
mod head;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use httparse::Status;
use model::Answerable;

use crate::dissect::{
    Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};

use body::{Walk, XML_BYTES_MAX};
use head::{Asked, Body, Coding, Head};

/// HTTP/1 over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[80, 8080, 8000, 5357, 631],
    probe,
    open: || Box::new(Http::default()),
    fields: FIELDS,
};

/// Every field it yields.
pub const FIELDS: &[Field] = fields::ALL;

fn probe(opening: &Opening<'_>) -> Probe {
    match (opening.to_server, opening.to_client) {
        ([], answer) => {
            let seen = answer.len().min(VERSION.len());
            match answer.get(..seen) {
                Some(start) if VERSION.starts_with(start) && seen == VERSION.len() => Probe::Mine,
                Some(start) if VERSION.starts_with(start) => Probe::NeedMore,
                _ => Probe::NotMine,
            }
        }
        (request, _) => probe_request(request),
    }
}

/// A request line: a method, a target, and the version that tells it from SIP and RTSP.
fn probe_request(request: &[u8]) -> Probe {
    let end = memchr::memchr(b'\n', request);
    let line = request.get(..end.unwrap_or(request.len())).unwrap_or_default();
    let method = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let is_method = method.iter().all(|byte| byte.is_ascii_uppercase() || b"-_".contains(byte));
    if !is_method || method.len() > METHOD_BYTES_MAX || end.is_some() && method.is_empty() {
        return Probe::NotMine;
    }
    let last = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    match end {
        Some(_) if last.starts_with(VERSION) => Probe::Mine,
        Some(_) => Probe::NotMine,
        None if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\r') => Probe::NotMine,
        // A target longer than the probe is shown: only HTTP has such lines.
        None if line.len() >= LINE_BYTES_MAX => Probe::Mine,
        None => Probe::NeedMore,
    }
}

/// One connection.
#[derive(Default)]
struct Http {
    sides: [Side; 2],
    /// Requests that were not answered yet, oldest first.
    asked: VecDeque<Asked>,
}

/// Where the reader is in one direction.
#[derive(Default)]
struct Side {
    phase: Phase,
    /// Bytes that were shown and not used, which a gap drops as well.
    unread: usize,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Phase {
    /// At the start of a message.
    #[default]
    Head,
    /// In a body of no interest.
    Passing(u64),
    /// At an XML body of this length.
    Xml(usize, Coding),
    /// At an XML body in chunks, of which this many bytes were walked over.
    XmlChunks(Coding, usize),
    /// At an XML body that the end of the connection ends.
    XmlUntilClose,
    /// At the size of a chunk of no interest.
    ChunkSize,
    /// In such a chunk and the line end behind it.
    Chunk(u64),
    /// Behind the last chunk.
    Trailers,
    /// In a body of no interest that the end of the connection ends.
    UntilClose,
}

/// The bytes that were not used so far.
#[derive(Clone, Copy)]
struct View<'a> {
    rest: &'a [u8],
    /// Where they start in the input.
    base: usize,
    /// How many of them were shown before.
    seen: usize,
}

/// One move of the reader.
enum Move {
    NeedMore,
    Used(u64),
    End(Step),
}

impl StreamDissector for Http {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        // What was shown before in this phase need not be searched again.
        let mut seen = std::mem::take(&mut self.side(direction).unread);
        let mut front = 0;
        let step = loop {
            let rest = input.get(front..).unwrap_or_default();
            if rest.is_empty() {
                break Step::Used(front);
            }
            match self.step(direction, View { rest, base: front, seen }, sink) {
                Move::NeedMore => break Step::Used(front),
                Move::Used(count) if count <= rest.len() as u64 => {
                    (front, seen) = (front + count as usize, 0);
                }
                Move::Used(count) => {
                    front = input.len();
                    break Step::Skip((front - rest.len()) as u64 + count);
                }
                Move::End(step) => break step,
            }
        };
        self.side(direction).unread = input.len() - front;
        step
    }

    fn gap(&mut self, direction: Direction, missing: u64) -> Step {
        let side = self.side(direction);
        let missing = missing + std::mem::take(&mut side.unread) as u64;
        let left = match side.phase {
            Phase::Passing(left) | Phase::Chunk(left) => left,
            Phase::Xml(length, _) => length as u64,
            Phase::UntilClose | Phase::XmlUntilClose => {
                side.phase = Phase::UntilClose;
                return Step::Used(0);
            }
            _ => return Step::Done,
        };
        let Some(left) = left.checked_sub(missing) else { return Step::Done };
        side.phase = match side.phase {
            Phase::Chunk(_) => Phase::Chunk(left),
            _ => Phase::Passing(left),
        };
        Step::Used(0)
    }
}

impl Http {
    fn side(&mut self, direction: Direction) -> &mut Side {
        direction.side(&mut self.sides)
    }

    fn step(&mut self, direction: Direction, view: View<'_>, sink: &mut dyn Sink) -> Move {
        let View { rest, base, .. } = view;
        let phase = &mut self.side(direction).phase;
        match *phase {
            Phase::Head => match self.head(direction, view, sink) {
                Ok(step) => step,
                Err(step) => Move::End(step),
            },
            Phase::Passing(left) => phase.turn(Phase::Head, left),
            Phase::UntilClose => Move::Used(rest.len() as u64),
            Phase::ChunkSize => phase.chunk_size(rest),
            Phase::Chunk(left) => phase.turn(Phase::ChunkSize, left),
            Phase::Trailers => phase.trailers(rest),
            Phase::Xml(length, coding) => match rest.get(..length) {
                Some(xml) => {
                    body::read(xml, coding, base..base + length, sink);
                    phase.turn(Phase::Head, length as u64)
                }
                None => Move::NeedMore,
            },
            Phase::XmlChunks(coding, walked) => phase.xml_chunks(coding, walked, view, sink),
            Phase::XmlUntilClose => phase.xml_until_close(view, sink),
        }
    }

    fn head(
        &mut self,
        direction: Direction,
        view: View<'_>,
        sink: &mut dyn Sink,
    ) -> Result<Move, Step> {
        let View { rest, base, seen } = view;
        // Some senders end a body with a line end that its length does not count.
        if let [b'\r' | b'\n', ..] = rest {
            return Ok(Move::Used(1));
        }
        if !head::is_whole(rest, seen)? {
            return Ok(Move::NeedMore);
        }
        let head = if direction == Direction::ToServer {
            let Some((head, asked)) = head::request(rest, sink, base)? else {
                return Ok(Move::NeedMore);
            };
            if self.asked.len() >= PIPELINE_MAX {
                return Err(Step::OverLimit("too many requests without an answer"));
            }
            self.asked.push_back(asked);
            head
        } else {
            let asked = self.asked.front().copied().unwrap_or(Asked::Other);
            let Some((head, status)) = head::response(rest, asked, sink, base)? else {
                return Ok(Move::NeedMore);
            };
            if status == 101 || asked == Asked::Connect && (200..300).contains(&status) {
                return Err(Step::Done);
            }
            if status >= 200 {
                self.asked.pop_front();
            }
            head
        };
        self.side(direction).phase = Phase::of_body(&head, sink);
        Ok(Move::Used(head.length as u64))
    }
}

impl Phase {
    fn of_body(head: &Head, sink: &mut dyn Sink) -> Self {
        let content = head.content;
        match head.body {
            Body::Absent => Self::Head,
            Body::Length(length) if content.is_xml => match usize::try_from(length) {
                Ok(length) if length <= XML_BYTES_MAX => Self::Xml(length, content.coding),
                _ => {
                    sink.odd(NAME, XML_OVER_LIMIT, Answerable::Us);
                    Self::Passing(length)
                }
            },
            Body::Length(length) => Self::Passing(length),
            Body::Chunked if content.is_xml => Self::XmlChunks(content.coding, 0),
            Body::Chunked => Self::ChunkSize,
            Body::UntilClose if content.is_xml && content.coding == Coding::Plain => {
                Self::XmlUntilClose
            }
            Body::UntilClose => Self::UntilClose,
        }
    }

    /// Moves on by `count` and into another phase.
    fn turn(&mut self, next: Self, count: u64) -> Move {
        *self = next;
        Move::Used(count)
    }

    fn chunk_size(&mut self, rest: &[u8]) -> Move {
        if !rest.first().is_some_and(u8::is_ascii_hexdigit) {
            return Move::End(Step::Malformed(CHUNK_WITHOUT_SIZE));
        }
        match httparse::parse_chunk_size(rest) {
            Ok(Status::Complete((head, 0))) => self.turn(Self::Trailers, head as u64),
            // A line end follows the chunk.
            Ok(Status::Complete((head, size))) => {
                self.turn(Self::Chunk(size.saturating_add(2)), head as u64)
            }
            Ok(Status::Partial) if rest.len() > CHUNK_HEAD_BYTES_MAX => {
                Move::End(Step::OverLimit("head of a chunk over limit"))
            }
            Ok(Status::Partial) => Move::NeedMore,
            Err(_) => Move::End(Step::Malformed(CHUNK_WITHOUT_SIZE)),
        }
    }

    fn trailers(&mut self, rest: &[u8]) -> Move {
        match memchr::memchr(b'\n', rest) {
            Some(0) => self.turn(Self::Head, 1),
            Some(1) if rest.starts_with(b"\r") => self.turn(Self::Head, 2),
            Some(end) => Move::Used(end as u64 + 1),
            None if rest.len() > CHUNK_HEAD_BYTES_MAX => {
                Move::End(Step::OverLimit("trailer over limit"))
            }
            None => Move::NeedMore,
        }
    }

    fn xml_chunks(
        &mut self,
        coding: Coding,
        walked: usize,
        view: View<'_>,
        sink: &mut dyn Sink,
    ) -> Move {
        let View { rest, base, .. } = view;
        match body::walk(rest, walked) {
            Ok(Walk::End(end)) if end <= XML_BYTES_MAX => {
                body::joined(&body::join(rest), coding, base..base + end, sink);
                self.turn(Self::Trailers, end as u64)
            }
            Ok(Walk::Open(walked)) if rest.len() < XML_BYTES_MAX => {
                *self = Self::XmlChunks(coding, walked);
                Move::NeedMore
            }
            Ok(_) => {
                sink.odd(NAME, XML_OVER_LIMIT, Answerable::Us);
                self.turn(Self::ChunkSize, 0)
            }
            Err(_) => Move::End(Step::Malformed(CHUNK_WITHOUT_SIZE)),
        }
    }

    fn xml_until_close(&mut self, view: View<'_>, sink: &mut dyn Sink) -> Move {
        let View { rest, base, seen } = view;
        let window = rest.get(..XML_BYTES_MAX).unwrap_or(rest);
        match body::document_end(window, seen) {
            Some(end) => {
                let xml = window.get(..end).unwrap_or_default();
                body::read(xml, Coding::Plain, base..base + end, sink);
                self.turn(Self::UntilClose, end as u64)
            }
            None if window.len() < XML_BYTES_MAX => Move::NeedMore,
            None => {
                sink.odd(NAME, XML_OVER_LIMIT, Answerable::Us);
                self.turn(Self::UntilClose, 0)
            }
        }
    }
}

const NAME: &str = "http";
const CHUNK_WITHOUT_SIZE: &str = "chunk without a size";

const XML_OVER_LIMIT: &str = "XML body over limit";

const VERSION: &[u8] = b"HTTP/1.";

/// Longest method, in bytes: `BASELINE-CONTROL` and `UPDATEREDIRECTREF` are the longest registered.
const METHOD_BYTES_MAX: usize = 24;

/// A first line of this length, in bytes, need not be seen to its end.
const LINE_BYTES_MAX: usize = 1024;

/// Most requests that wait for an answer. Clients that pipeline send a handful.
pub const PIPELINE_MAX: usize = 256;

/// Longest size line or trailer line, in bytes.
const CHUNK_HEAD_BYTES_MAX: usize = 16 * 1024;
