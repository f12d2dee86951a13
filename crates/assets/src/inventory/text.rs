//! Bytes of a table to cells of text.
//!
//! Source: RFC 4180 as spreadsheets write it; UTF-16 as "Unicode text" exports have it; the
//!         Windows-1252 index of the WHATWG Encoding Standard.
//! Input:  a whole file. UTF-16 is told by its mark or by its zero bytes. All other encodings are
//!         decided cell by cell, because exports are pasted together from files of several.
//! Limits: none of its own; the reader above counts rows and cuts cells.

use std::borrow::Cow;

/// The file as bytes in which every separator is one ASCII byte.
pub(super) fn flat(bytes: &[u8]) -> Cow<'_, [u8]> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return Cow::Borrowed(rest);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Cow::Owned(utf16(rest, u16::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Cow::Owned(utf16(rest, u16::from_be_bytes));
    }
    let head = || bytes.iter().take(SAMPLE_BYTES);
    let sampled = head().count();
    let zeros = |offset: usize| head().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    match (zeros(0) * 4 > sampled, zeros(1) * 4 > sampled) {
        (false, true) => Cow::Owned(utf16(bytes, u16::from_le_bytes)),
        (true, false) => Cow::Owned(utf16(bytes, u16::from_be_bytes)),
        _ => Cow::Borrowed(bytes),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let text: String = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    text.into_bytes()
}

/// One cell as text: UTF-8 where it is that, else Windows-1252; the guards of spreadsheets off.
pub(super) fn cell(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| windows_1252(*byte)).collect()),
    };
    without_guard(text.trim()).to_owned()
}

/// `="00123"` and `'00123` keep a spreadsheet from reading a number. Dutch place names begin with
/// an apostrophe of their own (`'s-Hertogenbosch`, `'t Gooi`).
fn without_guard(cell: &str) -> &str {
    let formula = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    if let Some(inner) = formula {
        return inner.trim();
    }
    match cell.strip_prefix('\'') {
        Some(rest) if rest.is_empty() || rest.ends_with('\'') => cell,
        Some(rest) if ["s-", "s ", "t "].iter().any(|word| rest.starts_with(word)) => cell,
        Some(rest) => rest.trim_start(),
        None => cell,
    }
}

fn windows_1252(byte: u8) -> char {
    let place = usize::from(byte).checked_sub(0x80);
    place.and_then(|place| HIGH.get(place)).copied().unwrap_or(char::from(byte))
}

/// 0x80 to 0x9F in Windows-1252; the five that it leaves open are the control characters.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

const SAMPLE_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_guards_off() {
        for (name, text, want) in [
            ("formula", "=\"00123\"", "00123"),
            ("apostrophe", "'00123", "00123"),
            ("apostrophe before letters", "'AB-1", "AB-1"),
            ("quoted word", "'blue'", "'blue'"),
            ("Dutch town", "'s-Hertogenbosch", "'s-Hertogenbosch"),
            ("only the guard", "=\"\"", ""),
            ("a formula of another kind", "=A1", "=A1"),
        ] {
            assert_eq!(cell(text.as_bytes()), want, "{name}");
        }
    }

    #[test]
    fn decides_the_encoding_of_each_cell() {
        for (name, bytes, want) in [
            ("UTF-8", "Dräling".as_bytes(), "Dräling"),
            ("Windows-1252", b"O\x92Hara \x96 Pro\x99", "O’Hara – Pro™"),
            ("euro", b"\x80 5", "€ 5"),
        ] {
            assert_eq!(cell(bytes), want, "{name}");
        }
    }

    #[test]
    fn reads_utf16_with_and_without_a_mark() {
        let units = || "Asset\tMüller\r\n".encode_utf16();
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: &[u8], text: &[u8]| [mark, text].concat();
        for (name, bytes) in [
            ("little", little.clone()),
            ("big", big.clone()),
            ("little with mark", marked(b"\xff\xfe", &little)),
            ("big with mark", marked(b"\xfe\xff", &big)),
        ] {
            assert_eq!(flat(&bytes).as_ref(), "Asset\tMüller\r\n".as_bytes(), "{name}");
        }
    }
}
