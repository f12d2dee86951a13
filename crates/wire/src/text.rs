//! Wire bytes to clean text.
//!
//! Output: no control characters, no leading or trailing blanks, at most [`VALUE_CHARS_MAX`]
//!         characters. What is not UTF-8 is read as ISO 8859-1, which never fails.

use std::borrow::Cow;

/// Longest value kept, in characters. Model names and banners are shorter; a longer one is cut.
pub const VALUE_CHARS_MAX: usize = 256;

/// Reads `bytes` as text fit to store and show; `None` where nothing printable is left.
pub fn clean(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return clean_str(text);
    }
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    clean_str(&text).map(|text| Cow::Owned(text.into_owned()))
}

/// Cleans text that is already decoded.
pub fn clean_str(text: &str) -> Option<Cow<'_, str>> {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || is_unfit(c));
    if trimmed.is_empty() {
        return None;
    }
    let fits = trimmed.len() <= VALUE_CHARS_MAX;
    if fits && !trimmed.contains(is_unfit) {
        return Some(Cow::Borrowed(trimmed));
    }
    let mut kept = String::with_capacity(trimmed.len().min(VALUE_CHARS_MAX * 4));
    for character in trimmed.chars().take(VALUE_CHARS_MAX) {
        kept.push(if is_unfit(character) { ' ' } else { character });
    }
    // The cut may fall behind a blank.
    kept.truncate(kept.trim_end().len());
    Some(Cow::Owned(kept))
}

/// Control characters, and those that reorder or hide text on a page.
fn is_unfit(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans() {
        let cut = format!("{} tail", "x".repeat(VALUE_CHARS_MAX - 1));
        for (name, bytes, want) in [
            ("plain", b"Pump 7".as_slice(), Some("Pump 7")),
            ("padding", b"  CT01 \0\0", Some("CT01")),
            ("nothing", b"\0 \r\n", None),
            ("inner control", b"a\x1b[2Jb", Some("a [2Jb")),
            ("latin-1", b"Dr\xe4ger", Some("Dräger")),
            ("hidden at the ends", "\u{200b} a \u{feff}".as_bytes(), Some("a")),
            ("direction override", "a\u{202e}b".as_bytes(), Some("a b")),
            ("hidden at the ends", "\u{feff}a\u{200b} \u{200b}".as_bytes(), Some("a")),
            ("hidden alone", "\u{200b}".as_bytes(), None),
            ("cut behind a blank", cut.as_bytes(), Some(&cut[..VALUE_CHARS_MAX - 1])),
        ] {
            assert_eq!(clean(bytes).as_deref(), want, "{name}");
        }
        assert_eq!(clean(&[b'x'; 5000]).unwrap().chars().count(), VALUE_CHARS_MAX);
        let cut_behind_a_blank = format!("{}\x01y", "x".repeat(VALUE_CHARS_MAX - 1));
        assert_eq!(clean_str(&cut_behind_a_blank).unwrap(), "x".repeat(VALUE_CHARS_MAX - 1));
    }

    proptest::proptest! {
        /// Cleaning what is clean changes nothing.
        #[test]
        fn is_done_once(text: String, tail in "[\\x00- \u{200b}a]{250,270}") {
            for text in [text, tail] {
                if let Some(once) = clean_str(&text) {
                    let twice = clean_str(&once);
                    proptest::prop_assert_eq!(twice.as_deref(), Some(&*once));
                }
            }
        }
    }
}
