//! Which endpoints are one device.
//!
//! A link address names an interface. A network address belongs to the interface that [`Claims`]
//! finds; what nobody has stands for itself. The reasons are few and plain, so that a person can
//! redo them with a capture open.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{Attribute, Confidence, Endpoint, Mac, Observations, Station};

use crate::claims::{Claims, Owner, is_interface, names_a_host};

/// Addresses that are one device.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Group {
    pub(crate) macs: BTreeSet<Mac>,
    pub(crate) ips: BTreeSet<IpAddr>,
    /// A station behind a gateway, which has neither.
    pub(crate) station: Option<Station>,
    /// True for an address beyond the local network, such as a server on the internet.
    pub(crate) external: bool,
}

/// Every device of a capture, and the way from an endpoint to its device.
#[derive(Debug, Default)]
pub(crate) struct Grouping {
    pub(crate) groups: Vec<Group>,
    pub(crate) claims: Claims,
    by_mac: BTreeMap<Mac, usize>,
    by_ip: BTreeMap<IpAddr, usize>,
    by_station: BTreeMap<Station, usize>,
}

impl Grouping {
    /// Groups everything that spoke, that was bound, or that somebody described with confidence.
    pub(crate) fn of(observations: &Observations, has_private: bool) -> Self {
        let claims = Claims::of(observations, has_private);
        let mut grouping = Self { claims, ..Self::default() };
        for talker in &observations.talkers {
            grouping.add(&talker.endpoint);
        }
        for sighting in &observations.sightings {
            let told = sighting.confidence >= Confidence::LIKELY;
            if told && sighting.attribute != Attribute::Role {
                grouping.add(&sighting.endpoint);
            }
        }
        for binding in &observations.bindings {
            let (mac, ip) = (Some(binding.mac), Some(binding.ip));
            let endpoint = Endpoint { mac, ip, vlan: binding.vlan, station: None };
            if grouping.place(&endpoint) == (Owner::Interface(binding.mac), ip) {
                grouping.add(&endpoint);
            }
        }
        grouping
    }

    /// The device at `endpoint`.
    pub(crate) fn find(&self, endpoint: &Endpoint) -> Option<usize> {
        if let Some(station) = endpoint.station {
            return self.by_station.get(&station).copied();
        }
        match self.place(endpoint) {
            (Owner::Interface(mac), _) => self.by_mac.get(&mac).copied(),
            (Owner::Address, Some(ip)) => self.by_ip.get(&ip).copied(),
            _ => None,
        }
    }

    /// Who has the endpoint, and its address where it names a host.
    fn place(&self, endpoint: &Endpoint) -> (Owner, Option<IpAddr>) {
        let mac = endpoint.mac.filter(|mac| is_interface(*mac));
        let ip = endpoint.ip.filter(|ip| names_a_host(*ip));
        let owner = match (ip, endpoint.ip, mac) {
            (Some(ip), ..) => self.claims.owner(ip, mac),
            (None, None, Some(mac)) => Owner::Interface(mac),
            _ => Owner::Nobody,
        };
        (owner, ip)
    }

    fn add(&mut self, endpoint: &Endpoint) {
        if let Some(station) = endpoint.station {
            return self.of_station(station);
        }
        let (owner, ip) = self.place(endpoint);
        let entry = match (owner, ip) {
            (Owner::Interface(mac), _) => Some(self.of_mac(mac)),
            (Owner::Address, Some(ip)) => Some(self.of_ip(ip)),
            _ => None,
        };
        if let Some(group) = entry.and_then(|at| self.groups.get_mut(at)) {
            group.ips.extend(ip);
        }
        // A router's own frames (ARP, LLDP) make it a device even when all its IP is for others,
        // and so does a sender without an address yet.
        let carrier = endpoint.mac.filter(|mac| is_interface(*mac));
        let has_none = ip.is_none() && owner == Owner::Nobody;
        if let Some(mac) = carrier.filter(|mac| has_none || self.claims.is_router(*mac)) {
            self.of_mac(mac);
        }
    }

    fn of_mac(&mut self, mac: Mac) -> usize {
        *self.by_mac.entry(mac).or_insert_with(|| {
            self.groups.push(Group { macs: BTreeSet::from([mac]), ..Group::default() });
            self.groups.len() - 1
        })
    }

    fn of_station(&mut self, station: Station) {
        self.by_station.entry(station).or_insert_with(|| {
            self.groups.push(Group { station: Some(station), ..Group::default() });
            self.groups.len() - 1
        });
    }

    fn of_ip(&mut self, ip: IpAddr) -> usize {
        *self.by_ip.entry(ip).or_insert_with(|| {
            let external = self.claims.is_external(ip);
            self.groups.push(Group { external, ..Group::default() });
            self.groups.len() - 1
        })
    }
}
