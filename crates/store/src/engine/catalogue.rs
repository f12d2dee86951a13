//! What tables there are, as the database itself tells: for what must leave none of them out, now or
//! after any later step of the schema (backup, digests, redaction).

use crate::StoreError;
use crate::engine::tx::Tx;

/// A table of ours.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// In the order of the declaration.
    pub(crate) columns: Vec<Column>,
}

/// A column of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Part of the primary key.
    pub(crate) key: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Number,
    Text,
    Bytes,
}

impl Table {
    /// Names of its columns, with commas between them.
    pub(crate) fn list(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        names.join(", ")
    }

    /// The columns of the primary key, with commas between them.
    pub(crate) fn key(&self) -> String {
        let key = self.columns.iter().filter(|column| column.key);
        let names: Vec<&str> = key.map(|column| column.name.as_str()).collect();
        names.join(", ")
    }
}

/// Every table of ours in the order in which they were made, so that one comes behind those that it
/// refers to. Virtual tables and what they keep for themselves are indexes, and left out.
pub(crate) fn tables(tx: &Tx<'_>) -> Result<Vec<Table>, StoreError> {
    let sql = if tx.is_postgres() { TABLES_POSTGRES } else { TABLES_SQLITE };
    let columns = if tx.is_postgres() { COLUMNS_POSTGRES } else { COLUMNS_SQLITE };
    let names = tx.rows(sql, &[], super::sql::Row::text)?;
    let table = |name: String| {
        let columns = tx.rows(columns, &[(&name).into()], |row| {
            let (name, kind) = (row.text()?, kind_of(&row.text()?));
            Ok(Column { name, kind, key: row.truth()? })
        })?;
        Ok(Table { name, columns })
    };
    names.into_iter().map(table).collect()
}

fn kind_of(declared: &str) -> Kind {
    match declared.to_ascii_uppercase().as_str() {
        "TEXT" => Kind::Text,
        "BLOB" | "BYTEA" => Kind::Bytes,
        _ => Kind::Number,
    }
}

const TABLES_SQLITE: &str = "SELECT m.name FROM sqlite_master m \
     JOIN pragma_table_list l ON l.name = m.name AND l.schema = 'main' AND l.type = 'table' \
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY m.rowid";

const COLUMNS_SQLITE: &str = "SELECT name, type, pk > 0 FROM pragma_table_info(?1) ORDER BY cid";

const TABLES_POSTGRES: &str = "SELECT c.relname::text FROM pg_class c \
     WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace(current_schema()::text) ORDER BY c.oid";

const COLUMNS_POSTGRES: &str = "SELECT a.attname::text, upper(format_type(a.atttypid, NULL)), \
     EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary \
        AND a.attnum = ANY (i.indkey)) \
     FROM pg_attribute a WHERE a.attrelid = to_regclass(?1) AND a.attnum > 0 \
        AND NOT a.attisdropped ORDER BY a.attnum";
