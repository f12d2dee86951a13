//! RTSP: what cameras and their viewers call themselves.
//!
//! Source:  RFC 2326 sections 4 (messages), 12.36 (Server) and 12.41 (User-Agent).
//! Input:   both directions from the first byte.
//! Output:  `Server` and `User-Agent` of the first message of each side.
//! Limits:  [`HEAD_BYTES_MAX`].
//! Privacy: addresses, sessions and credentials in other headers are not looked at.

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol, until,
};
use crate::text;

/// RTSP over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[554, 8554],
    probe,
    open: || Box::<Dissector>::default(),
    fields: FIELDS,
};

/// Every field that RTSP yields.
pub const FIELDS: &[Field] = &[SERVER, USER_AGENT];

fn probe(opening: &Opening<'_>) -> Probe {
    Probe::of_sides([probe_request(opening.to_server), probe_response(opening.to_client)])
}

fn probe_response(side: &[u8]) -> Probe {
    match (MARK.starts_with(side), side.starts_with(MARK)) {
        (_, true) => Probe::Mine,
        (true, _) => Probe::NeedMore,
        _ => Probe::NotMine,
    }
}

/// A request line ends in ` RTSP/1.0`; until then, the method must be one of RTSP.
fn probe_request(side: &[u8]) -> Probe {
    let word = side.split(|byte| *byte == b' ').next().unwrap_or_default();
    let whole = word.len() < side.len();
    let known = METHODS.iter().any(|method| {
        if whole { method.as_bytes() == word } else { method.as_bytes().starts_with(word) }
    });
    match memchr::memchr(b'\n', side).and_then(|end| side.get(..end)) {
        _ if !known => Probe::NotMine,
        Some(line) if memchr::memmem::find(line, b" RTSP/").is_some() => Probe::Mine,
        Some(_) => Probe::NotMine,
        None => Probe::NeedMore,
    }
}

/// Reads the first message of each side.
#[derive(Default)]
struct Dissector {
    /// By direction, client first.
    done: [bool; 2],
}

impl StreamDissector for Dissector {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let done = direction.side(&mut self.done);
        if *done {
            return Step::Used(input.len());
        }
        let head = match until(input, b"\r\n\r\n", HEAD_BYTES_MAX, "head over 8 KiB") {
            Ok(head) => head,
            Err(step) => return step,
        };
        report_headers(head, sink);
        *done = true;
        if self.done == [true; 2] { Step::Done } else { Step::Used(head.len() + 4) }
    }
}

fn report_headers(head: &[u8], sink: &mut dyn Sink) {
    let mut start = 0;
    for line in head.split(|byte| *byte == b'\n') {
        let colon = memchr::memchr(b':', line).unwrap_or_default();
        let name = line.get(..colon).unwrap_or_default();
        let value = line.get(colon + 1..).unwrap_or_default().trim_ascii_end();
        for (field, wanted) in [(&SERVER, "server"), (&USER_AGENT, "user-agent")] {
            let Some(text) = text::clean(value) else { continue };
            if name.eq_ignore_ascii_case(wanted.as_bytes()) {
                let blanks = value.len() - value.trim_ascii_start().len();
                let at = start + colon + 1;
                sink.found(field, About::Sender, &text, at + blanks..at + value.len());
            }
        }
        start += line.len() + 1;
    }
}

const NAME: &str = "rtsp";
const MARK: &[u8] = b"RTSP/1.";
const METHODS: &[&str] = &[
    "OPTIONS",
    "DESCRIBE",
    "SETUP",
    "PLAY",
    "PAUSE",
    "TEARDOWN",
    "ANNOUNCE",
    "RECORD",
    "GET_PARAMETER",
    "SET_PARAMETER",
];

/// Longest head of a message, in bytes. Real ones stay under 2 KiB.
pub const HEAD_BYTES_MAX: usize = 8192;

const SERVER: Field = Field::new(
    NAME,
    "Server",
    Attribute::HttpServer,
    Confidence::STATED,
    "software of the server, RFC 2326 section 12.36",
);
const USER_AGENT: Field = Field::new(
    NAME,
    "User-Agent",
    Attribute::HttpUserAgent,
    Confidence::STATED,
    "software of the client, RFC 2326 section 12.41",
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Direction::{ToClient, ToServer};
    use crate::testing::{probe as probes, stream};

    const REQUEST: &[u8] =
        b"OPTIONS rtsp://a/jane RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Viewer 2\r\n\r\n";

    #[test]
    fn reads_both_sides() {
        let answer = b"RTSP/1.0 200 OK\r\nServer:Acme Cam/1.2\r\n\r\n";
        assert_eq!(
            stream(&PROTOCOL, &[(ToServer, REQUEST), (ToClient, answer)]),
            "sender http_user_agent = \"Viewer 2\" User-Agent @53+8\n\
             sender http_server = \"Acme Cam/1.2\" Server @24+12\n\
             end: Done\n"
        );
        let endless = stream(&PROTOCOL, &[(ToClient, &[b'x'; 9000])]);
        assert_eq!(endless, "end: OverLimit(\"head over 8 KiB\")\n");
    }

    #[test]
    fn probes_by_content() {
        for (row, client, server, want) in [
            ("request", REQUEST, b"".as_slice(), Probe::Mine),
            ("response", b"", b"RTSP/1.0 200", Probe::Mine),
            ("start", b"OPTIONS rtsp", b"", Probe::NeedMore),
            ("http", b"OPTIONS / HTTP/1.1\r\n", b"", Probe::NotMine),
            ("other method", b"GET /", b"", Probe::NotMine),
        ] {
            assert_eq!(probes(&PROTOCOL, client, server), want, "{row}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(cut in 0usize..70, bytes: Vec<u8>) {
            let client = [&REQUEST[..cut.min(REQUEST.len())], &bytes, b"\r\n\r\n"].concat();
            stream(&PROTOCOL, &[(ToServer, &client), (ToClient, &bytes)]);
            probes(&PROTOCOL, &client, &bytes);
        }
    }
}
