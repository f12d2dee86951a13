//! What became of a device: every change of it and of its verdicts.

use access::Permission;
use model::{DeviceId, Timestamp};
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::records::{DecisionRow, HistoryRow};

use crate::{Caller, Hub, HubError};

/// The history of one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceHistory {
    /// Its key.
    pub device: DeviceId,
    /// When it was first written down.
    pub recorded: Timestamp,
    /// Every change of what is followed of it, oldest first.
    pub changes: Vec<HistoryRow>,
    /// Every change of its verdicts, oldest first.
    pub verdicts: Vec<DecisionRow>,
}

impl Hub {
    /// Every change of a device and of its verdicts, oldest first.
    pub fn device_history(
        &self,
        caller: &Caller,
        device: DeviceId,
    ) -> Result<DeviceHistory, HubError> {
        let found = self.view(caller, Permission::Read, |tx, _| {
            let Some(recorded) = tx.recorded(device)? else { return Ok::<_, StoreError>(None) };
            let (changes, verdicts) = (tx.device_history(device)?, tx.decisions_of(device)?);
            Ok(Some(DeviceHistory { device, recorded, changes, verdicts }))
        })?;
        found.ok_or_else(|| HubError::NotFound { kind: "device", key: device.to_string() })
    }
}
