//! Use cases that keep nothing: look at a capture, match an inventory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assets::Index;
use link::Input;
use model::{
    Answerable, Conversation, Device, DeviceId, Observations, Skip, Stats, VerdictRow, WireAnomaly,
};
use serde::Serialize;

use crate::HubError;
pub use crate::captures::{Mask, Observed, Reading, observe, observe_file};
#[cfg(target_os = "linux")]
pub use crate::captures::{may_listen, observe_interface};
use crate::take_in::kind::{Kind, kind_of};
use crate::take_in::mirror::is_side_file;

/// Everything seen in one or more captures, as `regimen observe` prints it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Seen {
    /// Devices, sorted by key; hosts beyond the local network have the role `external_host`.
    pub devices: Vec<Device>,
    /// Conversations.
    pub conversations: Vec<Conversation>,
    /// Oddities.
    pub anomalies: Vec<WireAnomaly>,
    /// Totals.
    pub stats: Stats,
}

/// Verdicts of an inventory, and what of the input could not be used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matched {
    /// Verdicts, in the order of the inventory, worst first.
    pub rows: Vec<VerdictRow>,
    /// What was skipped.
    pub skipped: Vec<Skip>,
}

impl Seen {
    /// Adds what one capture showed; its devices join those that are there already.
    pub fn add(&mut self, observations: &Observations) {
        let known = Index::new(std::mem::take(&mut self.devices));
        let identified = assets::identify(observations, "", &known);
        let mut devices: BTreeMap<DeviceId, Device> =
            known.devices().iter().map(|device| (device.id, device.clone())).collect();
        let external = identified.external.into_iter().map(|mut device| {
            device.roles.insert(0, "external_host".to_owned());
            device
        });
        devices.extend(identified.devices.into_iter().chain(external).map(|d| (d.id, d)));
        self.devices = devices.into_values().collect();
        self.conversations.extend(identified.conversations);
        self.anomalies.extend(observations.anomalies.iter().cloned());
        self.anomalies.extend(identified.anomalies);
        self.stats.packets += observations.stats.packets;
        self.stats.bytes += observations.stats.bytes;
        for (reason, count) in &observations.stats.skipped {
            *self.stats.skipped.entry(reason.clone()).or_default() += count;
        }
    }
}

/// Reads an inventory and disclosures, and decides.
pub fn match_files(inventory: &Path, disclosures: &[PathBuf]) -> Result<Matched, HubError> {
    let name = Input { path: inventory.to_owned() }.name();
    let bytes = link::read_document(inventory)
        .map_err(|error| HubError::Invalid(format!("{}: {error}", inventory.display())))?;
    let read = assets::read_inventory(&name, &bytes);
    if read.records.is_empty() {
        // An empty answer would read as "nothing is affected".
        let why = read.skipped.first().map_or("it has no rows", |skip| skip.reason.as_str());
        return Err(HubError::Invalid(format!("{}: {why}", inventory.display())));
    }
    let mut skipped: Vec<Skip> = read.skipped.clone();
    for skip in &mut skipped {
        skip.path = inventory.display().to_string();
    }
    let mut pile = Pile::default();
    let walked = link::walk(disclosures);
    for (path, error) in walked.refused {
        pile.skip(&path, "", &error.to_string(), Answerable::Caller);
    }
    pile.read(&walked.inputs);
    skipped.append(&mut pile.skipped);
    let rows = crate::decide::match_inventory(&read, pile);
    Ok(Matched { rows, skipped })
}

/// Everything that was read to match against.
#[derive(Default)]
pub(crate) struct Pile {
    pub(crate) documents: Vec<vulnerability::csaf::Document>,
    pub(crate) kev: BTreeMap<String, model::Kev>,
    pub(crate) epss: BTreeMap<String, model::Epss>,
    skipped: Vec<Skip>,
}

impl Pile {
    fn read(&mut self, inputs: &[Input]) {
        use rayon::prelude::*;
        let parts: Vec<Self> = inputs
            .par_chunks(64)
            .map(|inputs| {
                let mut pile = Self::default();
                for input in inputs {
                    pile.read_one(&input.path);
                }
                pile
            })
            .collect();
        for part in parts {
            self.documents.extend(part.documents);
            self.kev.extend(part.kev);
            self.epss.extend(part.epss);
            self.skipped.extend(part.skipped);
        }
    }

    fn read_one(&mut self, path: &Path) {
        let bytes = match link::read_document(path) {
            Ok(bytes) => bytes,
            Err(error) => return self.skip(path, "", &error.to_string(), Answerable::Environment),
        };
        match kind_of(&bytes) {
            Some(Kind::Csaf) => match vulnerability::csaf::read(&bytes) {
                Ok(reading) => self.documents.push(reading.document),
                Err(refusal) => {
                    self.skipped.push(refusal.into_skip(path.display().to_string()));
                }
            },
            Some(Kind::Kev) => match vulnerability::kev::read(&bytes) {
                Ok(catalogue) => self.kev.extend(catalogue.entries),
                Err(refusal) => {
                    self.skipped.push(refusal.into_skip(path.display().to_string()));
                }
            },
            Some(Kind::Epss) => self.epss.extend(vulnerability::epss::read(&bytes).entries),
            None if is_side_file(&bytes) => {}
            _ => self.skip(path, "", "it is no CSAF document, KEV or EPSS", Answerable::Caller),
        }
    }

    fn skip(&mut self, path: &Path, place: &str, reason: &str, answerable: Answerable) {
        self.skipped.push(Skip {
            path: path.display().to_string(),
            place: place.to_owned(),
            reason: reason.to_owned(),
            answerable,
        });
    }
}
