//! The hospital's own inventory: a CSV export of its CMMS or ITAM, or a spreadsheet.
//!
//! Source: `docs` interface: a header row; recognised columns in any order and case, with the
//!         synonyms of `knowledge/inventory-columns.csv`; other columns are kept as custom fields.
//! Input:  an XLSX or ODS file, or text in UTF-8, UTF-16 (with or without a byte order mark) or
//!         Windows-1252.
//!         Comma, semicolon, tab or bar separate the fields: the one that finds the most known
//!         headings, in one of the first rows, is it.
//! Limits: [`ROWS_MAX`] rows, [`CELL_CHARS_MAX`] characters a cell.

mod address;
mod date;
mod header;
mod sheet;
mod text;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use model::{Answerable, Attribute, Skip, SourceId};

use crate::inventory::header::{Column, Header};
use crate::{class, knowledge};

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
    /// Which input it is, for the facts that are made of it; unknown unless the caller says.
    pub source_id: Option<SourceId>,
    /// The headings of the table, in a form without case and punctuation, sorted.
    pub headings: Vec<String>,
    /// The headings as they are written, in their order, each with what it is read as.
    pub columns: Vec<(String, Option<Attribute>)>,
    /// Headings that are read as nothing and are close to one that is known, with what that says.
    pub close: Vec<(String, Attribute)>,
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
    let bytes = match sheet::as_table(bytes) {
        Some(Ok(table)) => Cow::Owned(table),
        Some(Err(why)) => return inventory.refused("", why),
        None => text::flat(bytes),
    };
    let Some(header) = Header::of(&bytes) else {
        return inventory.refused("", "the file has no header row");
    };
    inventory.headings =
        header.columns.iter().map(|(_, heading)| header::normal(heading)).collect();
    inventory.headings.sort();
    let read_as = |(attribute, heading): &Column| (heading.clone(), *attribute);
    inventory.columns = header.columns.iter().map(read_as).collect();
    let unread = header.columns.iter().filter(|(attribute, _)| attribute.is_none());
    inventory.close = unread
        .filter_map(|(_, heading)| Some((heading.clone(), header::close(heading)?)))
        .collect();
    if header.known() == 0 {
        let reason = format!("no column heading is known: {}", header.headings());
        return inventory.refused("row 1", &reason);
    }
    if !header.identifies() {
        let place = format!("row {}", header.above + 1);
        let reason = format!("no column identifies a device: {}", header.headings());
        return inventory.refused(&place, &reason);
    }
    let rows = header::reader(header::body(&bytes), header.delimiter).into_byte_records();
    for (row, record) in (header.above + 2..).zip(rows.skip(header.titles())) {
        inventory.read += 1;
        match record {
            Ok(record) => read_row(&mut inventory, row, &header.columns, &record),
            Err(error) => inventory.skip(row, &error.to_string()),
        }
        if inventory.read == ROWS_MAX {
            return inventory.refused("", "more rows than are read; split the file");
        }
    }
    write_days(&mut inventory.records);
    inventory
}

/// Writes days of many shapes in one; which number is the day is for the whole column to tell.
fn write_days(records: &mut [InventoryRecord]) {
    let is_day = |attribute: Attribute| attribute == Attribute::PurchaseDate;
    let cells = records.iter().flat_map(|record| &record.cells).filter(|(is, ..)| is_day(*is));
    let mut columns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (_, value, heading) in cells {
        columns.entry(heading).or_default().push(value);
    }
    let orders: BTreeMap<String, date::Order> = columns
        .into_iter()
        .map(|(heading, cells)| (heading.to_owned(), date::Order::of(cells.into_iter())))
        .collect();
    for (attribute, value, heading) in records.iter_mut().flat_map(|record| &mut record.cells) {
        if is_day(*attribute)
            && let Some(order) = orders.get(heading)
            && let Some(day) = date::day(value, *order)
        {
            *value = day;
        }
    }
}

/// True where the first rows have the header of an inventory.
pub fn looks_like_inventory(bytes: &[u8]) -> bool {
    match sheet::as_table(bytes) {
        Some(Ok(table)) => return is_header(&table),
        // The beginning of a spreadsheet tells no more; its own reader says what it lacks.
        Some(Err(_)) => return true,
        None => {}
    }
    let head = bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default();
    is_header(&text::flat(head))
}

fn is_header(table: &[u8]) -> bool {
    Header::of(table).is_some_and(|header| header.known() >= 2 && header.identifies())
}

/// The headings of a table, whatever it holds, or nothing where the first rows are no table.
pub fn table_headings(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default();
    let head = text::flat(head);
    let header = Header::of(&head)?;
    let mut below = header::reader(header::body(&head), header.delimiter).into_byte_records();
    let cells = below.nth(header.titles())?.ok()?.len();
    let is_text = |heading: &String| !heading.chars().any(char::is_control);
    let whole = header.columns.iter().all(|(_, heading)| is_text(heading));
    (whole && cells > 1 && cells == header.columns.len()).then(|| header.headings())
}

fn read_row(inventory: &mut Inventory, row: u64, columns: &[Column], record: &csv::ByteRecord) {
    let cells: Vec<String> = record.iter().map(text::cell).collect();
    if cells.iter().all(String::is_empty) {
        return inventory.skip(row, EMPTY_ROW);
    }
    // Spreadsheets leave out empty cells at the end of a row, and add empty ones.
    if cells.iter().skip(columns.len()).any(|cell| !cell.is_empty()) {
        let (has, want) = (cells.len(), columns.len());
        return inventory.skip(row, &format!("it has {has} cells where the header has {want}"));
    }
    if is_total(&cells) {
        return inventory.skip(row, TOTALS_ROW);
    }
    let mut kept = InventoryRecord { row, ..InventoryRecord::default() };
    for ((attribute, heading), cell) in columns.iter().zip(&cells) {
        let cell: String = cell.chars().take(CELL_CHARS_MAX).collect();
        if cell.is_empty() || knowledge::says_nothing(&cell) {
            continue;
        }
        match attribute {
            Some(attribute) => read_cell(inventory, &mut kept, (*attribute, heading), &cell),
            None => {
                kept.custom.insert(heading.clone(), cell);
            }
        }
    }
    if kept.cells.is_empty() {
        return inventory.skip(row, "no known column has a value");
    }
    inventory.records.push(kept);
}

fn read_cell(
    inventory: &mut Inventory,
    kept: &mut InventoryRecord,
    (attribute, heading): (Attribute, &str),
    cell: &str,
) {
    let mut keep = |value: String| kept.cells.push((attribute, value, heading.to_owned()));
    match attribute {
        Attribute::StatedMac | Attribute::StatedIp => {
            let (good, bad) = address::addresses(attribute, cell);
            good.into_iter().for_each(keep);
            for part in bad {
                let reason = format!("`{part}` in column {heading} is not an address");
                inventory.skip(kept.row, &reason);
            }
        }
        _ if IDENTIFIERS.contains(&attribute) && knowledge::is_rounded(cell) => {
            let reason = format!("`{cell}` in column {heading} was rounded by a spreadsheet");
            inventory.skip(kept.row, &reason);
        }
        Attribute::Serial if knowledge::is_no_serial(cell) => {
            let reason = format!("`{cell}` in column {heading} is no serial number");
            inventory.skip(kept.row, &reason);
        }
        Attribute::Hostname => {
            let name = cell.split('.').next().unwrap_or(cell);
            if !name.is_empty() {
                keep(name.to_owned());
            }
        }
        Attribute::Class => keep(class::named(cell).unwrap_or(cell).to_owned()),
        _ => keep(cell.to_owned()),
    }
}

/// A row that begins with the word for a total and says little else.
fn is_total(cells: &[String]) -> bool {
    let mut filled = cells.iter().filter(|cell| !cell.is_empty());
    let begins = filled.next().is_some_and(|cell| knowledge::begins_a_total(cell));
    let numbers = |cell: &String| cell.chars().any(|c| c.is_ascii_digit());
    begins && filled.all(|cell| numbers(cell) && !cell.chars().any(char::is_alphabetic))
}

impl Inventory {
    /// Rows that say something but cannot be used, so that nobody knows which devices they list.
    pub fn unread(&self) -> usize {
        let used: BTreeSet<String> =
            self.records.iter().map(|record| format!("row {}", record.row)).collect();
        let says_something = |skip: &Skip| ![EMPTY_ROW, TOTALS_ROW].contains(&skip.reason.as_str());
        let lost = |skip: &&Skip| says_something(skip) && !used.contains(&skip.place);
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

/// Attributes whose every digit counts.
const IDENTIFIERS: [Attribute; 4] =
    [Attribute::AssetTag, Attribute::Serial, Attribute::ModelNumber, Attribute::Udi];

const EMPTY_ROW: &str = "the row is empty";
const TOTALS_ROW: &str = "a row of totals";

/// Most rows read from one file. Four times the devices of the largest hospital system.
pub const ROWS_MAX: u64 = 4_000_000;

/// Longest cell kept, in characters; the rest is cut.
pub const CELL_CHARS_MAX: usize = 500;

/// How much of a file is looked at to tell whether it is an inventory.
const HEAD_BYTES: usize = 16 * 1024;

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
        let class = check("class", "asset_id,class\nA1,Infusionspumpe\n".as_bytes(), 1, &[]);
        assert_eq!(class.records[0].value(Attribute::Class), Some("infusion_pump"));
        check("a number and a maker", b"ID,Vendor\n1,Halden\n", 1, &[]);
        check("quoted", b"asset_id,model\nA1,\"Pump, large\"\n", 1, &[]);
    }

    #[test]
    fn says_what_it_could_not_use() {
        check("nothing", b"", 0, &[("", "the file has no header row")]);
        check("no heading", b"a,b\n1,2\n", 0, &[("row 1", "no column heading is known: a, b")]);
        check(
            "no device told from another",
            b"description,category\nText,Network\n",
            0,
            &[("row 1", "no column identifies a device: description, category")],
        );
        check(
            "long row",
            b"asset_id,model\nA1,x,y\nA2,x,\n",
            1,
            &[("row 2", "it has 3 cells where the header has 2")],
        );
        check(
            "a table of something else",
            b"ID,Name,Location,Unit\n1,Meter,Hall,kWh\n",
            0,
            &[("row 1", "no column identifies a device: ID, Name, Location, Unit")],
        );
        check(
            "rounded serial",
            b"asset_id,serial\nA1,6.37702E+15\n",
            1,
            &[("row 2", "`6.37702E+15` in column serial was rounded by a spreadsheet")],
        );
        check(
            "totals",
            b"asset_id,model,cost\nA1,P,5\nTotal,,5\n",
            1,
            &[("row 3", "a row of totals")],
        );
        check(
            "placeholder serial",
            b"asset_id,serial\nA1,To be filled by O.E.M.\n",
            1,
            &[("row 2", "`To be filled by O.E.M.` in column serial is no serial number")],
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

    #[test]
    fn tells_the_headings_of_any_table() {
        for (name, text, want) in [
            (
                "a table of findings",
                "description,category\nText,Network\n",
                Some("description, category"),
            ),
            ("no heading is known", "a;b;c\n1;2;3\n", Some("a, b, c")),
            ("prose", "Dear colleague, hello\nKind regards\n", None),
            ("one line", "a,b\n", None),
            ("no text", "\u{1},\u{2}\n1,2\n", None),
            ("nothing", "", None),
        ] {
            assert_eq!(table_headings(text.as_bytes()).as_deref(), want, "{name}");
        }
    }

    #[test]
    fn finds_the_table_in_what_surrounds_it() {
        use Attribute::{AssetTag, Maker, Model};
        for (name, text) in [
            ("separator line", "sep=;\nasset_id;maker;model\nA1;Halden;P7\n"),
            ("separator line with a tab", "sep=\t\r\nAsset ID\tMaker\tModel\r\nA1\tHalden\tP7\r\n"),
            ("title rows", "Equipment, all wards\n\n2026,,\nAsset ID,Maker,Model\nA1,Halden,P7\n"),
            ("short row", "asset_id,maker,model,owner,location\nA1,Halden,P7\n"),
            ("trailing delimiters", "asset_id,maker,model\nA1,Halden,P7,,,\n"),
            ("line end in a heading", "\"Asset\nID\",Maker,\"Model\"\nA1,Halden,P7\n"),
            ("comma in a heading", "\"Price, net\";Asset ID;Maker;Model\n5;A1;Halden;P7\n"),
            ("German", "Inventarnummer;Hersteller;Modell\nA1;Halden;P7\n"),
            ("French", "N° d'inventaire;Fabricant;Modèle\nA1;Halden;P7\n"),
            ("Spanish", "Número de inventario;Fabricante;Modelo\nA1;Halden;P7\n"),
            ("Italian", "Numero inventario;Produttore;Modello\nA1;Halden;P7\n"),
            ("Dutch", "Inventarisnummer;Fabrikant;Model\nA1;Halden;P7\n"),
        ] {
            let inventory = read_inventory("cmms.csv", text.as_bytes());
            let [record] = inventory.records.as_slice() else { panic!("{name}: {inventory:?}") };
            let read = [AssetTag, Maker, Model].map(|attribute| record.value(attribute));
            assert_eq!(read, [Some("A1"), Some("Halden"), Some("P7")], "{name}");
        }
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
