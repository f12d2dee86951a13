//! Where the values of one device stand, in the steps of its verdicts.
//!
//! Verdicts are kept per configuration, which many devices share, so their steps name the attribute
//! and the value. Shown for one device, they name its own row, cell or frame.

use model::{Attribute, Device, VerdictRow};

use crate::decide::MATCHED;

/// How a stored step names the value of an attribute.
pub(crate) fn placeholder(attribute: Attribute) -> String {
    format!("facts of the device, {attribute}")
}

/// The same for a value that another source states beside the one that is shown.
pub(crate) fn placeholder_of(attribute: Attribute, value: &str) -> String {
    format!("{} `{value}`", placeholder(attribute))
}

/// Puts the places of `device` into the steps of its `rows`.
pub(crate) fn cite<'r>(rows: impl IntoIterator<Item = &'r mut VerdictRow>, device: &Device) {
    let places = places(device);
    for step in rows.into_iter().flat_map(|row| &mut row.steps) {
        for (placeholder, origin) in &places {
            if step.source.contains(placeholder.as_str()) {
                step.source = step.source.replace(placeholder.as_str(), origin);
                break;
            }
        }
    }
}

/// Placeholders and what they stand for, those with a value first.
fn places(device: &Device) -> Vec<(String, String)> {
    let stated = MATCHED.iter().flat_map(|attribute| assets::statements(device, *attribute));
    let mut places: Vec<(String, String)> =
        stated.map(|one| (placeholder_of(one.attribute, &one.value), one.origin)).collect();
    let shown = MATCHED.iter().filter_map(|attribute| {
        let statement = assets::statements(device, *attribute).into_iter().next()?;
        // One of several names of software may be any of them.
        let one = *attribute != Attribute::Software;
        one.then(|| (placeholder(*attribute), statement.origin))
    });
    places.extend(shown);
    places
}
