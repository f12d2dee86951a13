//! Oddities, as values: what was strange, where, and who is answerable.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Who is answerable for something that went wrong.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answerable {
    /// Whoever sent the bytes or wrote the document.
    Sender,
    /// The capture: cut, lossy or damaged on the way to us.
    Capture,
    /// Whoever called us, with a wrong argument or file.
    Caller,
    /// The machine we run on.
    Environment,
    /// Us: one of our limits, or a bug.
    Us,
}

/// Something odd on the wire, counted by kind and protocol; the first place is kept.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct WireAnomaly {
    /// Protocol or layer, e.g. `tcp`.
    pub protocol: Cow<'static, str>,
    /// What was odd, e.g. `overlap with different bytes`.
    pub what: Cow<'static, str>,
    /// Who is answerable.
    pub answerable: Answerable,
    /// Name of the capture in which it was first seen, without its folder.
    pub capture: String,
    /// Frame in which it was first seen, from 1.
    pub first_frame: u64,
    /// How often.
    pub count: u64,
}

/// A piece of input that was not used, and why. Nothing is skipped without one of these.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Skip {
    /// File, as the caller named it.
    pub path: String,
    /// Place in the file: `row 7`, `frame 12`, a JSON pointer; empty for the whole file.
    #[serde(rename = "where")]
    pub place: String,
    /// Why, in plain words.
    pub reason: String,
    /// Who is answerable.
    pub answerable: Answerable,
}
