//! Lists of disclosures, and one of them with the devices it touches.

use model::Verdict;

use crate::StoreError;
use crate::engine::conditions::Conditions;
use crate::engine::sql::Row;
use crate::engine::tx::Tx;
use crate::records::{
    DisclosureDetail, DisclosureFilter, DisclosureRow, Page, Rows, VerdictCounts, VerdictFilter,
};

impl Tx<'_> {
    /// Disclosures that match `filter`: those that touch devices first, then the newest.
    pub fn disclosure_rows(
        &self,
        filter: &DisclosureFilter,
        page: Page,
    ) -> Result<Rows<DisclosureRow>, StoreError> {
        let mut wanted = Conditions::default();
        wanted.and_text("search", filter.text.as_deref().unwrap_or_default());
        match filter.verdict {
            Some(Verdict::Affected) => wanted.and("affected > 0"),
            Some(Verdict::Unknown) => wanted.and("unknown > 0"),
            Some(Verdict::NotAffected) => wanted.and("not_affected > 0"),
            None => {}
        }
        if let Some(exploited) = filter.exploited {
            wanted.and_value("exploited = {}", exploited);
        }
        let sql = format!("SELECT COUNT(*) FROM disclosure{}", wanted.sql());
        let total = self.count(&sql, &wanted.params)?;
        let conditions = wanted.sql();
        let limit = wanted.value(page.limit.min(Page::LIMIT_MAX));
        let offset = wanted.value(page.offset);
        let sql = format!(
            "SELECT {COLUMNS} FROM disclosure{conditions} ORDER BY {TOUCHING_FIRST} \
             LIMIT {limit} OFFSET {offset}"
        );
        Ok(Rows { rows: self.rows(&sql, &wanted.params, read)?, total })
    }

    /// One disclosure, by key or tracking id, with a page of the verdicts it gave.
    pub fn disclosure_detail(
        &self,
        key: &str,
        page: Page,
    ) -> Result<Option<DisclosureDetail>, StoreError> {
        let Some(number) = self.disclosure_number(key)? else { return Ok(None) };
        let sql = format!("SELECT {COLUMNS} FROM disclosure WHERE number = ?1");
        let Some(row) = self.first(&sql, &[number.into()], read)? else { return Ok(None) };
        let sql = "SELECT v.content_hash, p.document, p.warnings FROM disclosure d \
             JOIN disclosure_version v ON v.number = d.current_version \
             JOIN parsed_document p ON p.version = v.number WHERE d.number = ?1";
        let current =
            self.first(sql, &[number.into()], |row| Ok((row.text()?, row.json()?, row.json()?)))?;
        let missing = || StoreError::corrupt("a disclosure has no current version");
        let (content_hash, document, warnings) = current.ok_or_else(missing)?;
        let of_it = VerdictFilter { disclosure: Some(row.key.clone()), ..VerdictFilter::default() };
        let devices = self.verdict_rows(&of_it, page)?;
        Ok(Some(DisclosureDetail { row, content_hash, document, warnings, devices }))
    }
}

fn read(row: &mut Row) -> Result<DisclosureRow, StoreError> {
    Ok(DisclosureRow {
        key: row.text()?,
        id: row.text()?,
        publisher: row.text()?,
        title: row.text()?,
        version: row.text()?,
        released: row.maybe_time()?,
        updated: row.maybe_time()?,
        received: row.time()?,
        vulnerabilities: row.json()?,
        score: row.maybe_real()?,
        exploited: row.truth()?,
        devices: VerdictCounts {
            affected: row.count()?,
            unknown: row.count()?,
            not_affected: row.count()?,
        },
    })
}

const COLUMNS: &str = "name, tracking_id, publisher, title, version, released, updated, received, \
     vulnerabilities, score, exploited, affected, unknown, not_affected";

/// Affected before undecided before the rest; a document without a date is the oldest.
const TOUCHING_FIRST: &str = "CASE WHEN affected > 0 THEN 0 WHEN unknown > 0 THEN 1 ELSE 2 END, \
     COALESCE(updated, released, 0) DESC, name";
