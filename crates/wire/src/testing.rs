//! One way to test every dissector: bytes in, a transcript of findings out.
//!
//! A stream is run whole per turn and in pieces of several sizes. The findings must be the same,
//! so no dissector can depend on how a network cut its segments.

use crate::dissect::{DatagramProtocol, Direction, LinkProtocol, Opening, Probe, StreamProtocol};
pub(crate) use crate::exercise::Transcript;
use crate::exercise::{CHUNKS, Turn, read_datagram, read_link, run};

/// Runs a whole connection and returns the transcript; a line `end: …` tells how it stopped.
pub(crate) fn stream(protocol: &StreamProtocol, turns: &[(Direction, &[u8])]) -> String {
    let turns: Vec<Turn<'_>> =
        turns.iter().map(|(direction, bytes)| Turn::Bytes(*direction, bytes)).collect();
    let whole = run(protocol, &turns, usize::MAX);
    for chunk in CHUNKS {
        assert_eq!(run(protocol, &turns, *chunk), whole, "cut into chunks of {chunk}");
    }
    whole
}

/// What the probe says of these first bytes.
pub(crate) fn probe(protocol: &StreamProtocol, to_server: &[u8], to_client: &[u8]) -> Probe {
    (protocol.probe)(&Opening { to_server, to_client, port: 0 })
}

/// Reads one datagram between two documentation addresses and returns the transcript, with a
/// last line that tells what the dissector made of it.
pub(crate) fn datagram(protocol: &DatagramProtocol, ports: (u16, u16), payload: &[u8]) -> String {
    read_datagram(protocol, ports, payload)
}

/// Reads one link frame and returns the transcript.
pub(crate) fn link(protocol: &LinkProtocol, payload: &[u8]) -> String {
    read_link(protocol, payload)
}

/// Bytes from hexadecimal text; white space is ignored.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    assert!(digits.len().is_multiple_of(2), "odd number of digits");
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
