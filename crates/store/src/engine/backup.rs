//! Whole copies of a store: backups, and what is set aside before a schema is brought up to date.
//!
//! Output: a SQLite file of one piece, whichever database the store is: so that one program, this
//!         one, checks and restores both, a backup of one can be restored into the other, and
//!         nothing has to be installed beside it. Its owner alone can read it. It is compact:
//!         pages that are free in the store are not in it, so nothing removed is either.
//! Limits: of the tables of the schema only; indexes and what a database keeps for itself are made
//!         anew. Keys are in no store, so in no copy of one.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::engine::catalogue::{Table, tables};
use crate::engine::migrate::{self, Schema};
use crate::engine::sql::{Cell, Param};
use crate::engine::sqlite::beside;
use crate::engine::tx::{Tx, WriteTx};
use crate::engine::url::Kind;
use crate::{Store, StoreError, StoreUrl};

impl Store {
    /// Copies everything that is held now into a new file, while others read and write.
    ///
    /// # Errors
    ///
    /// Fails where the file is there already.
    pub fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        drop(new_private(to)?);
        let copied = match self.file() {
            Some(from) => copy_file(from, to),
            None => self.read(|from| copy_tables(from, to)),
        };
        let copied = copied.and_then(|()| in_one_piece(to));
        if copied.is_err() {
            // Half a copy would be taken for one.
            let _ = std::fs::remove_file(to);
        }
        copied
    }

    /// Opens a copy to read it, whatever its schema.
    ///
    /// # Errors
    ///
    /// Fails where there is none, and where a newer program made it.
    pub fn open_copy(path: &Path) -> Result<(Self, Age), StoreError> {
        let url = StoreUrl::sqlite(path);
        let store = Self::reading(&url)?;
        match store.read(migrate::schema)? {
            Schema::Absent => Err(StoreError::Absent { place: url.to_string() }),
            Schema::Older { found } => Ok((store, Age::Older { schema: found })),
            Schema::Current => Ok((store, Age::Current)),
        }
    }

    /// Puts a copy in the place of a store. What stood there is set aside and named. A PostgreSQL
    /// database must have nothing of ours in it.
    ///
    /// # Errors
    ///
    /// Fails where another program has the store open, and where the copy cannot be read.
    pub fn restore(from: &Path, url: &StoreUrl) -> Result<Option<PathBuf>, StoreError> {
        Self::open_copy(from)?;
        match &url.0 {
            Kind::Sqlite(path) => restore_file(from, path),
            Kind::Postgres(_) => restore_tables(from, url).map(|()| None),
        }
    }
}

impl Tx<'_> {
    /// What the database itself finds wrong: pages, indexes, rows that point to nothing.
    pub fn integrity(&self) -> Result<Vec<String>, StoreError> {
        if self.is_postgres() {
            // Its checks run on each page it reads, and its foreign keys cannot be switched off.
            let rows = tables(self)?;
            let count = |table: &Table| {
                self.number(&format!("SELECT COUNT(*) FROM {}", table.name), &[]).err()
            };
            return Ok(rows.iter().filter_map(count).map(|error| error.to_string()).collect());
        }
        let mut wrong = self.rows("PRAGMA integrity_check(20)", &[], super::sql::Row::text)?;
        wrong.retain(|text| text != "ok");
        let sql = "SELECT \"table\", parent, COUNT(*) FROM pragma_foreign_key_check \
             GROUP BY \"table\", parent";
        let orphans = self.rows(sql, &[], |row| {
            let (table, parent, count) = (row.text()?, row.text()?, row.count()?);
            Ok(format!("{count} rows of {table} point to rows of {parent} that are not there"))
        })?;
        wrong.extend(orphans);
        Ok(wrong)
    }
}

/// Whether the program that made a copy is of today.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Age {
    /// It has the schema of today.
    Current,
    /// It has an older one, and is brought up to date when it is first written to.
    Older {
        /// Its newest step.
        schema: i64,
    },
}

/// Sets a copy of a store aside, before its schema is brought up to date, and makes sure of it.
pub(crate) fn set_aside(store: &Store, place: &Path, schema: i64) -> Result<PathBuf, StoreError> {
    let path = free_name(place, &format!(".schema-{schema}"));
    store.copy_to(&path)?;
    let (copy, _) = Store::open_copy(&path)?;
    let wrong = copy.read(|tx| {
        let check = tx.verify_evidence(None)?;
        let mut wrong = tx.integrity()?;
        wrong.extend(check.first_bad.map(|bad| format!("row {}: {}", bad.row, bad.reason)));
        Ok::<_, StoreError>(wrong)
    })?;
    match wrong.first() {
        None => Ok(path),
        Some(first) => Err(StoreError::Copy { path, reason: first.clone() }),
    }
}

fn copy_file(from: &Path, to: &Path) -> Result<(), StoreError> {
    let connection = Connection::open(from)?;
    connection.busy_timeout(super::sqlite::BUSY_TIMEOUT)?;
    let text = to.to_str().ok_or_else(|| StoreError::Copy {
        path: to.to_owned(),
        reason: "its name is no text".to_owned(),
    })?;
    connection.execute("VACUUM INTO ?1", [text])?;
    Ok(())
}

/// A copy that needs no side files, so that it can be moved, and read where nobody can write.
fn in_one_piece(path: &Path) -> Result<(), StoreError> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "delete")?;
    drop(connection);
    let failed = |source| StoreError::File { path: path.to_owned(), source };
    File::open(path).and_then(|file| file.sync_all()).map_err(failed)
}

fn copy_tables(from: &Tx<'_>, to: &Path) -> Result<(), StoreError> {
    let mut connection = Connection::open(to)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    let transaction = connection.transaction()?;
    let writing = WriteTx::new(Tx::sqlite(&transaction));
    load(from, &writing)?;
    drop(writing);
    transaction.commit()?;
    Ok(())
}

/// Makes the schema of `from` in an empty database, and copies its rows.
fn load(from: &Tx<'_>, to: &WriteTx<'_>) -> Result<(), StoreError> {
    migrate::build_like(from, to)?;
    let held = tables(from)?;
    for table in in_order(from, held)?.iter().filter(|table| table.name != "schema_step") {
        // A step may have put rows in.
        to.run(&format!("DELETE FROM {}", table.name), &[])?;
        copy_rows(from, to, table)?;
    }
    to.bring_sequences_up()
}

fn copy_rows(from: &Tx<'_>, to: &WriteTx<'_>, table: &Table) -> Result<(), StoreError> {
    let target = format!("{} ({})", table.name, table.list());
    let sql = format!("SELECT {} FROM {} ORDER BY {}", table.list(), table.name, table.key());
    let mut batch: Vec<Vec<Cell>> = Vec::new();
    let put = |batch: &mut Vec<Vec<Cell>>| {
        let rows = batch.iter().map(|row| row.iter().map(Param::from).collect());
        to.insert_many(&target, table.columns.len(), "", rows)?;
        batch.clear();
        Ok::<_, StoreError>(())
    };
    from.each(&sql, &[], |row| {
        batch.push(row.cells().collect());
        if batch.len() >= ROWS_AT_ONCE { put(&mut batch) } else { Ok(()) }
    })?;
    put(&mut batch)
}

/// Tables behind those that they refer to, wherever later steps made them.
fn in_order(tx: &Tx<'_>, held: Vec<Table>) -> Result<Vec<Table>, StoreError> {
    if tx.is_postgres() {
        return Ok(held);
    }
    let sql = "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?1)";
    let (mut done, mut ordered, mut left) = (BTreeSet::new(), Vec::new(), held);
    while !left.is_empty() {
        let before = left.len();
        let mut waiting = Vec::new();
        for table in left {
            let mut needs = tx.rows(sql, &[(&table.name).into()], super::sql::Row::text)?;
            needs.retain(|name| *name != table.name && !done.contains(name));
            if needs.is_empty() {
                done.insert(table.name.clone());
                ordered.push(table);
            } else {
                waiting.push(table);
            }
        }
        if waiting.len() == before {
            return Err(StoreError::corrupt("tables refer to each other in a circle"));
        }
        left = waiting;
    }
    Ok(ordered)
}

fn restore_tables(from: &Path, url: &StoreUrl) -> Result<(), StoreError> {
    let (copy, _) = Store::open_copy(from)?;
    let store = Store::writing(url)?;
    if store.read(migrate::schema)? != Schema::Absent {
        return Err(StoreError::Occupied { place: url.to_string() });
    }
    copy.read(|from| store.write(|to| load(from, to)))
}

fn restore_file(from: &Path, path: &Path) -> Result<Option<PathBuf>, StoreError> {
    let failed = |source| StoreError::File { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let new = free_name(path, ".restoring");
    drop(new_private(&new)?);
    std::fs::copy(from, &new).map_err(failed)?;
    in_one_piece(&new)?;
    give_to_owner_of(folder, &new).map_err(failed)?;
    let aside = if path.exists() {
        be_alone(path)?;
        let aside = free_name(path, ".before-restore");
        std::fs::rename(path, &aside).map_err(failed)?;
        Some(aside)
    } else {
        None
    };
    std::fs::rename(&new, path).map_err(failed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(aside)
}

/// Makes one piece of the store that stands there, which works only for who is alone with it.
fn be_alone(path: &Path) -> Result<(), StoreError> {
    let connection = Connection::open(path)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode = delete", [], |row| row.get(0))?;
    if mode == "wal" {
        return Err(StoreError::Locked("it is in use".into()));
    }
    Ok(())
}

/// Root that restores for a service leaves files that the service can open.
fn give_to_owner_of(folder: &Path, file: &Path) -> std::io::Result<()> {
    let (wanted, is) = (std::fs::metadata(folder)?, std::fs::metadata(file)?);
    if (wanted.uid(), wanted.gid()) == (is.uid(), is.gid()) {
        return Ok(());
    }
    match std::os::unix::fs::chown(file, Some(wanted.uid()), Some(wanted.gid())) {
        // Only root may, and whoever is not root restores for themselves.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(()),
        done => done,
    }
}

fn new_private(path: &Path) -> Result<File, StoreError> {
    let failed = |source| StoreError::File { path: path.to_owned(), source };
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)
}

/// A name beside `path` that nothing has yet.
fn free_name(path: &Path, suffix: &str) -> PathBuf {
    let first = beside(path, suffix);
    let numbered = (2..).map(|number: u32| beside(path, &format!("{suffix}.{number}")));
    std::iter::once(first.clone()).chain(numbered).find(|name| !name.exists()).unwrap_or(first)
}

/// Rows copied at a time; bounds memory.
const ROWS_AT_ONCE: usize = 2_000;
