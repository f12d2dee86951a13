//! The keys of the hub: listing them, making the first, and letting one follow another.

use std::path::Path;

use access::Permission;
use evidence::{Action, NoteKey, PublicKey};
use keyring::{Key, Keyring, Purpose};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::session::environment;
use crate::act::{Needs, Place};
use crate::{Caller, Hub, HubError, random};

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyRow {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub purpose: String,
    /// When it was made.
    pub created: Timestamp,
    /// Since when it is out of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired: Option<Timestamp>,
    /// Its public half, in the form that signed notes use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
}

/// Those who sign, and the ring they come from.
pub(super) struct Signers {
    pub(super) ring: Keyring,
    pub(super) keys: Vec<NoteKey>,
}

impl Hub {
    /// The same hub with a keyring in `folder`.
    #[must_use]
    pub fn with_keys(mut self, folder: &Path) -> Self {
        self.keys = Some(folder.into());
        self
    }

    /// Every key, oldest first.
    pub fn keys(&self, caller: &Caller) -> Result<Vec<KeyRow>, HubError> {
        caller.require(Permission::ReadEvidence)?;
        let ring = self.ring()?;
        Ok(ring.iter().flat_map(Keyring::keys).map(shown).collect())
    }

    /// Makes a new key for checkpoints. The one before it stays in use beside it, so that whoever
    /// knows that one can follow; those before are retired and their secrets gone.
    pub fn rotate_keys(&self, caller: &Caller, now: Timestamp) -> Result<KeyRow, HubError> {
        caller.require(Permission::ManagePeople)?;
        let mut ring = self.needed_ring()?;
        self.make_key(caller, &mut ring, now)
    }

    /// The keyring, where the hub was given one.
    pub(super) fn ring(&self) -> Result<Option<Keyring>, HubError> {
        self.keys.as_deref().map(Keyring::read).transpose().map_err(HubError::from)
    }

    /// The keys that sign checkpoints, the first made now where there is none.
    pub(super) fn signers(&self, caller: &Caller, now: Timestamp) -> Result<Signers, HubError> {
        let mut ring = self.needed_ring()?;
        if ring.in_use(Purpose::Checkpoint).next().is_none() {
            self.make_key(caller, &mut ring, now)?;
        }
        let seeds = ring.in_use(Purpose::Checkpoint).filter_map(Key::secret);
        let keys: Result<Vec<NoteKey>, _> = seeds.map(|seed| NoteKey::new(NAME, seed)).collect();
        let keys = keys.map_err(environment)?;
        Ok(Signers { ring, keys })
    }

    fn needed_ring(&self) -> Result<Keyring, HubError> {
        let missing = || HubError::Invalid("this hub has no keyring; give it --keys".to_owned());
        self.ring()?.ok_or_else(missing)
    }

    fn make_key(
        &self,
        caller: &Caller,
        ring: &mut Keyring,
        now: Timestamp,
    ) -> Result<KeyRow, HubError> {
        let seed = random()?;
        let public = NoteKey::new(NAME, &seed).map_err(environment)?.public();
        let (id, text) = (public.id(), public.to_string());
        let key = Key::new(Purpose::Checkpoint, id, Some(text), seed, now);
        let row = shown(&key);
        ring.add(key)?;
        let needs = Needs::Permission(Permission::ReadEvidence);
        self.act(caller, needs, Place::House, now, |act| {
            let details = json!({ "purpose": row.purpose, "public": row.public });
            act.note(Action::MakeKey, &row.id, &details)
        })?;
        Ok(row)
    }
}

/// How many keys of a folder are in use, once it is known that nobody else can reach them.
pub fn in_use(folder: &Path) -> Result<usize, HubError> {
    let ring = Keyring::read(folder)?;
    Ok(ring.keys().iter().filter(|key| key.retired.is_none()).count())
}

/// The public keys of a ring, those out of use included: what they signed stays signed.
pub(super) fn public_keys(ring: Option<&Keyring>) -> Vec<PublicKey> {
    let keys = ring.into_iter().flat_map(Keyring::keys);
    keys.filter_map(|key| PublicKey::parse(key.public.as_deref()?).ok()).collect()
}

/// Name of the file beside the keys that holds the newest checkpoint of a log.
pub(super) fn name_of_note(origin: &str) -> String {
    let name: String = origin.chars().filter(|one| one.is_ascii_alphanumeric()).collect();
    format!("checkpoint-{name}.txt")
}

fn shown(key: &Key) -> KeyRow {
    KeyRow {
        id: key.id.clone(),
        purpose: key.purpose.clone(),
        created: key.created,
        retired: key.retired,
        public: key.public.clone(),
    }
}

/// Name of the keys that sign checkpoints, in the notes they sign.
const NAME: &str = "regimen-evidence";
