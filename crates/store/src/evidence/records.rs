//! Rows of the evidence log.

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
}
