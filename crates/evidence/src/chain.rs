//! Rows of the evidence log, each sealed by a hash over itself and the row before it.
//!
//! Source: FIPS 180-4 (SHA-256); RFC 8259 (JSON).
//!
//! Output: the *record* of a row is one line of JSON in UTF-8, without white space and without a
//! line break at its end, with exactly these members in this order:
//!
//! ```text
//! {"number":N,"at":"T","actor":"A","action":"V","subject":"S","details":D,"previous_hash":"P"}
//! ```
//!
//! * `N`: position in the log, a decimal number from 1, one more than the row before.
//! * `T`: time in UTC as RFC 3339 with `Z` and as many decimals of a second as are not zero (up
//!   to six), e.g. `2026-11-23T09:30:00Z` or `2026-11-23T09:30:00.25Z`.
//! * `A`, `V`, `S`: account (or `system`), what was done, to what. JSON strings; U+0000 never
//!   occurs in them, it is written as U+FFFD when the row is made.
//! * `D`: details as JSON, white space removed, members of every object sorted by the bytes of
//!   their names ([`crate::canonical_json`]).
//! * `P`: hash of the row before, 64 lower-case hexadecimal digits; 64 zeros in row 1.
//!
//! In strings only `"`, `\` and the controls below U+0020 are escaped, the latter as `\b \t \n
//! \f \r` or `\u00xx`. The hash of the row is the SHA-256 of those bytes, so that anybody checks
//! it with `printf %s 'RECORD' | sha256sum` and compares it with the `P` of the next row.
//!
//! Limits: a chain shows that a row was changed, removed, added or moved *before its end*. Rows cut
//! off at the end, or a chain rewritten from some row to the end, show only against a head that
//! was noted elsewhere: see [`crate::verify_against`].
//!
//! Privacy: a row names devices, documents, files and accounts. It never carries patient data,
//! passwords or tokens; whoever writes a row answers for that.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical::{canonical_json, sha256_hex, write_string};
use model::Timestamp;

/// What stands for the hash of the row before the first.
pub const GENESIS_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Something that was done, before it is a row.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// When.
    pub at: Timestamp,
    /// Who: an account, or `system`.
    pub actor: &'a str,
    /// What was done, e.g. `ingest`.
    pub action: &'a str,
    /// To what: a device, a document, a file, an account.
    pub subject: &'a str,
    /// Details; any JSON.
    pub details: &'a Value,
}

/// A row of the evidence log.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Position, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Details, as canonical JSON text.
    pub details: String,
    /// Hash of the row before, hexadecimal.
    pub previous_hash: String,
    /// Hash of this row, hexadecimal.
    pub hash: String,
}

/// The end of a chain at some time: noting it elsewhere makes a cut end visible later.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Number of the last row.
    pub number: u64,
    /// Its hash, hexadecimal.
    pub hash: String,
}

/// Makes rows.
#[derive(Clone, Copy, Debug)]
pub struct Chain;

impl Chain {
    /// The row that follows `previous`, or the first row where there is none.
    pub fn next(previous: Option<&Head>, act: &Act<'_>) -> Entry {
        let mut entry = Entry {
            number: previous.map_or(1, |head| head.number.saturating_add(1)),
            at: act.at,
            actor: without_nul(act.actor),
            action: without_nul(act.action),
            subject: without_nul(act.subject),
            details: canonical_json(act.details),
            previous_hash: previous.map_or(GENESIS_HASH, |head| &head.hash).to_owned(),
            hash: String::new(),
        };
        entry.hash = entry.expected_hash();
        entry
    }
}

impl Entry {
    /// The bytes that are hashed, as this module's head describes them.
    pub fn record(&self) -> String {
        let mut text = format!("{{\"number\":{},\"at\":", self.number);
        write_string(&mut text, &self.at.to_string());
        for (name, value) in
            [("actor", &self.actor), ("action", &self.action), ("subject", &self.subject)]
        {
            text.push_str(",\"");
            text.push_str(name);
            text.push_str("\":");
            write_string(&mut text, value);
        }
        text.push_str(",\"details\":");
        text.push_str(&self.details);
        text.push_str(",\"previous_hash\":");
        write_string(&mut text, &self.previous_hash);
        text.push('}');
        text
    }

    /// The hash that this row should have.
    pub fn expected_hash(&self) -> String {
        sha256_hex(self.record().as_bytes())
    }

    /// This row as the end of a chain.
    pub fn head(&self) -> Head {
        Head { number: self.number, hash: self.hash.clone() }
    }
}

/// PostgreSQL cannot hold U+0000 in text, and a row must read back as it was hashed.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The hash was computed with `printf %s RECORD | sha256sum`.
    #[test]
    fn first_row_is_what_sha256sum_says() {
        let entry = Chain::next(
            None,
            &Act {
                at: Timestamp::from_seconds(1_795_426_200),
                actor: "system",
                action: "ingest",
                subject: "ward\n7.pcap",
                details: &json!({"read": 12, "kind": "capture"}),
            },
        );
        let want = format!(
            "{{\"number\":1,\"at\":\"2026-11-23T09:30:00Z\",\"actor\":\"system\",\
             \"action\":\"ingest\",\"subject\":\"ward\\n7.pcap\",\
             \"details\":{{\"kind\":\"capture\",\"read\":12}},\"previous_hash\":\"{GENESIS_HASH}\"}}"
        );
        assert_eq!(entry.record(), want);
        assert_eq!(entry.hash, "a40ed2101e136be3df99767eca1767a1c4d0998ad8e23624e121f165f98c7c99");
    }

    #[test]
    fn next_row_names_the_one_before() {
        let act = Act {
            at: Timestamp::EPOCH,
            actor: "a\0b",
            action: "x",
            subject: "",
            details: &Value::Null,
        };
        let first = Chain::next(None, &act);
        let second = Chain::next(Some(&first.head()), &act);
        assert_eq!((second.number, &second.previous_hash), (2, &first.hash));
        assert_eq!(second.actor, "a\u{fffd}b");
        assert_ne!(second.hash, first.hash);
    }
}
