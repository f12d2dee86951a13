//! TLS handshakes: 1.0 and 1.2 with the server's certificate in clear, 1.3 without.
//!
//! Source: RFC 5246 section 7.4, RFC 8446 section 4, RFC 6066 section 3 (server name).
//! Limits: key exchange by RSA, so that no server key exchange is needed; secrets are arbitrary bytes.

use super::octets::Octets;
use crate::random::Rng;

/// Protocol version 1.0.
pub(crate) const TLS_1_0: u16 = 0x0301;
/// Protocol version 1.2.
pub(crate) const TLS_1_2: u16 = 0x0303;
/// Protocol version 1.3.
pub(crate) const TLS_1_3: u16 = 0x0304;

/// The client's first message.
pub(crate) fn client_hello(version: u16, name: &str, web: bool, rng: &mut Rng) -> Vec<u8> {
    let ciphers: &[u16] = match version {
        TLS_1_3 => &[0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0x009c, 0x009d],
        TLS_1_2 => &[0xc02b, 0xc02f, 0xc02c, 0xc030, 0x009c, 0x009d, 0x002f, 0x0035],
        _ => &[0x002f, 0x0035, 0x0005, 0x000a],
    };
    let suites: Vec<u8> = ciphers.iter().flat_map(|cipher| cipher.to_be_bytes()).collect();
    let mut body = Vec::with_capacity(512);
    body.be16(version.min(TLS_1_2)).put(&rng.bytes(32)).sized8(&rng.bytes(32));
    body.sized16(&suites).sized8(&[0]);
    if version > TLS_1_0 {
        body.sized16(&client_extensions(version, name, web, rng));
    }
    record(HANDSHAKE, TLS_1_0, &handshake(1, &body))
}

/// The server's first flight; up to 1.2 it shows the certificate.
pub(crate) fn server_hello(version: u16, certificate: &[u8], rng: &mut Rng) -> Vec<u8> {
    let wire = version.min(TLS_1_2);
    let cipher = match version {
        TLS_1_3 => 0x1301,
        TLS_1_2 => 0x009c,
        _ => 0x002f,
    };
    let mut body = Vec::with_capacity(128);
    body.be16(wire).put(&rng.bytes(32)).sized8(&rng.bytes(32)).be16(cipher).u8(0);
    if version == TLS_1_3 {
        let mut share = Vec::new();
        share.be16(X25519).sized16(&rng.bytes(32));
        let mut extensions = Vec::new();
        extension(&mut extensions, 43, &TLS_1_3.to_be_bytes());
        extension(&mut extensions, 51, &share);
        body.sized16(&extensions);
        let mut flight = record(HANDSHAKE, wire, &handshake(2, &body));
        flight.put(&record(CHANGE_CIPHER, wire, &[1]));
        flight.put(&record(APPLICATION, wire, &rng.bytes(1200)));
        return flight;
    }
    if version == TLS_1_2 {
        body.be16(5).be16(0xff01).sized16(&[0]);
    }
    let mut chain = Vec::with_capacity(certificate.len() + 6);
    chain.sized24(certificate);
    let mut list = Vec::with_capacity(chain.len() + 3);
    list.sized24(&chain);
    let mut flight = record(HANDSHAKE, wire, &handshake(2, &body));
    flight.put(&record(HANDSHAKE, wire, &handshake(11, &list)));
    flight.put(&record(HANDSHAKE, wire, &handshake(14, &[])));
    flight
}

/// The client's second flight.
pub(crate) fn client_finish(version: u16, rng: &mut Rng) -> Vec<u8> {
    let wire = version.min(TLS_1_2);
    let mut flight = Vec::new();
    if version < TLS_1_3 {
        let mut key = Vec::new();
        key.sized16(&rng.bytes(256));
        flight = record(HANDSHAKE, wire, &handshake(16, &key));
        flight.put(&record(CHANGE_CIPHER, wire, &[1]));
        flight.put(&record(HANDSHAKE, wire, &sealed(40, rng)));
    } else {
        flight.put(&record(CHANGE_CIPHER, wire, &[1]));
        flight.put(&record(APPLICATION, wire, &rng.bytes(69)));
    }
    flight
}

/// The server's second flight.
pub(crate) fn server_finish(version: u16, rng: &mut Rng) -> Vec<u8> {
    let wire = version.min(TLS_1_2);
    if version == TLS_1_3 {
        return record(APPLICATION, wire, &rng.bytes(239));
    }
    let mut flight = record(CHANGE_CIPHER, wire, &[1]);
    flight.put(&record(HANDSHAKE, wire, &sealed(40, rng)));
    flight
}

/// Encrypted bytes of the application.
pub(crate) fn application(version: u16, count: usize, rng: &mut Rng) -> Vec<u8> {
    let mut records = Vec::with_capacity(count + 64);
    let mut left = count;
    while left > 0 {
        let part = left.min(RECORD_BYTES);
        records.put(&record(APPLICATION, version.min(TLS_1_2), &rng.bytes(part)));
        left -= part;
    }
    records
}

fn client_extensions(version: u16, name: &str, web: bool, rng: &mut Rng) -> Vec<u8> {
    let mut extensions = Vec::with_capacity(256);
    if !name.is_empty() {
        let mut entry = vec![0];
        entry.sized16(name.as_bytes());
        let mut list = Vec::new();
        list.sized16(&entry);
        extension(&mut extensions, 0, &list);
    }
    extension(&mut extensions, 23, &[]);
    extension(&mut extensions, 0xff01, &[0]);
    extension(&mut extensions, 10, &[0, 6, 0, 0x1d, 0, 0x17, 0, 0x18]);
    extension(&mut extensions, 11, &[1, 0]);
    if web {
        extension(&mut extensions, 16, b"\x00\x0c\x02h2\x08http/1.1");
    }
    extension(&mut extensions, 13, &[0, 8, 4, 3, 8, 4, 4, 1, 2, 1]);
    if version == TLS_1_3 {
        let mut share = Vec::new();
        share.be16(X25519).sized16(&rng.bytes(32));
        let mut shares = Vec::new();
        shares.sized16(&share);
        extension(&mut extensions, 51, &shares);
        extension(&mut extensions, 45, &[1, 1]);
        extension(&mut extensions, 43, &[4, 3, 4, 3, 3]);
    }
    extensions
}

fn extension(extensions: &mut Vec<u8>, kind: u16, content: &[u8]) {
    extensions.be16(kind).sized16(content);
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.sized24(body);
    message
}

/// Encrypted bytes that no reader can take for a handshake in clear.
fn sealed(count: usize, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = vec![0xe5];
    bytes.extend(rng.bytes(count - 1));
    bytes
}

fn record(kind: u8, version: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len() + 5);
    bytes.u8(kind).be16(version).sized16(body);
    bytes
}

const CHANGE_CIPHER: u8 = 20;
const HANDSHAKE: u8 = 22;
const APPLICATION: u8 = 23;
const X25519: u16 = 0x001d;
/// Largest plaintext of a record, in bytes (RFC 8446 section 5.1).
const RECORD_BYTES: usize = 16_384;
