//! NTLM messages: they carry the operating system's version and the host's names in clear.
//!
//! Source: MS-NLMP sections 2.2.1 and 2.2.2.10 (version).

use super::octets::{Octets, utf16le};
use crate::random::Rng;

/// Major, minor and build number of Windows.
pub(crate) type WindowsVersion = (u8, u8, u16);

/// NEGOTIATE.
pub(crate) fn negotiate(version: WindowsVersion) -> Vec<u8> {
    let mut message = start(1);
    message.le32(FLAGS).zeros(16).put(&encoded(version));
    message
}

/// CHALLENGE: the server names itself.
pub(crate) fn challenge(
    version: WindowsVersion,
    host: &str,
    domain: &str,
    rng: &mut Rng,
) -> Vec<u8> {
    let target = utf16le(&domain.to_ascii_uppercase());
    let mut info = Vec::new();
    let full = format!("{host}.{domain}");
    let short = domain.split('.').next().unwrap_or_default().to_ascii_uppercase();
    for (kind, text) in [
        (2, short.as_str()),
        (1, host.to_ascii_uppercase().as_str()),
        (4, domain),
        (3, full.as_str()),
    ] {
        let text = utf16le(text);
        info.le16(kind).le16(text.len() as u16).put(&text);
    }
    info.le32(0);
    let mut message = start(2);
    let offset = 56;
    field(&mut message, target.len(), offset);
    message.le32(FLAGS | TARGET_INFO).put(&rng.bytes(8)).zeros(8);
    field(&mut message, info.len(), offset + target.len());
    message.put(&encoded(version)).put(&target).put(&info);
    message
}

/// AUTHENTICATE: the client names itself and its user.
pub(crate) fn authenticate(
    version: WindowsVersion,
    host: &str,
    domain: &str,
    user: &str,
    rng: &mut Rng,
) -> Vec<u8> {
    let short = domain.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let parts = [
        rng.bytes(24),
        rng.bytes(24),
        utf16le(&short),
        utf16le(user),
        utf16le(&host.to_ascii_uppercase()),
        Vec::new(),
    ];
    let mut message = start(3);
    let mut offset = 72;
    for part in &parts {
        field(&mut message, part.len(), offset);
        offset += part.len();
    }
    message.le32(FLAGS).put(&encoded(version)).put(&parts.concat());
    message
}

fn start(kind: u32) -> Vec<u8> {
    let mut message = b"NTLMSSP\0".to_vec();
    message.le32(kind);
    message
}

fn field(message: &mut Vec<u8>, length: usize, offset: usize) {
    message.le16(length as u16).le16(length as u16).le32(offset as u32);
}

fn encoded((major, minor, build): WindowsVersion) -> Vec<u8> {
    let mut bytes = vec![major, minor];
    bytes.le16(build).zeros(3).u8(15);
    bytes
}

/// Unicode, request target, NTLM, always sign, version.
const FLAGS: u32 = 0x0200_8205;
const TARGET_INFO: u32 = 0x0080_0000;
