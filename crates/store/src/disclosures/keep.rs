//! Keeping disclosures: every version, byte for byte, and which of them counts.

use std::cmp::Ordering;

use model::Timestamp;

use crate::StoreError;
use crate::engine::sql::{Param, Row, to_json};
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{
    DisclosureVersionRow, NewDisclosure, Outcome, ParsedDocument, StaleDocument, StoredDocument,
};

impl WriteTx<'_> {
    /// Keeps a disclosure. Of several versions the highest document version counts, then the
    /// latest release, then the last received.
    pub fn put_disclosure(
        &self,
        new: &NewDisclosure,
        received: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let current = self.first(CURRENT, &[(&new.key).into()], |row| {
            Ok(Current { number: row.int()?, version: row.text()?, updated: row.maybe_time()? })
        })?;
        let Some(current) = current else {
            let number = self.next_number("disclosure")?;
            let version = self.next_number("disclosure_version")?;
            self.insert_disclosure(new, number, version, received)?;
            self.insert_version(new, number, version, received)?;
            self.put_vulnerabilities(number, new)?;
            self.move_disclosures_on()?;
            return Ok(Outcome::Added);
        };
        let known = "SELECT COUNT(*) FROM disclosure_version \
             WHERE disclosure = ?1 AND content_hash = ?2";
        if self.number(known, &[current.number.into(), (&new.content_hash).into()])? > 0 {
            return Ok(Outcome::Unchanged);
        }
        let version = self.next_number("disclosure_version")?;
        self.insert_version(new, current.number, version, received)?;
        if current.is_newer_than(new) {
            return Ok(Outcome::Superseded);
        }
        self.run(REPLACE, &disclosure_params(new, current.number, version, received)?)?;
        self.put_vulnerabilities(current.number, new)?;
        self.move_disclosures_on()?;
        Ok(Outcome::Updated)
    }

    fn insert_disclosure(
        &self,
        new: &NewDisclosure,
        number: i64,
        version: i64,
        received: Timestamp,
    ) -> Result<(), StoreError> {
        self.run(INSERT, &disclosure_params(new, number, version, received)?)?;
        // Verdicts may have been written before their document.
        self.touched_disclosures.borrow_mut().insert(new.id.clone());
        Ok(())
    }

    fn insert_version(
        &self,
        new: &NewDisclosure,
        disclosure: i64,
        version: i64,
        received: Timestamp,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO document (content_hash, raw) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            &[(&new.content_hash).into(), new.raw.as_slice().into()],
        )?;
        self.run(
            "INSERT INTO disclosure_version (number, disclosure, content_hash, version, updated, \
             received, document, warnings) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            &[
                version.into(),
                disclosure.into(),
                (&new.content_hash).into(),
                (&new.version).into(),
                new.updated.into(),
                received.into(),
                "null".into(),
                "[]".into(),
            ],
        )?;
        let (document, warnings) = (to_json(&new.document)?, to_json(&new.warnings)?);
        let parsed = [version.into(), (&new.engine).into(), document.into(), warnings.into()];
        self.run(INSERT_PARSED, &parsed)?;
        Ok(())
    }

    /// Keeps what a newer engine made of documents; verdicts decided before are stale.
    pub fn put_parsed(&self, engine: &str, all: &[ParsedDocument]) -> Result<(), StoreError> {
        for one in all {
            let of = [Param::from(engine), to_json(&one.warnings)?.into(), one.version.into()];
            self.run(RESTAMP_PARSED, &of)?;
            if let Some(document) = &one.document {
                let body = [Param::from(to_json(document)?), one.version.into()];
                self.run("UPDATE parsed_document SET document = ?1 WHERE version = ?2", &body)?;
            }
        }
        self.move_disclosures_on()
    }

    /// Says that the documents that count are not the ones that were decided with.
    fn move_disclosures_on(&self) -> Result<(), StoreError> {
        let next = self.disclosure_generation()? + 1;
        self.put_setting(DISCLOSURE_GENERATION, &next.to_string())
    }

    fn put_vulnerabilities(&self, number: i64, new: &NewDisclosure) -> Result<(), StoreError> {
        let of = [Param::from(number)];
        self.run("DELETE FROM disclosure_vulnerability WHERE disclosure = ?1", &of)?;
        self.insert_many(
            "disclosure_vulnerability (disclosure, vulnerability)",
            2,
            "ON CONFLICT DO NOTHING",
            new.vulnerabilities.iter().map(|one| vec![number.into(), one.into()]),
        )?;
        self.run(
            "UPDATE disclosure SET exploited = CASE WHEN EXISTS (SELECT 1 \
             FROM disclosure_vulnerability v JOIN kev k ON k.vulnerability = v.vulnerability \
             WHERE v.disclosure = ?1) THEN 1 ELSE 0 END WHERE number = ?1",
            &of,
        )?;
        Ok(())
    }
}

impl Tx<'_> {
    /// How often the documents that count have changed.
    pub fn disclosure_generation(&self) -> Result<u64, StoreError> {
        let held = self.setting(DISCLOSURE_GENERATION)?;
        held.map_or(Ok(0), |text| text.parse().map_err(StoreError::corrupt))
    }

    /// Up to `limit` current documents that another engine than `engine` normalised.
    pub fn stale_documents(
        &self,
        engine: &str,
        limit: u64,
    ) -> Result<Vec<StaleDocument>, StoreError> {
        let sql = "SELECT v.number, r.raw FROM disclosure d \
             JOIN disclosure_version v ON v.number = d.current_version \
             JOIN parsed_document p ON p.version = v.number \
             JOIN document r ON r.content_hash = v.content_hash \
             WHERE p.engine <> ?1 ORDER BY v.number LIMIT ?2";
        self.rows(sql, &[engine.into(), limit.into()], |row| {
            Ok(StaleDocument { version: row.int()?, raw: row.bytes()? })
        })
    }

    /// The normalised documents of all current versions, by key, to match against.
    pub fn disclosure_documents(&self) -> Result<Vec<StoredDocument>, StoreError> {
        let sql = "SELECT d.name, v.version, p.document FROM disclosure d \
             JOIN disclosure_version v ON v.number = d.current_version \
             JOIN parsed_document p ON p.version = v.number ORDER BY d.name";
        self.rows(sql, &[], |row| {
            Ok(StoredDocument { key: row.text()?, version: row.text()?, document: row.json()? })
        })
    }

    /// The document of the current version as it was received, byte for byte; by key or tracking
    /// id.
    pub fn disclosure_raw(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(number) = self.disclosure_number(key)? else { return Ok(None) };
        let sql = "SELECT r.raw FROM disclosure d \
             JOIN disclosure_version v ON v.number = d.current_version \
             JOIN document r ON r.content_hash = v.content_hash WHERE d.number = ?1";
        self.first(sql, &[number.into()], Row::bytes)
    }

    /// Every version that was received, latest first; by key or tracking id.
    pub fn disclosure_versions(&self, key: &str) -> Result<Vec<DisclosureVersionRow>, StoreError> {
        let Some(number) = self.disclosure_number(key)? else { return Ok(Vec::new()) };
        let sql = "SELECT v.version, v.updated, v.received, v.content_hash, \
             CASE WHEN v.number = d.current_version THEN 1 ELSE 0 END \
             FROM disclosure_version v JOIN disclosure d ON d.number = v.disclosure \
             WHERE d.number = ?1 ORDER BY v.number DESC";
        self.rows(sql, &[number.into()], |row| {
            Ok(DisclosureVersionRow {
                version: row.text()?,
                updated: row.maybe_time()?,
                received: row.time()?,
                content_hash: row.text()?,
                current: row.truth()?,
            })
        })
    }

    /// Row number by key, else by tracking id (letter case does not matter; the first publisher
    /// where two use the same).
    pub(crate) fn disclosure_number(&self, key: &str) -> Result<Option<i64>, StoreError> {
        let by_key = "SELECT number FROM disclosure WHERE name = ?1";
        if let Some(number) = self.first(by_key, &[key.into()], Row::int)? {
            return Ok(Some(number));
        }
        let by_id = "SELECT number FROM disclosure WHERE UPPER(tracking_id) = ?1 \
             ORDER BY number LIMIT 1";
        self.first(by_id, &[key.to_ascii_uppercase().into()], Row::int)
    }

    /// The tracking id of a key; what is no key is taken for a tracking id.
    pub(crate) fn tracking_id(&self, key: &str) -> Result<String, StoreError> {
        let Some(number) = self.disclosure_number(key)? else { return Ok(key.to_owned()) };
        let sql = "SELECT tracking_id FROM disclosure WHERE number = ?1";
        Ok(self.first(sql, &[number.into()], Row::text)?.unwrap_or_else(|| key.to_owned()))
    }
}

/// The version that counts until now.
struct Current {
    number: i64,
    version: String,
    updated: Option<Timestamp>,
}

impl Current {
    fn is_newer_than(&self, new: &NewDisclosure) -> bool {
        let order = compare_versions(&self.version, &new.version);
        order.then_with(|| self.updated.cmp(&new.updated)) == Ordering::Greater
    }
}

/// Compares document versions: integers or `MAJOR.MINOR.PATCH`, a pre-release before its release.
///
/// Source: CSAF 2.0, 3.1.11 (version type); semver.org 2.0.0, 11 (precedence).
fn compare_versions(left: &str, right: &str) -> Ordering {
    let key = |version: &str| {
        let version = version.split('+').next().unwrap_or_default().to_owned();
        let (core, early) = match version.split_once('-') {
            Some((core, early)) => (core.to_owned(), Some(early.to_owned())),
            None => (version, None),
        };
        let mut numbers: Vec<u64> =
            core.split('.').map(|part| part.trim().parse().unwrap_or_default()).collect();
        numbers.resize(VERSION_PARTS.max(numbers.len()), 0);
        (numbers, early.is_none(), early)
    };
    key(left).cmp(&key(right))
}

fn disclosure_params(
    new: &NewDisclosure,
    number: i64,
    version: i64,
    received: Timestamp,
) -> Result<Vec<Param<'_>>, StoreError> {
    let found_by = [
        new.id.as_str(),
        &new.key,
        &new.publisher,
        &new.title,
        &new.vulnerabilities.join(" "),
        &new.search_text,
    ];
    Ok(vec![
        number.into(),
        (&new.key).into(),
        (&new.id).into(),
        (&new.publisher).into(),
        (&new.title).into(),
        (&new.version).into(),
        new.released.into(),
        new.updated.into(),
        received.into(),
        to_json(&new.vulnerabilities)?.into(),
        new.score.into(),
        found_by.join("\n").to_lowercase().into(),
        version.into(),
    ])
}

/// Parts of a semantic version; `2` and `2.0.0` are the same.
const VERSION_PARTS: usize = 3;

const DISCLOSURE_GENERATION: &str = "disclosure_generation";

const INSERT_PARSED: &str = "INSERT INTO parsed_document (version, engine, document, warnings) \
     VALUES (?1, ?2, ?3, ?4)";

const RESTAMP_PARSED: &str = "UPDATE parsed_document SET engine = ?1, warnings = ?2 \
     WHERE version = ?3";

const CURRENT: &str = "SELECT number, version, updated FROM disclosure WHERE name = ?1";

const INSERT: &str = "INSERT INTO disclosure (number, name, tracking_id, publisher, title, \
     version, released, updated, received, vulnerabilities, score, search, current_version, \
     exploited, affected, unknown, not_affected) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0, 0, 0, 0)";

const REPLACE: &str = "UPDATE disclosure SET name = ?2, tracking_id = ?3, publisher = ?4, \
     title = ?5, version = ?6, released = ?7, updated = ?8, received = ?9, \
     vulnerabilities = ?10, score = ?11, search = ?12, current_version = ?13 WHERE number = ?1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn compares_document_versions() {
        use Ordering::{Equal, Greater, Less};
        for (left, right, want) in [
            ("1",          "2",          Less),
            ("10",         "9",          Greater),
            ("1.0.0",      "1.0.0",      Equal),
            ("2",          "2.0.0",      Equal),
            ("1.10.0",     "1.9.9",      Greater),
            ("1.0.0-rc.1", "1.0.0",      Less),
            ("1.0.0+b7",   "1.0.0",      Equal),
            ("",           "1",          Less),
        ] {
            assert_eq!(compare_versions(left, right), want, "{left} {right}");
        }
    }
}
