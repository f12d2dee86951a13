//! The schema and its upgrades: numbered, checksummed, forward only.
//!
//! Each step is carried out in one transaction, under the lock that every write takes, so two
//! programs that start at once do not both upgrade. What differs between the databases is a
//! handful of types and the triggers.

use std::collections::BTreeMap;

use evidence::sha256_hex;

use crate::StoreError;
use crate::engine::tx::{Tx, WriteTx};

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
    Step {
        number: 5,
        common: include_str!("../../migrations/0005_disclosure_keys.sql"),
        sqlite: include_str!("../../migrations/0005_disclosure_keys.sqlite.sql"),
        postgres: include_str!("../../migrations/0005_disclosure_keys.postgres.sql"),
    },
    Step {
        number: IMPORTS,
        common: include_str!("../../migrations/0006_imports.sql"),
        sqlite: "",
        postgres: "",
    },
    Step {
        number: 7,
        common: include_str!("../../migrations/0007_people.sql"),
        sqlite: "",
        postgres: "",
    },
    Step {
        number: 8,
        common: include_str!("../../migrations/0008_proof.sql"),
        sqlite: include_str!("../../migrations/0008_proof.sqlite.sql"),
        postgres: include_str!("../../migrations/0008_proof.postgres.sql"),
    },
    Step {
        number: 9,
        common: include_str!("../../migrations/0009_history.sql"),
        sqlite: include_str!("../../migrations/0009_history.sqlite.sql"),
        postgres: include_str!("../../migrations/0009_history.postgres.sql"),
    },
];

/// The step since which identifiers are kept in another form.
const IMPORTS: i64 = 6;

/// What a database holds of our schema.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Schema {
    /// Nothing of ours.
    Absent,
    /// Steps are missing.
    Older {
        /// Newest step that was carried out.
        found: i64,
    },
    /// Everything.
    Current,
}

/// What is there, without touching it.
///
/// # Errors
///
/// Fails where the database was written by a newer program, and where a step that was carried out
/// once is not the one we have.
pub(crate) fn schema(tx: &Tx<'_>) -> Result<Schema, StoreError> {
    if tx.number(if tx.is_postgres() { LEDGER_POSTGRES } else { LEDGER_SQLITE }, &[])? == 0 {
        return Ok(Schema::Absent);
    }
    let done = carried_out(tx)?;
    let Some(found) = done.keys().max().copied() else { return Ok(Schema::Absent) };
    let whole = STEPS.iter().all(|step| done.contains_key(&step.number));
    Ok(if whole { Schema::Current } else { Schema::Older { found } })
}

/// Brings the schema up to date.
///
/// # Errors
///
/// As [`schema`].
pub(crate) fn migrate(tx: &WriteTx<'_>) -> Result<(), StoreError> {
    tx.script(&for_database(LEDGER, tx.is_postgres()))?;
    let done = carried_out(tx)?;
    for step in STEPS.iter().filter(|step| !done.contains_key(&step.number)) {
        step.carry_out(tx)?;
    }
    if !done.contains_key(&IMPORTS) {
        tx.note_identifiers_anew()?;
    }
    Ok(())
}

/// Makes the schema that `like` has in a database that has nothing of ours.
pub(crate) fn build_like(like: &Tx<'_>, tx: &WriteTx<'_>) -> Result<(), StoreError> {
    let wanted = carried_out(like)?;
    tx.script(&for_database(LEDGER, tx.is_postgres()))?;
    STEPS
        .iter()
        .filter(|step| wanted.contains_key(&step.number))
        .try_for_each(|step| step.carry_out(tx))
}

/// Number of the newest step.
pub(crate) fn newest() -> i64 {
    STEPS.iter().map(|step| step.number).max().unwrap_or_default()
}

/// The steps that were carried out, each with its checksum, once they are known to be ours.
fn carried_out(tx: &Tx<'_>) -> Result<BTreeMap<i64, String>, StoreError> {
    let sql = "SELECT step, checksum FROM schema_step";
    let done = tx.rows(sql, &[], |row| Ok((row.int()?, row.text()?)))?;
    let done: BTreeMap<i64, String> = done.into_iter().collect();
    let known = newest();
    if let Some(found) = done.keys().copied().max().filter(|found| *found > known) {
        return Err(StoreError::Newer { found, known });
    }
    let altered = STEPS
        .iter()
        .find(|step| done.get(&step.number).is_some_and(|checksum| *checksum != step.checksum()));
    altered.map_or(Ok(done), |step| Err(StoreError::Altered { step: step.number }))
}

impl Step {
    fn checksum(&self) -> String {
        sha256_hex([self.common, self.sqlite, self.postgres].join("\0").as_bytes())
    }

    fn carry_out(&self, tx: &WriteTx<'_>) -> Result<(), StoreError> {
        let postgres = tx.is_postgres();
        tx.script(&for_database(self.common, postgres))?;
        tx.script(if postgres { self.postgres } else { self.sqlite })?;
        let params = [self.number.into(), self.checksum().into()];
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
            ("{uuid}", "CAST(gen_random_uuid() AS TEXT)"),
        ]
    } else {
        [
            ("{key}", "INTEGER PRIMARY KEY"),
            ("{text}", "TEXT"),
            ("{bytes}", "BLOB"),
            ("{real}", "REAL"),
            ("{clustered}", "WITHOUT ROWID"),
            ("{uuid}", RANDOM_UUID),
        ]
    };
    words.iter().fold(sql.to_owned(), |sql, (word, kind)| sql.replace(word, kind))
}

/// A UUID of random bits (version 4), as SQLite makes one.
const RANDOM_UUID: &str = "LOWER(HEX(RANDOMBLOB(4)) || '-' || HEX(RANDOMBLOB(2)) || '-4' || \
     SUBSTR(HEX(RANDOMBLOB(2)), 2) || '-8' || SUBSTR(HEX(RANDOMBLOB(2)), 2) || '-' || \
     HEX(RANDOMBLOB(6)))";

/// Which steps were carried out.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_step (
    step BIGINT NOT NULL PRIMARY KEY,
    checksum {text} NOT NULL
)";

const LEDGER_SQLITE: &str = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_step'";

const LEDGER_POSTGRES: &str = "SELECT COUNT(to_regclass('schema_step'))";
