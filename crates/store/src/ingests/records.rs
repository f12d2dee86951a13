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

/// The newest export of an inventory stream.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct StreamNow {
    /// Name, unique within the site.
    pub name: String,
    /// Its headings, normalised and sorted.
    pub headings: Vec<String>,
    /// SHA-256 of the export, hexadecimal.
    pub content_hash: String,
    /// Name and version of the program part that read it.
    pub parser: String,
    /// True while a person has to say whether the export is partial.
    pub pending: bool,
}

/// An inventory stream of one site.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct StreamRow {
    /// Site.
    pub site: String,
    /// Its newest export.
    #[serde(flatten)]
    pub now: StreamNow,
    /// Number of the ingest that took it in.
    pub ingest: u64,
    /// File of the newest export, without its folder.
    pub file: String,
    /// When it was taken in.
    pub at: Timestamp,
    /// Devices that it lists.
    pub listed: u64,
    /// Devices that it listed once.
    pub gone: u64,
}
