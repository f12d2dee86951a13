//! Reads rule sets back, with the meaning that each filter gives them.
//!
//! A reader knows the lines that it knows and refuses every other, with the line: a line that was
//! passed over could let anything in. Limits: [`TEXT_BYTES_MAX`].

mod fortios;
mod ios;
mod nftables;
mod panos;
mod windows;

use crate::packets::{Diagrams, ICMP, Region, Set, State, TooLarge};
use crate::render::Target;

/// Most bytes of a rule set.
pub const TEXT_BYTES_MAX: usize = 64 << 20;

/// One list of rules and what it lets pass.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct List {
    /// The hook, the list's name, or the direction.
    pub name: String,
    /// What passes. Of a filter with memory what it knows passes as [`crate::packets::State`] says.
    pub passed: Set,
    /// Whether the filter knows conversations.
    pub memory: bool,
}

/// Caller: a rule set that was not read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// A line that the reader does not know.
    #[error("line {line}: {reason}: `{text}`")]
    Line {
        /// From 1.
        line: usize,
        /// What stands there, shortened.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The sets cannot be held.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

impl ReadError {
    fn line(line: usize, text: &str, reason: impl Into<String>) -> Self {
        let text = text.chars().filter(|sign| !sign.is_control()).take(80).collect();
        Self::Line { line, text, reason: reason.into() }
    }
}

/// One line of a rule set, for readers that go by lines.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    text: &'a str,
}

impl Line<'_> {
    fn refused(self, reason: &str) -> ReadError {
        ReadError::line(self.number, self.text.trim(), reason)
    }
}

/// Reads a rule set.
///
/// # Errors
///
/// [`ReadError`] with the first line that is not known.
pub fn read(target: Target, text: &str, diagrams: &mut Diagrams) -> Result<Vec<List>, ReadError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(ReadError::line(1, "", format!("more than {TEXT_BYTES_MAX} bytes")));
    }
    match target {
        Target::Nftables => nftables::read(text, diagrams),
        Target::Ios => ios::read(text, diagrams),
        Target::Panos => panos::read(text, diagrams),
        Target::Fortios => fortios::read(text, diagrams),
        Target::Windows => windows::read(text, diagrams),
    }
}

/// What a filter with memory lets pass, where its rules only speak of openings.
fn with_memory(passed: Set, diagrams: &mut Diagrams) -> Result<Set, TooLarge> {
    let opening = Region { states: vec![State::Opening], ..Region::default() }.set(diagrams)?;
    let known = known(diagrams)?;
    let passed = diagrams.intersection(passed, opening)?;
    diagrams.union(passed, known)
}

/// What belongs to conversations that a filter with memory knows.
pub(crate) fn known(diagrams: &mut Diagrams) -> Result<Set, TooLarge> {
    let states = vec![State::Answering, State::Related];
    Region { states, ..Region::default() }.set(diagrams)
}

/// A number within bounds, digits only.
fn number(word: &str, max: u32) -> Option<u32> {
    let plain =
        !word.is_empty() && word.len() <= 10 && word.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| word.parse().ok()).flatten().filter(|value| *value <= max)
}

/// A port, by number or by the names that filters give.
fn port(word: &str) -> Option<u16> {
    number(word, u16::MAX.into()).or_else(|| named("port", word)).map(|value| value as u16)
}

/// A protocol above IP, by number or name.
fn protocol(word: &str) -> Option<u8> {
    number(word, 255).or_else(|| named("protocol", word)).map(|value| value as u8)
}

/// A type of ICMP or ICMPv6, by number or name.
fn icmp_type(protocol: u8, word: &str) -> Option<u16> {
    let kind = if protocol == ICMP { "icmp" } else { "icmpv6" };
    number(word, 255).or_else(|| named(kind, word)).map(|value| value as u16)
}

/// What a name stands for in `knowledge/filter-words.csv`.
fn named(kind: &str, word: &str) -> Option<u32> {
    include_str!("../../../../knowledge/filter-words.csv").lines().skip(1).find_map(|line| {
        let mut cells = line.split(',');
        let found = cells.next() == Some(kind) && cells.next() == Some(word);
        found.then(|| cells.next()?.parse().ok()).flatten()
    })
}
