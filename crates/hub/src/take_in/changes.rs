//! A device as it was and as it is, made ready to be written, with what changed.

use std::collections::BTreeMap;

use model::{Device, DeviceId, Timestamp};
use store::records::{DeviceChange, HistoryRow, KnownDevice};

use crate::decide::configuration_key;

/// Who says something of devices, and when.
pub(crate) struct Teller<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Timestamp,
}

impl Teller<'_> {
    /// `device` as it is written. `before` is what was known of it; `row` the row that speaks of it.
    pub(crate) fn change(
        &self,
        before: Option<&KnownDevice>,
        device: Device,
        custom_fields: BTreeMap<String, String>,
        seen: bool,
        row: Option<u64>,
    ) -> DeviceChange {
        let on_network = seen || before.is_some_and(|before| before.on_network);
        DeviceChange {
            configuration: configuration_key(&device),
            custom_fields,
            on_network,
            retired: assets::is_retired(&device),
            at: self.at,
            history: before
                .map(|before| self.history(before, &device, on_network, row))
                .unwrap_or_default(),
            device,
        }
    }

    /// Devices of other sites that seem to be at `site` too: nothing of them changes but that.
    pub(crate) fn questions(
        &self,
        asked: &[(DeviceId, String)],
        known: &BTreeMap<DeviceId, KnownDevice>,
        site: &str,
    ) -> Vec<DeviceChange> {
        let raise = |(id, question): &(DeviceId, String)| {
            let known = known.get(id)?;
            let (device, fields) = (known.device.clone(), known.custom_fields.clone());
            let mut change = self.change(Some(known), device, fields, false, None);
            change.history.push(HistoryRow {
                attribute: "also_at".to_owned(),
                before: String::new(),
                after: site.to_owned(),
                at: self.at,
                because: question.clone(),
            });
            Some(change)
        };
        asked.iter().filter_map(raise).collect()
    }

    fn history(
        &self,
        before: &KnownDevice,
        device: &Device,
        on_network: bool,
        row: Option<u64>,
    ) -> Vec<HistoryRow> {
        let because = match row {
            Some(row) => format!("{} row {row}", self.name),
            None => self.name.to_owned(),
        };
        let (old, new) =
            (everything(&before.device, before.on_network), everything(device, on_network));
        let differs = |(name, value): &(&&str, &String)| old.get(**name) != Some(*value);
        let row = |(name, value): (&&str, &String)| HistoryRow {
            attribute: (*name).to_owned(),
            before: old.get(name).cloned().unwrap_or_default(),
            after: value.clone(),
            at: self.at,
            because: because.clone(),
        };
        new.iter().filter(differs).map(row).collect()
    }
}

fn everything(device: &Device, on_network: bool) -> BTreeMap<&'static str, String> {
    let mut all = assets::followed(device);
    all.insert("on_network", if on_network { "yes" } else { "no" }.to_owned());
    all.insert("configuration", configuration_key(device).0);
    all
}
