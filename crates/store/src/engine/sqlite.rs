//! SQLite: one connection that writes, and a few that read beside it.
//!
//! A store that is opened to be read is left as it was found, side files included: a journal that
//! a killed program left stays, none is made that was not there, and a folder that cannot be
//! written is read all the same where no journal lies beside the file.
//!
//! Source: sqlite.org on WAL, `busy_timeout`, `foreign_keys`, `immutable`.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use model::Scope;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::StoreError;
use crate::engine::tx::{Tx, WriteTx};
use crate::engine::url::push_encoded;

/// A SQLite file in WAL mode.
pub(crate) struct Sqlite {
    path: PathBuf,
    /// None where the store was opened to be read; nothing in it while somebody writes.
    writer: Option<Mutex<Option<Connection>>>,
    written: Condvar,
    reading: Reading,
    readers: Mutex<Readers>,
    returned: Condvar,
}

/// How a connection that reads is opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reading {
    /// Like everybody else.
    Shared,
    /// The journal that lies there must still lie there afterwards.
    KeepingJournal,
    /// Nobody can write here, and there is no journal: the file is all there is.
    Immutable,
}

#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    made: usize,
}

impl Sqlite {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        make_private(path)?;
        let writer = connect(path, Reading::Shared)?;
        keep_journal(&writer)?;
        writer.pragma_update(None, "journal_size_limit", JOURNAL_BYTES_KEPT)?;
        Ok(Self::with(path, Some(Mutex::new(Some(writer))), Reading::Shared))
    }

    /// Opens the file to read it, and makes nothing.
    pub(crate) fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        if !path.is_file() {
            return Err(StoreError::Absent { place: path.display().to_string() });
        }
        let journal = std::fs::metadata(beside(path, "-wal")).is_ok_and(|meta| meta.len() > 0);
        let usual = if journal { Reading::KeepingJournal } else { Reading::Shared };
        let reading = match connect(path, usual).and_then(|found| touch(&found)) {
            Err(StoreError::Open { .. }) if !journal => Reading::Immutable,
            _ => usual,
        };
        Ok(Self::with(path, None, reading))
    }

    fn with(path: &Path, writer: Option<Mutex<Option<Connection>>>, reading: Reading) -> Self {
        Self {
            path: path.to_owned(),
            writer,
            written: Condvar::new(),
            reading,
            readers: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = self.writer()?;
        let connection = writer.connection.as_mut().ok_or_else(|| {
            StoreError::corrupt("a writer without a connection") // only a bug in this file
        })?;
        let transaction = connection
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
        scope: &Scope,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut reader = self.reader()?;
        let connection = reader.connection.as_mut().ok_or_else(|| {
            StoreError::corrupt("a reader without a connection") // only a bug in this file
        })?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(StoreError::from)?;
        work(&Tx::sqlite(&transaction).within(scope))
    }

    /// The one connection that writes, when it is this caller's turn.
    fn writer(&self) -> Result<Writer<'_>, StoreError> {
        let home = self.writer.as_ref().ok_or(StoreError::ReadOnly)?;
        let idle = home.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut idle, late) = self
            .written
            .wait_timeout_while(idle, WRITER_WAITS, |idle| idle.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        if late.timed_out() && idle.is_none() {
            return Err(StoreError::NoTurn { waited_seconds: WRITER_WAITS.as_secs() });
        }
        Ok(Writer { home, written: &self.written, connection: idle.take() })
    }

    /// Locks a file beside the database; the system ends the lock with its holder.
    pub(crate) fn turn(&self, patience: Duration) -> Result<std::fs::File, StoreError> {
        if self.writer.is_none() {
            return Err(StoreError::ReadOnly);
        }
        let path = beside(&self.path, "-import");
        let file = make_private(&path)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(std::fs::TryLockError::Error(source)) => {
                    return Err(StoreError::File { path, source });
                }
                Err(std::fs::TryLockError::WouldBlock) if waited < patience => {
                    std::thread::sleep(TURN_STEP);
                    waited += TURN_STEP;
                }
                Err(std::fs::TryLockError::WouldBlock) => {
                    return Err(StoreError::NoTurn { waited_seconds: waited.as_secs() });
                }
            }
        }
    }

    /// Writes the file anew without its free pages, and empties the journal. Readers on an older
    /// snapshot hold it up for a moment.
    pub(crate) fn scrub(&self) -> Result<(), StoreError> {
        let writer = self.writer()?;
        let Some(connection) = writer.connection.as_ref() else { return Ok(()) };
        // Statistics hold samples of what indexes hold.
        connection.execute_batch("PRAGMA analysis_limit = 1000; ANALYZE; VACUUM")?;
        for _ in 0..TRIES_MAX {
            let busy: i64 =
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            if busy == 0 {
                return Ok(());
            }
            thread::sleep(BETWEEN_TRIES);
        }
        Err(StoreError::Locked("somebody still reads what was before".into()))
    }

    pub(crate) fn tidy(&self) -> Result<(), StoreError> {
        let writer = self.writer()?;
        let Some(connection) = writer.connection.as_ref() else { return Ok(()) };
        connection.execute_batch("PRAGMA analysis_limit = 1000; ANALYZE;")?;
        // Readers on an older snapshot keep some of it; the next time it goes.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
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
        let connection = connect(&self.path, self.reading)?;
        connection.pragma_update(None, "query_only", true)?;
        reader.connection = Some(connection);
        Ok(reader)
    }

    fn lock_readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writing connection, which goes back where it came from. A panic in the work of a
/// transaction rolled it back as it left, so the connection is sound.
struct Writer<'s> {
    home: &'s Mutex<Option<Connection>>,
    written: &'s Condvar,
    connection: Option<Connection>,
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        let mut idle = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        *idle = self.connection.take();
        drop(idle);
        self.written.notify_one();
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
fn make_private(path: &Path) -> Result<std::fs::File, StoreError> {
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
        file.set_permissions(private).map_err(failed)?;
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path).map_err(failed)
}

fn connect(path: &Path, reading: Reading) -> Result<Connection, StoreError> {
    let opened = |source: rusqlite::Error| StoreError::Open {
        place: path.display().to_string(),
        source: Box::new(source),
    };
    let connection = if reading == Reading::Immutable {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        Connection::open_with_flags(immutable(path), flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
    } else {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(path, flags)
    };
    let connection = connection.map_err(opened)?;
    if reading == Reading::KeepingJournal {
        let switch = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        connection.set_db_config(switch, true).map_err(opened)?;
    }
    connection.busy_timeout(BUSY_TIMEOUT).map_err(opened)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(opened)?;
    // Commits survive a crash of the program; a power cut may lose the last ones but not more.
    // The evidence chain must not lose a row that somebody was told of, hence `full`.
    connection.pragma_update(None, "synchronous", "full").map_err(opened)?;
    // A text that came from outside must not reach functions with side effects.
    connection.pragma_update(None, "trusted_schema", false).map_err(opened)?;
    // What is removed leaves no bytes behind in pages that are kept for later.
    connection.pragma_update(None, "secure_delete", true).map_err(opened)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(opened)?;
    connection.pragma_update(None, "temp_store", "memory").map_err(opened)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

/// Switches the file to WAL. Where several programs do so to a new file at once, SQLite refuses some
/// of them outright, without waiting as it does elsewhere.
fn keep_journal(writer: &Connection) -> Result<(), StoreError> {
    for _ in 0..TRIES_MAX {
        match writer.pragma_update(None, "journal_mode", "wal") {
            Err(error) if is_busy(&error) => thread::sleep(BETWEEN_TRIES),
            done => return Ok(done?),
        }
    }
    Ok(writer.pragma_update(None, "journal_mode", "wal")?)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Reads something, since opening alone reads nothing.
fn touch(connection: &Connection) -> Result<(), StoreError> {
    let version = connection.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0));
    version.map(drop).map_err(|source| match source.sqlite_error_code() {
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
            StoreError::Open { place: String::new(), source: Box::new(source) }
        }
        _ => source.into(),
    })
}

/// The name of a file that is read as if it never changed.
fn immutable(path: &Path) -> String {
    let mut name = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                name.push(char::from(*byte));
            }
            other => push_encoded(&mut name, *other),
        }
    }
    name + "?immutable=1"
}

/// A side file of the database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Connections that read at the same time; more only wait for the same disk and cores.
const READERS_MAX: usize = 8;

/// How long to wait for another program (a backup, a second command) to let go of the file.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a writer waits for those before it in this program.
const WRITER_WAITS: Duration = Duration::from_secs(30);

/// How often an import looks whether it is its turn.
const TURN_STEP: Duration = Duration::from_millis(20);

/// How often and after what wait the switch to WAL is tried; as long as [`BUSY_TIMEOUT`] in all.
const TRIES_MAX: u32 = 500;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// Pages kept in memory per connection, in KiB; holds the indexes of some 100,000 devices.
const CACHE_KIB: i64 = 32 * 1024;

/// Size to which the journal is cut back after a large ingest, in bytes; SQLite would keep it as
/// large as it ever was.
const JOURNAL_BYTES_KEPT: i64 = 64 << 20;

/// Prepared statements kept per connection.
const STATEMENTS_MAX: usize = 128;
