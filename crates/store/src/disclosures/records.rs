//! Rows of disclosures and of the feeds beside them.

use std::collections::BTreeMap;

use model::{DisclosureKey, Epss, Kev, Timestamp, Verdict};
use serde::{Deserialize, Serialize};

use crate::records::{DeviceVerdict, Rows, VerdictCounts};

/// A disclosure in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DisclosureRow {
    /// Publisher namespace and tracking id, as one text.
    pub key: DisclosureKey,
    /// Tracking id, e.g. `ICSMA-23-194-01`.
    pub id: String,
    /// Namespace of the publisher: two publishers may use one tracking id.
    pub disclosure_namespace: String,
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
    /// Every version that was received, latest first.
    pub versions: Vec<DisclosureVersionRow>,
    /// Devices and their verdicts, worst first, a page of them.
    pub devices: Rows<DeviceVerdict>,
}

/// A disclosure to keep.
#[derive(Clone, Debug)]
pub struct NewDisclosure {
    /// Publisher namespace and tracking id.
    pub key: DisclosureKey,
    /// Publisher.
    pub publisher: String,
    /// Title.
    pub title: String,
    /// Document version.
    pub version: String,
    /// `draft`, `interim` or `final`.
    pub status: String,
    /// Who brought it, as the caller named it; empty where nobody did.
    pub source: String,
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
    /// Stamp of the engine that normalised it.
    pub engine: String,
    /// The normalised document.
    pub document: serde_json::Value,
    /// Oddities.
    pub warnings: Vec<String>,
    /// SHA-256 of `raw`, hexadecimal.
    pub content_hash: String,
    /// The document as received, byte for byte.
    pub raw: Vec<u8>,
}

/// One version of a disclosure among those held.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Standing {
    /// Row number of the disclosure.
    pub disclosure: i64,
    /// Row number of the version.
    pub version: i64,
    /// True for the version that counts.
    pub current: bool,
    /// True for the version that was accepted last.
    pub accepted: bool,
}

/// The normalised document of one version.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDocument {
    /// Row number of the version.
    pub version: i64,
    /// The normalised document.
    pub document: serde_json::Value,
}

/// A publisher whose documents may clear devices without a question.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct TrustRow {
    /// Its namespace.
    pub namespace: String,
    /// Only what this source brought, as the caller of the ingest named it; absent for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Since when.
    pub at: Timestamp,
    /// Who said so.
    pub by: String,
}

/// One version of a disclosure that was received.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct DisclosureVersionRow {
    /// Document version.
    pub version: String,
    /// Who brought it, as the caller named it; empty where nobody did.
    pub source: String,
    /// Release of this version.
    pub updated: Option<Timestamp>,
    /// When we took it in.
    pub received: Timestamp,
    /// SHA-256 of the document as received, hexadecimal.
    pub content_hash: String,
    /// True for the version that counts.
    pub current: bool,
}

/// KEV entries by CVE.
pub type KevTable = BTreeMap<String, Kev>;
/// EPSS scores by CVE.
pub type EpssTable = BTreeMap<String, Epss>;

/// A document that an older engine normalised, as it was received.
#[derive(Clone, Debug, PartialEq)]
pub struct StaleDocument {
    /// Row number of its version.
    pub version: i64,
    /// The document as received, byte for byte.
    pub raw: Vec<u8>,
}

/// The normalised form of one version, made anew.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedDocument {
    /// Row number of its version.
    pub version: i64,
    /// What came out; nothing where this engine cannot read it, and the older form stays.
    pub anew: Option<DocumentAnew>,
    /// Oddities.
    pub warnings: Vec<String>,
}

/// What a newer engine reads a document as.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentAnew {
    /// The normalised document.
    pub document: serde_json::Value,
    /// `draft`, `interim` or `final`.
    pub status: String,
    /// CVE identifiers.
    pub vulnerabilities: Vec<String>,
    /// Highest base score.
    pub score: Option<f64>,
}
