//! Deciding verdicts: devices reduced to configurations, each matched once.

use model::{Device, Timestamp};
use sha2::{Digest, Sha256};
use store::records::ConfigurationKey;

use crate::{Caller, Hub, HubError};

impl Hub {
    /// Decides the verdicts of every configuration anew.
    pub(crate) fn rematch(&self, caller: &Caller, now: Timestamp) -> Result<(), HubError> {
        let _ = (caller, now);
        Ok(())
    }
}

/// The configuration of a device.
pub(crate) fn configuration_key(device: &Device) -> ConfigurationKey {
    let parts =
        (&device.maker, &device.model, &device.software_version, &device.os, &device.software);
    let text = serde_json::to_string(&parts).unwrap_or_default();
    let digest = Sha256::digest(text.as_bytes());
    ConfigurationKey(digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

pub(crate) fn match_inventory(
    inventory: &assets::Inventory,
    pile: crate::one_shot::Pile,
) -> Vec<model::VerdictRow> {
    let _ = (inventory, pile);
    Vec::new()
}
