//! What makes a disclosure the same disclosure, and which of its versions counts.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Timestamp;

/// The key of a disclosure: the publisher's namespace and the tracking identifier in it.
///
/// Written as `NAMESPACE#ID`, with `%` and `#` of the namespace percent-encoded, so that no two keys
/// are written alike.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DisclosureKey {
    /// Namespace of the publisher, a URI.
    pub namespace: String,
    /// Tracking identifier, e.g. `ICSMA-23-194-01`.
    pub id: String,
}

/// The caller: this text is no key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a key is written NAMESPACE#ID")]
pub struct DisclosureKeyError;

impl DisclosureKey {
    /// The key of `id` in `namespace`.
    pub fn new(namespace: impl Into<String>, id: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), id: id.into() }
    }
}

impl fmt::Display for DisclosureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.namespace.replace('%', "%25").replace('#', "%23");
        write!(f, "{namespace}#{}", self.id)
    }
}

impl FromStr for DisclosureKey {
    type Err = DisclosureKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (namespace, id) = text.split_once('#').ok_or(DisclosureKeyError)?;
        Ok(Self::new(namespace.replace("%23", "#").replace("%25", "%"), id))
    }
}

impl Serialize for DisclosureKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DisclosureKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What decides which of several versions of one disclosure counts: a draft never does beside
/// another, then the highest version, then the latest release.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Edition<'a> {
    /// `draft`, `interim` or `final`.
    pub status: &'a str,
    /// Version of the document.
    pub version: &'a str,
    /// When this version was released.
    pub released: Option<Timestamp>,
}

impl Edition<'_> {
    /// Whether this one counts before `other`; `Equal` leaves it to who came last.
    pub fn compare(&self, other: &Self) -> Ordering {
        let ready = |edition: &Self| edition.status != "draft";
        ready(self).cmp(&ready(other)).then_with(|| self.follows(other))
    }

    /// Which one was made later, whether or not either is a draft.
    pub fn follows(&self, other: &Self) -> Ordering {
        let order = compare_versions(self.version, other.version);
        order.then_with(|| self.released.cmp(&other.released))
    }
}

/// Compares document versions: integers or `MAJOR.MINOR.PATCH`, a pre-release before its release.
///
/// Source: CSAF 2.0, 3.1.11 (version type); semver.org 2.0.0, 11 (precedence).
fn compare_versions(left: &str, right: &str) -> Ordering {
    let key = |version: &str| {
        let version = version.split('+').next().unwrap_or_default().to_owned();
        let (core, early) = match version.split_once('-') {
            Some((core, early)) => (core.to_owned(), Some(early.to_owned())),
            None => (version, None),
        };
        let mut numbers: Vec<u64> =
            core.split('.').map(|part| part.trim().parse().unwrap_or_default()).collect();
        numbers.resize(VERSION_PARTS.max(numbers.len()), 0);
        (numbers, early.is_none(), early)
    };
    key(left).cmp(&key(right))
}

/// Parts of a semantic version; `2` and `2.0.0` are the same.
const VERSION_PARTS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    #[test]
    #[rustfmt::skip]
    fn compares_document_versions() {
        for (left, right, want) in [
            ("1",          "2",          Less),
            ("10",         "9",          Greater),
            ("1.0.0",      "1.0.0",      Equal),
            ("2",          "2.0.0",      Equal),
            ("1.10.0",     "1.9.9",      Greater),
            ("1.0.0-rc.1", "1.0.0",      Less),
            ("1.0.0+b7",   "1.0.0",      Equal),
            ("",           "1",          Less),
        ] {
            assert_eq!(compare_versions(left, right), want, "{left} {right}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn a_draft_counts_before_nothing() {
        let one = |status, version| Edition { status, version, released: None };
        for (name, left, right, want) in [
            ("a later draft",   one("draft", "2"),   one("final", "1"),   Less),
            ("the final of it", one("final", "2"),   one("draft", "2"),   Greater),
            ("two drafts",      one("draft", "2"),   one("draft", "1"),   Greater),
            ("interim",         one("interim", "2"), one("final", "1"),   Greater),
        ] {
            assert_eq!(left.compare(&right), want, "{name}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn no_two_keys_are_written_alike() {
        for (left, right) in [
            (DisclosureKey::new("https://a.example", "b#c"), DisclosureKey::new("https://a.example#b", "c")),
            (DisclosureKey::new("https://a.example#b", "c"), DisclosureKey::new("https://a.example%23b", "c")),
            (DisclosureKey::new("", "c"),                    DisclosureKey::new("c", "")),
        ] {
            assert_ne!(left.to_string(), right.to_string());
            for key in [left, right] {
                assert_eq!(key.to_string().parse(), Ok(key));
            }
        }
        assert!("ICSMA-23-194-01".parse::<DisclosureKey>().is_err());
    }
}
