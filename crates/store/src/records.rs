//! What every aggregate uses: pages of rows, counts by verdict; and the rows of each aggregate,
//! which stand beside their SQL. Plain rows, no SQL and no database types.

use serde::{Deserialize, Serialize};

pub use crate::devices::records::*;
pub use crate::disclosures::records::*;
pub use crate::events::records::*;
pub use crate::evidence::records::*;
pub use crate::ingests::records::*;
pub use crate::jobs::records::*;
pub use crate::people::agreements::AgreementRow;
pub use crate::people::records::*;
pub use crate::verdicts::records::*;

/// Which part of a long list is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Page {
    /// Rows to pass over.
    pub offset: u64,
    /// Rows to return, at most [`Page::LIMIT_MAX`].
    pub limit: u64,
}

impl Page {
    /// Most rows one page may hold; bounds memory and answer time.
    pub const LIMIT_MAX: u64 = 1000;
}

/// A page of rows, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rows<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// How many rows match, on all pages.
    pub total: u64,
}

/// How many devices have each verdict for something.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct VerdictCounts {
    /// Affected.
    pub affected: u64,
    /// Not decided.
    pub unknown: u64,
    /// Not affected.
    pub not_affected: u64,
}

/// What became of something offered to the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was new.
    Added,
    /// It replaced an older version, which is kept.
    Updated,
    /// It was there already, byte for byte.
    Unchanged,
    /// A newer version is there already; this one is kept as history.
    Superseded,
}
