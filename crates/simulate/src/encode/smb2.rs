//! SMB 2: negotiation, session setup with NTLM, reads.
//!
//! Source: MS-SMB2 sections 2.2.1 to 2.2.6, 2.2.19 and 2.2.20.

use super::octets::Octets;
use crate::random::Rng;

/// The client's dialects.
pub(crate) fn negotiate_request(rng: &mut Rng) -> Vec<u8> {
    let mut body = Vec::new();
    body.le16(36).le16(3).le16(1).le16(0).le32(0).put(&rng.bytes(16)).zeros(8);
    body.le16(0x0202).le16(0x0210).le16(0x0302);
    message(NEGOTIATE, 0, 0, &body)
}

/// The server's choice; `signing` says whether it insists on signatures.
pub(crate) fn negotiate_response(dialect: u16, signing: bool, rng: &mut Rng) -> Vec<u8> {
    let mut body = Vec::new();
    body.le16(65).le16(if signing { 3 } else { 1 }).le16(dialect).le16(0).put(&rng.bytes(16));
    body.le32(7).le32(1 << 20).le32(1 << 20).le32(1 << 20);
    body.le64(0x01dc_0000_0000_0000).le64(0).le16(128).le16(0).le32(0);
    message(NEGOTIATE, REPLY, 0, &body)
}

/// The client's half of a session setup.
pub(crate) fn setup_request(id: u64, token: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    body.le16(25).u8(0).u8(1).le32(1).le32(0).le16(88).le16(token.len() as u16).le64(0);
    body.put(token);
    message(SETUP, 0, id, &body)
}

/// The server's half; unless `done`, more is needed.
pub(crate) fn setup_response(id: u64, token: &[u8], done: bool) -> Vec<u8> {
    let mut body = Vec::new();
    body.le16(9).le16(0).le16(72).le16(token.len() as u16).put(token);
    let mut bytes = message(SETUP, REPLY, id, &body);
    if !done {
        super::octets::patch(&mut bytes, 12, &0xc000_0016u32.to_le_bytes());
    }
    bytes
}

/// A request to read part of a file.
pub(crate) fn read_request(id: u64, count: u32, rng: &mut Rng) -> Vec<u8> {
    let mut body = Vec::new();
    body.le16(49).u8(80).u8(0).le32(count).le64(0).put(&rng.bytes(16));
    body.le32(0).le32(0).le32(0).le16(0).le16(0).u8(0);
    message(READ, 0, id, &body)
}

/// The part of the file.
pub(crate) fn read_response(id: u64, content: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(content.len() + 16);
    body.le16(17).u8(80).u8(0).le32(content.len() as u32).le32(0).le32(0).put(content);
    message(READ, REPLY, id, &body)
}

fn message(command: u16, flags: u32, id: u64, body: &[u8]) -> Vec<u8> {
    let session: u64 = if command == NEGOTIATE { 0 } else { 0x4400_0000_0001 };
    let mut smb = vec![0xfe, b'S', b'M', b'B'];
    smb.le16(64).le16(1).le32(0).le16(command).le16(1).le32(flags).le32(0).le64(id);
    smb.le32(0xfeff).le32(u32::from(command == READ)).le64(session).zeros(16).put(body);
    let mut bytes = vec![0];
    bytes.sized24(&smb);
    bytes
}

const NEGOTIATE: u16 = 0;
const SETUP: u16 = 1;
const READ: u16 = 8;
const REPLY: u32 = 1;
