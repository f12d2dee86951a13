//! SMB 1: dialect negotiation and session setup with NTLM.
//!
//! Source: MS-CIFS section 2.2; MS-SMB section 2.2.4 (extended security).

use super::octets::{Octets, utf16le};
use crate::random::Rng;

/// The client's dialects.
pub(crate) fn negotiate_request() -> Vec<u8> {
    let dialects = b"\x02PC NETWORK PROGRAM 1.0\0\x02LANMAN1.0\0\x02LM1.2X002\0\x02NT LM 0.12\0";
    let mut body = vec![0];
    body.le16(dialects.len() as u16).put(dialects);
    message(NEGOTIATE, false, 0, &body)
}

/// The server takes the fourth dialect.
pub(crate) fn negotiate_response(rng: &mut Rng) -> Vec<u8> {
    let mut body = vec![17];
    body.le16(3).u8(3).le16(50).le16(1).le32(16_644).le32(65_536).le32(0);
    body.le32(EXTENDED_SECURITY | 0xf3fd).le64(0x01d9_0000_0000_0000).le16(0).u8(0);
    body.le16(16).put(&rng.bytes(16));
    message(NEGOTIATE, true, 0, &body)
}

/// The client's half of a session setup.
pub(crate) fn setup_request(token: &[u8], system: &str, manager: &str) -> Vec<u8> {
    let mut body = vec![12, 0xff, 0];
    body.le16(0).le16(16_644).le16(50).le16(0).le32(0).le16(token.len() as u16).le32(0);
    body.le32(0x8000_00d4);
    finish(body, token, system, manager, false)
}

/// The server's half; status 0 ends it, otherwise more is needed.
pub(crate) fn setup_response(token: &[u8], done: bool, system: &str, manager: &str) -> Vec<u8> {
    let mut body = vec![4, 0xff, 0];
    body.le16(0).le16(0).le16(token.len() as u16);
    finish(body, token, system, manager, true).tap_status(if done { 0 } else { MORE_NEEDED })
}

fn finish(mut body: Vec<u8>, token: &[u8], system: &str, manager: &str, reply: bool) -> Vec<u8> {
    let mut data = token.to_vec();
    // Unicode strings start at an even place counted from the header (32 octets).
    if (32 + body.len() + 2 + data.len()) % 2 == 1 {
        data.push(0);
    }
    data.put(&utf16le(system)).le16(0).put(&utf16le(manager)).le16(0);
    body.le16(data.len() as u16).put(&data);
    message(SETUP, reply, 0, &body)
}

trait Status {
    fn tap_status(self, status: u32) -> Self;
}

impl Status for Vec<u8> {
    /// The status stands at octet 5 of the header, behind the 4 octets of the session service.
    fn tap_status(mut self, status: u32) -> Self {
        super::octets::patch(&mut self, 9, &status.to_le_bytes());
        self
    }
}

fn message(command: u8, reply: bool, user: u16, body: &[u8]) -> Vec<u8> {
    let mut smb = vec![0xff, b'S', b'M', b'B', command];
    smb.le32(0).u8(if reply { 0x98 } else { 0x18 }).le16(0xc807).zeros(12);
    smb.le16(0).le16(0xfeff).le16(user).le16(1).put(body);
    let mut bytes = vec![0];
    bytes.sized24(&smb);
    bytes
}

const NEGOTIATE: u8 = 0x72;
const SETUP: u8 = 0x73;
const EXTENDED_SECURITY: u32 = 0x8000_0000;
const MORE_NEEDED: u32 = 0xc000_0016;
