//! Publishers that a person trusts to clear devices.

use model::DisclosureKey;

use crate::StoreError;
use crate::engine::sql::Row;
use crate::engine::tx::{Tx, WriteTx};
use crate::records::TrustRow;

impl Tx<'_> {
    /// Whom the hospital trusts, by namespace.
    pub fn trusted(&self) -> Result<Vec<TrustRow>, StoreError> {
        let sql = "SELECT namespace, source, any_source, at, person FROM trust \
             ORDER BY namespace, any_source, source";
        self.rows(sql, &[], |row| {
            let (namespace, source, any) = (row.text()?, row.text()?, row.truth()?);
            let source = (!any).then_some(source);
            Ok(TrustRow { namespace, source, at: row.time()?, by: row.text()? })
        })
    }
}

impl WriteTx<'_> {
    /// Trusts a publisher, and accepts what waits of it: the number of disclosures.
    pub fn put_trust(&self, row: &TrustRow) -> Result<u64, StoreError> {
        let source = row.source.clone().unwrap_or_default();
        let any = row.source.is_none();
        self.run(
            "INSERT INTO trust (namespace, source, any_source, at, person) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            &[
                (&row.namespace).into(),
                (&source).into(),
                any.into(),
                row.at.into(),
                (&row.by).into(),
            ],
        )?;
        let waiting = "SELECT d.tracking_id FROM disclosure d \
             JOIN disclosure_version v ON v.number = d.current_version \
             WHERE d.namespace = ?1 AND d.accepted_version <> d.current_version \
             AND (?2 = 1 OR v.source = ?3) ORDER BY d.number";
        let of = [(&row.namespace).into(), any.into(), (&source).into()];
        let waiting = self.rows(waiting, &of, Row::text)?;
        for id in &waiting {
            self.accept_disclosure(&DisclosureKey::new(row.namespace.clone(), id.clone()))?;
        }
        Ok(waiting.len() as u64)
    }

    /// Trusts a publisher no more. What was accepted before stays so. False where it was not trusted.
    pub fn remove_trust(&self, namespace: &str, source: Option<&str>) -> Result<bool, StoreError> {
        let sql = "DELETE FROM trust WHERE namespace = ?1 AND source = ?2 AND any_source = ?3";
        let of = [namespace.into(), source.unwrap_or_default().into(), source.is_none().into()];
        Ok(self.run(sql, &of)? > 0)
    }
}

impl TrustRow {
    /// Whether a document of `namespace` that `source` brought is trusted by this.
    pub fn covers(&self, namespace: &str, source: &str) -> bool {
        let from = self.source.as_ref().is_none_or(|wanted| wanted == source);
        from && self.namespace == namespace
    }
}
