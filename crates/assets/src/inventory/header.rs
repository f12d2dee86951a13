//! Where a table begins and what its columns mean.
//!
//! Source: `knowledge/inventory-columns.csv`.
//! Input:  the first rows of a table, with whatever titles stand above the headings.
//! Output: the delimiter, the place of the header row and its columns.
//! Limits: the header is one of the first [`HEADER_ROWS_MAX`] rows.

use model::Attribute;

use crate::inventory::text;
use crate::knowledge;

/// One column: what it says, where we know it, and its heading.
pub(super) type Column = (Option<Attribute>, String);

/// The header of a table.
pub(super) struct Header {
    pub(super) delimiter: u8,
    /// Rows above the header row, those of a hint for spreadsheet programs included.
    pub(super) above: u64,
    pub(super) columns: Vec<Column>,
    /// Place of the header row among the rows that the reader gives.
    at: usize,
}

impl Header {
    /// The row, read with the delimiter, that has the most headings that we know.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let (hint, body) = hint(bytes);
        let offset = u64::from(hint.is_some());
        let mut best: Option<(usize, Self)> = None;
        for delimiter in DELIMITERS.into_iter().filter(|byte| hint.is_none_or(|is| is == *byte)) {
            let records = reader(body, delimiter).into_byte_records().take(HEADER_ROWS_MAX);
            for (at, record) in records.map_while(Result::ok).enumerate() {
                let columns: Vec<Column> = record.iter().map(column).collect();
                let known = columns.iter().filter(|(is, _)| is.is_some()).count();
                let filled = columns.iter().filter(|(_, heading)| !heading.is_empty()).count();
                let score = known * COLUMNS_MAX + filled.min(COLUMNS_MAX - 1);
                if best.as_ref().is_none_or(|(highest, _)| score > *highest) {
                    let above = at as u64 + offset;
                    best = Some((score, Self { delimiter, above, columns, at }));
                }
            }
        }
        best.map(|(_, header)| header)
    }

    /// Rows to pass over before the data, the header row included.
    pub(super) const fn titles(&self) -> usize {
        self.at + 1
    }

    /// How many headings we know.
    pub(super) fn known(&self) -> usize {
        self.columns.iter().filter(|(is, _)| is.is_some()).count()
    }

    /// True where a column tells one device from another, or one product from another.
    pub(super) fn identifies(&self) -> bool {
        let has = |wanted: &Attribute| {
            let is_it = |(is, heading): &Column| {
                *is == Some(*wanted) && !knowledge::is_key_of_any_table(&normal(heading))
            };
            self.columns.iter().any(is_it)
        };
        let numbered = self.columns.iter().any(|(is, _)| *is == Some(Attribute::AssetTag));
        let of_device = has(&Attribute::Maker) || has(&Attribute::Model);
        IDENTIFYING.iter().any(has)
            || (has(&Attribute::Maker) && has(&Attribute::Model))
            || (numbered && of_device)
    }

    /// The headings as they are written.
    pub(super) fn headings(&self) -> String {
        let named = self.columns.iter().map(|(_, heading)| heading.as_str());
        let listed: Vec<&str> = named.filter(|h| !h.is_empty()).take(HEADINGS_TOLD_MAX).collect();
        listed.join(", ").chars().take(super::CELL_CHARS_MAX).collect()
    }
}

/// The rows of the table: `bytes` without the hint.
pub(super) fn body(bytes: &[u8]) -> &[u8] {
    hint(bytes).1
}

/// `sep=;` in the first line tells a spreadsheet program the delimiter.
fn hint(bytes: &[u8]) -> (Option<u8>, &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at_checked(end).unwrap_or_default();
    let line = line.trim_ascii_end();
    let line = line.strip_prefix(b"\"").and_then(|l| l.strip_suffix(b"\"")).unwrap_or(line);
    match line {
        [s, e, p, b'=', delimiter]
            if [s, e, p].map(u8::to_ascii_lowercase) == *b"sep"
                && DELIMITERS.contains(delimiter) =>
        {
            (Some(*delimiter), rest.get(1..).unwrap_or_default())
        }
        // A tab at the end of the line is white space to the trimming above.
        [s, e, p, b'='] if [s, e, p].map(u8::to_ascii_lowercase) == *b"sep" => {
            (Some(b'\t'), rest.get(1..).unwrap_or_default())
        }
        _ => (None, bytes),
    }
}

/// A reader of rows of any length.
pub(super) fn reader(bytes: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes)
}

/// What a heading that is not known may be meant for: one that differs by a letter or two, or
/// that begins or ends with a known one.
pub(super) fn close(heading: &str) -> Option<Attribute> {
    let normal = normal(heading);
    let known = || knowledge::inventory_columns().iter();
    let alike = known().filter(|(known, _)| {
        let most = match known.chars().count() {
            0..=4 => 0,
            5..=8 => 1,
            _ => 2,
        };
        most > 0 && steps_between(known, &normal) <= most
    });
    let nearest = alike.min_by_key(|(known, _)| steps_between(known, &normal));
    let around = || {
        let long = known().filter(|(known, _)| known.chars().count() >= AROUND_MIN);
        let fits = long.filter(|(known, _)| normal.starts_with(*known) || normal.ends_with(*known));
        fits.max_by_key(|(known, _)| known.len())
    };
    nearest.or_else(around)?.1.parse().ok()
}

/// Letters put in, left out, exchanged or swapped with the next (optimal string alignment).
fn steps_between(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > STEPS_MAX || other.len() > HEADING_CHARS_MAX {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, b) in other.iter().enumerate() {
            let at =
                |line: &[usize], place: usize| line.get(place).copied().unwrap_or(usize::MAX - 9);
            let mut least = at(&above, column + 1).min(at(&line, column)) + 1;
            least = least.min(at(&above, column) + usize::from(a != b));
            let swapped = row > 0
                && column > 0
                && one.get(row - 1) == Some(b)
                && other.get(column - 1) == Some(a);
            if swapped {
                least = least.min(at(&before, column - 1) + 1);
            }
            line.push(least);
        }
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

fn column(heading: &[u8]) -> Column {
    let heading = text::cell(heading);
    let heading = heading.split_whitespace().collect::<Vec<_>>().join(" ");
    let attribute = knowledge::inventory_columns().get(normal(&heading).as_str());
    (attribute.and_then(|name| name.parse().ok()), heading)
}

/// Lower case, letters and digits only, so `Serial No.` and `serial_no` are one.
pub(super) fn normal(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Most rows looked at for the headings.
const HEADER_ROWS_MAX: usize = 20;

const DELIMITERS: [u8; 4] = *b",;\t|";
const COLUMNS_MAX: usize = 1000;
const HEADINGS_TOLD_MAX: usize = 30;

/// Attributes that tell a device from others.
const IDENTIFYING: [Attribute; 7] = [
    Attribute::AssetTag,
    Attribute::Serial,
    Attribute::StatedMac,
    Attribute::StatedIp,
    Attribute::Hostname,
    Attribute::Udi,
    Attribute::AeTitle,
];

/// Most letters by which a heading may differ from a known one, and the longest compared.
const STEPS_MAX: usize = 2;
const HEADING_CHARS_MAX: usize = 60;
/// Letters of a known heading that may stand in a longer one.
const AROUND_MIN: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_what_a_heading_may_be_meant_for() {
        for (heading, want) in [
            ("Serail Number", Some(Attribute::Serial)),
            ("Manufacturr", Some(Attribute::Maker)),
            ("Hersteler", Some(Attribute::Maker)),
            ("Location of use", Some(Attribute::Location)),
            ("Device Serial Number", Some(Attribute::Serial)),
            ("Ward Phone", None),
            ("Colour", None),
            ("", None),
        ] {
            assert_eq!(close(heading), want, "{heading}");
        }
    }
}
