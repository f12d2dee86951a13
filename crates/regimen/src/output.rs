//! What commands print: JSON for programs, tables for people, and the exit code.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;
use model::Skip;
use serde::Serialize;

use crate::arguments::Common;

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Outcome {
    /// All done.
    Done,
    /// The caller must say more precisely what is meant.
    Usage,
    /// Done, but some input was skipped.
    Skipped,
    /// A gate that the caller asked for did not hold.
    GateFailed,
}

impl Outcome {
    /// `Skipped` where anything was.
    pub(crate) fn of_skips(skipped: &[Skip]) -> Self {
        if skipped.is_empty() { Self::Done } else { Self::Skipped }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::Usage => 2,
            Outcome::Skipped => 3,
            Outcome::GateFailed => 4,
        })
    }
}

/// Sends the log to standard error. `RUST_LOG` overrides the flags.
pub(crate) fn start_log(common: &Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => "error",
        (_, 0) => "warn",
        (_, 1) => "info",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}

/// Prints `value` as the caller asked: one JSON document, or a line for each of `rows`, or
/// whatever `people` prints.
pub(crate) fn print<V: Serialize, R: Serialize>(
    common: &Common,
    value: &V,
    rows: &[R],
    people: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = if common.json {
        serde_json::to_writer_pretty(&mut out, value)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
    } else if common.jsonl {
        rows.iter().try_for_each(|row| {
            serde_json::to_writer(&mut out, row)?;
            writeln!(out)
        })
    } else {
        people(&mut out)
    };
    match done.and_then(|()| out.flush()) {
        // Whoever read the pipe has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

/// Tells on standard error what was used although something was odd about it.
pub(crate) fn tell_warnings(common: &Common, warnings: &[Skip]) {
    for warning in warnings.iter().take(SKIPS_SHOWN_MAX).filter(|_| !common.quiet) {
        eprintln!("warning: {}: {}", warning.path, warning.reason);
    }
}

/// A list with the number of devices that it cannot speak of yet.
#[derive(Serialize)]
pub(crate) struct Listed<'l, T> {
    #[serde(flatten)]
    pub(crate) rows: &'l T,
    pub(crate) pending: u64,
}

/// Tells on standard error what was not used.
pub(crate) fn tell_skips(common: &Common, skipped: &[Skip]) {
    if common.quiet {
        return;
    }
    for skip in skipped.iter().take(SKIPS_SHOWN_MAX) {
        let place = if skip.place.is_empty() { String::new() } else { format!(", {}", skip.place) };
        eprintln!("skipped: {}{place}: {}", skip.path, skip.reason);
    }
    if skipped.len() > SKIPS_SHOWN_MAX {
        let more = skipped.len() - SKIPS_SHOWN_MAX;
        eprintln!("skipped: {more} more; --json lists them all");
    }
}

/// A table for people: columns as wide as their widest cell, two blanks between.
pub(crate) struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(heading: &[&'static str]) -> Self {
        Self { heading: heading.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.into_iter().map(|cell| shorten(&cell)).collect());
    }

    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let heading: Vec<String> = self.heading.iter().map(|&text| text.to_owned()).collect();
        let width = |column: usize| {
            let cells = std::iter::once(&heading).chain(&self.rows);
            cells.filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> =
            (0..heading.len()).map(|column| width(column).unwrap_or(0)).collect();
        for row in std::iter::once(&heading).chain(&self.rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                // Writing to a text cannot fail.
                let _ = write!(line, "{cell:<width$}  ");
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn shorten(cell: &str) -> String {
    if cell.chars().count() <= CELL_CHARS_MAX {
        return cell.to_owned();
    }
    let kept: String = cell.chars().take(CELL_CHARS_MAX - 1).collect();
    format!("{kept}…")
}

/// What stands for a value that is not known.
pub(crate) fn or_dash(value: Option<&str>) -> String {
    value.unwrap_or("–").to_owned()
}

/// Skips shown to people before the rest is only counted.
const SKIPS_SHOWN_MAX: usize = 50;

/// Widest cell of a table for people, in characters.
const CELL_CHARS_MAX: usize = 44;
