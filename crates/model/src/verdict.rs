//! Verdicts: is this device affected by this vulnerability, and how do we know.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{DisclosureKey, Timestamp};

/// The three answers. There is no fourth, and no default.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The disclosure names this product and this version.
    Affected,
    /// It could not be decided; counts as exposed until a person decides it.
    Unknown,
    /// The disclosure names this product, and this version is outside what it names.
    NotAffected,
}

impl Verdict {
    /// The name users see and files carry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::Unknown => "unknown",
            Self::NotAffected => "not_affected",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One step of the reasoning behind a verdict.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What was compared: `maker`, `product`, `version`, `status`.
    pub step: String,
    /// What was found, in plain words.
    pub detail: String,
    /// Where to look it up: the document and a JSON pointer, a knowledge row, an inventory cell.
    pub source: String,
}

/// What would decide an unknown verdict, and who could answer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The question, in plain words.
    pub text: String,
    /// Who can answer: `biomed`, `maker`, `procurement`, `security`.
    pub who: String,
    /// The attribute that the answer fills, e.g. `software_version`.
    pub attribute: String,
}

/// Something the disclosure says to do.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Remediation {
    /// CSAF category, e.g. `vendor_fix`, `mitigation`, `no_fix_planned`.
    pub category: String,
    /// The document's words.
    pub details: String,
    /// A link, where the document gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// How severe the vulnerability is. Severity only: not the device's criticality or exposure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Severity {
    /// CVSS version of `vector`, e.g. `3.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss_version: Option<String>,
    /// CVSS vector string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<String>,
    /// Base score, 0 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// `none`, `low`, `medium`, `high`, `critical`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<String>,
    /// CVSS 4.0 vector, where the document or one of its links gives one beside 3.x.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_v4: Option<String>,
    /// Base score of `vector_v4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_v4: Option<f64>,
}

/// The entry of CISA's Known Exploited Vulnerabilities catalogue.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Kev {
    /// Day it was added, `2026-07-01`.
    pub date_added: String,
    /// Due date in the catalogue: the worst case of BOD 26-04, not this device's date.
    pub due_date: String,
    /// `Known` or `Unknown`.
    pub ransomware: String,
    /// What the catalogue asks for.
    pub required_action: String,
}

/// FIRST's Exploit Prediction Scoring System.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epss {
    /// Probability of exploitation in the next 30 days, 0 to 1.
    pub score: f64,
    /// Share of all CVEs with this score or less, 0 to 1.
    pub percentile: f64,
    /// Day of the model run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// A verdict as everybody sees it: one device, one vulnerability of one disclosure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerdictRow {
    /// The inventory's own `asset_id` where there is one, else our key.
    pub asset: String,
    /// Tracking identifier of the document, e.g. `ICSMA-23-194-01`.
    pub disclosure: String,
    /// Namespace of the document's publisher: two publishers may use one tracking identifier.
    #[serde(default)]
    pub disclosure_namespace: String,
    /// Version of the document.
    pub disclosure_version: String,
    /// CVE, or the document's own identifier.
    pub vulnerability: String,
    /// The product of the document that decided, as its full name.
    pub product: String,
    /// The answer.
    pub verdict: Verdict,
    /// How we know.
    pub steps: Vec<Step>,
    /// What would decide it, for `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// What the document says to do.
    pub remediation: Vec<Remediation>,
    /// How severe.
    pub severity: Severity,
    /// In the KEV catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kev: Option<Kev>,
    /// EPSS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
    /// When it was decided; absent in a one-shot run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// Set where an earlier version of the document said this, and the newest one ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

impl VerdictRow {
    /// The key of the disclosure.
    pub fn key(&self) -> DisclosureKey {
        DisclosureKey::new(self.disclosure_namespace.clone(), self.disclosure.clone())
    }

    /// True where the newest version of the document would clear this, and no person has confirmed
    /// it yet.
    pub fn is_held(&self) -> bool {
        self.ended.as_ref().is_some_and(|ended| !ended.confirmed)
    }
}

/// What ended what a document said of a device.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// What ended it, in plain words.
    pub because: String,
    /// Version of the document that ended it.
    pub version: String,
    /// When that version was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// True where a person has confirmed it, or said before that its publisher is trusted. Until
    /// then the verdict is `unknown`.
    pub confirmed: bool,
}
