//! `regimen disclosures` and `regimen verdicts`.

use std::io::{self, Write};

use anyhow::Result;
use hub::{Caller, Hub};
use model::{Timestamp, VerdictRow};
use store::records::{DecisionRow, DisclosureFilter, DisclosureRow, Page, VerdictFilter};

use crate::arguments::{Common, Disclosures, Verdicts};
use crate::output::{self, Outcome, Table};

pub(crate) fn run(common: &Common, command: &Disclosures) -> Result<Outcome> {
    let (hub, caller) = (super::open_to_read(common)?, Caller::console());
    match command {
        Disclosures::List { text, part } => {
            let filter = DisclosureFilter { text: text.clone(), ..DisclosureFilter::default() };
            let found = hub.disclosures(&caller, &filter, super::page(*part))?;
            output::print(common, &found, &found.rows, |out| {
                write_list(&found.rows, out)?;
                writeln!(out, "\n{} of {} disclosures", found.rows.len(), found.total)
            })?;
        }
        Disclosures::Show { disclosure } => {
            let page = Page { offset: 0, limit: Page::LIMIT_MAX };
            let detail = hub.disclosure(&caller, disclosure, page)?;
            output::print(common, &detail, std::slice::from_ref(&detail), |out| {
                write_list(std::slice::from_ref(&detail.row), out)?;
                writeln!(out)?;
                let rows: Vec<VerdictRow> =
                    detail.devices.rows.iter().map(|device| device.row.clone()).collect();
                super::matching::write_tables(&rows, out)
            })?;
        }
    }
    Ok(Outcome::Done)
}

pub(crate) fn verdicts(common: &Common, command: &Verdicts) -> Result<Outcome> {
    let (hub, caller) = (super::open_to_read(common)?, Caller::console());
    match command {
        Verdicts::List { verdict, disclosure, vulnerability, part } => {
            let filter = VerdictFilter {
                verdict: verdict.map(super::verdict),
                device: None,
                disclosure: disclosure.clone(),
                vulnerability: vulnerability.clone(),
            };
            let rows = find(&hub, &caller, &filter, super::page(*part))?;
            output::print(common, &rows, &rows, |out| super::matching::write_tables(&rows, out))?;
        }
        Verdicts::Explain { device, disclosure } => {
            let filter = VerdictFilter {
                device: Some(super::find_device(&hub, &caller, device)?),
                disclosure: disclosure.clone(),
                ..VerdictFilter::default()
            };
            let rows = find(&hub, &caller, &filter, Page { offset: 0, limit: Page::LIMIT_MAX })?;
            output::print(common, &rows, &rows, |out| {
                rows.iter().try_for_each(|row| write_steps(row, out))
            })?;
        }
        Verdicts::History { device } => {
            let device = super::find_device(&hub, &caller, device)?;
            let rows = hub.decisions(&caller, device)?;
            output::print(common, &rows, &rows, |out| {
                rows.iter().try_for_each(|row| writeln!(out, "{}", in_words(row)))
            })?;
        }
        Verdicts::Cleared { since, limit } => {
            let since = since.unwrap_or(Timestamp::from_micros(0));
            let rows = hub.cleared(&caller, since, (*limit).min(Page::LIMIT_MAX))?;
            output::print(common, &rows, &rows, |out| {
                rows.iter().try_for_each(|row| {
                    let (name, others) = (&row.name, row.devices.saturating_sub(1));
                    writeln!(out, "{name} and {others} more: {}", in_words(&row.decision))
                })
            })?;
        }
    }
    tell_pending(&hub, &caller)?;
    Ok(Outcome::Done)
}

/// Says on standard error how many devices a list of verdicts cannot speak of yet.
fn tell_pending(hub: &Hub, caller: &Caller) -> Result<()> {
    let pending = hub.pending(caller)?;
    if pending > 0 {
        eprintln!("{pending} devices are not yet decided: `regimen doctor` decides them");
    }
    Ok(())
}

fn in_words(row: &DecisionRow) -> String {
    let name = |verdict: Option<model::Verdict>| verdict.map_or("none", model::Verdict::name);
    format!(
        "{}  {} {}  {} to {}: {}",
        row.at,
        row.disclosure,
        row.vulnerability,
        name(row.from),
        name(row.to),
        row.because
    )
}

fn find(hub: &Hub, caller: &Caller, filter: &VerdictFilter, page: Page) -> Result<Vec<VerdictRow>> {
    let found = hub.verdicts(caller, filter, page)?;
    Ok(found.rows.into_iter().map(|device| device.row).collect())
}

fn write_list(rows: &[DisclosureRow], out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&[
        "DISCLOSURE",
        "VERSION",
        "UPDATED",
        "CVSS",
        "KEV",
        "AFFECTED",
        "UNKNOWN",
        "TITLE",
    ]);
    for row in rows {
        table.row(vec![
            row.id.clone(),
            row.version.clone(),
            row.updated.map_or_else(|| "–".to_owned(), Timestamp::day),
            row.score.map_or_else(|| "–".to_owned(), |score| format!("{score:.1}")),
            if row.exploited { "exploited" } else { "–" }.to_owned(),
            row.devices.affected.to_string(),
            row.devices.unknown.to_string(),
            row.title.clone(),
        ]);
    }
    table.write(out)
}

fn write_steps(row: &VerdictRow, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {} {} {}", row.asset, row.verdict, row.disclosure, row.vulnerability)?;
    for step in &row.steps {
        writeln!(out, "  {}: {}\n      {}", step.step, step.detail, step.source)?;
    }
    if let Some(question) = &row.question {
        writeln!(out, "  would decide it: {} ({})", question.text, question.who)?;
    }
    writeln!(out)
}
