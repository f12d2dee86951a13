//! Imports of devices: written unseen, some at a time, and shown by the act that notes them.
//!
//! What is written unseen is nobody's decision yet: it has no evidence, nobody is shown it, and
//! where the act does not come it is swept away. One import is under way at a time, so what an
//! import looked up before its act still holds in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::{DeviceId, Identifier};
use store::records::{DeviceChange, KnownDevice};
use store::{StoreError, Turn, WriteTx};

use crate::act::Ground;

/// An import under way.
pub(crate) struct Import<'g> {
    ground: &'g Ground,
    _turn: Turn,
    number: Option<i64>,
    changed: BTreeMap<DeviceId, DeviceChange>,
    /// What points to a changed device.
    pointing: BTreeMap<Identifier, DeviceId>,
    written: usize,
}

impl Ground {
    /// Begins an import, when it is its turn.
    pub(crate) fn import(&self) -> Result<Import<'_>, StoreError> {
        let turn = self.store.turn(TURN_MAX)?;
        self.sweep()?;
        Ok(Import {
            ground: self,
            _turn: turn,
            number: None,
            changed: BTreeMap::new(),
            pointing: BTreeMap::new(),
            written: 0,
        })
    }

    /// Removes what an import that was killed has left behind, unless one is under way.
    pub(crate) fn sweep_when_idle(&self) -> Result<(), StoreError> {
        match self.store.turn(Duration::ZERO) {
            Ok(_turn) => self.sweep(),
            Err(StoreError::NoTurn { .. } | StoreError::Locked(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn sweep(&self) -> Result<(), StoreError> {
        if !self.read_whole(|tx| tx.has_leftovers())? {
            return Ok(());
        }
        while self.store.write(|tx| tx.sweep())? {}
        Ok(())
    }

    /// Tells the database how much there is, after much was written.
    pub(crate) fn tidy(&self) -> Result<(), StoreError> {
        self.store.tidy()
    }
}

impl Import<'_> {
    /// Devices of `site` that these identifiers point to, as they will be after this import.
    pub(crate) fn known(
        &self,
        site: &str,
        wanted: &BTreeSet<Identifier>,
    ) -> Result<Vec<KnownDevice>, StoreError> {
        let found = self.ground.read_whole(|tx| tx.known_devices(site, wanted, self.number))?;
        let mut known: BTreeMap<DeviceId, KnownDevice> =
            found.into_iter().map(|one| (one.device.id, one)).collect();
        let pointed = wanted.iter().filter_map(|one| self.pointing.get(one));
        let held: BTreeSet<DeviceId> = known.keys().chain(pointed).copied().collect();
        for change in held.iter().filter_map(|id| self.changed.get(id)) {
            let changed = KnownDevice {
                device: change.device.clone(),
                custom_fields: change.custom_fields.clone(),
                on_network: change.on_network,
                listed: false,
            };
            known.insert(change.device.id, changed);
        }
        Ok(known.into_values().collect())
    }

    /// Takes devices that are new: they are written at once, unseen.
    pub(crate) fn add(
        &mut self,
        new: &[DeviceChange],
        digests: &BTreeMap<DeviceId, String>,
    ) -> Result<(), StoreError> {
        for batch in new.chunks(DEVICES_AT_ONCE) {
            let number = self.ground.store.write(|tx| {
                let number = self.number.map_or_else(|| tx.begin_import(), Ok)?;
                tx.put_unseen(number, batch, digests)?;
                Ok::<_, StoreError>(number)
            })?;
            self.number = Some(number);
            self.written += batch.len();
        }
        Ok(())
    }

    /// Takes devices that were there: they change when the import is shown.
    pub(crate) fn change(&mut self, changes: Vec<DeviceChange>) {
        for change in changes {
            let id = change.device.id;
            self.pointing.extend(Identifier::all_of(&change.device).into_iter().map(|i| (i, id)));
            self.changed.insert(id, change);
            self.written += 1;
        }
    }

    /// How many devices are new or changed.
    pub(crate) const fn written(&self) -> usize {
        self.written
    }

    /// Changes what was there, in the act's transaction.
    pub(crate) fn carry_out(&mut self, tx: &WriteTx) -> Result<(), StoreError> {
        let changes: Vec<DeviceChange> = std::mem::take(&mut self.changed).into_values().collect();
        tx.put_devices(&changes)
    }

    /// Shows what was new, in the act's transaction, and puts its rows on the list of `stream`.
    pub(crate) fn show(
        &self,
        tx: &WriteTx,
        ingest: u64,
        stream: Option<(&str, &str)>,
    ) -> Result<(), StoreError> {
        let Some(number) = self.number else { return Ok(()) };
        tx.show_import(number, ingest)?;
        stream.map_or(Ok(()), |(site, name)| tx.put_imported(site, name, number))
    }
}

/// How long an import waits for another: as long as a first import of a large hospital takes.
const TURN_MAX: Duration = Duration::from_mins(10);

/// Devices written in one transaction: few, so that others who write wait a moment only.
const DEVICES_AT_ONCE: usize = 250;
