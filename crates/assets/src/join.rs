//! The hospital's own records joined with the devices that are known.
//!
//! A record is matched by, in this order: its own key, link address, UDI, serial number, host
//! name, and network address where the record gives no link address. An identifier that two
//! devices have decides nothing. What matches nothing becomes a device that was never seen.

use std::collections::BTreeMap;

use model::{Answerable, Attribute, Confidence, Device, DeviceId, Fact, Skip, Source, Timestamp};

use crate::derive::derive;
use crate::identify::new_device;
use crate::index::Index;
use crate::inventory::{Inventory, InventoryRecord};

/// What an inventory changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joined {
    /// Devices that have a record, whole. Sorted by key.
    pub devices: Vec<Device>,
    /// Columns without an attribute, by device.
    pub custom_fields: BTreeMap<DeviceId, BTreeMap<String, String>>,
    /// Records that contradict each other, each with its reason.
    pub skipped: Vec<Skip>,
}

/// Joins the records of `inventory` with the devices in `known`.
pub fn join_inventory(
    inventory: &Inventory,
    site: &str,
    mut known: Index,
    now: Timestamp,
) -> Joined {
    let mut joined = Joined::default();
    let mut used: BTreeMap<usize, u64> = BTreeMap::new();
    for record in &inventory.records {
        let place = find_known(record, &known);
        if let Some(first) = place.and_then(|place| used.get(&place)) {
            joined.skipped.push(Skip {
                path: inventory.name.clone(),
                place: format!("row {}", record.row),
                reason: format!("it is the same device as row {first}"),
                answerable: Answerable::Sender,
            });
            continue;
        }
        let before = place.and_then(|place| known.device(place)).cloned();
        let device = apply(record, inventory, site, before, now);
        if !record.custom.is_empty() {
            joined.custom_fields.insert(device.id, record.custom.clone());
        }
        let at = place.unwrap_or_else(|| known.devices().len());
        match place {
            Some(place) => known.replace(place, device.clone()),
            None => known.add(device.clone()),
        }
        used.insert(at, record.row);
        joined.devices.push(device);
    }
    joined.devices.sort_by_key(|device| device.id);
    joined
}

fn find_known(record: &InventoryRecord, known: &Index) -> Option<usize> {
    let by = |attribute| known.by_value(attribute, record.value(attribute)?);
    let mac = record.value(Attribute::StatedMac).and_then(|mac| mac.parse().ok());
    let ip = || record.value(Attribute::StatedIp)?.parse().ok();
    let fits = |at: &usize| known.device(*at).is_some_and(|device| agrees(record, device));
    by(Attribute::AssetTag)
        .or_else(|| known.by_mac(mac?).filter(fits))
        .or_else(|| by(Attribute::Udi).filter(fits))
        .or_else(|| by(Attribute::Serial).filter(fits))
        .or_else(|| by(Attribute::Hostname).filter(fits))
        .or_else(|| if mac.is_none() { known.by_ip(ip()?).filter(fits) } else { None })
}

/// False where the record and the device have different keys of the hospital's own.
fn agrees(record: &InventoryRecord, device: &Device) -> bool {
    match (record.value(Attribute::AssetTag), &device.asset_id) {
        (Some(theirs), Some(ours)) => theirs.eq_ignore_ascii_case(ours),
        _ => true,
    }
}

fn apply(
    record: &InventoryRecord,
    inventory: &Inventory,
    site: &str,
    before: Option<Device>,
    now: Timestamp,
) -> Device {
    let mut device = before.unwrap_or_else(|| new_device(&primary(record), site, now, now));
    // A record says how things are now: what the same file said before is history.
    device.facts.retain(|fact| !same_file(&fact.source, &inventory.name));
    for (attribute, value, heading) in &record.cells {
        device.facts.push(Fact {
            attribute: *attribute,
            value: value.clone(),
            confidence: Confidence::STRONG,
            source: Source::File {
                path: inventory.name.clone(),
                row: record.row,
                column: heading.clone(),
            },
            first_seen: now,
            last_seen: now,
            count: 1,
        });
    }
    derive(&mut device);
    device
}

fn same_file(source: &Source, name: &str) -> bool {
    matches!(source, Source::File { path, .. } if path == name)
}

fn primary(record: &InventoryRecord) -> String {
    let first = [Attribute::AssetTag, Attribute::StatedMac, Attribute::Udi, Attribute::Serial]
        .into_iter()
        .find_map(|attribute| record.value(attribute));
    // A record without any identifier is told from others by its row.
    first.map_or_else(|| format!("row {}", record.row), str::to_owned)
}
