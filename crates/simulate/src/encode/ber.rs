//! Tag, length, value: the basic and distinguished encoding rules, as far as needed.
//!
//! Source: ITU-T X.690.

use super::octets::Octets;

/// One element with this identifier octet.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match content.len() {
        short @ 0..128 => bytes.u8(short as u8),
        medium @ 128..256 => bytes.u8(0x81).u8(medium as u8),
        long => bytes.u8(0x82).be16(long as u16),
    };
    bytes.put(content);
    bytes
}

/// A constructed element of parts.
pub(crate) fn group(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &parts.concat())
}

/// An INTEGER that is not negative.
pub(crate) fn integer(value: u32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let skip = bytes.iter().take(3).take_while(|byte| **byte == 0).count();
    let mut content: Vec<u8> = bytes.iter().skip(skip).copied().collect();
    if content.first().is_some_and(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    element(INTEGER, &content)
}

/// An OBJECT IDENTIFIER; its first two arcs are below 40.
pub(crate) fn object(arcs: &[u32]) -> Vec<u8> {
    let mut content = Vec::new();
    if let [first, second, rest @ ..] = arcs {
        content.push((first * 40 + second) as u8);
        for arc in rest {
            let groups = (32 - arc.leading_zeros()).div_ceil(7).max(1);
            for group in (0..groups).rev() {
                let more = if group == 0 { 0 } else { 0x80 };
                content.push(more | (arc >> (group * 7) & 0x7f) as u8);
            }
        }
    }
    element(6, &content)
}

pub(crate) const INTEGER: u8 = 2;
pub(crate) const OCTET_STRING: u8 = 4;
pub(crate) const SEQUENCE: u8 = 0x30;
