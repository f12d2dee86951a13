//! The hospital's subnets and how a capture point sees them.
//!
//! The capture is a mirror of what enters the core switch, so each packet is seen once, with the
//! sender's own link address and the sender's VLAN tag. Between subnets the frame is addressed to
//! the router, and the two directions of one conversation may carry different tags.

use std::net::Ipv4Addr;

/// A subnet for one purpose.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Zone {
    /// Name as in the catalogue.
    pub(crate) name: &'static str,
    /// Second octet of its addresses, all within 10.0.0.0/8.
    pub(crate) octet: u8,
    /// Tag of its frames at the capture point.
    pub(crate) vlan: Option<u16>,
}

impl Zone {
    /// The zone of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        ZONES.iter().copied().find(|zone| zone.name == name)
    }

    /// Address number `index` of the zone.
    pub(crate) fn address(self, index: usize) -> Ipv4Addr {
        let place = index + FIRST_HOST;
        Ipv4Addr::new(10, self.octet, (place / 250) as u8, (place % 250 + 1) as u8)
    }

    /// Address of the router in the zone.
    pub(crate) const fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.octet, 0, 1)
    }

    /// Where a broadcast in the zone goes.
    pub(crate) const fn broadcast(octet: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, octet, 255, 255)
    }
}

/// Every zone.
pub(crate) const ZONES: [Zone; 10] = [
    zone("servers", 20, None),
    zone("workstations", 21, None),
    zone("imaging", 22, Some(122)),
    zone("monitoring", 23, Some(123)),
    zone("infusion", 24, Some(124)),
    zone("laboratory", 25, Some(125)),
    zone("building", 26, Some(126)),
    zone("network", 27, None),
    zone("voice", 28, Some(128)),
    zone("guests", 30, Some(130)),
];

const fn zone(name: &'static str, octet: u8, vlan: Option<u16>) -> Zone {
    Zone { name, octet, vlan }
}

/// Lower addresses are kept for routers and the like.
const FIRST_HOST: usize = 9;
