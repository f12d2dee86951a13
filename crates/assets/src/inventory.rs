//! The hospital's own inventory: a CSV export of its CMMS, ITAM or a spreadsheet.
//!
//! Source: `docs` interface: a header row; recognised columns in any order and case, with the
//!         synonyms of `knowledge/inventory-columns.csv`; other columns are kept as custom fields.
//! Input:  bytes in UTF-8 (with or without a byte order mark) or, failing that, Windows-1252.
//!         Comma, semicolon, tab or bar separate the fields; the header row decides which.
//! Limits: [`ROWS_MAX`] rows, [`CELL_CHARS_MAX`] characters a cell.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use model::{Answerable, Attribute, Mac, Skip};

use crate::knowledge;

/// One row of an inventory.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct InventoryRecord {
    /// Row in the file, from 1, the header row counted.
    pub row: u64,
    /// Recognised cells: attribute, cleaned value and the column's own heading.
    pub cells: Vec<(Attribute, String, String)>,
    /// Columns that we have no attribute for, by heading.
    pub custom: BTreeMap<String, String>,
}

impl InventoryRecord {
    /// The first value of `attribute`.
    pub fn value(&self, attribute: Attribute) -> Option<&str> {
        self.cells.iter().find(|(is, ..)| *is == attribute).map(|(_, value, _)| value.as_str())
    }
}

/// An inventory as it was read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Inventory {
    /// Name of the file, without its folder.
    pub name: String,
    /// The headings of the table, in a form without case and punctuation, sorted.
    pub headings: Vec<String>,
    /// Data rows seen, used or not.
    pub read: u64,
    /// The rows that can be used.
    pub records: Vec<InventoryRecord>,
    /// The rows and cells that cannot, each with its reason.
    pub skipped: Vec<Skip>,
}

/// Reads an inventory. Never fails: what cannot be used is in `skipped`.
pub fn read_inventory(name: &str, bytes: &[u8]) -> Inventory {
    let mut inventory = Inventory { name: name.to_owned(), ..Inventory::default() };
    let text = decode(bytes);
    let delimiter = delimiter(text.lines().next().unwrap_or_default());
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let Some(Ok(header)) = records.next() else {
        return inventory.refused("", "the file has no header row");
    };
    let columns = columns(&header);
    inventory.headings = header.iter().map(normal).collect();
    inventory.headings.sort();
    if !columns.iter().any(|(attribute, _)| attribute.is_some()) {
        return inventory.refused("row 1", "no column heading of the first row is known");
    }
    for record in records {
        match record {
            Ok(record) => read_row(&mut inventory, &columns, &record),
            Err(error) => inventory.unreadable(&error),
        }
        if inventory.read == ROWS_MAX {
            return inventory.refused("", "more rows than are read; split the file");
        }
    }
    inventory
}

/// True where the first line looks like the header of an inventory.
pub fn looks_like_inventory(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let text = decode(head);
    let Some(line) = text.lines().next() else { return false };
    let known = line
        .split(char::from(delimiter(line)))
        .filter(|heading| knowledge::inventory_columns().contains_key(normal(heading).as_str()))
        .count();
    known >= 2
}

type Column = (Option<Attribute>, String);

fn columns(header: &csv::StringRecord) -> Vec<Column> {
    header
        .iter()
        .map(|heading| {
            let attribute = knowledge::inventory_columns().get(normal(heading).as_str());
            (attribute.and_then(|name| name.parse().ok()), heading.trim().to_owned())
        })
        .collect()
}

fn read_row(inventory: &mut Inventory, columns: &[Column], record: &csv::StringRecord) {
    let row = inventory.read + 2;
    inventory.read += 1;
    if record.iter().all(|cell| cell.trim().is_empty()) {
        return inventory.skip(row, EMPTY_ROW);
    }
    if record.len() != columns.len() {
        let (has, want) = (record.len(), columns.len());
        return inventory.skip(row, &format!("it has {has} cells where the header has {want}"));
    }
    let mut kept = InventoryRecord { row, ..InventoryRecord::default() };
    for ((attribute, heading), cell) in columns.iter().zip(record) {
        let cell: String = cell.trim().chars().take(CELL_CHARS_MAX).collect();
        if cell.is_empty() || is_placeholder(&cell) {
            continue;
        }
        let Some(attribute) = attribute else {
            kept.custom.insert(heading.clone(), cell);
            continue;
        };
        if let Some(value) = canonical(*attribute, &cell) {
            kept.cells.push((*attribute, value, heading.clone()));
        } else {
            inventory.skip(row, &format!("`{cell}` in column {heading} is not an address"));
        }
    }
    if kept.cells.is_empty() {
        return inventory.skip(row, "no known column has a value");
    }
    inventory.records.push(kept);
}

/// The value in the form that other sources use, or nothing where it cannot be one.
fn canonical(attribute: Attribute, cell: &str) -> Option<String> {
    match attribute {
        Attribute::StatedMac => cell.parse::<Mac>().ok().map(|mac| mac.to_string()),
        Attribute::StatedIp => cell.parse::<std::net::IpAddr>().ok().map(|ip| ip.to_string()),
        Attribute::Hostname => {
            Some(cell.split('.').next().unwrap_or(cell).to_owned()).filter(|name| !name.is_empty())
        }
        _ => Some(cell.to_owned()),
    }
}

/// Words that people type into a cell to say that they have no value.
fn is_placeholder(cell: &str) -> bool {
    ["n/a", "na", "none", "unknown", "-", "--", "?", "tbd", "null"]
        .iter()
        .any(|word| cell.eq_ignore_ascii_case(word))
}

/// Lower case, letters and digits only, so `Serial No.` and `serial_no` are one.
fn normal(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn delimiter(header: &str) -> u8 {
    let count = |wanted: u8| header.bytes().filter(|byte| *byte == wanted).count();
    b",;\t|".iter().copied().max_by_key(|byte| (count(*byte), *byte == b',')).unwrap_or(b',')
}

fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
    }
}

impl Inventory {
    /// Rows that say something but cannot be used, so that nobody knows which devices they list.
    pub fn unread(&self) -> usize {
        let used: BTreeSet<String> =
            self.records.iter().map(|record| format!("row {}", record.row)).collect();
        let lost = |skip: &&Skip| skip.reason != EMPTY_ROW && !used.contains(&skip.place);
        self.skipped.iter().filter(lost).count()
    }

    fn skip(&mut self, row: u64, reason: &str) {
        self.skipped.push(Skip {
            path: self.name.clone(),
            place: format!("row {row}"),
            reason: reason.to_owned(),
            answerable: Answerable::Sender,
        });
    }

    fn unreadable(&mut self, error: &csv::Error) {
        let row = self.read + 2;
        self.read += 1;
        self.skip(row, &error.to_string());
    }

    fn refused(mut self, place: &str, reason: &str) -> Self {
        self.skipped.push(Skip {
            path: self.name.clone(),
            place: place.to_owned(),
            reason: reason.to_owned(),
            answerable: Answerable::Sender,
        });
        self
    }
}

const EMPTY_ROW: &str = "the row is empty";

/// Most rows read from one file. Four times the devices of the largest hospital system.
pub const ROWS_MAX: u64 = 4_000_000;

/// Longest cell kept, in characters; the rest is cut.
pub const CELL_CHARS_MAX: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &[u8], records: usize, skips: &[(&str, &str)]) -> Inventory {
        let inventory = read_inventory("cmms.csv", text);
        assert_eq!(inventory.records.len(), records, "{name}: {:?}", inventory.skipped);
        let got: Vec<_> =
            inventory.skipped.iter().map(|s| (s.place.as_str(), s.reason.as_str())).collect();
        assert_eq!(got, skips, "{name}");
        inventory
    }

    #[test]
    fn reads_what_hospitals_export() {
        let plain = check("plain", b"asset_id,maker,model\nA1,Halden,P7\nA2,Halden,\n", 2, &[]);
        assert_eq!(plain.records[0].value(Attribute::Maker), Some("Halden"));
        assert_eq!(plain.records[1].value(Attribute::Model), None);
        check("byte order mark, semicolons", "\u{feff}Asset ID;Vendor\nA1;X\n".as_bytes(), 1, &[]);
        let custom = check("custom", b"Asset ID,Serial No.,Ward Phone\nA1,7,555\n", 1, &[]);
        assert_eq!(custom.records[0].custom["Ward Phone"], "555");
        assert_eq!(custom.records[0].value(Attribute::Serial), Some("7"));
        let latin = check("windows-1252", b"Asset ID,Maker\nA1,Dr\xe4ger\n", 1, &[]);
        assert_eq!(latin.records[0].value(Attribute::Maker), Some("Dräger"));
        check("quoted", b"asset_id,model\nA1,\"Pump, large\"\n", 1, &[]);
    }

    #[test]
    fn says_what_it_could_not_use() {
        check("nothing", b"", 0, &[("", "the file has no header row")]);
        check(
            "no heading",
            b"a,b\n1,2\n",
            0,
            &[("row 1", "no column heading of the first row is known")],
        );
        check(
            "short row",
            b"asset_id,model\nA1\nA2,x\n",
            1,
            &[("row 2", "it has 1 cells where the header has 2")],
        );
        check(
            "bad address",
            b"asset_id,mac\nA1,pump\n",
            1,
            &[("row 2", "`pump` in column mac is not an address")],
        );
        check(
            "placeholders",
            b"asset_id,model\nA1,N/A\n-,?\n",
            1,
            &[("row 3", "no known column has a value")],
        );
    }

    proptest::proptest! {
        /// Whatever the bytes, every row is either used or told.
        #[test]
        fn loses_no_row(rows in proptest::collection::vec("[a-z0-9,\";\u{e4}]{0,20}", 0..20)) {
            let text = format!("asset_id,maker\n{}", rows.join("\n"));
            let inventory = read_inventory("cmms.csv", text.as_bytes());
            let told: std::collections::BTreeSet<&str> =
                inventory.skipped.iter().map(|skip| skip.place.as_str()).collect();
            let used = inventory.records.len() as u64;
            proptest::prop_assert!(used + told.len() as u64 >= inventory.read, "{inventory:?}");
        }
    }
}
