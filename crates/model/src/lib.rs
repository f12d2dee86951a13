//! The words every room shares: addresses, time, observations, facts, provenance, verdicts, limits.
//!
//! Nothing here does I/O, reads a clock or draws a random number. Every type that can reach a
//! user has one serialised form, and that form is the one the CLI, the API and the pages show.

mod address;
mod anomaly;
mod attribute;
mod device;
mod disclosure;
mod identifier;
mod observation;
mod person;
mod provenance;
mod redact;
mod scope;
mod time;
mod verdict;

pub use address::{Mac, MacError};
pub use anomaly::{Answerable, Skip, WireAnomaly};
pub use attribute::Attribute;
pub use device::{Address, Conversation, Device, DeviceId, Fact, Software, Transport};
pub use disclosure::{DisclosureKey, DisclosureKeyError, Edition};
pub use identifier::{Identifier, IdentifierKind, plain};
pub use observation::{Binding, Endpoint, Flow, Observations, Sighting, Station, Stats, Talker};
pub use person::PersonId;
pub use provenance::{Confidence, Source, SourceId};
pub use redact::Secret;
pub use scope::Scope;
pub use time::{Timestamp, TimestampError};
pub use verdict::{Ended, Epss, Kev, Question, Remediation, Severity, Step, Verdict, VerdictRow};
