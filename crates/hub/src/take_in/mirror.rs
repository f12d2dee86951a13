//! Files that a mirror of disclosures holds beside the documents: signatures, checksums, lists.
//!
//! Source: CSAF 2.0 section 7.1: requirements 11 (index.txt), 13 (changes.csv), 15 (ROLIE feeds), 18
//!         (checksums), 19 (signatures), 20 (public key), 7 (provider-metadata.json); RFC 9580 for the
//!         armour of OpenPGP.
//! Input:  the first bytes of a file.
//! Output: whether it is one of them. They are recognised and not read: nothing depends on them.

use crate::take_in::kind::outer_members;

/// True for a signature, a key, a checksum, a list of documents or the description of a provider.
pub(crate) fn is_side_file(head: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(whole_lines(head)) else { return false };
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') {
        return is_description(text.as_bytes());
    }
    text.starts_with(ARMOUR)
        || all_lines(text, is_checksum)
        || all_lines(text, is_listed)
        || all_lines(text, is_change)
}

/// The text up to its last line end, where there is one: the head of a long file may cut a line.
fn whole_lines(head: &[u8]) -> &[u8] {
    let end = head.iter().rposition(|byte| *byte == b'\n');
    end.and_then(|end| head.get(..end)).unwrap_or(head)
}

fn all_lines(text: &str, is: impl Fn(&str) -> bool) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some() && lines.all(is)
}

/// `0123…  doc.json`, with the lengths of SHA-1, SHA-256, SHA-384 and SHA-512.
fn is_checksum(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let digest = words.next().unwrap_or_default();
    let hexadecimal = digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal && matches!(digest.len(), 40 | 64 | 96 | 128) && words.count() <= 1
}

/// `2026/doc.json`.
fn is_listed(line: &str) -> bool {
    line.to_ascii_lowercase().ends_with(".json")
        && !line.contains(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '{'))
}

/// `"2026/doc.json","2026-02-01T10:00:00Z"`.
fn is_change(line: &str) -> bool {
    let bare = |cell: &str| cell.trim().trim_matches('"').to_owned();
    let Some((document, time)) = line.split_once(',') else { return false };
    is_listed(&bare(document)) && bare(time).parse::<model::Timestamp>().is_ok()
}

/// A provider's description, an aggregator's, a ROLIE feed, service or category document.
fn is_description(text: &[u8]) -> bool {
    let members = outer_members(text);
    let has = |name: &str| members.iter().any(|member| member == name);
    DESCRIPTIONS.iter().any(|names| names.iter().all(|name| has(name)))
}

const ARMOUR: &str = "-----BEGIN PGP ";

const DESCRIPTIONS: [&[&str]; 5] = [
    &["canonical_url", "metadata_version"],
    &["aggregator", "aggregator_version"],
    &["feed"],
    &["service"],
    &["categories"],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn side_files_are_told_from_what_is_read() {
        let sum = "0".repeat(64);
        for (name, text, want) in [
            ("signature",   "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n".to_owned(),           true),
            ("key",         "-----BEGIN PGP PUBLIC KEY BLOCK-----\n".to_owned(),            true),
            ("checksum",    format!("{sum}  doc.json\n"),                                   true),
            ("bare sum",    sum.clone(),                                                    true),
            ("SHA-512",     format!("{sum}{sum} *doc.json\r\n"),                            true),
            ("index",       "2026/a.json\r\n2026/b.json\r\n".to_owned(),                    true),
            ("changes",     "\"2026/a.json\",\"2026-02-01T10:00:00Z\"\n".to_owned(),        true),
            ("provider",    r#"{"canonical_url":"https://x.example","metadata_version":"2.0"}"#.to_owned(), true),
            ("feed",        r#"{"feed":{"id":"x","entry":[]}}"#.to_owned(),                 true),
            ("document",    r#"{"document":{"title":"feed"}}"#.to_owned(),                  false),
            ("inventory",   "asset_id,maker\nA1,doc.json\n".to_owned(),                     false),
            ("a name, no time", "a.json,yesterday\n".to_owned(),                            false),
            ("prose",       "Dear colleague\n".to_owned(),                                  false),
            ("nothing",     "\n".to_owned(),                                                false),
        ] {
            assert_eq!(is_side_file(text.as_bytes()), want, "{name}");
        }
    }
}
