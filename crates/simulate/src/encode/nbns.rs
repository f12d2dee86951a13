//! NetBIOS names: registration by broadcast.
//!
//! Source: RFC 1002 section 4.2.2.

use std::net::Ipv4Addr;

use super::octets::Octets;

/// A host registers a name; `suffix` 0x00 is the workstation, 0x20 the file server.
pub(crate) fn registration(id: u16, name: &str, suffix: u8, address: Ipv4Addr) -> Vec<u8> {
    let mut message = Vec::with_capacity(80);
    message.be16(id).be16(0x2910).be16(1).be16(0).be16(0).be16(1);
    message.put(&first_level(name, suffix)).be16(NB).be16(1);
    message.be16(0xc00c).be16(NB).be16(1).be32(300_000).be16(6).be16(0).put(&address.octets());
    message
}

/// 15 characters and a suffix, each nibble as a letter from `A`.
fn first_level(name: &str, suffix: u8) -> Vec<u8> {
    let mut plain = Vec::with_capacity(16);
    plain.padded(&name.to_ascii_uppercase(), 15, b' ').u8(suffix);
    let letters: Vec<u8> =
        plain.iter().flat_map(|octet| [b'A' + (octet >> 4), b'A' + (octet & 15)]).collect();
    let mut bytes = Vec::with_capacity(34);
    bytes.sized8(&letters).u8(0);
    bytes
}

const NB: u16 = 0x0020;
