//! One module a command, or a few small ones that show the same thing.

mod assets;
mod backup;
mod demo;
mod disclosures;
mod doctor;
mod evidence;
mod ingest;
mod jobs;
mod keys;
mod matching;
mod observe;
mod people;
mod policy;
mod redact;
mod serve;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hub::protect::PolicyError;
use hub::{Caller, Hub, HubError};
use model::{Answerable, DeviceId, DisclosureKey, Timestamp};
use store::records::{DeviceFilter, DeviceOrder, Page};
use store::{StoreError, StoreUrl};

use crate::arguments::{Access, Arguments, Command, Common, Jobs, Part, Sources, VerdictName};
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
        Command::Policy(command) => policy::run(common, command),
        Command::Evidence(command) => evidence::run(common, command),
        Command::People(command) => people::run(common, command),
        Command::Settings(command) => people::settings(common, command),
        Command::Backup(command) => backup::run(common, command),
        Command::Keys(command) => keys::run(common, command),
        Command::Jobs(Jobs::List) => jobs::list(common),
        Command::Access(Access::Matrix) => {
            print!("{}", web::access_matrix());
            Ok(Outcome::Done)
        }
        Command::Redact(wanted) => redact::run(common, wanted),
        Command::Doctor => doctor::run(common),
        Command::Upgrade => upgrade(common),
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

/// Opens the hub to read: nothing is made, so a mistyped place is told and not answered with
/// nothing, and nothing is brought up to date.
fn open_to_read(common: &Common) -> Result<Hub> {
    let url = store_url(common)?;
    let hub = Hub::open_to_read(&url).with_context(|| format!("opening the store {url}"))?;
    Ok(hub.with_keys(&keys_folder(common)?))
}

/// What the caller asked for cannot be: wrong use, exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// True where the caller is answerable, and nothing is wrong with the tool or its surroundings.
pub(crate) fn is_usage(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let hub = cause.downcast_ref::<HubError>().map(HubError::answerable);
        let store = cause.downcast_ref::<StoreError>().map(StoreError::answerable);
        let policy = cause.downcast_ref::<PolicyError>().map(PolicyError::answerable);
        cause.is::<Usage>() || hub.or(store).or(policy) == Some(Answerable::Caller)
    })
}

/// Opens the hub on the caller's store, making the data folder as needed.
fn open(common: &Common) -> Result<Hub> {
    let url = store_url(common)?;
    if common.store.is_none() {
        make_private_folder(&common.data)?;
    }
    let hub =
        Hub::open_beside(&url, &common.data).with_context(|| format!("opening the store {url}"))?;
    if let Some(copy) = hub.set_aside() {
        eprintln!(
            "an older version wrote {url}: it was copied to {} and brought up to date",
            copy.display()
        );
    }
    Ok(hub.with_keys(&keys_folder(common)?))
}

/// Opens the hub to write, on a store that is there.
fn open_existing(common: &Common) -> Result<Hub> {
    let url = store_url(common)?;
    Hub::is_older(&url).with_context(|| format!("opening the store {url}"))?;
    open(common)
}

/// Where the keys are: beside the data folder. A backup of that folder must not take them along, so
/// a place inside of it is refused.
fn keys_folder(common: &Common) -> Result<PathBuf> {
    let whole = |path: &Path| {
        let path = std::path::absolute(path)?;
        Ok::<_, std::io::Error>(path.canonicalize().unwrap_or(path))
    };
    let data = whole(&common.data).context("finding the data folder")?;
    let keys = if let Some(keys) = &common.keys {
        whole(keys).context("finding the folder of the keys")?
    } else {
        let Some(name) = data.file_name() else {
            return Err(Usage("say with --keys where the keys are".to_owned()).into());
        };
        let mut name = name.to_owned();
        name.push("-keys");
        data.with_file_name(name)
    };
    if keys.starts_with(&data) {
        let told = "the keys must lie beside the data folder, not in it: give another --keys";
        return Err(Usage(told.to_owned()).into());
    }
    Ok(keys)
}

/// Brings the store up to date, and says that it is.
fn upgrade(common: &Common) -> Result<Outcome> {
    let url = store_url(common)?;
    let older = Hub::is_older(&url).with_context(|| format!("opening the store {url}"))?;
    if older {
        open(common)?;
    }
    println!("{url} {} up to date", if older { "was brought" } else { "is" });
    Ok(Outcome::Done)
}

fn store_url(common: &Common) -> Result<StoreUrl> {
    match &common.store {
        Some(text) => Ok(StoreUrl::parse(text)?),
        None => Ok(StoreUrl::in_folder(&common.data)),
    }
}

/// Makes a folder that only its owner can look into: it will hold the inventory of a hospital.
fn make_private_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("making the data folder {}", folder.display()))
}

/// A device by its key, or by anything that names exactly one.
fn find_device(hub: &Hub, caller: &Caller, text: &str) -> Result<DeviceId> {
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
        (None, []) => Err(Usage(format!("no device matches `{text}`")).into()),
        (None, rows) => {
            let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
            let names = names.join(", ");
            Err(Usage(format!("`{text}` matches {} devices: {names}", found.total)).into())
        }
    }
}

/// The name of a disclosure as the hub takes it: a tracking id, or a key where a namespace is given.
fn disclosure_name(words: &[String], namespace: Option<&str>) -> Result<String> {
    match (words, namespace) {
        ([name], None) => Ok(name.clone()),
        ([namespace, id], None) => Ok(DisclosureKey::new(namespace, id).to_string()),
        ([id], Some(namespace)) => Ok(DisclosureKey::new(namespace, id).to_string()),
        _ => {
            anyhow::bail!("name the namespace once: `NAMESPACE ID`, or `ID --namespace NAMESPACE`")
        }
    }
}

/// How many devices a list cannot speak of yet; said on standard error too.
fn tell_pending(common: &Common, hub: &Hub, caller: &Caller) -> Result<u64> {
    let pending = hub.pending(caller)?;
    if pending > 0 && !common.quiet {
        eprintln!("{pending} devices are not yet decided: `regimen doctor` decides them");
    }
    Ok(pending)
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
