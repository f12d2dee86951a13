//! Verdicts as they were at a time.
//!
//! The history keeps what a verdict was, not its whole reasoning. A verdict that did not change
//! since is given whole; of one that changed the answer is given, and that it is from the history.

use model::{Severity, Step, Timestamp, Verdict, VerdictRow};

use crate::StoreError;
use crate::devices::history::{devices_at, verdicts_at};
use crate::engine::conditions::Conditions;
use crate::engine::sql::{Row, from_json};
use crate::engine::tx::Tx;
use crate::records::{DeviceVerdict, Page, Rows, VerdictFilter};
use crate::verdicts::configurations::rank;

impl Tx<'_> {
    /// Verdicts that matched `filter` at a time, worst first, of devices that were in use.
    pub(crate) fn verdict_rows_at(
        &self,
        at: Timestamp,
        filter: &VerdictFilter,
        page: Page,
    ) -> Result<Rows<DeviceVerdict>, StoreError> {
        let mut wanted = Conditions::default();
        let time = wanted.value(at);
        wanted.and("d.retired = 0");
        if let Some(verdict) = filter.verdict {
            wanted.and_value("w.rank = {}", rank(verdict));
        }
        if let Some(device) = filter.device {
            wanted.and_value("d.id = {}", self.live_id(device)?.to_string());
        }
        if let Some(disclosure) = &filter.disclosure {
            wanted.and_one_of_numbers("w.disclosure", &self.disclosure_numbers(disclosure)?);
        }
        if let Some(vulnerability) = &filter.vulnerability {
            wanted.and_value("w.vulnerability = {}", vulnerability);
        }
        let tables = format!(
            "{} w JOIN {} d ON d.configuration = w.configuration \
             JOIN disclosure p ON p.number = w.disclosure{}",
            verdicts_at(&time),
            devices_at(&time),
            wanted.sql()
        );
        let total = self.count(&format!("SELECT COUNT(*) FROM {tables}"), &wanted.params)?;
        let limit = wanted.value(page.limit.min(Page::LIMIT_MAX));
        let offset = wanted.value(page.offset);
        let sql = format!(
            "SELECT d.id, d.asset_id, d.name, d.class, d.maker, d.model, d.location, \
             p.tracking_id, p.namespace, w.vulnerability, w.rank, (SELECT MIN(v.body) FROM verdict v \
             WHERE v.configuration = w.configuration AND v.disclosure = w.disclosure \
             AND v.vulnerability = w.vulnerability AND v.rank = w.rank) FROM {tables} \
             ORDER BY w.rank, p.tracking_id, p.namespace, w.vulnerability, d.name_key, d.number \
             LIMIT {limit} OFFSET {offset}"
        );
        Ok(Rows { rows: self.rows(&sql, &wanted.params, read)?, total })
    }
}

fn read(row: &mut Row) -> Result<DeviceVerdict, StoreError> {
    let id: model::DeviceId = row.parsed()?;
    let asset_id = row.maybe_text()?;
    let (name, class, maker) = (row.text()?, row.maybe_text()?, row.maybe_text()?);
    let (model, location) = (row.maybe_text()?, row.maybe_text()?);
    let (disclosure, namespace) = (row.text()?, row.text()?);
    let (vulnerability, rank) = (row.text()?, row.int()?);
    let mut verdict = match row.maybe_text()? {
        Some(body) => from_json::<VerdictRow>(&body)?,
        None => from_history(disclosure, vulnerability, rank)?,
    };
    verdict.disclosure_namespace = namespace;
    verdict.asset = asset_id.unwrap_or_else(|| id.to_string());
    Ok(DeviceVerdict { device: id, name, class, maker, model, location, row: verdict })
}

fn from_history(
    disclosure: String,
    vulnerability: String,
    rank: i64,
) -> Result<VerdictRow, StoreError> {
    Ok(VerdictRow {
        asset: String::new(),
        disclosure,
        disclosure_namespace: String::new(),
        disclosure_version: String::new(),
        vulnerability,
        product: String::new(),
        verdict: verdict_of(rank)?,
        steps: vec![Step {
            step: "history".to_owned(),
            detail: "it changed since; the reasons of then are not kept".to_owned(),
            source: "history of verdicts".to_owned(),
        }],
        question: None,
        remediation: Vec::new(),
        severity: Severity::default(),
        kev: None,
        epss: None,
        decided_at: None,
        ended: None,
    })
}

fn verdict_of(wanted: i64) -> Result<Verdict, StoreError> {
    [Verdict::Affected, Verdict::Unknown, Verdict::NotAffected]
        .into_iter()
        .find(|verdict| rank(*verdict) == wanted)
        .ok_or_else(|| StoreError::corrupt("a decision has an unknown rank"))
}
