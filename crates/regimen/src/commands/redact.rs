//! `regimen redact`: removes a text from everything that is held.

use anyhow::{Context, Result};
use hub::{Caller, Together};

use crate::arguments::{Common, Redact};
use crate::output::{self, Outcome};

pub(crate) fn run(common: &Common, wanted: &Redact) -> Result<Outcome> {
    let hub = super::open_existing(common)?;
    let text = if wanted.text == "-" {
        std::io::read_to_string(std::io::stdin()).context("reading standard input")?
    } else {
        wanted.text.clone()
    };
    let done = hub.redact(&Caller::console(), &text, &wanted.reason, super::now(common))?;
    let done = match done {
        Together::Done(done) => done,
        Together::Waiting(waiting) => return super::people::waits(common, &waiting),
    };
    output::print(common, &done, std::slice::from_ref(&done), |out| {
        for (table, rows) in &done.removed.places {
            writeln!(out, "removed from {rows} rows of {table}")?;
        }
        for copy in &done.copies {
            writeln!(out, "{} still holds it: delete it", copy.display())?;
        }
        writeln!(out, "backups made before now still hold it: delete them")
    })?;
    Ok(Outcome::Done)
}
