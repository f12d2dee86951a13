//! Rows of jobs.

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// Work that comes again and again.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct JobRow {
    /// Its name.
    pub name: String,
    /// When it is due next.
    pub next_run: Timestamp,
    /// Until when somebody is at it; none where nobody is.
    pub held_until: Option<Timestamp>,
    /// When it last began.
    pub started: Option<Timestamp>,
    /// When it last ended.
    pub ended: Option<Timestamp>,
    /// Whether it was done then.
    pub done: bool,
    /// What came of it, in plain words.
    pub result: String,
}
