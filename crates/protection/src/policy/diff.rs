//! What changed between two policies: in the text, and in what may pass.

use jiff::civil::Date;
use serde::Serialize;

use super::{Policy, conversations};
use crate::packets::{Diagrams, Packet, TooLarge};

/// What changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    /// Names of zones, conduits and blocks that only the newer one has.
    pub added: Vec<String>,
    /// Names that only the older one has.
    pub removed: Vec<String>,
    /// Names that both have, with another content.
    pub changed: Vec<String>,
    /// A conversation that only the newer one lets pass.
    pub gained: Option<Example>,
    /// A conversation that only the older one lets pass: it would be cut.
    pub lost: Option<Example>,
}

/// One conversation.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Example {
    /// Who opens it.
    pub src: String,
    /// Who answers.
    pub dst: String,
    /// Number of the protocol above IP.
    pub proto: u8,
    /// Port of the destination, or ICMP type.
    pub dport: u16,
}

impl From<Packet> for Example {
    fn from(packet: Packet) -> Self {
        Self {
            src: packet.source.to_string(),
            dst: packet.destination.to_string(),
            proto: packet.protocol,
            dport: packet.destination_port,
        }
    }
}

/// Compares two policies as they hold on `today`.
///
/// # Errors
///
/// [`TooLarge`] where the sets cannot be held.
pub fn diff(older: &Policy, newer: &Policy, today: Date) -> Result<Difference, TooLarge> {
    let mut diagrams = Diagrams::new();
    let before = conversations(older, today, &mut diagrams)?.openings;
    let after = conversations(newer, today, &mut diagrams)?.openings;
    let gained = diagrams.difference(after, before)?;
    let lost = diagrams.difference(before, after)?;
    let mut difference = Difference {
        gained: diagrams.example(gained).map(Example::from),
        lost: diagrams.example(lost).map(Example::from),
        ..Difference::default()
    };
    let (older, newer) = (parts(older), parts(newer));
    for (name, content) in &newer {
        match older.iter().find(|(known, _)| known == name) {
            None => difference.added.push(name.clone()),
            Some((_, known)) if known != content => difference.changed.push(name.clone()),
            Some(_) => {}
        }
    }
    let gone = older.iter().filter(|(name, _)| newer.iter().all(|(known, _)| known != name));
    difference.removed.extend(gone.map(|(name, _)| name.clone()));
    Ok(difference)
}

/// Each named part with its content; where it stands does not matter.
fn parts(policy: &Policy) -> Vec<(String, String)> {
    let zones = policy.zones.values().map(|zone| {
        let content = (&zone.kind, &zone.addresses, &zone.purpose, &zone.holds);
        (format!("zone {}", zone.name), format!("{content:?}"))
    });
    let conduits = policy.conduits.iter().map(|conduit| {
        let ends = (&conduit.from, &conduit.to, &conduit.services);
        let words = (&conduit.purpose, &conduit.evidence, &conduit.approver, conduit.expires);
        (format!("conduit {}", conduit.name), format!("{ends:?}{words:?}"))
    });
    let blocks = policy.blocks.iter().map(|block| {
        let content = (&block.from, &block.to, &block.services, &block.reason, block.expires);
        (format!("block {}", block.name), format!("{content:?}"))
    });
    let mut parts: Vec<(String, String)> = zones.chain(conduits).chain(blocks).collect();
    parts.sort();
    parts
}
