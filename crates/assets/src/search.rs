//! Which known device a group of addresses is.
//!
//! Input:  the group, what was said of it, the devices known before and those that the same
//!         capture has shown so far: whether frames come in one capture or in ten, they find the
//!         same device.
//! Output: the device, or none, and what speaks against it as questions to a person.
//! Method: by link address, else by a value that names one device, else by network address. A
//!         serial number joins within one maker, a host name never joins interfaces of makers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{Attribute, Confidence, Device, DeviceId, Fact, Mac};

use crate::derive::display_name;
use crate::group::Group;
use crate::index::{Hit, IDENTIFIERS, Index, same};
use crate::likeness::Likeness;

/// Everything that a group can be.
pub(crate) struct Search<'a> {
    known: &'a Index,
    /// Devices of this capture, some of which were known.
    fresh: Index,
    places: BTreeMap<DeviceId, usize>,
}

/// What a search came to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The device as it is known.
    pub(crate) device: Option<Device>,
    /// Two devices have the only address of the group at the same time.
    pub(crate) is_contested: bool,
    /// What a person must decide, as facts of the device.
    pub(crate) questions: Vec<Fact>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(known: &'a Index) -> Self {
        Self { known, fresh: Index::default(), places: BTreeMap::new() }
    }

    /// Notes a device as the capture leaves it.
    pub(crate) fn note(&mut self, device: &Device) {
        if let Some(at) = self.places.get(&device.id) {
            self.fresh.replace(*at, device.clone());
        } else {
            self.places.insert(device.id, self.fresh.devices().len());
            self.fresh.add(device.clone());
        }
    }

    /// The device of a group. `carriers` are the interfaces that forward for it.
    pub(crate) fn find(&self, group: &Group, facts: &[Fact], carriers: &BTreeSet<Mac>) -> Found {
        let mut found = Found::default();
        let by_mac = group.macs.iter().find_map(|mac| self.by_mac(*mac));
        let serial = strong(facts, Attribute::Serial).find_map(|fact| self.by_value(fact));
        if let (Some(here), Some((fact, other))) = (by_mac, serial)
            && here.id != other.id
            && denies_serial(facts, here)
            && Likeness::of_group(&group.macs, facts).may_share_maker(&Likeness::of_device(other))
        {
            let name = display_name(here);
            let question =
                format!("its link address was that of {name}: were interfaces exchanged?");
            found.questions.push(asked(fact, question));
            found.device = Some(other.clone());
            return found;
        }
        found.device = by_mac.or_else(|| self.by_name(group, facts, &mut found.questions)).cloned();
        if found.device.is_none() {
            self.by_ip(group, carriers, &mut found);
        }
        found
    }

    fn by_name(&self, group: &Group, facts: &[Fact], asks: &mut Vec<Fact>) -> Option<&Device> {
        let likeness = Likeness::of_group(&group.macs, facts);
        for attribute in IDENTIFIERS {
            for (fact, other) in strong(facts, *attribute).filter_map(|fact| self.by_value(fact)) {
                let theirs = Likeness::of_device(other);
                let against = match attribute {
                    Attribute::Serial if !likeness.may_share_maker(&theirs) => {
                        "is of another maker"
                    }
                    Attribute::Hostname if !likeness.may_share_interface(&theirs) => {
                        "has another interface"
                    }
                    Attribute::Hostname if is_elsewhere(other, group, fact) => {
                        "is seen at another address"
                    }
                    // Unique among the networks of a building. What has an address goes by that.
                    Attribute::BacnetInstance if group.station.is_none() => continue,
                    _ => return Some(other),
                };
                let (what, value, name) = (spoken(*attribute), &fact.value, display_name(other));
                let question = format!(
                    "its {what} {value} is also that of {name}, which {against}: is it one?"
                );
                asks.push(asked(fact, question));
            }
        }
        None
    }

    /// A device that was seen without a link address of its own, or recorded without one, or, for
    /// a group without one, whoever had the address last. An address that moved to another
    /// interface is another device.
    fn by_ip(&self, group: &Group, carriers: &BTreeSet<Mac>, found: &mut Found) {
        for ip in &group.ips {
            let mut holders = self.holders(*ip);
            holders.retain(|device| !has_any(device, carriers));
            if !group.macs.is_empty() {
                holders.retain(|device| !has_mac(device));
            } else if at_once(&holders, *ip) {
                found.is_contested = true;
                return;
            }
            holders.sort_by_key(|device| (last_at(device, *ip), device.id));
            if let Some(last) = holders.pop() {
                // A record gives an address and no time: two of them decide nothing.
                let is_told = last_at(last, *ip).is_none() && !holders.is_empty();
                found.device = Some(last.clone()).filter(|_| !is_told);
                return;
            }
        }
    }

    fn holders(&self, ip: IpAddr) -> Vec<&Device> {
        let before = self.known.holders(ip).filter(|device| !self.places.contains_key(&device.id));
        before.chain(self.fresh.holders(ip)).collect()
    }

    fn by_mac(&self, mac: Mac) -> Option<&Device> {
        self.only(self.fresh.mac(mac), self.known.mac(mac))
    }

    fn by_value<'f>(&self, fact: &'f Fact) -> Option<(&'f Fact, &Device)> {
        let (attribute, value) = (fact.attribute, fact.value.as_str());
        let device =
            self.only(self.fresh.value(attribute, value), self.known.value(attribute, value));
        Some((fact, device?))
    }

    /// The one device of two answers.
    fn only(&self, fresh: Hit, known: Hit) -> Option<&Device> {
        let before = match known {
            Hit::One(at) => self.known.device(at),
            Hit::Nobody => None,
            Hit::Several => return None,
        };
        match (fresh, before) {
            (Hit::Several, _) => None,
            (Hit::Nobody, before) => {
                let before = before?;
                let now = self.places.get(&before.id).and_then(|at| self.fresh.device(*at));
                Some(now.unwrap_or(before))
            }
            (Hit::One(at), before) => {
                let now = self.fresh.device(at)?;
                before.is_none_or(|before| before.id == now.id).then_some(now)
            }
        }
    }
}

/// Facts with which a device can be told.
fn strong(facts: &[Fact], wanted: Attribute) -> impl Iterator<Item = &Fact> {
    facts.iter().filter(move |f| f.attribute == wanted && f.confidence >= Confidence::STRONG)
}

/// True where both state a serial number and none that the device has is among `facts`.
fn denies_serial(facts: &[Fact], device: &Device) -> bool {
    let mut theirs = strong(&device.facts, Attribute::Serial).peekable();
    let says = |value: &str| strong(facts, Attribute::Serial).any(|fact| same(&fact.value, value));
    theirs.peek().is_some() && !theirs.any(|fact| says(&fact.value))
}

/// True where a host behind a router has the name of one that is still seen at another address.
fn is_elsewhere(other: &Device, group: &Group, named: &Fact) -> bool {
    let mut seen = other.addresses.iter().filter(|address| address.ip.is_some()).peekable();
    let there = |ip: IpAddr| group.ips.contains(&ip);
    let has_one_of_these = || other.addresses.iter().filter_map(|a| a.ip).any(there);
    group.macs.is_empty()
        && seen.peek().is_some()
        && !has_one_of_these()
        && seen.any(|address| address.last_seen >= named.first_seen)
}

/// True where two of the devices had the address at the same time.
fn at_once(holders: &[&Device], ip: IpAddr) -> bool {
    let spans: Vec<_> = holders.iter().filter_map(|device| span_at(device, ip)).collect();
    spans.iter().enumerate().any(|(at, one)| {
        spans.iter().skip(at + 1).any(|other| one.0 <= other.1 && other.0 <= one.1)
    })
}

fn last_at(device: &Device, ip: IpAddr) -> Option<model::Timestamp> {
    span_at(device, ip).map(|(_, last)| last)
}

/// From when to when the device was seen at an address.
fn span_at(device: &Device, ip: IpAddr) -> Option<(model::Timestamp, model::Timestamp)> {
    let here = || device.addresses.iter().filter(|address| address.ip == Some(ip));
    let first = here().map(|address| address.first_seen).min()?;
    Some((first, here().map(|address| address.last_seen).max()?))
}

fn has_mac(device: &Device) -> bool {
    device.addresses.iter().any(|address| address.mac.is_some())
        || device.facts.iter().any(|fact| fact.attribute == Attribute::StatedMac)
}

fn has_any(device: &Device, macs: &BTreeSet<Mac>) -> bool {
    device.addresses.iter().filter_map(|address| address.mac).any(|mac| macs.contains(&mac))
}

fn asked(about: &Fact, question: String) -> Fact {
    Fact { attribute: Attribute::IdentityQuestion, value: question, ..about.clone() }
}

fn spoken(attribute: Attribute) -> String {
    match attribute {
        Attribute::Hostname => "host name".to_owned(),
        Attribute::Serial => "serial number".to_owned(),
        other => other.name().replace('_', " "),
    }
}
