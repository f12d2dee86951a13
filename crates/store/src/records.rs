//! What the store takes and gives: plain rows, no SQL and no database types.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{
    Address, Conversation, Device, DeviceId, Epss, Kev, Mac, Skip, Software, Timestamp, Verdict,
    VerdictRow,
};
use serde::{Deserialize, Serialize};

/// Which part of a long list is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Page {
    /// Rows to pass over.
    pub offset: u64,
    /// Rows to return, at most [`Page::LIMIT_MAX`].
    pub limit: u64,
}

impl Page {
    /// Most rows one page may hold; bounds memory and answer time.
    pub const LIMIT_MAX: u64 = 1000;
}

/// A page of rows, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rows<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// How many rows match, on all pages.
    pub total: u64,
}

/// Which devices are wanted. Every condition that is set must hold; none set means all devices.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct DeviceFilter {
    /// Free text: MAC, IP, serial, UDI, asset id, name, maker, model, location.
    pub text: Option<String>,
    /// Class, a key of `knowledge/classes.csv`.
    pub class: Option<String>,
    /// Maker, exactly as shown.
    pub maker: Option<String>,
    /// Site.
    pub site: Option<String>,
    /// Devices with at least one verdict of this kind.
    pub verdict: Option<Verdict>,
    /// Only devices with (or without) a row in the hospital's own inventory.
    pub in_inventory: Option<bool>,
    /// Only devices seen on the wire (or never seen).
    pub on_network: Option<bool>,
    /// Only devices with a verdict from this disclosure (its key).
    pub disclosure: Option<String>,
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
    /// Conversations, largest first, at most [`Page::LIMIT_MAX`].
    pub conversations: Vec<Conversation>,
    /// Names of the devices in `conversations`, by key.
    pub peers: BTreeMap<String, String>,
    /// Columns of the hospital's inventory that we have no attribute for.
    pub custom_fields: BTreeMap<String, String>,
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

/// How many devices have each verdict for something.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct VerdictCounts {
    /// Affected.
    pub affected: u64,
    /// Not decided.
    pub unknown: u64,
    /// Not affected.
    pub not_affected: u64,
}

/// A disclosure in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DisclosureRow {
    /// Our key: publisher namespace and tracking id.
    pub key: String,
    /// Tracking id, e.g. `ICSMA-23-194-01`.
    pub id: String,
    /// Publisher.
    pub publisher: String,
    /// Title.
    pub title: String,
    /// Document version.
    pub version: String,
    /// First release.
    pub released: Option<Timestamp>,
    /// Release of this version.
    pub updated: Option<Timestamp>,
    /// When we took it in.
    pub received: Timestamp,
    /// CVE identifiers.
    pub vulnerabilities: Vec<String>,
    /// Highest base score in it.
    pub score: Option<f64>,
    /// True where one of its CVEs is in the KEV catalogue.
    pub exploited: bool,
    /// Devices by worst verdict.
    pub devices: VerdictCounts,
}

/// Which disclosures are wanted.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct DisclosureFilter {
    /// Free text: tracking id, CVE, title, publisher, maker or product in it.
    pub text: Option<String>,
    /// Only those with at least one device of this verdict.
    pub verdict: Option<Verdict>,
    /// Only those with a CVE in the KEV catalogue.
    pub exploited: Option<bool>,
}

/// A disclosure with the normalised document and the devices it touches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DisclosureDetail {
    /// The list row.
    pub row: DisclosureRow,
    /// SHA-256 of the document as received, hexadecimal.
    pub content_hash: String,
    /// The normalised document, as `vulnerability` writes it.
    pub document: serde_json::Value,
    /// Oddities found while reading it.
    pub warnings: Vec<String>,
    /// Devices and their verdicts, worst first, a page of them.
    pub devices: Rows<DeviceVerdict>,
}

/// A verdict together with the device it is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceVerdict {
    /// Our key of the device.
    pub device: DeviceId,
    /// Its best name.
    pub name: String,
    /// Its class.
    pub class: Option<String>,
    /// Its maker.
    pub maker: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its location.
    pub location: Option<String>,
    /// The verdict.
    #[serde(flatten)]
    pub row: VerdictRow,
}

/// Which verdicts are wanted.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct VerdictFilter {
    /// Only this verdict.
    pub verdict: Option<Verdict>,
    /// Only this device.
    pub device: Option<DeviceId>,
    /// Only this disclosure (its key).
    pub disclosure: Option<String>,
    /// Only this CVE.
    pub vulnerability: Option<String>,
}

/// The distinct (maker, model, versions) that devices share. Matching works on these.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct ConfigurationKey(pub String);

/// Everything decided for one configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigurationVerdicts {
    /// Which configuration.
    pub key: ConfigurationKey,
    /// The verdicts; their `asset` is empty, the device's is put in on the way out.
    pub rows: Vec<VerdictRow>,
}

/// A disclosure to keep.
#[derive(Clone, Debug)]
pub struct NewDisclosure {
    /// Publisher namespace and tracking id.
    pub key: String,
    /// Tracking id.
    pub id: String,
    /// Publisher.
    pub publisher: String,
    /// Title.
    pub title: String,
    /// Document version.
    pub version: String,
    /// First release.
    pub released: Option<Timestamp>,
    /// Release of this version.
    pub updated: Option<Timestamp>,
    /// CVE identifiers.
    pub vulnerabilities: Vec<String>,
    /// Highest base score.
    pub score: Option<f64>,
    /// Words that a search should find: makers and products.
    pub search_text: String,
    /// The normalised document.
    pub document: serde_json::Value,
    /// Oddities.
    pub warnings: Vec<String>,
    /// SHA-256 of `raw`, hexadecimal.
    pub content_hash: String,
    /// The document as received, byte for byte.
    pub raw: Vec<u8>,
}

/// What became of something offered to the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was new.
    Added,
    /// It replaced an older version, which is kept.
    Updated,
    /// It was there already, byte for byte.
    Unchanged,
    /// A newer version is there already; this one is kept as history.
    Superseded,
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
}

/// One file or stream that was taken in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IngestRow {
    /// File, without its folder.
    pub name: String,
    /// Type: `capture`, `csaf`, `kev`, `epss`, `inventory`.
    pub kind: String,
    /// SHA-256, hexadecimal.
    pub content_hash: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Records read.
    pub read: u64,
    /// Records used.
    pub accepted: u64,
    /// Records that were there already.
    pub unchanged: u64,
    /// What was not used, and why; a page of it when read back.
    pub skipped: Vec<Skip>,
    /// How many were not used.
    pub skipped_count: u64,
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

/// A question that would decide unknown verdicts, and how much it would decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenQuestion {
    /// The question.
    pub text: String,
    /// Who can answer.
    pub who: String,
    /// The attribute it fills.
    pub attribute: String,
    /// Devices it would decide.
    pub devices: u64,
    /// Verdicts it would decide.
    pub verdicts: u64,
    /// One of those devices, to start with.
    pub example: DeviceId,
    /// Name of that device.
    pub example_name: String,
}

/// A row of the evidence log as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// Position, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who: an account, or `system`.
    pub actor: String,
    /// What was done, e.g. `ingest`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Details, as JSON.
    pub details: serde_json::Value,
    /// Hash of this row, hexadecimal.
    pub hash: String,
}

/// A person who can sign in.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Account name, lower case.
    pub name: String,
    /// Name to show.
    pub display_name: String,
    /// Role, a name of `access::Role`.
    pub role: String,
    /// Argon2id hash in PHC form; never shown.
    #[serde(skip)]
    pub password_hash: String,
    /// True until the person has chosen a password.
    pub must_change_password: bool,
    /// Whether sign-in is refused.
    pub disabled: bool,
    /// When the account was made.
    pub created: Timestamp,
}

/// A signed-in browser or API token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionRow {
    /// SHA-256 of the token, hexadecimal; the token itself is never kept.
    pub token_hash: String,
    /// Account.
    pub person: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used.
    pub used: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
}

/// KEV entries by CVE.
pub type KevTable = BTreeMap<String, Kev>;
/// EPSS scores by CVE.
pub type EpssTable = BTreeMap<String, Epss>;

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

/// What may point to devices that are known already.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Identifiers {
    /// Link addresses, seen or stated.
    pub macs: BTreeSet<Mac>,
    /// Network addresses, seen or stated.
    pub ips: BTreeSet<IpAddr>,
    /// Serial numbers; letter case does not matter. The maker is for the caller to compare.
    pub serials: BTreeSet<String>,
    /// Unique device identifiers; letter case does not matter.
    pub udis: BTreeSet<String>,
    /// The hospital's own keys; letter case does not matter.
    pub asset_ids: BTreeSet<String>,
}

/// A configuration and what is known of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigurationRow {
    /// Which.
    pub key: ConfigurationKey,
    /// Devices that have it.
    pub devices: u64,
    /// True once verdicts were written for it, even if there were none to write.
    pub matched: bool,
}

/// The normalised document of the current version of a disclosure.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDocument {
    /// Our key.
    pub key: String,
    /// Document version.
    pub version: String,
    /// The normalised document.
    pub document: serde_json::Value,
}

/// One version of a disclosure that was received.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct DisclosureVersionRow {
    /// Document version.
    pub version: String,
    /// Release of this version.
    pub updated: Option<Timestamp>,
    /// When we took it in.
    pub received: Timestamp,
    /// SHA-256 of the document as received, hexadecimal.
    pub content_hash: String,
    /// True for the version that counts.
    pub current: bool,
}
