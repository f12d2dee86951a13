//! Finds the device that an identifier belongs to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{Attribute, Device, Mac};

use crate::claims::{is_interface, is_local};
use crate::knowledge;

/// Identifiers of devices that are known already. Positions are those in [`Index::devices`].
///
/// An identifier that two devices have names neither, and is left out.
#[derive(Debug, Default)]
pub struct Index {
    devices: Vec<Device>,
    macs: Unique<Mac>,
    /// Everybody who has an address or was recorded with it, each once.
    ips: BTreeMap<IpAddr, Vec<usize>>,
    has_private: bool,
    named: BTreeMap<Attribute, Unique<String>>,
}

/// Who has a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Hit {
    /// No device.
    Nobody,
    /// The device at this position.
    One(usize),
    /// More than one, so that it names none of them.
    Several,
}

impl Hit {
    fn one(self) -> Option<usize> {
        match self {
            Self::One(at) => Some(at),
            _ => None,
        }
    }
}

/// Values that belong to exactly one device.
#[derive(Debug)]
struct Unique<K>(BTreeMap<K, Option<usize>>);

impl<K> Default for Unique<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Unique<K> {
    fn add(&mut self, key: K, device: usize) {
        let entry = self.0.entry(key).or_insert(Some(device));
        if *entry != Some(device) {
            *entry = None;
        }
    }

    fn find(&self, key: &K) -> Hit {
        match self.0.get(key) {
            Some(Some(at)) => Hit::One(*at),
            Some(None) => Hit::Several,
            None => Hit::Nobody,
        }
    }
}

impl Index {
    /// Indexes the devices of one site.
    pub fn new(devices: Vec<Device>) -> Self {
        let mut index = Self::default();
        for device in devices {
            index.add(device);
        }
        index
    }

    /// The devices, in the order they were given.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    pub(crate) fn device(&self, at: usize) -> Option<&Device> {
        self.devices.get(at)
    }

    pub(crate) fn add(&mut self, device: Device) {
        let at = self.devices.len();
        self.note(&device, at);
        self.devices.push(device);
    }

    /// Puts a changed device in the place of the one it was.
    pub(crate) fn replace(&mut self, at: usize, device: Device) {
        self.note(&device, at);
        if let Some(place) = self.devices.get_mut(at) {
            *place = device;
        }
    }

    pub(crate) fn by_mac(&self, mac: Mac) -> Option<usize> {
        self.mac(mac).one()
    }

    pub(crate) fn by_ip(&self, ip: IpAddr) -> Option<usize> {
        match self.ips.get(&ip).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            _ => None,
        }
    }

    pub(crate) fn by_value(&self, attribute: Attribute, value: &str) -> Option<usize> {
        self.value(attribute, value).one()
    }

    pub(crate) fn mac(&self, mac: Mac) -> Hit {
        self.macs.find(&mac)
    }

    pub(crate) fn value(&self, attribute: Attribute, value: &str) -> Hit {
        self.named.get(&attribute).map_or(Hit::Nobody, |values| values.find(&key(value)))
    }

    /// Everybody who has an address or was recorded with it.
    pub(crate) fn holders(&self, ip: IpAddr) -> impl Iterator<Item = &Device> {
        self.ips.get(&ip).into_iter().flatten().filter_map(|at| self.devices.get(*at))
    }

    /// True where a device has an address of private use.
    pub(crate) fn has_private(&self) -> bool {
        self.has_private
    }

    fn note(&mut self, device: &Device, at: usize) {
        let macs: BTreeSet<Mac> = device.addresses.iter().filter_map(|a| a.mac).collect();
        for mac in macs.into_iter().filter(|mac| is_interface(*mac)) {
            self.macs.add(mac, at);
        }
        for ip in device.addresses.iter().filter_map(|address| address.ip) {
            self.has_private |= is_local(ip);
            self.note_ip(ip, at);
        }
        for fact in &device.facts {
            match fact.attribute {
                Attribute::StatedMac => {
                    if let Ok(mac) = fact.value.parse() {
                        self.macs.add(mac, at);
                    }
                }
                Attribute::StatedIp => {
                    if let Ok(ip) = fact.value.parse() {
                        self.note_ip(ip, at);
                    }
                }
                attribute if names_one(attribute, &fact.value) => {
                    self.named.entry(attribute).or_default().add(key(&fact.value), at);
                }
                _ => {}
            }
        }
    }
}

impl Index {
    fn note_ip(&mut self, ip: IpAddr, at: usize) {
        let holders = self.ips.entry(ip).or_default();
        if !holders.contains(&at) {
            holders.push(at);
        }
    }
}

/// False for a text that many devices share because nobody ever set it.
fn names_one(attribute: Attribute, value: &str) -> bool {
    IDENTIFIERS.contains(&attribute)
        && match attribute {
            Attribute::Serial => !knowledge::is_no_serial(value),
            Attribute::Hostname => !knowledge::is_stock_host_name(value),
            _ => !knowledge::says_nothing(value),
        }
}

/// Case and punctuation differ between what a label, a record and a device say.
fn key(value: &str) -> String {
    value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// True where two values name the same.
pub(crate) fn same(left: &str, right: &str) -> bool {
    key(left) == key(right)
}

/// Attributes whose value names one device, strongest first.
pub(crate) const IDENTIFIERS: &[Attribute] =
    &[Attribute::AssetTag, Attribute::Udi, Attribute::Serial, Attribute::Hostname];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_names_from_what_nobody_set() {
        for (attribute, value, want) in [
            (Attribute::Serial, "SN-4711", true),
            (Attribute::Serial, "To be filled by O.E.M.", false),
            (Attribute::Serial, "0000000", false),
            (Attribute::Serial, "N/A", false),
            (Attribute::Serial, "123456789", false),
            (Attribute::Serial, "7", true),
            (Attribute::Hostname, "localhost", false),
            (Attribute::Hostname, "pump-7", true),
            (Attribute::Maker, "Halden", false),
        ] {
            assert_eq!(names_one(attribute, value), want, "{value}");
        }
    }
}
