//! `regimen evidence`.

use anyhow::Result;
use hub::Caller;

use crate::arguments::{Common, Evidence};
use crate::output::{self, Outcome, Table};

pub(crate) fn run(common: &Common, command: &Evidence) -> Result<Outcome> {
    let (hub, caller) = (super::open_to_read(common)?, Caller::console());
    match command {
        Evidence::Verify => {
            let check = hub.verify_evidence(&caller)?;
            output::print(common, &check, std::slice::from_ref(&check), |out| {
                match &check.first_bad {
                    None => writeln!(out, "holds: {} rows, head {}", check.rows, check.head),
                    Some(bad) => writeln!(out, "does not hold at row {}: {}", bad.row, bad.reason),
                }
            })?;
            Ok(if check.ok { Outcome::Done } else { Outcome::GateFailed })
        }
        Evidence::Show { part } => {
            let found = hub.evidence(&caller, super::page(*part))?;
            output::print(common, &found, &found.rows, |out| {
                let mut table = Table::new(&["ROW", "TIME", "WHO", "ACT", "SUBJECT", "HASH"]);
                for row in &found.rows {
                    table.row(vec![
                        row.number.to_string(),
                        row.at.to_string(),
                        row.actor.clone(),
                        row.action.clone(),
                        row.subject.clone(),
                        row.hash.chars().take(16).collect(),
                    ]);
                }
                table.write(out)
            })?;
            Ok(Outcome::Done)
        }
    }
}
