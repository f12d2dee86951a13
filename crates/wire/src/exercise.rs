//! Drives one dissector with any bytes and asserts the contract of [`crate::dissect`].
//!
//! The fuzz targets, the replay of their corpus and the unit tests share this one driver, which
//! behaves as the core does: it shows again what was not used, passes over what was skipped and
//! reports what was lost.
//!
//! Input:   bytes; [`stream`], [`datagram`] and [`observer`] say how they are cut.
//! Output:  a transcript, one line for each finding.
//! Limits:  [`INPUT_BYTES_MAX`].
//! Panics:  where a dissector breaks the contract, which is what it is for.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::ops::Range;

use model::{Answerable, Mac, Observations, Timestamp};

use crate::dissect::{
    About, BUFFER_BYTES_MAX, Datagram, DatagramProtocol, Direction, Field, Heard, LinkFrame,
    LinkProtocol, Opening, Sink, Step, StreamDissector, StreamProtocol,
};
use crate::{Frame, Limits, LinkType, Observer, protocols};

/// Runs the stream dissector `name` over a connection written by [`write_turn`], whole and in
/// pieces. The findings must be the same.
///
/// # Panics
///
/// Panics where the dissector breaks the contract, or no dissector has that name.
pub fn stream(name: &str, data: &[u8]) -> String {
    let protocol = protocols::STREAM.iter().find(|protocol| protocol.name == name);
    assert!(protocol.is_some(), "no stream protocol is called {name}");
    let data = data.get(..INPUT_BYTES_MAX).unwrap_or(data);
    let turns = turns(data);
    protocol.map_or_else(String::new, |protocol| {
        probe_prefixes(protocol, &turns);
        let whole = run(protocol, &turns, usize::MAX);
        for chunk in CHUNKS {
            assert_eq!(run(protocol, &turns, *chunk), whole, "cut into chunks of {chunk}");
        }
        whole
    })
}

/// Runs the datagram dissector `name`. The first byte of `data` chooses among the ports of the
/// protocol and one that is not, for each side; the rest is the payload.
///
/// # Panics
///
/// Panics where the dissector breaks the contract, or no dissector has that name.
pub fn datagram(name: &str, data: &[u8]) -> String {
    let protocol = protocols::DATAGRAM.iter().find(|protocol| protocol.name == name);
    assert!(protocol.is_some(), "no datagram protocol is called {name}");
    let (choice, payload) = data.split_first().unwrap_or((&0, &[]));
    let payload = payload.get(..DATAGRAM_BYTES_MAX).unwrap_or(payload);
    protocol.map_or_else(String::new, |protocol| {
        read_datagram(protocol, ports(protocol, *choice), payload)
    })
}

/// The ports that the first byte of the input of [`datagram`] stands for: sender's, receiver's.
pub fn ports(protocol: &DatagramProtocol, choice: u8) -> (u16, u16) {
    let port = |number: u8| {
        let known = protocol.ports.get(usize::from(number & 0x07));
        known.copied().unwrap_or(OTHER_PORT)
    };
    // Zero, the usual case of a seed, is a question to the first port.
    (port((choice >> 4) ^ 0x07), port(choice))
}

/// Runs the link dissector `name` over the bytes behind the EtherType.
///
/// # Panics
///
/// Panics where the dissector breaks the contract, or no dissector has that name.
pub fn link(name: &str, data: &[u8]) -> String {
    let protocol = protocols::LINK.iter().find(|protocol| protocol.name == name);
    assert!(protocol.is_some(), "no link protocol is called {name}");
    let data = data.get(..INPUT_BYTES_MAX).unwrap_or(data);
    protocol.map_or_else(String::new, |protocol| read_link(protocol, data))
}

/// Shows an observer frames written by [`write_frame`].
///
/// # Panics
///
/// Panics where a frame is not counted or a value is not clean.
pub fn observer(link: LinkType, data: &[u8]) -> Observations {
    let limits = Limits { flows_max: 64, endpoints_max: 128, ..Limits::default() };
    let mut observer = Observer::new("exercise", limits);
    let (mut rest, mut number, mut micros) = (data, 0, 0);
    while let Some((step, high, low, behind)) = header(rest) {
        let bytes = behind.get(..usize::from(high) << 8 | usize::from(low)).unwrap_or(behind);
        rest = behind.get(bytes.len()..).unwrap_or_default();
        number += 1;
        micros += i64::from(step) * FRAME_STEP_MICROS;
        observer.frame(&Frame {
            number,
            time: Timestamp::from_micros(micros),
            link,
            bytes,
            original_bytes: bytes.len() as u32,
        });
    }
    let seen = observer.finish();
    assert_eq!(seen.stats.packets, number, "a frame was not counted");
    for sighting in &seen.sightings {
        check_clean(&sighting.value);
    }
    seen
}

/// Appends one frame to an input of [`observer`], `step` tenths of a second after the last.
pub fn write_frame(data: &mut Vec<u8>, step: u8, frame: &[u8]) {
    let length = u16::try_from(frame.len()).unwrap_or(u16::MAX);
    data.push(step);
    data.extend(length.to_be_bytes());
    data.extend(frame.iter().take(usize::from(length)));
}

fn header(data: &[u8]) -> Option<(u8, u8, u8, &[u8])> {
    let (&[step, high, low], behind) = data.split_first_chunk()?;
    Some((step, high, low, behind))
}

/// One piece of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Turn<'a> {
    /// These bytes came this way.
    Bytes(Direction, &'a [u8]),
    /// So many bytes were lost this way.
    Gap(Direction, u64),
}

/// Appends one turn to an input of [`stream`]: two bytes of which the first bit tells the
/// direction, the second a loss, and the rest the length; then the bytes.
pub fn write_turn(data: &mut Vec<u8>, turn: Turn<'_>) {
    let (direction, loss, length) = match turn {
        Turn::Bytes(direction, bytes) => (direction, 0, bytes.len() as u64),
        Turn::Gap(direction, missing) => (direction, LOSS_BIT, missing),
    };
    let side = if direction == Direction::ToClient { DIRECTION_BIT } else { 0 };
    let length = length.min(u64::from(LENGTH_MASK)) as u16;
    data.extend((side | loss | length).to_be_bytes());
    if let Turn::Bytes(_, bytes) = turn {
        data.extend(bytes.iter().take(usize::from(length)));
    }
}

/// The turns that an input of [`stream`] stands for. A length past the end means the end.
pub fn turns(data: &[u8]) -> Vec<Turn<'_>> {
    let mut turns = Vec::new();
    let mut rest = data;
    while let Some((head, behind)) = rest.split_first_chunk() {
        let head = u16::from_be_bytes(*head);
        let back = head & DIRECTION_BIT != 0;
        let direction = if back { Direction::ToClient } else { Direction::ToServer };
        rest = behind;
        if head & LOSS_BIT != 0 {
            turns.push(Turn::Gap(direction, u64::from(head & LENGTH_MASK)));
            continue;
        }
        let bytes = behind.get(..usize::from(head & LENGTH_MASK)).unwrap_or(behind);
        rest = behind.get(bytes.len()..).unwrap_or_default();
        turns.push(Turn::Bytes(direction, bytes));
    }
    turns
}

/// A probe is asked about every short opening of either side.
fn probe_prefixes(protocol: &StreamProtocol, turns: &[Turn<'_>]) {
    let of = |wanted| {
        turns.iter().find_map(|turn| match turn {
            Turn::Bytes(direction, bytes) if *direction == wanted => Some(*bytes),
            _ => None,
        })
    };
    let to_server = of(Direction::ToServer).unwrap_or_default();
    let to_client = of(Direction::ToClient).unwrap_or_default();
    for cut in [0, 1, 3, 8, 64, 2048] {
        let (to_server, to_client) = (front(to_server, cut), front(to_client, cut));
        for (to_server, to_client) in
            [(to_server, to_client), (to_server, &[][..]), (&[][..], to_client)]
        {
            (protocol.probe)(&Opening { to_server, to_client, port: OTHER_PORT });
        }
    }
}

fn front(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(..length).unwrap_or(bytes)
}

/// Runs a whole connection in pieces of `chunk` bytes; a line `end: …` tells how it stopped.
pub(crate) fn run(protocol: &StreamProtocol, turns: &[Turn<'_>], chunk: usize) -> String {
    let mut course = Course {
        dissector: (protocol.open)(),
        transcript: Transcript::default(),
        sides: Default::default(),
    };
    'turns: for turn in turns {
        match turn {
            Turn::Gap(direction, missing) => {
                if course.gap(*direction, *missing).is_break() {
                    break 'turns;
                }
            }
            Turn::Bytes(direction, bytes) => {
                for piece in bytes.chunks(chunk.min(bytes.len()).max(1)) {
                    if course.bytes(*direction, piece).is_break() {
                        break 'turns;
                    }
                }
            }
        }
    }
    course.transcript.check_fields(protocol.fields);
    course.transcript.lines
}

/// A connection being read, as the core reads it.
struct Course {
    dissector: Box<dyn StreamDissector>,
    transcript: Transcript,
    sides: [Unread; 2],
}

/// What one side sent and nobody used.
#[derive(Default)]
struct Unread {
    bytes: Vec<u8>,
    offset: usize,
    skip: u64,
}

type Flow = std::ops::ControlFlow<()>;

impl Course {
    fn bytes(&mut self, direction: Direction, piece: &[u8]) -> Flow {
        let [to_server, to_client] = &mut self.sides;
        let side = if direction == Direction::ToClient { to_client } else { to_server };
        let jumped = side.skip.min(piece.len() as u64) as usize;
        side.skip -= jumped as u64;
        side.offset += jumped;
        side.bytes.extend(piece.iter().skip(jumped));
        while !side.bytes.is_empty() {
            self.transcript.base = side.offset;
            self.transcript.shown_bytes = Some(side.bytes.len());
            let used = match self.dissector.read(direction, &side.bytes, &mut self.transcript) {
                Step::Used(0) | Step::Skip(0) => break,
                Step::Used(count) => count,
                Step::Wrapped(count) => {
                    assert!(count <= side.bytes.len(), "used more than it was shown");
                    return self.transcript.end(Step::Wrapped(count));
                }
                Step::Skip(count) => {
                    let here = count.min(side.bytes.len() as u64);
                    side.skip = count - here;
                    here as usize
                }
                end => return self.transcript.end(end),
            };
            assert!(used <= side.bytes.len(), "used more than it was shown");
            side.bytes.drain(..used);
            side.offset += used;
        }
        assert!(side.bytes.len() <= BUFFER_BYTES_MAX, "waits for more than is buffered");
        Flow::Continue(())
    }

    fn gap(&mut self, direction: Direction, missing: u64) -> Flow {
        let [to_server, to_client] = &mut self.sides;
        let side = if direction == Direction::ToClient { to_client } else { to_server };
        let skipped = side.skip.min(missing);
        side.skip -= skipped;
        side.offset = side.offset.saturating_add(missing as usize);
        if missing == skipped {
            return Flow::Continue(());
        }
        side.offset += side.bytes.len();
        side.bytes.clear();
        match self.dissector.gap(direction, missing - skipped) {
            Step::Used(_) => {}
            Step::Skip(count) => side.skip = count,
            end => return self.transcript.end(end),
        }
        Flow::Continue(())
    }
}

/// Reads one datagram between two documentation addresses; the last line of the transcript tells
/// what the dissector made of it.
pub(crate) fn read_datagram(
    protocol: &DatagramProtocol,
    ports: (u16, u16),
    payload: &[u8],
) -> String {
    let mut transcript = Transcript { shown_bytes: Some(payload.len()), ..Transcript::default() };
    let heard = (protocol.read)(
        &Datagram {
            payload,
            kept: payload.len(),
            source: IpAddr::from([192, 0, 2, 1]),
            destination: IpAddr::from([192, 0, 2, 2]),
            source_port: ports.0,
            destination_port: ports.1,
            source_mac: Some(Mac([2, 0, 0, 0, 0, 1])),
        },
        &mut transcript,
    );
    transcript.check_fields(protocol.fields);
    transcript.heard(heard)
}

/// Reads one link frame; the last line of the transcript tells what the dissector made of it.
pub(crate) fn read_link(protocol: &LinkProtocol, payload: &[u8]) -> String {
    let mut transcript = Transcript { shown_bytes: Some(payload.len()), ..Transcript::default() };
    let frame = LinkFrame {
        payload,
        source: Mac([2, 0, 0, 0, 0, 1]),
        destination: Mac([2, 0, 0, 0, 0, 2]),
    };
    let heard = (protocol.read)(&frame, &mut transcript);
    transcript.check_fields(protocol.fields);
    transcript.heard(heard)
}

/// Writes findings down, one line each, as `sender model = "X" (0008,1090) @12+3`.
#[derive(Default)]
pub(crate) struct Transcript {
    pub(crate) lines: String,
    base: usize,
    /// Length of the input shown, where it is known.
    shown_bytes: Option<usize>,
    fields: Vec<&'static Field>,
}

impl Sink for Transcript {
    fn found(&mut self, field: &'static Field, about: About, value: &str, at: Range<usize>) {
        let who = match about {
            About::Sender => "sender".to_owned(),
            About::Receiver => "receiver".to_owned(),
            About::Ip(ip) => ip.to_string(),
            About::Mac(mac) => mac.to_string(),
            About::Station(station) => format!("{}:{:x}", station.network, station.address),
        };
        let (start, length) = (self.base + at.start, at.len());
        let Field { attribute, name, .. } = field;
        let _ = writeln!(self.lines, "{who} {attribute} = {value:?} {name} @{start}+{length}");
        check_clean(value);
        if let Some(shown) = self.shown_bytes {
            assert!(at.start <= at.end && at.end <= shown, "{name} stands at {at:?} of {shown}");
        }
        self.fields.push(field);
    }

    fn bound(&mut self, protocol: &'static str, mac: Mac, ip: IpAddr) {
        let _ = writeln!(self.lines, "bound {mac} {ip} by {protocol}");
    }

    fn odd(&mut self, protocol: &'static str, what: &'static str, answerable: Answerable) {
        let _ = writeln!(self.lines, "odd {protocol}: {what} ({answerable:?})");
    }
}

impl Transcript {
    fn check_fields(&self, table: &[Field]) {
        for field in &self.fields {
            assert!(table.contains(field), "{} is missing from the table of fields", field.name);
        }
    }

    fn end(&mut self, end: Step) -> Flow {
        let _ = writeln!(self.lines, "end: {end:?}");
        Flow::Break(())
    }

    fn heard(mut self, heard: Heard) -> String {
        let _ = writeln!(self.lines, "{heard:?}");
        self.lines
    }
}

fn check_clean(value: &str) {
    assert_eq!(crate::text::clean_str(value).as_deref(), Some(value), "value is not clean");
}

/// Most of an input that is read, in bytes. A connection in pieces of one byte takes time with the
/// square of this.
pub const INPUT_BYTES_MAX: usize = 16 * 1024;

/// Most of a datagram that is read, in bytes: what fits UDP.
const DATAGRAM_BYTES_MAX: usize = 65_507;

/// Sizes of the pieces that a connection is cut into, besides whole.
pub(crate) const CHUNKS: &[usize] = &[1, 7, 1460];

/// A port that no protocol claims.
const OTHER_PORT: u16 = 49_152;

/// One unit of a frame's time step.
const FRAME_STEP_MICROS: i64 = 100_000;

const DIRECTION_BIT: u16 = 0x8000;
const LOSS_BIT: u16 = 0x4000;
const LENGTH_MASK: u16 = 0x3fff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_read_as_written() {
        let turns_in = [
            Turn::Bytes(Direction::ToServer, b"GET".as_slice()),
            Turn::Gap(Direction::ToClient, 300),
            Turn::Bytes(Direction::ToClient, b""),
            Turn::Bytes(Direction::ToClient, b"HTTP"),
        ];
        let mut data = Vec::new();
        for turn in turns_in {
            write_turn(&mut data, turn);
        }
        assert_eq!(turns(&data), turns_in);
        assert_eq!(turns(&[0, 9, b'x']), [Turn::Bytes(Direction::ToServer, b"x".as_slice())]);
    }

    /// Each way to break the contract is noticed.
    #[test]
    fn a_broken_dissector_is_noticed() {
        struct Greedy;
        impl StreamDissector for Greedy {
            fn read(&mut self, _: Direction, input: &[u8], _: &mut dyn Sink) -> Step {
                Step::Used(input.len() + 1)
            }
        }
        let protocol = StreamProtocol {
            name: "greedy",
            open: || Box::new(Greedy),
            ..protocols::dicom::PROTOCOL
        };
        let turn = [Turn::Bytes(Direction::ToServer, b"x".as_slice())];
        let broken = std::panic::catch_unwind(|| run(&protocol, &turn, 1));
        assert!(broken.is_err(), "used more than it was shown");
        let field = &protocols::dicom::FIELDS[0];
        for (name, value, at, table) in [
            ("unclean", " x", 0..1, protocols::dicom::FIELDS),
            ("outside", "x", 0..2, protocols::dicom::FIELDS),
            ("no field", "x", 0..1, &[]),
        ] {
            let broken = std::panic::catch_unwind(|| {
                let mut transcript = Transcript { shown_bytes: Some(1), ..Transcript::default() };
                transcript.found(field, About::Sender, value, at);
                transcript.check_fields(table);
            });
            assert!(broken.is_err(), "{name}");
        }
    }
}
