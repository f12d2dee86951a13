//! A capture's observations to devices, new ones and known ones.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Address, Attribute, Binding, Confidence, Conversation, Device, DeviceId, Endpoint, Fact,
    Observations, Sighting, Source, Timestamp, WireAnomaly,
};
use sha2::{Digest, Sha256};

use crate::derive::derive;
use crate::group::{Group, Grouping};
use crate::index::Index;
use crate::knowledge;
use crate::relocation::{Relocation, moved};
use crate::search::Search;

/// What a capture says about devices.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identified {
    /// Devices seen in the capture, whole: what was known before and what is new. Sorted by key.
    pub devices: Vec<Device>,
    /// Hosts beyond the local network that something was learned about. Not the hospital's
    /// devices; shown by `observe`, not kept in the inventory.
    pub external: Vec<Device>,
    /// Conversations, by device key where known.
    pub conversations: Vec<Conversation>,
    /// Devices of other sites that seem to be at both at once, each with the question it raises.
    pub questions: Vec<(DeviceId, String)>,
    /// What cannot be: two interfaces that claim one address.
    pub anomalies: Vec<WireAnomaly>,
}

/// Groups what a capture showed into devices, and joins them with those in `known`.
pub fn identify(observations: &Observations, site: &str, known: &Index) -> Identified {
    let grouping = Grouping::of(observations, known.has_private());
    let mut gathered: Vec<Gathered> = grouping.groups.iter().map(|_| Gathered::default()).collect();
    gather(observations, &grouping, &mut gathered);
    let mut identified = Identified::default();
    let mut keys: Vec<Option<DeviceId>> = vec![None; gathered.len()];
    let mut search = Search::new(known);
    let mut devices: BTreeMap<DeviceId, Device> = BTreeMap::new();
    for (at, (group, mut gathered)) in grouping.groups.iter().zip(gathered).enumerate() {
        if group.external && gathered.facts.iter().all(|f| f.attribute == Attribute::Role) {
            continue;
        }
        if group.external {
            let device = build(group, gathered, site, None);
            note(&mut keys, at, device.id);
            identified.external.push(device);
            continue;
        }
        let carriers = group.ips.iter().flat_map(|ip| grouping.claims.carriers(*ip)).collect();
        let found = search.find(group, &gathered.facts, &carriers);
        if found.is_contested {
            continue;
        }
        let asked = &mut identified.questions;
        let mut before = at_this_site(found.device, &mut gathered, site, known, asked);
        if let Some(device) = &mut before {
            forget_forwarded(device, &grouping);
        }
        gathered.facts.extend(found.questions);
        let device = build(group, gathered, site, before);
        search.note(&device);
        note(&mut keys, at, device.id);
        devices.insert(device.id, device);
    }
    identified.devices = devices.into_values().collect();
    identified.external.sort_by_key(|device| device.id);
    identified.conversations = conversations(observations, &grouping, &keys);
    identified.anomalies = grouping.claims.oddities(&observations.capture);
    identified
}

fn note(keys: &mut [Option<DeviceId>], at: usize, id: DeviceId) {
    if let Some(key) = keys.get_mut(at) {
        *key = Some(id);
    }
}

/// An address that a router answered for before its packets were seen is not the router's.
fn forget_forwarded(device: &mut Device, grouping: &Grouping) {
    device.addresses.retain(|address| match (address.mac, address.ip) {
        (Some(mac), Some(ip)) => !grouping.claims.forwards(mac, ip),
        _ => true,
    });
}

/// Facts about the makers of the network interfaces of `device`.
pub(crate) fn interface_makers(device: &Device) -> Vec<Fact> {
    let macs: BTreeSet<_> = device.addresses.iter().filter_map(|address| address.mac).collect();
    macs.into_iter()
        .filter_map(|mac| {
            Some(Fact {
                attribute: Attribute::InterfaceMaker,
                value: knowledge::interface_maker(mac)?.to_owned(),
                confidence: Confidence::STRONG,
                source: Source::Rule {
                    rule: "ieee-registry".to_owned(),
                    from: format!("mac = {mac}"),
                },
                first_seen: device.first_seen,
                last_seen: device.last_seen,
                count: 1,
            })
        })
        .collect()
}

/// What was known of a device, brought to `site` where it comes from another.
fn at_this_site(
    before: Option<Device>,
    gathered: &mut Gathered,
    site: &str,
    known: &Index,
    questions: &mut Vec<(DeviceId, String)>,
) -> Option<Device> {
    let device = before?;
    if !known.is_elsewhere(&device) {
        return Some(device);
    }
    match Relocation::seen(&device, site, gathered.span()) {
        Relocation::Moved => Some(moved(device, site)),
        Relocation::WasHere => {
            gathered.forget_site();
            Some(device)
        }
        Relocation::Both(question) => {
            questions.push((device.id, question));
            None
        }
    }
}

/// What belongs to one group.
#[derive(Default)]
struct Gathered {
    addresses: Vec<Address>,
    facts: Vec<Fact>,
    protocols: BTreeSet<String>,
}

impl Gathered {
    /// First and last time of anything in it. Nobody knows when: that is not earlier than what is
    /// known.
    fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let addresses = self.addresses.iter().map(|one| (one.first_seen, one.last_seen));
        let times = addresses.chain(self.facts.iter().map(|one| (one.first_seen, one.last_seen)));
        let times = times.filter(|(first, _)| *first != Timestamp::UNKNOWN);
        times.reduce(|(first, last), (from, to)| (first.min(from), last.max(to)))
    }

    /// Leaves what belongs to a site out: the device is at another by now.
    fn forget_site(&mut self) {
        for address in &mut self.addresses {
            (address.ip, address.vlan) = (None, None);
        }
        self.addresses.retain(|address| address.mac.is_some());
    }

    /// An address that a device has, whether or not it was seen to send from it. A relay passes
    /// on what DHCP says, so the frame's network is not the device's.
    fn bound(&mut self, binding: &Binding) {
        let (mac, ip) = (Some(binding.mac), Some(binding.ip));
        let vlan = binding.vlan.filter(|_| binding.protocol != "dhcp");
        let (first_seen, last_seen) = (binding.first_seen, binding.last_seen);
        if !self.addresses.iter().any(|a| (a.mac, a.ip) == (mac, ip)) {
            self.addresses.push(Address { mac, ip, vlan, first_seen, last_seen });
        }
    }
}

fn gather(observations: &Observations, grouping: &Grouping, gathered: &mut [Gathered]) {
    let find = |endpoint: &Endpoint| grouping.find(endpoint);
    for talker in &observations.talkers {
        let Some(at) = find(&talker.endpoint) else { continue };
        let group = grouping.groups.get(at);
        let Endpoint { mac, ip, vlan, .. } = talker.endpoint;
        let mac = mac.filter(|mac| group.is_some_and(|group| group.macs.contains(mac)));
        let (first_seen, last_seen) = (talker.first_seen, talker.last_seen);
        if let Some(entry) = gathered.get_mut(at) {
            entry.addresses.push(Address { mac, ip, vlan, first_seen, last_seen });
        }
        // A frame that a router passes on is also a sign of life of the router.
        let carrier = Endpoint { ip: None, ..talker.endpoint };
        if let Some(router) = find(&carrier).filter(|router| *router != at)
            && let Some(entry) = gathered.get_mut(router)
        {
            let mac = talker.endpoint.mac;
            entry.addresses.push(Address { mac, ip: None, vlan, first_seen, last_seen });
        }
    }
    for binding in &observations.bindings {
        let endpoint =
            Endpoint { mac: Some(binding.mac), ip: Some(binding.ip), ..Endpoint::default() };
        let has = |at: &usize| {
            grouping.groups.get(*at).is_some_and(|group| group.macs.contains(&binding.mac))
        };
        if let Some(entry) = find(&endpoint).filter(has).and_then(|at| gathered.get_mut(at)) {
            entry.bound(binding);
        }
    }
    for sighting in &observations.sightings {
        if let Some(entry) = find(&sighting.endpoint).and_then(|at| gathered.get_mut(at)) {
            entry.facts.push(fact(sighting));
        }
    }
    for flow in &observations.flows {
        let Some(application) = &flow.application else { continue };
        for endpoint in [&flow.client, &flow.server] {
            if let Some(entry) = find(endpoint).and_then(|at| gathered.get_mut(at)) {
                entry.protocols.insert(application.clone());
            }
        }
    }
}

fn fact(sighting: &Sighting) -> Fact {
    Fact {
        attribute: sighting.attribute,
        value: sighting.value.clone(),
        confidence: sighting.confidence,
        source: sighting.source.clone(),
        first_seen: sighting.first_seen,
        last_seen: sighting.last_seen,
        count: sighting.count,
    }
}

fn build(group: &Group, gathered: Gathered, site: &str, before: Option<Device>) -> Device {
    let unknown = before.as_ref().map_or(Timestamp::UNKNOWN, |device| device.first_seen);
    let (first, last) = gathered.span().unwrap_or((unknown, unknown));
    let mut device = before.unwrap_or_else(|| new_device(&primary(group), site, first, last));
    if device.addresses.is_empty() || device.first_seen == Timestamp::UNKNOWN {
        // Until now only a record spoke of it; the time of reading a record is no sighting.
        (device.first_seen, device.last_seen) = (first, last);
    }
    device.first_seen = device.first_seen.min(first);
    device.last_seen = device.last_seen.max(last);
    device.addresses.extend(gathered.addresses);
    merge_addresses(&mut device.addresses);
    device.facts.extend(gathered.facts);
    device.protocols.extend(gathered.protocols);
    derive(&mut device);
    device
}

/// A device that was not known before. Its key follows from what it was first known by.
pub(crate) fn new_device(
    primary: &str,
    site: &str,
    first_seen: Timestamp,
    last_seen: Timestamp,
) -> Device {
    let digest = Sha256::digest(format!("{site}\n{primary}").as_bytes());
    let mut distinguishing = [0u8; 10];
    for (to, from) in distinguishing.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    Device {
        id: DeviceId::new(first_seen, distinguishing),
        asset_id: None,
        site: site.to_owned(),
        addresses: Vec::new(),
        names: Vec::new(),
        maker: None,
        model: None,
        class: None,
        serial: None,
        os: None,
        software_version: None,
        location: None,
        software: Vec::new(),
        roles: Vec::new(),
        protocols: Vec::new(),
        facts: Vec::new(),
        first_seen,
        last_seen,
    }
}

fn primary(group: &Group) -> String {
    match (group.macs.first(), group.ips.first()) {
        (Some(mac), _) => mac.to_string(),
        (None, Some(ip)) => ip.to_string(),
        (None, None) => group.station.map_or_else(String::new, |station| {
            format!("station {}:{:x}", station.network, station.address)
        }),
    }
}

/// Joins rows with the same addresses.
pub(crate) fn merge_addresses(addresses: &mut Vec<Address>) {
    addresses.sort();
    addresses.dedup_by(|later, kept| {
        let same = (later.mac, later.ip, later.vlan) == (kept.mac, kept.ip, kept.vlan);
        if same {
            kept.first_seen = kept.first_seen.min(later.first_seen);
            kept.last_seen = kept.last_seen.max(later.last_seen);
        }
        same
    });
}

fn conversations(
    observations: &Observations,
    grouping: &Grouping,
    keys: &[Option<DeviceId>],
) -> Vec<Conversation> {
    let name = |endpoint: &Endpoint| {
        let key = grouping.find(endpoint).and_then(|at| keys.get(at).copied().flatten());
        key.map_or_else(|| address(endpoint), |key| key.to_string())
    };
    let mut conversations: Vec<Conversation> = observations
        .flows
        .iter()
        .map(|flow| Conversation {
            client: name(&flow.client),
            server: name(&flow.server),
            client_address: address(&flow.client),
            server_address: address(&flow.server),
            transport: flow.transport,
            port: flow.port,
            application: flow.application.clone(),
            packets: flow.packets,
            bytes: flow.bytes,
            first_seen: flow.first_seen,
            last_seen: flow.last_seen,
        })
        .collect();
    conversations.sort_by(|a, b| {
        let order = |c: &Conversation| (c.client_address.clone(), c.server_address.clone());
        order(a).cmp(&order(b)).then_with(|| (a.port, a.first_seen).cmp(&(b.port, b.first_seen)))
    });
    conversations
}

fn address(endpoint: &Endpoint) -> String {
    match (endpoint.ip, endpoint.mac) {
        (Some(ip), _) => ip.to_string(),
        (None, Some(mac)) => mac.to_string(),
        (None, None) => String::new(),
    }
}
