//! SQLite: one connection that writes, and a few that read beside it.
//!
//! Source: sqlite.org on WAL, `busy_timeout` and `foreign_keys`.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::StoreError;
use crate::engine::tx::{Tx, WriteTx};

/// A SQLite file in WAL mode.
pub(crate) struct Sqlite {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Readers>,
    returned: Condvar,
}

#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    made: usize,
}

impl Sqlite {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        make_private(path)?;
        let writer = connect(path)?;
        writer.pragma_update(None, "journal_mode", "wal")?;
        writer.pragma_update(None, "journal_size_limit", JOURNAL_BYTES_KEPT)?;
        let (readers, returned) = (Mutex::default(), Condvar::new());
        Ok(Self { path: path.to_owned(), writer: Mutex::new(writer), readers, returned })
    }

    pub(crate) fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        // A panic in `work` rolled the transaction back as it left; the connection is sound.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let tx = WriteTx::new(Tx::sqlite(&transaction));
        let value = work(&tx)?;
        drop(tx);
        transaction.commit().map_err(StoreError::from)?;
        Ok(value)
    }

    pub(crate) fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut reader = self.reader()?;
        let connection = reader.connection.as_mut().ok_or_else(|| {
            StoreError::corrupt("a reader without a connection") // only a bug in this file
        })?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(StoreError::from)?;
        work(&Tx::sqlite(&transaction))
    }

    fn reader(&self) -> Result<Reader<'_>, StoreError> {
        let mut readers = self.lock_readers();
        loop {
            if let Some(connection) = readers.idle.pop() {
                return Ok(Reader { home: self, connection: Some(connection) });
            }
            if readers.made < READERS_MAX {
                readers.made += 1;
                break;
            }
            readers = self.returned.wait(readers).unwrap_or_else(PoisonError::into_inner);
        }
        drop(readers);
        // From here on the place taken above is given back on drop, connected or not.
        let mut reader = Reader { home: self, connection: None };
        let connection = connect(&self.path)?;
        connection.pragma_update(None, "query_only", true)?;
        reader.connection = Some(connection);
        Ok(reader)
    }

    fn lock_readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reading connection that goes back where it came from.
struct Reader<'s> {
    home: &'s Sqlite,
    connection: Option<Connection>,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut readers = self.home.lock_readers();
        match self.connection.take() {
            Some(connection) => readers.idle.push(connection),
            None => readers.made = readers.made.saturating_sub(1),
        }
        drop(readers);
        self.home.returned.notify_one();
    }
}

/// Makes the file, readable by its owner alone: it holds the hospital's network. SQLite gives its
/// side files the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::File { path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        let file = options.mode(0o600).open(path).map_err(failed)?;
        let private = std::fs::Permissions::from_mode(0o600);
        file.set_permissions(private).map_err(failed)
    }
    #[cfg(not(unix))]
    options.open(path).map(drop).map_err(failed)
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let opened = |source: rusqlite::Error| StoreError::Open {
        place: path.display().to_string(),
        source: Box::new(source),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(opened)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(opened)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(opened)?;
    // Commits survive a crash of the program; a power cut may lose the last ones but not more.
    // The evidence chain must not lose a row that somebody was told of, hence `full`.
    connection.pragma_update(None, "synchronous", "full").map_err(opened)?;
    // A text that came from outside must not reach functions with side effects.
    connection.pragma_update(None, "trusted_schema", false).map_err(opened)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(opened)?;
    connection.pragma_update(None, "temp_store", "memory").map_err(opened)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

/// Connections that read at the same time; more only wait for the same disk and cores.
const READERS_MAX: usize = 8;

/// How long to wait for another program (a backup, a second command) to let go of the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Pages kept in memory per connection, in KiB; holds the indexes of some 100,000 devices.
const CACHE_KIB: i64 = 32 * 1024;

/// Size to which the journal is cut back after a large ingest, in bytes; SQLite would keep it as
/// large as it ever was.
const JOURNAL_BYTES_KEPT: i64 = 64 << 20;

/// Prepared statements kept per connection.
const STATEMENTS_MAX: usize = 128;
