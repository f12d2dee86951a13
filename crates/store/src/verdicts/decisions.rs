//! What is stale, deciding it, and the history of every change.
//!
//! A configuration is stale where its verdicts were decided with other documents or by another
//! engine than those of today. Only changes are written: a configuration whose verdicts came out
//! the same is stamped and otherwise left as it is.

use std::collections::{BTreeMap, BTreeSet};

use model::{DeviceId, Step, Timestamp, Verdict, VerdictRow};

use crate::StoreError;
use crate::engine::conditions::{Conditions, LIST_MAX};
use crate::engine::sql::{Param, Row, from_json};
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{
    ClearedRow, ClearedShare, Clearing, ConfigurationKey, ConfigurationSaid, ConfigurationVerdicts,
    DecisionRow, HeldRow, StaleConfiguration, Stamp,
};
use crate::verdicts::configurations::{Shared, rank};
use crate::verdicts::held::{Decided, Held, Name, Times, differences, time_of};

impl Tx<'_> {
    /// Configurations that devices have and that are stale for `stamp`, by key, with what is kept of
    /// them.
    pub fn stale_configurations(
        &self,
        stamp: &Stamp,
    ) -> Result<Vec<StaleConfiguration>, StoreError> {
        let mut stale = self.rows(STALE, &stamp_params(stamp), |row| {
            let (number, key) = (row.int()?, ConfigurationKey(row.text()?));
            let is_of_engine = row.truth()?;
            let (asset, said) = (row.maybe_text()?.unwrap_or_default(), row.maybe_text()?);
            let digests = read_digests(&said.unwrap_or_default())?;
            let said = ConfigurationSaid { asset, digests };
            Ok(StaleConfiguration { number, key, said, is_of_engine, device: None })
        })?;
        let unknown = stale.iter().filter(|one| one.said.asset.is_empty());
        let unknown: Vec<i64> = unknown.map(|one| one.number).collect();
        let mut devices = self.samples(&unknown)?;
        for one in &mut stale {
            one.device = devices.remove(&one.number);
        }
        Ok(stale)
    }

    /// How many devices in use have verdicts that are not decided yet, or were decided with other
    /// documents or by another engine.
    pub fn pending_devices(&self, stamp: &Stamp) -> Result<u64, StoreError> {
        let sql = "SELECT CAST(SUM(devices) AS BIGINT) FROM configuration \
             WHERE matched = 0 OR generation <> ?1 OR engine <> ?2";
        self.count(sql, &stamp_params(stamp))
    }

    /// Every change of a verdict of a device, oldest first: those of the configurations that it
    /// has and had, each for as long as it had it, and those that a change of its record made.
    pub fn decisions_of(&self, device: DeviceId) -> Result<Vec<DecisionRow>, StoreError> {
        let device = device.to_string();
        let own = format!("{DECISIONS} WHERE h.device = ?1");
        let numbered = |row: &mut Row| Ok((row.int()?, read_decision(row)?));
        let mut all = self.rows(&own, &[(&device).into()], numbered)?;
        for period in self.periods(&device)? {
            let sql = format!(
                "{DECISIONS} WHERE h.configuration = ?1 AND h.device = '' \
                 AND h.number > ?2 AND h.number <= ?3"
            );
            let of = [period.configuration, period.after, period.until].map(Param::from);
            all.extend(self.rows(&sql, &of, numbered)?);
        }
        all.sort_by_key(|(number, _)| *number);
        Ok(all.into_iter().map(|(_, row)| row).collect())
    }

    /// What turned from affected or unknown to not affected, or ended, since `since`, newest first.
    pub fn cleared(&self, since: Timestamp, limit: u64) -> Result<Vec<ClearedRow>, StoreError> {
        self.rows(CLEARED, &[since.into(), limit.into()], |row| {
            let decision = read_decision(row)?;
            let (device, name) = (row.parsed()?, row.text()?);
            Ok(ClearedRow { device, name, devices: row.count()?, decision })
        })
    }

    /// Disclosures whose newest version would clear devices and waits for a person, most devices
    /// first.
    pub fn held_back(&self) -> Result<Vec<HeldRow>, StoreError> {
        self.rows(HELD_BACK, &[], |row| {
            Ok(HeldRow {
                disclosure: row.text()?,
                disclosure_namespace: row.text()?,
                title: row.text()?,
                version: row.text()?,
                devices: row.count()?,
                verdicts: row.count()?,
            })
        })
    }

    /// Whether devices have verdicts that another engine than `engine` decided.
    pub fn was_decided_by_another(&self, engine: &str) -> Result<bool, StoreError> {
        let sql = "SELECT COUNT(*) FROM configuration \
             WHERE matched = 1 AND devices > 0 AND engine <> ?1";
        Ok(self.count(sql, &[engine.into()])? > 0)
    }

    /// How much of what is affected `decided` would clear.
    pub fn share_cleared(
        &self,
        decided: &[ConfigurationVerdicts],
    ) -> Result<ClearedShare, StoreError> {
        let mut shared = Shared::default();
        let known = self.known_configurations(decided.iter().map(|one| &one.key))?;
        let numbers: Vec<i64> = known.values().map(|(number, _)| *number).collect();
        let held = self.held(&numbers, None)?;
        let mut share = ClearedShare::default();
        for one in decided {
            let Some((number, devices)) = known.get(&one.key) else { continue };
            let Some((before, _)) = held.get(number) else { continue };
            let after = held_of(self, &mut shared, &one.rows)?;
            let is_new = |name: &&Name| one.of.as_ref().is_none_or(|of| of.contains(&name.0));
            let affected = before.names().filter(is_new);
            let affected = affected.filter(|name| before.worst(name) == Some(Verdict::Affected));
            for name in affected {
                share.affected += devices;
                share.cleared += if is_cleared(&after, name) { *devices } else { 0 };
            }
        }
        Ok(share)
    }

    /// What is held of these configurations, by number: all of it, or what is of some disclosures.
    pub(super) fn held(
        &self,
        numbers: &[i64],
        disclosures: Option<&BTreeSet<i64>>,
    ) -> Result<BTreeMap<i64, (Held, Times)>, StoreError> {
        let mut all: BTreeMap<i64, (Held, Times)> = BTreeMap::new();
        for batch in numbers.chunks(LIST_MAX) {
            let mut of = Conditions::default();
            of.and_one_of_numbers("v.configuration", batch);
            if let Some(disclosures) = disclosures {
                of.and_one_of_numbers("v.disclosure", disclosures);
            }
            let sql = format!("{HELD}{} ORDER BY v.number", of.sql());
            self.each(&sql, &of.params, |row| {
                let (configuration, disclosure) = (row.int()?, row.int()?);
                let mut verdict = from_json::<VerdictRow>(&row.text()?)?;
                verdict.disclosure_namespace = row.text()?;
                verdict.remediation = row.json()?;
                verdict.question = super::list::read_question(row)?;
                let (held, times) = all.entry(configuration).or_default();
                let name = (disclosure, verdict.vulnerability.clone());
                if let Some(at) = verdict.decided_at.take() {
                    times.insert(time_of(&name, &verdict), at);
                }
                held.add(name, verdict);
                Ok(())
            })?;
        }
        Ok(all)
    }

    /// Number and count of devices of those configurations that there are.
    fn known_configurations<'k>(
        &self,
        keys: impl Iterator<Item = &'k ConfigurationKey>,
    ) -> Result<BTreeMap<ConfigurationKey, (i64, u64)>, StoreError> {
        let keys: Vec<&ConfigurationKey> = keys.collect();
        let mut known = BTreeMap::new();
        for batch in keys.chunks(LIST_MAX) {
            let mut named = Conditions::default();
            named.and_one_of("name", batch.iter().map(|key| Param::from(&key.0)));
            let sql = format!("SELECT name, number, devices FROM configuration{}", named.sql());
            known.extend(self.rows(&sql, &named.params, |row| {
                Ok((ConfigurationKey(row.text()?), (row.int()?, row.count()?)))
            })?);
        }
        Ok(known)
    }

    /// The engines that configurations were last decided by.
    fn engines(&self, numbers: &[i64]) -> Result<BTreeMap<i64, String>, StoreError> {
        let mut engines = BTreeMap::new();
        for batch in numbers.chunks(LIST_MAX) {
            let mut these = Conditions::default();
            these.and_one_of_numbers("number", batch);
            let sql = format!("SELECT number, engine FROM configuration{}", these.sql());
            engines.extend(self.rows(&sql, &these.params, |row| Ok((row.int()?, row.text()?)))?);
        }
        Ok(engines)
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
        clearing: Clearing,
    ) -> Result<Vec<DecisionRow>, StoreError> {
        let numbers = self.configuration_numbers(decided.iter().map(|one| &one.key))?;
        let all: Vec<i64> = numbers.values().copied().collect();
        let (mut held, engines) = (self.held(&all, scope(decided).as_ref())?, self.engines(&all)?);
        let (mut changed, mut decisions) = (Vec::new(), Vec::new());
        let mut shared = Shared::default();
        for one in decided {
            let Some(number) = numbers.get(&one.key).copied() else { continue };
            let (mut before, times) = held.remove(&number).unwrap_or_default();
            if let Some(of) = &one.of {
                before.retain(|name| of.contains(&name.0));
            }
            let mut after = held_of(self, &mut shared, &one.rows)?;
            if clearing == Clearing::Wait {
                keep_affected(&before, &mut after);
            }
            if before == after {
                continue;
            }
            let another = engines.get(&number).is_some_and(|engine| *engine != stamp.engine);
            let newer = another && before.names().next().is_some();
            let because = if newer { NEWER_ENGINE } else { because };
            let rows = differences(&before, &after, at, because);
            self.put_decisions(number, "", &rows)?;
            decisions.extend(rows.into_iter().map(|row| row.row));
            changed.push(ConfigurationVerdicts {
                key: one.key.clone(),
                of: one.of.clone(),
                rows: dated(after, &times, at),
                said: ConfigurationSaid::default(),
            });
        }
        self.replace_configuration_verdicts(&changed)?;
        self.put_said(decided, &numbers)?;
        self.put_stamp(&all, stamp)?;
        Ok(decisions)
    }

    fn put_said(
        &self,
        decided: &[ConfigurationVerdicts],
        numbers: &BTreeMap<ConfigurationKey, i64>,
    ) -> Result<(), StoreError> {
        let rows = decided.iter().filter(|one| !one.said.asset.is_empty());
        let rows = rows.filter_map(|one| {
            let said = write_digests(&one.said.digests);
            Some(vec![(*numbers.get(&one.key)?).into(), (&one.said.asset).into(), said.into()])
        });
        self.insert_many(
            "configuration_said (configuration, asset, said)",
            3,
            "ON CONFLICT (configuration) DO UPDATE SET asset = excluded.asset, said = excluded.said",
            rows,
        )
    }

    /// Makes configurations stale that `engine` has decided, so that it decides them again.
    pub fn forget_decisions_of(&self, engine: &str) -> Result<(), StoreError> {
        let sql = "UPDATE configuration SET generation = -1 WHERE engine = ?1";
        self.run(sql, &[engine.into()]).map(drop)
    }

    /// Says that configurations are decided with `stamp`.
    pub fn put_stamp(&self, numbers: &[i64], stamp: &Stamp) -> Result<(), StoreError> {
        for batch in numbers.chunks(LIST_MAX) {
            let mut these = Conditions::default();
            let generation = these.value(i64::try_from(stamp.generation).unwrap_or(i64::MAX));
            let engine = these.value(&stamp.engine);
            these.and_one_of_numbers("number", batch);
            let sql = format!(
                "UPDATE configuration SET matched = 1, generation = {generation}, engine = {engine}{}",
                these.sql()
            );
            self.run(&sql, &these.params)?;
        }
        Ok(())
    }

    pub(super) fn put_decisions(
        &self,
        configuration: i64,
        device: &str,
        rows: &[Decided],
    ) -> Result<(), StoreError> {
        let mut params = Vec::with_capacity(rows.len());
        for Decided { disclosure, row } in rows {
            params.push(vec![
                self.next_number("decision")?.into(),
                configuration.into(),
                device.into(),
                (*disclosure).into(),
                (&row.vulnerability).into(),
                row.from.map(rank).into(),
                row.to.map(rank).into(),
                row.at.into(),
                (&row.because).into(),
            ]);
        }
        self.insert_many(DECISION_COLUMNS, 9, "", params)
    }
}

/// Verdicts that are as they were keep the time when they were first so.
fn dated(held: Held, times: &Times, at: Timestamp) -> Vec<VerdictRow> {
    let mut rows = Vec::new();
    for (name, mut row) in held.into_rows() {
        row.decided_at = times.get(&time_of(&name, &row)).copied().or(Some(at));
        rows.push(row);
    }
    rows
}

fn held_of(tx: &Tx<'_>, shared: &mut Shared, rows: &[VerdictRow]) -> Result<Held, StoreError> {
    let mut held = Held::default();
    for row in rows {
        let row = VerdictRow { decided_at: None, ..row.clone() };
        held.add((shared.disclosure(tx, row.key())?, row.vulnerability.clone()), row);
    }
    Ok(held)
}

/// The disclosures of which anything is decided anew; nothing where some configuration is whole.
fn scope(decided: &[ConfigurationVerdicts]) -> Option<BTreeSet<i64>> {
    let mut scope = BTreeSet::new();
    for one in decided {
        scope.extend(one.of.as_ref()?);
    }
    Some(scope)
}

/// `NUMBER:DIGEST` for each disclosure, the digest in hexadecimal, with blanks between.
fn write_digests(digests: &BTreeMap<i64, u64>) -> String {
    let words: Vec<String> =
        digests.iter().map(|(disclosure, digest)| format!("{disclosure}:{digest:x}")).collect();
    words.join(" ")
}

fn read_digests(text: &str) -> Result<BTreeMap<i64, u64>, StoreError> {
    let read = |word: &str| {
        let (disclosure, digest) = word.split_once(':')?;
        Some((disclosure.parse().ok()?, u64::from_str_radix(digest, 16).ok()?))
    };
    let missing = || StoreError::corrupt("a digest of what was decided cannot be read");
    text.split_whitespace().map(|word| read(word).ok_or_else(missing)).collect()
}

fn is_cleared(after: &Held, name: &Name) -> bool {
    after.worst(name).is_none_or(|verdict| verdict == Verdict::NotAffected)
}

/// Puts back what was affected and would be cleared, with a step that says what it waits for.
fn keep_affected(before: &Held, after: &mut Held) {
    for name in before.names() {
        if before.worst(name) != Some(Verdict::Affected) || !is_cleared(after, name) {
            continue;
        }
        let mut rows = before.rows(name).to_vec();
        for row in &mut rows {
            if row.steps.iter().all(|step| step.step != WAITS) {
                row.steps.push(Step {
                    step: WAITS.to_owned(),
                    detail:
                        "a newer version of Regimen would clear this and many others, and waits \
                             for a person to confirm it"
                            .to_owned(),
                    source: "regimen verdicts confirm --engine".to_owned(),
                });
            }
        }
        after.replace(name, rows);
    }
}

pub(crate) fn read_decision(row: &mut Row) -> Result<DecisionRow, StoreError> {
    let (disclosure, disclosure_namespace) = (row.text()?, row.text()?);
    let vulnerability = row.text()?;
    let (from, to) = (of_rank(row.maybe_int()?)?, of_rank(row.maybe_int()?)?);
    let (at, because) = (row.time()?, row.text()?);
    Ok(DecisionRow { disclosure, disclosure_namespace, vulnerability, from, to, at, because })
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

/// Why a verdict changed that no document and no device record changed.
const NEWER_ENGINE: &str =
    "a newer version of Regimen decides it so (matcher, parser or knowledge)";

/// Name of the step that says that a newer engine waits for a person.
const WAITS: &str = "engine";

const STALE: &str = "SELECT c.number, c.name, CASE WHEN c.matched = 1 AND c.engine = ?2 \
     AND c.generation >= 0 THEN 1 ELSE 0 END, s.asset, s.said FROM configuration c \
     LEFT JOIN configuration_said s ON s.configuration = c.number \
     WHERE (c.matched = 0 OR c.generation <> ?1 OR c.engine <> ?2) \
     AND EXISTS (SELECT 1 FROM device d WHERE d.configuration = c.number) ORDER BY c.name";

const DECISION_COLUMNS: &str = "decision (number, configuration, device, disclosure, \
     vulnerability, rank_before, rank_after, at, because)";

const DECISIONS: &str = "SELECT h.number, p.tracking_id, p.namespace, h.vulnerability, h.rank_before, \
     h.rank_after, h.at, h.because FROM decision h JOIN disclosure p ON p.number = h.disclosure";

const CLEARED: &str = "SELECT p.tracking_id, p.namespace, h.vulnerability, h.rank_before, \
     h.rank_after, h.at, h.because, d.id, d.name, \
     CASE WHEN h.device = '' THEN c.devices ELSE 1 END \
     FROM decision h JOIN disclosure p ON p.number = h.disclosure \
     JOIN configuration c ON c.number = h.configuration \
     JOIN device d ON d.number = (SELECT MIN(x.number) FROM device x \
         WHERE CASE WHEN h.device = '' THEN x.configuration = c.number ELSE x.id = h.device END) \
     WHERE h.at >= ?1 AND h.rank_before < 2 AND COALESCE(h.rank_after, 2) = 2 \
     ORDER BY h.number DESC LIMIT ?2";

const HELD: &str = "SELECT v.configuration, v.disclosure, v.body, p.namespace, r.body, q.text, \
     q.who, q.attribute FROM verdict v JOIN disclosure p ON p.number = v.disclosure \
     JOIN remediation r ON r.number = v.remediation \
     LEFT JOIN question q ON q.number = v.question";

const HELD_BACK: &str = "SELECT p.tracking_id, p.namespace, p.title, p.version, \
     CAST(SUM(t.devices) AS BIGINT), CAST(SUM(t.devices * t.verdicts) AS BIGINT) FROM \
     (SELECT v.disclosure, c.devices, COUNT(*) AS verdicts FROM verdict v \
         JOIN configuration c ON c.number = v.configuration WHERE v.held = 1 AND c.devices > 0 \
         GROUP BY v.disclosure, v.configuration, c.devices) t \
     JOIN disclosure p ON p.number = t.disclosure \
     GROUP BY p.tracking_id, p.namespace, p.title, p.version \
     ORDER BY 5 DESC, 1, 2";
