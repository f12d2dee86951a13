//! Would this conversation pass, by which rule, and why.

use std::net::IpAddr;

use jiff::civil::Date;
use serde::Serialize;

use super::{Place, Policy, intent};
use crate::packets::{Addresses, ICMP, ICMPV6, Region, TCP, UDP};

/// A conversation that somebody asks about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Flow {
    /// Who opens it.
    pub source: IpAddr,
    /// Who answers.
    pub destination: IpAddr,
    /// Number of the protocol above IP.
    pub protocol: u8,
    /// Port of the destination; of ICMP the type; 0 where there is none.
    pub port: u16,
}

/// The answer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Answer {
    /// True where it may pass.
    pub allowed: bool,
    /// The conduit or block that decides; none where no conduit names it.
    pub rule: Option<String>,
    /// The steps.
    pub why: Vec<String>,
    /// Where the rule stands.
    pub place: Option<Place>,
}

/// Decides one conversation on `today`.
pub fn ask(policy: &Policy, flow: &Flow, today: Date) -> Answer {
    let mut why =
        vec![side(policy, "source", flow.source), side(policy, "destination", flow.destination)];
    let hit = intent::passages(policy, today)
        .into_iter()
        .find(|passage| speaks_of(&passage.opening, flow));
    let Some(passage) = hit else {
        why.push(format!(
            "no conduit names {} from {} to {}, and what no conduit names does not pass",
            service(flow),
            flow.source,
            flow.destination
        ));
        return Answer { allowed: false, rule: None, why, place: None };
    };
    let (words, place) = reason(policy, &passage.rule, passage.allows);
    why.push(words);
    Answer { allowed: passage.allows, rule: Some(passage.rule), why, place }
}

fn reason(policy: &Policy, rule: &str, allows: bool) -> (String, Option<Place>) {
    if allows {
        let conduit = policy.conduits.iter().find(|conduit| conduit.name == rule);
        let purpose = conduit.map_or("", |conduit| conduit.purpose.as_str());
        let place = conduit.map(|conduit| conduit.place.clone());
        (format!("conduit `{rule}` lets it pass: {purpose}"), place)
    } else {
        let block = policy.blocks.iter().find(|block| block.name == rule);
        let reason = block.map_or("", |block| block.reason.as_str());
        let place = block.map(|block| block.place.clone());
        (format!("block `{rule}` stops it, whatever conduits say: {reason}"), place)
    }
}

fn side(policy: &Policy, side: &str, address: IpAddr) -> String {
    let zone = policy.zones.values().find(|zone| zone.addresses.contains(address));
    match zone {
        Some(zone) => format!("{side} {address} is in zone `{}`", zone.name),
        None if policy.networks.contains(address) => {
            format!("{side} {address} is an address of the site in no zone")
        }
        None => format!("{side} {address} is outside the site"),
    }
}

fn speaks_of(region: &Region, flow: &Flow) -> bool {
    let within = |addresses: &Addresses, address| addresses.contains(address);
    let protocol = region.protocols.as_ref().is_none_or(|all| all.contains(&flow.protocol));
    let ports = region.ports.as_ref();
    let port = ports.is_none_or(|all| all.iter().any(|(a, b)| (a..=b).contains(&&flow.port)));
    within(&region.from, flow.source) && within(&region.to, flow.destination) && protocol && port
}

fn service(flow: &Flow) -> String {
    match flow.protocol {
        TCP => format!("tcp/{}", flow.port),
        UDP => format!("udp/{}", flow.port),
        ICMP | ICMPV6 => format!("ICMP type {}", flow.port),
        other => format!("protocol/{other}"),
    }
}
