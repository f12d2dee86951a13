//! DNS questions and answers; multicast DNS announcements.
//!
//! Source: RFC 1035, RFC 6762, RFC 6763.

use std::net::Ipv4Addr;

use super::octets::Octets;

/// A question for an address.
pub(crate) fn question(id: u16, name: &str) -> Vec<u8> {
    let mut message = header(id, 0x0100, 1, 0, 0);
    message.put(&encoded(name)).be16(A).be16(INTERNET);
    message
}

/// Its answer, or "no such name".
pub(crate) fn answer(id: u16, name: &str, address: Option<Ipv4Addr>) -> Vec<u8> {
    let found = address.is_some();
    let flags = if found { 0x8180 } else { 0x8183 };
    let mut message = header(id, flags, 1, u16::from(found), 0);
    message.put(&encoded(name)).be16(A).be16(INTERNET);
    if let Some(address) = address {
        // A pointer to the name at byte 12, where the question stands.
        message.be16(0xc00c).be16(A).be16(INTERNET).be32(300).sized16(&address.octets());
    }
    message
}

/// A device announces one service and its own address in `.local`.
pub(crate) fn announcement(
    host: &str,
    address: Ipv4Addr,
    instance: &str,
    service: &str,
    port: u16,
    text: &[&str],
) -> Vec<u8> {
    let target = format!("{host}.local");
    let domain = format!("{service}.local");
    let mut full = Vec::new();
    full.sized8(instance.as_bytes()).put(&encoded(&domain));
    let mut message = header(0, 0x8400, 0, 4, 0);
    record(&mut message, &encoded(&domain), PTR, INTERNET, &full);
    let mut place = Vec::new();
    place.be16(0).be16(0).be16(port).put(&encoded(&target));
    record(&mut message, &full, SRV, INTERNET | FLUSH, &place);
    let mut strings = Vec::new();
    for part in text {
        strings.sized8(part.as_bytes());
    }
    record(&mut message, &full, TXT, INTERNET | FLUSH, &strings);
    record(&mut message, &encoded(&target), A, INTERNET | FLUSH, &address.octets());
    message
}

fn header(id: u16, flags: u16, questions: u16, answers: u16, more: u16) -> Vec<u8> {
    let mut message = Vec::with_capacity(128);
    message.be16(id).be16(flags).be16(questions).be16(answers).be16(0).be16(more);
    message
}

fn record(message: &mut Vec<u8>, name: &[u8], kind: u16, class: u16, data: &[u8]) {
    message.put(name).be16(kind).be16(class).be32(120).sized16(data);
}

fn encoded(name: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len() + 2);
    for label in name.split('.') {
        bytes.sized8(label.as_bytes());
    }
    bytes.u8(0);
    bytes
}

const A: u16 = 1;
const PTR: u16 = 12;
const TXT: u16 = 16;
const SRV: u16 = 33;
const INTERNET: u16 = 1;
/// Cache-flush bit of multicast DNS.
const FLUSH: u16 = 0x8000;
