//! Evidence that can be checked: the chain, its signed checkpoints, and the tables beside it.
//!
//! Output: what does not hold, with the row or the thing; what is odd, as a warning. What cannot be
//!         told (a table that an act may have changed since the last checkpoint) is a warning too,
//!         never a silent "holds".
//! Limits: SECURITY.md says what nobody can find out.

mod backup;
mod checkpoint;
mod deep;
mod health;
mod keys;
mod redact;
mod walk;

use access::Permission;
use evidence::note::NoteError;
use evidence::{Checkpoint, Head, Note, PublicKey};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use store::Tx;

use crate::{Caller, Hub, HubError};

pub use backup::{BackupCheck, Restored};
pub use checkpoint::SignedCheckpoint;
pub(crate) use deep::digest_of;
pub use deep::{Deep, Found};
pub use keys::{KeyRow, in_use};
pub use redact::Redacted;
use walk::Walk;

/// How thoroughly to check.
#[derive(Clone, Debug, Default)]
pub struct VerifyRequest {
    /// Also hold the tables against the evidence.
    pub deep: bool,
    /// A signed checkpoint that was kept elsewhere.
    pub against: Option<String>,
    /// The time, to tell a checkpoint that is overdue.
    pub now: Option<Timestamp>,
}

/// Whether the evidence holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EvidenceCheck {
    /// True where every row is as it was written, in order, none missing, and all else that was
    /// asked for holds too.
    pub ok: bool,
    /// Rows checked.
    pub rows: u64,
    /// Hash of the last row, hexadecimal.
    pub head: String,
    /// The first row that does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_bad: Option<BadRow>,
    /// What is odd, or cannot be told.
    #[serde(default)]
    pub warnings: Vec<BadRow>,
    /// The newest checkpoint.
    #[serde(default)]
    pub checkpoint: Option<CheckpointSeen>,
    /// What the tables say, where that was asked for.
    #[serde(default)]
    pub deep: Option<Deep>,
}

/// A row of the evidence that does not hold, or is odd.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BadRow {
    /// Its number, from 1; 0 for the log as a whole.
    pub row: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// The newest checkpoint of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointSeen {
    /// Row that it ends with.
    pub row: u64,
    /// When it was made.
    pub at: Timestamp,
    /// Ids of the keys that signed it and are known here.
    pub signed_by: Vec<String>,
    /// Checkpoints in all.
    pub count: u64,
}

/// What was found so far.
#[derive(Debug, Default)]
struct Findings {
    bad: Vec<BadRow>,
    warnings: Vec<BadRow>,
}

impl Findings {
    fn bad(&mut self, row: u64, reason: impl Into<String>) {
        self.bad.push(BadRow { row, reason: reason.into() });
    }

    fn warn(&mut self, row: u64, reason: impl Into<String>) {
        self.warnings.push(BadRow { row, reason: reason.into() });
    }
}

impl Hub {
    /// Checks the whole evidence chain and its checkpoints.
    pub fn verify_evidence(&self, caller: &Caller) -> Result<EvidenceCheck, HubError> {
        self.verify_evidence_as(caller, &VerifyRequest::default())
    }

    /// Checks the evidence as thoroughly as `wanted` says, all on one snapshot.
    pub fn verify_evidence_as(
        &self,
        caller: &Caller,
        wanted: &VerifyRequest,
    ) -> Result<EvidenceCheck, HubError> {
        caller.require(Permission::ReadEvidence)?;
        let ring = self.ring()?;
        let outside = self.newest_outside(ring.as_ref())?;
        let mut known = keys::public_keys(ring.as_ref());
        self.ground().read_whole(|tx| {
            let mut findings = Findings::default();
            let walk = Walk::over(tx, wanted.deep)?;
            let chain = walk.check();
            if known.is_empty() {
                known.extend(walk.keys_named());
            }
            let mut checkpoint = Self::check_checkpoints(tx, &walk, &known, &mut findings)?;
            if let Some(outside) = &outside {
                newest_is_there(outside, &walk, &mut findings);
            }
            if let Some(note) = &wanted.against {
                against(note, &walk, &known, &mut findings);
            }
            if let (Some(now), Some(seen)) = (wanted.now, &checkpoint) {
                overdue(seen, now, &mut findings);
            }
            let deep = wanted.deep.then(|| deep::check(tx, &walk, &mut findings)).transpose()?;
            let Findings { mut bad, mut warnings } = findings;
            bad.splice(
                0..0,
                chain.first_bad.map(|bad| BadRow { row: bad.row, reason: bad.reason }),
            );
            let odd = chain.warnings.into_iter();
            warnings.splice(0..0, odd.map(|one| BadRow { row: one.row, reason: one.reason }));
            let held = deep.as_ref().is_none_or(|deep| deep.ok);
            Ok(EvidenceCheck {
                ok: bad.is_empty() && held,
                rows: chain.rows,
                head: chain.head,
                first_bad: bad.into_iter().next(),
                warnings,
                checkpoint: checkpoint.take(),
                deep,
            })
        })
    }

    /// Every checkpoint that is kept, against the chain; and every act that says one was made.
    fn check_checkpoints(
        tx: &Tx<'_>,
        walk: &Walk,
        known: &[PublicKey],
        findings: &mut Findings,
    ) -> Result<Option<CheckpointSeen>, HubError> {
        let kept = tx.checkpoints()?;
        let mut seen = None;
        for row in &kept {
            let number = row.evidence;
            if !walk.checkpoint_acts.contains(&number) {
                findings.bad(number, "a checkpoint is kept that this row says nothing of");
            }
            match read_signed(&row.note, known) {
                Ok((checkpoint, signed_by)) => {
                    if checkpoint.head.number != number {
                        findings.bad(number, "its checkpoint is of another row");
                    }
                    let (at, count) = (checkpoint.at, kept.len() as u64);
                    holds(&checkpoint, walk, findings);
                    seen = Some(CheckpointSeen { row: number, at, signed_by, count });
                }
                Err(NoteError::UnknownKey) => {
                    findings.warn(number, "no key that is known here signed its checkpoint");
                }
                Err(error) => findings.bad(number, format!("its checkpoint is not good: {error}")),
            }
        }
        for number in &walk.checkpoint_acts {
            if !kept.iter().any(|row| row.evidence == *number) {
                findings.bad(*number, "a checkpoint was made here, and is missing");
            }
        }
        if kept.is_empty() && walk.rows() > 0 {
            let advice = "no checkpoint was ever made: `regimen evidence checkpoint`; without one \
                 nobody can tell whether the newest rows were cut off or all was written anew";
            findings.warn(0, advice);
        }
        Ok(seen)
    }
}

/// What does not agree in the tables of a store, in words.
fn deep_faults(tx: &Tx<'_>) -> Result<Vec<String>, HubError> {
    let mut unread = Findings::default();
    let deep = deep::check(tx, &Walk::over(tx, true)?, &mut unread)?;
    let words = |found: &Found| format!("{}: {}: {}", found.kind, found.what, found.reason);
    Ok(deep.found.iter().map(words).collect())
}

/// Reads a signed checkpoint and the ids of those known keys that signed it.
fn read_signed(note: &str, known: &[PublicKey]) -> Result<(Checkpoint, Vec<String>), NoteError> {
    let note = Note::read(note)?;
    let checkpoint = Checkpoint::read(&note.text)?;
    let signed = note.signed_by(known)?;
    Ok((checkpoint, signed.into_iter().map(PublicKey::id).collect()))
}

/// The row that a checkpoint names is there, and is that row.
fn holds(checkpoint: &Checkpoint, walk: &Walk, findings: &mut Findings) -> bool {
    let Head { number, hash } = &checkpoint.head;
    let reason = match walk.hash_of(*number) {
        Some(found) if found == hash => return true,
        Some(_) => "it is not the row that its checkpoint was made of: the log was written anew",
        None => {
            let last = walk.rows();
            let reason = format!("the log ends at row {last}, but row {number} was written once");
            findings.bad(*number, reason);
            return false;
        }
    };
    findings.bad(*number, reason);
    false
}

/// A checkpoint that was kept elsewhere.
fn against(note: &str, walk: &Walk, known: &[PublicKey], findings: &mut Findings) {
    let checkpoint = match Note::read(note).and_then(|note| Checkpoint::read(&note.text)) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return findings.bad(0, format!("the checkpoint given: {error}")),
    };
    match read_signed(note, known) {
        Ok(_) => {}
        Err(NoteError::UnknownKey) => {
            findings.warn(
                checkpoint.head.number,
                "no key that is known here signed the checkpoint given",
            );
        }
        Err(error) => {
            findings.bad(checkpoint.head.number, format!("the checkpoint given: {error}"));
        }
    }
    if walk.origin.as_ref().is_some_and(|origin| *origin != checkpoint.origin) {
        let reason = format!("the checkpoint given is of another log, `{}`", checkpoint.origin);
        return findings.bad(0, reason);
    }
    holds(&checkpoint, walk, findings);
}

/// The newest checkpoint is also kept beside the keys: it shows that an older backup was put in
/// place, or the end cut off, where nobody kept one elsewhere.
fn newest_is_there(outside: &Checkpoint, walk: &Walk, findings: &mut Findings) {
    let Head { number, hash } = &outside.head;
    if walk.hash_of(*number).is_some_and(|found| found == hash) {
        return;
    }
    if let Some(row) = walk.gave_up(&outside.head) {
        let last = row.saturating_sub(1);
        let told = format!("a backup was restored here: rows {row} to {number} of before are gone");
        return findings.warn(last + 1, told);
    }
    let reason = format!(
        "a checkpoint of {} beside the keys is of row {number}, which is not in this log: its end \
         was cut off, it was written anew, or an older copy was put in its place",
        outside.at
    );
    findings.bad(*number, reason);
}

fn overdue(seen: &CheckpointSeen, now: Timestamp, findings: &mut Findings) {
    if seen.at.plus_seconds(OVERDUE_SECONDS) < now {
        let told = format!("the newest checkpoint is of {}; one is due every day", seen.at);
        findings.warn(seen.row, told);
    }
}

/// A checkpoint is made daily; one day late is still a restart or a long job.
const OVERDUE_SECONDS: i64 = 2 * 86_400;
