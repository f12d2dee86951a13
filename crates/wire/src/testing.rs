//! One way to test every dissector: bytes in, a transcript of findings out.
//!
//! A stream is run three times: in the chunks given, byte by byte, and all at once per turn. The
//! findings must be the same, so no dissector can depend on how a network cut its segments.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::ops::Range;

use model::{Answerable, Mac};

use crate::dissect::{
    About, BUFFER_BYTES_MAX, Datagram, DatagramProtocol, Direction, Field, Heard, LinkFrame,
    LinkProtocol, Opening, Probe, Sink, Step, StreamProtocol,
};

/// Writes findings down, one line each, as `sender model = "X" (0008,1090) @12+3`.
#[derive(Default)]
pub(crate) struct Transcript {
    pub(crate) lines: String,
    base: usize,
    fields: Vec<&'static Field>,
}

impl Sink for Transcript {
    fn found(&mut self, field: &'static Field, about: About, value: &str, at: Range<usize>) {
        let who = match about {
            About::Sender => "sender".to_owned(),
            About::Receiver => "receiver".to_owned(),
            About::Ip(ip) => ip.to_string(),
            About::Mac(mac) => mac.to_string(),
        };
        let (start, length) = (self.base + at.start, at.len());
        let Field { attribute, name, .. } = field;
        writeln!(self.lines, "{who} {attribute} = {value:?} {name} @{start}+{length}").unwrap();
        assert_eq!(crate::text::clean_str(value).as_deref(), Some(value), "value is not clean");
        self.fields.push(field);
    }

    fn bound(&mut self, protocol: &'static str, mac: Mac, ip: IpAddr) {
        writeln!(self.lines, "bound {mac} {ip} by {protocol}").unwrap();
    }

    fn odd(&mut self, protocol: &'static str, what: &'static str, answerable: Answerable) {
        writeln!(self.lines, "odd {protocol}: {what} ({answerable:?})").unwrap();
    }
}

impl Transcript {
    fn check_fields(&self, table: &[Field]) {
        for field in &self.fields {
            assert!(table.contains(field), "{} is missing from the table of fields", field.name);
        }
    }
}

/// Runs a whole connection and returns the transcript; a line `end: …` tells how it stopped.
pub(crate) fn stream(protocol: &StreamProtocol, turns: &[(Direction, &[u8])]) -> String {
    let whole = run(protocol, turns, usize::MAX);
    for chunk in [1, 7, 1460] {
        assert_eq!(run(protocol, turns, chunk), whole, "cut into chunks of {chunk}");
    }
    whole
}

fn run(protocol: &StreamProtocol, turns: &[(Direction, &[u8])], chunk: usize) -> String {
    let mut dissector = (protocol.open)();
    let mut transcript = Transcript::default();
    let mut buffers = [Vec::new(), Vec::new()];
    let mut offsets = [0usize; 2];
    let mut skips = [0u64; 2];
    'turns: for (direction, bytes) in turns {
        let side = usize::from(*direction == Direction::ToClient);
        for piece in bytes.chunks(chunk.min(bytes.len().max(1))) {
            let jumped = (skips[side].min(piece.len() as u64)) as usize;
            skips[side] -= jumped as u64;
            offsets[side] += jumped;
            buffers[side].extend_from_slice(&piece[jumped..]);
            assert!(
                buffers[side].len() <= BUFFER_BYTES_MAX + chunk.min(1 << 20),
                "buffer over limit"
            );
            while !buffers[side].is_empty() {
                transcript.base = offsets[side];
                let used = match dissector.read(*direction, &buffers[side], &mut transcript) {
                    Step::Used(0) => break,
                    Step::Used(count) => count,
                    Step::Skip(count) => {
                        let here = count.min(buffers[side].len() as u64);
                        skips[side] = count - here;
                        here as usize
                    }
                    end => {
                        writeln!(transcript.lines, "end: {end:?}").unwrap();
                        break 'turns;
                    }
                };
                assert!(used <= buffers[side].len(), "used more than it was shown");
                buffers[side].drain(..used);
                offsets[side] += used;
            }
        }
    }
    transcript.check_fields(protocol.fields);
    transcript.lines
}

/// What the probe says of these first bytes.
pub(crate) fn probe(protocol: &StreamProtocol, to_server: &[u8], to_client: &[u8]) -> Probe {
    (protocol.probe)(&Opening { to_server, to_client, port: 0 })
}

/// Reads one datagram between two documentation addresses and returns the transcript, with a
/// last line that tells what the dissector made of it.
pub(crate) fn datagram(protocol: &DatagramProtocol, ports: (u16, u16), payload: &[u8]) -> String {
    let mut transcript = Transcript::default();
    let heard = (protocol.read)(
        &Datagram {
            payload,
            source: IpAddr::from([192, 0, 2, 1]),
            destination: IpAddr::from([192, 0, 2, 2]),
            source_port: ports.0,
            destination_port: ports.1,
            source_mac: Some(Mac([2, 0, 0, 0, 0, 1])),
        },
        &mut transcript,
    );
    transcript.check_fields(protocol.fields);
    finish(transcript, heard)
}

/// Reads one link frame and returns the transcript.
pub(crate) fn link(protocol: &LinkProtocol, payload: &[u8]) -> String {
    let mut transcript = Transcript::default();
    let frame = LinkFrame {
        payload,
        source: Mac([2, 0, 0, 0, 0, 1]),
        destination: Mac([2, 0, 0, 0, 0, 2]),
    };
    let heard = (protocol.read)(&frame, &mut transcript);
    transcript.check_fields(protocol.fields);
    finish(transcript, heard)
}

fn finish(mut transcript: Transcript, heard: Heard) -> String {
    writeln!(transcript.lines, "{heard:?}").unwrap();
    transcript.lines
}

/// Bytes from hexadecimal text; white space is ignored.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    assert!(digits.len().is_multiple_of(2), "odd number of digits");
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
