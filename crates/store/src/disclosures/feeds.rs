//! KEV and EPSS: what the world knows about a vulnerability beside its disclosures.

use model::{Epss, Kev};

use crate::StoreError;
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{EpssTable, KevTable};

impl Tx<'_> {
    /// The whole catalogue of known exploited vulnerabilities.
    pub fn kev(&self) -> Result<KevTable, StoreError> {
        let sql =
            "SELECT vulnerability, date_added, due_date, ransomware, required_action FROM kev";
        let rows = self.rows(sql, &[], |row| {
            let vulnerability = row.text()?;
            let kev = Kev {
                date_added: row.text()?,
                due_date: row.text()?,
                ransomware: row.text()?,
                required_action: row.text()?,
            };
            Ok((vulnerability, kev))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// All EPSS scores held.
    pub fn epss(&self) -> Result<EpssTable, StoreError> {
        let sql = "SELECT vulnerability, score, percentile, date FROM epss";
        let rows = self.rows(sql, &[], |row| {
            let vulnerability = row.text()?;
            let (score, percentile, date) = (row.real()?, row.real()?, row.maybe_text()?);
            Ok((vulnerability, Epss { score, percentile, date }))
        })?;
        Ok(rows.into_iter().collect())
    }
}

impl WriteTx<'_> {
    /// Replaces the catalogue: what it no longer lists is no longer listed. Devices and
    /// disclosures are marked anew.
    pub fn replace_kev(&self, table: &KevTable) -> Result<(), StoreError> {
        self.run("DELETE FROM kev", &[])?;
        self.insert_many(
            "kev (vulnerability, date_added, due_date, ransomware, required_action)",
            5,
            "",
            table.iter().map(|(vulnerability, kev)| {
                vec![
                    vulnerability.into(),
                    (&kev.date_added).into(),
                    (&kev.due_date).into(),
                    (&kev.ransomware).into(),
                    (&kev.required_action).into(),
                ]
            }),
        )?;
        self.kev_changed.set(true);
        Ok(())
    }

    /// Adds scores, and replaces those of the same vulnerabilities. A partial list removes nothing.
    pub fn merge_epss(&self, table: &EpssTable) -> Result<(), StoreError> {
        self.insert_many(
            "epss (vulnerability, score, percentile, date)",
            4,
            "ON CONFLICT (vulnerability) DO UPDATE SET score = excluded.score, \
             percentile = excluded.percentile, date = excluded.date",
            table.iter().map(|(vulnerability, epss)| {
                vec![
                    vulnerability.into(),
                    epss.score.into(),
                    epss.percentile.into(),
                    epss.date.as_ref().into(),
                ]
            }),
        )
    }
}
