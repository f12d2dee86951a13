//! DTLS: TLS over datagrams.
//!
//! Source: RFC 6347 sections 4.1 and 4.2, RFC 9147 section 5.
//! Input:  one datagram.
//! Output: server name, offered version and JA4, where the hello fits one datagram.
//! Limits: a hello in fragments is recognised, not read.

use super::hello::Client;
use super::record::place;
use super::{CLIENT_HELLO, FIELDS, SERVER_HELLO};
use crate::dissect::{Datagram, DatagramProtocol, Heard, Server, Sink};
use crate::reader::Reader;

/// TLS over UDP.
pub const PROTOCOL: DatagramProtocol = DatagramProtocol {
    name: "dtls",
    ports: &[443, 4433, 5684, 3391],
    any_port: true,
    read,
    fields: FIELDS,
};

fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let mut reader = Reader::new(datagram.payload);
    let Some(mut record) = handshake_record(&mut reader) else { return Heard::NotMine };
    let Some(header) = Header::read(&mut record) else { return Heard::NotMine };
    if !header.fits(record.remaining()) {
        return Heard::NotMine;
    }
    match header.kind {
        CLIENT_HELLO => {
            if header.fragment_length == header.length {
                return read_hello(datagram.payload, record.rest(), sink);
            }
            Heard::Mine(Server::Receiver)
        }
        SERVER_HELLO | HELLO_VERIFY_REQUEST => Heard::Mine(Server::Sender),
        _ => Heard::Mine(Server::Unclear),
    }
}

fn read_hello(payload: &[u8], body: &[u8], sink: &mut dyn Sink) -> Heard {
    let Some(hello) = Client::read_datagram(body) else {
        return Heard::Malformed("client hello breaks off");
    };
    let base = place(payload, body).start;
    hello.report_at(&|range| range.start + base..range.end + base, 'd', body.len(), sink);
    Heard::Mine(Server::Receiver)
}

/// The payload of a first record that holds a handshake in the clear.
fn handshake_record<'a>(reader: &mut Reader<'a>) -> Option<Reader<'a>> {
    let kind = reader.u8()?;
    let version = reader.u16_be()?;
    let epoch = reader.u16_be()?;
    // A sequence number of six bytes.
    reader.skip(6)?;
    let length = reader.u16_be()?;
    let fits = kind == super::record::HANDSHAKE && matches!(version, 0xfeff | 0xfefd) && epoch == 0;
    if fits { reader.part(usize::from(length)) } else { None }
}

struct Header {
    kind: u8,
    length: u32,
    fragment_offset: u32,
    fragment_length: u32,
}

impl Header {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (kind, length, _sequence) = (reader.u8()?, reader.u24_be()?, reader.u16_be()?);
        let (fragment_offset, fragment_length) = (reader.u24_be()?, reader.u24_be()?);
        Some(Self { kind, length, fragment_offset, fragment_length })
    }

    fn fits(&self, remaining: usize) -> bool {
        KINDS.contains(&self.kind)
            && self.fragment_offset + self.fragment_length <= self.length
            && self.fragment_length as usize <= remaining
    }
}

const HELLO_VERIFY_REQUEST: u8 = 3;

/// Handshake messages that travel in the clear, RFC 6347 section 4.3.2.
const KINDS: &[u8] = &[0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{datagram, hex};

    fn hello() -> Vec<u8> {
        let body = hex(&format!("fefd {} 00 00 0002 c02b 01 00", "11".repeat(32)));
        let length = u8::try_from(body.len()).unwrap();
        let mut bytes = hex("16 feff 0000 000000000000 00");
        bytes.push(length + 12);
        bytes.extend([1, 0, 0, length, 0, 0, 0, 0, 0, 0, 0, length]);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn reads_a_client_hello() {
        let heard = datagram(&PROTOCOL, (40_000, 443), &hello());
        assert_eq!(
            heard,
            "sender tls_version = \"DTLS 1.2\" ClientHello.supported_versions @25+2\n\
             sender ja4 = \"dd2i010000_648b5c445417_000000000000\" ja4 @25+42\n\
             Mine(Receiver)\n"
        );
    }

    #[test]
    fn a_prefix_is_not_mine_and_never_panics() {
        let whole = hello();
        for seen in 0..whole.len() {
            assert_eq!(datagram(&PROTOCOL, (1, 2), &whole[..seen]), "NotMine\n", "{seen}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(tail: Vec<u8>) {
            datagram(&PROTOCOL, (1, 2), &tail);
            let mut bytes = hello();
            bytes.truncate(25);
            bytes.extend(tail);
            datagram(&PROTOCOL, (1, 2), &bytes);
        }
    }
}
