//! One pass over the log that gathers what the checks need, without keeping its rows.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Action, Check, Entry, Head, PublicKey, Verifier};
use serde_json::Value;
use store::{StoreError, Tx};

use crate::proof::deep::IngestFacts;

/// What a pass over the log gathered.
#[derive(Default)]
pub(super) struct Walk {
    verifier: Verifier,
    rows: u64,
    /// Hash of every row. 100 bytes a row: a million rows are a hundred megabytes, once.
    hashes: Vec<String>,
    /// Name of this log in checkpoints, once one was made.
    pub(super) origin: Option<String>,
    pub(super) checkpoint_acts: BTreeSet<u64>,
    restores: Vec<(u64, Head)>,
    keys: Vec<PublicKey>,
    /// State of the tables that the newest checkpoint tells, and its row.
    pub(super) state: Option<(u64, Value)>,
    /// What was done since, by name, and by type where it is an ingest.
    pub(super) since: BTreeSet<(String, String)>,
    /// What was removed: documents by their hash, texts by their digest.
    pub(super) removed: BTreeSet<String>,
    /// Inputs by what their row says, each as often as it is said.
    pub(super) ingests: BTreeMap<IngestFacts, i64>,
    /// Rows that tell of decisions: their number, how many decisions, the digest over them.
    pub(super) decisions: Vec<(u64, u64, String)>,
    /// Texts that rows hold only the digest of.
    pub(super) texts: BTreeSet<String>,
    deep: bool,
}

impl Walk {
    pub(super) fn over(tx: &Tx<'_>, deep: bool) -> Result<Self, StoreError> {
        let mut walk = Self { deep, origin: tx.setting(ORIGIN)?, ..Self::default() };
        tx.each_evidence(|entry| match entry {
            Ok(entry) => walk.take(&entry),
            Err(error) => walk.verifier.push_unreadable(&error.to_string()),
        })?;
        Ok(walk)
    }

    /// Whether the chain holds.
    pub(super) fn check(&self) -> Check {
        self.verifier.clone().finish()
    }

    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn hash_of(&self, row: u64) -> Option<&str> {
        let index = usize::try_from(row.checked_sub(1)?).ok()?;
        self.hashes.get(index).map(String::as_str)
    }

    /// The row of a restore that gave up `head`, which was written once and is gone.
    pub(super) fn gave_up(&self, head: &Head) -> Option<u64> {
        self.restores.iter().find(|(_, given_up)| given_up == head).map(|(row, _)| *row)
    }

    /// Keys that the log itself names; worth less than a keyring, since whoever writes the log anew
    /// names others.
    pub(super) fn keys_named(&self) -> impl Iterator<Item = PublicKey> {
        self.keys.iter().cloned()
    }

    fn take(&mut self, entry: &Entry) {
        self.verifier.push(entry);
        self.rows = entry.number;
        self.hashes.push(entry.hash.clone());
        let details: Value = serde_json::from_str(&entry.details).unwrap_or_default();
        if self.deep {
            self.take_texts(entry, &details);
        }
        let text = |name: &str| details.get(name).and_then(Value::as_str).map(str::to_owned);
        match entry.action.as_str() {
            name if name == Action::Checkpoint.name() => {
                self.checkpoint_acts.insert(entry.number);
                self.state = details.get("state").cloned().map(|state| (entry.number, state));
                self.since.clear();
                return;
            }
            name if name == Action::Restore.name() => {
                let given_up = details.get("gave_up").cloned();
                let given_up = given_up.and_then(|head| serde_json::from_value(head).ok());
                self.restores.extend(given_up.map(|head| (entry.number, head)));
            }
            name if name == Action::MakeKey.name() => {
                self.keys.extend(text("public").and_then(|key| PublicKey::parse(&key).ok()));
            }
            name if name == Action::Redact.name() => {
                let removed = details.get("digests").and_then(Value::as_array);
                let removed = removed.into_iter().flatten().filter_map(Value::as_str);
                self.removed.extend(removed.map(str::to_owned));
            }
            _ => {}
        }
        self.since.insert((entry.action.clone(), text("type").unwrap_or_default()));
        if self.deep {
            self.take_deep(entry, &details);
        }
    }

    fn take_texts(&mut self, entry: &Entry, details: &Value) {
        let digests = evidence::words::digests(&entry.subject, details);
        self.texts.extend(digests.into_iter().map(str::to_owned));
    }

    fn take_deep(&mut self, entry: &Entry, details: &Value) {
        if entry.action == Action::Ingest.name() {
            *self.ingests.entry(IngestFacts::told(entry, details)).or_default() += 1;
        }
        let digest = details.get("decisions_sha256").and_then(Value::as_str);
        let count = details.get("decisions").and_then(Value::as_u64);
        if let (Some(digest), Some(count)) = (digest, count) {
            self.decisions.push((entry.number, count, digest.to_owned()));
        }
    }
}

/// Name of the setting that names this log in its checkpoints.
pub(super) const ORIGIN: &str = "evidence_origin";
