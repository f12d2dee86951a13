//! The packets that one rule speaks of: for each field the values it names.

use std::net::IpAddr;

use super::{Diagrams, Field, Set, State, TooLarge, number, version};

/// Ranges of addresses of both versions, sorted and disjoint.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Addresses {
    /// IPv4, as numbers, inclusive.
    pub v4: Vec<(u128, u128)>,
    /// IPv6, as numbers, inclusive.
    pub v6: Vec<(u128, u128)>,
}

/// Ranges of ports, sorted and disjoint, inclusive; of ICMP types or codes.
pub type Ports = Vec<(u16, u16)>;

/// Every address of both versions.
pub fn any_addresses() -> Addresses {
    Addresses { v4: vec![(0, u32::MAX.into())], v6: vec![(0, u128::MAX)] }
}

impl Addresses {
    /// Adds the addresses that share the first `length` bits with `network`.
    pub fn add_network(&mut self, network: IpAddr, length: u8) {
        let (first, last) = span(network, length);
        self.add_range(version(network), first, last);
    }

    /// Adds what lies between two addresses of one version.
    pub fn add_range(&mut self, version: u128, first: u128, last: u128) {
        let ranges = if version == 4 { &mut self.v4 } else { &mut self.v6 };
        ranges.push((first, last));
        merge(ranges);
    }

    /// Adds all of `other`.
    pub fn add(&mut self, other: &Self) {
        self.v4.extend_from_slice(&other.v4);
        self.v6.extend_from_slice(&other.v6);
        merge(&mut self.v4);
        merge(&mut self.v6);
    }

    /// What is in `self` and not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self { v4: cut(&self.v4, &other.v4), v6: cut(&self.v6, &other.v6) }
    }

    /// Those of one version, 4 or 6.
    #[must_use]
    pub fn of_version(&self, version: u128) -> Self {
        if version == 4 {
            Self { v4: self.v4.clone(), v6: Vec::new() }
        } else {
            Self { v4: Vec::new(), v6: self.v6.clone() }
        }
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// True where the address is among them.
    pub fn contains(&self, address: IpAddr) -> bool {
        let ranges = if address.is_ipv4() { &self.v4 } else { &self.v6 };
        let value = number(address);
        ranges.iter().any(|(first, last)| (first..=last).contains(&&value))
    }

    /// An address that is in both, if there is one.
    pub fn common(&self, other: &Self) -> Option<IpAddr> {
        let v4 = overlap(&self.v4, &other.v4).map(|value| super::address(4, value));
        v4.or_else(|| overlap(&self.v6, &other.v6).map(|value| super::address(6, value)))
    }

    /// The same addresses as networks: first address and prefix length, as few as there can be.
    pub fn networks(&self) -> Vec<(IpAddr, u8)> {
        let v4 = self.v4.iter().flat_map(|range| networks(4, 32, *range));
        v4.chain(self.v6.iter().flat_map(|range| networks(6, 128, *range))).collect()
    }
}

/// The packets that one rule speaks of. What is `None` is not looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Region {
    /// Where they come from.
    pub from: Addresses,
    /// Where they go.
    pub to: Addresses,
    /// Protocols above IP.
    pub protocols: Option<Vec<u8>>,
    /// Source ports, or ICMP codes.
    pub source_ports: Option<Ports>,
    /// Destination ports, or ICMP types.
    pub ports: Option<Ports>,
    /// States; empty means all that there are.
    pub states: Vec<State>,
}

impl Default for Region {
    fn default() -> Self {
        Self {
            from: any_addresses(),
            to: any_addresses(),
            protocols: None,
            source_ports: None,
            ports: None,
            states: Vec::new(),
        }
    }
}

impl Region {
    /// The same packets the other way round: addresses and ports change places.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self {
            from: self.to.clone(),
            to: self.from.clone(),
            source_ports: self.ports.clone(),
            ports: self.source_ports.clone(),
            ..self.clone()
        }
    }

    /// The same packets of one version of IP, 4 or 6.
    #[must_use]
    pub fn of_version(&self, version: u128) -> Self {
        let (from, to) = (self.from.of_version(version), self.to.of_version(version));
        Self { from, to, ..self.clone() }
    }

    /// As a set.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] where there is no room for more nodes.
    pub fn set(&self, diagrams: &mut Diagrams) -> Result<Set, TooLarge> {
        let mut inner = Set::ALL;
        if !self.states.is_empty() {
            let mut states: Vec<(u128, u128)> = self
                .states
                .iter()
                .map(|state| (u128::from(*state as u8), u128::from(*state as u8)))
                .collect();
            merge(&mut states);
            inner = diagrams.field(Field::State, &states, inner)?;
        }
        for (field, ports) in
            [(Field::SourcePort, &self.source_ports), (Field::DestinationPort, &self.ports)]
        {
            if let Some(ports) = ports {
                inner = diagrams.field(field, &wide(ports), inner)?;
            }
        }
        let v4 = self.set_of(4, &self.from.v4, &self.to.v4, inner, diagrams)?;
        let v6 = self.set_of(6, &self.from.v6, &self.to.v6, inner, diagrams)?;
        diagrams.union(v4, v6)
    }

    fn set_of(
        &self,
        version: u128,
        from: &[(u128, u128)],
        to: &[(u128, u128)],
        inner: Set,
        diagrams: &mut Diagrams,
    ) -> Result<Set, TooLarge> {
        // Every IPv4 address is named where all are meant, so that a set has one form only.
        let mut set = diagrams.field(Field::Source, from, inner)?;
        set = diagrams.field(Field::Destination, to, set)?;
        if let Some(protocols) = &self.protocols {
            let mut ranges: Vec<(u128, u128)> =
                protocols.iter().map(|number| ((*number).into(), (*number).into())).collect();
            merge(&mut ranges);
            set = diagrams.field(Field::Protocol, &ranges, set)?;
        }
        diagrams.field(Field::Version, &[(version, version)], set)
    }
}

fn wide(ports: &[(u16, u16)]) -> Vec<(u128, u128)> {
    let mut ranges: Vec<(u128, u128)> =
        ports.iter().map(|(first, last)| ((*first).into(), (*last).into())).collect();
    merge(&mut ranges);
    ranges
}

/// First and last address of a network.
fn span(network: IpAddr, length: u8) -> (u128, u128) {
    let bits = if network.is_ipv4() { 32 } else { 128 };
    let free = bits - u32::from(length).min(bits);
    let mask = if free >= 128 { u128::MAX } else { (1 << free) - 1 };
    let first = number(network) & !mask;
    (first, first | mask)
}

/// Sorts ranges and joins those that touch.
fn merge(ranges: &mut Vec<(u128, u128)>) {
    ranges.sort_unstable();
    let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges.drain(..) {
        match merged.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
            _ => merged.push((first, last)),
        }
    }
    *ranges = merged;
}

fn cut(ranges: &[(u128, u128)], out: &[(u128, u128)]) -> Vec<(u128, u128)> {
    let mut left: Vec<(u128, u128)> = ranges.to_vec();
    for (first, last) in out {
        left = left
            .into_iter()
            .flat_map(|(from, to)| {
                let before = first.checked_sub(1).map(|end| (from, to.min(end)));
                let after = last.checked_add(1).map(|start| (from.max(start), to));
                let whole = (to < *first || from > *last).then_some((from, to));
                match whole {
                    Some(whole) => vec![whole],
                    None => [before, after].into_iter().flatten().filter(|(a, b)| a <= b).collect(),
                }
            })
            .collect();
    }
    left
}

fn overlap(a: &[(u128, u128)], b: &[(u128, u128)]) -> Option<u128> {
    a.iter().find_map(|(first, last)| {
        let shared =
            |(from, to): &(u128, u128)| (from <= last && to >= first).then(|| *from.max(first));
        b.iter().find_map(shared)
    })
}

/// Cuts a range into networks.
fn networks(version: u128, bits: u32, (mut first, last): (u128, u128)) -> Vec<(IpAddr, u8)> {
    let mut found = Vec::new();
    loop {
        let aligned = first.trailing_zeros().min(bits);
        let fits = |free: u32| {
            let size = if free >= 128 { u128::MAX } else { (1_u128 << free) - 1 };
            first.checked_add(size).is_some_and(|end| end <= last)
        };
        let free = (0..=aligned).rev().find(|free| fits(*free)).unwrap_or(0);
        found.push((super::address(version, first), (bits - free) as u8));
        let size = if free >= 128 { u128::MAX } else { (1_u128 << free) - 1 };
        match first.checked_add(size).and_then(|end| end.checked_add(1)) {
            Some(next) if next <= last => first = next,
            _ => return found,
        }
    }
}
