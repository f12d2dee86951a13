//! Bounds on what is kept of one device.
//!
//! A device that says ever new things (a server with a name for every visitor, an address for
//! every lease) would grow without end. The best facts of an attribute stay, and how many are left
//! out is told.

use std::collections::BTreeMap;

use model::{Attribute, Device};

use crate::derive::display_name;

/// Leaves out values beyond [`VALUES_MAX`] of each attribute, and the oldest addresses beyond
/// [`ADDRESSES_MAX`]. Gives in words what was left out.
pub fn cap(device: &mut Device) -> Vec<String> {
    let mut counts: BTreeMap<Attribute, usize> = BTreeMap::new();
    device.facts.retain(|fact| {
        let count = counts.entry(fact.attribute).or_default();
        *count += 1;
        *count <= VALUES_MAX
    });
    let beyond = counts.iter().filter(|(_, count)| **count > VALUES_MAX);
    let name = display_name(device);
    let mut told: Vec<String> = beyond
        .map(|(attribute, count)| {
            let left = count - VALUES_MAX;
            format!("{name}: {left} values of {attribute} beyond {VALUES_MAX} are not kept")
        })
        .collect();
    if device.addresses.len() > ADDRESSES_MAX {
        let left = device.addresses.len() - ADDRESSES_MAX;
        device.addresses.sort_by(|a, b| b.last_seen.cmp(&a.last_seen).then(a.cmp(b)));
        device.addresses.truncate(ADDRESSES_MAX);
        device.addresses.sort();
        told.push(format!("{name}: {left} addresses beyond {ADDRESSES_MAX} are not kept"));
    }
    told
}

/// Facts of one attribute that are kept of one device; no true device has as many.
pub const VALUES_MAX: usize = 200;

/// Addresses that are kept of one device; a router or a hypervisor has many.
pub const ADDRESSES_MAX: usize = 1_000;

#[cfg(test)]
mod tests {
    use model::{Confidence, Fact, Source, Timestamp};

    use super::*;

    #[test]
    fn what_stands_first_stays_and_the_rest_is_told() {
        let fact = |attribute, number: usize| Fact {
            attribute,
            value: number.to_string(),
            confidence: Confidence::STATED,
            source: Source::Person { name: "test".to_owned(), at: Timestamp::EPOCH },
            first_seen: Timestamp::EPOCH,
            last_seen: Timestamp::EPOCH,
            count: 1,
        };
        let mut device = crate::identify::new_device("x", "", Timestamp::EPOCH, Timestamp::EPOCH);
        device.facts = (0..VALUES_MAX + 7).map(|n| fact(Attribute::Hostname, n)).collect();
        device.facts.push(fact(Attribute::Maker, 1));
        let told = cap(&mut device);
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("7 values of hostname"), "{told:?}");
        assert_eq!(device.facts.len(), VALUES_MAX + 1, "the other attribute is whole");
        assert_eq!(device.facts[0].value, "0");
        assert!(cap(&mut device).is_empty(), "nothing more to leave out");
    }
}
