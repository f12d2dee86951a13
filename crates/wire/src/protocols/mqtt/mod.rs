//! MQTT: recognised by its first packet, and that somebody logged in without encryption.
//!
//! Source:  OASIS MQTT 3.1.1 sections 3.1 (CONNECT) and 3.2 (CONNACK), MQTT 5.0 likewise.
//! Input:   both directions from the first byte.
//! Output:  that a login with a password succeeded.
//! Limits:  only the fixed start of one packet of each side is read.
//! Privacy: client identifier, user name, password, topics and messages are not looked at.

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol,
};
use crate::reader::Reader;

/// MQTT over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[1883],
    probe,
    open: || Box::<Dissector>::default(),
    fields: FIELDS,
};

/// Every field that MQTT yields.
pub const FIELDS: &[Field] = &[LOGIN];

fn probe(opening: &Opening<'_>) -> Probe {
    match connect_flags(opening.to_server) {
        Connect::Flags(_) => Probe::Mine,
        Connect::NeedMore => Probe::NeedMore,
        Connect::Other => Probe::NotMine,
    }
}

/// What the client's first packet is.
#[derive(Debug, Eq, PartialEq)]
enum Connect {
    Flags(u8),
    NeedMore,
    Other,
}

fn connect_flags(client: &[u8]) -> Connect {
    let mut reader = Reader::new(client);
    let flags = (|| {
        if reader.u8()? != CONNECT {
            return Some(None);
        }
        // A length of one to four bytes, the top bit set on all but the last.
        let mut more = true;
        for _ in 0..4 {
            if more {
                more = reader.u8()? & 0x80 != 0;
            }
        }
        let length = reader.u16_be()?;
        if more || !matches!(length, 4 | 6) {
            return Some(None);
        }
        let name = reader.take(usize::from(length))?;
        let version = reader.u8()?;
        let known = (name == b"MQTT" || name == b"MQIsdp") && matches!(version & 0x7f, 3..=5);
        let flags = reader.u8()?;
        Some((known && flags & RESERVED == 0).then_some(flags))
    })();
    match flags {
        None => Connect::NeedMore,
        Some(None) => Connect::Other,
        Some(Some(flags)) => Connect::Flags(flags),
    }
}

/// Reads the first packet of each side.
#[derive(Default)]
struct Dissector {
    password: Option<bool>,
}

impl StreamDissector for Dissector {
    fn read(&mut self, direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        if direction == Direction::ToServer {
            if self.password.is_none() {
                match connect_flags(input) {
                    Connect::Flags(flags) => self.password = Some(flags & PASSWORD != 0),
                    Connect::NeedMore => return Step::Used(0),
                    Connect::Other => return Step::Malformed("first packet is not CONNECT"),
                }
            }
            return Step::Used(input.len());
        }
        let [kind, _length, _session, code, ..] = input else { return Step::Used(0) };
        if (*kind, *code) == (CONNACK, 0) && self.password == Some(true) {
            sink.found(&LOGIN, About::Sender, NAME, 0..4);
            sink.found(&LOGIN, About::Receiver, NAME, 0..4);
        }
        Step::Done
    }
}

const NAME: &str = "mqtt";
const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const RESERVED: u8 = 0x01;
const PASSWORD: u8 = 0x40;

const LOGIN: Field = Field::new(
    NAME,
    "CONNACK",
    Attribute::ClearTextLogin,
    Confidence::STATED,
    "a connection with a password was accepted without encryption, MQTT section 3.2.2",
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Direction::{ToClient, ToServer};
    use crate::testing::{hex, probe as probes, stream};

    #[test]
    fn notices_logins() {
        let login = "sender clear_text_login = \"mqtt\" CONNACK @0+4\n\
                     receiver clear_text_login = \"mqtt\" CONNACK @0+4\nend: Done\n";
        for (row, client, server, want) in [
            ("accepted", "10 20 0004 4d515454 04 c2 003c", "20020000", login),
            ("refused", "10 20 0004 4d515454 04 c2 003c", "20020005", "end: Done\n"),
            ("no password", "10 20 0004 4d515454 04 02 003c", "20020000", "end: Done\n"),
            ("old name", "10 a001 0006 4d5149736470 03 c2 003c", "20020000", login),
        ] {
            assert_eq!(probes(&PROTOCOL, &hex(client), b""), Probe::Mine, "{row}");
            let turns = [(ToServer, hex(client)), (ToClient, hex(server))];
            let turns: Vec<_> = turns.iter().map(|(side, b)| (*side, b.as_slice())).collect();
            assert_eq!(stream(&PROTOCOL, &turns), want, "{row}");
        }
    }

    #[test]
    fn probes_by_content() {
        for (row, client, want) in [
            ("start", "10 20 00", Probe::NeedMore),
            ("other name", "10 20 0004 58585858 04 02", Probe::NotMine),
            ("other packet", "30 20", Probe::NotMine),
            ("length never ends", "10 ffffffffff 0004", Probe::NotMine),
        ] {
            assert_eq!(probes(&PROTOCOL, &hex(client), b""), want, "{row}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let client = [&[CONNECT], bytes.as_slice()].concat();
            stream(&PROTOCOL, &[(ToServer, &client), (ToClient, &bytes)]);
            probes(&PROTOCOL, &client, &bytes);
        }
    }
}
