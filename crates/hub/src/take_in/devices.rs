//! Taking captures in: devices, their facts and their conversations.

use std::collections::BTreeMap;

use assets::{Identified, Index};
use link::Input;
use model::{Answerable, Device, DeviceId, Skip, Timestamp, WireAnomaly};
use serde_json::json;
use store::records::{DeviceChange, KnownDevice};

use crate::act::{Needs, Place};
use crate::take_in::changes::Teller;
use crate::take_in::kind::Kind;
use crate::take_in::one_read::{Hashed, source_id};
use crate::take_in::{IngestRequest, Taken, permission, record};
use crate::{Caller, Hub, HubError};

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
        let hashed = Hashed::open(input)?;
        let hash = hashed.hash().to_owned();
        if self.ground().read_whole(|tx| tx.ingested(Kind::Capture.name(), &hash))? {
            return Ok(taken(Kind::Capture, input, hash, 1, 1, Vec::new()));
        }
        let observed = hashed.observe(input, &request.reading, now)?;
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
        let index = index_of(site, &known);
        let index = index.with_addresses(in_use);
        let mut identified = assets::identify(&observations, site, &index);
        let capped: Vec<Skip> = identified.devices.iter_mut().flat_map(capped).collect();
        let (new, changed) =
            changes(&identified, known, &Teller { name: &input.name(), at: now }, site);
        import.add(&new, &BTreeMap::new())?;
        import.change(changed);
        let asked = questions(&identified.questions);
        let skipped = [observed.skipped, capped, asked].concat();
        let taken = taken(Kind::Capture, input, hash, 1, 0, skipped);
        let details = json!({
            "packets": observations.stats.packets,
            "devices": identified.devices.len(),
            "conversations": identified.conversations.len(),
            "not_used": observations.stats.skipped,
            "odd": odd(observations.anomalies.iter().chain(&identified.anomalies)),
        });
        let source = source_id(&taken.content_hash);
        let needs = Needs::Permission(permission(Kind::Capture));
        self.act(caller, needs, Place::Site(site), now, |act| {
            let tx = act.change();
            import.carry_out(tx)?;
            tx.add_conversations(site, &identified.conversations)?;
            let ingest = record(act, caller, &taken, &details, now)?;
            tx.note_source(&source, &taken.name, ingest)?;
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
    teller: &Teller,
    site: &str,
) -> (Vec<DeviceChange>, Vec<DeviceChange>) {
    let known: BTreeMap<DeviceId, KnownDevice> =
        known.into_iter().map(|one| (one.device.id, one)).collect();
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for device in &identified.devices {
        let before = known.get(&device.id);
        let fields = before.map(|before| before.custom_fields.clone()).unwrap_or_default();
        let change = teller.change(before, device.clone(), fields, true, None);
        if before.is_some() { changed.push(change) } else { new.push(change) }
    }
    changed.extend(teller.questions(&identified.questions, &known, site));
    (new, changed)
}

/// What is known, for a site to find its own devices in first.
pub(crate) fn index_of(site: &str, known: &[KnownDevice]) -> Index {
    let listed = known.iter().filter(|one| one.listed).map(|one| one.device.id).collect();
    Index::at_site(site, known.iter().map(|one| one.device.clone()).collect(), listed)
}

/// Questions that a person must answer, told with what was taken in.
pub(crate) fn questions(asked: &[(DeviceId, String)]) -> Vec<Skip> {
    let skip = |(device, question): &(DeviceId, String)| Skip {
        path: String::new(),
        place: device.to_string(),
        reason: question.clone(),
        answerable: Answerable::Caller,
    };
    asked.iter().map(skip).collect()
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
