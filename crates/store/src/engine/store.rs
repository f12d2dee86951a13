//! Opening a store, and running transactions on it.
//!
//! Calls block on purpose: a caller that is asynchronous runs them on a thread made for that. The
//! PostgreSQL driver has its own event loop inside and refuses to run on one of the caller's.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::Scope;

use crate::engine::backup;
use crate::engine::migrate::{self, Schema};
use crate::engine::postgres::Postgres;
use crate::engine::sqlite::Sqlite;
use crate::engine::tx::{Tx, WriteTx};
use crate::engine::url::{FILE_NAME, Kind};
use crate::{StoreError, StoreUrl};

/// A database with our schema in it. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Store {
    backend: Arc<Backend>,
    set_aside: Option<PathBuf>,
}

enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Opens the database, makes it where it does not exist (SQLite), and brings its schema up to
    /// date.
    pub fn open(url: &StoreUrl) -> Result<Self, StoreError> {
        Self::open_beside(url, None)
    }

    /// As [`Store::open`]. Before an older schema is brought up to date, everything is copied: a
    /// SQLite file beside itself, a PostgreSQL database into `folder`, where one is given.
    pub fn open_beside(url: &StoreUrl, folder: Option<&Path>) -> Result<Self, StoreError> {
        let mut store = Self::writing(url)?;
        let schema = store.read(migrate::schema)?;
        if let Schema::Older { found } = schema {
            let beside = folder.map(|folder| folder.join(FILE_NAME));
            if let Some(place) = store.file().map(Path::to_owned).or(beside) {
                store.set_aside = Some(backup::set_aside(&store, &place, found)?);
            }
        }
        if schema != Schema::Current {
            store.write(|tx| {
                migrate::migrate(tx)?;
                tx.bring_sequences_up()
            })?;
        }
        Ok(store)
    }

    /// The copy that was made before the schema was brought up to date, where it was.
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// Leaves no byte of what was removed from `tables` where it lay.
    pub fn scrub(&self, tables: &[String]) -> Result<(), StoreError> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.scrub(),
            Backend::Postgres(postgres) => postgres.scrub(tables),
        }
    }

    /// Copies that were set aside beside the file, and hold what it held then.
    pub fn copies_beside(&self) -> Vec<PathBuf> {
        let Some(file) = self.file() else { return Vec::new() };
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
            return Vec::new();
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let beside = |entry: &std::fs::DirEntry| {
            let found = entry.file_name();
            let rest = found.to_str().zip(name.to_str()).and_then(|(a, b)| a.strip_prefix(b));
            rest.is_some_and(|rest| rest.starts_with(".schema-") || rest.starts_with(".before-"))
        };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter(beside).map(|entry| entry.path()).collect()
    }

    /// The file of a SQLite store.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => Some(sqlite.path()),
            Backend::Postgres(_) => None,
        }
    }

    /// Opened to write, whatever schema is there.
    pub(crate) fn writing(url: &StoreUrl) -> Result<Self, StoreError> {
        Ok(Self::of(match &url.0 {
            Kind::Sqlite(path) => Backend::Sqlite(Sqlite::open(path)?),
            Kind::Postgres(server) => {
                Backend::Postgres(Postgres::new(server, url.to_string(), true)?)
            }
        }))
    }

    /// Opens the database to read it: makes nothing, brings nothing up to date, writes nothing.
    ///
    /// # Errors
    ///
    /// Fails where nothing was ever kept there, and where the schema is not the one of today.
    pub fn open_to_read(url: &StoreUrl) -> Result<Self, StoreError> {
        let store = Self::reading(url)?;
        match store.read(migrate::schema)? {
            Schema::Current => Ok(store),
            Schema::Absent => Err(StoreError::Absent { place: url.to_string() }),
            Schema::Older { found } => Err(StoreError::Older { found, known: migrate::newest() }),
        }
    }

    /// True where an older version of the program wrote the database.
    pub fn is_older(url: &StoreUrl) -> Result<bool, StoreError> {
        match Self::open_to_read(url) {
            Ok(_) => Ok(false),
            Err(StoreError::Older { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Opened to read, whatever schema is there.
    pub(crate) fn reading(url: &StoreUrl) -> Result<Self, StoreError> {
        Ok(Self::of(match &url.0 {
            Kind::Sqlite(path) => Backend::Sqlite(Sqlite::open_to_read(path)?),
            Kind::Postgres(server) => {
                Backend::Postgres(Postgres::new(server, url.to_string(), false)?)
            }
        }))
    }

    fn of(backend: Backend) -> Self {
        Self { backend: Arc::new(backend), set_aside: None }
    }

    /// Runs `work` on one snapshot: what others commit meanwhile is not seen.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.read_within(&Scope::Everywhere, work)
    }

    /// [`Store::read`] of what `scope` reaches: to `work` the rest of the house is not there.
    pub fn read_within<T, E: From<StoreError>>(
        &self,
        scope: &Scope,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.read(scope, work),
            Backend::Postgres(postgres) => postgres.read(scope, work),
        }
    }

    /// Waits until no other import of devices is under way, in this program or another, and keeps
    /// others waiting for as long as the turn is held. Fails where it takes longer than `patience`.
    pub fn turn(&self, patience: Duration) -> Result<Turn, StoreError> {
        let holder = match &*self.backend {
            Backend::Sqlite(sqlite) => Holder::File(sqlite.turn(patience)?),
            Backend::Postgres(postgres) => Holder::Session(Box::new(postgres.turn(patience)?)),
        };
        Ok(Turn(holder))
    }

    /// Tells the database's planner how many rows there are by now, and gives back the room that a
    /// large import took in the journal.
    pub fn tidy(&self) -> Result<(), StoreError> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.tidy(),
            Backend::Postgres(_) => self.write(|tx| tx.script("ANALYZE")),
        }
    }

    /// Runs `work` in one transaction that commits where it succeeds and leaves no trace where it
    /// fails or panics, or where any statement in it failed. Only one runs at a time; others wait.
    pub fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let work = |tx: &WriteTx<'_>| {
            let value = work(tx)?;
            tx.still_sound()?;
            tx.settle()?;
            tx.keep_numbers()?;
            Ok(value)
        };
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.write(work),
            Backend::Postgres(postgres) => postgres.write(work),
        }
    }
}

/// The right to import devices. Whoever holds it ends it by dropping it, or by dying.
pub struct Turn(#[expect(dead_code, reason = "held, never looked at")] Holder);

#[expect(dead_code, reason = "held, never looked at")]
enum Holder {
    File(std::fs::File),
    Session(Box<postgres::Client>),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &*self.backend {
            Backend::Sqlite(_) => "Store(sqlite)",
            Backend::Postgres(_) => "Store(postgres)",
        })
    }
}
