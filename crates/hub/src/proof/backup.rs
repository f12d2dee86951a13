//! Backups: made while the hub runs, checked, and put in the place of a store.

use std::path::{Path, PathBuf};

use access::Permission;
use evidence::{Action, Head};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Age, Store, StoreUrl};

use crate::act::{Needs, Place};
use crate::{Caller, Hub, HubError};

/// What a backup holds, and whether it is good.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BackupCheck {
    /// True where it can be restored and its evidence holds.
    pub ok: bool,
    /// Where it lies.
    pub file: PathBuf,
    /// Rows of evidence.
    pub rows: u64,
    /// Hash of the last one, hexadecimal.
    pub head: String,
    /// Schema, where an older program made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_schema: Option<i64>,
    /// What is wrong with it.
    pub wrong: Vec<String>,
}

/// What became of a restore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restored {
    /// What stood there before, where it was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<PathBuf>,
    /// The newest row that was known and is in the store no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gave_up: Option<Head>,
}

impl Hub {
    /// Copies everything into a new file that its owner alone can read, and checks it.
    pub fn back_up(&self, caller: &Caller, to: &Path) -> Result<BackupCheck, HubError> {
        caller.require(Permission::ManagePeople)?;
        if self.keys.as_deref().is_some_and(|keys| to.starts_with(keys)) {
            let told = "a backup must not lie where the keys are";
            return Err(HubError::Invalid(told.to_owned()));
        }
        if to.exists() {
            return Err(HubError::Invalid(format!("{} is there already", to.display())));
        }
        self.ground().copy_to(to)?;
        Self::check_backup(to)
    }

    /// Checks a backup: the database, its evidence and, where it is of today, the tables beside it.
    pub fn check_backup(file: &Path) -> Result<BackupCheck, HubError> {
        let (copy, age) = Store::open_copy(file)?;
        let mut check = BackupCheck { file: file.to_owned(), ..BackupCheck::default() };
        copy.read(|tx| {
            check.wrong = tx.integrity()?;
            let chain = tx.verify_evidence(None)?;
            (check.rows, check.head) = (chain.rows, chain.head);
            let bad =
                chain.first_bad.map(|bad| format!("evidence row {}: {}", bad.row, bad.reason));
            check.wrong.extend(bad);
            match age {
                Age::Older { schema } => check.older_schema = Some(schema),
                Age::Current => check.wrong.extend(super::deep_faults(tx)?),
            }
            Ok::<_, HubError>(())
        })?;
        check.ok = check.wrong.is_empty();
        Ok(check)
    }

    /// Puts a backup in the place of the store at `url` and says so in its evidence. What stood
    /// there before is kept and named.
    pub fn restore(
        caller: &Caller,
        file: &Path,
        url: &StoreUrl,
        keys: &Path,
        now: Timestamp,
    ) -> Result<Restored, HubError> {
        caller.require(Permission::ManagePeople)?;
        let check = Self::check_backup(file)?;
        if let Some(wrong) = check.wrong.first() {
            return Err(HubError::Invalid(format!("the backup is not good: {wrong}")));
        }
        let before = Store::restore(file, url)?;
        let hub = Self::open(url)?.with_keys(keys);
        let outside = hub.newest_outside(hub.ring()?.as_ref())?.map(|newest| newest.head);
        let gave_up = outside.filter(|head| {
            let held = hub.ground().read_whole(|tx| tx.evidence_hash(head.number));
            held.ok().flatten().is_none_or(|hash| hash != head.hash)
        });
        let needs = Needs::Permission(Permission::ManagePeople);
        hub.act(caller, needs, Place::House, now, |act| {
            let details = json!({ "rows": check.rows, "head": check.head, "gave_up": gave_up });
            act.note(Action::Restore, "store", &details)
        })?;
        Ok(Restored { before, gave_up })
    }
}
