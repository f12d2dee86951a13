//! VNC: version and security of the RFB protocol.
//!
//! Source:  RFC 6143 sections 7.1.1 (version) and 7.1.2 (security); the registry of security
//!          types in the RFB protocol community's specification.
//! Input:   both directions from the first byte.
//! Output:  versions, security types on offer, the one chosen.
//! Limits:  none needed: nothing read is longer than 256 bytes.
//! Privacy: stops before the authentication; name and content of the desktop are never reached.

use model::{Answerable, Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};
use crate::reader::Reader;

/// RFB over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[5900, 5901, 5902, 5903],
    probe,
    open: || Box::<Dissector>::default(),
    fields: FIELDS,
};

/// Every field that RFB yields.
pub const FIELDS: &[Field] = &[SERVER_VERSION, CLIENT_VERSION, OFFERED, CHOSEN];

/// Decides from the version of either side.
fn probe(opening: &Opening<'_>) -> Probe {
    Probe::of_sides([opening.to_client, opening.to_server].map(probe_side))
}

fn probe_side(side: &[u8]) -> Probe {
    let fits = side.iter().zip(VERSION_PATTERN).all(|(byte, pattern)| match pattern {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    });
    match (fits, side.len() >= VERSION_PATTERN.len()) {
        (false, _) => Probe::NotMine,
        (true, true) => Probe::Mine,
        (true, false) => Probe::NeedMore,
    }
}

/// Reads one connection up to the choice of security.
#[derive(Default)]
struct Dissector {
    /// By direction, client first.
    versions: [Option<u16>; 2],
    client_done: bool,
    server_done: bool,
}

impl StreamDissector for Dissector {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let [client, server] = &mut self.versions;
        let (field, version, done) = match direction {
            Direction::ToServer => (&CLIENT_VERSION, client, self.client_done),
            Direction::ToClient => (&SERVER_VERSION, server, self.server_done),
        };
        if done {
            return Step::Used(input.len());
        }
        if version.is_none() {
            return match probe_side(input) {
                Probe::NotMine => Step::Malformed("version is not one of RFB"),
                Probe::NeedMore => Step::Used(0),
                Probe::Mine => {
                    *version = Some(report_version(field, input, sink));
                    Step::Used(VERSION_PATTERN.len())
                }
            };
        }
        let step = match direction {
            Direction::ToServer => self.read_choice(input, sink),
            Direction::ToClient => self.read_offer(input, sink),
        };
        if self.client_done && self.server_done { Step::Done } else { step }
    }
}

impl Dissector {
    /// From version 3.7 on the client chooses; before, the server did.
    fn client_chooses(&self) -> bool {
        self.versions.iter().flatten().min().is_none_or(|version| *version >= 3007)
    }

    fn read_offer(&mut self, input: &[u8], sink: &mut dyn Sink) -> Step {
        let mut reader = Reader::new(input);
        if !self.client_chooses() {
            let Some(chosen) = reader.u32_be() else { return Step::Used(0) };
            self.server_done = true;
            self.client_done = true;
            if chosen != 0 {
                report_security(&CHOSEN, About::Sender, u8::try_from(chosen).ok(), 0..4, sink);
            }
            return Step::Used(4);
        }
        let Some(count) = reader.u8() else { return Step::Used(0) };
        let Some(types) = reader.take(usize::from(count)) else { return Step::Used(0) };
        for (index, kind) in types.iter().enumerate() {
            let at = index + 1..index + 2;
            report_security(&OFFERED, About::Sender, Some(*kind), at, sink);
        }
        self.server_done = true;
        // No type at all is a refusal.
        self.client_done |= count == 0;
        Step::Used(reader.position())
    }

    fn read_choice(&mut self, input: &[u8], sink: &mut dyn Sink) -> Step {
        if let (true, Some(kind)) = (self.client_chooses(), input.first()) {
            report_security(&CHOSEN, About::Receiver, Some(*kind), 0..1, sink);
        }
        self.client_done = true;
        Step::Used(input.len())
    }
}

/// Reports a version such as `RFB 003.008` and returns it as 3008.
fn report_version(field: &'static Field, input: &[u8], sink: &mut dyn Sink) -> u16 {
    let text = input.get(..VERSION_PATTERN.len() - 1).unwrap_or_default();
    let text = std::str::from_utf8(text).unwrap_or_default();
    sink.found(field, About::Sender, text, 0..text.len());
    let digit = |total: u16, digit: u32| total.saturating_mul(10).saturating_add(digit as u16);
    text.chars().filter_map(|c| c.to_digit(10)).fold(0, digit)
}

fn report_security(
    field: &'static Field,
    about: About,
    kind: Option<u8>,
    at: std::ops::Range<usize>,
    sink: &mut dyn Sink,
) {
    let Some(kind) = kind else {
        sink.odd(NAME, "security type over 255", Answerable::Sender);
        return;
    };
    let known = SECURITY_TYPES.iter().find(|(number, _)| *number == kind);
    let verb = if *field == CHOSEN { "security" } else { "offers" };
    let value = match known {
        Some((_, name)) => format!("{verb} {name}"),
        None => format!("{verb} type {kind}"),
    };
    sink.found(field, about, &value, at);
}

const NAME: &str = "vnc";
/// `0` stands for any digit.
const VERSION_PATTERN: &[u8; 12] = b"RFB 000.000\n";

/// Security types, RFC 6143 section 8.1.2 and the community's registry.
const SECURITY_TYPES: &[(u8, &str)] = &[
    (1, "None"),
    (2, "VNC Authentication"),
    (5, "RA2"),
    (6, "RA2ne"),
    (7, "SSPI"),
    (8, "SSPIne"),
    (16, "Tight"),
    (17, "Ultra"),
    (18, "TLS"),
    (19, "VeNCrypt"),
    (20, "SASL"),
    (21, "MD5 hash"),
    (22, "xvp"),
    (23, "Secure Tunnel"),
    (24, "Integrated SSH"),
    (30, "Apple Diffie-Hellman"),
    (113, "MS-Logon II"),
    (129, "RA256"),
    (130, "RAne256"),
];

const SERVER_VERSION: Field = Field::new(
    NAME,
    "ProtocolVersion (server)",
    Attribute::Vnc,
    Confidence::STATED,
    "highest version the server speaks, RFC 6143 section 7.1.1",
);
const CLIENT_VERSION: Field = Field::new(
    NAME,
    "ProtocolVersion (client)",
    Attribute::Vnc,
    Confidence::STATED,
    "version the client chose, RFC 6143 section 7.1.1",
);
const OFFERED: Field = Field::new(
    NAME,
    "security-types",
    Attribute::Vnc,
    Confidence::STATED,
    "`offers` and a security type, RFC 6143 section 7.1.2",
);
const CHOSEN: Field = Field::new(
    NAME,
    "security-type",
    Attribute::Vnc,
    Confidence::STATED,
    "`security` and the type agreed on; `None` lets anybody in, RFC 6143 section 7.1.2",
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Direction::{ToClient, ToServer};
    use crate::testing::{probe as probes, stream};

    #[test]
    fn reads_the_choice_of_security() {
        let new = b"RFB 003.008\n".as_slice();
        for (row, turns, want) in [
            (
                "nobody is asked",
                vec![
                    (ToClient, new),
                    (ToServer, new),
                    (ToClient, b"\x02\x02\x01"),
                    (ToServer, b"\x01\x01"),
                ],
                "sender vnc = \"RFB 003.008\" ProtocolVersion (server) @0+11\n\
                 sender vnc = \"RFB 003.008\" ProtocolVersion (client) @0+11\n\
                 sender vnc = \"offers VNC Authentication\" security-types @13+1\n\
                 sender vnc = \"offers None\" security-types @14+1\n\
                 receiver vnc = \"security None\" security-type @12+1\n\
                 end: Done\n",
            ),
            (
                "the server chooses",
                vec![
                    (ToClient, new),
                    (ToServer, b"RFB 003.003\n"),
                    (ToClient, b"\0\0\0\x02challenge"),
                ],
                "sender vnc = \"RFB 003.008\" ProtocolVersion (server) @0+11\n\
                 sender vnc = \"RFB 003.003\" ProtocolVersion (client) @0+11\n\
                 sender vnc = \"security VNC Authentication\" security-type @12+4\n\
                 end: Done\n",
            ),
            (
                "refused",
                vec![(ToClient, new), (ToClient, b"\0\0\0\0\x04busy")],
                "sender vnc = \"RFB 003.008\" ProtocolVersion (server) @0+11\n\
                 end: Done\n",
            ),
            (
                "unknown type",
                vec![(ToClient, new), (ToClient, b"\x01\xfe")],
                "sender vnc = \"RFB 003.008\" ProtocolVersion (server) @0+11\n\
                 sender vnc = \"offers type 254\" security-types @13+1\n",
            ),
            (
                "junk",
                vec![(ToClient, b"RFB x".as_slice())],
                "end: Malformed(\"version is not one of RFB\")\n",
            ),
        ] {
            assert_eq!(stream(&PROTOCOL, &turns), want, "{row}");
        }
    }

    #[test]
    fn probes_by_content() {
        for (row, client, server, want) in [
            ("server", b"".as_slice(), b"RFB 004.001\n".as_slice(), Probe::Mine),
            ("start", b"", b"RFB 0", Probe::NeedMore),
            ("nothing", b"", b"", Probe::NeedMore),
            ("other", b"", b"RFC 003.008\n", Probe::NotMine),
            ("client of another", b"GET /", b"RFB 003.008\n", Probe::NotMine),
        ] {
            assert_eq!(probes(&PROTOCOL, client, server), want, "{row}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(cut in 0usize..13, a: Vec<u8>, b: Vec<u8>) {
            let server = [&b"RFB 003.008\n"[..cut.min(12)], &a].concat();
            let client = [b"RFB 003.007\n".as_slice(), &b].concat();
            stream(&PROTOCOL, &[(ToClient, &server), (ToServer, &client), (ToClient, &b)]);
            probes(&PROTOCOL, &client, &server);
        }
    }
}
