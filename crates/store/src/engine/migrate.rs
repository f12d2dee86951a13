//! The schema and its upgrades: numbered, checksummed, forward only.
//!
//! Each step is carried out in one transaction, under the lock that every write takes, so two
//! programs that start at once do not both upgrade. What differs between the databases is a
//! handful of types and the triggers.

use evidence::sha256_hex;

use crate::StoreError;
use crate::engine::tx::WriteTx;

/// One step of the schema.
struct Step {
    number: i64,
    common: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const STEPS: &[Step] = &[
    Step {
        number: 1,
        common: include_str!("../../migrations/0001_first.sql"),
        sqlite: include_str!("../../migrations/0001_first.sqlite.sql"),
        postgres: include_str!("../../migrations/0001_first.postgres.sql"),
    },
    Step {
        number: 2,
        common: include_str!("../../migrations/0002_staleness.sql"),
        sqlite: include_str!("../../migrations/0002_staleness.sqlite.sql"),
        postgres: include_str!("../../migrations/0002_staleness.postgres.sql"),
    },
    Step {
        number: 3,
        common: include_str!("../../migrations/0003_streams.sql"),
        sqlite: "",
        postgres: "",
    },
    Step {
        number: 4,
        common: include_str!("../../migrations/0004_events.sql"),
        sqlite: include_str!("../../migrations/0004_events.sqlite.sql"),
        postgres: include_str!("../../migrations/0004_events.postgres.sql"),
    },
];

/// Brings the schema up to date.
///
/// # Errors
///
/// Fails where the database was written by a newer program, and where a step that was carried out
/// once is not the one we have.
pub(crate) fn migrate(tx: &WriteTx<'_>) -> Result<(), StoreError> {
    tx.script(&for_database(LEDGER, tx.is_postgres()))?;
    let done = tx.rows("SELECT step, checksum FROM schema_step ORDER BY step", &[], |row| {
        Ok((row.int()?, row.text()?))
    })?;
    let known = STEPS.iter().map(|step| step.number).max().unwrap_or_default();
    if let Some((found, _)) = done.iter().find(|(found, _)| *found > known) {
        return Err(StoreError::Newer { found: *found, known });
    }
    for step in STEPS {
        let checksum = step.checksum();
        match done.iter().find(|(number, _)| *number == step.number) {
            Some((_, stored)) if *stored == checksum => {}
            Some(_) => return Err(StoreError::Altered { step: step.number }),
            None => step.carry_out(tx, &checksum)?,
        }
    }
    Ok(())
}

/// True where nothing is left to do, so that opening a store need not take the write lock.
pub(crate) fn is_current(tx: &crate::Tx<'_>) -> bool {
    let steps = tx.rows("SELECT step, checksum FROM schema_step ORDER BY step", &[], |row| {
        Ok((row.int()?, row.text()?))
    });
    let ours: Vec<_> = STEPS.iter().map(|step| (step.number, step.checksum())).collect();
    steps.is_ok_and(|steps| steps == ours)
}

impl Step {
    fn checksum(&self) -> String {
        sha256_hex([self.common, self.sqlite, self.postgres].join("\0").as_bytes())
    }

    fn carry_out(&self, tx: &WriteTx<'_>, checksum: &str) -> Result<(), StoreError> {
        let postgres = tx.is_postgres();
        tx.script(&for_database(self.common, postgres))?;
        tx.script(if postgres { self.postgres } else { self.sqlite })?;
        let params = [self.number.into(), checksum.into()];
        tx.run("INSERT INTO schema_step (step, checksum) VALUES (?1, ?2)", &params)?;
        Ok(())
    }
}

/// Puts in the types of one database. Texts compare by their bytes on both, whatever the locale.
fn for_database(sql: &str, postgres: bool) -> String {
    let words = if postgres {
        [
            ("{key}", "BIGINT PRIMARY KEY"),
            ("{text}", "TEXT COLLATE \"C\""),
            ("{bytes}", "BYTEA"),
            ("{real}", "DOUBLE PRECISION"),
            ("{clustered}", ""),
        ]
    } else {
        [
            ("{key}", "INTEGER PRIMARY KEY"),
            ("{text}", "TEXT"),
            ("{bytes}", "BLOB"),
            ("{real}", "REAL"),
            ("{clustered}", "WITHOUT ROWID"),
        ]
    };
    words.iter().fold(sql.to_owned(), |sql, (word, kind)| sql.replace(word, kind))
}

/// Which steps were carried out.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_step (
    step BIGINT NOT NULL PRIMARY KEY,
    checksum {text} NOT NULL
)";
