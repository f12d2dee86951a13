//! Taking captures and inventories in: devices, their facts and their conversations.

use std::collections::{BTreeMap, BTreeSet};

use assets::Index;
use link::Input;
use model::{Device, DeviceId, Skip, Timestamp};
use serde_json::json;
use store::WriteTx;
use store::records::DeviceChange;

use crate::act::{Needs, Place};
use crate::decide::configuration_key;
use crate::take_in::kind::Kind;
use crate::take_in::{Taken, permission, record, sha256_hex, sha256_of_file};
use crate::{Caller, Hub, HubError, one_shot};

impl Hub {
    /// Takes a capture in. What was read before a damaged place is used.
    pub(crate) fn ingest_capture(
        &self,
        caller: &Caller,
        input: &Input,
        site: &str,
        now: Timestamp,
    ) -> Result<Taken, HubError> {
        let hash = sha256_of_file(&input.path)?;
        if self.ground().read(|tx| tx.ingested(Kind::Capture.name(), &hash))? {
            return Ok(taken(Kind::Capture, input, hash, 1, 1, Vec::new()));
        }
        let observed = one_shot::observe_file(&input.path)?;
        let observations = observed.observations;
        if observations.stats.packets == 0
            && let Some(skip) = observed.skipped.first()
        {
            return Err(HubError::Invalid(skip.reason.clone()));
        }
        let needs = Needs::Permission(permission(Kind::Capture));
        self.act(caller, needs, Place::Site(site), now, |act| {
            let known = Index::new(act.devices(Some(site))?);
            let identified = assets::identify(&observations, site, &known);
            let tx = act.change();
            put_devices(tx, identified.devices.iter(), &BTreeMap::new(), true)?;
            tx.add_conversations(&identified.conversations)?;
            let taken = taken(Kind::Capture, input, hash, 1, 0, observed.skipped);
            let details = json!({
                "packets": observations.stats.packets,
                "devices": identified.devices.len(),
                "conversations": identified.conversations.len(),
                "not_used": observations.stats.skipped,
            });
            record(act, caller, &taken, &details, now)?;
            Ok(taken)
        })
    }

    /// Takes the hospital's inventory in.
    pub(crate) fn ingest_inventory(
        &self,
        caller: &Caller,
        input: &Input,
        site: &str,
        now: Timestamp,
    ) -> Result<Taken, HubError> {
        let bytes = link::read_document(&input.path).map_err(crate::access::session::invalid)?;
        let hash = sha256_hex(&bytes);
        let inventory = assets::read_inventory(&input.name(), &bytes);
        let needs = Needs::Permission(permission(Kind::Inventory));
        self.act(caller, needs, Place::Site(site), now, |act| {
            if act.ingested(Kind::Inventory.name(), &hash)? {
                let rows = inventory.read;
                return Ok(taken(Kind::Inventory, input, hash, rows, rows, Vec::new()));
            }
            let known = Index::new(act.devices(Some(site))?);
            let joined = assets::join_inventory(&inventory, site, known, now);
            put_devices(act.change(), joined.devices.iter(), &joined.custom_fields, false)?;
            let skipped = [inventory.skipped.clone(), joined.skipped].concat();
            let mut taken = taken(Kind::Inventory, input, hash, inventory.read, 0, skipped);
            taken.accepted = joined.devices.len() as u64;
            record(act, caller, &taken, &json!({ "devices": joined.devices.len() }), now)?;
            Ok(taken)
        })
    }
}

/// Writes devices. What is known of a device from elsewhere (custom fields, that it was seen on
/// the wire) is kept.
fn put_devices<'a>(
    tx: &WriteTx,
    devices: impl Iterator<Item = &'a Device>,
    custom_fields: &BTreeMap<DeviceId, BTreeMap<String, String>>,
    seen_on_wire: bool,
) -> Result<(), HubError> {
    let on_network: BTreeSet<DeviceId> =
        if seen_on_wire { BTreeSet::new() } else { tx.on_network_ids()? };
    let mut changes = Vec::new();
    for device in devices {
        let kept = match custom_fields.get(&device.id) {
            Some(fields) => fields.clone(),
            None if device.asset_id.is_some() => tx.custom_fields(device.id)?,
            None => BTreeMap::new(),
        };
        changes.push(DeviceChange {
            configuration: configuration_key(device),
            custom_fields: kept,
            on_network: seen_on_wire || on_network.contains(&device.id),
            device: device.clone(),
        });
    }
    Ok(tx.put_devices(&changes)?)
}

fn taken(
    kind: Kind,
    input: &Input,
    content_hash: String,
    read: u64,
    unchanged: u64,
    skipped: Vec<Skip>,
) -> Taken {
    Taken {
        kind,
        name: input.name(),
        content_hash,
        read,
        accepted: read - unchanged,
        unchanged,
        skipped,
    }
}
