//! Devices as they truly are.

use std::net::Ipv4Addr;

use model::Mac;

use crate::catalogue::{Product, products};
use crate::encode::link::Host;
use crate::network::{ZONES, Zone};
use crate::random::Rng;

/// A device that is on the simulated network, as it truly is. What engines find out can be
/// measured against it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TrueDevice {
    /// Key of the product in `knowledge/simulate-products.csv`.
    pub product: &'static str,
    /// Device class, a key of `knowledge/classes.csv`.
    pub class: &'static str,
    /// Manufacturer.
    pub maker: &'static str,
    /// Model name.
    pub model: &'static str,
    /// Model number; empty for software products.
    pub model_number: &'static str,
    /// Serial number.
    pub serial: String,
    /// Software or firmware version.
    pub software_version: &'static str,
    /// Operating system.
    pub os: &'static str,
    /// Link address.
    pub mac: Mac,
    /// Address during the capture.
    pub ip: Ipv4Addr,
    /// Further addresses; only a router has some.
    pub other_ips: Vec<Ipv4Addr>,
    /// Tag that its frames carry at the capture point.
    pub vlan: Option<u16>,
    /// Host name, without a domain.
    pub hostname: String,
    /// Where it stands.
    pub location: String,
    /// Department that uses it.
    pub department: &'static str,
    /// The hospital's own key, whether or not the CMMS has it.
    pub asset_tag: String,
    /// Whether the CMMS export has a readable row for it.
    pub in_cmms: bool,
    /// Place among the devices of its product, from 0.
    pub(crate) place: usize,
    /// As the network sees it.
    pub(crate) host: Host,
}

impl TrueDevice {
    /// Application entity title that a DICOM device uses for itself.
    pub fn ae_title(&self) -> String {
        self.hostname.to_ascii_uppercase().replace('-', "_").chars().take(16).collect()
    }

    /// True for a computer that runs Windows.
    pub(crate) fn runs_windows(&self) -> bool {
        self.os.starts_with("Windows")
    }
}

/// The devices of a hospital with about `count` of them, in a fixed order.
pub(crate) fn build(count: usize, seed: u64) -> Vec<TrueDevice> {
    let products = products();
    let counts = apportion(&products, count);
    let mut used = [0usize; 32];
    let mut devices: Vec<TrueDevice> = Vec::with_capacity(count);
    for (product, count) in products.iter().zip(counts) {
        for place in 0..count {
            let number = devices.len();
            let zone = Zone::named(product.zone).unwrap_or(ZONES[0]);
            let slot = used.get_mut(usize::from(zone.octet % 32));
            let in_zone = slot.map_or(0, |used| std::mem::replace(used, *used + 1));
            devices.push(device(product, place, number, zone, zone.address(in_zone), seed));
        }
    }
    connect(&mut devices);
    devices
}

/// How many of each product: at least its least, else by share; common products even it out.
fn apportion(products: &[Product], count: usize) -> Vec<usize> {
    let count = count.max(DEVICES_MIN);
    let shares: usize = products.iter().map(|product| product.share).sum();
    let rounded = |product: &Product| (product.share * count + shares / 2) / shares;
    let quota = |product: &Product| rounded(product).max(product.least);
    let mut counts: Vec<usize> = products.iter().map(quota).collect();
    // Products of which one is enough stay at their share, the commonest ones even it out first.
    let share = |index: &usize| products.get(*index).map_or(0, |product| product.share);
    let mut order: Vec<usize> = (0..products.len()).filter(|index| share(index) > 1).collect();
    order.sort_by_key(|index| std::cmp::Reverse(share(index)));
    let mut total: usize = counts.iter().sum();
    for index in order.iter().copied().cycle().take(count * 2) {
        let Some(slot) = counts.get_mut(index) else { continue };
        let least = products.get(index).map_or(0, |product| product.least);
        if total < count {
            *slot += 1;
            total += 1;
        } else if total > count && *slot > least {
            *slot -= 1;
            total -= 1;
        }
    }
    counts
}

fn device(
    product: &Product,
    place: usize,
    number: usize,
    zone: Zone,
    ip: Ipv4Addr,
    seed: u64,
) -> TrueDevice {
    let mut rng = Rng::of(seed, &[1, number as u64]);
    let mac = link_address(product.maker, number, seed);
    let (department, rooms) = department(zone.name, product.class, place);
    let hops = if product.os.starts_with("Windows") { 128 } else { 64 };
    TrueDevice {
        product: product.key,
        class: product.class,
        maker: product.maker,
        model: product.model,
        model_number: product.model_number,
        serial: serial(product, number, &mut rng),
        software_version: product.version(place),
        os: product.os,
        mac,
        ip,
        other_ips: Vec::new(),
        vlan: zone.vlan,
        hostname: format!("{}-{:02}", product.name, place + 1),
        location: format!("{rooms} {}", rng.below(40) + 101),
        department,
        asset_tag: format!("WG-{:05}", 10_000 + number * 7 + rng.below(7) as usize),
        in_cmms: true,
        place,
        host: Host { mac, ip, vlan: zone.vlan, gateway: mac, hops },
    }
}

/// Locally administered, so that it belongs to no real maker.
fn link_address(maker: &str, number: usize, seed: u64) -> Mac {
    let block = maker.bytes().fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    // An odd factor permutes the 24-bit numbers, so no two devices share an address.
    let scattered = (number as u64).wrapping_mul(0x009e_3779).wrapping_add(seed) & 0x00ff_ffff;
    let [.., c, b, a] = scattered.to_be_bytes();
    Mac([0x06, 0x4d, block, c, b, a])
}

fn serial(product: &Product, number: usize, rng: &mut Rng) -> String {
    let letters: String =
        product.maker.split(' ').filter_map(|word| word.chars().next()).take(2).collect();
    format!("{letters}{:02}{:05}", 17 + rng.below(8), 20_000 + number * 9 + rng.below(9) as usize)
}

fn department(zone: &str, class: &str, place: usize) -> (&'static str, &'static str) {
    const WARDS: [(&str, &str); 5] = [
        ("Intensive Care", "ICU bay"),
        ("Ward 3 Surgery", "Ward 3 room"),
        ("Ward 5 Medicine", "Ward 5 room"),
        ("Emergency", "ED bay"),
        ("Operating Theatres", "OR"),
    ];
    let ward = WARDS.get(place % WARDS.len()).copied().unwrap_or(WARDS[0]);
    match (zone, class) {
        (_, "ventilator") => WARDS[0],
        (_, "anesthesia_machine") => WARDS[4],
        ("imaging", _) => ("Radiology", "Radiology room"),
        ("monitoring" | "infusion", _) | (_, "medication_cabinet" | "nurse_workstation") => ward,
        ("laboratory", _) => ("Laboratory", "Lab bench"),
        ("building", _) => ("Facilities", "Plant room"),
        ("servers" | "network", _) => ("IT", "Data room"),
        _ => ("Administration", "Office"),
    }
}

/// Team that answers for the devices of a department.
pub(crate) fn department_owner(department: &str) -> &'static str {
    match department {
        "IT" | "Administration" => "IT",
        "Facilities" => "Facilities",
        _ => "Biomed",
    }
}

/// Tells every device who its gateway is, and the router which addresses it answers for.
fn connect(devices: &mut [TrueDevice]) {
    let router = devices.iter().find(|device| device.class == "router").map(|router| router.mac);
    let Some(router) = router else { return };
    for device in devices {
        device.host.gateway = router;
        if device.mac == router {
            device.other_ips = ZONES.iter().map(|zone| zone.gateway()).collect();
        }
    }
}

/// Below this a hospital would lack the kinds that the rest of the simulation talks to.
const DEVICES_MIN: usize = 30;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn counts_scale_and_addresses_are_unique() {
        for (name, asked, want) in [
            ("too few", 5, 30),
            ("small", 30, 30),
            ("default", 150, 150),
            ("large", 10_000, 10_000),
        ] {
            let devices = build(asked, 7);
            assert_eq!(devices.len(), want, "{name}");
            let macs: BTreeSet<_> = devices.iter().map(|device| device.mac).collect();
            let ips: BTreeSet<_> = devices.iter().map(|device| device.ip).collect();
            let tags: BTreeSet<_> = devices.iter().map(|device| &device.asset_tag).collect();
            let titles: BTreeSet<_> = devices.iter().map(TrueDevice::ae_title).collect();
            let serials: BTreeSet<_> = devices.iter().map(|device| &device.serial).collect();
            for count in [macs.len(), ips.len(), tags.len(), titles.len(), serials.len()] {
                assert_eq!(count, want, "{name}");
            }
            assert!(devices.iter().all(|device| device.mac.is_local()), "{name}");
        }
    }
}
