//! Neighbour discovery over IPv6.
//!
//! Source: RFC 4861 section 4.3, RFC 4862 section 5.4.2 (duplicate address detection).

use std::net::Ipv6Addr;

use super::link::{Host, ipv6_group};
use super::octets::Octets;

/// A neighbour solicitation for the host's own link-local address, sent to its group.
pub(crate) fn solicitation(from: &Host) -> Vec<u8> {
    let own = from.link_local();
    let [.., a, b, c] = own.octets();
    let high = u16::from(a) | 0xff00;
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, high, u16::from(b) << 8 | u16::from(c));
    let mut message = vec![135, 0, 0, 0];
    message.be32(0).put(&own.octets()).u8(1).u8(1).put(&from.mac.0);
    ipv6_group(from, group, 58, message, 2)
}
