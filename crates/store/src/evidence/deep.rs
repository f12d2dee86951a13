//! Reading everything that evidence can be held against: documents, ingests, decisions, counters.

use std::collections::BTreeSet;

use evidence::{Entry, sha256_hex, words};
use model::Verdict;

use crate::StoreError;
use crate::engine::sql::Row;
use crate::engine::tx::Tx;
use crate::evidence::read_entry;
use crate::records::{DecisionRow, IngestRow, Unlike};
use crate::verdicts::configurations::rank;
use crate::verdicts::decisions::read_decision;

impl Tx<'_> {
    /// Hands every row of the log to `take`, oldest first; a row that cannot be read as its error.
    pub fn each_evidence(
        &self,
        mut take: impl FnMut(Result<Entry, StoreError>),
    ) -> Result<(), StoreError> {
        let mut after = i64::MIN;
        loop {
            let mut read = 0;
            self.each(ENTRIES_AFTER, &[after.into(), ROWS_AT_ONCE.into()], |row| {
                read += 1;
                after = row.int()?;
                take(read_entry(after, row));
                Ok(())
            })?;
            if read < ROWS_AT_ONCE {
                return Ok(());
            }
        }
    }

    /// Documents held, and those whose bytes are not what their hash was taken of. A document
    /// whose content was removed has no bytes.
    pub fn documents_unlike_hash(&self) -> Result<(u64, Vec<Unlike>), StoreError> {
        let (mut held, mut unlike) = (0, Vec::new());
        self.each("SELECT content_hash, raw FROM document ORDER BY content_hash", &[], |row| {
            held += 1;
            let (hash, raw) = (row.text()?, row.bytes()?);
            let found = sha256_hex(&raw);
            if found != hash {
                let found = if raw.is_empty() { String::new() } else { found };
                push(&mut unlike, Unlike { what: hash.clone(), held: found, expected: hash });
            }
            Ok(())
        })?;
        Ok((held, unlike))
    }

    /// Texts kept for the evidence, and those that are not what their digest was taken of. A text
    /// that was removed has no salt.
    pub fn texts_unlike_digest(&self) -> Result<(BTreeSet<String>, Vec<Unlike>), StoreError> {
        let (mut held, mut unlike) = (BTreeSet::new(), Vec::new());
        let sql = "SELECT digest, salt, content FROM evidence_text ORDER BY digest";
        self.each(sql, &[], |row| {
            let (digest, salt, content) = (row.text()?, row.text()?, row.text()?);
            let found = words::text_digest(&salt, &content);
            if found != digest {
                let found = if salt.is_empty() { String::new() } else { found };
                let (what, expected) = (digest.clone(), digest.clone());
                push(&mut unlike, Unlike { what, held: found, expected });
            }
            held.insert(digest);
            Ok(())
        })?;
        Ok((held, unlike))
    }

    /// Hands what was taken in to `take`, oldest first, without its skips.
    pub fn each_ingest(&self, mut take: impl FnMut(IngestRow)) -> Result<(), StoreError> {
        let sql = "SELECT number, name, kind, content_hash, at, person, records_read, accepted, \
             unchanged, skipped FROM ingest ORDER BY number";
        self.each(sql, &[], |row| {
            take(crate::ingests::read(row)?.1);
            Ok(())
        })
    }

    /// Hands every decision to `take`, oldest first.
    pub fn each_decision(&self, mut take: impl FnMut(DecisionRow)) -> Result<(), StoreError> {
        let sql = "SELECT d.tracking_id, d.namespace, h.vulnerability, h.rank_before, \
             h.rank_after, h.at, h.because FROM decision h \
             JOIN disclosure d ON d.number = h.disclosure ORDER BY h.number";
        self.each(sql, &[], |row| {
            take(read_decision(row)?);
            Ok(())
        })
    }

    /// Verdicts that are not what the last decision about them says, and verdicts whose columns
    /// say another thing than their body.
    pub fn verdicts_unlike_history(&self) -> Result<(u64, Vec<Unlike>), StoreError> {
        let mut unlike = self.rows(UNLIKE_HISTORY, &[], |row| {
            let what = format!("{} {} of configuration {}", row.text()?, row.text()?, row.text()?);
            let (held, expected) = (name_of(row.maybe_int()?), name_of(row.maybe_int()?));
            Ok(Unlike { what, held, expected })
        })?;
        let mut held = 0;
        let sql = "SELECT d.name, v.vulnerability, v.rank, v.body FROM verdict v \
             JOIN disclosure d ON d.number = v.disclosure ORDER BY v.number";
        self.each(sql, &[], |row| {
            held += 1;
            let (what, shown) = (format!("{} {}", row.text()?, row.text()?), row.int()?);
            let body: serde_json::Value = row.json()?;
            let verdict = body.get("verdict").and_then(serde_json::Value::as_str);
            let said = name_of(Some(shown));
            if verdict != Some(said.as_str()) {
                let expected = verdict.unwrap_or("nothing").to_owned();
                push(&mut unlike, Unlike { what, held: said, expected });
            }
            Ok(())
        })?;
        Ok((held, unlike))
    }

    /// Counters of devices that are not those of their configuration, and counters of
    /// configurations that are not those of their verdicts.
    pub fn counters_unlike_verdicts(&self) -> Result<Vec<Unlike>, StoreError> {
        let read = |row: &mut Row| {
            let (what, held, expected) = (row.text()?, row.count()?, row.count()?);
            Ok(Unlike { what, held: held.to_string(), expected: expected.to_string() })
        };
        let mut unlike = self.rows(UNLIKE_CONFIGURATION, &[], read)?;
        unlike.extend(self.rows(UNLIKE_VERDICTS, &[], read)?);
        Ok(unlike)
    }
}

fn push(all: &mut Vec<Unlike>, one: Unlike) {
    if all.len() < UNLIKE_MAX {
        all.push(one);
    }
}

fn name_of(stored: Option<i64>) -> String {
    let all = [Verdict::Affected, Verdict::Unknown, Verdict::NotAffected];
    let found = all.into_iter().find(|verdict| Some(rank(*verdict)) == stored);
    found.map_or("nothing", Verdict::name).to_owned()
}

pub(super) const ENTRIES_AFTER: &str = "SELECT number, at, actor, action, subject, details, \
     previous_hash, hash FROM evidence WHERE number > ?1 ORDER BY number LIMIT ?2";

/// Rows checked at a time; bounds memory whatever the driver keeps.
const ROWS_AT_ONCE: i64 = 1_000;

/// What one device's record changed is its own; the others hang on the configuration.
const UNLIKE_HISTORY: &str = "SELECT d.name, h.vulnerability, c.name, v.worst, h.rank_after \
     FROM (SELECT MAX(number) AS number FROM decision WHERE device = '' \
         GROUP BY configuration, disclosure, vulnerability) newest \
     JOIN decision h ON h.number = newest.number \
     JOIN configuration c ON c.number = h.configuration \
     JOIN disclosure d ON d.number = h.disclosure \
     LEFT JOIN (SELECT configuration, disclosure, vulnerability, MIN(rank) AS worst FROM verdict \
         GROUP BY configuration, disclosure, vulnerability) v \
     ON v.configuration = h.configuration AND v.disclosure = h.disclosure \
         AND v.vulnerability = h.vulnerability \
     WHERE COALESCE(v.worst, -1) <> COALESCE(h.rank_after, -1) ORDER BY h.number LIMIT 100";

const UNLIKE_CONFIGURATION: &str = "SELECT d.id, d.affected, c.affected FROM device d \
     JOIN configuration c ON c.number = d.configuration \
     WHERE d.affected <> c.affected OR d.unknown <> c.unknown \
         OR d.not_affected <> c.not_affected ORDER BY d.id LIMIT 100";

const UNLIKE_VERDICTS: &str = "SELECT c.name, c.affected, COUNT(DISTINCT CASE WHEN v.rank = 0 \
         THEN v.vulnerability END) FROM configuration c \
     LEFT JOIN verdict v ON v.configuration = c.number GROUP BY c.number, c.name, c.affected, \
         c.unknown, c.not_affected \
     HAVING c.affected <> COUNT(DISTINCT CASE WHEN v.rank = 0 THEN v.vulnerability END) \
         OR c.unknown <> COUNT(DISTINCT CASE WHEN v.rank = 1 THEN v.vulnerability END) \
         OR c.not_affected <> COUNT(DISTINCT CASE WHEN v.rank = 2 THEN v.vulnerability END) \
     ORDER BY c.name LIMIT 100";

/// Differences told of one kind; nobody reads past the first few.
const UNLIKE_MAX: usize = 100;
