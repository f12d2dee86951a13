//! Taking captures in: devices, their facts and their conversations.

use std::collections::BTreeMap;

use assets::{Identified, Index};
use link::Input;
use model::{Answerable, Device, DeviceId, Skip, Timestamp, WireAnomaly};
use serde_json::json;
use store::records::{DeviceChange, KnownDevice};

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
        if self.ground().read_whole(|tx| tx.ingested(Kind::Capture.name(), &hash))? {
            return Ok(taken(Kind::Capture, input, hash, 1, 1, Vec::new()));
        }
        let observed = captures::observe_file(&input.path, &request.reading, now)?;
        if observed.is_empty()
            && let Some(skip) = observed.skipped.first()
        {
            return Err(HubError::Invalid(skip.reason.clone()));
        }
        let observations = observed.observations;
        let mut import = self.ground().import()?;
        if self.ground().read_whole(|tx| tx.ingested(Kind::Capture.name(), &hash))? {
            return Ok(taken(Kind::Capture, input, hash, 1, 1, Vec::new()));
        }
        let wanted = assets::identifiers_of_observations(&observations);
        let known = import.known(site, &wanted)?;
        let in_use = self.ground().read_whole(|tx| tx.addresses_in_use(site))?;
        let index = Index::new(known.iter().map(|one| one.device.clone()).collect());
        let index = index.with_addresses(in_use);
        let mut identified = assets::identify(&observations, site, &index);
        let capped: Vec<Skip> = identified.devices.iter_mut().flat_map(capped).collect();
        let (new, changed) = changes(&identified, known);
        import.add(&new, &BTreeMap::new())?;
        import.change(changed);
        let skipped = [observed.skipped, capped].concat();
        let taken = taken(Kind::Capture, input, hash, 1, 0, skipped);
        let details = json!({
            "packets": observations.stats.packets,
            "devices": identified.devices.len(),
            "conversations": identified.conversations.len(),
            "not_used": observations.stats.skipped,
            "odd": odd(observations.anomalies.iter().chain(&identified.anomalies)),
        });
        let needs = Needs::Permission(permission(Kind::Capture));
        self.act(caller, needs, Place::Site(site), now, |act| {
            let tx = act.change();
            import.carry_out(tx)?;
            tx.add_conversations(site, &identified.conversations)?;
            let ingest = record(act, caller, &taken, &details, now)?;
            import.show(tx, ingest, None)?;
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

/// Devices as they are written, new ones and changed ones: seen on the wire, with what a capture
/// cannot say.
fn changes(
    identified: &Identified,
    known: Vec<KnownDevice>,
) -> (Vec<DeviceChange>, Vec<DeviceChange>) {
    let mut fields: BTreeMap<DeviceId, BTreeMap<String, String>> =
        known.into_iter().map(|one| (one.device.id, one.custom_fields)).collect();
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for device in &identified.devices {
        let before = fields.remove(&device.id);
        let list = if before.is_some() { &mut changed } else { &mut new };
        list.push(DeviceChange {
            configuration: configuration_key(device),
            custom_fields: before.unwrap_or_default(),
            on_network: true,
            retired: assets::is_retired(device),
            device: device.clone(),
        });
    }
    (new, changed)
}

/// Bounds what is kept of a device, and tells what is left out.
pub(crate) fn capped(device: &mut Device) -> Vec<Skip> {
    let place = device.id.to_string();
    let skip = |reason| Skip {
        path: String::new(),
        place: place.clone(),
        reason,
        answerable: Answerable::Sender,
    };
    assets::cap(device).into_iter().map(skip).collect()
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
