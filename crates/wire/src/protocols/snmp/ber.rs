//! BER: as much of it as SNMP uses.
//!
//! Source: ITU-T X.690 clauses 8.1, 8.3 and 8.19; RFC 3417 section 8 (definite lengths only).
//! Limits: tags of one byte, lengths of at most four, identifiers of at most `ARCS_MAX` arcs.
//!         Nothing recurses: a caller steps into one element at a time.

use crate::reader::Reader;

/// The next element: its tag and a reader over its body.
pub(super) fn element<'a>(reader: &mut Reader<'a>) -> Option<(u8, Reader<'a>)> {
    let tag = reader.u8()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    let size = match reader.u8()? {
        short @ 0..=0x7f => usize::from(short),
        long @ 0x81..=0x84 => {
            let bytes = reader.take(usize::from(long & 0x7f))?;
            bytes.iter().fold(0usize, |size, byte| size << 8 | usize::from(*byte))
        }
        _ => return None,
    };
    Some((tag, reader.part(size)?))
}

/// The body of the next element, which must have this tag.
pub(super) fn expect<'a>(reader: &mut Reader<'a>, tag: u8) -> Option<Reader<'a>> {
    element(reader).filter(|(found, _)| *found == tag).map(|(_, body)| body)
}

/// The next element as an integer.
pub(super) fn integer(reader: &mut Reader<'_>) -> Option<i64> {
    let body = expect(reader, INTEGER)?.rest();
    let first = *body.first()?;
    let start = if first & 0x80 == 0 { 0 } else { -1 };
    (body.len() <= 8)
        .then(|| body.iter().fold(start, |value: i64, byte| value << 8 | i64::from(*byte)))
}

/// An object identifier as text with dots.
pub(super) fn identifier_text(body: &[u8]) -> Option<String> {
    if body.last().is_none_or(|byte| byte & 0x80 != 0) {
        return None;
    }
    let mut arcs: Vec<u32> = Vec::new();
    let mut arc = 0u32;
    for byte in body {
        arc = arc.checked_mul(128)? | u32::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                let root = (arc / 40).min(2);
                arcs.extend([root, arc - 40 * root]);
            } else {
                arcs.push(arc);
            }
            arc = 0;
        }
    }
    let texts: Vec<String> = arcs.iter().map(u32::to_string).collect();
    (arcs.len() <= ARCS_MAX).then(|| texts.join("."))
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// Most arcs of an identifier (RFC 3416 section 7.1).
const ARCS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[test]
    fn elements() {
        for (name, bytes, want) in [
            ("short", "0401 61 ff", Some((4, "61"))),
            ("long", "048101 61", Some((4, "61"))),
            ("longest length", "0484 00000001 61", Some((4, "61"))),
            ("empty", "0500", Some((5, ""))),
            ("indefinite", "0480 61 0000", None),
            ("length of five bytes", "0485 0000000001 61", None),
            ("runs past the end", "0402 61", None),
            ("tag of two bytes", "1f81 01 61", None),
            ("nothing", "", None),
        ] {
            let bytes = hex(bytes);
            let got = element(&mut Reader::new(&bytes));
            let got = got.map(|(tag, body)| (tag, body.rest().to_vec()));
            assert_eq!(got, want.map(|(tag, body)| (tag, hex(body))), "{name}");
        }
    }

    #[test]
    fn integers() {
        for (bytes, want) in [
            ("0201 05", Some(5)),
            ("0202 0100", Some(256)),
            ("0201 ff", Some(-1)),
            ("0200", None),
            ("0209 000000000000000001", None),
            ("0401 05", None),
        ] {
            assert_eq!(integer(&mut Reader::new(&hex(bytes))), want, "{bytes}");
        }
    }

    #[test]
    fn identifiers() {
        for (bytes, want) in [
            ("2b 06 01 04 01 8237 01", Some("1.3.6.1.4.1.311.1")),
            ("8837", Some("2.999")),
            ("", None),
            ("2b 82", None),
            ("2b ffffffffff7f", None),
        ] {
            assert_eq!(identifier_text(&hex(bytes)).as_deref(), want, "{bytes}");
        }
        assert_eq!(identifier_text(&[1; 200]), None);
    }
}
