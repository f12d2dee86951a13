//! Deciding verdicts: devices reduced to configurations, each matched once.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::Permission;
use assets::{Inventory, InventoryRecord};
use evidence::Action;
use model::{Attribute, Device, Timestamp, Verdict, VerdictRow};
use rayon::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};
use store::Tx;
use store::records::{ConfigurationKey, ConfigurationVerdicts};
use vulnerability::csaf::Document;
use vulnerability::matching::{Asset, Matcher, Software};
use vulnerability::{epss, kev};

use crate::access::session::environment;
use crate::act::{Needs, Place};
use crate::one_shot::Pile;
use crate::{Caller, Hub, HubError};

impl Hub {
    /// Decides the verdicts of the configurations in use against every disclosure held: of all of
    /// them where disclosures changed, else of those that were never decided.
    ///
    /// KEV and EPSS are joined when verdicts are read, so they play no part here.
    pub(crate) fn rematch(
        &self,
        caller: &Caller,
        disclosures_changed: bool,
        now: Timestamp,
    ) -> Result<(), HubError> {
        let needs = Needs::Permission(Permission::IngestInventory);
        self.act(caller, needs, Place::House, now, |act| {
            let samples = act.configuration_samples(!disclosures_changed)?;
            if samples.is_empty() {
                return Ok(());
            }
            let matcher = Matcher::new(documents(act)?);
            let decided: Vec<ConfigurationVerdicts> = samples
                .into_par_iter()
                .map(|(key, device)| ConfigurationVerdicts {
                    key,
                    rows: without_asset(matcher.verdicts(&asset_of_device(&device))),
                })
                .collect();
            let tx = act.change();
            tx.replace_configuration_verdicts(&decided)?;
            crate::view::kept::move_on(tx)?;
            let count = |verdict| {
                let rows = decided.iter().flat_map(|one| &one.rows);
                rows.filter(|row| row.verdict == verdict).count()
            };
            let details = json!({
                "disclosures": matcher.documents().len(),
                "configurations": decided.len(),
                "affected": count(Verdict::Affected),
                "unknown": count(Verdict::Unknown),
                "not_affected": count(Verdict::NotAffected),
            });
            let subject =
                if disclosures_changed { "all configurations" } else { "new configurations" };
            act.note(Action::Match, subject, &details)
        })
    }
}

/// The key of what verdicts about `device` depend on.
pub(crate) fn configuration_key(device: &Device) -> ConfigurationKey {
    let configuration = asset_of_device(device).configuration();
    // Writing a struct of texts as JSON cannot fail.
    let text = serde_json::to_vec(&configuration).unwrap_or_default();
    let digest = Sha256::digest(&text);
    ConfigurationKey(crate::take_in::hex(digest.get(..16).unwrap_or(&digest)))
}

/// Decides the verdicts of an inventory that is not kept.
pub(crate) fn match_inventory(inventory: &Inventory, pile: Pile) -> Vec<VerdictRow> {
    let documents = pile.documents.into_iter().map(Arc::new).collect();
    let catalogue = kev::Catalogue { entries: pile.kev, ..kev::Catalogue::default() };
    let scores = epss::Scores { entries: pile.epss, ..epss::Scores::default() };
    let matcher = Matcher::new(documents).with_exploitation(catalogue, scores);
    let assets: Vec<Asset> =
        inventory.records.iter().map(|record| asset_of_record(inventory, record)).collect();
    let rows: Vec<Vec<VerdictRow>> = assets
        .par_iter()
        .map(|asset| {
            let mut rows = matcher.verdicts(asset);
            rows.sort_by_key(|row| row.verdict);
            rows
        })
        .collect();
    rows.into_iter().flatten().collect()
}

fn documents(tx: &Tx) -> Result<Vec<Arc<Document>>, HubError> {
    tx.disclosure_documents()?
        .into_par_iter()
        .map(|stored| serde_json::from_value(stored.document).map(Arc::new).map_err(environment))
        .collect()
}

/// The device's own key is put in when a verdict is read: many devices share a configuration.
fn without_asset(mut rows: Vec<VerdictRow>) -> Vec<VerdictRow> {
    for row in &mut rows {
        row.asset.clear();
    }
    rows
}

fn asset_of_device(device: &Device) -> Asset {
    let first =
        |attribute| assets::current(&device.facts, attribute).map(|fact| fact.value.clone());
    let software = device.software.iter().map(|one| Software {
        name: one.name.clone(),
        version: Some(one.version.clone()).filter(|version| !version.is_empty()),
    });
    Asset {
        asset_id: String::new(),
        maker: device.maker.clone(),
        model: device.model.clone(),
        model_number: first(Attribute::ModelNumber),
        serial: device.serial.clone(),
        software_version: device.software_version.clone(),
        os: device.os.clone(),
        software: software.collect(),
        purchase_date: first(Attribute::PurchaseDate),
        // Which fact a value stands on differs from device to device; its page tells.
        origins: MATCHED
            .iter()
            .map(|attribute| (*attribute, format!("facts of the device, {attribute}")))
            .collect(),
    }
}

fn asset_of_record(inventory: &Inventory, record: &InventoryRecord) -> Asset {
    let value = |attribute| record.value(attribute).map(str::to_owned);
    let origins: BTreeMap<Attribute, String> = record
        .cells
        .iter()
        .rev()
        .map(|(attribute, _, heading)| {
            (*attribute, format!("{} row {}, {heading}", inventory.name, record.row))
        })
        .collect();
    Asset {
        asset_id: value(Attribute::AssetTag).unwrap_or_else(|| format!("row {}", record.row)),
        maker: value(Attribute::Maker),
        model: value(Attribute::Model),
        model_number: value(Attribute::ModelNumber),
        serial: value(Attribute::Serial),
        software_version: value(Attribute::SoftwareVersion),
        os: value(Attribute::Os),
        software: Vec::new(),
        purchase_date: value(Attribute::PurchaseDate),
        origins,
    }
}

/// Attributes that verdicts look at.
const MATCHED: &[Attribute] = &[
    Attribute::Maker,
    Attribute::Model,
    Attribute::ModelNumber,
    Attribute::Serial,
    Attribute::SoftwareVersion,
    Attribute::Os,
    Attribute::Software,
    Attribute::PurchaseDate,
];
