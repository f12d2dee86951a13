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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn encodes_as_x690_says() {
        let long = [&[4, 0x82, 1, 0x2c], [9u8; 300].as_slice()].concat();
        for (name, bytes, want) in [
            ("zero",          integer(0),                        vec![2, 1, 0]),
            ("sign octet",    integer(128),                      vec![2, 2, 0, 0x80]),
            ("four octets",   integer(0x8000_0000),              vec![2, 5, 0, 0x80, 0, 0, 0]),
            ("common name",   object(&[2, 5, 4, 3]),             vec![6, 3, 0x55, 4, 3]),
            ("wide arc",      object(&[1, 2, 840, 113_549]),     vec![6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]),
            ("arc zero",      object(&[1, 3, 0]),                vec![6, 2, 0x2b, 0]),
            ("long length",   element(OCTET_STRING, &[9; 300]),  long),
            ("medium length", element(4, &[1; 128])[..3].into(), vec![4, 0x81, 0x80]),
        ] {
            assert_eq!(bytes, want, "{name}");
        }
    }
}
