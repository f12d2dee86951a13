//! Address resolution.
//!
//! Source: RFC 826.

use std::net::Ipv4Addr;

use model::Mac;

use super::link::{Host, ethernet};
use super::octets::Octets;

/// "Who has `target`? Tell me."
pub(crate) fn request(from: &Host, target: Ipv4Addr) -> Vec<u8> {
    let body = body(1, (from.mac, from.ip), (Mac::ZERO, target));
    ethernet(Mac::BROADCAST, from.mac, from.vlan, ARP, &body)
}

/// "`own` is at my link address."
pub(crate) fn reply(from: &Host, own: Ipv4Addr, to: &Host) -> Vec<u8> {
    let body = body(2, (from.mac, own), (to.mac, to.ip));
    ethernet(to.mac, from.mac, to.vlan, ARP, &body)
}

fn body(operation: u16, sender: (Mac, Ipv4Addr), target: (Mac, Ipv4Addr)) -> Vec<u8> {
    let mut body = Vec::with_capacity(28);
    body.be16(1).be16(0x0800).u8(6).u8(4).be16(operation);
    body.put(&sender.0.0).put(&sender.1.octets()).put(&target.0.0).put(&target.1.octets());
    body
}

/// EtherType of ARP.
const ARP: u16 = 0x0806;
