//! Conversations into conduits.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::civil::Date;

use super::{LeftOut, Talk, is_host};
use crate::packets::{Addresses, ICMP, ICMPV6, TCP, UDP};
use crate::policy::{Conduit, End, Place, Service, Zone};

/// Most servers that a conduit names one by one; more are their whole zone.
const SERVERS_MAX: usize = 16;

/// What makes conversations one kind.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    from: String,
    /// The servers' zone; none where they are outside the site.
    to: Option<String>,
    application: Option<String>,
    protocol: u8,
    port: u16,
}

#[derive(Default)]
struct Kind {
    servers: BTreeSet<IpAddr>,
    clients: BTreeSet<IpAddr>,
    days: BTreeSet<Date>,
}

/// A conduit for each kind of conversation between two zones, and what none keeps.
pub(super) fn conduits(
    zones: &BTreeMap<String, Zone>,
    networks: &Addresses,
    talks: &[Talk],
) -> (Vec<Conduit>, Vec<LeftOut>) {
    let ranges = Ranges::new(zones);
    let mut kinds: BTreeMap<Key, Kind> = BTreeMap::new();
    let mut left_out: BTreeMap<&'static str, LeftOut> = BTreeMap::new();
    for talk in talks {
        match key(&ranges, networks, talk) {
            Ok(key) => {
                let kind = kinds.entry(key).or_default();
                kind.servers.insert(talk.server);
                kind.clients.insert(talk.client);
                kind.days.extend(&talk.days);
            }
            Err(reason) => {
                let out = left_out.entry(reason).or_insert_with(|| LeftOut {
                    reason,
                    example: talk.clone(),
                    count: 0,
                });
                out.count += 1;
            }
        }
    }
    (named(shared(joined(kinds))), left_out.into_values().collect())
}

fn key(ranges: &Ranges, networks: &Addresses, talk: &Talk) -> Result<Key, &'static str> {
    if ranges.stays_on_link(talk) {
        return Err("stays on its own link: broadcast, multicast or link-local");
    }
    let Some(from) = ranges.zone(talk.client) else {
        return Err(if networks.contains(talk.client) {
            "opened by an address of the site that no device is known for"
        } else {
            "opened from outside the site: let it in through a zone for makers"
        });
    };
    let to = ranges.zone(talk.server);
    if to.is_none() && networks.contains(talk.server) {
        return Err("answered by an address of the site that no device is known for");
    }
    Ok(Key {
        from: from.to_owned(),
        to: to.map(str::to_owned),
        application: talk.application.clone(),
        protocol: talk.protocol,
        port: if matches!(talk.protocol, TCP | UDP) { talk.port } else { 0 },
    })
}

/// What several zones open alike is one conduit of all of them.
fn shared(kinds: Vec<(Key, Kind, Vec<Service>)>) -> Vec<(Vec<String>, Key, Kind, Vec<Service>)> {
    let mut shared: Vec<(Vec<String>, Key, Kind, Vec<Service>)> = Vec::new();
    for (key, kind, services) in kinds {
        let same = shared.iter_mut().find(|(_, known, other, own)| {
            (&known.to, &known.application) == (&key.to, &key.application)
                && other.servers == kind.servers
                && *own == services
        });
        match same {
            Some((from, _, other, _)) => {
                from.push(key.from);
                other.clients.extend(kind.clients);
                other.days.extend(kind.days);
            }
            None => shared.push((vec![key.from.clone()], key, kind, services)),
        }
    }
    shared
}

/// Kinds between the same zones, of one application, with the same servers, are one conduit.
fn joined(kinds: BTreeMap<Key, Kind>) -> Vec<(Key, Kind, Vec<Service>)> {
    let mut joined: Vec<(Key, Kind, Vec<Service>)> = Vec::new();
    for (key, kind) in kinds {
        let service = service(&key);
        let same = joined.iter_mut().rev().take_while(|(known, ..)| known.from == key.from).find(
            |(known, other, _)| {
                (&known.to, &known.application) == (&key.to, &key.application)
                    && other.servers == kind.servers
            },
        );
        match same {
            Some((_, other, services)) => {
                other.clients.extend(kind.clients);
                other.days.extend(kind.days);
                service.join(services);
            }
            None => joined.push((key, kind, vec![service])),
        }
    }
    joined
}

fn service(key: &Key) -> Service {
    match key.protocol {
        TCP => Service::Tcp(vec![(key.port, key.port)]),
        UDP => Service::Udp(vec![(key.port, key.port)]),
        ICMP | ICMPV6 => Service::Ping,
        other => Service::Protocol(other),
    }
}

fn named(kinds: Vec<(Vec<String>, Key, Kind, Vec<Service>)>) -> Vec<Conduit> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    kinds
        .into_iter()
        .map(|(from, key, kind, services)| {
            let word = word(&key);
            let count = counts.entry(word.clone()).or_default();
            *count += 1;
            Conduit {
                name: format!("{word}-{count}"),
                from: from.iter().cloned().map(End::Zone).collect(),
                to: ends(&key, &kind.servers),
                services,
                purpose: purpose(&from, &key),
                evidence: vec![evidence(&kind)],
                approver: None,
                expires: None,
                place: Place::default(),
            }
        })
        .collect()
}

/// The first word of a conduit's name: the application, else protocol and port.
fn word(key: &Key) -> String {
    let plain = |text: &str| -> String {
        let kept = text
            .chars()
            .map(|sign| if sign.is_ascii_alphanumeric() { sign.to_ascii_lowercase() } else { '-' });
        kept.take(14).collect::<String>().trim_matches('-').to_owned()
    };
    let application = key.application.as_deref().map(plain);
    let application =
        application.filter(|word| word.starts_with(|sign: char| sign.is_ascii_lowercase()));
    application.unwrap_or_else(|| match key.protocol {
        TCP => format!("tcp-{}", key.port),
        UDP => format!("udp-{}", key.port),
        ICMP | ICMPV6 => "ping".to_owned(),
        other => format!("protocol-{other}"),
    })
}

fn ends(key: &Key, servers: &BTreeSet<IpAddr>) -> Vec<End> {
    match &key.to {
        Some(zone) if servers.len() > SERVERS_MAX => vec![End::Zone(zone.clone())],
        _ => {
            let bits = |address: &IpAddr| if address.is_ipv4() { 32 } else { 128 };
            servers.iter().map(|address| End::Network(*address, bits(address))).collect()
        }
    }
}

fn purpose(from: &[String], key: &Key) -> String {
    let to = key.to.as_deref().unwrap_or("outside the site");
    let what = key.application.as_deref().unwrap_or("an application that was not recognised");
    format!("{what} from {} to {to}; say what it is for", from.join(", "))
}

fn evidence(kind: &Kind) -> String {
    let (clients, servers, days) = (kind.clients.len(), kind.servers.len(), kind.days.len());
    let span = match (kind.days.first(), kind.days.last()) {
        (Some(first), Some(last)) if first != last => format!(" between {first} and {last}"),
        (Some(day), _) => format!(" on {day}"),
        _ => String::new(),
    };
    format!("observed: {clients} clients, {servers} servers, {days} days{span}")
}

/// Which zone an address is in.
pub(crate) struct Ranges<'a> {
    ranges: BTreeMap<(bool, u128), (u128, &'a str)>,
}

impl<'a> Ranges<'a> {
    pub(crate) fn new(zones: &'a BTreeMap<String, Zone>) -> Self {
        let mut ranges = BTreeMap::new();
        for zone in zones.values() {
            let all = [(false, &zone.addresses.v4), (true, &zone.addresses.v6)];
            for (six, of_version) in all {
                for (first, last) in of_version {
                    ranges.insert((six, *first), (*last, zone.name.as_str()));
                }
            }
        }
        Self { ranges }
    }

    /// True where a conversation never comes to a filter between networks.
    pub(crate) fn stays_on_link(&self, talk: &Talk) -> bool {
        let own_link = |address| !is_host(address) && self.zone(address).is_none();
        own_link(talk.client) || own_link(talk.server)
    }

    pub(crate) fn zone(&self, address: IpAddr) -> Option<&'a str> {
        let value = crate::packets::number(address);
        let below = (address.is_ipv6(), 0)..=(address.is_ipv6(), value);
        let (_, (last, zone)) = self.ranges.range(below).next_back()?;
        (value <= *last).then_some(*zone)
    }
}
