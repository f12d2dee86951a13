//! What is stale, deciding it, and the history of every change.
//!
//! A configuration is stale where its verdicts were decided with other documents or by another
//! engine than those of today. Only changes are written: a configuration whose verdicts came out
//! the same is stamped and otherwise left as it is.

use std::collections::BTreeMap;

use model::{Device, DeviceId, Timestamp, Verdict, VerdictRow};

use crate::StoreError;
use crate::engine::conditions::{Conditions, LIST_MAX};
use crate::engine::sql::{Param, Row, from_json};
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{ClearedRow, ConfigurationKey, ConfigurationVerdicts, DecisionRow, Stamp};
use crate::verdicts::configurations::rank;

/// The verdicts of a configuration by disclosure and vulnerability, without the time when they were
/// decided.
type Held = BTreeMap<(String, String), Vec<VerdictRow>>;

/// When verdicts were decided, by disclosure, vulnerability and rank.
type Times = BTreeMap<(String, String, i64), Timestamp>;

impl Tx<'_> {
    /// One whole device of each configuration that devices have and that is stale for `stamp`.
    pub fn stale_configurations(
        &self,
        stamp: &Stamp,
    ) -> Result<Vec<(ConfigurationKey, Device)>, StoreError> {
        self.samples("c.matched = 0 OR c.generation <> ?1 OR c.engine <> ?2", &stamp_params(stamp))
    }

    /// How many devices have verdicts that are not decided yet, or were decided with other
    /// documents or by another engine.
    pub fn pending_devices(&self, stamp: &Stamp) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) FROM device d JOIN configuration c \
             ON c.number = d.configuration \
             WHERE c.matched = 0 OR c.generation <> ?1 OR c.engine <> ?2";
        self.count(sql, &stamp_params(stamp))
    }

    /// Every change of a verdict of the configuration that a device has, oldest first.
    pub fn decisions_of(&self, device: DeviceId) -> Result<Vec<DecisionRow>, StoreError> {
        let sql = "SELECT h.tracking_id, h.vulnerability, h.rank_before, h.rank_after, h.at, \
             h.because FROM decision h JOIN device d ON d.configuration = h.configuration \
             WHERE d.id = ?1 ORDER BY h.number";
        self.rows(sql, &[device.to_string().into()], read_decision)
    }

    /// What turned from affected or unknown to not affected, or ended, since `since`, newest first.
    pub fn cleared(&self, since: Timestamp, limit: u64) -> Result<Vec<ClearedRow>, StoreError> {
        let sql = "SELECT h.tracking_id, h.vulnerability, h.rank_before, h.rank_after, h.at, \
             h.because, d.id, d.name, c.devices FROM decision h \
             JOIN configuration c ON c.number = h.configuration \
             JOIN device d ON d.number = (SELECT MIN(x.number) FROM device x \
                 WHERE x.configuration = c.number) \
             WHERE h.at >= ?1 AND h.rank_before < 2 AND COALESCE(h.rank_after, 2) = 2 \
             ORDER BY h.number DESC LIMIT ?2";
        self.rows(sql, &[since.into(), limit.into()], |row| {
            let decision = read_decision(row)?;
            let (device, name) = (row.parsed()?, row.text()?);
            Ok(ClearedRow { device, name, devices: row.count()?, decision })
        })
    }

    fn held(&self, configuration: i64) -> Result<(Held, Times), StoreError> {
        let sql = "SELECT v.body, r.body, q.text, q.who, q.attribute FROM verdict v \
             JOIN remediation r ON r.number = v.remediation \
             LEFT JOIN question q ON q.number = v.question \
             WHERE v.configuration = ?1 ORDER BY v.number";
        let (mut held, mut times) = (Held::new(), Times::new());
        self.each(sql, &[configuration.into()], |row| {
            let mut verdict = from_json::<VerdictRow>(&row.text()?)?;
            verdict.remediation = row.json()?;
            verdict.question = super::list::read_question(row)?;
            if let Some(at) = verdict.decided_at.take() {
                times.insert(time_of(&verdict), at);
            }
            held.entry(name_of(&verdict)).or_default().push(verdict);
            Ok(())
        })?;
        Ok((held, times))
    }
}

impl WriteTx<'_> {
    /// Writes what was decided with `stamp`: verdicts that changed, a decision for each, and the
    /// stamp. Answers the changes.
    pub fn decide(
        &self,
        decided: &[ConfigurationVerdicts],
        stamp: &Stamp,
        at: Timestamp,
        because: &str,
    ) -> Result<Vec<DecisionRow>, StoreError> {
        let numbers = self.configuration_numbers(decided.iter().map(|one| &one.key))?;
        let mut changed = Vec::new();
        let mut decisions = Vec::new();
        for one in decided {
            let Some(number) = numbers.get(&one.key).copied() else { continue };
            let ((before, times), after) = (self.held(number)?, held_of(&one.rows));
            if before == after {
                continue;
            }
            changed.push(dated(one, &times, at));
            let rows = differences(&before, &after, at, because);
            self.put_decisions(number, &rows)?;
            decisions.extend(rows);
        }
        self.replace_configuration_verdicts(&changed)?;
        let all: Vec<i64> = numbers.into_values().collect();
        all.chunks(LIST_MAX).try_for_each(|batch| self.put_stamp(batch, stamp))?;
        Ok(decisions)
    }

    fn put_stamp(&self, numbers: &[i64], stamp: &Stamp) -> Result<(), StoreError> {
        let mut these = Conditions::default();
        let generation = these.value(i64::try_from(stamp.generation).unwrap_or(i64::MAX));
        let engine = these.value(&stamp.engine);
        these.and_one_of("number", numbers.iter().map(|number| Param::from(*number)));
        let sql = format!(
            "UPDATE configuration SET matched = 1, generation = {generation}, engine = {engine}{}",
            these.sql()
        );
        self.run(&sql, &these.params)?;
        Ok(())
    }

    fn put_decisions(&self, configuration: i64, rows: &[DecisionRow]) -> Result<(), StoreError> {
        let mut params = Vec::with_capacity(rows.len());
        for row in rows {
            params.push(vec![
                self.next_number("decision")?.into(),
                configuration.into(),
                (&row.disclosure).into(),
                (&row.vulnerability).into(),
                row.from.map(rank).into(),
                row.to.map(rank).into(),
                row.at.into(),
                (&row.because).into(),
            ]);
        }
        self.insert_many(DECISION_COLUMNS, 8, "", params)
    }
}

/// Verdicts that are as they were keep the time when they were first so.
fn dated(one: &ConfigurationVerdicts, times: &Times, at: Timestamp) -> ConfigurationVerdicts {
    let mut one = one.clone();
    for row in &mut one.rows {
        row.decided_at = times.get(&time_of(row)).copied().or(Some(at));
    }
    one
}

fn held_of(rows: &[VerdictRow]) -> Held {
    let mut held = Held::new();
    for row in rows {
        let row = VerdictRow { decided_at: None, ..row.clone() };
        held.entry(name_of(&row)).or_default().push(row);
    }
    held
}

fn time_of(row: &VerdictRow) -> (String, String, i64) {
    (row.disclosure.clone(), row.vulnerability.clone(), rank(row.verdict))
}

fn name_of(row: &VerdictRow) -> (String, String) {
    (row.disclosure.clone(), row.vulnerability.clone())
}

/// A disclosure may name several products of a configuration; the worst verdict counts.
fn differences(before: &Held, after: &Held, at: Timestamp, because: &str) -> Vec<DecisionRow> {
    let worst = |held: &Held, name: &(String, String)| {
        let rows = held.get(name)?;
        rows.iter().map(|row| row.verdict).min_by_key(|verdict| rank(*verdict))
    };
    let mut names: Vec<&(String, String)> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let change = |name: &(String, String)| {
        let (from, to) = (worst(before, name), worst(after, name));
        (from != to).then(|| DecisionRow {
            disclosure: name.0.clone(),
            vulnerability: name.1.clone(),
            from,
            to,
            at,
            because: because.to_owned(),
        })
    };
    names.into_iter().filter_map(change).collect()
}

fn read_decision(row: &mut Row) -> Result<DecisionRow, StoreError> {
    let (disclosure, vulnerability) = (row.text()?, row.text()?);
    let (from, to) = (of_rank(row.maybe_int()?)?, of_rank(row.maybe_int()?)?);
    Ok(DecisionRow { disclosure, vulnerability, from, to, at: row.time()?, because: row.text()? })
}

fn of_rank(stored: Option<i64>) -> Result<Option<Verdict>, StoreError> {
    let all = [Verdict::Affected, Verdict::Unknown, Verdict::NotAffected];
    let found = |stored| all.into_iter().find(|verdict| rank(*verdict) == stored);
    let missing = || StoreError::corrupt("a decision has no such rank");
    stored.map(|stored| found(stored).ok_or_else(missing)).transpose()
}

fn stamp_params(stamp: &Stamp) -> [Param<'_>; 2] {
    [i64::try_from(stamp.generation).unwrap_or(i64::MAX).into(), (&stamp.engine).into()]
}

const DECISION_COLUMNS: &str = "decision (number, configuration, tracking_id, vulnerability, \
     rank_before, rank_after, at, because)";
