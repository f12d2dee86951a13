//! Opening a store, and running transactions on it.
//!
//! Calls block on purpose: a caller that is asynchronous runs them on a thread made for that. The
//! PostgreSQL driver has its own event loop inside and refuses to run on one of the caller's.

use std::sync::Arc;

use crate::engine::migrate;
use crate::engine::postgres::Postgres;
use crate::engine::sqlite::Sqlite;
use crate::engine::tx::{Tx, WriteTx};
use crate::engine::url::Kind;
use crate::{StoreError, StoreUrl};

/// A database with our schema in it. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Store {
    backend: Arc<Backend>,
}

enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Opens the database, makes it where it does not exist (SQLite), and brings its schema up to
    /// date.
    pub fn open(url: &StoreUrl) -> Result<Self, StoreError> {
        let backend = match &url.0 {
            Kind::Sqlite(path) => Backend::Sqlite(Sqlite::open(path)?),
            Kind::Postgres(config) => Backend::Postgres(Postgres::new(config, url.to_string())),
        };
        let store = Self { backend: Arc::new(backend) };
        if !store.read(|tx| Ok::<_, StoreError>(migrate::is_current(tx)))? {
            store.write(migrate::migrate)?;
        }
        Ok(store)
    }

    /// Runs `work` on one snapshot: what others commit meanwhile is not seen.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.read(work),
            Backend::Postgres(postgres) => postgres.read(work),
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
            Ok(value)
        };
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.write(work),
            Backend::Postgres(postgres) => postgres.write(work),
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &*self.backend {
            Backend::Sqlite(_) => "Store(sqlite)",
            Backend::Postgres(_) => "Store(postgres)",
        })
    }
}
