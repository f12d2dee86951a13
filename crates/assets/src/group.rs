//! Which endpoints are one device.
//!
//! A link address names an interface. A network address belongs to the interface that ARP, DHCP
//! or neighbour discovery binds it to; where nothing binds it, to the only interface that sends
//! from it, unless that interface forwards for others, as a router does. What is left stands for
//! itself. The reasons are few and plain, so that a person can redo them with a capture open.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{Attribute, Confidence, Endpoint, Mac, Observations};

/// Addresses that are one device.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Group {
    pub(crate) macs: BTreeSet<Mac>,
    pub(crate) ips: BTreeSet<IpAddr>,
    /// True for an address beyond the local network, such as a server on the internet.
    pub(crate) external: bool,
}

/// Every device of a capture, and the way from an endpoint to its device.
#[derive(Debug, Default)]
pub(crate) struct Grouping {
    pub(crate) groups: Vec<Group>,
    by_mac: BTreeMap<Mac, usize>,
    by_ip: BTreeMap<IpAddr, usize>,
}

impl Grouping {
    /// Groups everything that spoke, or that somebody else described with confidence.
    pub(crate) fn of(observations: &Observations) -> Self {
        let owners = Owners::of(observations);
        let mut grouping = Self::default();
        for talker in &observations.talkers {
            grouping.add(&talker.endpoint, &owners);
        }
        for sighting in &observations.sightings {
            let told = sighting.confidence >= Confidence::LIKELY;
            if told && sighting.attribute != Attribute::Role {
                grouping.add(&sighting.endpoint, &owners);
            }
        }
        grouping
    }

    /// The device at `endpoint`.
    pub(crate) fn find(&self, endpoint: &Endpoint) -> Option<usize> {
        match endpoint.ip {
            Some(ip) => self.by_ip.get(&ip).copied(),
            None => self.by_mac.get(&endpoint.mac?).copied(),
        }
    }

    fn add(&mut self, endpoint: &Endpoint, owners: &Owners) {
        let mac = endpoint.mac.filter(|mac| mac.names_a_device());
        let ip = endpoint.ip.filter(|ip| names_a_host(*ip));
        let owner = match ip {
            Some(ip) => owners.of_ip(ip, mac),
            None => mac,
        };
        let group = match (owner, ip) {
            (Some(mac), _) => *self.by_mac.entry(mac).or_insert_with(|| {
                self.groups.push(Group::default());
                self.groups.len() - 1
            }),
            (None, Some(ip)) => *self.by_ip.entry(ip).or_insert_with(|| {
                self.groups.push(Group::default());
                self.groups.len() - 1
            }),
            (None, None) => return,
        };
        if let Some(entry) = self.groups.get_mut(group) {
            entry.macs.extend(owner);
            entry.ips.extend(ip);
            entry.external = owner.is_none() && owners.is_external(ip);
        }
        if let Some(ip) = ip {
            self.by_ip.insert(ip, group);
        }
        // A router's own frames (ARP, LLDP) make it a device even when all its IP is for others.
        if let Some(mac) = mac.filter(|_| owner.is_none())
            && owners.routers.contains(&mac)
            && !self.by_mac.contains_key(&mac)
        {
            self.groups.push(Group { macs: BTreeSet::from([mac]), ..Group::default() });
            self.by_mac.insert(mac, self.groups.len() - 1);
        }
    }
}

/// Who owns which network address.
struct Owners {
    bound: BTreeMap<IpAddr, Mac>,
    sent_by: BTreeMap<IpAddr, BTreeSet<Mac>>,
    routers: BTreeSet<Mac>,
    has_private: bool,
}

impl Owners {
    fn of(observations: &Observations) -> Self {
        let mut bindings: Vec<_> = observations.bindings.iter().collect();
        bindings.sort_by_key(|binding| (binding.last_seen, binding.mac));
        let bound: BTreeMap<IpAddr, Mac> = bindings
            .iter()
            .filter(|binding| binding.mac.names_a_device() && names_a_host(binding.ip))
            .map(|binding| (binding.ip, binding.mac))
            .collect();
        let bound = with_management_addresses(observations, bound);
        let mut sent_by: BTreeMap<IpAddr, BTreeSet<Mac>> = BTreeMap::new();
        for talker in &observations.talkers {
            let Endpoint { mac: Some(mac), ip: Some(ip), .. } = talker.endpoint else { continue };
            if mac.names_a_device() && names_a_host(ip) {
                sent_by.entry(ip).or_default().insert(mac);
            }
        }
        let talking = observations.talkers.iter().filter_map(|talker| talker.endpoint.ip);
        let has_private = talking.into_iter().any(|ip| names_a_host(ip) && is_local(ip));
        let routers = routers(observations, &bound, &sent_by);
        Self { bound, sent_by, routers, has_private }
    }

    fn of_ip(&self, ip: IpAddr, seen_from: Option<Mac>) -> Option<Mac> {
        if let Some(mac) = self.bound.get(&ip) {
            return Some(*mac);
        }
        let senders = self.sent_by.get(&ip);
        let only = match senders.map(BTreeSet::len) {
            Some(1) => senders.and_then(|macs| macs.first()).copied(),
            Some(_) => None,
            None => seen_from,
        };
        let forwarded = |mac: &Mac| self.routers.contains(mac) || self.is_external(Some(ip));
        only.filter(|mac| is_link_local(ip) || !forwarded(mac))
    }

    /// A public address that nothing binds, in a capture that also has private ones, is beyond
    /// the router: its frames carry the router's link address.
    fn is_external(&self, ip: Option<IpAddr>) -> bool {
        ip.is_some_and(|ip| self.has_private && !is_local(ip) && !self.bound.contains_key(&ip))
    }
}

/// Switches and routers announce the address they are managed at; it is theirs even though they
/// forward for others.
fn with_management_addresses(
    observations: &Observations,
    mut bound: BTreeMap<IpAddr, Mac>,
) -> BTreeMap<IpAddr, Mac> {
    for sighting in &observations.sightings {
        if sighting.attribute == Attribute::ManagementAddress
            && let Some(mac) = sighting.endpoint.mac.filter(|mac| mac.names_a_device())
            && let Ok(ip) = sighting.value.parse::<IpAddr>()
            && names_a_host(ip)
        {
            bound.entry(ip).or_insert(mac);
        }
    }
    bound
}

fn routers(
    observations: &Observations,
    bound: &BTreeMap<IpAddr, Mac>,
    sent_by: &BTreeMap<IpAddr, BTreeSet<Mac>>,
) -> BTreeSet<Mac> {
    let mut unbound: BTreeMap<Mac, usize> = BTreeMap::new();
    for (ip, macs) in sent_by {
        if !bound.contains_key(ip) && !is_link_local(*ip) && ip.is_ipv4() {
            for mac in macs {
                *unbound.entry(*mac).or_default() += 1;
            }
        }
    }
    let forwarding = unbound.into_iter().filter(|(_, count)| *count > UNBOUND_ADDRESSES_MAX);
    let mut routers: BTreeSet<Mac> = forwarding.map(|(mac, _)| mac).collect();
    for sighting in &observations.sightings {
        let says_router = sighting.attribute == Attribute::Role
            && matches!(sighting.value.as_str(), "router" | "default_gateway");
        let Endpoint { mac, ip, .. } = sighting.endpoint;
        if says_router {
            routers.extend(ip.and_then(|ip| bound.get(&ip).copied()).or(mac));
        }
    }
    routers
}

/// True for an address that one host can have.
pub(crate) fn names_a_host(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast() || v4.octets()[0] == 0);
    !(ip.is_unspecified() || ip.is_multicast() || broadcast)
}

/// True for an address that routers do not forward.
fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// True for an address of private use (RFC 1918, RFC 4193, RFC 6598), link-local or loopback.
pub(crate) fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            v4.is_private() || v4.is_link_local() || v4.is_loopback() || shared
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback(),
    }
}

/// An interface that sends from more unbound IPv4 addresses than this forwards for others. Hosts
/// with a few addresses exist (virtual machines, cluster nodes); routers show many at once.
const UNBOUND_ADDRESSES_MAX: usize = 3;
