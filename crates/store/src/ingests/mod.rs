//! What was taken in, and what of it was not used.

pub(crate) mod records;
pub(crate) mod sources;
mod streams;

use model::{Answerable, Skip};

use crate::StoreError;
use crate::engine::sql::{Row, from_json, to_json};
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{IngestRow, Page, Rows};

impl WriteTx<'_> {
    /// Notes that something was taken in, at a site or for the house as a whole. Of the skips, the first [`SKIPS_KEPT`] are kept whole;
    /// the count is always right. Gives the number of the row.
    pub fn put_ingest(&self, ingest: &IngestRow, site: Option<&str>) -> Result<u64, StoreError> {
        let number = self.next_number("ingest")?;
        let skipped = ingest.skipped_count.max(ingest.skipped.len() as u64);
        self.run(
            "INSERT INTO ingest (number, name, kind, content_hash, at, person, records_read, \
             accepted, unchanged, skipped, site) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            &[
                number.into(),
                (&ingest.name).into(),
                (&ingest.kind).into(),
                (&ingest.content_hash).into(),
                ingest.at.into(),
                (&ingest.by).into(),
                ingest.read.into(),
                ingest.accepted.into(),
                ingest.unchanged.into(),
                skipped.into(),
                site.into(),
            ],
        )?;
        let mut skips = Vec::new();
        for (position, skip) in ingest.skipped.iter().take(SKIPS_KEPT).enumerate() {
            skips.push(vec![
                number.into(),
                (position as u64).into(),
                (&skip.path).into(),
                (&skip.place).into(),
                (&skip.reason).into(),
                to_json(&skip.answerable)?.into(),
            ]);
        }
        let columns = "ingest_skip (ingest, position, path, place, reason, answerable)";
        self.insert_many(columns, 6, "", skips)?;
        u64::try_from(number).map_err(StoreError::corrupt)
    }
}

impl Tx<'_> {
    /// True where this very content was taken in before as this kind of input.
    pub fn ingested(&self, kind: &str, content_hash: &str) -> Result<bool, StoreError> {
        let sql = "SELECT COUNT(*) FROM ingest WHERE content_hash = ?1 AND kind = ?2";
        Ok(self.number(sql, &[content_hash.into(), kind.into()])? > 0)
    }

    /// How many records an ingest read.
    pub fn records_read(&self, ingest: u64) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT records_read FROM ingest WHERE number = ?1";
        self.first(sql, &[ingest.into()], Row::count)
    }

    /// What was taken in, newest first, each with its first [`SKIPS_SHOWN`] skips.
    pub fn ingest_rows(&self, page: Page) -> Result<Rows<IngestRow>, StoreError> {
        let total = self.count("SELECT COUNT(*) FROM ingest", &[])?;
        let sql = "SELECT number, name, kind, content_hash, at, person, records_read, accepted, \
             unchanged, skipped FROM ingest ORDER BY number DESC LIMIT ?1 OFFSET ?2";
        let limit = page.limit.min(Page::LIMIT_MAX);
        let mut found = self.rows(sql, &[limit.into(), page.offset.into()], read)?;
        for (number, ingest) in found.iter_mut().filter(|(_, ingest)| ingest.skipped_count > 0) {
            ingest.skipped = self.skips_of(*number, SKIPS_SHOWN)?;
        }
        Ok(Rows { rows: found.into_iter().map(|(_, ingest)| ingest).collect(), total })
    }

    /// The first `limit` things that an ingest did not use.
    pub fn ingest_skips(&self, ingest: u64, limit: usize) -> Result<Vec<Skip>, StoreError> {
        let number = i64::try_from(ingest).map_err(StoreError::corrupt)?;
        self.skips_of(number, limit as u64)
    }

    fn skips_of(&self, ingest: i64, limit: u64) -> Result<Vec<Skip>, StoreError> {
        let sql = "SELECT path, place, reason, answerable FROM ingest_skip WHERE ingest = ?1 \
             ORDER BY position LIMIT ?2";
        self.rows(sql, &[ingest.into(), limit.into()], |row| {
            let (path, place, reason) = (row.text()?, row.text()?, row.text()?);
            let answerable: Answerable = from_json(&row.text()?)?;
            Ok(Skip { path, place, reason, answerable })
        })
    }
}

pub(crate) fn read(row: &mut Row) -> Result<(i64, IngestRow), StoreError> {
    let number = row.int()?;
    let ingest = IngestRow {
        name: row.text()?,
        kind: row.text()?,
        content_hash: row.text()?,
        at: row.time()?,
        by: row.text()?,
        read: row.count()?,
        accepted: row.count()?,
        unchanged: row.count()?,
        skipped_count: row.count()?,
        skipped: Vec::new(),
    };
    Ok((number, ingest))
}

/// Skips kept of one ingest. A hostile file can have millions; nobody reads past the first few.
pub const SKIPS_KEPT: usize = 10_000;

/// Skips given back with each ingest of a page.
pub const SKIPS_SHOWN: u64 = 100;
