//! Configurations: what devices share, and what was decided for it.
//!
//! Verdicts are kept once per configuration and fan out to devices when they are read. KEV and
//! EPSS are not kept with a verdict: a reader is given those of today.

use std::collections::{BTreeMap, BTreeSet};

use evidence::sha256_hex;
use model::{Device, DisclosureKey, Question, Verdict, VerdictRow};

use crate::StoreError;
use crate::disclosures::keep::key_params;
use crate::engine::conditions::{Conditions, LIST_MAX};
use crate::engine::sql::{Param, Row, to_json};
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{ConfigurationKey, ConfigurationRow, ConfigurationVerdicts};

impl Tx<'_> {
    /// Configurations that devices have, by key.
    pub fn configurations(&self) -> Result<Vec<ConfigurationRow>, StoreError> {
        let sql =
            "SELECT name, devices, matched FROM configuration WHERE devices > 0 ORDER BY name";
        self.rows(sql, &[], |row| {
            Ok(ConfigurationRow {
                key: ConfigurationKey(row.text()?),
                devices: row.count()?,
                matched: row.truth()?,
            })
        })
    }

    /// One whole device of each of these configurations, by number.
    pub(crate) fn samples(&self, numbers: &[i64]) -> Result<BTreeMap<i64, Device>, StoreError> {
        let mut samples: Vec<(i64, i64)> = Vec::with_capacity(numbers.len());
        for batch in numbers.chunks(LIST_MAX) {
            let mut of = Conditions::default();
            of.and_one_of_numbers("configuration", batch);
            let sql = format!(
                "SELECT configuration, MIN(number) FROM device{} GROUP BY configuration",
                of.sql()
            );
            samples.extend(self.rows(&sql, &of.params, |row| Ok((row.int()?, row.int()?)))?);
        }
        let mut devices = self.devices_by_number(samples.iter().map(|(_, device)| *device))?;
        let found = samples.into_iter();
        Ok(found.filter_map(|(of, device)| Some((of, devices.remove(&device)?))).collect())
    }
}

impl WriteTx<'_> {
    /// Replaces what was decided for these configurations: all of it, or what is of some disclosures.
    pub fn replace_configuration_verdicts(
        &self,
        decided: &[ConfigurationVerdicts],
    ) -> Result<(), StoreError> {
        let numbers = self.configuration_numbers(decided.iter().map(|one| &one.key))?;
        let mut shared = Shared::default();
        let mut rows = Vec::with_capacity(ROWS_AT_ONCE);
        for one in decided {
            let configuration = numbers.get(&one.key).copied().unwrap_or_default();
            self.forget_verdicts(configuration, one.of.as_ref())?;
            for row in &one.rows {
                rows.push(shared.verdict_params(self, configuration, row)?);
                if rows.len() >= ROWS_AT_ONCE {
                    self.insert_many(VERDICT_COLUMNS, 10, "", rows.drain(..))?;
                }
            }
        }
        self.insert_many(VERDICT_COLUMNS, 10, "", rows)?;
        self.touched_disclosures.borrow_mut().extend(shared.disclosures.into_values());
        self.touched_verdicts.borrow_mut().extend(numbers.values());
        Ok(())
    }

    /// Numbers of configurations by key; those that are new are written.
    pub(crate) fn configuration_numbers<'k>(
        &self,
        keys: impl Iterator<Item = &'k ConfigurationKey>,
    ) -> Result<BTreeMap<ConfigurationKey, i64>, StoreError> {
        let wanted: BTreeSet<&ConfigurationKey> = keys.collect();
        let wanted: Vec<&ConfigurationKey> = wanted.into_iter().collect();
        let mut numbers = BTreeMap::new();
        for batch in wanted.chunks(LIST_MAX) {
            let mut named = Conditions::default();
            named.and_one_of("name", batch.iter().map(|key| Param::from(&key.0)));
            let sql = format!("SELECT name, number FROM configuration{}", named.sql());
            numbers.extend(self.rows(&sql, &named.params, |row| {
                Ok((ConfigurationKey(row.text()?), row.int()?))
            })?);
        }
        let mut new = Vec::new();
        for key in wanted {
            if !numbers.contains_key(key) {
                let number = self.next_number("configuration")?;
                numbers.insert(key.clone(), number);
                new.push(vec![number.into(), (&key.0).into()]);
            }
        }
        let zeros = new.into_iter().map(|mut row: Vec<Param<'_>>| {
            row.extend((0..6).map(|_| Param::Int(0)));
            row
        });
        self.insert_many(CONFIGURATION_COLUMNS, 8, "", zeros)?;
        Ok(numbers)
    }

    fn forget_verdicts(
        &self,
        configuration: i64,
        disclosures: Option<&BTreeSet<i64>>,
    ) -> Result<(), StoreError> {
        let mut of = Conditions::default();
        of.and_value("configuration = {}", configuration);
        if let Some(disclosures) = disclosures {
            of.and_one_of_numbers("disclosure", disclosures);
        }
        let sql = format!("SELECT DISTINCT disclosure FROM verdict{}", of.sql());
        let lost = self.rows(&sql, &of.params, Row::int)?;
        self.touched_disclosures.borrow_mut().extend(lost);
        self.run(&format!("DELETE FROM verdict{}", of.sql()), &of.params)?;
        let sql = "UPDATE configuration SET matched = 1 WHERE number = ?1";
        self.run(sql, &[configuration.into()]).map(drop)
    }
}

/// Questions and remediations, which many verdicts share and which are kept once, and disclosures:
/// the numbers of those met so far.
#[derive(Default)]
pub(super) struct Shared {
    disclosures: BTreeMap<DisclosureKey, i64>,
    questions: BTreeMap<(String, String, String), i64>,
    remediations: BTreeMap<String, i64>,
}

impl Shared {
    fn verdict_params(
        &mut self,
        tx: &WriteTx<'_>,
        configuration: i64,
        row: &VerdictRow,
    ) -> Result<Vec<Param<'static>>, StoreError> {
        let question = row.question.as_ref().map(|question| self.question(tx, question));
        let remediation = self.remediation(tx, &to_json(&row.remediation)?)?;
        let disclosure = self.disclosure(tx, row.key())?;
        let body = VerdictRow {
            asset: String::new(),
            disclosure_namespace: String::new(),
            question: None,
            remediation: Vec::new(),
            kev: None,
            epss: None,
            ..row.clone()
        };
        Ok(vec![
            tx.next_number("verdict")?.into(),
            configuration.into(),
            rank(row.verdict).into(),
            disclosure.into(),
            row.vulnerability.clone().into(),
            row.severity.score.unwrap_or(-1.0).into(),
            question.transpose()?.into(),
            remediation.into(),
            row.is_held().into(),
            to_json(&body)?.into(),
        ])
    }

    pub(super) fn disclosure(
        &mut self,
        tx: &Tx<'_>,
        key: DisclosureKey,
    ) -> Result<i64, StoreError> {
        if let Some(number) = self.disclosures.get(&key) {
            return Ok(*number);
        }
        let sql = "SELECT number FROM disclosure WHERE namespace = ?1 AND tracking_id = ?2";
        let missing = || StoreError::corrupt("a verdict names a disclosure that is not held");
        let number = tx.first(sql, &key_params(&key), Row::int)?.ok_or_else(missing)?;
        self.disclosures.insert(key, number);
        Ok(number)
    }

    fn question(&mut self, tx: &WriteTx<'_>, question: &Question) -> Result<i64, StoreError> {
        let key = (question.text.clone(), question.who.clone(), question.attribute.clone());
        if let Some(number) = self.questions.get(&key) {
            return Ok(*number);
        }
        let values = [(&key.0).into(), (&key.1).into(), (&key.2).into()];
        let known = "SELECT number FROM question WHERE text = ?1 AND who = ?2 AND attribute = ?3";
        let number = if let Some(number) = tx.first(known, &values, Row::int)? {
            number
        } else {
            let number = tx.next_number("question")?;
            let [text, who, attribute] = values;
            tx.run(
                "INSERT INTO question (number, text, who, attribute) VALUES (?1, ?2, ?3, ?4)",
                &[number.into(), text, who, attribute],
            )?;
            number
        };
        self.questions.insert(key, number);
        Ok(number)
    }

    fn remediation(&mut self, tx: &WriteTx<'_>, body: &str) -> Result<i64, StoreError> {
        let hash = sha256_hex(body.as_bytes());
        if let Some(number) = self.remediations.get(&hash) {
            return Ok(*number);
        }
        let known = "SELECT number FROM remediation WHERE content_hash = ?1";
        let number = if let Some(number) = tx.first(known, &[(&hash).into()], Row::int)? {
            number
        } else {
            let number = tx.next_number("remediation")?;
            tx.run(
                "INSERT INTO remediation (number, content_hash, body) VALUES (?1, ?2, ?3)",
                &[number.into(), (&hash).into(), body.into()],
            )?;
            number
        };
        self.remediations.insert(hash, number);
        Ok(number)
    }
}

/// How a verdict is ranked: the worst first.
pub(crate) const fn rank(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Affected => 0,
        Verdict::Unknown => 1,
        Verdict::NotAffected => 2,
    }
}

const CONFIGURATION_COLUMNS: &str = "configuration (number, name, devices, matched, affected, \
     unknown, not_affected, exploited)";

const VERDICT_COLUMNS: &str = "verdict (number, configuration, rank, disclosure, vulnerability, \
     score, question, remediation, held, body)";

/// Verdicts made ready before they are written; bounds memory.
const ROWS_AT_ONCE: usize = 2_000;
