//! What of a device is followed over time.
//!
//! Output: names and values in words, as a history keeps them; an absent value is empty.

use std::collections::BTreeMap;

use model::{Attribute, Device};

use crate::derive::{current, display_name};
use crate::state::is_retired;

/// Everything about `device` whose every change is kept, by name.
pub fn followed(device: &Device) -> BTreeMap<&'static str, String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let said = |attribute: Attribute| {
        let fact = current(&device.facts, attribute);
        (attribute.name(), fact.map(|fact| fact.value.clone()).unwrap_or_default())
    };
    let yes_no = |truth: bool| if truth { "yes" } else { "no" }.to_owned();
    let software: Vec<String> =
        device.software.iter().map(|one| format!("{}@{}", one.name, one.version)).collect();
    let mut all = BTreeMap::from([
        ("site", device.site.clone()),
        ("name", display_name(device)),
        ("asset_id", text(&device.asset_id)),
        ("class", text(&device.class)),
        ("maker", text(&device.maker)),
        ("model", text(&device.model)),
        ("software_version", text(&device.software_version)),
        ("os", text(&device.os)),
        ("location", text(&device.location)),
        ("software", software.join("\n")),
        ("retired", yes_no(is_retired(device))),
        ("in_inventory", yes_no(device.is_in_inventory())),
    ]);
    all.extend(SAID.iter().map(|attribute| said(*attribute)));
    all
}

/// What the inventory says of a device and no column of ours holds.
const SAID: &[Attribute] = &[
    Attribute::Status,
    Attribute::Owner,
    Attribute::Department,
    Attribute::Criticality,
    Attribute::Zone,
];
