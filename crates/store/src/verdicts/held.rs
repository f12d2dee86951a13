//! The verdicts of one configuration as they are compared: before and after.

use std::collections::BTreeMap;

use model::{Timestamp, Verdict, VerdictRow};

use crate::records::DecisionRow;
use crate::verdicts::configurations::rank;

/// The number of a disclosure, and a vulnerability of it.
pub(super) type Name = (i64, String);

/// When verdicts were decided, by name and rank.
pub(super) type Times = BTreeMap<(Name, i64), Timestamp>;

/// Verdicts by name, without the time when they were decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Held(BTreeMap<Name, Vec<VerdictRow>>);

/// A change, and the number of its disclosure.
pub(super) struct Decided {
    pub(super) disclosure: i64,
    pub(super) row: DecisionRow,
}

impl Held {
    pub(super) fn add(&mut self, name: Name, row: VerdictRow) {
        self.0.entry(name).or_default().push(row);
    }

    pub(super) fn replace(&mut self, name: &Name, rows: Vec<VerdictRow>) {
        self.0.insert(name.clone(), rows);
    }

    pub(super) fn retain(&mut self, wanted: impl Fn(&Name) -> bool) {
        self.0.retain(|name, _| wanted(name));
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.0.keys()
    }

    pub(super) fn rows(&self, name: &Name) -> &[VerdictRow] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// A disclosure may name several products of a configuration; the worst verdict counts.
    pub(super) fn worst(&self, name: &Name) -> Option<Verdict> {
        self.rows(name).iter().map(|row| row.verdict).min_by_key(|verdict| rank(*verdict))
    }

    pub(super) fn into_rows(self) -> impl Iterator<Item = (Name, VerdictRow)> {
        self.0
            .into_iter()
            .flat_map(|(name, rows)| rows.into_iter().map(move |row| (name.clone(), row)))
    }

    /// The newest version of the document that had a part in it.
    fn version(&self, name: &Name) -> Option<&str> {
        let row = self.rows(name).first()?;
        Some(row.ended.as_ref().map_or(&row.disclosure_version, |ended| &ended.version))
    }
}

pub(super) fn time_of(name: &Name, row: &VerdictRow) -> (Name, i64) {
    (name.clone(), rank(row.verdict))
}

/// What changed between two states, and why: another version of the document where there is one,
/// else `because`.
pub(super) fn differences(
    before: &Held,
    after: &Held,
    at: Timestamp,
    because: &str,
) -> Vec<Decided> {
    let mut names: Vec<&Name> = before.names().chain(after.names()).collect();
    names.sort_unstable();
    names.dedup();
    let change = |name: &Name| {
        let (from, to) = (before.worst(name), after.worst(name));
        let row = after.rows(name).first().or_else(|| before.rows(name).first())?;
        (from != to).then(|| Decided {
            disclosure: name.0,
            row: DecisionRow {
                disclosure: row.disclosure.clone(),
                disclosure_namespace: row.disclosure_namespace.clone(),
                vulnerability: name.1.clone(),
                from,
                to,
                at,
                because: newer_version(before, after, name).unwrap_or_else(|| because.to_owned()),
            },
        })
    };
    names.into_iter().filter_map(change).collect()
}

fn newer_version(before: &Held, after: &Held, name: &Name) -> Option<String> {
    let (old, new) = before.version(name).zip(after.version(name))?;
    (old != new).then(|| format!("version {new} of the document follows version {old}"))
}
