//! Which interface a network address belongs to.
//!
//! Source: `knowledge/hop-counts.csv` and `knowledge/virtual-link-addresses.csv`.
//! Input:  what ARP, DHCP, neighbour discovery and multicast DNS bind, and who sent from where
//!         with how many hops left.
//! Output: for an address, the interface that has it, or that it stands for itself, or that
//!         nobody can tell; and what of it two interfaces claim at once.
//! Method: a packet that shows a hop count of no system was forwarded, so the interface that sent
//!         it speaks for another; one that shows an initial count was not. A binding by an
//!         interface that forwards for that very address is an answer by proxy.
//! Limits: where hop counts say nothing, an interface with more than
//!         [`UNBOUND_ADDRESSES_MAX`] IPv4 addresses that nothing binds forwards for others.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{Answerable, Attribute, Endpoint, Mac, Observations, Timestamp, WireAnomaly};

use crate::knowledge::{self, Hops};

/// Who has an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Owner {
    /// This interface.
    Interface(Mac),
    /// An interface that was not seen: the address stands for itself.
    Address,
    /// Two interfaces claim it, or a group of machines shares it.
    Nobody,
}

/// Who claims which network address.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    claimed: BTreeMap<IpAddr, Vec<Claim>>,
    sent_by: BTreeMap<IpAddr, BTreeMap<Mac, Hops>>,
    /// Addresses that a virtual link address answers for.
    shared: BTreeSet<IpAddr>,
    routers: BTreeSet<Mac>,
    has_private: bool,
}

#[derive(Clone, Copy, Debug)]
struct Claim {
    mac: Mac,
    vlan: Option<u16>,
    first_seen: Timestamp,
    last_seen: Timestamp,
    frame: u64,
}

impl Claims {
    /// `has_private` tells whether private addresses are in use, as is known from before.
    pub(crate) fn of(observations: &Observations, has_private: bool) -> Self {
        let mut claims = Self { sent_by: sent_by(observations), ..Self::default() };
        let mut talking = claims.sent_by.keys();
        claims.has_private = has_private || talking.any(|ip| is_local(*ip));
        claims.bind(observations);
        claims.manage(observations);
        claims.send(observations);
        claims.routers = claims.routers(observations);
        claims
    }

    /// Who has `ip`, of which somebody spoke with the link address `seen_from`.
    pub(crate) fn owner(&self, ip: IpAddr, seen_from: Option<Mac>) -> Owner {
        if let Some(claims) = self.claimed.get(&ip) {
            if let Some(mac) = seen_from.filter(|mac| claims.iter().any(|c| c.mac == *mac)) {
                return Owner::Interface(mac);
            }
            let newest = claims.iter().max_by_key(|claim| (claim.last_seen, claim.mac));
            return match newest {
                Some(claim) if contest(claims).is_none() => Owner::Interface(claim.mac),
                _ => Owner::Nobody,
            };
        }
        if self.shared.contains(&ip) {
            return Owner::Nobody;
        }
        self.only_sender(ip, seen_from).map_or(Owner::Address, Owner::Interface)
    }

    /// The only interface that sends from `ip`, where it does not forward.
    fn only_sender(&self, ip: IpAddr, seen_from: Option<Mac>) -> Option<Mac> {
        let only = match self.sent_by.get(&ip) {
            Some(senders) => {
                let mut own = senders.iter().filter(|(_, hops)| **hops != Hops::Forwarded);
                let only = own.next().map(|(mac, _)| *mac);
                only.filter(|_| own.next().is_none())
            }
            None => seen_from,
        };
        let forwards = |mac: &Mac| self.routers.contains(mac) || self.is_external(ip);
        only.filter(|mac| is_link_local(ip) || !forwards(mac))
    }

    /// True for an interface that sends for others.
    pub(crate) fn is_router(&self, mac: Mac) -> bool {
        self.routers.contains(&mac)
    }

    /// True where `mac` forwards packets of `ip`.
    pub(crate) fn forwards(&self, mac: Mac, ip: IpAddr) -> bool {
        let hops = self.sent_by.get(&ip).and_then(|senders| senders.get(&mac));
        hops == Some(&Hops::Forwarded)
    }

    /// The interfaces that forward packets of `ip`.
    pub(crate) fn carriers(&self, ip: IpAddr) -> BTreeSet<Mac> {
        let senders = self.sent_by.get(&ip).into_iter().flatten();
        senders.filter(|(_, hops)| **hops == Hops::Forwarded).map(|(mac, _)| *mac).collect()
    }

    /// A public address that nothing claims, where private ones are in use, is beyond the
    /// router: its frames carry the router's link address.
    pub(crate) fn is_external(&self, ip: IpAddr) -> bool {
        self.has_private && !is_local(ip) && !self.claimed.contains_key(&ip)
    }

    /// Addresses that two interfaces claim at the same time.
    pub(crate) fn oddities(&self, capture: &str) -> Vec<WireAnomaly> {
        let contests = self.claimed.iter().filter_map(|(ip, claims)| {
            let (one, other) = contest(claims)?;
            let what = format!("two link addresses claim {ip}: {} and {}", one.mac, other.mac);
            Some((what, other.frame))
        });
        contests
            .map(|(what, first_frame)| WireAnomaly {
                protocol: "arp".into(),
                what: what.into(),
                answerable: Answerable::Sender,
                capture: capture.to_owned(),
                first_frame,
                count: 1,
            })
            .collect()
    }

    fn bind(&mut self, observations: &Observations) {
        let bindings = || observations.bindings.iter().filter(|b| names_a_host(b.ip));
        // What a device says of itself by name counts only where no protocol binds the address.
        let (names, others): (Vec<_>, Vec<_>) = bindings().partition(|b| b.protocol == "mdns");
        for binding in others {
            let claim = Claim {
                mac: binding.mac,
                vlan: binding.vlan,
                first_seen: binding.first_seen,
                last_seen: binding.last_seen,
                frame: binding.frame,
            };
            if knowledge::is_virtual(binding.mac) {
                self.shared.insert(binding.ip);
            } else if is_interface(binding.mac) && !self.forwards(binding.mac, binding.ip) {
                self.claim(binding.ip, claim);
            }
        }
        for binding in names {
            let is_free =
                !self.claimed.contains_key(&binding.ip) && !self.sent_by.contains_key(&binding.ip);
            if is_free && is_interface(binding.mac) {
                let (first_seen, last_seen) = (binding.first_seen, binding.last_seen);
                let (mac, vlan, frame) = (binding.mac, binding.vlan, binding.frame);
                self.claim(binding.ip, Claim { mac, vlan, first_seen, last_seen, frame });
            }
        }
    }

    /// Switches and routers announce the address they are managed at; it is theirs even though
    /// they forward for others.
    fn manage(&mut self, observations: &Observations) {
        for sighting in &observations.sightings {
            if sighting.attribute == Attribute::ManagementAddress
                && let Some(mac) = sighting.endpoint.mac.filter(|mac| is_interface(*mac))
                && let Ok(ip) = sighting.value.parse::<IpAddr>()
                && names_a_host(ip)
                && !self.claimed.contains_key(&ip)
            {
                let (first_seen, last_seen) = (sighting.first_seen, sighting.last_seen);
                let vlan = sighting.endpoint.vlan;
                self.claim(ip, Claim { mac, vlan, first_seen, last_seen, frame: 0 });
            }
        }
    }

    /// Who sends with an initial hop count has the address, but for those who send for many.
    fn send(&mut self, observations: &Observations) {
        let mut direct: BTreeMap<Mac, BTreeSet<(Kind, u128)>> = BTreeMap::new();
        let mut sending = Vec::new();
        for talker in &observations.talkers {
            let Endpoint { mac: Some(mac), ip: Some(ip), vlan, .. } = talker.endpoint else {
                continue;
            };
            let is_direct = self.sent_by.get(&ip).and_then(|macs| macs.get(&mac));
            if is_direct != Some(&Hops::Initial) || is_link_local(ip) {
                continue;
            }
            let bound = self.claimed.get(&ip);
            if bound.is_none_or(|claims| claims.iter().all(|claim| claim.mac != mac)) {
                direct.entry(mac).or_default().insert((Kind::of(ip), network(ip)));
                let (first_seen, last_seen) = (talker.first_seen, talker.last_seen);
                let frame = talker.first_frame;
                sending.push((ip, Claim { mac, vlan, first_seen, last_seen, frame }));
            }
        }
        for (ip, claim) in sending {
            let alike = direct.get(&claim.mac).into_iter().flatten();
            let count = alike.filter(|(kind, _)| *kind == Kind::of(ip)).count();
            if count <= Kind::of(ip).addresses_max() {
                self.claim(ip, claim);
            }
        }
    }

    fn claim(&mut self, ip: IpAddr, claim: Claim) {
        let claims = self.claimed.entry(ip).or_default();
        match claims.iter_mut().find(|known| known.mac == claim.mac) {
            Some(known) => {
                known.first_seen = known.first_seen.min(claim.first_seen);
                known.last_seen = known.last_seen.max(claim.last_seen);
            }
            None => claims.push(claim),
        }
    }

    fn routers(&self, observations: &Observations) -> BTreeSet<Mac> {
        let mut unbound: BTreeMap<Mac, usize> = BTreeMap::new();
        let mut routers = BTreeSet::new();
        for (ip, senders) in &self.sent_by {
            let is_counted = !self.claimed.contains_key(ip) && !is_link_local(*ip) && ip.is_ipv4();
            for (mac, hops) in senders {
                if *hops == Hops::Forwarded {
                    routers.insert(*mac);
                } else if is_counted {
                    *unbound.entry(*mac).or_default() += 1;
                }
            }
        }
        let forwarding = unbound.into_iter().filter(|(_, count)| *count > UNBOUND_ADDRESSES_MAX);
        routers.extend(forwarding.map(|(mac, _)| mac));
        for sighting in &observations.sightings {
            let says_router = sighting.attribute == Attribute::Role
                && matches!(sighting.value.as_str(), "router" | "default_gateway");
            let Endpoint { mac, ip, .. } = sighting.endpoint;
            if says_router {
                let has = |ip| match self.claimed.get(&ip).map(Vec::as_slice) {
                    Some([only]) => Some(only.mac),
                    _ => None,
                };
                routers.extend(ip.and_then(has).or(mac).filter(|mac| is_interface(*mac)));
            }
        }
        routers
    }
}

fn sent_by(observations: &Observations) -> BTreeMap<IpAddr, BTreeMap<Mac, Hops>> {
    let mut sent: BTreeMap<IpAddr, BTreeMap<Mac, Hops>> = BTreeMap::new();
    for talker in &observations.talkers {
        let Endpoint { mac, ip: Some(ip), .. } = talker.endpoint else { continue };
        if !names_a_host(ip) {
            continue;
        }
        let senders = sent.entry(ip).or_default();
        if let Some(mac) = mac.filter(|mac| is_interface(*mac)) {
            let hops = talker.hops.map_or(Hops::Unclear, knowledge::hops);
            let known = senders.entry(mac).or_insert(hops);
            *known = (*known).max(hops);
        }
    }
    sent
}

/// Two claims of one network that hold at the same time.
fn contest(claims: &[Claim]) -> Option<(&Claim, &Claim)> {
    claims.iter().enumerate().find_map(|(at, one)| {
        let other = claims.iter().skip(at + 1).find(|other| {
            let one_network = one.vlan == other.vlan || one.vlan.is_none() || other.vlan.is_none();
            let at_once = one.first_seen <= other.last_seen && other.first_seen <= one.last_seen;
            one_network && at_once
        })?;
        Some((one, other))
    })
}

/// Addresses of which a host has about as many.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    Private,
    PublicV4,
    PublicV6,
}

impl Kind {
    fn of(ip: IpAddr) -> Self {
        match ip {
            _ if is_local(ip) => Self::Private,
            IpAddr::V4(_) => Self::PublicV4,
            IpAddr::V6(_) => Self::PublicV6,
        }
    }

    const fn addresses_max(self) -> usize {
        match self {
            Self::PublicV4 => PUBLIC_ADDRESSES_MAX,
            Self::Private | Self::PublicV6 => UNBOUND_ADDRESSES_MAX,
        }
    }
}

/// A host has one IPv4 address of a network, and many IPv6 addresses of one.
fn network(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits() >> 64 << 64,
    }
}

/// True for a link address of one machine.
pub(crate) fn is_interface(mac: Mac) -> bool {
    mac.names_a_device() && !knowledge::is_virtual(mac)
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

/// Public IPv4 addresses of one interface that are its own. A proxy that sends under the addresses
/// of others shows more.
const PUBLIC_ADDRESSES_MAX: usize = 1;
