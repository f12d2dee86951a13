//! Rows of the evidence log.

use std::collections::BTreeMap;

use evidence::Head;
use model::Timestamp;
use serde::{Deserialize, Serialize};

/// A row of the evidence log as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// Position, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who: an account, or `system`.
    pub actor: String,
    /// What was done, e.g. `ingest`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Details, as JSON.
    pub details: serde_json::Value,
    /// Hash of this row, hexadecimal.
    pub hash: String,
    /// The texts that the row holds only the token of; nothing where one was removed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub words: BTreeMap<String, Option<String>>,
}

impl EvidenceRow {
    /// Its subject as people read it.
    pub fn shown_subject(&self) -> String {
        self.spelled(&self.subject)
    }

    /// A text with words in the place of tokens.
    pub fn spelled(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (token, word)| {
            text.replace(token, word.as_deref().unwrap_or("[removed]"))
        })
    }
}

/// What a removal removed.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Removed {
    /// Rows that held it, by table.
    pub places: BTreeMap<String, u64>,
    /// Documents and texts that are gone whole, by their digest.
    pub digests: Vec<String>,
    /// Rows of evidence that held it in clear, with the hash they keep.
    pub rows: Vec<Head>,
}

/// What the tables of a house hold, as digests.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Schema of the database; another one has other columns.
    pub schema: i64,
    /// By the name of the table.
    pub tables: BTreeMap<String, TableState>,
}

/// What one table holds.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct TableState {
    /// Rows.
    pub rows: u64,
    /// SHA-256 over them, hexadecimal.
    pub sha256: String,
}

/// A checkpoint as it is kept.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct CheckpointRow {
    /// The row of evidence that it ends with.
    pub evidence: u64,
    /// When.
    pub at: Timestamp,
    /// The signed note.
    pub note: String,
}

/// Something that is not what something else says of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Unlike {
    /// What.
    pub what: String,
    /// What is held; empty where it was removed.
    pub held: String,
    /// What it should be.
    pub expected: String,
}

/// A text that the evidence holds only the digest of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EvidenceText {
    /// SHA-256 of salt and text, hexadecimal.
    pub digest: String,
    /// Random, hexadecimal; empty where the text was removed.
    pub salt: String,
    /// The text; empty where it was removed.
    pub content: String,
}
