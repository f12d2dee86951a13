//! Values that go into SQL and come out of it, the same for both databases.
//!
//! SQL is written once, with `?1` placeholders. What differs between the databases stands here and
//! in [`crate::migrate`], nowhere else.

use std::borrow::Cow;

use bytes::BytesMut;
use postgres::types::{IsNull, ToSql as PostgresToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;
use model::Timestamp;

/// A value for a placeholder.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Param<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
}

/// Turns `?1` into `$1`. No literal in our SQL holds a question mark.
pub(crate) fn for_postgres(sql: &str) -> String {
    sql.replace('?', "$")
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Param<'_> {
    /// Neither database has unsigned numbers; nothing we count comes near the limit.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<f64> for Param<'_> {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<Timestamp> for Param<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_micros())
    }
}

impl<'a> From<&'a str> for Param<'a> {
    /// PostgreSQL cannot hold U+0000 in text, so neither database gets one.
    fn from(value: &'a str) -> Self {
        if value.contains('\0') {
            Self::Text(value.replace('\0', "\u{fffd}").into())
        } else {
            Self::Text(value.into())
        }
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        value.as_str().into()
    }
}

impl From<String> for Param<'_> {
    fn from(value: String) -> Self {
        if value.contains('\0') {
            Self::Text(value.replace('\0', "\u{fffd}").into())
        } else {
            Self::Text(value.into())
        }
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'a> From<&'a Cell> for Param<'a> {
    fn from(cell: &'a Cell) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Int(value) => Self::Int(*value),
            Cell::Real(value) => Self::Real(*value),
            Cell::Text(value) => Self::Text(value.as_str().into()),
            Cell::Bytes(value) => Self::Bytes(value),
        }
    }
}

impl rusqlite::types::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Int(value) => ToSqlOutput::Owned(Value::Integer(*value)),
            Self::Real(value) => ToSqlOutput::Owned(Value::Real(*value)),
            Self::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Self::Bytes(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        })
    }
}

impl PostgresToSql for Param<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *kind == Type::INT8 => value.to_sql(kind, out),
            Self::Int(value) if *kind == Type::INT4 => i32::try_from(*value)?.to_sql(kind, out),
            Self::Real(value) if *kind == Type::FLOAT8 => value.to_sql(kind, out),
            Self::Text(value) if *kind == Type::TEXT => value.as_ref().to_sql(kind, out),
            Self::Bytes(value) if *kind == Type::BYTEA => value.to_sql(kind, out),
            other => Err(format!("a {kind} was wanted where {other:?} was given").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row, read from left to right.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Cell>);

impl Row {
    pub(crate) fn new(cells: Vec<Cell>) -> Self {
        Self(cells.into_iter())
    }

    /// Every cell that was not read yet.
    pub(crate) fn cells(&mut self) -> impl Iterator<Item = Cell> {
        std::mem::take(&mut self.0)
    }

    /// The next cell as a number.
    pub(crate) fn int(&mut self) -> Result<i64, StoreError> {
        match self.next()? {
            Cell::Int(value) => Ok(value),
            other => Err(unexpected("a number", &other)),
        }
    }

    /// The next cell as a number that is never negative.
    pub(crate) fn count(&mut self) -> Result<u64, StoreError> {
        u64::try_from(self.int()?).map_err(StoreError::corrupt)
    }

    /// The next cell as a number or nothing.
    pub(crate) fn maybe_int(&mut self) -> Result<Option<i64>, StoreError> {
        match self.next()? {
            Cell::Null => Ok(None),
            Cell::Int(value) => Ok(Some(value)),
            other => Err(unexpected("a number", &other)),
        }
    }

    /// The next cell as true or false.
    pub(crate) fn truth(&mut self) -> Result<bool, StoreError> {
        Ok(self.int()? != 0)
    }

    /// The next cell as a time.
    pub(crate) fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.int().map(Timestamp::from_micros)
    }

    /// The next cell as a time or nothing.
    pub(crate) fn maybe_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe_int()?.map(Timestamp::from_micros))
    }

    /// The next cell as a number with a fraction.
    pub(crate) fn real(&mut self) -> Result<f64, StoreError> {
        self.maybe_real()?.ok_or_else(|| unexpected("a number", &Cell::Null))
    }

    /// The next cell as a number with a fraction, or nothing.
    pub(crate) fn maybe_real(&mut self) -> Result<Option<f64>, StoreError> {
        match self.next()? {
            Cell::Null => Ok(None),
            Cell::Real(value) => Ok(Some(value)),
            other => Err(unexpected("a number", &other)),
        }
    }

    /// The next cell as text.
    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        match self.next()? {
            Cell::Text(value) => Ok(value),
            other => Err(unexpected("text", &other)),
        }
    }

    /// The next cell as text; nothing where it is null or empty.
    pub(crate) fn maybe_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.next()? {
            Cell::Null => Ok(None),
            Cell::Text(value) => Ok(Some(value).filter(|text| !text.is_empty())),
            other => Err(unexpected("text", &other)),
        }
    }

    /// The next cell as bytes.
    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.next()? {
            Cell::Bytes(value) => Ok(value),
            other => Err(unexpected("bytes", &other)),
        }
    }

    /// The next cell as something that has a text form.
    pub(crate) fn parsed<T>(&mut self) -> Result<T, StoreError>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        self.text()?.parse().map_err(StoreError::corrupt)
    }

    /// The next cell as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        from_json(&self.text()?)
    }

    fn next(&mut self) -> Result<Cell, StoreError> {
        self.0.next().ok_or_else(|| StoreError::corrupt("a row has too few columns"))
    }
}

/// Reads a stored JSON text.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(StoreError::corrupt)
}

/// Writes JSON to store.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::corrupt)
}

/// Never shows the value itself: an error may be logged, and a cell may name anything.
fn unexpected(wanted: &str, cell: &Cell) -> StoreError {
    let kind = match cell {
        Cell::Null => "nothing",
        Cell::Int(_) | Cell::Real(_) => "a number",
        Cell::Text(_) => "text",
        Cell::Bytes(_) => "bytes",
    };
    StoreError::corrupt(format!("{kind} where {wanted} was wanted"))
}

/// The cells of a SQLite row.
pub(crate) fn sqlite_cells(row: &rusqlite::Row<'_>, columns: usize) -> Result<Row, StoreError> {
    let mut cells = Vec::with_capacity(columns);
    for column in 0..columns {
        cells.push(match row.get_ref(column)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(value) => Cell::Int(value),
            ValueRef::Real(value) => Cell::Real(value),
            ValueRef::Text(value) => {
                Cell::Text(String::from_utf8(value.to_vec()).map_err(StoreError::corrupt)?)
            }
            ValueRef::Blob(value) => Cell::Bytes(value.to_vec()),
        });
    }
    Ok(Row::new(cells))
}

/// The cells of a PostgreSQL row.
pub(crate) fn postgres_cells(row: &postgres::Row) -> Result<Row, StoreError> {
    let mut cells = Vec::with_capacity(row.len());
    for (index, column) in row.columns().iter().enumerate() {
        let cell = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.map(Cell::Int),
            Type::INT4 => {
                row.try_get::<_, Option<i32>>(index)?.map(|value| Cell::Int(value.into()))
            }
            Type::BOOL => {
                row.try_get::<_, Option<bool>>(index)?.map(|value| Cell::Int(value.into()))
            }
            Type::FLOAT8 => row.try_get::<_, Option<f64>>(index)?.map(Cell::Real),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index)?.map(Cell::Bytes),
            _ => row.try_get::<_, Option<String>>(index)?.map(Cell::Text),
        };
        cells.push(cell.unwrap_or(Cell::Null));
    }
    Ok(Row::new(cells))
}
