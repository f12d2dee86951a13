//! Lists of disclosures, and one of them with the devices it touches.

use model::{DisclosureKey, Verdict};

use crate::StoreError;
use crate::disclosures::keep::key_params;
use crate::engine::conditions::Conditions;
use crate::engine::sql::Row;
use crate::engine::tx::Tx;
use crate::records::{
    DisclosureDetail, DisclosureFilter, DisclosureRow, DisclosureVersionRow, Page, Rows,
    VerdictCounts, VerdictFilter,
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

    /// The list rows of these disclosures.
    pub fn disclosures_of(&self, keys: &[DisclosureKey]) -> Result<Vec<DisclosureRow>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM disclosure WHERE namespace = ?1 AND tracking_id = ?2");
        let rows = keys.iter().map(|key| self.first(&sql, &key_params(key), read));
        Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// One disclosure, with a page of the verdicts it gave.
    pub fn disclosure_detail(
        &self,
        key: &DisclosureKey,
        page: Page,
    ) -> Result<Option<DisclosureDetail>, StoreError> {
        let rows = self.disclosures_of(std::slice::from_ref(key))?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let sql = "SELECT v.content_hash, p.document, p.warnings FROM disclosure d \
             JOIN disclosure_version v ON v.number = d.current_version \
             JOIN parsed_document p ON p.version = v.number \
             WHERE d.namespace = ?1 AND d.tracking_id = ?2";
        let current = self.first(sql, &key_params(key), |row| {
            Ok((row.text()?, row.json()?, row.json::<Vec<String>>()?))
        })?;
        let missing = || StoreError::corrupt("a disclosure has no current version");
        let (content_hash, document, mut warnings) = current.ok_or_else(missing)?;
        let versions = self.disclosure_versions(key)?;
        warnings.extend(twins(&row.version, &content_hash, &versions));
        let of_it = VerdictFilter { disclosure: Some(key.to_string()), ..VerdictFilter::default() };
        let devices = self.verdict_rows(&of_it, page)?;
        Ok(Some(DisclosureDetail { row, content_hash, document, warnings, versions, devices }))
    }
}

/// Documents that came under the same version with other bytes.
fn twins<'v>(
    version: &'v str,
    content_hash: &'v str,
    all: &'v [DisclosureVersionRow],
) -> impl Iterator<Item = String> + 'v {
    let others =
        all.iter().filter(move |one| one.version == version && one.content_hash != content_hash);
    others.map(|one| {
        let (hash, received) = (&one.content_hash, one.received);
        format!("version {} came with other bytes on {received} (SHA-256 {hash})", one.version)
    })
}

fn read(row: &mut Row) -> Result<DisclosureRow, StoreError> {
    let key = DisclosureKey::new(row.text()?, row.text()?);
    Ok(DisclosureRow {
        id: key.id.clone(),
        disclosure_namespace: key.namespace.clone(),
        key,
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

const COLUMNS: &str = "namespace, tracking_id, publisher, title, version, released, updated, received, \
     vulnerabilities, score, exploited, affected, unknown, not_affected";

/// Affected before undecided before the rest; a document without a date is the oldest.
const TOUCHING_FIRST: &str = "CASE WHEN affected > 0 THEN 0 WHEN unknown > 0 THEN 1 ELSE 2 END, \
     COALESCE(updated, released, 0) DESC, name";
