//! Keeping disclosures: every version, byte for byte, and which of them counts.

use std::cmp::Ordering;

use model::{DisclosureKey, Edition, Timestamp};

use crate::StoreError;
use crate::engine::sql::{Param, Row, to_json};
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{
    DisclosureVersionRow, DocumentAnew, NewDisclosure, Outcome, ParsedDocument, StaleDocument,
    Standing, StoredDocument,
};

impl WriteTx<'_> {
    /// Keeps a version of a disclosure; [`Edition`] says which of several counts, and between equals
    /// the last received. `accepted` says that what it clears needs no confirmation; the first
    /// version of a disclosure clears nothing.
    pub fn put_disclosure(
        &self,
        new: &NewDisclosure,
        received: Timestamp,
        accepted: bool,
    ) -> Result<Outcome, StoreError> {
        let Some(current) = self.current(&new.key)? else {
            let number = self.next_number("disclosure")?;
            let version = self.next_number("disclosure_version")?;
            self.insert_disclosure(new, number, version, received)?;
            self.insert_version(new, number, version, received)?;
            self.put_vulnerabilities(number, &new.vulnerabilities)?;
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
        // An older version that comes late may tell what the newest one ended.
        self.move_disclosures_on()?;
        if current.edition().compare(&edition_of(new)) == Ordering::Greater {
            return Ok(Outcome::Superseded);
        }
        self.run(REPLACE, &disclosure_params(new, current.number, version, received)?)?;
        if accepted {
            self.accept(current.number, version)?;
        }
        self.put_vulnerabilities(current.number, &new.vulnerabilities)?;
        Ok(Outcome::Updated)
    }

    /// Says that what the version that counts clears is right. False where that was said before.
    pub fn accept_disclosure(&self, key: &DisclosureKey) -> Result<bool, StoreError> {
        let sql = "SELECT number, current_version FROM disclosure WHERE namespace = ?1 \
             AND tracking_id = ?2 AND accepted_version <> current_version";
        let found = self.first(sql, &key_params(key), |row| Ok((row.int()?, row.int()?)))?;
        let Some((number, version)) = found else { return Ok(false) };
        self.accept(number, version)?;
        self.move_disclosures_on()?;
        Ok(true)
    }

    fn accept(&self, disclosure: i64, version: i64) -> Result<(), StoreError> {
        let sql = "UPDATE disclosure SET accepted_version = ?2 WHERE number = ?1";
        self.run(sql, &[disclosure.into(), version.into()]).map(drop)
    }

    fn insert_disclosure(
        &self,
        new: &NewDisclosure,
        number: i64,
        version: i64,
        received: Timestamp,
    ) -> Result<(), StoreError> {
        self.run(INSERT, &disclosure_params(new, number, version, received)?)?;
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
             received, document, warnings, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            &[
                version.into(),
                disclosure.into(),
                (&new.content_hash).into(),
                (&new.version).into(),
                new.updated.into(),
                received.into(),
                "null".into(),
                "[]".into(),
                (&new.source).into(),
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
            if let Some(anew) = &one.anew {
                let body = [Param::from(to_json(&anew.document)?), one.version.into()];
                self.run("UPDATE parsed_document SET document = ?1 WHERE version = ?2", &body)?;
                self.refresh(one.version, anew)?;
            }
        }
        self.move_disclosures_on()
    }

    /// Brings what lists show of a disclosure up to what its document is read as now.
    fn refresh(&self, version: i64, anew: &DocumentAnew) -> Result<(), StoreError> {
        let of = "SELECT number FROM disclosure WHERE current_version = ?1";
        let Some(number) = self.first(of, &[version.into()], Row::int)? else { return Ok(()) };
        let sql = "UPDATE disclosure SET vulnerabilities = ?2, score = ?3, status = ?4 \
             WHERE number = ?1";
        let vulnerabilities = to_json(&anew.vulnerabilities)?;
        let columns =
            [number.into(), vulnerabilities.into(), anew.score.into(), (&anew.status).into()];
        self.run(sql, &columns)?;
        self.put_vulnerabilities(number, &anew.vulnerabilities)
    }

    /// Says that the documents that count are not the ones that were decided with.
    fn move_disclosures_on(&self) -> Result<(), StoreError> {
        let next = self.disclosure_generation()? + 1;
        self.put_setting(DISCLOSURE_GENERATION, &next.to_string())
    }

    fn put_vulnerabilities(&self, number: i64, all: &[String]) -> Result<(), StoreError> {
        let of = [Param::from(number)];
        self.run("DELETE FROM disclosure_vulnerability WHERE disclosure = ?1", &of)?;
        self.insert_many(
            "disclosure_vulnerability (disclosure, vulnerability)",
            2,
            "ON CONFLICT DO NOTHING",
            all.iter().map(|one| vec![number.into(), one.into()]),
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

    /// Up to `limit` documents that another engine than `engine` normalised.
    pub fn stale_documents(
        &self,
        engine: &str,
        limit: u64,
    ) -> Result<Vec<StaleDocument>, StoreError> {
        let sql = "SELECT v.number, r.raw FROM parsed_document p \
             JOIN disclosure_version v ON v.number = p.version \
             JOIN document r ON r.content_hash = v.content_hash \
             WHERE p.engine <> ?1 ORDER BY v.number LIMIT ?2";
        self.rows(sql, &[engine.into(), limit.into()], |row| {
            Ok(StaleDocument { version: row.int()?, raw: row.bytes()? })
        })
    }

    /// Every version that is held, those of one disclosure together, in the order they came.
    pub fn disclosure_standings(&self) -> Result<Vec<Standing>, StoreError> {
        let sql = "SELECT v.disclosure, v.number, d.current_version, d.accepted_version \
             FROM disclosure_version v JOIN disclosure d ON d.number = v.disclosure \
             ORDER BY d.name, v.number";
        self.rows(sql, &[], |row| {
            let (disclosure, version) = (row.int()?, row.int()?);
            let (current, accepted) = (row.int()? == version, row.int()? == version);
            Ok(Standing { disclosure, version, current, accepted })
        })
    }

    /// The normalised documents of all versions with a row number above `after`.
    pub fn disclosure_documents(&self, after: i64) -> Result<Vec<StoredDocument>, StoreError> {
        let sql = "SELECT version, document FROM parsed_document WHERE version > ?1";
        self.rows(sql, &[after.into()], |row| {
            Ok(StoredDocument { version: row.int()?, document: row.json()? })
        })
    }

    /// A version of the same disclosure with the same version number and other bytes.
    pub fn twin_of(&self, new: &NewDisclosure) -> Result<Option<DisclosureVersionRow>, StoreError> {
        let versions = self.disclosure_versions(&new.key)?;
        let is_twin = |one: &DisclosureVersionRow| {
            one.version == new.version && one.content_hash != new.content_hash
        };
        Ok(versions.into_iter().find(is_twin))
    }

    /// The document of the current version as it was received, byte for byte.
    pub fn disclosure_raw(&self, key: &DisclosureKey) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT r.raw FROM disclosure d \
             JOIN disclosure_version v ON v.number = d.current_version \
             JOIN document r ON r.content_hash = v.content_hash \
             WHERE d.namespace = ?1 AND d.tracking_id = ?2";
        self.first(sql, &key_params(key), Row::bytes)
    }

    /// Every version that was received, latest first.
    pub fn disclosure_versions(
        &self,
        key: &DisclosureKey,
    ) -> Result<Vec<DisclosureVersionRow>, StoreError> {
        let sql = "SELECT v.version, v.source, v.updated, v.received, v.content_hash, \
             CASE WHEN v.number = d.current_version THEN 1 ELSE 0 END \
             FROM disclosure_version v JOIN disclosure d ON d.number = v.disclosure \
             WHERE d.namespace = ?1 AND d.tracking_id = ?2 ORDER BY v.number DESC";
        self.rows(sql, &key_params(key), |row| {
            Ok(DisclosureVersionRow {
                version: row.text()?,
                source: row.text()?,
                updated: row.maybe_time()?,
                received: row.time()?,
                content_hash: row.text()?,
                current: row.truth()?,
            })
        })
    }

    /// The keys that `name` means: the one that it is, else all with that tracking id (letter case
    /// does not matter).
    pub fn disclosure_keys(&self, name: &str) -> Result<Vec<DisclosureKey>, StoreError> {
        let named = self.disclosures_named(name)?;
        Ok(named.into_iter().map(|(_, key)| key).collect())
    }

    /// The same as row numbers.
    pub(crate) fn disclosure_numbers(&self, name: &str) -> Result<Vec<i64>, StoreError> {
        let named = self.disclosures_named(name)?;
        Ok(named.into_iter().map(|(number, _)| number).collect())
    }

    fn disclosures_named(&self, name: &str) -> Result<Vec<(i64, DisclosureKey)>, StoreError> {
        let read = |row: &mut Row| Ok((row.int()?, DisclosureKey::new(row.text()?, row.text()?)));
        if let Ok(key) = name.parse::<DisclosureKey>() {
            let by_key = format!("{NAMES} WHERE namespace = ?1 AND tracking_id = ?2");
            let found = self.rows(&by_key, &key_params(&key), read)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let by_id = format!("{NAMES} WHERE UPPER(tracking_id) = ?1 ORDER BY namespace, number");
        self.rows(&by_id, &[name.to_ascii_uppercase().into()], read)
    }

    fn current(&self, key: &DisclosureKey) -> Result<Option<Current>, StoreError> {
        self.first(CURRENT, &key_params(key), |row| {
            Ok(Current {
                number: row.int()?,
                status: row.text()?,
                version: row.text()?,
                updated: row.maybe_time()?,
            })
        })
    }
}

pub(crate) fn key_params(key: &DisclosureKey) -> [Param<'_>; 2] {
    [(&key.namespace).into(), (&key.id).into()]
}

/// The version that counts until now.
struct Current {
    number: i64,
    status: String,
    version: String,
    updated: Option<Timestamp>,
}

impl Current {
    fn edition(&self) -> Edition<'_> {
        Edition { status: &self.status, version: &self.version, released: self.updated }
    }
}

fn edition_of(new: &NewDisclosure) -> Edition<'_> {
    Edition { status: &new.status, version: &new.version, released: new.updated }
}

fn disclosure_params(
    new: &NewDisclosure,
    number: i64,
    version: i64,
    received: Timestamp,
) -> Result<Vec<Param<'_>>, StoreError> {
    let key = new.key.to_string();
    let found_by = [
        new.key.id.as_str(),
        &key,
        &new.publisher,
        &new.title,
        &new.vulnerabilities.join(" "),
        &new.search_text,
    ];
    Ok(vec![
        number.into(),
        key.clone().into(),
        (&new.key.id).into(),
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
        (&new.key.namespace).into(),
        (&new.status).into(),
    ])
}

const DISCLOSURE_GENERATION: &str = "disclosure_generation";

const INSERT_PARSED: &str = "INSERT INTO parsed_document (version, engine, document, warnings) \
     VALUES (?1, ?2, ?3, ?4)";

const RESTAMP_PARSED: &str = "UPDATE parsed_document SET engine = ?1, warnings = ?2 \
     WHERE version = ?3";

const NAMES: &str = "SELECT number, namespace, tracking_id FROM disclosure";

const CURRENT: &str = "SELECT number, status, version, updated FROM disclosure \
     WHERE namespace = ?1 AND tracking_id = ?2";

const INSERT: &str = "INSERT INTO disclosure (number, name, tracking_id, publisher, title, \
     version, released, updated, received, vulnerabilities, score, search, current_version, \
     accepted_version, namespace, status, exploited, affected, unknown, not_affected) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, ?14, ?15, 0, 0, 0, 0)";

const REPLACE: &str = "UPDATE disclosure SET name = ?2, tracking_id = ?3, publisher = ?4, \
     title = ?5, version = ?6, released = ?7, updated = ?8, received = ?9, \
     vulnerabilities = ?10, score = ?11, search = ?12, current_version = ?13, \
     namespace = ?14, status = ?15 WHERE number = ?1";
