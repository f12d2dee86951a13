//! Tables of facts from `knowledge/`, compiled in.
//!
//! Each table is read once; a row that cannot be read fails a test here, never a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use model::{Attribute, Mac};

/// One row of `knowledge/classes.csv`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceClass {
    /// Key, e.g. `infusion_pump`.
    pub key: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Zone that such a device usually belongs in.
    pub zone_hint: &'static str,
    /// What it does for care: `life_support`, `therapy`, `monitoring`, `diagnosis`, …
    pub care_function: &'static str,
}

/// Device classes by key.
pub fn classes() -> &'static BTreeMap<&'static str, DeviceClass> {
    static TABLE: LazyLock<BTreeMap<&'static str, DeviceClass>> = LazyLock::new(|| {
        rows(CLASSES)
            .filter_map(|row| {
                let [key, name, zone_hint, care_function, ..] = row.as_slice() else { return None };
                Some((*key, DeviceClass { key, name, zone_hint, care_function }))
            })
            .collect()
    });
    &TABLE
}

/// What devices of a class do for care, e.g. `therapy`; nothing where the class is not known.
pub fn care_function(class: &str) -> Option<&'static str> {
    classes().get(class).map(|class| class.care_function)
}

/// The organisation that the IEEE registered the block of `mac` to, longest block first.
pub fn interface_maker(mac: Mac) -> Option<&'static str> {
    static TABLE: LazyLock<Vec<(u64, &'static str)>> = LazyLock::new(|| {
        let mut blocks: Vec<(u64, &'static str)> = OUI.lines().filter_map(oui_line).collect();
        blocks.sort_unstable();
        blocks
    });
    if mac.is_local() || mac.is_group() || group_address(mac).is_some() {
        return None;
    }
    [36, 28, 24].into_iter().find_map(|bits| {
        let key = block_key(mac.as_u64() >> (48 - bits), bits);
        let at = TABLE.binary_search_by_key(&key, |(block, _)| *block).ok()?;
        TABLE.get(at).map(|(_, name)| *name)
    })
}

/// True for a link address that machines share and hand over.
pub(crate) fn is_virtual(mac: Mac) -> bool {
    group_address(mac) == Some("virtual")
}

/// What a block of link addresses is that no maker's interfaces have.
fn group_address(mac: Mac) -> Option<&'static str> {
    static TABLE: LazyLock<Vec<(u64, usize, &'static str)>> = LazyLock::new(|| {
        rows(VIRTUAL_LINK_ADDRESSES)
            .filter_map(|row| {
                let [prefix, meaning, ..] = row.as_slice() else { return None };
                Some((u64::from_str_radix(prefix, 16).ok()?, prefix.len() * 4, *meaning))
            })
            .collect()
    });
    let begins = |(prefix, bits, _): &&(u64, usize, &str)| mac.as_u64() >> (48 - bits) == *prefix;
    TABLE.iter().find(begins).map(|(.., meaning)| *meaning)
}

/// What the hop count of a packet says about its sender. Of several, the greater decides.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Hops {
    /// Nothing.
    Unclear,
    /// A router passed the packet on.
    Forwarded,
    /// The sender itself sent it.
    Initial,
}

/// What the highest hop count says that a sender's packets showed.
pub(crate) fn hops(count: u8) -> Hops {
    static TABLE: LazyLock<BTreeMap<u8, &'static str>> = LazyLock::new(|| {
        rows(HOP_COUNTS)
            .filter_map(|row| {
                let [count, meaning, ..] = row.as_slice() else { return None };
                Some((count.parse().ok()?, *meaning))
            })
            .collect()
    });
    match TABLE.get(&count) {
        Some(&"initial") => Hops::Initial,
        Some(_) => Hops::Unclear,
        // Multicast starts at a few, and nobody is so far away.
        None if count < HOPS_LEFT_MIN => Hops::Unclear,
        None => Hops::Forwarded,
    }
}

/// Least hops left over of an initial count of 64 behind the longest paths.
const HOPS_LEFT_MIN: u8 = 33;

fn oui_line(line: &'static str) -> Option<(u64, &'static str)> {
    let (prefix, name) = line.split_once('\t')?;
    let bits = prefix.len() as u64 * 4;
    Some((block_key(u64::from_str_radix(prefix, 16).ok()?, bits), name))
}

/// Prefix and its length in one number, so that blocks of different lengths do not collide.
const fn block_key(prefix: u64, bits: u64) -> u64 {
    prefix << 8 | bits
}

/// Which kind of source wins for an attribute, best first. Any attribute that is not listed uses
/// the row `*`.
pub fn precedence(attribute: Attribute) -> &'static [&'static str] {
    static TABLE: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
        rows(PRECEDENCE)
            .filter_map(|row| {
                let [attribute, order, ..] = row.as_slice() else { return None };
                Some((*attribute, order.split(' ').collect()))
            })
            .collect()
    });
    TABLE.get(attribute.name()).or_else(|| TABLE.get("*")).map_or(&[], Vec::as_slice)
}

/// Synonyms of inventory columns: normalised heading to attribute name.
pub fn inventory_columns() -> &'static BTreeMap<&'static str, &'static str> {
    static TABLE: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
        rows(INVENTORY_COLUMNS)
            .filter_map(|row| {
                let [heading, attribute, ..] = row.as_slice() else { return None };
                Some((*heading, *attribute))
            })
            .collect()
    });
    &TABLE
}

/// True for what people type into a cell to say that they have no value.
pub(crate) fn says_nothing(cell: &str) -> bool {
    means(cell, "nothing")
}

/// True for a text that stands where a serial number should and names no device.
pub(crate) fn is_no_serial(value: &str) -> bool {
    let one_sign = |text: &str| {
        let mut signs = text.chars().filter(|c| c.is_alphanumeric());
        signs.next().is_none_or(|first| signs.all(|sign| sign == first && first.is_ascii_digit()))
    };
    says_nothing(value) || means(value, "no serial") || (value.len() > 1 && one_sign(value))
}

/// True for a number that a spreadsheet rounded (`6.37702E+15`), so that it names nothing.
pub(crate) fn is_rounded(value: &str) -> bool {
    let Some((digits, power)) = value.trim().split_once(['E', 'e']) else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, part) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    power.strip_prefix('+').is_some_and(is_number) && is_number(whole) && is_number(part)
}

/// True for a word that makes another thing of the device that is named before it.
pub(crate) fn is_beside_a_device(word: &str) -> bool {
    means(word, "beside a device")
}

/// True for a heading, without signs, that numbers the rows of tables of many kinds.
pub(crate) fn is_key_of_any_table(heading: &str) -> bool {
    means(heading, "key of any table")
}

/// True for the host names that come with an image or a router and so name nothing.
pub(crate) fn is_stock_host_name(name: &str) -> bool {
    means(name, "stock host name")
}

/// True for a word that many makers have in their names, in lower case.
pub(crate) fn says_no_maker(word: &str) -> bool {
    static TABLE: LazyLock<BTreeSet<&'static str>> =
        LazyLock::new(|| rows(MAKER_WORDS).filter_map(|row| row.first().copied()).collect());
    TABLE.contains(word) || means(word, "of many makers")
}

/// The maker that a name is another spelling of.
pub(crate) fn maker_of_alias(name: &str) -> Option<&'static str> {
    static TABLE: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let mut reader =
            csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(VENDOR_ALIASES.as_bytes());
        let rows = reader.records().filter_map(Result::ok);
        rows.filter(|row| row.get(2) == Some("spelling"))
            .filter_map(|row| Some((row.get(0)?.to_lowercase(), row.get(1)?.to_owned())))
            .collect()
    });
    TABLE.get(&name.trim().to_lowercase()).map(String::as_str)
}

/// True for the words that begin a row of totals.
pub(crate) fn begins_a_total(cell: &str) -> bool {
    means(cell.trim_end_matches([':', ' ']), "total")
}

fn means(cell: &str, wanted: &str) -> bool {
    static TABLE: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
        rows(INVENTORY_WORDS)
            .filter_map(|row| {
                let [word, meaning, ..] = row.as_slice() else { return None };
                Some((*word, *meaning))
            })
            .collect()
    });
    TABLE.get(cell.trim().to_lowercase().as_str()).is_some_and(|meaning| *meaning == wanted)
}

/// Rows of a table that has a header row, no quoted line breaks, and `#` comments.
pub(crate) fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .skip(1)
        .map(|line| line.split(',').map(str::trim).collect())
}

/// What words in a status column mean, in lower case.
pub(crate) fn inventory_states() -> &'static BTreeMap<&'static str, &'static str> {
    static TABLE: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
        rows(INVENTORY_STATUSES)
            .filter_map(|row| {
                let [word, state, ..] = row.as_slice() else { return None };
                Some((*word, *state))
            })
            .collect()
    });
    &TABLE
}

const HOP_COUNTS: &str = include_str!("../../../knowledge/hop-counts.csv");
const VIRTUAL_LINK_ADDRESSES: &str = include_str!("../../../knowledge/virtual-link-addresses.csv");
const INVENTORY_STATUSES: &str = include_str!("../../../knowledge/inventory-statuses.csv");
const CLASSES: &str = include_str!("../../../knowledge/classes.csv");
const OUI: &str = include_str!("../../../knowledge/oui.tsv");
const PRECEDENCE: &str = include_str!("../../../knowledge/precedence.csv");
const VENDOR_ALIASES: &str = include_str!("../../../knowledge/vendor-aliases.csv");
const MAKER_WORDS: &str = include_str!("../../../knowledge/vuln-maker-words.csv");
const INVENTORY_WORDS: &str = include_str!("../../../knowledge/inventory-words.csv");
const INVENTORY_COLUMNS: &str = include_str!("../../../knowledge/inventory-columns.csv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_whole() {
        assert!(classes().contains_key("infusion_pump"));
        for row in rows(CLASSES) {
            assert_eq!(row.len(), 6, "{row:?}");
        }
        for row in rows(PRECEDENCE) {
            assert!(row[0] == "*" || row[0].parse::<Attribute>().is_ok(), "{row:?}");
        }
        for attribute in inventory_columns().values() {
            assert!(attribute.parse::<Attribute>().is_ok(), "{attribute}");
        }
    }

    #[test]
    fn finds_the_longest_block() {
        for (name, mac, want) in [
            ("large block", "00:00:00:00:00:01", Some("XEROX CORPORATION")),
            ("medium block", "00:1b:c5:00:00:01", Some("Converging Systems Inc.")),
            ("local", "02:00:00:00:00:01", None),
            ("group", "01:00:5e:00:00:01", None),
        ] {
            assert_eq!(interface_maker(mac.parse().unwrap()), want, "{name}");
        }
    }
}
