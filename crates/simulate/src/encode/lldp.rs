//! LLDP, with the inventory of LLDP-MED.
//!
//! Source: IEEE 802.1AB-2016 clause 8; ANSI/TIA-1057 section 10.2.6 (inventory).

use model::Mac;

use super::link::{Host, ethernet};
use super::octets::Octets;

/// What a device announces on its link.
pub(crate) struct Announcement<'a> {
    /// Port identifier, e.g. `Gi1/0/24`.
    pub(crate) port: &'a str,
    /// System name.
    pub(crate) name: &'a str,
    /// System description.
    pub(crate) description: &'a str,
    /// Capability bits, supported and enabled.
    pub(crate) capabilities: u16,
    /// LLDP-MED inventory: firmware, software, serial, maker, model.
    pub(crate) inventory: Option<[&'a str; 5]>,
}

/// Capability bit of a bridge.
pub(crate) const BRIDGE: u16 = 0x0004;
/// Capability bit of a wireless access point.
pub(crate) const ACCESS_POINT: u16 = 0x0008;
/// Capability bit of a router.
pub(crate) const ROUTER: u16 = 0x0010;
/// Capability bit of a telephone.
pub(crate) const TELEPHONE: u16 = 0x0020;

/// The frame.
pub(crate) fn frame(from: &Host, say: &Announcement<'_>) -> Vec<u8> {
    let mut body = Vec::with_capacity(256);
    part(&mut body, 1, &[&[4], from.mac.0.as_slice()].concat());
    part(&mut body, 2, &[&[5], say.port.as_bytes()].concat());
    part(&mut body, 3, &120u16.to_be_bytes());
    part(&mut body, 4, format!("to {}", say.name).as_bytes());
    part(&mut body, 5, say.name.as_bytes());
    part(&mut body, 6, say.description.as_bytes());
    let bits = say.capabilities.to_be_bytes();
    part(&mut body, 7, &[bits, bits].concat());
    let mut management = vec![5, 1];
    management.put(&from.ip.octets()).u8(2).be32(1).u8(0);
    part(&mut body, 8, &management);
    if let Some([firmware, software, serial, maker, model]) = say.inventory {
        med(&mut body, 1, &[0, 0x33, 3]);
        for (subtype, text) in [(6, firmware), (7, software), (8, serial), (9, maker), (10, model)]
        {
            med(&mut body, subtype, text.as_bytes());
        }
    }
    part(&mut body, 0, &[]);
    ethernet(NEAREST_BRIDGE, from.mac, None, LLDP, &body)
}

fn part(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    body.be16(kind << 9 | value.len() as u16).put(value);
}

fn med(body: &mut Vec<u8>, subtype: u8, value: &[u8]) {
    part(body, 127, &[&[0x00, 0x12, 0xbb, subtype], value].concat());
}

const LLDP: u16 = 0x88cc;
const NEAREST_BRIDGE: Mac = Mac([0x01, 0x80, 0xc2, 0, 0, 0x0e]);
