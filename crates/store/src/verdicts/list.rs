//! Verdicts as devices have them, and the questions that would decide the unknown ones.

use model::{Device, Epss, Kev, Question, VerdictRow};

use crate::StoreError;
use crate::engine::conditions::Conditions;
use crate::engine::sql::{Param, Row, from_json};
use crate::engine::tx::Tx;
use crate::records::{DeviceVerdict, OpenQuestion, Page, Rows, VerdictFilter};
use crate::verdicts::configurations::rank;

impl Tx<'_> {
    /// Verdicts that match `filter`: affected, unknown, not affected; most severe first; devices
    /// by name.
    pub fn verdict_rows(
        &self,
        filter: &VerdictFilter,
        page: Page,
    ) -> Result<Rows<DeviceVerdict>, StoreError> {
        if let Some(at) = filter.as_of {
            return self.verdict_rows_at(at, filter, page);
        }
        if let Some(id) = filter.device {
            return self.verdict_rows_of(&self.live_id(id)?.to_string(), filter, page);
        }
        let mut wanted = Conditions::default();
        self.restrict_verdicts(&mut wanted, filter)?;
        wanted.and("c.devices > 0");
        let total = self.count(
            &format!(
                "SELECT CAST(SUM(c.devices) AS BIGINT) FROM verdict v \
                 JOIN configuration c ON c.number = v.configuration{}",
                wanted.sql()
            ),
            &wanted.params,
        )?;
        let rows = self.page_of_verdicts(wanted, page)?;
        Ok(Rows { rows, total })
    }

    /// The questions that would decide most unknown verdicts, most first.
    pub fn open_questions(&self, limit: u64) -> Result<Vec<OpenQuestion>, StoreError> {
        let limit = limit.min(Page::LIMIT_MAX);
        self.rows(OPEN_QUESTIONS, &[limit.into()], |row| {
            Ok(OpenQuestion {
                text: row.text()?,
                who: row.text()?,
                attribute: row.text()?,
                devices: row.count()?,
                verdicts: row.count()?,
                example: row.parsed()?,
                example_name: row.text()?,
            })
        })
    }

    /// All verdicts of one device, worst first.
    pub(crate) fn verdicts_of(&self, device: &Device) -> Result<Vec<VerdictRow>, StoreError> {
        let sql = format!("{VERDICTS} WHERE d.id = ?1 ORDER BY {WORST_FIRST}");
        self.rows(&sql, &[device.id.to_string().into()], |row| Ok(read(row)?.row))
    }

    /// One device has few verdicts, so they are counted and sorted as they are.
    fn verdict_rows_of(
        &self,
        id: &str,
        filter: &VerdictFilter,
        page: Page,
    ) -> Result<Rows<DeviceVerdict>, StoreError> {
        let mut wanted = Conditions::default();
        wanted.and_value("d.id = {}", id);
        self.restrict_verdicts(&mut wanted, filter)?;
        let total = self.count(
            &format!(
                "SELECT COUNT(*) FROM verdict v JOIN device d \
                 ON d.configuration = v.configuration{}",
                wanted.sql()
            ),
            &wanted.params,
        )?;
        let conditions = wanted.sql();
        let limit = wanted.value(page.limit.min(Page::LIMIT_MAX));
        let offset = wanted.value(page.offset);
        let sql =
            format!("{VERDICTS}{conditions} ORDER BY {WORST_FIRST} LIMIT {limit} OFFSET {offset}");
        Ok(Rows { rows: self.rows(&sql, &wanted.params, read)?, total })
    }

    /// A page of verdicts × devices, without making the whole product: running sums of devices say
    /// which verdicts the page lies in, and only those meet their devices.
    fn page_of_verdicts(
        &self,
        mut wanted: Conditions<'_>,
        page: Page,
    ) -> Result<Vec<DeviceVerdict>, StoreError> {
        let limit = page.limit.min(Page::LIMIT_MAX);
        let end = page.offset.saturating_add(limit);
        let conditions = wanted.sql();
        let (start, end) = (wanted.value(page.offset), wanted.value(end));
        // Each of these has a device at least, so the page ends within so many of them.
        let sql = format!(
            "SELECT number, before FROM (SELECT number, devices, CAST(SUM(devices) OVER \
             (ORDER BY rank, score DESC, number) AS BIGINT) - devices AS before \
             FROM (SELECT v.number, v.rank, v.score, c.devices FROM verdict v \
                 JOIN configuration c ON c.number = v.configuration{conditions} \
                 ORDER BY v.rank, v.score DESC, v.number LIMIT {end}) w) t \
             WHERE before < {end} AND before + devices > {start} ORDER BY before"
        );
        let spanned = self.rows(&sql, &wanted.params, |row| Ok((row.int()?, row.count()?)))?;
        let Some((_, before)) = spanned.first() else { return Ok(Vec::new()) };
        let skip = page.offset.saturating_sub(*before);
        let mut these = Conditions::default();
        these.and("d.retired = 0");
        these.and_one_of("v.number", spanned.iter().map(|(number, _)| Param::from(*number)));
        let conditions = these.sql();
        let (limit, skip) = (these.value(limit), these.value(skip));
        let sql =
            format!("{VERDICTS}{conditions} ORDER BY {WORST_FIRST} LIMIT {limit} OFFSET {skip}");
        self.rows(&sql, &these.params, read)
    }

    fn restrict_verdicts<'f>(
        &self,
        wanted: &mut Conditions<'f>,
        filter: &'f VerdictFilter,
    ) -> Result<(), StoreError> {
        if let Some(verdict) = filter.verdict {
            wanted.and_value("v.rank = {}", rank(verdict));
        }
        if let Some(disclosure) = &filter.disclosure {
            wanted.and_one_of_numbers("v.disclosure", &self.disclosure_numbers(disclosure)?);
        }
        if let Some(vulnerability) = &filter.vulnerability {
            wanted.and_value("v.vulnerability = {}", vulnerability);
        }
        Ok(())
    }
}

fn read(row: &mut Row) -> Result<DeviceVerdict, StoreError> {
    let id: model::DeviceId = row.parsed()?;
    let asset_id = row.maybe_text()?;
    let (name, class, maker) = (row.text()?, row.maybe_text()?, row.maybe_text()?);
    let (model, location) = (row.maybe_text()?, row.maybe_text()?);
    let mut verdict: VerdictRow = from_json(&row.text()?)?;
    verdict.disclosure_namespace = row.text()?;
    verdict.asset = asset_id.unwrap_or_else(|| id.to_string());
    verdict.remediation = row.json()?;
    verdict.question = read_question(row)?;
    verdict.kev = read_kev(row)?;
    verdict.epss = read_epss(row)?;
    Ok(DeviceVerdict { device: id, name, class, maker, model, location, row: verdict })
}

pub(super) fn read_question(row: &mut Row) -> Result<Option<Question>, StoreError> {
    let (text, who, attribute) = (row.maybe_text()?, row.maybe_text()?, row.maybe_text()?);
    Ok(text.map(|text| Question {
        text,
        who: who.unwrap_or_default(),
        attribute: attribute.unwrap_or_default(),
    }))
}

fn read_kev(row: &mut Row) -> Result<Option<Kev>, StoreError> {
    let listed = row.maybe_text()?.is_some();
    let kev = Kev {
        date_added: row.maybe_text()?.unwrap_or_default(),
        due_date: row.maybe_text()?.unwrap_or_default(),
        ransomware: row.maybe_text()?.unwrap_or_default(),
        required_action: row.maybe_text()?.unwrap_or_default(),
    };
    Ok(listed.then_some(kev))
}

fn read_epss(row: &mut Row) -> Result<Option<Epss>, StoreError> {
    let (score, percentile, date) = (row.maybe_real()?, row.maybe_real()?, row.maybe_text()?);
    Ok(score.zip(percentile).map(|(score, percentile)| Epss { score, percentile, date }))
}

/// Verdicts that meet their devices, with everything that a reader is given beside them.
const VERDICTS: &str = "SELECT d.id, d.asset_id, d.name, d.class, d.maker, d.model, d.location, \
     v.body, p.namespace, r.body, q.text, q.who, q.attribute, k.vulnerability, k.date_added, \
     k.due_date, k.ransomware, k.required_action, e.score, e.percentile, e.date \
     FROM verdict v JOIN device d ON d.configuration = v.configuration \
     JOIN disclosure p ON p.number = v.disclosure \
     JOIN remediation r ON r.number = v.remediation \
     LEFT JOIN question q ON q.number = v.question \
     LEFT JOIN kev k ON k.vulnerability = v.vulnerability \
     LEFT JOIN epss e ON e.vulnerability = v.vulnerability";

const WORST_FIRST: &str = "v.rank, v.score DESC, v.number, d.name_key, d.number";

const OPEN_QUESTIONS: &str = "SELECT q.text, q.who, q.attribute, a.devices, a.verdicts, d.id, \
     d.name FROM (SELECT g.question, CAST(SUM(c.devices) AS BIGINT) AS devices, \
         CAST(SUM(c.devices * g.verdicts) AS BIGINT) AS verdicts, \
         MIN(g.configuration) AS example \
         FROM (SELECT question, configuration, COUNT(*) AS verdicts FROM verdict \
             WHERE question IS NOT NULL AND rank = 1 GROUP BY question, configuration) g \
         JOIN configuration c ON c.number = g.configuration WHERE c.devices > 0 \
         GROUP BY g.question ORDER BY verdicts DESC, devices DESC, g.question LIMIT ?1) a \
     JOIN question q ON q.number = a.question \
     JOIN device d ON d.number = (SELECT MIN(x.number) FROM device x \
         WHERE x.configuration = a.example AND x.retired = 0) \
     ORDER BY a.verdicts DESC, a.devices DESC, a.question";
