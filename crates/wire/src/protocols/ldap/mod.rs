//! LDAP: the names that Windows tells when it signs in, and passwords in clear.
//!
//! Source:  RFC 4511 sections 4.1.1 (message), 4.2 (bind); MS-ADTS section 5.1.1 (SASL, Sicily).
//! Input:   both directions; every message is one BER sequence.
//! Output:  what NTLM tells in a bind; that a bind with a password succeeded.
//! Limits:  messages of `MESSAGE_BYTES_MAX`; longer ones are passed over.
//! Privacy: names, passwords, searches and entries are passed over.

use model::{Attribute, Confidence};

use crate::dissect::{
    About, Direction, Field, Opening, Probe, Sink, Step, StreamDissector, StreamProtocol, joined,
};
use crate::forms::ntlm;
use crate::reader::Reader;

/// LDAP over TCP.
pub const PROTOCOL: StreamProtocol = StreamProtocol {
    name: NAME,
    ports: &[389, 3268],
    probe,
    open: || Box::<Messages>::default(),
    fields: FIELDS,
};

/// Every field it yields.
pub const FIELDS: &[Field] = &joined::<{ 1 + ntlm::FIELDS.len() }>(&[&[LOGIN], ntlm::FIELDS]);

const LOGIN: Field = Field::new(
    NAME,
    "bindResponse",
    Attribute::ClearTextLogin,
    Confidence::STATED,
    "a bind with a password succeeded without encryption (RFC 4511 section 4.2)",
);

fn probe(opening: &Opening<'_>) -> Probe {
    Probe::of_sides([side(opening.to_server, REQUESTS), side(opening.to_client, RESPONSES)])
}

fn side(input: &[u8], operations: &[u8]) -> Probe {
    let mut reader = Reader::new(input);
    match reader.u8() {
        None => return Probe::NeedMore,
        Some(SEQUENCE) => {}
        Some(_) => return Probe::NotMine,
    }
    match head(&mut reader) {
        Ok((_, operation)) if operations.contains(&operation) => Probe::Mine,
        Ok(_) => Probe::NotMine,
        Err(probe) => probe,
    }
}

/// Bytes of the message behind its length, and the tag of its operation.
fn head(reader: &mut Reader<'_>) -> Result<(usize, u8), Probe> {
    let length = length(reader).ok_or(Probe::NeedMore)?.ok_or(Probe::NotMine)?;
    let start = reader.position();
    let [kind, size] = reader.array().ok_or(Probe::NeedMore)?;
    if kind != INTEGER || !(1..=4).contains(&size) {
        return Err(Probe::NotMine);
    }
    reader.skip(usize::from(size)).ok_or(Probe::NeedMore)?;
    let operation = reader.u8().ok_or(Probe::NeedMore)?;
    if reader.position() - start > length { Err(Probe::NotMine) } else { Ok((length, operation)) }
}

/// A length in BER; an inner nothing where it is of a form that is not used.
#[expect(clippy::option_option, reason = "cut off and wrong are different answers")]
fn length(reader: &mut Reader<'_>) -> Option<Option<usize>> {
    Some(match reader.u8()? {
        short @ 0..=0x7f => Some(usize::from(short)),
        0x81 => Some(usize::from(reader.u8()?)),
        0x82 => Some(usize::from(reader.u16_be()?)),
        0x83 => Some(reader.u24_be()? as usize),
        0x84 => Some(reader.u32_be()? as usize),
        _ => None,
    })
}

/// One connection.
#[derive(Default)]
struct Messages {
    /// The client's last bind sent a password.
    password: bool,
}

impl StreamDissector for Messages {
    fn read(&mut self, _direction: Direction, input: &[u8], sink: &mut dyn Sink) -> Step {
        let mut reader = Reader::new(input);
        if reader.u8() != Some(SEQUENCE) {
            // A layer of security, agreed on in the bind, wraps what follows.
            return Step::Done;
        }
        let mut ahead = reader;
        let (length, operation) = match head(&mut ahead) {
            Ok(head) => head,
            Err(Probe::NeedMore) => return Step::Used(0),
            Err(_) => return Step::Malformed("message without its number"),
        };
        let _ = self::length(&mut reader);
        let whole = reader.position().saturating_add(length);
        if !matches!(operation, BIND | BOUND) || length > MESSAGE_BYTES_MAX {
            return Step::Skip(whole as u64);
        }
        let Some(message) = input.get(..whole) else { return Step::Used(0) };
        let told = ntlm::read(message, &|range| range, sink);
        let mut body = Reader::new(message);
        if operation == BIND {
            self.password = !told && sends_password(&mut body, ahead.position()).unwrap_or(false);
        } else if std::mem::take(&mut self.password)
            && succeeds(&mut body, ahead.position()).unwrap_or(false)
        {
            sink.found(&LOGIN, About::Sender, NAME, ahead.position() - 1..whole);
        }
        Step::Used(whole)
    }
}

/// Whether the bind whose content starts at `at` is simple and has a password.
fn sends_password(reader: &mut Reader<'_>, at: usize) -> Option<bool> {
    reader.skip(at)?;
    length(reader)??;
    for kind in [INTEGER, TEXT] {
        (reader.u8()? == kind).then_some(())?;
        let size = length(reader)??;
        reader.skip(size)?;
    }
    Some(reader.u8()? == SIMPLE && length(reader)?? > 0)
}

/// Whether the answer whose content starts at `at` begins with success.
fn succeeds(reader: &mut Reader<'_>, at: usize) -> Option<bool> {
    reader.skip(at)?;
    length(reader)??;
    Some(reader.array()? == [ENUMERATED, 1, 0])
}

const NAME: &str = "ldap";
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const TEXT: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
/// `simple` of `AuthenticationChoice`.
const SIMPLE: u8 = 0x80;
const BIND: u8 = 0x60;
const BOUND: u8 = 0x61;
/// What a client sends first.
const REQUESTS: &[u8] = &[BIND, 0x42, 0x63, 0x66, 0x68, 0x4a, 0x6c, 0x6e, 0x50, 0x77];
/// What a server sends first.
const RESPONSES: &[u8] = &[BOUND, 0x64, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x73, 0x78, 0x79];

/// Longest bind that is read, in bytes: a token of Kerberos has some ten thousand.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::Direction::{ToClient, ToServer};
    use crate::testing::{hex, probe as probes, stream};

    #[test]
    fn a_password_is_told_and_not_read() {
        let bind = hex("3014 020101 600f 020103 0405 636e3d61 62 8003 736563");
        let (good, bad) =
            ("300c 020101 6107 0a0100 0400 0400", "300c 020101 6107 0a0131 0400 0400");
        let found = stream(&PROTOCOL, &[(ToServer, &bind), (ToClient, &hex(good))]);
        assert_eq!(found, "sender clear_text_login = \"ldap\" bindResponse @5+9\n");
        assert_eq!(stream(&PROTOCOL, &[(ToServer, &bind), (ToClient, &hex(bad))]), "");
        assert_eq!(probes(&PROTOCOL, &bind, b""), Probe::Mine);
        assert_eq!(probes(&PROTOCOL, &bind[..3], b""), Probe::NeedMore);
        assert_eq!(probes(&PROTOCOL, b"0\x03abc", b""), Probe::NotMine);
    }

    #[test]
    fn names_stand_in_the_bind() {
        let token = ntlm::tests::challenge();
        let inner =
            [&hex("0a010e 0400 0400 87")[..], &[0x82], &(token.len() as u16).to_be_bytes(), &token]
                .concat();
        let bound = [&[BOUND, 0x82], &(inner.len() as u16).to_be_bytes()[..], &inner].concat();
        let message = [&hex("020101")[..], &bound].concat();
        let whole =
            [&[SEQUENCE, 0x82], &(message.len() as u16).to_be_bytes()[..], &message].concat();
        let found = stream(&PROTOCOL, &[(ToClient, &whole)]);
        assert!(found.contains("sender hostname = "), "{found}");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(operation: u8, body: Vec<u8>) {
            let message = [&[SEQUENCE, body.len() as u8, 2, 1, 1, operation][..], &body].concat();
            stream(&PROTOCOL, &[(ToServer, &message), (ToClient, &message)]);
            probes(&PROTOCOL, &body, &message);
        }
    }
}
