//! Digests of whole tables, for checkpoints: what the house looked like when one was made.
//!
//! Output: of every table its rows and the SHA-256 over them, in the order of the primary key. A row
//!         is its columns in the order of the declaration, each as a letter for what it is, its
//!         length, and its bytes; the same on both databases.
//! Limits: what is counted anew from other tables takes no part ([`DERIVED`]), nor does what changes
//!         without an act ([`FLEETING`], devices of an import that is under way).

use evidence::Sha256Hex;

use crate::StoreError;
use crate::engine::catalogue::{Column, Kind, Table, tables};
use crate::engine::migrate;
use crate::engine::sql::Cell;
use crate::engine::tx::Tx;
use crate::records::{State, TableState};

impl Tx<'_> {
    /// The state of every table that acts change.
    pub fn state(&self) -> Result<State, StoreError> {
        let mut state = State { schema: migrate::newest(), ..State::default() };
        for table in tables(self)?.iter().filter(|table| !FLEETING.contains(&table.name.as_str())) {
            state.tables.insert(table.name.clone(), self.table_state(table)?);
        }
        Ok(state)
    }

    fn table_state(&self, table: &Table) -> Result<TableState, StoreError> {
        let derived = DERIVED.iter().find(|(name, _)| *name == table.name);
        let derived = derived.map_or(&[][..], |(_, columns)| columns);
        let columns =
            table.columns.iter().filter(|column| !derived.contains(&column.name.as_str()));
        let columns: Vec<Column> = columns.cloned().collect();
        let shown = Table { name: table.name.clone(), columns };
        let (list, name, key) = (shown.list(), &table.name, table.key());
        let sql = format!("SELECT {list} FROM {name}{} ORDER BY {key}", seen_only(table));
        let (mut rows, mut digest, mut bytes) = (0, Sha256Hex::new(), Vec::new());
        self.each(&sql, &[], |row| {
            rows += 1;
            bytes.clear();
            row.cells().for_each(|cell| write_cell(&mut bytes, &cell));
            digest.update(&bytes);
            Ok(())
        })?;
        Ok(TableState { rows, sha256: digest.finish() })
    }
}

/// What an import has written and not shown yet is nobody's act.
fn seen_only(table: &Table) -> &'static str {
    match table.name.as_str() {
        "device_row" => " WHERE number IN (SELECT d.number FROM device d)",
        "configuration" => " WHERE number IN (SELECT d.configuration FROM device d)",
        _ if table.columns.iter().any(refers_to_device) => {
            " WHERE device IN (SELECT d.number FROM device d)"
        }
        _ => "",
    }
}

/// By its number; where a table names a device by its id, the row is an act's.
fn refers_to_device(column: &Column) -> bool {
    column.name == "device" && column.kind == Kind::Number
}

fn write_cell(bytes: &mut Vec<u8>, cell: &Cell) {
    let (letter, value): (u8, &[u8]) = match cell {
        Cell::Null => (b'n', &[]),
        Cell::Int(value) => (b'i', &value.to_be_bytes()),
        Cell::Real(value) => (b'r', &value.to_bits().to_be_bytes()),
        Cell::Text(value) => (b't', value.as_bytes()),
        Cell::Bytes(value) => (b'b', value),
    };
    bytes.push(letter);
    bytes.extend((value.len() as u64).to_be_bytes());
    bytes.extend(value);
}

/// Columns that are counted anew from other tables; whether they agree is checked by itself.
const DERIVED: &[(&str, &[&str])] = &[
    ("configuration", &["devices", "affected", "unknown", "not_affected", "exploited"]),
    // That a password for one sign-in was used is told by the sign-in.
    ("credential", &["used"]),
    ("device_row", &["configuration", "affected", "unknown", "not_affected", "exploited"]),
    ("disclosure", &["affected", "unknown", "not_affected", "exploited"]),
];

/// Tables that are checked in another way, or change without an act.
const FLEETING: &[&str] = &[
    "checkpoint",
    "event",
    "evidence",
    "evidence_text",
    "import",
    "import_row",
    "job",
    "schema_step",
    "session",
];
