//! QUIC: recognised by its long header, and Google's earlier form of it by its version.
//!
//! Source:  RFC 8999 (invariants), RFC 9000 section 17.2, RFC 9369 (version 2); for the earlier
//!          form "QUIC Wire Layout Specification", Hamilton 2016, section "Public Packet Header".
//! Input:   one datagram.
//! Output:  what the client's hello tells, as with TLS; what follows it is encrypted.
//! Limits:  short headers look like random bytes and are not claimed.
//! Privacy: as with TLS.

mod aes;
mod initial;

use crate::dissect::{Datagram, DatagramProtocol, Field, Heard, Server, Sink};
use crate::protocols::tls;
use crate::reader::Reader;

/// QUIC over UDP.
pub const PROTOCOL: DatagramProtocol =
    DatagramProtocol { name: "quic", ports: &[443], any_port: true, read, fields: FIELDS };

/// What a hello tells.
pub const FIELDS: &[Field] =
    &[tls::SERVER_NAME, tls::REMOTE_ACCESS_NAME, tls::OFFERED_VERSION, tls::JA4];

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let hello = initial::hello(datagram.payload);
    // It was sealed, so that no byte of the datagram is its own.
    if hello.is_some_and(|hello| tls::read_unsealed(&hello, 0..datagram.payload.len(), sink)) {
        return Heard::Mine(Server::Receiver);
    }
    let mut reader = Reader::new(datagram.payload);
    match long_header(&mut reader).or_else(|| public_header(Reader::new(datagram.payload))) {
        Some(server) => Heard::Mine(server),
        None => Heard::NotMine,
    }
}

fn long_header(reader: &mut Reader<'_>) -> Option<Server> {
    let first = reader.u8()?;
    let version = reader.u32_be()?;
    for _ in 0..2 {
        let length = reader.u8().filter(|length| *length <= CONNECTION_ID_BYTES_MAX)?;
        reader.skip(usize::from(length))?;
    }
    if first & LONG_HEADER == 0 {
        return None;
    }
    if version == VERSION_NEGOTIATION {
        // A list of versions, of which at least one is known.
        let versions = reader.rest().as_chunks::<4>().0;
        let known = versions.iter().any(|version| is_known(u32::from_be_bytes(*version)));
        return known.then_some(Server::Sender);
    }
    (first & FIXED_BIT != 0 && is_known(version) && reader.remaining() >= PACKET_BYTES_MIN)
        .then_some(Server::Unclear)
}

const fn is_known(version: u32) -> bool {
    matches!(version, 1 | 0x6b33_43cf | 0xff00_0000..=0xff00_00ff) || is_of_google(version)
}

/// `Q` or `T` and three digits.
const fn is_of_google(version: u32) -> bool {
    let [letter, a, b, c] = version.to_be_bytes();
    matches!(letter, b'Q' | b'T') && a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit()
}

/// A client's first packet before version Q044: flags, connection, version.
fn public_header(mut reader: Reader<'_>) -> Option<Server> {
    let flags = reader.u8()?;
    let wanted = flags & (PUBLIC_VERSION | PUBLIC_RESET | PUBLIC_CONNECTION | PUBLIC_UNUSED)
        == PUBLIC_VERSION | PUBLIC_CONNECTION;
    reader.skip(8)?;
    let version = reader.u32_be()?;
    (wanted && is_of_google(version)).then_some(Server::Receiver)
}

const PUBLIC_VERSION: u8 = 0x01;
const PUBLIC_RESET: u8 = 0x02;
const PUBLIC_CONNECTION: u8 = 0x08;
const PUBLIC_UNUSED: u8 = 0xc0;
const LONG_HEADER: u8 = 0x80;
const FIXED_BIT: u8 = 0x40;
const VERSION_NEGOTIATION: u32 = 0;
/// Longest connection identifier, in bytes: RFC 9000 section 17.2.
const CONNECTION_ID_BYTES_MAX: u8 = 20;
/// Least bytes behind the identifiers: a protected packet has a sample of 16, RFC 9001 section 5.4.
const PACKET_BYTES_MIN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{datagram, hex};

    #[test]
    fn hears_long_headers() {
        let tail = "00".repeat(20);
        for (row, payload, want) in [
            ("version 1", format!("c3 00000001 08 0102030405060708 00 {tail}"), "Mine(Unclear)\n"),
            ("version 2", format!("d3 6b3343cf 00 00 {tail}"), "Mine(Unclear)\n"),
            ("negotiation", "80 00000000 00 00 00000001".to_owned(), "Mine(Sender)\n"),
            ("negotiation of nothing", "80 00000000 00 00 00000009".to_owned(), "NotMine\n"),
            ("unknown version", format!("c3 00000007 00 00 {tail}"), "NotMine\n"),
            ("short header", format!("43 00000001 00 00 {tail}"), "NotMine\n"),
            ("identifier too long", format!("c3 00000001 15 {tail}"), "NotMine\n"),
            ("cut", "c3 00000001 00 00".to_owned(), "NotMine\n"),
        ] {
            assert_eq!(datagram(&PROTOCOL, (1, 443), &hex(&payload)), want, "{row}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            datagram(&PROTOCOL, (1, 443), &bytes);
        }
    }
}
