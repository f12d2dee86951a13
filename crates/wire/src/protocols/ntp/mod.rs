//! NTP: who serves the time, and how far from a reference clock.
//!
//! Source:  RFC 5905 section 7.3; RFC 4330 section 5 (what a client may believe).
//! Input:   one message over UDP.
//! Output:  role and stratum of a server.
//! Limits:  read on port 123 only, because 48 bytes with few rules prove little. Control messages
//!          (modes 6 and 7) are recognised and not read.

use model::{Attribute, Confidence};

use crate::dissect::{About, Datagram, DatagramProtocol, Field, Heard, Server, Sink};
use crate::reader::Reader;

/// NTP over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: NAME, ports: &[123], any_port: false, read, fields: FIELDS };

/// What a server tells.
pub const FIELDS: &[Field] = &[ROLE, STRATUM];

const ROLE: Field = Field::new(
    NAME,
    "mode",
    Attribute::Role,
    Confidence::STRONG,
    "answers or broadcasts the time (figure 10)",
);
const STRATUM: Field = Field::new(
    NAME,
    "stratum",
    Attribute::NtpStratum,
    Confidence::STATED,
    "distance from a reference clock (figure 11)",
);

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let mut reader = Reader::new(datagram.payload);
    let Some(first) = reader.u8() else { return Heard::NotMine };
    let (version, mode) = (first >> 3 & 7, first & 7);
    if !matches!(version, 1..=4) {
        return Heard::NotMine;
    }
    match mode {
        CONTROL | PRIVATE if reader.remaining() + 1 >= CONTROL_BYTES_MIN => {
            return Heard::Mine(Server::Unclear);
        }
        SYMMETRIC_ACTIVE..=BROADCAST => {}
        _ => return Heard::NotMine,
    }
    let Some((stratum, sent)) = header(&mut reader) else { return Heard::NotMine };
    match mode {
        CLIENT => Heard::Mine(Server::Receiver),
        SERVER | BROADCAST => {
            // A server without a time, or that refuses (stratum 0), serves nobody.
            if sent != 0 && matches!(stratum, 1..=STRATUM_MAX) {
                sink.found(&ROLE, About::Sender, "ntp_server", 0..1);
                sink.found(&STRATUM, About::Sender, &stratum.to_string(), 1..2);
            }
            Heard::Mine(Server::Sender)
        }
        _ => Heard::Mine(Server::Unclear),
    }
}

/// Stratum and transmit timestamp, where the rest has a length that NTP allows.
fn header(reader: &mut Reader<'_>) -> Option<(u8, u64)> {
    let stratum = reader.u8()?;
    reader.skip(38)?;
    let sent = reader.u64_be()?;
    (stratum <= UNSYNCHRONISED && reader.remaining().is_multiple_of(4)).then_some((stratum, sent))
}

const NAME: &str = "ntp";
const SYMMETRIC_ACTIVE: u8 = 1;
const CLIENT: u8 = 3;
const SERVER: u8 = 4;
const BROADCAST: u8 = 5;
const CONTROL: u8 = 6;
const PRIVATE: u8 = 7;
const STRATUM_MAX: u8 = 15;
const UNSYNCHRONISED: u8 = 16;
/// Shortest control message, in bytes: a private one without items (mode 6 has twelve).
const CONTROL_BYTES_MIN: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{datagram, hex};

    fn message(first: u8, stratum: u8, sent: u64, tail: usize) -> Vec<u8> {
        let mut bytes = vec![first, stratum, 6, 0xec];
        bytes.extend([0; 36]);
        bytes.extend(sent.to_be_bytes());
        bytes.extend(vec![0; tail]);
        bytes
    }

    #[test]
    fn messages() {
        let server = |stratum: &str| {
            format!(
                "sender role = \"ntp_server\" mode @0+1\n\
                 sender ntp_stratum = \"{stratum}\" stratum @1+1\nMine(Sender)\n"
            )
        };
        for (name, bytes, want) in [
            ("server", message(0x24, 2, 7, 0), server("2")),
            ("server of version 3", message(0x1c, 1, 7, 0), server("1")),
            ("server with authentication", message(0x24, 2, 7, 20), server("2")),
            ("broadcast", message(0x25, 2, 7, 0), server("2")),
            ("kiss of death", message(0xe4, 0, 7, 0), "Mine(Sender)\n".to_owned()),
            ("server without a time", message(0x24, 2, 0, 0), "Mine(Sender)\n".to_owned()),
            ("client", message(0x23, 0, 7, 0), "Mine(Receiver)\n".to_owned()),
            ("peer", message(0x21, 2, 7, 0), "Mine(Unclear)\n".to_owned()),
            ("control", hex("1602 0001 0000 0000 0000 0000"), "Mine(Unclear)\n".to_owned()),
            ("control cut", hex("1602 0001"), "NotMine\n".to_owned()),
            ("odd length", message(0x24, 2, 7, 3), "NotMine\n".to_owned()),
            ("stratum out of range", message(0x24, 17, 7, 0), "NotMine\n".to_owned()),
            ("version 0", message(0x04, 2, 7, 0), "NotMine\n".to_owned()),
            ("mode 0", message(0x20, 2, 7, 0), "NotMine\n".to_owned()),
        ] {
            assert_eq!(datagram(&PROTOCOL, (123, 123), &bytes), want, "{name}");
        }
    }

    #[test]
    fn no_prefix_is_a_message() {
        let whole = message(0x24, 2, 7, 0);
        for seen in 0..whole.len() {
            assert_eq!(datagram(&PROTOCOL, (123, 123), &whole[..seen]), "NotMine\n", "{seen}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            datagram(&PROTOCOL, (123, 123), &bytes);
        }
    }
}
