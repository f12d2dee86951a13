//! A policy proposed from what is known and seen.
//!
//! Source: HICP 2018 9.M.E; NHS England network architecture (device types mixed in a zone and each
//! split over two, so that one quarantine never takes a whole type from care).
//! Input: stations and the conversations between them. Output: a policy of the fewest conduits that
//! keep what was seen, each with its evidence and no approver, and what was left out and why.
//! Limits: none of its own; as many conduits as there are kinds of conversation.

mod conduits;
mod zones;

use std::net::IpAddr;

use jiff::civil::Date;

pub(crate) use conduits::Ranges;

use crate::packets::Addresses;
use crate::policy::{Place, Policy};

/// A device of the site.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Station {
    /// What people call it.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Class, a key of `knowledge/classes.csv`.
    pub class: Option<String>,
    /// The zone that its class hints at, of the same table.
    pub zone_hint: Option<String>,
    /// What care it serves, of the same table.
    pub care_function: Option<String>,
    /// Where it stands.
    pub location: Option<String>,
    /// Its operating system is no longer supported.
    pub legacy: bool,
}

/// A conversation that was seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Talk {
    /// Who opened it.
    pub client: IpAddr,
    /// Who answered.
    pub server: IpAddr,
    /// Number of the protocol above IP.
    pub protocol: u8,
    /// Port of the server; 0 where there is none.
    pub port: u16,
    /// What it was, by content.
    pub application: Option<String>,
    /// The days on which it was seen, sorted.
    pub days: Vec<Date>,
}

/// What is proposed.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The policy; its digest is that of no text yet.
    pub policy: Policy,
    /// Conversations that no conduit keeps, by reason.
    pub left_out: Vec<LeftOut>,
}

/// Conversations that are not proposed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LeftOut {
    /// Why.
    pub reason: &'static str,
    /// One of them.
    pub example: Talk,
    /// How many there are.
    pub count: usize,
}

/// Proposes a policy for `site`.
pub fn propose(site: &str, stations: &[Station], talks: &[Talk]) -> Proposal {
    let networks = site_networks(stations);
    let zones = zones::zones(stations, &networks);
    let (conduits, left_out) = conduits::conduits(&zones, &networks, talks);
    let policy = Policy {
        site: site.to_owned(),
        parent: None,
        networks,
        zones,
        conduits,
        blocks: Vec::new(),
        digest: String::new(),
        place: Place::default(),
    };
    Proposal { policy, left_out }
}

/// The networks of the stations: 256 addresses for IPv4, a /64 for IPv6.
fn site_networks(stations: &[Station]) -> Addresses {
    let mut networks = Addresses::default();
    let addresses = stations.iter().flat_map(|station| &station.addresses);
    for address in addresses.filter(|address| is_host(**address)) {
        networks.add_network(*address, if address.is_ipv4() { 24 } else { 64 });
    }
    networks
}

/// True for an address that names one host beyond its own link. The last address of 256 private
/// ones is taken for a broadcast; where a station has it, ask for its zone first.
pub(crate) fn is_host(address: IpAddr) -> bool {
    let own_link = match address {
        IpAddr::V4(address) => {
            let to_all = address.is_private() && address.octets()[3] == u8::MAX;
            address.is_link_local() || address.is_broadcast() || to_all
        }
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !(own_link || address.is_multicast() || address.is_unspecified() || address.is_loopback())
}
