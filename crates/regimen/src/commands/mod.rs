//! One module a command, or a few small ones that show the same thing.

mod assets;
mod demo;
mod disclosures;
mod doctor;
mod evidence;
mod ingest;
mod matching;
mod observe;
mod people;
mod serve;

use std::fs;

use anyhow::{Context, Result};
use hub::Hub;
use model::{DeviceId, Timestamp};
use store::StoreUrl;
use store::records::{DeviceFilter, DeviceOrder, Page};

use crate::arguments::{Arguments, Command, Common, Part, Sources, VerdictName};
use crate::output::Outcome;

/// Carries out the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let common = &arguments.common;
    match &arguments.command {
        Command::Demo(demo) => demo::run(common, demo),
        Command::Serve(serve) => serve::run(common, serve),
        Command::Observe(observe) => observe::run(common, observe),
        Command::Match(wanted) => matching::run(common, wanted),
        Command::Ingest(ingest) => ingest::run(common, ingest),
        Command::Assets(command) => assets::run(common, command),
        Command::Sources(Sources::List) => assets::sources(common),
        Command::Software(command) => assets::software(common, command),
        Command::Disclosures(command) => disclosures::run(common, command),
        Command::Verdicts(command) => disclosures::verdicts(common, command),
        Command::Evidence(command) => evidence::run(common, command),
        Command::People(command) => people::run(common, command),
        Command::Doctor => doctor::run(common),
    }
}

/// The time to work with: what the caller said, else the clock, read here and nowhere else.
#[expect(clippy::disallowed_methods, reason = "the one place where the command line reads a clock")]
fn now(common: &Common) -> Timestamp {
    common.now.unwrap_or_else(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let micros = since.map_or(0, |since| since.as_micros());
        Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    })
}

/// Opens the hub on a store that is there: a command that only reads never makes one, so a
/// mistyped place is told and not answered with nothing.
fn open_existing(common: &Common) -> Result<Hub> {
    let url = store_url(common)?;
    if let Some(path) = url.missing_file() {
        return Err(NoStore(path.display().to_string()).into());
    }
    Hub::open(&url).with_context(|| format!("opening the store {url}"))
}

/// The place that a reading command was given holds no store.
#[derive(Debug, thiserror::Error)]
#[error("there is no store at {0}; check --data and --store, or make one with `regimen ingest`")]
pub(crate) struct NoStore(String);

/// Opens the hub on the caller's store, making the data folder as needed.
fn open(common: &Common) -> Result<Hub> {
    let url = store_url(common)?;
    if common.store.is_none() {
        make_private_folder(&common.data)?;
    }
    Hub::open(&url).with_context(|| format!("opening the store {url}"))
}

fn store_url(common: &Common) -> Result<StoreUrl> {
    match &common.store {
        Some(text) => Ok(StoreUrl::parse(text)?),
        None => Ok(StoreUrl::in_folder(&common.data)),
    }
}

/// Makes a folder that only its owner can look into: it will hold the inventory of a hospital.
fn make_private_folder(folder: &std::path::Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("making the data folder {}", folder.display()))
}

/// A device by its key, or by anything that names exactly one.
fn find_device(hub: &Hub, caller: &hub::Caller, text: &str) -> Result<DeviceId> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let filter = DeviceFilter { text: Some(text.to_owned()), ..DeviceFilter::default() };
    let found = hub.devices(caller, &filter, DeviceOrder::Name, Page { offset: 0, limit: 10 })?;
    let exact = found.rows.iter().find(|row| {
        row.name.eq_ignore_ascii_case(text)
            || row.asset_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(text))
    });
    match (exact, found.rows.as_slice()) {
        (Some(row), _) | (None, [row]) => Ok(row.id),
        (None, []) => anyhow::bail!("no device matches `{text}`"),
        (None, rows) => {
            let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
            anyhow::bail!("`{text}` matches {} devices: {}", found.total, names.join(", "))
        }
    }
}

fn page(part: Part) -> Page {
    Page { offset: part.offset, limit: part.limit.min(Page::LIMIT_MAX) }
}

fn verdict(name: VerdictName) -> model::Verdict {
    match name {
        VerdictName::Affected => model::Verdict::Affected,
        VerdictName::Unknown => model::Verdict::Unknown,
        VerdictName::NotAffected => model::Verdict::NotAffected,
    }
}
