//! Taking the hospital's inventories in, each as the newest export of a stream.
//!
//! A stream is what one system of one site exports again and again. It is named by the caller, or
//! recognised by its headings. The newest export decides: what it leaves empty is not known any
//! more, what it leaves out is no longer listed (and kept). An export that lacks more than a fifth
//! of the devices its stream lists may be a part of it: its rows are used, and what is missing
//! stays listed until a person says whether it is partial.
//!
//! Cost: a row that says what it said before is passed over by its digest; for the others the
//! devices that their identifiers point to are looked up, some rows at a time. All of it happens
//! before the act that shows it, so others who write wait for what changed and no longer.

use std::collections::{BTreeMap, BTreeSet};

use assets::{Inventory, InventoryRecord, Joined, Joining};
use link::Input;
use model::{DeviceId, Identifier, Skip, SourceId, Timestamp};
use serde_json::json;
use store::Tx;
use store::records::{KnownDevice, StreamNow, StreamRow};

use crate::act::stage::Import;
use crate::act::{Needs, Place};
use crate::take_in::changes::Teller;
use crate::take_in::devices::{capped, index_of, questions, taken};
use crate::take_in::kind::Kind;
use crate::take_in::listing::{Listing, PARSER, Row, rows_of};
use crate::take_in::{ColumnsRead, IngestRequest, Taken, permission, record};
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
        let needs = Needs::Permission(permission(Kind::Inventory));
        let bytes = link::read_document(&input.path).map_err(crate::access::session::invalid)?;
        let hash = evidence::sha256_hex(&bytes);
        let mut import = self.ground().import()?;
        if let Some(taken) = self.known_before(input, &bytes, &hash, request)? {
            return Ok(taken);
        }
        let mut inventory = assets::read_inventory(&input.name(), &bytes);
        drop(bytes);
        let source = SourceId { content_hash: hash.clone(), parser: PARSER.to_owned() };
        inventory.source_id = Some(source.clone());
        let site = request.site.as_str();
        let (name, before, listed) =
            self.ground().read_whole(|tx| stream_of(tx, &inventory, request))?;
        let rows = rows_of(&inventory, &listed);
        let mut work = Work::new(&inventory, &name, site, now);
        for batch in rows.chunks(ROWS_AT_ONCE) {
            work.join(&mut import, batch)?;
        }
        let Work { changed, skipped: contradictions, digests, listed: now_listed, .. } = work;
        let listing =
            Listing::of(&inventory, before.as_ref(), &listed, now_listed, request.partial);
        let told = [inventory.skipped.clone(), contradictions, listing.told.clone()].concat();
        let mut taken = taken(Kind::Inventory, input, hash.clone(), inventory.read, 0, told);
        // Devices that went off the list are a change too.
        taken.accepted = listing.listed.len() as u64;
        taken.columns = Some(ColumnsRead::of(&inventory));
        let details = json!({
            "source": name,
            "devices": listing.listed.len(),
            "changed": import.written(),
            "no_longer_listed": listing.gone.len(),
            "held": listing.pending,
        });
        let stream = StreamNow {
            name,
            headings: inventory.headings.clone(),
            content_hash: hash,
            parser: PARSER.to_owned(),
            pending: listing.pending,
        };
        let again: BTreeMap<DeviceId, String> =
            digests.into_iter().filter(|(id, _)| changed.contains(id)).collect();
        self.act(caller, needs, Place::Site(site), now, |act| {
            let tx = act.change();
            import.carry_out(tx)?;
            let ingest = record(act, caller, &taken, &details, now)?;
            tx.note_source(&source, &taken.name, ingest)?;
            tx.put_stream(site, &stream, ingest)?;
            import.show(tx, ingest, Some((site, &stream.name)))?;
            tx.put_listed(site, &stream.name, &again, &listing.gone, now)?;
            Ok(taken)
        })
    }

    /// What became of an export that is the newest of its stream already: nothing is new, and what
    /// could not be used the first time is told again. Its rows are not read for that.
    fn known_before(
        &self,
        input: &Input,
        bytes: &[u8],
        hash: &str,
        request: &IngestRequest,
    ) -> Result<Option<Taken>, HubError> {
        let found = self.ground().read_whole(|tx| {
            let streams = tx.streams(Some(&request.site))?;
            let named = |stream: &&StreamRow| {
                request.source.is_empty() || stream.now.name == request.source
            };
            let is_it = |stream: &&StreamRow| is_known(stream, hash, request.partial);
            let mut same = streams.iter().filter(named).filter(is_it);
            let Some(stream) = same.next().filter(|_| same.next().is_none()) else {
                return Ok::<_, HubError>(None);
            };
            let skipped = tx.ingest_skips(stream.ingest, store::ingests::SKIPS_KEPT)?;
            Ok(tx.records_read(stream.ingest)?.map(|read| (read, skipped)))
        })?;
        Ok(found.map(|(read, skipped)| {
            let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
            let head = assets::read_inventory(&input.name(), head);
            let mut taken = taken(Kind::Inventory, input, hash.to_owned(), read, read, skipped);
            taken.columns = Some(ColumnsRead::of(&head));
            taken
        }))
    }
}

/// The stream of an export, as it was before, and what it lists.
type StreamOf = (String, Option<StreamRow>, BTreeMap<DeviceId, String>);

fn stream_of(
    tx: &Tx,
    inventory: &Inventory,
    request: &IngestRequest,
) -> Result<StreamOf, HubError> {
    let streams = tx.streams(Some(&request.site))?;
    let name = stream_name(&streams, inventory, &request.source)?;
    let before = streams.into_iter().find(|stream| stream.now.name == name);
    let listed = before.as_ref().map(|stream| tx.listed(stream)).transpose()?;
    Ok((name, before, listed.unwrap_or_default()))
}

/// The joining of an export with what is known, some rows at a time.
struct Work<'a> {
    joining: Joining<'a>,
    teller: Teller<'a>,
    site: &'a str,
    /// Headings without an attribute that the export has.
    own: BTreeSet<&'a str>,
    listed: BTreeSet<DeviceId>,
    /// Devices that were there and have a row that is new or says something else.
    changed: BTreeSet<DeviceId>,
    digests: BTreeMap<DeviceId, String>,
    skipped: Vec<Skip>,
}

impl<'a> Work<'a> {
    fn new(inventory: &'a Inventory, stream: &'a str, site: &'a str, now: Timestamp) -> Self {
        let own = inventory.records.iter().flat_map(|record| record.custom.keys());
        Self {
            joining: Joining::new(inventory, stream, site, now),
            teller: Teller { name: &inventory.name, at: now },
            site,
            own: own.map(String::as_str).collect(),
            listed: BTreeSet::new(),
            changed: BTreeSet::new(),
            digests: BTreeMap::new(),
            skipped: Vec::new(),
        }
    }

    fn join(&mut self, import: &mut Import, rows: &[Row]) -> Result<(), HubError> {
        let pairs: Vec<(&InventoryRecord, Option<DeviceId>)> =
            rows.iter().map(|row| (row.record, row.unchanged)).collect();
        let new = pairs.iter().filter(|(_, unchanged)| unchanged.is_none());
        let wanted: BTreeSet<Identifier> =
            new.flat_map(|(record, _)| assets::identifiers_of_record(record)).collect();
        let known = import.known(self.site, &wanted)?;
        let index = index_of(self.site, &known);
        let joined = self.joining.join(&pairs, index);
        self.listed.extend(pairs.iter().filter_map(|(_, unchanged)| *unchanged));
        self.listed.extend(joined.devices.iter().map(|device| device.id));
        self.keep(import, rows, joined, known)
    }

    fn keep(
        &mut self,
        import: &mut Import,
        rows: &[Row],
        joined: Joined,
        known: Vec<KnownDevice>,
    ) -> Result<(), HubError> {
        let known: BTreeMap<DeviceId, KnownDevice> =
            known.into_iter().map(|one| (one.device.id, one)).collect();
        let digests: BTreeMap<u64, &str> =
            rows.iter().map(|row| (row.record.row, row.digest.as_str())).collect();
        let digests: BTreeMap<DeviceId, String> = joined
            .rows
            .iter()
            .filter_map(|(id, row)| Some((*id, (*digests.get(row)?).to_owned())))
            .collect();
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for mut device in joined.devices {
            self.skipped.extend(capped(&mut device));
            let before = known.get(&device.id);
            let told = joined.custom_fields.get(&device.id);
            let fields = self.custom_fields(before, told);
            match before {
                None => new.push(self.teller.change(None, device, fields, false, None)),
                Some(before) => {
                    self.changed.insert(device.id);
                    let same_fields = before.custom_fields == fields;
                    if !same_fields || !joined.unchanged.contains(&device.id) {
                        let row = joined.rows.get(&device.id).copied();
                        changed.push(self.teller.change(Some(before), device, fields, false, row));
                    }
                }
            }
        }
        let raised = self.teller.questions(&joined.questions, &known, self.site);
        changed.extend(raised);
        self.skipped.extend(questions(&joined.questions));
        import.add(&new, &digests)?;
        import.change(changed);
        self.digests.extend(digests);
        self.skipped.extend(joined.skipped);
        Ok(())
    }

    /// The columns without an attribute, after the export: its own headings say what it says,
    /// those of other sources stay.
    fn custom_fields(&self, before: Option<&KnownDevice>, told: Option<&Fields>) -> Fields {
        let kept = before.into_iter().flat_map(|before| &before.custom_fields);
        let kept = kept.filter(|(heading, _)| !self.own.contains(heading.as_str()));
        let told = told.into_iter().flatten();
        kept.chain(told).map(|(heading, cell)| (heading.clone(), cell.clone())).collect()
    }
}

/// Columns without an attribute, by heading.
type Fields = BTreeMap<String, String>;

/// The same bytes as the newest export of the stream, with nothing that a person must still say.
fn is_known(stream: &StreamRow, hash: &str, partial: Option<bool>) -> bool {
    let answered = stream.now.pending && partial.is_some();
    stream.now.content_hash == hash && stream.now.parser == PARSER && !answered
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

/// Rows joined at a time; bounds memory.
const ROWS_AT_ONCE: usize = 1_000;

/// How much of a file is looked at to show what its columns are read as.
const HEAD_BYTES: usize = 64 * 1024;
