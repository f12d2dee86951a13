//! Spreadsheets of OpenDocument.
//!
//! Source: OpenDocument 1.3 part 3, clauses 9.1 (tables) and 19.385 (typed values).
//! Output: the cells of each table as text. Empty cells and rows, which programs repeat to the
//!         edge of the sheet, are kept only where something follows.

use super::archive::Archive;
use super::xlsx::put;
use super::xml::{Part, attribute, walk};
use super::{COLUMNS_MAX, ROWS_MAX, SHEETS_MAX, Table, number};

pub(super) fn tables(archive: &mut Archive<'_>) -> Result<Vec<Table>, &'static str> {
    let document = archive.text("content.xml")?.unwrap_or_default();
    let mut reading = Reading::default();
    walk(&document, |part| reading.take(part))?;
    if reading.over {
        Err("the spreadsheet has more rows than are read")
    } else {
        Ok(reading.tables)
    }
}

#[derive(Default)]
struct Reading {
    tables: Vec<Table>,
    row: Vec<String>,
    /// Columns passed of this row, and how often the row and the cell stand.
    column: usize,
    rows: usize,
    cells: usize,
    /// A value that says more than the text that is shown.
    typed: Option<String>,
    text: String,
    is_text: bool,
    /// Empty rows since the last that says something.
    empty: usize,
    over: bool,
}

impl Reading {
    fn take(&mut self, part: Part<'_>) {
        match part {
            Part::Start(element) => match element.local_name().as_ref() {
                "table" if self.tables.len() < SHEETS_MAX => {
                    self.tables.push(Vec::new());
                    self.empty = 0;
                }
                "table-row" => {
                    let times = attribute(element, "number-rows-repeated");
                    self.rows = times.and_then(|times| times.parse().ok()).unwrap_or(1);
                    (self.row, self.column) = (Vec::new(), 0);
                }
                "table-cell" | "covered-table-cell" => {
                    let times = attribute(element, "number-columns-repeated");
                    self.cells = times.and_then(|times| times.parse().ok()).unwrap_or(1);
                    let date = attribute(element, "date-value");
                    let date = date.map(|date| date.chars().take(DATE_CHARS).collect());
                    let kind = attribute(element, "value-type");
                    let value =
                        attribute(element, "value").filter(|_| kind.as_deref() == Some("float"));
                    self.typed = date.or_else(|| value.map(|value| number(&value)));
                    self.text.clear();
                }
                "p" => {
                    if !self.text.is_empty() {
                        self.text.push('\n');
                    }
                    self.is_text = true;
                }
                _ => {}
            },
            Part::Text(text) if self.is_text => self.text.push_str(text),
            Part::End("p") => self.is_text = false,
            Part::End("table-cell" | "covered-table-cell") => self.cell_ends(),
            Part::End("table-row") => self.row_ends(),
            Part::Text(_) | Part::End(_) => {}
        }
    }

    fn cell_ends(&mut self) {
        let value = self.typed.take().unwrap_or_else(|| std::mem::take(&mut self.text));
        let end = self.column.saturating_add(self.cells);
        if !value.is_empty() {
            for column in self.column..end.min(COLUMNS_MAX) {
                put(&mut self.row, column, value.clone());
            }
        }
        self.column = end;
    }

    fn row_ends(&mut self) {
        let Some(table) = self.tables.last_mut() else { return };
        let row = std::mem::take(&mut self.row);
        if row.is_empty() {
            self.empty = self.empty.saturating_add(self.rows);
            return;
        }
        let empty = std::mem::take(&mut self.empty);
        let rows = table.len().saturating_add(empty).saturating_add(self.rows);
        if rows > ROWS_MAX || self.rows > COPIES_MAX {
            self.over = true;
            return;
        }
        table.resize(table.len() + empty, Vec::new());
        table.resize(rows, row);
    }
}

/// Characters of a day in front of its time.
const DATE_CHARS: usize = 10;
/// Copies of one row that says something.
const COPIES_MAX: usize = 1_000;
