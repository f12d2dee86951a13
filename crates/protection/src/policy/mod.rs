//! A segmentation policy: zones, what may pass between them, and what may never.
//!
//! A policy is text that people review and keep under version control ([`read`]). It allows by
//! naming: what no conduit names does not pass, and a block wins over every conduit. Nothing is
//! meant by leaving something out; "everything" is a word that somebody typed.

mod ask;
mod diff;
mod intent;
mod lint;
mod read;
mod text;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

use crate::packets::{Addresses, Ports};

pub use ask::{Answer, Flow, ask};
pub use diff::{Difference, diff};
pub use intent::{Intent, Passage, conversations};
pub(crate) use intent::{Parts, passages};
pub use lint::{Finding, Severity, lint};
pub(crate) use read::network;
pub use read::{Refused, Source, TEXT_BYTES_MAX, read};
pub use text::write;

/// Where in the text something stands.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0 where the whole file is meant.
    pub line: usize,
}

/// A whole policy, read and resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// What the policy is for.
    pub site: String,
    /// SHA-256 of the policy that this one follows, where it follows one.
    pub parent: Option<String>,
    /// The site's own addresses.
    pub networks: Addresses,
    /// By name.
    pub zones: BTreeMap<String, Zone>,
    /// In the order of the text.
    pub conduits: Vec<Conduit>,
    /// In the order of the text.
    pub blocks: Vec<Block>,
    /// SHA-256 of the texts, in order of their names.
    pub digest: String,
    /// Where the site is described.
    pub place: Place,
}

/// What a zone is for; decides what may never enter or leave it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZoneKind {
    /// Ventilators, pumps, anaesthesia.
    Therapy,
    /// Bedside monitors and central stations.
    Monitoring,
    /// Imaging modalities.
    Imaging,
    /// Archives and viewers.
    Archive,
    /// Analysers and point-of-care testing.
    Laboratory,
    /// Servers and gateways of devices, integration engines.
    Servers,
    /// Where makers come in.
    Vendor,
    /// Devices whose operating system is no longer supported.
    Legacy,
    /// The only place for scanners and test benches.
    Maintenance,
    /// DNS, DHCP, NTP, directory, syslog.
    Shared,
    /// Offices, guests, homes: not trusted.
    General,
    /// Outside the site.
    Outside,
}

impl ZoneKind {
    /// True for zones that hold what touches patients.
    pub const fn is_care(self) -> bool {
        matches!(
            self,
            Self::Therapy
                | Self::Monitoring
                | Self::Imaging
                | Self::Archive
                | Self::Laboratory
                | Self::Servers
                | Self::Legacy
        )
    }
}

/// Addresses with the same need for protection.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Lower-case letters, digits and hyphens.
    pub name: String,
    /// What it is for.
    pub kind: ZoneKind,
    /// Its members.
    pub addresses: Addresses,
    /// In a person's words.
    pub purpose: String,
    /// Classes of devices in it, where they are known.
    pub holds: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

/// One end of a conduit or block.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum End {
    /// Every address there is. Somebody typed `anywhere`.
    Anywhere,
    /// A zone, by name.
    Zone(String),
    /// An address or network: first address and prefix length.
    Network(IpAddr, u8),
}

/// Which packets above IP.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Service {
    /// Every protocol. Somebody typed `any`.
    Any,
    /// TCP to these ports; all of them where somebody typed `any`.
    Tcp(Ports),
    /// UDP to these ports.
    Udp(Ports),
    /// Echo requests and their replies.
    Ping,
    /// Another protocol, by its number.
    Protocol(u8),
}

impl Service {
    /// Adds it to others; ports of one protocol stand together, so that a rule is made of them.
    pub(crate) fn join(self, services: &mut Vec<Self>) {
        for known in services.iter_mut() {
            if let (Self::Tcp(known), Self::Tcp(new)) | (Self::Udp(known), Self::Udp(new)) =
                (known, &self)
            {
                known.extend_from_slice(new);
                merge_ports(known);
                return;
            }
        }
        if !services.contains(&self) {
            services.push(self);
        }
    }
}

/// Sorts ranges of ports and joins those that touch.
fn merge_ports(ports: &mut Ports) {
    ports.sort_unstable();
    let mut merged: Ports = Vec::with_capacity(ports.len());
    for (first, last) in ports.drain(..) {
        match merged.last_mut() {
            Some((_, end)) if u32::from(first) <= u32::from(*end) + 1 => *end = (*end).max(last),
            _ => merged.push((first, last)),
        }
    }
    *ports = merged;
}

/// What may pass, who opens it, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Conduit {
    /// Lower-case letters, digits and hyphens.
    pub name: String,
    /// Who opens the conversation.
    pub from: Vec<End>,
    /// Who answers.
    pub to: Vec<End>,
    /// On what.
    pub services: Vec<Service>,
    /// In a person's words.
    pub purpose: String,
    /// Maker's document or observed conversation.
    pub evidence: Vec<String>,
    /// Who said yes, where somebody did.
    pub approver: Option<String>,
    /// Last day on which it holds, `2027-03-31`.
    pub expires: Option<jiff::civil::Date>,
    /// Where it stands.
    pub place: Place,
}

/// What may never pass, whatever a conduit says.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Lower-case letters, digits and hyphens.
    pub name: String,
    /// Who opens the conversation.
    pub from: Vec<End>,
    /// Who answers.
    pub to: Vec<End>,
    /// On what.
    pub services: Vec<Service>,
    /// In a person's words.
    pub reason: String,
    /// Last day on which it holds.
    pub expires: Option<jiff::civil::Date>,
    /// Where it stands.
    pub place: Place,
}

impl Policy {
    /// The addresses of some ends. An end that names no zone of the policy has none; the reader
    /// refuses such a text.
    pub fn addresses(&self, ends: &[End]) -> Addresses {
        let mut all = Addresses::default();
        for end in ends {
            match end {
                End::Anywhere => all.add(&crate::packets::any_addresses()),
                End::Zone(name) => {
                    if let Some(zone) = self.zones.get(name) {
                        all.add(&zone.addresses);
                    }
                }
                End::Network(address, length) => all.add_network(*address, *length),
            }
        }
        all
    }
}
