//! Workbooks of Office Open XML.
//!
//! Source: ECMA-376 part 1, clauses 18.3.1 (cells), 18.4 (shared strings), 18.8 (styles: formats
//!         14 to 22 and 45 to 47 are times, as are those with day, month or year in their code).
//! Output: the cells of each sheet as text.

use super::archive::Archive;
use super::xml::{Part, attribute, walk};
use super::{COLUMNS_MAX, ROWS_MAX, SHEETS_MAX, Table, number};
use crate::inventory::date;

pub(super) fn tables(archive: &mut Archive<'_>) -> Result<Vec<Table>, &'static str> {
    let strings = strings(&archive.text("xl/sharedStrings.xml")?.unwrap_or_default())?;
    let days = day_styles(&archive.text("xl/styles.xml")?.unwrap_or_default())?;
    let workbook = archive.text("xl/workbook.xml")?.unwrap_or_default();
    let since_1904 = ["date1904=\"1\"", "date1904=\"true\""].iter().any(|is| workbook.contains(is));
    let book = Book { strings, days, shift: if since_1904 { DAYS_TO_1904 } else { 0 } };
    let is_sheet =
        |name: &String| name.strip_prefix("xl/worksheets/").is_some_and(|rest| !rest.contains('/'));
    let mut names: Vec<String> = archive.names().into_iter().filter(is_sheet).collect();
    // `sheet2` comes before `sheet10`.
    names.sort_by_key(|name| (name.len(), name.clone()));
    let mut tables = Vec::new();
    for name in names.iter().take(SHEETS_MAX) {
        let sheet = archive.text(name)?.unwrap_or_default();
        tables.push(book.table(&sheet)?);
    }
    Ok(tables)
}

/// What all sheets share.
struct Book {
    strings: Vec<String>,
    /// By style: whether a number is a day.
    days: Vec<bool>,
    /// Days to add where the calendar starts in 1904.
    shift: i64,
}

/// A cell while it is read.
#[derive(Default)]
struct Cell {
    column: usize,
    kind: String,
    style: usize,
    value: String,
    is_open: bool,
}

impl Book {
    fn table(&self, sheet: &str) -> Result<Table, &'static str> {
        let mut table: Table = Vec::new();
        let mut cell = Cell::default();
        let mut over = false;
        walk(sheet, |part| match part {
            Part::Start(element) => match element.local_name().as_ref() {
                "row" => {
                    let number = attribute(element, "r").and_then(|number| number.parse().ok());
                    let number: usize = number.unwrap_or(table.len() + 1);
                    over |= number > ROWS_MAX;
                    table.resize(
                        number.clamp(table.len() + 1, ROWS_MAX.max(table.len() + 1)),
                        Vec::new(),
                    );
                }
                "c" => {
                    let place = attribute(element, "r").and_then(|place| column(&place));
                    let next = table.last().map_or(0, Vec::len);
                    cell = Cell {
                        column: place.unwrap_or(next),
                        kind: attribute(element, "t").unwrap_or_default(),
                        style: attribute(element, "s").and_then(|s| s.parse().ok()).unwrap_or(0),
                        ..Cell::default()
                    };
                }
                "v" | "t" => cell.is_open = true,
                _ => {}
            },
            Part::Text(text) if cell.is_open => cell.value.push_str(text),
            Part::End("v" | "t") => cell.is_open = false,
            Part::End("c") => {
                let value = self.value(&cell);
                if let Some(row) = table.last_mut().filter(|_| cell.column < COLUMNS_MAX) {
                    put(row, cell.column, value);
                }
            }
            Part::Text(_) | Part::End(_) => {}
        })?;
        if over { Err("the spreadsheet has more rows than are read") } else { Ok(table) }
    }

    fn value(&self, cell: &Cell) -> String {
        match cell.kind.as_str() {
            "s" => {
                let at = cell.value.trim().parse::<usize>().ok();
                at.and_then(|at| self.strings.get(at)).cloned().unwrap_or_default()
            }
            "b" => if cell.value.trim() == "1" { "TRUE" } else { "FALSE" }.to_owned(),
            "e" => String::new(),
            "" | "n" if self.days.get(cell.style) == Some(&true) => {
                let days = cell.value.split('.').next().and_then(|days| days.parse::<i64>().ok());
                let day = days.and_then(|days| date::of_sheet(days + self.shift));
                day.unwrap_or_else(|| cell.value.clone())
            }
            "" | "n" => number(cell.value.trim()),
            _ => cell.value.clone(),
        }
    }
}

/// Puts a value at its column, with empty cells before it.
pub(super) fn put(row: &mut Vec<String>, column: usize, value: String) {
    if row.len() <= column {
        row.resize(column + 1, String::new());
    }
    if let Some(place) = row.get_mut(column) {
        *place = value;
    }
}

/// `C7` is in column 2.
fn column(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic).take(4);
    let number = letters
        .fold(0usize, |sum, letter| sum * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}

/// Texts that cells point to; of a text in several fonts, all of its runs.
fn strings(document: &str) -> Result<Vec<String>, &'static str> {
    let mut strings: Vec<String> = Vec::new();
    let (mut is_text, mut is_reading_aid) = (false, false);
    walk(document, |part| match part {
        Part::Start(element) => match element.local_name().as_ref() {
            "si" => strings.push(String::new()),
            "rPh" => is_reading_aid = true,
            "t" => is_text = !is_reading_aid,
            _ => {}
        },
        Part::Text(text) if is_text => {
            if let Some(last) = strings.last_mut() {
                last.push_str(text);
            }
        }
        Part::End("t") => is_text = false,
        Part::End("rPh") => is_reading_aid = false,
        _ => {}
    })?;
    Ok(strings)
}

/// Which styles of cells show a number as a day.
fn day_styles(document: &str) -> Result<Vec<bool>, &'static str> {
    let (mut own, mut styles, mut is_cells) = (Vec::new(), Vec::new(), false);
    walk(document, |part| match part {
        Part::Start(element) => match element.local_name().as_ref() {
            "numFmt" => {
                let id = attribute(element, "numFmtId").unwrap_or_default();
                let code = attribute(element, "formatCode").unwrap_or_default();
                if shows_days(&code) {
                    own.push(id);
                }
            }
            "cellXfs" => is_cells = true,
            "xf" if is_cells => {
                let id = attribute(element, "numFmtId").unwrap_or_default();
                let built_in = id.parse().is_ok_and(|id: u32| DAY_FORMATS.contains(&id));
                styles.push(built_in || own.contains(&id));
            }
            _ => {}
        },
        Part::End("cellXfs") => is_cells = false,
        _ => {}
    })?;
    Ok(styles)
}

/// True for a format with a day or a year outside of quoted text and colours.
fn shows_days(code: &str) -> bool {
    let (mut quoted, mut bracketed) = (false, false);
    code.chars().any(|c| {
        match c {
            '"' => quoted = !quoted,
            '[' => bracketed = true,
            ']' => bracketed = false,
            _ => {}
        }
        !quoted && !bracketed && matches!(c, 'd' | 'D' | 'y' | 'Y')
    })
}

const DAY_FORMATS: std::ops::RangeInclusive<u32> = 14..=22;
/// 1904-01-01 in the calendar that starts in 1900.
const DAYS_TO_1904: i64 = 1462;
