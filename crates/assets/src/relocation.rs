//! A device that is known from another site.
//!
//! A link address, a serial number with its maker, a UDI and the hospital's own key belong to the
//! organization: what carries one at another site is the same device, moved, with a date. Where it
//! is at both sites at once, that is a question for a person, and nobody is joined.
//!
//! Limits: what was seen late (an older capture taken in after a newer one) moves nothing.

use model::{Attribute, Device, Timestamp};

use crate::derive::display_name;

/// What a sighting at a site says of a device that is known from another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Relocation {
    /// It is here now.
    Moved,
    /// It was here before it was there.
    WasHere,
    /// It is at both at once: the reason, for a person.
    Both(String),
}

impl Relocation {
    /// Seen here over this span of time, if anybody knows when.
    pub(crate) fn seen(device: &Device, site: &str, here: Option<(Timestamp, Timestamp)>) -> Self {
        let there = device.addresses.iter().map(|one| (one.first_seen, one.last_seen));
        let there = there.reduce(|(first, last), (from, to)| (first.min(from), last.max(to)));
        let Some((from, until)) = there else { return Self::Moved };
        let Some((first, last)) = here else {
            return Self::both(device, site, "nobody knows when it was seen here");
        };
        if first > until {
            Self::Moved
        } else if last < from {
            Self::WasHere
        } else {
            Self::both(device, site, &format!("seen at both sites until {}", until.min(last)))
        }
    }

    /// Listed here now; `listed` says whether an inventory of the other site lists it too.
    pub(crate) fn stated(device: &Device, site: &str, listed: bool) -> Self {
        if listed {
            Self::both(device, site, "inventories of both sites list it")
        } else {
            Self::Moved
        }
    }

    fn both(device: &Device, site: &str, why: &str) -> Self {
        let (name, other) = (display_name(device), &device.site);
        Self::Both(format!(
            "{name} of site `{other}` and a device of site `{site}` have an identifier in common, \
             and {why}: are they two devices, or has one moved?"
        ))
    }
}

/// The device at its new site. Its network addresses and host names were those of the other one.
pub(crate) fn moved(mut device: Device, site: &str) -> Device {
    site.clone_into(&mut device.site);
    for address in &mut device.addresses {
        (address.ip, address.vlan) = (None, None);
    }
    device.addresses.retain(|address| address.mac.is_some());
    crate::identify::merge_addresses(&mut device.addresses);
    let of_site = [Attribute::StatedIp, Attribute::Location, Attribute::StatedLocation];
    device.facts.retain(|fact| !of_site.contains(&fact.attribute));
    device
}
