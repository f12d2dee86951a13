//! Reading a chain back: is every row as it was written, in order, none missing?
//!
//! Input:  rows in order of their number, one at a time; nothing but the row before is kept, so
//!         a log of any length is checked in the same memory.
//! Limits: see [`crate::chain`] on what only a noted head can show.

use std::collections::BTreeMap;

use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::action::Action;
use crate::chain::{Entry, GENESIS_HASH, Head};

/// Whether a chain holds.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// True where every row is as it was written, in order, none missing.
    pub ok: bool,
    /// Rows looked at.
    pub rows: u64,
    /// Hash of the last row that holds, hexadecimal; 64 zeros where there is none.
    pub head: String,
    /// The first row that does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_bad: Option<Bad>,
    /// What is odd and breaks nothing: the first twenty such rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Bad>,
}

/// A row that does not hold, or is odd.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Bad {
    /// Its number as it should be, from 1.
    pub row: u64,
    /// What is wrong with it, in plain words.
    pub reason: String,
}

/// Checks a whole chain.
pub fn verify(entries: impl IntoIterator<Item = Entry>) -> Check {
    run(Verifier::new(), entries)
}

/// Checks a whole chain that must contain `known`: a head noted earlier and kept elsewhere.
///
/// The chain may have grown since. It fails where it is shorter than `known` or has another row
/// in that place, which shows a cut end and a rewritten chain.
pub fn verify_against(entries: impl IntoIterator<Item = Entry>, known: &Head) -> Check {
    run(Verifier::against(known.clone()), entries)
}

/// Checks rows as they come.
#[derive(Clone, Debug)]
pub struct Verifier {
    known: Option<Head>,
    rows: u64,
    held: Head,
    at: Option<Timestamp>,
    first_bad: Option<Bad>,
    warnings: Vec<Bad>,
    /// Rows whose content is not what their hash was taken of, with that hash and what held before
    /// the first of them. A later row may say that their content was removed.
    doubtful: BTreeMap<u64, String>,
    before_doubt: Option<Head>,
}

impl Verifier {
    /// Nothing seen yet.
    pub fn new() -> Self {
        let held = Head { number: 0, hash: GENESIS_HASH.to_owned() };
        Self {
            known: None,
            rows: 0,
            held,
            at: None,
            first_bad: None,
            warnings: Vec::new(),
            doubtful: BTreeMap::new(),
            before_doubt: None,
        }
    }

    /// As [`Verifier::new`], for a chain that must contain `known`.
    pub fn against(known: Head) -> Self {
        Self { known: Some(known), ..Self::new() }
    }

    /// Takes the next row. After the first bad one, rows are only counted.
    pub fn push(&mut self, entry: &Entry) {
        self.rows += 1;
        if self.first_bad.is_some() {
            return;
        }
        match self.fault(entry) {
            None => {
                self.look_at_the_clock(entry);
                self.look_at_the_content(entry);
                self.held = entry.head();
            }
            Some(reason) => self.bad(reason),
        }
    }

    /// Takes a row that could not even be read.
    pub fn push_unreadable(&mut self, reason: &str) {
        self.rows += 1;
        if self.first_bad.is_none() {
            self.bad(format!("the row cannot be read: {reason}"));
        }
    }

    /// The result.
    pub fn finish(mut self) -> Check {
        if let (Some(row), Some(before)) = (self.doubtful.keys().next(), self.before_doubt.take()) {
            let reason = "its content is not what its hash was taken of".to_owned();
            self.first_bad = Some(Bad { row: *row, reason });
            self.held = before;
        }
        if let (None, Some(known)) = (&self.first_bad, &self.known)
            && known.number > self.held.number
        {
            let (known, held) = (known.number, self.held.number);
            self.bad(format!("the log ends at row {held}, but row {known} was written once"));
        }
        Check {
            ok: self.first_bad.is_none(),
            rows: self.rows,
            head: self.held.hash,
            first_bad: self.first_bad,
            warnings: self.warnings,
        }
    }

    /// A row whose content is gone is in doubt until a later row says who removed it.
    fn look_at_the_content(&mut self, entry: &Entry) {
        if entry.expected_hash() != entry.hash {
            self.before_doubt.get_or_insert_with(|| self.held.clone());
            self.doubtful.insert(entry.number, entry.hash.clone());
        } else if entry.action == Action::Redact.name() {
            let details: Value = serde_json::from_str(&entry.details).unwrap_or_default();
            let rows = details.get("rows").cloned().unwrap_or_default();
            for Head { number, hash } in
                serde_json::from_value::<Vec<Head>>(rows).unwrap_or_default()
            {
                if self.doubtful.get(&number) == Some(&hash) {
                    self.doubtful.remove(&number);
                    let reason =
                        format!("{} removed its content, see row {}", entry.actor, entry.number);
                    self.warnings.push(Bad { row: number, reason });
                }
            }
        }
    }

    /// A clock that went backwards is odd, whoever turned it.
    fn look_at_the_clock(&mut self, entry: &Entry) {
        let before = self.at.replace(entry.at);
        if let Some(before) = before.filter(|before| *before > entry.at)
            && self.warnings.len() < WARNINGS_MAX
        {
            let reason = format!("the clock went back from {before} to {}", entry.at);
            self.warnings.push(Bad { row: entry.number, reason });
        }
    }

    fn bad(&mut self, reason: String) {
        self.first_bad = Some(Bad { row: self.held.number + 1, reason });
    }

    fn fault(&self, entry: &Entry) -> Option<String> {
        let wanted = self.held.number + 1;
        if entry.number != wanted {
            return Some(format!("row {wanted} is missing; row {} stands here", entry.number));
        }
        if entry.previous_hash != self.held.hash {
            return Some("it does not follow from the row before it".to_owned());
        }
        let known = self.known.as_ref().filter(|known| known.number == entry.number)?;
        (known.hash != entry.hash).then(|| "it is not the row that was noted once".to_owned())
    }
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new()
    }
}

fn run(mut verifier: Verifier, entries: impl IntoIterator<Item = Entry>) -> Check {
    for entry in entries {
        verifier.push(&entry);
    }
    verifier.finish()
}

/// Warnings kept of one chain.
const WARNINGS_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::chain::{Act, Chain};

    fn chain(length: i64) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for number in 0..length {
            let details = json!({ "number": number });
            let act = Act {
                at: Timestamp::from_seconds(number),
                actor: "ada",
                action: "ingest",
                subject: "ward.pcap",
                details: &details,
            };
            entries.push(Chain::next(entries.last().map(Entry::head).as_ref(), &act));
        }
        entries
    }

    #[test]
    fn a_whole_chain_holds() {
        let empty = verify([]);
        assert_eq!((empty.ok, empty.rows, empty.head.as_str()), (true, 0, GENESIS_HASH));
        let entries = chain(5);
        let check = verify(entries.clone());
        assert_eq!((check.ok, check.rows, &check.head), (true, 5, &entries[4].hash));
    }

    #[test]
    fn content_that_was_removed_is_said_and_content_that_was_changed_is_found() {
        let mut entries = chain(3);
        entries[1].subject = "[removed]".to_owned();
        assert_eq!(verify(entries.clone()).first_bad.unwrap().row, 2, "nobody says so");
        let redact = |rows: Vec<Head>| {
            let details = json!({ "rows": rows });
            let act = Act {
                at: Timestamp::from_seconds(9),
                actor: "ada",
                action: Action::Redact.name(),
                subject: "",
                details: &details,
            };
            Chain::next(Some(&entries[2].head()), &act)
        };
        let with = |last: Entry| verify(entries.iter().cloned().chain([last]));
        let said = with(redact(vec![entries[1].head()]));
        assert!(said.ok, "{said:?}");
        assert_eq!((said.rows, said.warnings[0].row), (4, 2));
        assert!(said.warnings[0].reason.contains("ada removed its content, see row 4"));
        let other = Head { number: 2, hash: entries[0].hash.clone() };
        assert_eq!(with(redact(vec![other])).first_bad.unwrap().row, 2, "of another row");
    }

    #[test]
    fn a_clock_that_goes_back_is_told_and_breaks_nothing() {
        let mut entries = chain(2);
        let details = json!(null);
        let act =
            Act { at: Timestamp::EPOCH, actor: "", action: "", subject: "", details: &details };
        entries.push(Chain::next(Some(&entries[1].head()), &act));
        let check = verify(entries);
        assert!(check.ok);
        assert_eq!(check.warnings.iter().map(|one| one.row).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn a_known_head_shows_a_cut_end_and_a_rewritten_chain() {
        let entries = chain(5);
        let known = entries[3].head();
        assert!(verify_against(entries.clone(), &known).ok, "grown since");
        assert!(verify_against(entries[..4].to_vec(), &known).ok, "as it was");
        let cut = verify_against(entries[..3].to_vec(), &known);
        assert_eq!(cut.first_bad.unwrap().row, 4);
        let mut rewritten = entries[..3].to_vec();
        let details = json!("other");
        let act = Act {
            at: Timestamp::EPOCH,
            actor: "eve",
            action: "ingest",
            subject: "",
            details: &details,
        };
        rewritten.push(Chain::next(Some(&entries[2].head()), &act));
        assert!(verify(rewritten.clone()).ok, "nothing shows it without a head");
        assert_eq!(verify_against(rewritten, &known).first_bad.unwrap().row, 4);
    }

    #[test]
    fn a_row_that_cannot_be_read_is_bad_and_the_rest_is_counted() {
        let entries = chain(3);
        let mut verifier = Verifier::new();
        verifier.push(&entries[0]);
        verifier.push_unreadable("not text");
        verifier.push(&entries[2]);
        let check = verifier.finish();
        assert_eq!((check.rows, check.first_bad.unwrap().row), (3, 2));
    }

    type Change = fn(&mut Entry);

    const CHANGES: [(&str, Change); 8] = [
        ("number", |entry| entry.number += 1),
        ("at", |entry| entry.at = Timestamp::from_micros(entry.at.as_micros() + 1)),
        ("actor", |entry| entry.actor.push('x')),
        ("action", |entry| entry.action.push('x')),
        ("subject", |entry| entry.subject.push('x')),
        ("details", |entry| entry.details.push(' ')),
        ("previous_hash", |entry| {
            entry.previous_hash = entry.previous_hash.replace('0', "1") + "0";
        }),
        ("hash", |entry| entry.hash = entry.hash.chars().rev().chain(['0']).collect()),
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_changed_field_shows_at_its_row(at in 0usize..6, change in 0usize..CHANGES.len()) {
            let mut entries = chain(6);
            CHANGES[change].1(&mut entries[at]);
            let bad = verify(entries).first_bad.expect(CHANGES[change].0);
            prop_assert_eq!(bad.row, at as u64 + 1);
        }

        #[test]
        fn a_changed_byte_of_any_text_shows(at in 0usize..6, field in 0usize..5, place: usize) {
            let mut entries = chain(6);
            let entry = &mut entries[at];
            let text = [
                &mut entry.actor, &mut entry.action, &mut entry.subject, &mut entry.details,
                &mut entry.hash,
            ].into_iter().nth(field).unwrap();
            let mut bytes = text.clone().into_bytes();
            let place = place % bytes.len();
            bytes[place] ^= 1;
            *text = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(verify(entries).first_bad.unwrap().row, at as u64 + 1);
        }

        #[test]
        fn a_missing_row_shows(at in 0usize..5) {
            let mut entries = chain(6);
            entries.remove(at);
            prop_assert_eq!(verify(entries).first_bad.unwrap().row, at as u64 + 1);
        }

        #[test]
        fn a_row_added_shows(at in 0usize..6) {
            let mut entries = chain(6);
            entries.insert(at, entries[at].clone());
            prop_assert_eq!(verify(entries).first_bad.unwrap().row, at as u64 + 2);
        }

        #[test]
        fn swapped_rows_show(first in 0usize..5, by in 1usize..5) {
            let mut entries = chain(6);
            let second = (first + by).min(5);
            entries.swap(first, second);
            prop_assert_eq!(verify(entries).first_bad.unwrap().row, first as u64 + 1);
        }
    }
}
