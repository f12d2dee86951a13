//! Finds the device that an identifier belongs to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{Attribute, Device, DeviceId, Identifier, Mac, Observations, plain};

use crate::claims::{is_interface, is_local};
use crate::inventory::InventoryRecord;
use crate::knowledge;

/// Identifiers of devices that are known already. Positions are those in [`Index::devices`].
///
/// An identifier that two devices have names neither, and is left out.
#[derive(Debug, Default)]
pub struct Index {
    devices: Vec<Device>,
    /// The site whose devices come first, where it is known.
    site: Option<String>,
    here: Pointers,
    /// What points to devices of other sites; never an address or a host name of theirs.
    elsewhere: Pointers,
    /// Devices that an inventory of their own site lists.
    listed: BTreeSet<DeviceId>,
    has_private: bool,
}

/// What points where.
#[derive(Debug, Default)]
struct Pointers {
    macs: Unique<Mac>,
    /// Everybody who has an address or was recorded with it, each once.
    ips: BTreeMap<IpAddr, Vec<usize>>,
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
    /// Another answer, where this one is nobody.
    fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        if self == Self::Nobody { other() } else { self }
    }

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

    /// Indexes devices of `site` and, behind them, devices of other sites that what belongs to the
    /// whole organization points to. `listed` are those that an inventory of their site lists.
    pub fn at_site(site: &str, devices: Vec<Device>, listed: BTreeSet<DeviceId>) -> Self {
        let mut index = Self { site: Some(site.to_owned()), listed, ..Self::default() };
        for device in devices {
            index.add(device);
        }
        index
    }

    /// True for a device of another site.
    pub(crate) fn is_elsewhere(&self, device: &Device) -> bool {
        self.site.as_ref().is_some_and(|site| *site != device.site)
    }

    /// True where an inventory of its own site lists the device.
    pub(crate) fn is_listed(&self, device: &Device) -> bool {
        self.listed.contains(&device.id)
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
        match self.here.ips.get(&ip).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            _ => None,
        }
    }

    pub(crate) fn by_value(&self, attribute: Attribute, value: &str) -> Option<usize> {
        self.value(attribute, value).one()
    }

    pub(crate) fn mac(&self, mac: Mac) -> Hit {
        self.here.macs.find(&mac).or_else(|| self.elsewhere.macs.find(&mac))
    }

    pub(crate) fn value(&self, attribute: Attribute, value: &str) -> Hit {
        let value = plain(value);
        let find = |among: &Pointers| {
            among.named.get(&attribute).map_or(Hit::Nobody, |values| values.find(&value))
        };
        find(&self.here).or_else(|| find(&self.elsewhere))
    }

    /// Everybody who has an address or was recorded with it.
    pub(crate) fn holders(&self, ip: IpAddr) -> impl Iterator<Item = &Device> {
        self.here.ips.get(&ip).into_iter().flatten().filter_map(|at| self.devices.get(*at))
    }

    /// Notes addresses that are in use at the site, beside those of the devices here.
    #[must_use]
    pub fn with_addresses(mut self, in_use: impl IntoIterator<Item = IpAddr>) -> Self {
        self.has_private |= in_use.into_iter().any(is_local);
        self
    }

    /// True where a device has an address of private use.
    pub(crate) fn has_private(&self) -> bool {
        self.has_private
    }

    fn note(&mut self, device: &Device, at: usize) {
        let elsewhere = self.is_elsewhere(device);
        let seen = device.addresses.iter().filter_map(|address| address.ip);
        self.has_private |= !elsewhere && seen.into_iter().any(is_local);
        let among = if elsewhere { &mut self.elsewhere } else { &mut self.here };
        among.note(device, at, elsewhere);
    }
}

impl Pointers {
    fn note(&mut self, device: &Device, at: usize, elsewhere: bool) {
        let macs: BTreeSet<Mac> = device.addresses.iter().filter_map(|a| a.mac).collect();
        for mac in macs.into_iter().filter(|mac| is_interface(*mac)) {
            self.macs.add(mac, at);
        }
        for ip in device.addresses.iter().filter_map(|address| address.ip) {
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
                Attribute::Hostname if elsewhere => {}
                attribute if names_one(attribute, &fact.value) => {
                    self.named.entry(attribute).or_default().add(plain(&fact.value), at);
                }
                _ => {}
            }
        }
    }

    fn note_ip(&mut self, ip: IpAddr, at: usize) {
        let holders = self.ips.entry(ip).or_default();
        if !holders.contains(&at) {
            holders.push(at);
        }
    }
}

/// What may point from a record to devices that are known.
pub fn identifiers_of_record(record: &InventoryRecord) -> impl Iterator<Item = Identifier> {
    let cells = record.cells.iter();
    cells.filter_map(|(attribute, value, _)| identifier(*attribute, value))
}

/// What may point from a capture to devices that are known.
pub fn identifiers_of_observations(observations: &Observations) -> BTreeSet<Identifier> {
    let flows = observations.flows.iter().flat_map(|flow| [&flow.client, &flow.server]);
    let talkers = observations.talkers.iter().map(|talker| &talker.endpoint);
    let bound = observations.bindings.iter();
    let told = bound.flat_map(|one| {
        let mac = identifier(Attribute::StatedMac, &one.mac.to_string());
        [mac, identifier(Attribute::StatedIp, &one.ip.to_string())]
    });
    let mut all: BTreeSet<Identifier> = told.flatten().collect();
    let sightings = &observations.sightings;
    for endpoint in flows.chain(talkers).chain(sightings.iter().map(|one| &one.endpoint)) {
        let mac = endpoint.mac.map(|mac| mac.to_string());
        let ip = endpoint.ip.map(|ip| ip.to_string());
        all.extend(mac.and_then(|mac| Identifier::of(Attribute::StatedMac, &mac)));
        all.extend(ip.and_then(|ip| Identifier::of(Attribute::StatedIp, &ip)));
    }
    all.extend(sightings.iter().filter_map(|one| identifier(one.attribute, &one.value)));
    all
}

fn identifier(attribute: Attribute, value: &str) -> Option<Identifier> {
    let is_address = matches!(attribute, Attribute::StatedMac | Attribute::StatedIp);
    let names = is_address || names_one(attribute, value);
    names.then(|| Identifier::of(attribute, value)).flatten()
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

/// True where two values name the same.
pub(crate) fn same(left: &str, right: &str) -> bool {
    plain(left) == plain(right)
}

/// Attributes whose value names one device, strongest first.
pub(crate) const IDENTIFIERS: &[Attribute] = &[
    Attribute::AssetTag,
    Attribute::Udi,
    Attribute::Serial,
    Attribute::BacnetInstance,
    Attribute::Hostname,
];

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
