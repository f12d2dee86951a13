//! Holding the tables against the evidence: bytes against hashes, inputs against their rows,
//! decisions against digests, verdicts against decisions, tables against the newest checkpoint.

use std::collections::BTreeMap;

use evidence::{Action, Entry};
use model::{Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::records::{DecisionRow, IngestRow, State, Unlike};
use store::{StoreError, Tx};

use crate::proof::Findings;
use crate::proof::walk::Walk;

/// What the tables say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Deep {
    /// True where nothing was found.
    pub ok: bool,
    /// How much of each kind was checked.
    pub checked: BTreeMap<String, u64>,
    /// What does not agree.
    pub found: Vec<Found>,
}

/// Something in a table that does not agree with the evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// `document`, `text`, `ingest`, `decision`, `verdict`, `counter`, or the name of a table.
    pub kind: String,
    /// What.
    pub what: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What the row of an ingest and its row of evidence both say.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct IngestFacts {
    at: Timestamp,
    kind: String,
    sha256: String,
    read: u64,
    accepted: u64,
    skipped: u64,
}

impl IngestFacts {
    pub(super) fn told(entry: &Entry, details: &Value) -> Self {
        let text = |name: &str| details.get(name).and_then(Value::as_str).unwrap_or_default();
        let count = |name: &str| details.get(name).and_then(Value::as_u64).unwrap_or_default();
        Self {
            at: entry.at,
            kind: text("type").to_owned(),
            sha256: text("sha256").to_owned(),
            read: count("read"),
            accepted: count("accepted"),
            skipped: count("skipped"),
        }
    }

    fn kept(row: &IngestRow) -> Self {
        Self {
            at: row.at,
            kind: row.kind.clone(),
            sha256: row.content_hash.clone(),
            read: row.read,
            accepted: row.accepted,
            skipped: row.skipped_count,
        }
    }
}

impl Deep {
    fn found(&mut self, kind: &str, what: &str, reason: impl Into<String>) {
        if self.found.len() < FOUND_MAX {
            let (kind, what) = (kind.to_owned(), what.to_owned());
            self.found.push(Found { kind, what, reason: reason.into() });
        }
    }

    fn unlike(&mut self, kind: &str, all: &[Unlike]) {
        for one in all {
            let Unlike { what, held, expected } = one;
            self.found(kind, what, format!("it is `{held}` where it should be `{expected}`"));
        }
    }

    fn checked(&mut self, kind: &str, count: u64) {
        self.checked.insert(kind.to_owned(), count);
    }
}

pub(super) fn check(tx: &Tx<'_>, walk: &Walk, findings: &mut Findings) -> Result<Deep, StoreError> {
    let mut deep = Deep::default();
    documents(tx, walk, &mut deep)?;
    texts(tx, walk, &mut deep)?;
    ingests(tx, walk, &mut deep)?;
    decisions(tx, walk, &mut deep)?;
    let (verdicts, unlike) = tx.verdicts_unlike_history()?;
    deep.checked("verdicts", verdicts);
    deep.unlike("verdict", &unlike);
    deep.unlike("counter", &tx.counters_unlike_verdicts()?);
    tables(tx, walk, &mut deep, findings)?;
    deep.ok = deep.found.is_empty();
    Ok(deep)
}

fn documents(tx: &Tx<'_>, walk: &Walk, deep: &mut Deep) -> Result<(), StoreError> {
    let (held, unlike) = tx.documents_unlike_hash()?;
    deep.checked("documents", held);
    let told = |one: &Unlike| one.held.is_empty() && walk.removed.contains(&one.what);
    let unlike: Vec<Unlike> = unlike.into_iter().filter(|one| !told(one)).collect();
    deep.unlike("document", &unlike);
    Ok(())
}

/// Texts beside the chain are what it holds the digests of; what was removed is said to be.
fn texts(tx: &Tx<'_>, walk: &Walk, deep: &mut Deep) -> Result<(), StoreError> {
    let (held, unlike) = tx.texts_unlike_digest()?;
    deep.checked("texts", held.len() as u64);
    let told = |one: &Unlike| one.held.is_empty() && walk.removed.contains(&one.what);
    let unlike: Vec<Unlike> = unlike.into_iter().filter(|one| !told(one)).collect();
    deep.unlike("text", &unlike);
    for digest in walk.texts.difference(&held) {
        deep.found("text", digest, "the evidence holds its digest, and it is missing");
    }
    Ok(())
}

/// Each input has its row of evidence, and each such row its input.
fn ingests(tx: &Tx<'_>, walk: &Walk, deep: &mut Deep) -> Result<(), StoreError> {
    let mut told = walk.ingests.clone();
    let mut held = 0;
    let mut alone = Vec::new();
    tx.each_ingest(|row| {
        held += 1;
        match told.get_mut(&IngestFacts::kept(&row)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => alone.push(row),
        }
    })?;
    deep.checked("ingests", held);
    for row in alone {
        let what = format!("{} of {}", row.content_hash, row.at);
        deep.found("ingest", &what, "no row of evidence tells of it as it stands");
    }
    for (facts, _) in told.iter().filter(|(_, count)| **count > 0) {
        let what = format!("{} of {}", facts.sha256, facts.at);
        deep.found("ingest", &what, "the evidence tells of it, and it is not as told or missing");
    }
    Ok(())
}

/// The rows of history in their order are what the digests in the evidence were taken of.
fn decisions(tx: &Tx<'_>, walk: &Walk, deep: &mut Deep) -> Result<(), StoreError> {
    let mut told = walk.decisions.iter().filter(|(_, count, _)| *count > 0);
    let mut now = told.next();
    let (mut batch, mut held, mut more) = (Vec::new(), 0u64, 0u64);
    let mut wrong = Vec::new();
    tx.each_decision(|row| {
        held += 1;
        let Some((number, count, told_digest)) = now else {
            more += 1;
            return;
        };
        batch.push(row);
        if batch.len() as u64 == *count {
            if ![digest(&batch, true), digest(&batch, false)].contains(told_digest) {
                wrong.push(*number);
            }
            batch.clear();
            now = told.next();
        }
    })?;
    deep.checked("decisions", held);
    for number in wrong {
        let what = format!("row {number}");
        deep.found("decision", &what, "the history is not what its digest was taken of");
    }
    if more > 0 {
        deep.found("decision", &format!("{more} rows"), "no evidence tells of them");
    }
    if !batch.is_empty() || now.is_some() {
        deep.found("decision", "the end", "decisions that the evidence tells of are missing");
    }
    Ok(())
}

/// The digest over decisions that the evidence of deciding carries. Its form never changes.
pub(crate) fn digest_of(rows: &[DecisionRow]) -> String {
    digest(rows, true)
}

/// Decisions were once told without the namespace of their disclosure.
fn digest(rows: &[DecisionRow], with_namespace: bool) -> String {
    let told = |row: &DecisionRow| Told {
        disclosure: row.disclosure.clone(),
        disclosure_namespace: with_namespace.then(|| row.disclosure_namespace.clone()),
        vulnerability: row.vulnerability.clone(),
        from: row.from,
        to: row.to,
        at: row.at,
        because: row.because.clone(),
    };
    let rows: Vec<Told> = rows.iter().map(told).collect();
    // Texts, names and times always have a JSON form.
    evidence::sha256_hex(&serde_json::to_vec(&rows).unwrap_or_default())
}

#[derive(Serialize)]
struct Told {
    disclosure: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    disclosure_namespace: Option<String>,
    vulnerability: String,
    from: Option<Verdict>,
    to: Option<Verdict>,
    at: Timestamp,
    because: String,
}

/// The tables are what the newest checkpoint says, but for those that an act since then may have
/// changed.
fn tables(
    tx: &Tx<'_>,
    walk: &Walk,
    deep: &mut Deep,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let Some((row, told)) = &walk.state else { return Ok(()) };
    let Ok(told) = serde_json::from_value::<State>(told.clone()) else {
        findings.warn(*row, "what this checkpoint says of the tables is not understood");
        return Ok(());
    };
    let held = tx.state()?;
    if told.schema != held.schema {
        let reason = "the schema was brought up to date since: make a new checkpoint";
        findings.warn(*row, reason);
        return Ok(());
    }
    deep.checked("tables", held.tables.len() as u64);
    let mut untold = Vec::new();
    for (name, state) in &told.tables {
        if held.tables.get(name) == Some(state) {
            continue;
        }
        let group = Group::of(name);
        if group == Group::Other
            || walk.since.iter().any(|(act, kind)| may_change(act, kind, group))
        {
            untold.push(name.as_str());
        } else {
            let reason = format!(
                "it is not as the checkpoint at row {row} says, and no act changed it since"
            );
            deep.found(name, name, reason);
        }
    }
    if !untold.is_empty() {
        let list = untold.join(", ");
        findings.warn(
            *row,
            format!(
                "acts since this checkpoint may have changed {list}: make a new one to seal them"
            ),
        );
    }
    Ok(())
}

/// Tables that the same acts change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Group {
    Devices,
    Disclosures,
    Verdicts,
    Accounts,
    Intake,
    /// Publishers whose documents may clear devices.
    Trust,
    Other,
}

impl Group {
    fn of(table: &str) -> Self {
        GROUPS.iter().find(|(name, _)| *name == table).map_or(Self::Other, |(_, group)| *group)
    }
}

/// Whether an act may change tables of `group`. What is not listed here may change everything.
fn may_change(action: &str, kind: &str, group: Group) -> bool {
    let known = Action::ALL.iter().find(|known| known.name() == action);
    match known {
        Some(
            Action::Checkpoint
            | Action::MakeKey
            | Action::SignIn
            | Action::SignInRefused
            | Action::SignOut
            | Action::ChangePasswordRefused,
        ) => false,
        Some(
            Action::AddPerson
            | Action::ChangePassword
            | Action::DisablePerson
            | Action::EnablePerson
            | Action::GrantRole
            | Action::RenamePerson
            | Action::ResetPassword
            | Action::RevokeRole,
        ) => group == Group::Accounts,
        Some(Action::ForgetConversations) => group == Group::Devices,
        Some(Action::TrustPublisher | Action::UntrustPublisher) => group == Group::Trust,
        Some(Action::ChangeSetting | Action::Propose | Action::Review) => group == Group::Other,
        Some(Action::Ingest) => match group {
            Group::Devices | Group::Verdicts => matches!(kind, "capture" | "inventory"),
            Group::Disclosures => !matches!(kind, "capture" | "inventory"),
            Group::Intake => true,
            Group::Accounts | Group::Trust | Group::Other => false,
        },
        Some(Action::Match) => {
            matches!(group, Group::Verdicts | Group::Disclosures | Group::Devices)
        }
        _ => true,
    }
}

const GROUPS: &[(&str, Group)] = &[
    ("device_row", Group::Devices),
    ("device_search", Group::Devices),
    ("device_body", Group::Devices),
    ("fact", Group::Devices),
    ("identifier", Group::Devices),
    ("software", Group::Devices),
    ("merged_device", Group::Devices),
    ("device_history", Group::Devices),
    ("conversation", Group::Devices),
    ("stream", Group::Devices),
    ("stream_row", Group::Devices),
    ("document", Group::Disclosures),
    ("disclosure", Group::Disclosures),
    ("disclosure_version", Group::Disclosures),
    ("disclosure_vulnerability", Group::Disclosures),
    ("parsed_document", Group::Disclosures),
    ("kev", Group::Disclosures),
    ("epss", Group::Disclosures),
    ("trust", Group::Trust),
    ("device_move", Group::Verdicts),
    ("configuration", Group::Verdicts),
    ("verdict", Group::Verdicts),
    ("decision", Group::Verdicts),
    ("question", Group::Verdicts),
    ("remediation", Group::Verdicts),
    ("person", Group::Accounts),
    ("credential", Group::Accounts),
    ("role_grant", Group::Accounts),
    ("ingest", Group::Intake),
    ("ingest_skip", Group::Intake),
    ("source", Group::Intake),
];

/// Differences told; nobody reads past the first few.
const FOUND_MAX: usize = 200;
