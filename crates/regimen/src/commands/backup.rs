//! `regimen backup`: whole copies of the store.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use hub::{BackupCheck, Caller, Hub};

use super::Usage;
use crate::arguments::{Backup, Common};
use crate::output::{self, Outcome};

pub(crate) fn run(common: &Common, command: &Backup) -> Result<Outcome> {
    match command {
        Backup::Create { file } => {
            let hub = super::open_to_read(common)?;
            let file = named(common, file);
            tell(common, &hub.back_up(&Caller::console(), &std::path::absolute(file)?)?)
        }
        Backup::Verify { file } => tell(common, &Hub::check_backup(file)?),
        Backup::Restore { file, replace } => restore(common, file, *replace),
    }
}

fn restore(common: &Common, file: &Path, replace: bool) -> Result<Outcome> {
    let url = super::store_url(common)?;
    if url.file().is_some_and(Path::exists) && !replace {
        let told = format!("a store stands at {url}; with --replace it is kept under another name");
        return Err(Usage(told).into());
    }
    if common.store.is_none() {
        super::make_private_folder(&common.data)?;
    }
    let keys = super::keys_folder(common)?;
    let done = Hub::restore(&Caller::console(), file, &url, &keys, super::now(common))?;
    output::print(common, &done, std::slice::from_ref(&done), |out| {
        writeln!(out, "{url} holds what {} holds", file.display())?;
        if let Some(before) = &done.before {
            writeln!(out, "what stood there before is {}", before.display())?;
        }
        if let Some(head) = &done.gave_up {
            writeln!(
                out,
                "rows of evidence up to {} were known and are gone; this is on record",
                head.number
            )?;
        }
        Ok(())
    })?;
    Ok(Outcome::Done)
}

/// In a folder, a backup is named after the time.
fn named(common: &Common, file: &Path) -> PathBuf {
    if !file.is_dir() {
        return file.to_owned();
    }
    let time: String = super::now(common)
        .to_string()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(15)
        .collect();
    file.join(format!("regimen-{time}.db"))
}

fn tell(common: &Common, check: &BackupCheck) -> Result<Outcome> {
    output::print(common, check, std::slice::from_ref(check), |out| words(check, out))?;
    Ok(if check.ok { Outcome::Done } else { Outcome::GateFailed })
}

fn words(check: &BackupCheck, out: &mut dyn Write) -> io::Result<()> {
    let file = check.file.display();
    let state = if check.ok { "good" } else { "not good" };
    writeln!(out, "{file} is {state}: {} rows of evidence, head {}", check.rows, check.head)?;
    if let Some(schema) = check.older_schema {
        writeln!(
            out,
            "an older version made it (schema {schema}); it is brought up to date when it is restored"
        )?;
    }
    check.wrong.iter().try_for_each(|wrong| writeln!(out, "  {wrong}"))
}
