//! Rows of verdicts, configurations and questions.

use std::collections::{BTreeMap, BTreeSet};

use model::{Device, DeviceId, DisclosureKey, Timestamp, Verdict, VerdictRow};
use serde::{Deserialize, Serialize};

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
    /// Only this disclosure: its key, or all that have this tracking id.
    pub disclosure: Option<String>,
    /// Only this CVE.
    pub vulnerability: Option<String>,
    /// The verdicts as they were at this time.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
}

/// The distinct (maker, model, versions) that devices share. Matching works on these.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct ConfigurationKey(pub String);

/// What was decided for one configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigurationVerdicts {
    /// Which configuration.
    pub key: ConfigurationKey,
    /// Row numbers of the disclosures that were decided anew; nothing for all of them.
    pub of: Option<BTreeSet<i64>>,
    /// The verdicts of these; their `asset` is empty, the device's is put in on the way out.
    pub rows: Vec<VerdictRow>,
    /// What is kept of the configuration, to know next time what changed.
    pub said: ConfigurationSaid,
}

/// What is kept of a configuration beside its verdicts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ConfigurationSaid {
    /// The configuration as it is matched, as JSON; empty where it was never decided.
    pub asset: String,
    /// A digest for each disclosure that says something of it, by row number of the disclosure.
    pub digests: BTreeMap<i64, u64>,
}

/// A configuration that is to be decided.
#[derive(Clone, Debug, PartialEq)]
pub struct StaleConfiguration {
    /// Row number.
    pub number: i64,
    /// Which.
    pub key: ConfigurationKey,
    /// What is kept of it.
    pub said: ConfigurationSaid,
    /// True where this very engine decided it last, so that the digests still hold.
    pub is_of_engine: bool,
    /// One of its devices, where nothing is kept of it.
    pub device: Option<Device>,
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

/// What verdicts were decided with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stamp {
    /// Generation of the disclosures.
    pub generation: u64,
    /// Stamp of the engine: matcher, parser and knowledge.
    pub engine: String,
}

/// A change of a verdict, as the history tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionRow {
    /// Tracking id of the disclosure.
    pub disclosure: String,
    /// Namespace of its publisher.
    pub disclosure_namespace: String,
    /// CVE.
    pub vulnerability: String,
    /// The verdict before; nothing where there was none.
    pub from: Option<Verdict>,
    /// The verdict after; nothing where it ended.
    pub to: Option<Verdict>,
    /// When it was decided.
    pub at: Timestamp,
    /// Why it changed, in plain words.
    pub because: String,
}

/// A decision with the devices it is about, for the list of what was cleared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClearedRow {
    /// One of the devices.
    pub device: DeviceId,
    /// Its best name.
    pub name: String,
    /// How many devices share it.
    pub devices: u64,
    /// The change.
    #[serde(flatten)]
    pub decision: DecisionRow,
}

/// What to do where an engine other than the last one would turn affected into not affected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Clearing {
    /// Write it.
    Write,
    /// Leave the verdict as it was until a person has confirmed the engine.
    Wait,
}

/// How much of what is affected something would clear, in devices times vulnerabilities.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct ClearedShare {
    /// Affected before.
    pub affected: u64,
    /// Of those, not affected or gone after.
    pub cleared: u64,
}

/// A disclosure whose newest version would clear devices, and waits for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldRow {
    /// Tracking id.
    pub disclosure: String,
    /// Namespace of its publisher.
    pub disclosure_namespace: String,
    /// Title.
    pub title: String,
    /// The version that counts and was not confirmed.
    pub version: String,
    /// Devices that it would clear of something.
    pub devices: u64,
    /// Verdicts that it would clear, in devices times vulnerabilities.
    pub verdicts: u64,
}

impl HeldRow {
    /// The key of the disclosure.
    pub fn key(&self) -> DisclosureKey {
        DisclosureKey::new(self.disclosure_namespace.clone(), self.disclosure.clone())
    }
}
