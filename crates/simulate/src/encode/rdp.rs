//! RDP: the connection request and its confirmation.
//!
//! Source: MS-RDPBCGR sections 2.2.1.1 and 2.2.1.2.

use super::octets::Octets;

/// Protocol bits: standard RDP security.
pub(crate) const STANDARD: u32 = 0;
/// Protocol bits: TLS.
pub(crate) const TLS: u32 = 1;

/// The client's request with its cookie.
pub(crate) fn request(user: &str, protocols: u32) -> Vec<u8> {
    let mut rest = Vec::new();
    rest.be16(0).be16(0).u8(0).put(format!("Cookie: mstshash={user}\r\n").as_bytes());
    rest.u8(1).u8(0).le16(8).le32(protocols);
    framed(0xe0, &rest)
}

/// The server's choice.
pub(crate) fn confirm(protocol: u32) -> Vec<u8> {
    let mut rest = Vec::new();
    rest.be16(0).be16(0x1234).u8(0).u8(2).u8(0).le16(8).le32(protocol);
    framed(0xd0, &rest)
}

fn framed(kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![3, 0];
    bytes.be16(rest.len() as u16 + 6).u8(rest.len() as u8 + 1).u8(kind).put(rest);
    bytes
}
