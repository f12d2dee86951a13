//! Taking captures in: devices, their facts and their conversations.

use std::collections::{BTreeMap, BTreeSet};

use assets::Index;
use link::Input;
use model::{Device, DeviceId, Skip, Timestamp, WireAnomaly};
use serde_json::json;
use store::WriteTx;
use store::records::DeviceChange;

use crate::act::{Needs, Place};
use crate::decide::configuration_key;
use crate::take_in::kind::Kind;
use crate::take_in::{IngestRequest, Taken, permission, record, sha256_of_file};
use crate::{Caller, Hub, HubError, captures};

impl Hub {
    /// Takes a capture in. What was read before a damaged place is used.
    pub(crate) fn ingest_capture(
        &self,
        caller: &Caller,
        input: &Input,
        request: &IngestRequest,
        now: Timestamp,
    ) -> Result<Taken, HubError> {
        let site = request.site.as_str();
        let hash = sha256_of_file(&input.path)?;
        if self.ground().read(|tx| tx.ingested(Kind::Capture.name(), &hash))? {
            return Ok(taken(Kind::Capture, input, hash, 1, 1, Vec::new()));
        }
        let observed = captures::observe_file(&input.path, &request.reading, now)?;
        if observed.is_empty()
            && let Some(skip) = observed.skipped.first()
        {
            return Err(HubError::Invalid(skip.reason.clone()));
        }
        let observations = observed.observations;
        let needs = Needs::Permission(permission(Kind::Capture));
        self.act(caller, needs, Place::Site(site), now, |act| {
            let known = Index::new(act.devices(Some(site))?);
            let identified = assets::identify(&observations, site, &known);
            let tx = act.change();
            put_devices(tx, identified.devices.iter(), &BTreeMap::new(), true)?;
            tx.add_conversations(site, &identified.conversations)?;
            let taken = taken(Kind::Capture, input, hash, 1, 0, observed.skipped);
            let details = json!({
                "packets": observations.stats.packets,
                "devices": identified.devices.len(),
                "conversations": identified.conversations.len(),
                "not_used": observations.stats.skipped,
                "odd": odd(observations.anomalies.iter().chain(&identified.anomalies)),
            });
            record(act, caller, &taken, &details, now)?;
            Ok(taken)
        })
    }
}

/// Oddities in words, each with how often it was seen.
fn odd<'a>(anomalies: impl Iterator<Item = &'a WireAnomaly>) -> BTreeMap<String, u64> {
    let mut odd = BTreeMap::new();
    for anomaly in anomalies {
        *odd.entry(format!("{}: {}", anomaly.protocol, anomaly.what)).or_default() += anomaly.count;
    }
    odd
}

/// Writes devices. What is known of a device from elsewhere (that it was seen on the wire, and
/// what a capture cannot say: custom fields) is kept.
pub(crate) fn put_devices<'a>(
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
            None if seen_on_wire && device.asset_id.is_some() => tx.custom_fields(device.id)?,
            None => BTreeMap::new(),
        };
        changes.push(DeviceChange {
            configuration: configuration_key(device),
            custom_fields: kept,
            on_network: seen_on_wire || on_network.contains(&device.id),
            retired: assets::is_retired(device),
            device: device.clone(),
        });
    }
    Ok(tx.put_devices(&changes)?)
}

pub(crate) fn taken(
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
        columns: None,
    }
}
