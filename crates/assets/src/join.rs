//! The hospital's own records joined with the devices that are known.
//!
//! A record is matched by, in this order: its own key, link address, UDI, serial number, host
//! name, and network address where the record gives no link address. An identifier that two
//! devices have decides nothing; a serial number joins only where the makers may be the same, a
//! host name only where the link addresses may. What matches nothing becomes a device that was never seen.
//!
//! A file is the newest export of a stream. It replaces what the same stream said before of a
//! device, cell by cell, and nothing that another stream said. A key that the stream corrected
//! does not make a new device where link address or serial number say that it is the same.

use std::collections::{BTreeMap, BTreeSet};

use model::{Answerable, Attribute, Confidence, Device, DeviceId, Fact, Skip, Source, Timestamp};

use crate::derive::derive;
use crate::identify::new_device;
use crate::index::Index;
use crate::inventory::{Inventory, InventoryRecord};
use crate::likeness::Likeness;
use crate::relocation::{Relocation, moved};

/// What an inventory changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joined {
    /// Devices that have a record, whole. Sorted by key.
    pub devices: Vec<Device>,
    /// Columns without an attribute, by device.
    pub custom_fields: BTreeMap<DeviceId, BTreeMap<String, String>>,
    /// Those of `devices` of which nothing but the row and the time of the statement is new.
    pub unchanged: BTreeSet<DeviceId>,
    /// The row that speaks of each of `devices`.
    pub rows: BTreeMap<DeviceId, u64>,
    /// Records that contradict each other, each with its reason.
    pub skipped: Vec<Skip>,
    /// Devices of other sites that seem to be at both at once, each with the question it raises.
    pub questions: Vec<(DeviceId, String)>,
}

/// Joins the records of `inventory`, the newest export of `stream`, with the devices in `known`.
pub fn join_inventory(
    inventory: &Inventory,
    stream: &str,
    site: &str,
    known: Index,
    now: Timestamp,
) -> Joined {
    let rows: Vec<(&InventoryRecord, Option<DeviceId>)> =
        inventory.records.iter().map(|record| (record, None)).collect();
    Joining::new(inventory, stream, site, now).join(&rows, known)
}

/// The joining of one file, some rows at a time.
pub struct Joining<'a> {
    export: Export<'a>,
    site: &'a str,
    now: Timestamp,
    /// Which row speaks of a device.
    used: BTreeMap<DeviceId, u64>,
}

impl<'a> Joining<'a> {
    /// Begins to join `inventory`, the newest export of `stream`.
    pub fn new(inventory: &'a Inventory, stream: &'a str, site: &'a str, now: Timestamp) -> Self {
        Self { export: Export::new(inventory, stream), site, now, used: BTreeMap::new() }
    }

    /// Joins the next rows, in the order of the file, with the devices in `known`: those that an
    /// identifier of a row points to are enough. A row that says, word for word, what it said of a
    /// device before comes with that device and only keeps it from other rows.
    pub fn join(
        &mut self,
        rows: &[(&InventoryRecord, Option<DeviceId>)],
        mut known: Index,
    ) -> Joined {
        let mut joined = Joined::default();
        for (record, unchanged) in rows {
            let place = match unchanged {
                Some(_) => None,
                None => self.export.find_known(record, &known),
            };
            let id = unchanged.or_else(|| Some(known.device(place?)?.id));
            if let Some(first) = id.and_then(|id| self.used.get(&id)) {
                joined.skipped.push(self.export.is_of_row(record, *first));
            } else if let Some(id) = unchanged {
                self.used.insert(*id, record.row);
            } else {
                self.join_row(record, place, &mut known, &mut joined);
            }
        }
        joined.devices.sort_by_key(|device| device.id);
        joined
    }

    /// What was known of a device, brought to this site where it comes from another.
    fn at_this_site(
        &self,
        place: Option<usize>,
        before: Option<Device>,
        known: &Index,
        joined: &mut Joined,
    ) -> (Option<usize>, Option<Device>) {
        let Some(device) = before else { return (place, None) };
        if !known.is_elsewhere(&device) {
            return (place, Some(device));
        }
        match Relocation::stated(&device, self.site, known.is_listed(&device)) {
            Relocation::Both(question) => {
                joined.questions.push((device.id, question));
                (None, None)
            }
            _ => (place, Some(moved(device, self.site))),
        }
    }

    fn join_row(
        &mut self,
        record: &InventoryRecord,
        place: Option<usize>,
        known: &mut Index,
        joined: &mut Joined,
    ) {
        let before = place.and_then(|place| known.device(place)).cloned();
        let (place, before) = self.at_this_site(place, before, known, joined);
        let mut device = self.export.apply(record, self.site, before.clone(), self.now);
        if before.is_none() && self.used.contains_key(&device.id) {
            // Two rows with the same placeholder for a key are two devices.
            let name = format!("{}\nrow {}", primary(record, self.export.stream), record.row);
            device.id = new_device(&name, self.site, self.now, self.now).id;
        }
        if before.is_some_and(|before| self.export.says_nothing_new(&before, &device)) {
            joined.unchanged.insert(device.id);
        }
        if !record.custom.is_empty() {
            joined.custom_fields.insert(device.id, record.custom.clone());
        }
        match place {
            Some(place) => known.replace(place, device.clone()),
            None => known.add(device.clone()),
        }
        self.used.insert(device.id, record.row);
        joined.rows.insert(device.id, record.row);
        joined.devices.push(device);
    }
}

/// A file as the newest export of its stream.
struct Export<'a> {
    inventory: &'a Inventory,
    stream: &'a str,
    /// The hospital's own keys that the file names, in lower case.
    keys: BTreeSet<String>,
}

impl<'a> Export<'a> {
    fn new(inventory: &'a Inventory, stream: &'a str) -> Self {
        let keys = inventory.records.iter().filter_map(|record| record.value(Attribute::AssetTag));
        Self { inventory, stream, keys: keys.map(str::to_lowercase).collect() }
    }

    fn is_of_row(&self, record: &InventoryRecord, first: u64) -> Skip {
        Skip {
            path: self.inventory.name.clone(),
            place: format!("row {}", record.row),
            reason: format!("it is the same device as row {first}"),
            answerable: Answerable::Sender,
        }
    }

    fn find_known(&self, record: &InventoryRecord, known: &Index) -> Option<usize> {
        let by = |attribute| known.by_value(attribute, record.value(attribute)?);
        let mac = record.value(Attribute::StatedMac).and_then(|mac| mac.parse().ok());
        let ip = || record.value(Attribute::StatedIp)?.parse().ok();
        let device = |at: &usize| known.device(*at);
        let fits = |at: &usize| device(at).is_some_and(|device| agrees(record, device));
        let is = |at: &usize| fits(at) || device(at).is_some_and(|d| self.corrects(record, d));
        let ours = Likeness::of_record(record);
        let like = |at: &usize, may: fn(&Likeness, &Likeness) -> bool| {
            device(at).is_some_and(|device| may(&ours, &Likeness::of_device(device)))
        };
        by(Attribute::AssetTag)
            .or_else(|| known.by_mac(mac?).filter(is))
            .or_else(|| by(Attribute::Udi).filter(fits))
            .or_else(|| {
                by(Attribute::Serial).filter(is).filter(|at| like(at, Likeness::may_share_maker))
            })
            .or_else(|| {
                by(Attribute::Hostname)
                    .filter(fits)
                    .filter(|at| like(at, Likeness::may_share_interface))
            })
            .or_else(|| if mac.is_none() { known.by_ip(ip()?).filter(fits) } else { None })
    }

    /// True where the record gives another key to a device that this very stream named before, and
    /// names no more, and where nothing else that both say differs.
    fn corrects(&self, record: &InventoryRecord, device: &Device) -> bool {
        let named_here =
            |fact: &&Fact| fact.attribute == Attribute::AssetTag && self.is_of_stream(&fact.source);
        let key_gone =
            device.asset_id.as_ref().is_some_and(|key| !self.keys.contains(&key.to_lowercase()));
        key_gone
            && device.facts.iter().any(|fact| named_here(&fact))
            && TELLING.iter().all(|attribute| may_be_same(record, device, *attribute))
    }

    fn apply(
        &self,
        record: &InventoryRecord,
        site: &str,
        before: Option<Device>,
        now: Timestamp,
    ) -> Device {
        let mut device =
            before.unwrap_or_else(|| new_device(&primary(record, self.stream), site, now, now));
        // A record says how things are now: what the same stream said before is history.
        let (old, kept) = device.facts.drain(..).partition(|fact| self.is_of_stream(&fact.source));
        device.facts = kept;
        for (attribute, value, heading) in &record.cells {
            device.facts.push(Fact {
                attribute: *attribute,
                value: value.clone(),
                confidence: Confidence::STRONG,
                source: Source::File {
                    path: self.inventory.name.clone(),
                    row: record.row,
                    column: heading.clone(),
                    stream: self.stream.to_owned(),
                    source_id: self.inventory.source_id.clone(),
                },
                first_seen: said_since(&old, *attribute, value).unwrap_or(now),
                last_seen: now,
                count: 1,
            });
        }
        derive(&mut device);
        device
    }

    /// Facts of before there were streams belong to the one that exports a file of the same name.
    fn is_of_stream(&self, source: &Source) -> bool {
        matches!(source, Source::File { path, stream, .. }
            if stream == self.stream || stream.is_empty() && *path == self.inventory.name)
    }

    /// True where the device is as it was, apart from where and when this stream said so. Where
    /// another stream speaks of the device too, the time decides between them, so it is news.
    fn says_nothing_new(&self, before: &Device, after: &Device) -> bool {
        let alone = before.facts.iter().all(|fact| match &fact.source {
            Source::File { stream, .. } => stream == self.stream,
            _ => true,
        });
        alone && timeless(before) == timeless(after)
    }
}

/// The device without where and when files said what they say.
fn timeless(device: &Device) -> Device {
    let mut device = device.clone();
    for fact in &mut device.facts {
        match &mut fact.source {
            Source::File { path, row, source_id, .. } => {
                (*row, fact.last_seen) = (0, fact.first_seen);
                path.clear();
                *source_id = None;
            }
            // What a rule made of a cell is as old as the cell.
            Source::Rule { .. } => fact.last_seen = fact.first_seen,
            _ => {}
        }
    }
    device
}

fn said_since(old: &[Fact], attribute: Attribute, value: &str) -> Option<Timestamp> {
    let same = old.iter().filter(|fact| fact.attribute == attribute && fact.value == value);
    same.map(|fact| fact.first_seen).min()
}

/// False where the record and the device have different keys of the hospital's own.
fn agrees(record: &InventoryRecord, device: &Device) -> bool {
    match (record.value(Attribute::AssetTag), &device.asset_id) {
        (Some(theirs), Some(ours)) => theirs.eq_ignore_ascii_case(ours),
        _ => true,
    }
}

/// False where both say something and the device says it in no fact as the record does.
fn may_be_same(record: &InventoryRecord, device: &Device, attribute: Attribute) -> bool {
    let Some(theirs) = record.value(attribute) else { return true };
    let mut ours = device.facts.iter().filter(|fact| fact.attribute == attribute).peekable();
    ours.peek().is_none() || ours.any(|fact| fact.value.eq_ignore_ascii_case(theirs))
}

/// What a new device is first known by, and no other device of the site: serial numbers are told
/// apart by their maker, and records without any identifier by their stream and row.
fn primary(record: &InventoryRecord, stream: &str) -> String {
    let by = |attribute| record.value(attribute).map(str::to_owned);
    let maker = || record.value(Attribute::Maker).unwrap_or_default();
    by(Attribute::AssetTag)
        .or_else(|| by(Attribute::StatedMac))
        .or_else(|| by(Attribute::Udi))
        .or_else(|| Some(format!("{}\n{}", by(Attribute::Serial)?, maker())))
        .unwrap_or_else(|| format!("{stream}\nrow {}", record.row))
}

/// What must not differ where only the hospital's own key does.
const TELLING: &[Attribute] =
    &[Attribute::Maker, Attribute::Model, Attribute::Serial, Attribute::StatedMac, Attribute::Udi];
