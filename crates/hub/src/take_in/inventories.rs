//! Taking the hospital's inventories in, each as the newest export of a stream.
//!
//! A stream is what one system of one site exports again and again. It is named by the caller, or
//! recognised by its headings. The newest export decides: what it leaves empty is not known any
//! more, what it leaves out is no longer listed (and kept). An export that lacks more than a fifth
//! of the devices its stream lists may be a part of it: its rows are used, and what is missing
//! stays listed until a person says whether it is partial.

use std::collections::{BTreeMap, BTreeSet};

use assets::{Index, Inventory, Joined};
use link::Input;
use model::{Answerable, Device, DeviceId, Skip, Timestamp};
use serde_json::json;
use store::records::{StreamNow, StreamRow};
use store::{Tx, WriteTx};

use crate::act::{Needs, Place};
use crate::take_in::devices::{put_devices, taken};
use crate::take_in::kind::Kind;
use crate::take_in::{ColumnsRead, IngestRequest, Taken, permission, record, sha256_hex};
use crate::{Caller, Hub, HubError};

impl Hub {
    /// Takes the hospital's inventory in.
    pub(crate) fn ingest_inventory(
        &self,
        caller: &Caller,
        input: &Input,
        request: &IngestRequest,
        now: Timestamp,
    ) -> Result<Taken, HubError> {
        let bytes = link::read_document(&input.path).map_err(crate::access::session::invalid)?;
        let hash = sha256_hex(&bytes);
        let inventory = assets::read_inventory(&input.name(), &bytes);
        let columns = Some(ColumnsRead::of(&inventory));
        let needs = Needs::Permission(permission(Kind::Inventory));
        let taken = self.act(caller, needs, Place::Site(&request.site), now, |act| {
            let streams = act.streams(Some(&request.site))?;
            let name = stream_name(&streams, &inventory, &request.source)?;
            let before = streams.iter().find(|stream| stream.now.name == name);
            if let Some(stream) = before
                && is_known(stream, &hash, request.partial)
            {
                return known_before(act, input, hash, &inventory, stream);
            }
            let site = request.site.as_str();
            let known = Index::new(act.devices(Some(site))?);
            let joined = assets::join_inventory(&inventory, &name, site, known, now);
            let rows = Rows::of(act, before, &inventory, &joined, request.partial)?;
            let tx = act.change();
            let written = write_changed(tx, &inventory, &joined)?;
            let (read, listed) = (inventory.read, joined.devices.len() as u64);
            let skipped = [inventory.skipped.clone(), joined.skipped, rows.told].concat();
            let mut taken = taken(Kind::Inventory, input, hash.clone(), read, 0, skipped);
            // Devices that went off the list are a change too.
            taken.accepted = listed;
            let details = json!({
                "source": name,
                "devices": listed,
                "changed": written,
                "no_longer_listed": rows.gone.len(),
                "held": rows.pending,
            });
            let ingest = record(act, caller, &taken, &details, now)?;
            let stream = StreamNow {
                name,
                headings: inventory.headings.clone(),
                content_hash: hash,
                parser: PARSER.to_owned(),
                pending: rows.pending,
            };
            tx.put_stream(site, &stream, ingest)?;
            tx.put_listed(site, &stream.name, &rows.listed, &rows.gone, now)?;
            Ok(taken)
        })?;
        Ok(Taken { columns, ..taken })
    }
}

/// The same bytes as the newest export of the stream, with nothing that a person must still say.
fn is_known(stream: &StreamRow, hash: &str, partial: Option<bool>) -> bool {
    let answered = stream.now.pending && partial.is_some();
    stream.now.content_hash == hash && stream.now.parser == PARSER && !answered
}

/// Nothing is new; what could not be used the first time is told again.
fn known_before(
    tx: &Tx,
    input: &Input,
    hash: String,
    inventory: &Inventory,
    stream: &StreamRow,
) -> Result<Taken, HubError> {
    let mut skipped = inventory.skipped.clone();
    let stored = tx.ingest_skips(stream.ingest, store::ingests::SKIPS_KEPT)?;
    let known: BTreeSet<(&str, &str)> =
        inventory.skipped.iter().map(|skip| (skip.place.as_str(), skip.reason.as_str())).collect();
    skipped.extend(
        stored
            .into_iter()
            .filter(|skip| !known.contains(&(skip.place.as_str(), skip.reason.as_str()))),
    );
    Ok(taken(Kind::Inventory, input, hash, inventory.read, inventory.read, skipped))
}

/// The stream that the export belongs to: the one the caller names; else the one with the same
/// headings; else the one that is called like the file and has most of its headings; else a new
/// one, called like the file.
fn stream_name(
    streams: &[StreamRow],
    inventory: &Inventory,
    said: &str,
) -> Result<String, HubError> {
    if !said.is_empty() {
        return Ok(said.to_owned());
    }
    let same: Vec<&StreamRow> =
        streams.iter().filter(|stream| stream.now.headings == inventory.headings).collect();
    match same.as_slice() {
        [] => {}
        [one] => return Ok(one.now.name.clone()),
        several => {
            let names: Vec<&str> = several.iter().map(|one| one.now.name.as_str()).collect();
            let reason = format!(
                "its headings are those of several sources; name one: {}",
                names.join(", ")
            );
            return Err(HubError::Invalid(reason));
        }
    }
    let taken = |name: &str| streams.iter().find(|stream| stream.now.name == name);
    match taken(&inventory.name) {
        Some(stream) if most_are_same(&stream.now.headings, &inventory.headings) => {
            Ok(inventory.name.clone())
        }
        Some(_) => {
            let numbered = |number: usize| format!("{} ({number})", inventory.name);
            let free = (2..=streams.len() + 2).map(numbered).find(|name| taken(name).is_none());
            Ok(free.unwrap_or_default())
        }
        None => Ok(inventory.name.clone()),
    }
}

fn most_are_same(ours: &[String], theirs: &[String]) -> bool {
    let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) =
        (ours.iter().collect(), theirs.iter().collect());
    ours.intersection(&theirs).count() * 2 > ours.union(&theirs).count()
}

/// What an export does to the list of its stream.
#[derive(Default)]
struct Rows {
    listed: BTreeSet<DeviceId>,
    gone: BTreeSet<DeviceId>,
    pending: bool,
    told: Vec<Skip>,
}

impl Rows {
    fn of(
        tx: &Tx,
        stream: Option<&StreamRow>,
        inventory: &Inventory,
        joined: &Joined,
        partial: Option<bool>,
    ) -> Result<Self, HubError> {
        let listed: BTreeSet<DeviceId> = joined.devices.iter().map(|device| device.id).collect();
        let mut rows = Self { listed, ..Self::default() };
        let Some(stream) = stream else { return Ok(rows) };
        let before = tx.listed(stream)?;
        let missing: BTreeSet<DeviceId> = before.difference(&rows.listed).copied().collect();
        let unread = inventory.unread();
        match partial {
            Some(true) => {}
            None if missing.len() * MISSING_SHARE > before.len() => {
                rows.pending = true;
                rows.tell(
                    inventory,
                    format!(
                        "it lacks {} of the {} devices that source `{}` lists: say whether it is \
                     partial; until then they stay listed",
                        missing.len(),
                        before.len(),
                        stream.now.name,
                    ),
                );
            }
            None if missing.is_empty() => {}
            None if unread > 0 => rows.tell(
                inventory,
                format!(
                    "{} devices of source `{}` are missing and {unread} rows cannot be read: \
                 the devices stay listed",
                    missing.len(),
                    stream.now.name,
                ),
            ),
            Some(false) | None => rows.gone = missing,
        }
        Ok(rows)
    }

    fn tell(&mut self, inventory: &Inventory, reason: String) {
        self.told.push(Skip {
            path: inventory.name.clone(),
            place: String::new(),
            reason,
            answerable: Answerable::Caller,
        });
    }
}

/// Writes the devices of which anything is new. Gives how many.
fn write_changed(tx: &WriteTx, inventory: &Inventory, joined: &Joined) -> Result<usize, HubError> {
    let before = tx.all_custom_fields()?;
    let after = custom_fields(inventory, joined, &before);
    let is_new = |device: &&Device| {
        !joined.unchanged.contains(&device.id) || before.get(&device.id) != after.get(&device.id)
    };
    let changed: Vec<&Device> = joined.devices.iter().filter(is_new).collect();
    let count = changed.len();
    put_devices(tx, changed.into_iter(), &after, false)?;
    Ok(count)
}

/// The columns without an attribute, after the export: its own headings say what it says, those of
/// other sources stay.
fn custom_fields(inventory: &Inventory, joined: &Joined, before: &FieldsOf) -> FieldsOf {
    let own: BTreeSet<&String> =
        inventory.records.iter().flat_map(|record| record.custom.keys()).collect();
    let fields_of = |device: &Device| {
        let kept = before.get(&device.id).into_iter().flatten();
        let kept = kept.filter(|(heading, _)| !own.contains(heading));
        let told = joined.custom_fields.get(&device.id).into_iter().flatten();
        kept.chain(told).map(|(heading, cell)| (heading.clone(), cell.clone())).collect()
    };
    let all = joined.devices.iter().map(|device| (device.id, fields_of(device)));
    all.filter(|(_, fields): &(DeviceId, BTreeMap<_, _>)| !fields.is_empty()).collect()
}

/// Columns without an attribute, by device and heading.
type FieldsOf = BTreeMap<DeviceId, BTreeMap<String, String>>;

/// An export that lacks more than one in so many devices may be partial.
const MISSING_SHARE: usize = 5;

/// What read the export: another version of it reads the same bytes anew.
const PARSER: &str = concat!("inventory ", env!("CARGO_PKG_VERSION"));
