//! BACnet tags: what every value of an application message stands behind.
//!
//! Source: ANSI/ASHRAE 135 clauses 20.2.1 (tags), 20.2.9 (text), 20.2.14 (object identifiers).
//! Limits: `NESTING_MAX` levels of brackets.

use std::borrow::Cow;

use crate::reader::Reader;
use crate::text;

/// One tag and what it holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tag<'a> {
    /// A value of the base types, by the number of its type.
    Application(u8, Reader<'a>),
    /// A value whose meaning follows from its number and place.
    Context(u8, Reader<'a>),
    /// An opening bracket.
    Opening(u8),
    /// A closing bracket.
    Closing(u8),
}

/// Reads the next tag.
pub(super) fn tag<'a>(reader: &mut Reader<'a>) -> Option<Tag<'a>> {
    let first = reader.u8()?;
    let number = if first >> 4 == 15 { reader.u8()? } else { first >> 4 };
    let context = first & 8 != 0;
    let size = match (first & 7, context) {
        (6, true) => return Some(Tag::Opening(number)),
        (7, true) => return Some(Tag::Closing(number)),
        // A truth value stands in the length itself.
        (_, false) if number == BOOLEAN => 0,
        (short @ 0..=4, _) => usize::from(short),
        (5, _) => match reader.u8()? {
            254 => usize::from(reader.u16_be()?),
            255 => usize::try_from(reader.u32_be()?).ok()?,
            size => usize::from(size),
        },
        _ => return None,
    };
    let body = reader.part(size)?;
    Some(if context { Tag::Context(number, body) } else { Tag::Application(number, body) })
}

/// The next tag, which must be of the context and this number.
pub(super) fn context<'a>(reader: &mut Reader<'a>, want: u8) -> Option<Reader<'a>> {
    match tag(reader)? {
        Tag::Context(number, body) if number == want => Some(body),
        _ => None,
    }
}

/// Reads up to the bracket that closes `bracket` and answers the first tag, which is that
/// bracket where there is nothing in it.
pub(super) fn bracketed<'a>(reader: &mut Reader<'a>, bracket: u8) -> Option<Tag<'a>> {
    let first = tag(&mut reader.clone())?;
    let mut open = vec![bracket];
    while let Some(innermost) = open.last().copied() {
        match tag(reader)? {
            Tag::Opening(_) if open.len() == NESTING_MAX => return None,
            Tag::Opening(number) => open.push(number),
            Tag::Closing(number) if number == innermost => drop(open.pop()),
            Tag::Closing(_) => return None,
            Tag::Application(..) | Tag::Context(..) => {}
        }
    }
    Some(first)
}

/// An unsigned number or an enumeration.
pub(super) fn unsigned(body: &Reader<'_>) -> Option<u32> {
    let bytes = body.rest();
    matches!(bytes.len(), 1..=4)
        .then(|| bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

/// An object's type and instance.
pub(super) fn object(body: &Reader<'_>) -> Option<(u32, u32)> {
    let word = u32::from_be_bytes(body.rest().try_into().ok()?);
    Some((word >> 22, word & 0x3f_ffff))
}

/// Text of any character set but the two of code pages that one cannot know.
pub(super) fn characters<'a>(body: &Reader<'a>) -> Option<Cow<'a, str>> {
    let (set, bytes) = body.rest().split_first()?;
    let owned: String = match set {
        0 => return text::clean(bytes),
        3 => bytes
            .chunks_exact(4)
            .filter_map(|word| Some(u32::from_be_bytes(word.try_into().ok()?)))
            .map(|word| char::from_u32(word).unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
        4 => {
            let units = bytes.chunks_exact(2).filter_map(|unit| unit.try_into().ok());
            char::decode_utf16(units.map(u16::from_be_bytes))
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        5 => bytes.iter().map(|&byte| char::from(byte)).collect(),
        _ if bytes.is_ascii() => return text::clean(bytes),
        _ => return None,
    };
    text::clean_str(&owned).map(|clean| Cow::Owned(clean.into_owned()))
}

const BOOLEAN: u8 = 1;
pub(super) const UNSIGNED: u8 = 2;
pub(super) const CHARACTERS: u8 = 7;
pub(super) const ENUMERATED: u8 = 9;
pub(super) const OBJECT: u8 = 12;

/// Deepest nesting of brackets. Standard services use three levels.
const NESTING_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    fn shown(tag: Tag<'_>) -> String {
        match tag {
            Tag::Application(kind, body) => format!("application {kind} {:02x?}", body.rest()),
            Tag::Context(number, body) => format!("context {number} {:02x?}", body.rest()),
            Tag::Opening(number) => format!("opening {number}"),
            Tag::Closing(number) => format!("closing {number}"),
        }
    }

    #[test]
    fn tags() {
        for (name, bytes, want) in [
            ("application", "21 05", Some("application 2 [05]")),
            ("truth value", "11", Some("application 1 []")),
            ("context", "19 4b", Some("context 1 [4b]")),
            ("opening", "3e", Some("opening 3")),
            ("closing", "3f", Some("closing 3")),
            ("number over 14", "fe 20", Some("opening 32")),
            ("long", "75 06 00 4142434445", Some("application 7 [00, 41, 42, 43, 44, 45]")),
            ("long in two bytes", "75 fe 0001 00", Some("application 7 [00]")),
            ("long in four bytes", "75 ff 00000001 00", Some("application 7 [00]")),
            ("runs past the end", "75 ff ffffffff 00", None),
            ("bracket of no context", "36", None),
            ("nothing", "", None),
        ] {
            let bytes = hex(bytes);
            let got = tag(&mut Reader::new(&bytes)).map(shown);
            assert_eq!(got.as_deref(), want, "{name}");
        }
    }

    #[test]
    fn brackets() {
        let deep = "2e".repeat(20);
        for (name, bytes, want) in [
            ("one value", "21 05 3f", Some("application 2 [05]")),
            ("list", "21 05 75 02 00 41 3f", Some("application 2 [05]")),
            ("nested", "2e 21 05 2f 3f", Some("opening 2")),
            ("empty", "3f", Some("closing 3")),
            ("wrong bracket", "21 05 4f", None),
            ("never closes", "21 05", None),
            ("too deep", &deep, None),
        ] {
            let bytes = hex(bytes);
            let got = bracketed(&mut Reader::new(&bytes), 3).map(shown);
            assert_eq!(got.as_deref(), want, "{name}");
        }
    }

    #[test]
    fn texts() {
        for (name, bytes, want) in [
            ("UTF-8", "00 c3a4", Some("ä")),
            ("UCS-4", "03 000000e4", Some("ä")),
            ("UCS-2", "04 00e4 0041", Some("äA")),
            ("half a surrogate", "04 d800 0041", Some("\u{fffd}A")),
            ("Latin-1", "05 e4", Some("ä")),
            ("code page, plain", "01 0352 41", Some("\u{3}RA")),
            ("code page, not plain", "01 0352 8e", None),
            ("empty", "00", None),
            ("no character set", "", None),
        ] {
            let bytes = hex(bytes);
            let want = want.map(|text| text.trim_start_matches('\u{3}'));
            assert_eq!(characters(&Reader::new(&bytes)).as_deref(), want, "{name}");
        }
    }
}
