//! Free text: what a device or a disclosure can be found by, and how a query is taken apart.
//!
//! Words are compared in lower case. A link address is found however it is spelt, whole or in part.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use model::{Attribute, Device};

/// Everything that free text finds a device by: one value per line, in lower case.
pub(crate) fn device_words(device: &Device) -> String {
    let mut values = BTreeSet::new();
    let columns = [
        &device.asset_id,
        &device.maker,
        &device.model,
        &device.class,
        &device.serial,
        &device.location,
        &device.os,
        &device.software_version,
    ];
    values.extend(columns.into_iter().flatten().map(|value| value.to_lowercase()));
    values.extend(device.names.iter().map(|name| name.to_lowercase()));
    values.insert(device.site.to_lowercase());
    values.insert(device.id.to_string());
    for address in &device.addresses {
        values.extend(address.mac.map(|mac| format!("{:012x}", mac.as_u64())));
        values.extend(address.ip.map(|ip| ip.to_string()));
    }
    for fact in device.facts.iter().filter(|fact| SEARCHED.contains(&fact.attribute)) {
        values.insert(match fact.attribute {
            Attribute::StatedMac => bare_mac(&fact.value).unwrap_or_default(),
            _ => fact.value.to_lowercase(),
        });
    }
    let mut words = String::new();
    for value in values.iter().filter(|value| !value.is_empty()) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(words, "{value}");
    }
    words
}

/// The `LIKE` patterns of a query: every inner list is one word and its spellings, of which one
/// must match; all words must. Nothing to look for gives an empty list.
pub(crate) fn patterns(text: &str) -> Vec<Vec<String>> {
    let lower = text.to_lowercase();
    let words = lower.split_whitespace().take(WORDS_MAX);
    words
        .map(|word| {
            let bare = bare_mac(word);
            let whole = bare.as_ref().is_some_and(|digits| digits.len() == MAC_DIGITS);
            // A whole address is kept bare and in no other spelling.
            let literal = (!whole).then(|| word.to_owned());
            literal.into_iter().chain(bare).map(|word| like(&word)).collect()
        })
        .collect()
}

/// `word` anywhere, its own wildcards taken literally; `\` escapes.
fn like(word: &str) -> String {
    let mut pattern = String::from("%");
    for character in word.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// The digits alone, where `word` is a link address or the beginning or a part of one:
/// `00-1A-2B`, `00:1a`, `001a.2b3c`. Anything else, an IP address above all, is none.
fn bare_mac(word: &str) -> Option<String> {
    let width = if word.contains('.') { 4 } else { 2 };
    let groups: Vec<&str> = word.split([':', '-', '.']).filter(|group| !group.is_empty()).collect();
    let hexadecimal = groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()));
    let (last, whole) = groups.split_last()?;
    let fits = whole.iter().all(|group| group.len() == width) && last.len() <= width;
    let digits = groups.concat().to_lowercase();
    let alone = groups.len() == 1 && digits.len() == MAC_DIGITS;
    ((hexadecimal && fits && groups.len() > 1 && digits.len() <= MAC_DIGITS)
        || alone && hexadecimal)
        .then_some(digits)
}

/// Facts that people look a device up by, chosen or not.
const SEARCHED: &[Attribute] = &[
    Attribute::StatedMac,
    Attribute::StatedIp,
    Attribute::Serial,
    Attribute::Udi,
    Attribute::AssetTag,
    Attribute::Hostname,
    Attribute::DeviceName,
    Attribute::AeTitle,
    Attribute::Location,
    Attribute::Department,
    Attribute::ModelNumber,
];

/// Hexadecimal digits of a link address.
const MAC_DIGITS: usize = 12;

/// Words of a query that are looked at; each costs a pass over the table.
const WORDS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn takes_a_query_apart() {
        for (text, want) in [
            ("",                  vec![]),
            ("Philips  MX800",    vec![vec!["%philips%"], vec!["%mx800%"]]),
            ("50%_a\\b",          vec![vec!["%50\\%\\_a\\\\b%"]]),
            ("00-1A-2B-3C-4D-5E", vec![vec!["%001a2b3c4d5e%"]]),
            ("001A.2b3c.4d5e",    vec![vec!["%001a2b3c4d5e%"]]),
            ("00:1a:2",           vec![vec!["%00:1a:2%", "%001a2%"]]),
            ("10.20.30.40",       vec![vec!["%10.20.30.40%"]]),
            ("fe80::1",           vec![vec!["%fe80::1%"]]),
            ("ct-01",             vec![vec!["%ct-01%"]]),
        ] {
            assert_eq!(patterns(text), want, "{text}");
        }
    }
}
