//! `regimen disclosures` and `regimen verdicts`.

use std::io::{self, Write};

use anyhow::Result;
use hub::{Caller, Hub};
use model::{Timestamp, VerdictRow};
use serde::Serialize;
use store::records::{DecisionRow, DisclosureFilter, DisclosureRow, Page, VerdictFilter};

use crate::arguments::{Common, Disclosures, Verdicts};
use crate::output::{self, Listed, Outcome, Table};

pub(crate) fn run(common: &Common, command: &Disclosures) -> Result<Outcome> {
    let (hub, caller) = (super::open_to_read(common)?, Caller::console());
    match command {
        Disclosures::List { text, part } => {
            let filter = DisclosureFilter { text: text.clone(), ..DisclosureFilter::default() };
            let found = hub.disclosures(&caller, &filter, super::page(*part))?;
            let pending = super::tell_pending(common, &hub, &caller)?;
            output::print(common, &Listed { rows: &found, pending }, &found.rows, |out| {
                write_list(&found.rows, out)?;
                writeln!(out, "\n{} of {} disclosures", found.rows.len(), found.total)
            })?;
        }
        Disclosures::Show { disclosure } => {
            let named = disclosure.namespace.as_deref();
            let name = super::disclosure_name(&disclosure.words, named)?;
            return show(common, &hub, &caller, &name);
        }
        Disclosures::Trust { namespace, source } => {
            let done = hub.trust(&caller, namespace, source.as_deref(), super::now(common))?;
            tell_done(common, &done, &format!("{namespace} is trusted"), done.changes)?;
        }
        Disclosures::Untrust { namespace, source } => {
            hub.untrust(&caller, namespace, source.as_deref(), super::now(common))?;
        }
        Disclosures::Trusted => {
            let rows = hub.trusted(&caller)?;
            output::print(common, &rows, &rows, |out| {
                rows.iter().try_for_each(|row| {
                    let source = row.source.as_deref().unwrap_or("any source");
                    writeln!(out, "{}  {source}  since {} by {}", row.namespace, row.at, row.by)
                })
            })?;
        }
    }
    Ok(Outcome::Done)
}

fn show(common: &Common, hub: &Hub, caller: &Caller, name: &str) -> Result<Outcome> {
    let named = hub.disclosures_named(caller, name)?;
    if named.len() > 1 {
        return which(common, name, &named);
    }
    let page = Page { offset: 0, limit: Page::LIMIT_MAX };
    let detail = hub.disclosure(caller, name, page)?;
    let pending = super::tell_pending(common, hub, caller)?;
    let shown = Listed { rows: &detail, pending };
    output::print(common, &shown, std::slice::from_ref(&shown), |out| {
        write_list(std::slice::from_ref(&detail.row), out)?;
        writeln!(out)?;
        detail.warnings.iter().try_for_each(|warning| writeln!(out, "odd: {warning}"))?;
        let rows: Vec<VerdictRow> =
            detail.devices.rows.iter().map(|device| device.row.clone()).collect();
        super::matching::write_tables(&rows, out)
    })?;
    Ok(Outcome::Done)
}

/// Lists what a tracking id that several publishers use may mean.
fn which(common: &Common, name: &str, rows: &[DisclosureRow]) -> Result<Outcome> {
    output::print(common, &rows, rows, |out| {
        let mut table = Table::new(&["NAMESPACE", "DISCLOSURE", "VERSION", "PUBLISHER", "TITLE"]);
        for row in rows {
            table.row(vec![
                row.disclosure_namespace.clone(),
                row.id.clone(),
                row.version.clone(),
                row.publisher.clone(),
                row.title.clone(),
            ]);
        }
        table.write(out)
    })?;
    eprintln!(
        "regimen: {} publishers use `{name}`; name one: `NAMESPACE {name}` or `{name} --namespace NAMESPACE`",
        rows.len()
    );
    Ok(Outcome::Usage)
}

/// Says what a confirmation did.
fn tell_done<T: Serialize>(common: &Common, done: &T, what: &str, changes: usize) -> Result<()> {
    output::print(common, done, std::slice::from_ref(done), |out| {
        writeln!(out, "{what}; {changes} verdicts changed")
    })
}

fn confirm(
    common: &Common,
    hub: &Hub,
    words: &[String],
    namespace: Option<&str>,
    engine: bool,
) -> Result<Outcome> {
    let (caller, now) = (Caller::console(), super::now(common));
    if engine {
        let done = hub.confirm_engine(&caller, now)?;
        tell_done(common, &done, "the newer version of Regimen is confirmed", done.changes)?;
        return Ok(Outcome::Done);
    }
    let name = super::disclosure_name(words, namespace)?;
    let named = hub.disclosures_named(&caller, &name)?;
    if named.len() > 1 {
        return which(common, &name, &named);
    }
    let done = hub.confirm_clearing(&caller, &name, now)?;
    tell_done(common, &done, &format!("the newest version of {name} is confirmed"), done.changes)?;
    Ok(Outcome::Done)
}

pub(crate) fn verdicts(common: &Common, command: &Verdicts) -> Result<Outcome> {
    let (hub, caller) = (super::open_to_read(common)?, Caller::console());
    match command {
        Verdicts::Held => {
            let rows = hub.held_back(&caller)?;
            output::print(common, &rows, &rows, |out| {
                rows.iter().try_for_each(|row| {
                    writeln!(
                        out,
                        "version {} of {} ({}) would clear {} verdicts on {} devices: {}",
                        row.version,
                        row.disclosure,
                        row.disclosure_namespace,
                        row.verdicts,
                        row.devices,
                        row.title
                    )
                })
            })?;
        }
        Verdicts::Confirm { words, namespace, engine } => {
            return confirm(common, &hub, words, namespace.as_deref(), *engine);
        }
        Verdicts::List { verdict, disclosure, vulnerability, as_of, part } => {
            let filter = VerdictFilter {
                verdict: verdict.map(super::verdict),
                device: None,
                disclosure: disclosure.clone(),
                vulnerability: vulnerability.clone(),
                as_of: *as_of,
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
    super::tell_pending(common, &hub, &caller)?;
    Ok(Outcome::Done)
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
