//! Rows of what was taken in.

use model::{Skip, Timestamp};
use serde::{Deserialize, Serialize};

/// One file or stream that was taken in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IngestRow {
    /// File, without its folder.
    pub name: String,
    /// Type: `capture`, `csaf`, `kev`, `epss`, `inventory`.
    pub kind: String,
    /// SHA-256, hexadecimal.
    pub content_hash: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Records read.
    pub read: u64,
    /// Records used.
    pub accepted: u64,
    /// Records that were there already.
    pub unchanged: u64,
    /// What was not used, and why; a page of it when read back.
    pub skipped: Vec<Skip>,
    /// How many were not used.
    pub skipped_count: u64,
}
