//! Events: what happened, in order.

use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event to write.
#[derive(Clone, Copy, Debug)]
pub struct NewEvent<'a> {
    /// When.
    pub at: Timestamp,
    /// What happened: a name of `evidence::Action`.
    pub kind: &'a str,
    /// Who did it.
    pub actor: &'a str,
    /// To what.
    pub subject: &'a str,
    /// At which site; empty for the house as a whole.
    pub site: &'a str,
    /// Number of the row of evidence that tells the same.
    pub evidence: u64,
    /// More, as JSON.
    pub body: &'a Value,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRow {
    /// Position, from 1; grows, without gaps.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// To what.
    pub subject: String,
    /// At which site; empty for the house as a whole.
    pub site: String,
    /// Number of the row of evidence that tells the same.
    pub evidence: u64,
    /// More, as JSON.
    pub body: Value,
}
