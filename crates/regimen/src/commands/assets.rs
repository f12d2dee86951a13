//! `regimen assets` and `regimen software`.

use std::io::{self, Write};

use anyhow::Result;
use hub::{Caller, DeviceHistory};
use store::records::{DeviceDetail, DeviceFilter, DeviceOrder, DeviceRow};

use crate::arguments::{Assets, Common, Software};
use crate::output::{self, Listed, Outcome, Table, or_dash};

pub(crate) fn run(common: &Common, command: &Assets) -> Result<Outcome> {
    let (hub, caller) = (super::open_to_read(common)?, Caller::console());
    match command {
        Assets::List { text, class, maker, site, verdict, retired, as_of, part } => {
            let filter = DeviceFilter {
                text: text.clone(),
                class: class.clone(),
                maker: maker.clone(),
                site: site.clone(),
                verdict: verdict.map(super::verdict),
                retired: *retired,
                as_of: *as_of,
                ..DeviceFilter::default()
            };
            let found =
                hub.devices(&caller, &filter, DeviceOrder::default(), super::page(*part))?;
            let pending = super::tell_pending(common, &hub, &caller)?;
            output::print(common, &Listed { rows: &found, pending }, &found.rows, |out| {
                write_list(&found.rows, found.total, out)
            })?;
        }
        Assets::Show { device } => {
            let id = super::find_device(&hub, &caller, device)?;
            let detail = hub.device(&caller, id)?;
            output::print(common, &detail, std::slice::from_ref(&detail), |out| {
                write_device(&detail, out)
            })?;
        }
        Assets::History { device } => {
            let id = super::find_device(&hub, &caller, device)?;
            let found = hub.device_history(&caller, id)?;
            output::print(common, &found, &found.changes, |out| write_history(&found, out))?;
        }
    }
    Ok(Outcome::Done)
}

fn write_history(found: &DeviceHistory, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}  first written down", found.recorded)?;
    let value =
        |text: &str| if text.is_empty() { "–".to_owned() } else { text.replace('\n', ", ") };
    for row in &found.changes {
        let (before, after) = (value(&row.before), value(&row.after));
        writeln!(out, "{}  {}: {before} → {after}  ({})", row.at, row.attribute, row.because)?;
    }
    Ok(())
}

pub(crate) fn software(common: &Common, command: &Software) -> Result<Outcome> {
    let Software::List { text, as_of, part } = command;
    let (hub, caller) = (super::open_to_read(common)?, Caller::console());
    let found = hub.software(&caller, text.as_deref(), *as_of, super::page(*part))?;
    let pending = super::tell_pending(common, &hub, &caller)?;
    output::print(common, &Listed { rows: &found, pending }, &found.rows, |out| {
        let mut table = Table::new(&["SOFTWARE", "VERSION", "DEVICES"]);
        for row in &found.rows {
            let (name, version) = (row.software.name.clone(), row.software.version.clone());
            table.row(vec![name, version, row.devices.to_string()]);
        }
        table.write(out)
    })?;
    Ok(Outcome::Done)
}

pub(crate) fn sources(common: &Common) -> Result<Outcome> {
    let found = super::open_to_read(common)?.sources(&Caller::console())?;
    output::print(common, &found, &found, |out| {
        let mut table = Table::new(&["SOURCE", "SITE", "FILE", "AT", "LISTED", "GONE", "HELD"]);
        for row in &found {
            table.row(vec![
                row.now.name.clone(),
                row.site.clone(),
                row.file.clone(),
                row.at.to_string(),
                row.listed.to_string(),
                row.gone.to_string(),
                if row.now.pending { "yes" } else { "" }.to_owned(),
            ]);
        }
        table.write(out)
    })?;
    Ok(Outcome::Done)
}

fn write_list(rows: &[DeviceRow], total: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&[
        "NAME", "ASSET", "CLASS", "MAKER", "MODEL", "VERSION", "ADDRESS", "AFFECTED", "UNKNOWN",
    ]);
    for row in rows {
        let ip = row.addresses.iter().find_map(|address| address.ip);
        table.row(vec![
            row.name.clone(),
            or_dash(row.asset_id.as_deref()),
            or_dash(row.class.as_deref()),
            or_dash(row.maker.as_deref()),
            or_dash(row.model.as_deref()),
            or_dash(row.software_version.as_deref()),
            ip.map_or_else(|| "–".to_owned(), |ip| ip.to_string()),
            row.affected.to_string(),
            row.unknown.to_string(),
        ]);
    }
    table.write(out)?;
    writeln!(out, "\n{} of {total} devices", rows.len())
}

fn write_device(detail: &DeviceDetail, out: &mut dyn Write) -> io::Result<()> {
    let device = &detail.device;
    writeln!(out, "{}  {}\n", ::assets::display_name(device), device.id)?;
    let mut table = Table::new(&["ATTRIBUTE", "VALUE", "TRUST", "SOURCE"]);
    let mut last = None;
    for fact in &device.facts {
        let first = last != Some(fact.attribute);
        last = Some(fact.attribute);
        table.row(vec![
            if first { fact.attribute.name() } else { "  also" }.to_owned(),
            fact.value.clone(),
            format!("{:.2}", f64::from(fact.confidence.thousandths()) / 1000.0),
            fact.source.to_string(),
        ]);
    }
    table.write(out)?;
    if let Some(since) = detail.unlisted_since {
        writeln!(out, "no longer listed since {since}")?;
    }
    for (heading, cell) in &detail.custom_fields {
        writeln!(out, "{heading}: {cell}")?;
    }
    writeln!(out, "\n{} conversations", detail.conversations.len())?;
    super::matching::write_tables(&detail.verdicts, out)
}
