//! Values seen, each once, with how often and where first.
//!
//! Limits: a number of values in all and of each attribute at each endpoint, and of bytes. Where
//!         the table is full, weak values that were seen once make room.

use std::collections::BTreeMap;

use model::{Attribute, Confidence, Sighting, Source, Timestamp};

use super::hosts::Hosts;
use super::record::NO_HOST;
use crate::index::Index;
use crate::limits::{Limits, VALUES_PER_ATTRIBUTE_MAX};

/// A value that somebody found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finding<'a> {
    pub(crate) host: u32,
    pub(crate) attribute: Attribute,
    pub(crate) value: &'a str,
    pub(crate) confidence: Confidence,
    pub(crate) protocol: &'static str,
    pub(crate) field: &'static str,
    /// Where `protocol.field` does not name the rule.
    pub(crate) rule: Option<&'static str>,
    pub(crate) frame: u64,
    pub(crate) offset: u32,
    pub(crate) length: u32,
    pub(crate) first_seen: i64,
    pub(crate) last_seen: i64,
}

/// Whether a value was kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kept {
    Yes,
    /// The endpoint has shown too many values of this attribute.
    TooManyHere,
    /// The table is full.
    TooMany,
    /// It was, and so many weak ones had to make room.
    InPlaceOf(u64),
}

/// A [`Finding`] without its text.
struct Entry {
    value: (u32, u32),
    count: u64,
    finding: Finding<'static>,
}

/// Every value seen.
pub(crate) struct Sightings {
    index: Index,
    seed: u64,
    entries: Vec<Entry>,
    /// The values, one after the other.
    text: String,
    per_attribute: BTreeMap<(u32, Attribute), u16>,
    entries_max: usize,
    text_bytes_max: usize,
    /// True once no weak values are left that could make room.
    is_exhausted: bool,
}

impl Sightings {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            index: Index::new(limits.hash_seed),
            seed: limits.hash_seed,
            entries: Vec::new(),
            text: String::new(),
            per_attribute: BTreeMap::new(),
            entries_max: limits.sightings_max,
            text_bytes_max: limits.sighting_bytes_max.min(u32::MAX as usize),
            is_exhausted: false,
        }
    }

    /// Counts a finding. Of the places of a value, the most trusted is kept, of those the first.
    pub(crate) fn add(&mut self, finding: &Finding<'_>) -> Kept {
        if finding.host == NO_HOST {
            return Kept::TooMany;
        }
        let hash = self.index.hash(&(finding.host, finding.attribute, finding.value));
        let found = self.index.find(hash, |number| {
            self.entries.get(number as usize).is_some_and(|entry| {
                entry.finding.host == finding.host
                    && entry.finding.attribute == finding.attribute
                    && text_of(&self.text, entry.value) == finding.value
            })
        });
        if let Some(entry) = found.and_then(|number| self.entries.get_mut(number as usize)) {
            entry.again(finding);
            return Kept::Yes;
        }
        let mut gone = 0;
        if self.is_full(finding) {
            gone = self.let_weak_go();
            if self.is_full(finding) {
                return Kept::TooMany;
            }
        }
        let here = self.per_attribute.entry((finding.host, finding.attribute)).or_default();
        if *here >= VALUES_PER_ATTRIBUTE_MAX {
            return Kept::TooManyHere;
        }
        *here += 1;
        self.index.insert(hash, self.entries.len() as u32);
        let value = (self.text.len() as u32, finding.value.len() as u32);
        self.text.push_str(finding.value);
        self.entries.push(Entry { value, count: 1, finding: Finding { value: "", ..*finding } });
        if gone > 0 { Kept::InPlaceOf(gone) } else { Kept::Yes }
    }

    fn is_full(&self, finding: &Finding<'_>) -> bool {
        self.entries.len() >= self.entries_max
            || self.text.len() + finding.value.len() > self.text_bytes_max
    }

    /// Makes room; answers how many values went.
    fn let_weak_go(&mut self) -> u64 {
        if std::mem::replace(&mut self.is_exhausted, true) {
            return 0;
        }
        let before = self.entries.len();
        self.keep(|entry| {
            let weak = entry.count == 1 && entry.finding.confidence <= Confidence::WEAK;
            (!weak).then_some(entry.finding.host)
        });
        let gone = before - self.entries.len();
        self.is_exhausted = gone < self.entries_max / 16;
        gone as u64
    }

    /// Which endpoints a value was found of more than once.
    pub(crate) fn again(&self) -> Vec<bool> {
        let mut again = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.count > 1) {
            let host = entry.finding.host as usize;
            if again.len() <= host {
                again.resize(host + 1, false);
            }
            if let Some(again) = again.get_mut(host) {
                *again = true;
            }
        }
        again
    }

    /// Gives the endpoints new numbers, and drops the values of those that have none any more.
    pub(crate) fn renumber(&mut self, number: impl Fn(u32) -> Option<u32>) {
        self.keep(|entry| number(entry.finding.host));
        self.is_exhausted = false;
    }

    /// Keeps the values for which an endpoint is answered.
    fn keep(&mut self, host: impl Fn(&Entry) -> Option<u32>) {
        self.index = Index::new(self.seed);
        self.per_attribute.clear();
        let old = std::mem::take(&mut self.text);
        for mut entry in std::mem::take(&mut self.entries) {
            let Some(host) = host(&entry) else { continue };
            let value = text_of(&old, entry.value);
            entry.finding.host = host;
            entry.value = (self.text.len() as u32, value.len() as u32);
            let key = (host, entry.finding.attribute);
            self.index.insert(self.index.hash(&(key.0, key.1, value)), self.entries.len() as u32);
            *self.per_attribute.entry(key).or_default() += 1;
            self.text.push_str(value);
            self.entries.push(entry);
        }
    }

    /// Hands the values over, sorted, and starts anew.
    pub(crate) fn take(&mut self, hosts: &Hosts, capture: &str) -> Vec<Sighting> {
        self.index = Index::new(self.seed);
        self.per_attribute.clear();
        self.is_exhausted = false;
        let text = std::mem::take(&mut self.text);
        let mut sightings: Vec<Sighting> = std::mem::take(&mut self.entries)
            .into_iter()
            .map(|entry| entry.finish(&text, hosts, capture))
            .collect();
        sightings.sort_by(|a, b| {
            (a.endpoint, a.attribute, &a.value).cmp(&(b.endpoint, b.attribute, &b.value))
        });
        sightings
    }
}

impl Entry {
    fn again(&mut self, other: &Finding<'_>) {
        self.count += 1;
        let (first_seen, last_seen) = (
            self.finding.first_seen.min(other.first_seen),
            self.finding.last_seen.max(other.last_seen),
        );
        if other.confidence > self.finding.confidence {
            self.finding = Finding { value: "", ..*other };
        }
        (self.finding.first_seen, self.finding.last_seen) = (first_seen, last_seen);
    }

    fn finish(self, text: &str, hosts: &Hosts, capture: &str) -> Sighting {
        let finding = self.finding;
        let rule = match finding.rule {
            Some(rule) => rule.to_owned(),
            None => format!("{}.{}", finding.protocol, finding.field),
        };
        Sighting {
            endpoint: hosts.endpoint(finding.host),
            attribute: finding.attribute,
            value: text_of(text, self.value).to_owned(),
            confidence: finding.confidence,
            source: Source::Wire {
                capture: capture.to_owned(),
                frame: finding.frame,
                offset_bytes: finding.offset,
                length_bytes: finding.length,
                protocol: finding.protocol.to_owned(),
                field: finding.field.to_owned(),
                rule,
                source_id: None,
            },
            first_seen: Timestamp::from_micros(finding.first_seen),
            last_seen: Timestamp::from_micros(finding.last_seen),
            count: self.count,
        }
    }
}

fn text_of(text: &str, (start, length): (u32, u32)) -> &str {
    text.get(start as usize..(start + length) as usize).unwrap_or_default()
}
