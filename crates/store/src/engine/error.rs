//! What can go wrong in the store, sorted by who is answerable.

use std::path::PathBuf;

use model::Answerable;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The caller: this does not name a store, or asks for what we do not have.
    #[error("{0}")]
    Url(String),
    /// The environment: the database cannot be opened or reached.
    #[error("the database {place} cannot be opened")]
    Open {
        /// Which, without a password.
        place: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The caller: nothing was ever kept there, and reading makes nothing.
    #[error(
        "there is no store at {place}; check --data and --store, or make one with `regimen ingest`"
    )]
    Absent {
        /// Where, without a password.
        place: String,
    },
    /// The caller: something of ours is there already, and would be lost.
    #[error("{place} is not empty; give an empty database")]
    Occupied {
        /// Where, without a password.
        place: String,
    },
    /// The environment: a copy of the store is not what it was copied from.
    #[error("the copy {} is not good: {reason}", path.display())]
    Copy {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Us: something was to be written to a store that was opened to be read.
    #[error("the store was opened only to be read")]
    ReadOnly,
    /// The environment: the file cannot be made or protected.
    #[error("{} cannot be made or protected", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The environment: no room is left where the database lies.
    #[error("no room is left where the database lies")]
    Full(#[source] Cause),
    /// The environment: another program holds the database for too long.
    #[error("another program has held the database for too long")]
    Locked(#[source] Cause),
    /// The environment: others write, or import, for so long that it was not this one's turn.
    #[error("others have been writing for {waited_seconds} seconds; try again later")]
    NoTurn {
        /// How long it waited.
        waited_seconds: u64,
    },
    /// The caller: the database was written by a newer version of the program.
    #[error(
        "the database has schema {found}, and this program knows {known} at most; use the \
         program that wrote it, or a newer one"
    )]
    Newer {
        /// Schema of the database.
        found: i64,
        /// Newest schema this program knows.
        known: i64,
    },
    /// The caller: the database was written by an older version of the program.
    #[error(
        "the database has schema {found}, and this program needs {known}; `regimen upgrade` \
         copies it and brings it up to date, and so does everything that writes"
    )]
    Older {
        /// Schema of the database.
        found: i64,
        /// Schema this program needs.
        known: i64,
    },
    /// Us or the environment: a schema step is not the one that was carried out once.
    #[error("step {step} of the database's schema is not the one this program has")]
    Altered {
        /// Number of the step.
        step: i64,
    },
    /// Us: what was read is not what was written.
    #[error("the database holds something unreadable: {0}")]
    Corrupt(String),
    /// The environment: anything else that the database refused.
    #[error("the database refused: {0}")]
    Database(Cause),
}

/// What a database driver said.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

impl StoreError {
    /// Who is answerable.
    pub const fn answerable(&self) -> Answerable {
        match self {
            Self::Url(_)
            | Self::Absent { .. }
            | Self::Occupied { .. }
            | Self::Newer { .. }
            | Self::Older { .. } => Answerable::Caller,
            Self::Corrupt(_) | Self::Altered { .. } | Self::ReadOnly => Answerable::Us,
            _ => Answerable::Environment,
        }
    }

    /// A stored text that should be JSON, a number or a name and is not.
    pub(crate) fn corrupt(what: impl std::fmt::Display) -> Self {
        Self::Corrupt(what.to_string())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DiskFull) => Self::Full(Box::new(error)),
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Locked(Box::new(error)),
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Self::corrupt(error),
            _ => Self::Database(Box::new(error)),
        }
    }
}

impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> Self {
        use postgres::error::SqlState as State;
        let state = error.code().cloned();
        let error = Box::new(PostgresCause(error));
        match state {
            Some(State::DISK_FULL) => Self::Full(error),
            Some(State::LOCK_NOT_AVAILABLE | State::T_R_DEADLOCK_DETECTED) => Self::Locked(error),
            Some(State::DATA_CORRUPTED | State::INDEX_CORRUPTED) => Self::corrupt(error),
            _ => Self::Database(error),
        }
    }
}

/// The driver's own text is only "db error"; the server's message is what helps.
#[derive(Debug)]
pub(crate) struct PostgresCause(pub(crate) postgres::Error);

impl std::fmt::Display for PostgresCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_db_error() {
            Some(server) => write!(f, "{}", server.message()),
            None => match std::error::Error::source(&self.0) {
                Some(source) => write!(f, "{}: {source}", self.0),
                None => write!(f, "{}", self.0),
            },
        }
    }
}

impl std::error::Error for PostgresCause {}
