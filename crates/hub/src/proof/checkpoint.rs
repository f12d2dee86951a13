//! Making a checkpoint: what the tables hold, by digest, as a row; and the end of the chain, signed.

use access::Permission;
use evidence::{Action, Checkpoint, Note, note};
use keyring::Keyring;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::records::State;

use crate::act::{Act, Needs, Place};
use crate::proof::keys::{Signers, name_of_note};
use crate::proof::walk::ORIGIN;
use crate::{Caller, Hub, HubError, random};

/// A checkpoint, signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignedCheckpoint {
    /// Row of the evidence that it ends with.
    pub row: u64,
    /// Hash of that row, hexadecimal.
    pub hash: String,
    /// When.
    pub at: Timestamp,
    /// The signed note, to be kept outside of the machine.
    pub note: String,
}

impl Hub {
    /// Makes a checkpoint, and the first key where there is none. It is kept in the store and, the
    /// newest one, beside the keys.
    ///
    /// What the tables hold is read before the write lock is taken; where others wrote meanwhile it
    /// is read again. The first time, which also gives the log its name, and after that the last of
    /// several tries read it under the lock.
    pub fn checkpoint(
        &self,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<SignedCheckpoint, HubError> {
        caller.require(Permission::ReadEvidence)?;
        let signers = self.signers(caller, now)?;
        let mut made = None;
        for tries_left in (0..TRIES_MAX).rev() {
            let (head, state) = self
                .ground()
                .read_whole(|tx| Ok::<_, HubError>((tx.evidence_head()?, tx.state()?)))?;
            let needs = Needs::Permission(Permission::ReadEvidence);
            made = self.act(caller, needs, Place::House, now, |act| {
                let named = act.setting(ORIGIN)?.is_some();
                if named && act.evidence_head()? == head {
                    return sign(act, &signers, Some(&state), now).map(Some);
                }
                let here = !named || tries_left == 0;
                here.then(|| sign(act, &signers, None, now)).transpose()
            })?;
            if made.is_some() {
                break;
            }
        }
        let made = made.ok_or_else(|| HubError::Environment(BUSY.to_owned()))?;
        let origin = Note::read(&made.note).ok().and_then(|note| Checkpoint::read(&note.text).ok());
        if let Some(checkpoint) = origin {
            let name = name_of_note(&checkpoint.origin);
            signers.ring.put_note(&name, &made.note)?;
        }
        Ok(made)
    }

    /// The newest checkpoint, as it was signed; nothing where none was made yet.
    pub fn newest_checkpoint(&self, caller: &Caller) -> Result<Option<String>, HubError> {
        caller.require(Permission::ReadEvidence)?;
        let kept = self.ground().read_whole(|tx| tx.checkpoints())?;
        Ok(kept.into_iter().next_back().map(|row| row.note))
    }

    /// The newest checkpoint that is kept beside the keys.
    pub(super) fn newest_outside(
        &self,
        ring: Option<&Keyring>,
    ) -> Result<Option<Checkpoint>, HubError> {
        let origin = self.ground().read_whole(|tx| tx.setting(ORIGIN))?;
        let (Some(ring), Some(origin)) = (ring, origin) else { return Ok(None) };
        let Some(note) = ring.note(&name_of_note(&origin))? else {
            return Ok(None);
        };
        let known = super::keys::public_keys(Some(ring));
        Ok(super::read_signed(&note, &known).ok().map(|(checkpoint, _)| checkpoint))
    }
}

fn sign(
    act: &Act<'_, '_>,
    signers: &Signers,
    state: Option<&State>,
    now: Timestamp,
) -> Result<SignedCheckpoint, HubError> {
    let origin = if let Some(origin) = act.setting(ORIGIN)? {
        origin
    } else {
        let origin = format!("regimen-evidence/{}", evidence::hex(&random::<8>()?));
        act.change().put_setting(ORIGIN, &origin)?;
        origin
    };
    let state = state.cloned().map_or_else(|| act.state(), Ok)?;
    act.note(Action::Checkpoint, &origin, &json!({ "state": state }))?;
    let lost = || HubError::Environment("the row that was written is not there".to_owned());
    let head = act.evidence_head()?.ok_or_else(lost)?;
    let (row, hash) = (head.number, head.hash.clone());
    let text = Checkpoint { origin, head, at: now }.text();
    let note = note::sign(&text, &signers.keys).map_err(crate::access::session::environment)?;
    act.change().put_checkpoint(row, now, &note)?;
    Ok(SignedCheckpoint { row, hash, at: now, note })
}

/// How often the tables are read before they are read under the lock.
const TRIES_MAX: u32 = 3;

/// Why there is no checkpoint. A fault of ours: the last try holds the lock.
const BUSY: &str = "no checkpoint could be made; please report this fault";
