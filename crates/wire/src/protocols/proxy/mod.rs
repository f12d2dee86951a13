//! PROXY protocol: the line that a load balancer puts in front of what a client says.
//!
//! Source:  "The PROXY protocol", versions 1 and 2, HAProxy Technologies 2020, section 2.
//! Input:   the first bytes of the one who called.
//! Output:  none; the protocol behind the line is read as if the connection began there.
//! Limits:  `LINE_BYTES_MAX` and `HEADER_BYTES_MAX`. The addresses in the line are not used:
//!          the one who called is the load balancer.

use crate::dissect::{
    Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};
use crate::reader::Reader;

/// The line, over TCP.
pub const PROTOCOL: StreamProtocol =
    StreamProtocol { name: "proxy", ports: &[], probe, open: || Box::new(Line), fields: FIELDS };

/// It yields no field.
pub const FIELDS: &[Field] = &[];

fn probe(opening: &Opening<'_>) -> Probe {
    match length(opening.to_server) {
        Found::Length(_) => Probe::Mine,
        Found::NeedMore => Probe::NeedMore,
        Found::None => Probe::NotMine,
    }
}

struct Line;

impl StreamDissector for Line {
    fn read(&mut self, direction: Direction, input: &[u8], _sink: &mut dyn Sink) -> Step {
        match (direction, length(input)) {
            (Direction::ToServer, Found::Length(length)) => Step::Wrapped(length),
            // A server that speaks first waits for nobody's line.
            _ => Step::Used(0),
        }
    }
}

enum Found {
    Length(usize),
    NeedMore,
    None,
}

fn length(input: &[u8]) -> Found {
    let start = |sign: &[u8]| input.starts_with(sign) || sign.starts_with(input);
    if start(BINARY) {
        return binary(input);
    }
    if !start(TEXT) {
        return Found::None;
    }
    let window = input.get(..LINE_BYTES_MAX).unwrap_or(input);
    match memchr::memmem::find(window, b"\r\n") {
        Some(end) => Found::Length(end + 2),
        None if window.len() < LINE_BYTES_MAX => Found::NeedMore,
        None => Found::None,
    }
}

fn binary(input: &[u8]) -> Found {
    let mut reader = Reader::new(input);
    let fixed = reader.skip(BINARY.len()).and_then(|()| reader.array::<2>());
    let Some(([version, _], length)) = fixed.zip(reader.u16_be()) else { return Found::NeedMore };
    match usize::from(length) + reader.position() {
        _ if version >> 4 != 2 => Found::None,
        whole if whole > HEADER_BYTES_MAX => Found::None,
        whole if whole > input.len() => Found::NeedMore,
        whole => Found::Length(whole),
    }
}

const TEXT: &[u8] = b"PROXY ";
const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Longest line of version 1, in bytes: its section 2.1.
const LINE_BYTES_MAX: usize = 107;
/// Longest header of version 2 that is taken off, in bytes; it is sent at once.
const HEADER_BYTES_MAX: usize = 1460;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{hex, probe as probes, stream};

    #[test]
    fn takes_the_line_off() {
        let binary = hex("0d0a0d0a000d0a515549540a 21 11 000c c0000201 c0000202 9c40 0050");
        let long = [b"PROXY ".as_slice(), &[b'x'; 200]].concat();
        for (name, bytes, want) in [
            ("text", b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 80\r\n".as_slice(), Probe::Mine),
            ("unknown", b"PROXY UNKNOWN\r\n", Probe::Mine),
            ("binary", &binary, Probe::Mine),
            ("to come", b"PROXY TCP4", Probe::NeedMore),
            ("binary to come", &binary[..20], Probe::NeedMore),
            ("too long", &long, Probe::NotMine),
            ("something else", b"PROPFIND / HTTP/1.1\r\n", Probe::NotMine),
        ] {
            assert_eq!(probes(&PROTOCOL, bytes, b""), want, "{name}");
            if want == Probe::Mine {
                let want = format!("end: Wrapped({})\n", bytes.len());
                let inside = [bytes, b"GET / HTTP/1.1\r\n"].concat();
                assert_eq!(stream(&PROTOCOL, &[(Direction::ToServer, &inside)]), want, "{name}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            stream(&PROTOCOL, &[(Direction::ToServer, &bytes)]);
            stream(&PROTOCOL, &[(Direction::ToServer, &[BINARY, &bytes].concat())]);
        }
    }
}
