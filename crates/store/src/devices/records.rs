//! Rows of devices, their software, and the whole house.

use std::collections::BTreeMap;

use model::{Address, Conversation, Device, DeviceId, Software, Timestamp, Verdict, VerdictRow};
use serde::{Deserialize, Serialize};

use crate::records::{ConfigurationKey, VerdictCounts};

/// Which devices are wanted. Every condition that is set must hold; none set means all devices.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct DeviceFilter {
    /// Free text: MAC, IP, serial, UDI, asset id, name, maker, model, location.
    pub text: Option<String>,
    /// Class, a key of `knowledge/classes.csv`.
    pub class: Option<String>,
    /// Maker, exactly as shown.
    pub maker: Option<String>,
    /// Other spellings of `maker`, which count as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maker_spellings: Vec<String>,
    /// Site.
    pub site: Option<String>,
    /// Devices with at least one verdict of this kind.
    pub verdict: Option<Verdict>,
    /// Only devices with (or without) a row in the hospital's own inventory.
    pub in_inventory: Option<bool>,
    /// Only devices seen on the wire (or never seen).
    pub on_network: Option<bool>,
    /// Only devices out of use (or in use). Where a verdict or a disclosure is asked for, only
    /// devices in use unless said otherwise.
    #[serde(default)]
    pub retired: Option<bool>,
    /// Only devices with a verdict from this disclosure (its key).
    pub disclosure: Option<String>,
    /// The devices as they were at this time.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
}

/// What a list of devices is sorted by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceOrder {
    /// Most affected first, then most unknown, then name.
    #[default]
    Exposure,
    /// Name, then address.
    Name,
    /// Class, then maker and model.
    Class,
    /// Maker, then model.
    Maker,
    /// Last seen, newest first.
    LastSeen,
    /// First seen, newest first.
    FirstSeen,
    /// Location.
    Location,
}

/// A device in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// Our key.
    pub id: DeviceId,
    /// The hospital's own key.
    pub asset_id: Option<String>,
    /// Site.
    pub site: String,
    /// Best name: host name, station name, AE title, else the asset id, else the address.
    pub name: String,
    /// Class.
    pub class: Option<String>,
    /// What devices of the class do for care; told by whoever knows the classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub care_function: Option<String>,
    /// Maker.
    pub maker: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Version of its own software.
    pub software_version: Option<String>,
    /// Operating system.
    pub os: Option<String>,
    /// Location.
    pub location: Option<String>,
    /// Addresses, newest first, at most four.
    pub addresses: Vec<Address>,
    /// How many vulnerabilities affect it.
    pub affected: u64,
    /// How many could not be decided.
    pub unknown: u64,
    /// True where one of those that affect it is in the KEV catalogue.
    pub exploited: bool,
    /// First time seen.
    pub first_seen: Timestamp,
    /// Last time seen.
    pub last_seen: Timestamp,
    /// True where it was seen on the wire.
    pub on_network: bool,
}

/// One device with all that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceDetail {
    /// The device and its facts.
    pub device: Device,
    /// Verdicts, affected first, then unknown, then not affected; most severe first.
    pub verdicts: Vec<VerdictRow>,
    /// Conversations, largest first, at most [`crate::records::Page::LIMIT_MAX`].
    pub conversations: Vec<Conversation>,
    /// Names of the devices in `conversations`, by key.
    pub peers: BTreeMap<String, String>,
    /// Columns of the hospital's inventory that we have no attribute for.
    pub custom_fields: BTreeMap<String, String>,
    /// Since when no inventory lists it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted_since: Option<Timestamp>,
    /// What it does for care; told by whoever knows the classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub care_function: Option<String>,
}

/// Values to filter devices by, each with how many devices have it; most first.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct DeviceFacets {
    /// Classes.
    pub classes: Vec<(String, u64)>,
    /// Makers.
    pub makers: Vec<(String, u64)>,
    /// Sites.
    pub sites: Vec<(String, u64)>,
}

/// A device with what belongs to it, to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceChange {
    /// The device as it now is, with all its facts.
    pub device: Device,
    /// Its configuration.
    pub configuration: ConfigurationKey,
    /// Columns of the hospital's inventory that we have no attribute for.
    pub custom_fields: BTreeMap<String, String>,
    /// True where it was ever seen on the wire.
    pub on_network: bool,
    /// True where it is out of use.
    pub retired: bool,
    /// When it is written.
    pub at: Timestamp,
    /// What changed of what is followed.
    pub history: Vec<HistoryRow>,
}

/// A change of something that is followed of a device. An absent value is empty.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// What changed: `site`, `location`, `class`, `status`, `owner`, `configuration` …
    pub attribute: String,
    /// What it was.
    pub before: String,
    /// What it became.
    pub after: String,
    /// When it was written down.
    pub at: Timestamp,
    /// What said so.
    pub because: String,
}

/// A device that is known already, with what no import of devices says anew.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownDevice {
    /// The device, whole.
    pub device: Device,
    /// Columns of the hospital's inventory that we have no attribute for.
    pub custom_fields: BTreeMap<String, String>,
    /// True where it was ever seen on the wire.
    pub on_network: bool,
    /// True where an inventory of its site lists it now.
    pub listed: bool,
}

/// A piece of software and how many devices have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoftwareRow {
    /// The software.
    #[serde(flatten)]
    pub software: Software,
    /// Devices that have it.
    pub devices: u64,
}

/// The state of the whole house, for the front page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// Devices in all.
    pub devices: u64,
    /// Devices seen on the wire.
    pub on_network: u64,
    /// Devices on the wire that the hospital's inventory does not have.
    pub not_in_inventory: u64,
    /// Devices in the inventory that were never seen on the wire.
    pub never_seen: u64,
    /// Devices with no maker or no model.
    pub unidentified: u64,
    /// Devices by their worst verdict.
    pub by_verdict: VerdictCounts,
    /// Devices with an affecting vulnerability that is in the KEV catalogue.
    pub exploited: u64,
    /// Devices per class.
    pub by_class: Vec<(String, u64)>,
    /// Disclosures held.
    pub disclosures: u64,
    /// Disclosures with at least one affected or undecided device.
    pub disclosures_open: u64,
    /// When each kind of input last came in.
    pub feeds: BTreeMap<String, Timestamp>,
    /// Inputs skipped in the last ingest of each file.
    pub skipped: u64,
    /// Rows in the evidence log.
    pub evidence_rows: u64,
}
