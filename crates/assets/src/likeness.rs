//! Whether two descriptions can be of one device.
//!
//! Input:  what is known on each side: link addresses and stated makers.
//! Output: a veto. Serial numbers are unique within one maker only, and a host name is given
//!         anew when a computer is replaced, so neither joins against what the interfaces say.
//! Limits: makers that nothing tells apart are taken for one; who owns whom is not known here.

use std::collections::BTreeSet;

use model::{Attribute, Device, Fact, Mac};

use crate::claims::is_interface;
use crate::inventory::InventoryRecord;
use crate::knowledge;

/// What one side says of who made it and by which interfaces it is reached.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Likeness {
    /// Link addresses that a maker assigned.
    burnt_in: BTreeSet<Mac>,
    /// Makers as they are stated, each as the words that tell it.
    makers: Vec<BTreeSet<String>>,
}

impl Likeness {
    pub(crate) fn of_group(macs: &BTreeSet<Mac>, facts: &[Fact]) -> Self {
        Self::new(macs.iter().copied(), stated(facts, Attribute::Maker))
    }

    pub(crate) fn of_device(device: &Device) -> Self {
        let seen = device.addresses.iter().filter_map(|address| address.mac);
        let told = stated(&device.facts, Attribute::StatedMac).filter_map(|mac| mac.parse().ok());
        Self::new(seen.chain(told), stated(&device.facts, Attribute::Maker))
    }

    pub(crate) fn of_record(record: &InventoryRecord) -> Self {
        let values = |wanted| {
            let cells = record.cells.iter().filter(move |(is, ..)| *is == wanted);
            cells.map(|(_, value, _)| value.as_str())
        };
        let macs = values(Attribute::StatedMac).filter_map(|mac| mac.parse().ok());
        Self::new(macs, values(Attribute::Maker))
    }

    fn new<'a>(macs: impl Iterator<Item = Mac>, makers: impl Iterator<Item = &'a str>) -> Self {
        let burnt_in = macs.filter(|mac| is_interface(*mac) && !mac.is_local()).collect();
        let makers = makers.map(words).filter(|words| !words.is_empty()).collect();
        Self { burnt_in, makers }
    }

    /// False where the makers that are stated, or those of the interfaces, differ. Where both
    /// sides state one, that decides: a maker buys interfaces where it likes.
    pub(crate) fn may_share_maker(&self, other: &Self) -> bool {
        if !self.makers.is_empty() && !other.makers.is_empty() {
            return meet(&self.makers, &other.makers);
        }
        let (ours, theirs) = (self.interface_makers(), other.interface_makers());
        ours.is_empty() || theirs.is_empty() || meet(&ours, &theirs)
    }

    /// False where both have link addresses of their makers and none in common.
    pub(crate) fn may_share_interface(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.burnt_in, &other.burnt_in);
        ours.is_empty() || theirs.is_empty() || !ours.is_disjoint(theirs)
    }

    fn interface_makers(&self) -> Vec<BTreeSet<String>> {
        let makers = self.burnt_in.iter().filter_map(|mac| knowledge::interface_maker(*mac));
        makers.map(words).filter(|words| !words.is_empty()).collect()
    }
}

/// What spellings of one maker have in common: the words that tell it from others.
pub fn maker_key(name: &str) -> String {
    let name = knowledge::maker_of_alias(name).unwrap_or(name);
    let words: Vec<String> = words(name).into_iter().collect();
    if words.is_empty() { name.trim().to_lowercase() } else { words.join(" ") }
}

fn stated(facts: &[Fact], wanted: Attribute) -> impl Iterator<Item = &str> {
    facts.iter().filter(move |fact| fact.attribute == wanted).map(|fact| fact.value.as_str())
}

/// `Philips` and `Philips Healthcare` are one; so are two spellings that share their first word.
fn meet(ours: &[BTreeSet<String>], theirs: &[BTreeSet<String>]) -> bool {
    ours.iter().any(|our| theirs.iter().any(|their| !our.is_disjoint(their)))
}

/// The words of a maker's name that tell it from others.
fn words(name: &str) -> BTreeSet<String> {
    let parts = name.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    parts.filter(|word| word.chars().count() > 1 && !knowledge::says_no_maker(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(mac: &str, maker: &str) -> Likeness {
        let makers = Some(maker).filter(|maker| !maker.is_empty());
        Likeness::new(mac.parse().ok().into_iter(), makers.into_iter())
    }

    #[test]
    fn vetoes_what_the_interfaces_or_the_makers_deny() {
        let (philips, panasonic) = ("00:09:fb:00:00:01", "00:80:f0:00:00:02");
        for (name, ours, theirs, maker, interface) in [
            ("nothing known", ("", ""), ("", ""), true, true),
            ("one interface", (philips, ""), (philips, ""), true, true),
            ("two cards of one maker", (philips, ""), ("00:09:fb:00:00:02", ""), true, false),
            ("cards of two makers", (philips, ""), (panasonic, ""), false, false),
            ("cards bought in", (philips, "Halden"), (panasonic, "Halden"), true, false),
            ("private address", ("02:00:00:00:00:01", ""), (philips, ""), true, true),
            ("spellings", ("", "Halden Medical GmbH"), ("", "HALDEN"), true, true),
            ("legal form in common", ("", "Halden GmbH"), ("", "Norrvik GmbH"), false, true),
            ("field in common", ("", "Halden Medical"), ("", "Norrvik Medical"), false, true),
        ] {
            let (ours, theirs) = (likeness(ours.0, ours.1), likeness(theirs.0, theirs.1));
            assert_eq!(ours.may_share_maker(&theirs), maker, "{name}");
            assert_eq!(theirs.may_share_maker(&ours), maker, "{name}, the other way");
            assert_eq!(ours.may_share_interface(&theirs), interface, "{name}");
        }
    }
}
