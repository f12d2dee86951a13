//! The evidence log: rows chained by hash, written in the transaction of the act they tell of.

mod deep;
pub(crate) mod records;
mod redact;
mod state;

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Act, Chain, Check, Entry, Head, Verifier, words};
use model::Timestamp;
use serde_json::Value;

use crate::StoreError;
use crate::engine::conditions::{Conditions, LIST_MAX};
use crate::engine::sql::Row;
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{CheckpointRow, EvidenceRow, EvidenceText, Page, Rows};

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

    /// Keeps a signed checkpoint that ends with the row `evidence`.
    pub fn put_checkpoint(
        &self,
        evidence: u64,
        at: Timestamp,
        note: &str,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO checkpoint (evidence, at, note) VALUES (?1, ?2, ?3)";
        self.run(sql, &[evidence.into(), at.into(), note.into()])?;
        Ok(())
    }

    /// Keeps a text that the row `evidence` will hold only the digest of.
    pub fn put_evidence_text(&self, text: &EvidenceText, evidence: u64) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO evidence_text (digest, evidence, salt, content) VALUES (?1, ?2, ?3, ?4)",
            &[(&text.digest).into(), evidence.into(), (&text.salt).into(), (&text.content).into()],
        )?;
        Ok(())
    }
}

impl Tx<'_> {
    /// The end of the log, to be noted elsewhere.
    pub fn evidence_head(&self) -> Result<Option<Head>, StoreError> {
        let sql = "SELECT number, hash FROM evidence ORDER BY number DESC LIMIT 1";
        self.first(sql, &[], |row| Ok(Head { number: row.count()?, hash: row.text()? }))
    }

    /// Hash of one row.
    pub fn evidence_hash(&self, number: u64) -> Result<Option<String>, StoreError> {
        self.first("SELECT hash FROM evidence WHERE number = ?1", &[number.into()], Row::text)
    }

    /// The log, newest first.
    pub fn evidence_rows(&self, page: Page) -> Result<Rows<EvidenceRow>, StoreError> {
        let total = self.count("SELECT COUNT(*) FROM evidence", &[])?;
        let sql = "SELECT number, at, actor, action, subject, details, hash FROM evidence \
             ORDER BY number DESC LIMIT ?1 OFFSET ?2";
        let limit = page.limit.min(Page::LIMIT_MAX);
        let mut rows = self.rows(sql, &[limit.into(), page.offset.into()], |row| {
            Ok(EvidenceRow {
                number: row.count()?,
                at: row.time()?,
                actor: row.text()?,
                action: row.text()?,
                subject: row.text()?,
                details: row.json()?,
                hash: row.text()?,
                words: BTreeMap::new(),
            })
        })?;
        self.put_words(&mut rows)?;
        Ok(Rows { rows, total })
    }

    /// Checks the whole log, a page at a time; with a head that was noted once, also that the log
    /// still contains it.
    pub fn verify_evidence(&self, known: Option<&Head>) -> Result<Check, StoreError> {
        let mut verifier = known.cloned().map_or_else(Verifier::new, Verifier::against);
        self.each_evidence(|entry| match entry {
            Ok(entry) => verifier.push(&entry),
            Err(error) => verifier.push_unreadable(&error.to_string()),
        })?;
        Ok(verifier.finish())
    }

    fn put_words(&self, rows: &mut [EvidenceRow]) -> Result<(), StoreError> {
        let of = |row: &EvidenceRow| -> Vec<String> {
            words::digests(&row.subject, &row.details).into_iter().map(str::to_owned).collect()
        };
        let texts = self.evidence_texts(&rows.iter().flat_map(of).collect())?;
        for row in rows {
            let word = |digest: String| {
                let kept = texts.get(&digest).filter(|text| !text.salt.is_empty());
                (words::token(&digest), kept.map(|text| text.content.clone()))
            };
            row.words = of(row).into_iter().map(word).collect();
        }
        Ok(())
    }

    /// Signed checkpoints, oldest first.
    pub fn checkpoints(&self) -> Result<Vec<CheckpointRow>, StoreError> {
        let sql = "SELECT evidence, at, note FROM checkpoint ORDER BY evidence";
        self.rows(sql, &[], |row| {
            Ok(CheckpointRow { evidence: row.count()?, at: row.time()?, note: row.text()? })
        })
    }

    /// The texts of these digests that are kept.
    pub fn evidence_texts(
        &self,
        digests: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, EvidenceText>, StoreError> {
        let all: Vec<&String> = digests.iter().collect();
        let mut texts = BTreeMap::new();
        for batch in all.chunks(LIST_MAX) {
            let mut these = Conditions::default();
            these.and_one_of("digest", batch.iter().map(|digest| (*digest).into()));
            let sql = format!("SELECT digest, salt, content FROM evidence_text{}", these.sql());
            let found = self.rows(&sql, &these.params, |row| {
                Ok(EvidenceText { digest: row.text()?, salt: row.text()?, content: row.text()? })
            })?;
            texts.extend(found.into_iter().map(|text| (text.digest.clone(), text)));
        }
        Ok(texts)
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
