//! The evidence log: rows chained by hash, written in the transaction of the act they tell of.

pub(crate) mod records;

use evidence::{Act, Chain, Check, Entry, Head, Verifier};
use model::Timestamp;
use serde_json::Value;

use crate::StoreError;
use crate::engine::sql::Row;
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{EvidenceRow, Page, Rows};

impl WriteTx<'_> {
    /// Writes the next row. It stands or falls with the rest of the transaction. Only one
    /// transaction writes at a time, so no two rows follow the same one.
    pub fn append_evidence(
        &self,
        at: Timestamp,
        actor: &str,
        action: &str,
        subject: &str,
        details: &Value,
    ) -> Result<Entry, StoreError> {
        let head = self.evidence_head()?;
        let entry = Chain::next(head.as_ref(), &Act { at, actor, action, subject, details });
        self.run(
            "INSERT INTO evidence (number, at, actor, action, subject, details, previous_hash, \
             hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            &[
                entry.number.into(),
                entry.at.into(),
                (&entry.actor).into(),
                (&entry.action).into(),
                (&entry.subject).into(),
                (&entry.details).into(),
                (&entry.previous_hash).into(),
                (&entry.hash).into(),
            ],
        )?;
        Ok(entry)
    }
}

impl Tx<'_> {
    /// The end of the log, to be noted elsewhere.
    pub fn evidence_head(&self) -> Result<Option<Head>, StoreError> {
        let sql = "SELECT number, hash FROM evidence ORDER BY number DESC LIMIT 1";
        self.first(sql, &[], |row| Ok(Head { number: row.count()?, hash: row.text()? }))
    }

    /// The log, newest first.
    pub fn evidence_rows(&self, page: Page) -> Result<Rows<EvidenceRow>, StoreError> {
        let total = self.count("SELECT COUNT(*) FROM evidence", &[])?;
        let sql = "SELECT number, at, actor, action, subject, details, hash FROM evidence \
             ORDER BY number DESC LIMIT ?1 OFFSET ?2";
        let limit = page.limit.min(Page::LIMIT_MAX);
        let rows = self.rows(sql, &[limit.into(), page.offset.into()], |row| {
            Ok(EvidenceRow {
                number: row.count()?,
                at: row.time()?,
                actor: row.text()?,
                action: row.text()?,
                subject: row.text()?,
                details: row.json()?,
                hash: row.text()?,
            })
        })?;
        Ok(Rows { rows, total })
    }

    /// Checks the whole log, a page at a time; with a head that was noted once, also that the log
    /// still contains it.
    pub fn verify_evidence(&self, known: Option<&Head>) -> Result<Check, StoreError> {
        let mut verifier = known.cloned().map_or_else(Verifier::new, Verifier::against);
        let mut after = i64::MIN;
        loop {
            let mut read = 0;
            self.each(ENTRIES_AFTER, &[after.into(), ROWS_AT_ONCE.into()], |row| {
                read += 1;
                after = row.int()?;
                match read_entry(after, row) {
                    Ok(entry) => verifier.push(&entry),
                    Err(error) => verifier.push_unreadable(&error.to_string()),
                }
                Ok(())
            })?;
            if read < ROWS_AT_ONCE {
                return Ok(verifier.finish());
            }
        }
    }
}

fn read_entry(number: i64, row: &mut Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        number: u64::try_from(number).map_err(StoreError::corrupt)?,
        at: row.time()?,
        actor: row.text()?,
        action: row.text()?,
        subject: row.text()?,
        details: row.text()?,
        previous_hash: row.text()?,
        hash: row.text()?,
    })
}

const ENTRIES_AFTER: &str = "SELECT number, at, actor, action, subject, details, previous_hash, \
     hash FROM evidence WHERE number > ?1 ORDER BY number LIMIT ?2";

/// Rows checked at a time; bounds memory whatever the driver keeps.
const ROWS_AT_ONCE: i64 = 1_000;
