//! `regimen evidence`.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use hub::{Caller, EvidenceCheck, VerifyRequest};

use crate::arguments::{Common, Evidence};
use crate::output::{self, Outcome, Table};

pub(crate) fn run(common: &Common, command: &Evidence) -> Result<Outcome> {
    let caller = Caller::console();
    match command {
        Evidence::Verify { deep, against } => {
            let hub = super::open_to_read(common)?;
            let against = against.as_deref().map(read_note).transpose()?;
            let now = Some(super::now(common));
            let check =
                hub.verify_evidence_as(&caller, &VerifyRequest { deep: *deep, against, now })?;
            output::print(common, &check, std::slice::from_ref(&check), |out| tell(&check, out))?;
            Ok(if check.ok { Outcome::Done } else { Outcome::GateFailed })
        }
        Evidence::Checkpoint { out } => {
            let hub = super::open_existing(common)?;
            let made = hub.checkpoint(&caller, super::now(common))?;
            if let Some(file) = out {
                std::fs::write(file, &made.note)
                    .with_context(|| format!("writing {}", file.display()))?;
            }
            output::print(common, &made, std::slice::from_ref(&made), |out| {
                write!(out, "{}", made.note)
            })?;
            Ok(Outcome::Done)
        }
        Evidence::Show { part } => {
            let hub = super::open_to_read(common)?;
            let found = hub.evidence(&caller, super::page(*part))?;
            output::print(common, &found, &found.rows, |out| {
                let mut table = Table::new(&["ROW", "TIME", "WHO", "ACT", "SUBJECT", "HASH"]);
                for row in &found.rows {
                    table.row(vec![
                        row.number.to_string(),
                        row.at.to_string(),
                        row.actor.clone(),
                        row.action.clone(),
                        row.shown_subject(),
                        row.hash.chars().take(16).collect(),
                    ]);
                }
                table.write(out)
            })?;
            Ok(Outcome::Done)
        }
    }
}

fn read_note(file: &Path) -> Result<String> {
    let told = |error| super::Usage(format!("{} cannot be read: {error}", file.display()));
    Ok(std::fs::read_to_string(file).map_err(told)?)
}

fn tell(check: &EvidenceCheck, out: &mut dyn Write) -> io::Result<()> {
    match &check.first_bad {
        None if check.ok => writeln!(out, "holds: {} rows, head {}", check.rows, check.head)?,
        None => writeln!(out, "the tables do not agree with the evidence")?,
        Some(bad) if bad.row == 0 => writeln!(out, "does not hold: {}", bad.reason)?,
        Some(bad) => writeln!(out, "does not hold at row {}: {}", bad.row, bad.reason)?,
    }
    if let Some(seen) = &check.checkpoint {
        let keys = seen.signed_by.join(", ");
        writeln!(out, "newest checkpoint: row {}, {}, signed by {keys}", seen.row, seen.at)?;
    }
    for found in check.deep.iter().flat_map(|deep| &deep.found) {
        writeln!(out, "{}: {}: {}", found.kind, found.what, found.reason)?;
    }
    for warning in &check.warnings {
        writeln!(out, "note: row {}: {}", warning.row, warning.reason)?;
    }
    Ok(())
}
