//! Whether a device is still in use, as the hospital's inventory says it.
//!
//! Source: `knowledge/inventory-statuses.csv`. A word that is not listed means: in use.

use model::{Attribute, Device};

use crate::derive::current;
use crate::knowledge;

/// True where the inventory says that the device is retired and nothing was seen of it since. A
/// device that still talks is in use, whatever its record says.
pub fn is_retired(device: &Device) -> bool {
    let Some(status) = current(&device.facts, Attribute::Status) else { return false };
    let word = status.value.trim().to_lowercase();
    let seen_since = || device.addresses.iter().any(|a| a.last_seen > status.first_seen);
    knowledge::inventory_states().get(word.as_str()) == Some(&"retired") && !seen_since()
}
