//! One transaction on either database. Every read is a method of [`Tx`], every write one of
//! [`WriteTx`]; both are found in the modules of the things they are about.

use std::cell::{Cell as Slot, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write as _;
use std::ops::Deref;

use model::Scope;
use postgres::Statement;
use postgres::fallible_iterator::FallibleIterator as _;

use crate::StoreError;
use crate::engine::catalogue::{Table, tables};
use crate::engine::sight::Sight;
use crate::engine::sql::{Param, Row, for_postgres, postgres_cells, sqlite_cells};

/// A transaction that reads: one snapshot, however long it takes.
pub struct Tx<'c> {
    backend: Backend<'c>,
    /// Set once a statement has failed.
    failed: Slot<bool>,
    /// The part of the house that is seen; none for all of it.
    sight: Option<Sight>,
}

/// A transaction that also writes. Reads inside it see what it has written.
///
/// Once a statement has failed, the whole transaction fails, even where the caller goes on.
pub struct WriteTx<'c> {
    tx: Tx<'c>,
    /// Configurations whose devices changed; what hangs on them is counted anew when the
    /// transaction ends.
    pub(crate) touched: RefCell<BTreeSet<i64>>,
    /// Configurations whose verdicts changed, for the same.
    pub(crate) touched_verdicts: RefCell<BTreeSet<i64>>,
    /// Disclosures that lost or gained a verdict.
    pub(crate) touched_disclosures: RefCell<BTreeSet<i64>>,
    /// Set where the KEV catalogue changed.
    pub(crate) kev_changed: Slot<bool>,
    /// Row numbers given out in this transaction.
    next_numbers: RefCell<BTreeMap<&'static str, i64>>,
}

enum Backend<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(RefCell<PostgresTx<'c>>),
}

struct PostgresTx<'c> {
    transaction: postgres::Transaction<'c>,
    statements: &'c mut HashMap<String, Statement>,
}

impl<'c> Tx<'c> {
    pub(crate) fn sqlite(connection: &'c rusqlite::Connection) -> Self {
        Self { backend: Backend::Sqlite(connection), failed: Slot::new(false), sight: None }
    }

    pub(crate) fn postgres(
        transaction: postgres::Transaction<'c>,
        statements: &'c mut HashMap<String, Statement>,
    ) -> Self {
        let inner = RefCell::new(PostgresTx { transaction, statements });
        Self { backend: Backend::Postgres(inner), failed: Slot::new(false), sight: None }
    }

    /// The same, seeing what `scope` reaches and nothing else.
    pub(crate) fn within(mut self, scope: &Scope) -> Self {
        self.sight = Sight::of(scope, matches!(self.backend, Backend::Postgres(_)));
        self
    }

    /// The transaction to commit, on PostgreSQL.
    pub(crate) fn into_postgres(self) -> Option<postgres::Transaction<'c>> {
        match self.backend {
            Backend::Sqlite(_) => None,
            Backend::Postgres(inner) => Some(inner.into_inner().transaction),
        }
    }

    /// True on PostgreSQL.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.backend, Backend::Postgres(_))
    }

    /// Every row of a query, through `read`.
    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut read: impl FnMut(&mut Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.each(sql, params, |row| {
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Hands every row of a query to `take`, without keeping them.
    pub(crate) fn each(
        &self,
        sql: &str,
        params: &[Param<'_>],
        take: impl FnMut(&mut Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match &self.sight {
            None => self.each_of_all(sql, params, take),
            Some(sight) => {
                let narrow = sight.narrow(sql, params.len());
                self.each_of_all(&narrow, &sight.params(params), take)
            }
        }
    }

    fn each_of_all(
        &self,
        sql: &str,
        params: &[Param<'_>],
        take: impl FnMut(&mut Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.noting(match &self.backend {
            Backend::Sqlite(connection) => sqlite_each(connection, sql, params, take),
            Backend::Postgres(inner) => postgres_each(inner, sql, params, take),
        })
    }

    /// The first row of a query.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl FnMut(&mut Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(sql, params, read)?.into_iter().next())
    }

    /// The one number that a query gives; nothing counts as 0.
    pub(crate) fn number(&self, sql: &str, params: &[Param<'_>]) -> Result<i64, StoreError> {
        Ok(self.first(sql, params, Row::maybe_int)?.flatten().unwrap_or_default())
    }

    /// [`Tx::number`] of something that is never negative.
    pub(crate) fn count(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        u64::try_from(self.number(sql, params)?).map_err(StoreError::corrupt)
    }

    /// PostgreSQL goes on after a failed statement only to throw everything away at the end and
    /// call that success, so a failure is remembered.
    fn noting<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if result.is_err() {
            self.failed.set(true);
        }
        result
    }

    /// Fails where a statement has failed.
    pub(crate) fn still_sound(&self) -> Result<(), StoreError> {
        if self.failed.get() {
            let message = "a statement had failed, so the transaction was not carried out";
            return Err(StoreError::Database(message.into()));
        }
        Ok(())
    }

    fn run(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.noting(match &self.backend {
            Backend::Sqlite(connection) => sqlite_run(connection, sql, params),
            Backend::Postgres(inner) => postgres_run(inner, sql, params),
        })
    }
}

impl<'c> WriteTx<'c> {
    pub(crate) fn new(tx: Tx<'c>) -> Self {
        Self {
            tx,
            touched: RefCell::default(),
            touched_verdicts: RefCell::default(),
            touched_disclosures: RefCell::default(),
            kev_changed: Slot::new(false),
            next_numbers: RefCell::default(),
        }
    }

    pub(crate) fn into_tx(self) -> Tx<'c> {
        self.tx
    }

    /// Runs a statement and says how many rows it changed.
    pub(crate) fn run(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.tx.run(sql, params)
    }

    /// Runs several statements that take no values.
    pub(crate) fn script(&self, sql: &str) -> Result<(), StoreError> {
        self.noting(match &self.tx.backend {
            Backend::Sqlite(connection) => connection.execute_batch(sql).map_err(StoreError::from),
            Backend::Postgres(inner) => {
                borrow(inner).and_then(|mut inner| Ok(inner.transaction.batch_execute(sql)?))
            }
        })
    }

    /// Inserts many rows of `columns` columns into `target` (`table (a, b)`), each followed by
    /// `conflict` (`ON CONFLICT …`, or nothing).
    ///
    /// SQLite is fastest row by row with one prepared statement; PostgreSQL pays for each message,
    /// so rows travel together, and more than fit into one message as a stream.
    pub(crate) fn insert_many<'p>(
        &self,
        target: &str,
        columns: usize,
        conflict: &str,
        rows: impl IntoIterator<Item = Vec<Param<'p>>>,
    ) -> Result<(), StoreError> {
        let mut rows = rows.into_iter();
        let at_once = if self.is_postgres() { (PARAMS_AT_ONCE / columns).max(1) } else { 1 };
        let mut batch: Vec<Vec<Param<'p>>> = rows.by_ref().take(at_once).collect();
        if batch.len() == at_once && at_once > 1 && conflict.is_empty() {
            return self.copy_in(target, batch.into_iter().chain(rows));
        }
        let whole = insert_sql(target, columns, conflict, at_once);
        while !batch.is_empty() {
            let rest =
                (batch.len() < at_once).then(|| insert_sql(target, columns, conflict, batch.len()));
            let params: Vec<Param<'p>> = batch.into_iter().flatten().collect();
            self.run(rest.as_ref().unwrap_or(&whole), &params)?;
            batch = rows.by_ref().take(at_once).collect();
        }
        Ok(())
    }

    /// Sends rows as one stream, which PostgreSQL takes in several times faster than statements.
    fn copy_in<'p>(
        &self,
        target: &str,
        rows: impl Iterator<Item = Vec<Param<'p>>>,
    ) -> Result<(), StoreError> {
        let Backend::Postgres(inner) = &self.tx.backend else {
            return Err(StoreError::corrupt("rows were streamed to SQLite"));
        };
        let copy = || {
            let mut inner = borrow(inner)?;
            let mut stream = inner.transaction.copy_in(&format!("COPY {target} FROM STDIN"))?;
            let mut line = String::new();
            for row in rows {
                line.clear();
                write_copy_line(&mut line, &row);
                stream
                    .write_all(line.as_bytes())
                    .map_err(|error| StoreError::Database(error.into()))?;
            }
            stream.finish()?;
            Ok(())
        };
        self.noting(copy())
    }

    /// A row number for `table` that was never used. Ours, so that both databases agree; safe,
    /// because only one transaction writes at a time. PostgreSQL keeps the last one in a sequence,
    /// so that the number of a row that was removed is not given to another.
    pub(crate) fn next_number(&self, table: &'static str) -> Result<i64, StoreError> {
        let mut numbers = self.next_numbers.borrow_mut();
        let next = match numbers.get(table) {
            Some(next) => *next,
            None if self.is_postgres() => self.number(
                &format!(
                    "SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END \
                     FROM {table}_number"
                ),
                &[],
            )?,
            None => self.number(&format!("SELECT COALESCE(MAX(number), 0) FROM {table}"), &[])? + 1,
        };
        numbers.insert(table, next + 1);
        Ok(next)
    }

    /// Says to the sequences which numbers were given out. The last thing before a commit.
    pub(crate) fn keep_numbers(&self) -> Result<(), StoreError> {
        if self.is_postgres() {
            for (table, next) in self.next_numbers.borrow().iter() {
                let sql = format!("SELECT setval('{table}_number', ?1)");
                self.number(&sql, &[(next - 1).into()])?;
            }
        }
        Ok(())
    }

    /// Makes the sequence of each table that has row numbers, and brings it up to its rows.
    pub(crate) fn bring_sequences_up(&self) -> Result<(), StoreError> {
        if !self.is_postgres() {
            return Ok(());
        }
        let numbered =
            |table: &Table| table.columns.first().is_some_and(|one| one.name == "number");
        for Table { name, .. } in tables(self)?.iter().filter(|table| numbered(table)) {
            self.script(&format!(
                "CREATE SEQUENCE IF NOT EXISTS {name}_number OWNED BY {name}.number; \
                 SELECT setval('{name}_number', GREATEST((SELECT MAX(number) FROM {name}), 1), \
                     EXISTS (SELECT 1 FROM {name}))"
            ))?;
        }
        Ok(())
    }
}

impl<'c> Deref for WriteTx<'c> {
    type Target = Tx<'c>;

    fn deref(&self) -> &Tx<'c> {
        &self.tx
    }
}

impl PostgresTx<'_> {
    fn prepared(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= STATEMENTS_MAX {
            self.statements.clear();
        }
        let statement = self.transaction.prepare(&for_postgres(sql))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// `?1,?2,…` for `count` values, the first numbered `first`.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    let mut text = String::new();
    for number in first..first + count {
        text.push_str(if number == first { "?" } else { ",?" });
        text.push_str(&number.to_string());
    }
    text
}

fn insert_sql(target: &str, columns: usize, conflict: &str, rows: usize) -> String {
    let mut sql = format!("INSERT INTO {target} VALUES ");
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ",(" });
        sql.push_str(&placeholders(row * columns + 1, columns));
        sql.push(')');
    }
    sql.push(' ');
    sql.push_str(conflict);
    sql
}

/// A row in the text form of `COPY`.
fn write_copy_line(line: &mut String, row: &[Param<'_>]) {
    use std::fmt::Write as _;
    for (index, value) in row.iter().enumerate() {
        if index > 0 {
            line.push('\t');
        }
        // Writing to a `String` cannot fail.
        let _ = match value {
            Param::Null => line.write_str("\\N"),
            Param::Int(value) => write!(line, "{value}"),
            Param::Real(value) => write!(line, "{value:?}"),
            Param::Text(text) => {
                write_copy_text(line, text);
                Ok(())
            }
            Param::Bytes(bytes) => {
                line.push_str("\\\\x");
                bytes.iter().try_for_each(|byte| write!(line, "{byte:02x}"))
            }
        };
    }
    line.push('\n');
}

fn write_copy_text(line: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            other => line.push(other),
        }
    }
}

fn sqlite_each(
    connection: &rusqlite::Connection,
    sql: &str,
    params: &[Param<'_>],
    mut take: impl FnMut(&mut Row) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    while let Some(row) = rows.next()? {
        take(&mut sqlite_cells(row, columns)?)?;
    }
    Ok(())
}

fn postgres_each(
    inner: &RefCell<PostgresTx<'_>>,
    sql: &str,
    params: &[Param<'_>],
    mut take: impl FnMut(&mut Row) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut inner = borrow(inner)?;
    let statement = inner.prepared(sql)?;
    let mut rows = inner.transaction.query_raw(&statement, params)?;
    while let Some(row) = rows.next()? {
        take(&mut postgres_cells(&row)?)?;
    }
    Ok(())
}

fn sqlite_run(
    connection: &rusqlite::Connection,
    sql: &str,
    params: &[Param<'_>],
) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.execute(rusqlite::params_from_iter(params))? as u64)
}

fn postgres_run(
    inner: &RefCell<PostgresTx<'_>>,
    sql: &str,
    params: &[Param<'_>],
) -> Result<u64, StoreError> {
    let mut inner = borrow(inner)?;
    let statement = inner.prepared(sql)?;
    drain(inner.transaction.query_raw(&statement, params)?)
}

fn drain(mut rows: postgres::RowIter<'_>) -> Result<u64, StoreError> {
    while rows.next()?.is_some() {}
    Ok(rows.rows_affected().unwrap_or_default())
}

fn borrow<'b, 'c>(
    inner: &'b RefCell<PostgresTx<'c>>,
) -> Result<std::cell::RefMut<'b, PostgresTx<'c>>, StoreError> {
    inner.try_borrow_mut().map_err(|_| StoreError::corrupt("a query was made inside another"))
}

/// Values in one PostgreSQL message. The protocol's limit is 65,535; beyond a few thousand there is
/// nothing left to gain and the server's planning time grows.
const PARAMS_AT_ONCE: usize = 6_000;

/// Prepared statements kept per PostgreSQL connection; bounds memory on both ends.
const STATEMENTS_MAX: usize = 200;
