//! Ethernet II, 802.1Q, IPv4, IPv6 and UDP.
//!
//! Source: IEEE 802.3 and 802.1Q; RFC 791, RFC 8200, RFC 768, RFC 1071 (checksum).
//! Output: whole frames without the frame check sequence, as a capture holds them.

use std::net::{Ipv4Addr, Ipv6Addr};

use model::Mac;

use super::octets::{Octets, patch};

/// One end of a conversation as the network sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Host {
    /// Its own link address.
    pub(crate) mac: Mac,
    /// Its network address; the second octet names its subnet.
    pub(crate) ip: Ipv4Addr,
    /// The tag its frames carry.
    pub(crate) vlan: Option<u16>,
    /// Where it sends what is not for its own subnet.
    pub(crate) gateway: Mac,
    /// Hop limit that its operating system starts with.
    pub(crate) hops: u8,
}

impl Host {
    /// Who the frame goes to first: the peer in the same subnet, else the gateway.
    fn next_hop(&self, peer: &Self) -> Mac {
        let subnet = |ip: Ipv4Addr| u32::from(ip) >> 16;
        if subnet(self.ip) == subnet(peer.ip) { peer.mac } else { self.gateway }
    }

    /// Link-local IPv6 address made of the link address (RFC 4291 appendix A).
    pub(crate) fn link_local(&self) -> Ipv6Addr {
        let [first, second, a, b, c, d] = self.mac.0;
        let pair = |high: u8, low: u8| u16::from_be_bytes([high, low]);
        Ipv6Addr::new(
            0xfe80,
            0,
            0,
            0,
            pair(first ^ 2, second),
            pair(a, 0xff),
            pair(0xfe, b),
            pair(c, d),
        )
    }
}

/// A frame; short payloads are filled up as a network card does.
pub(crate) fn ethernet(
    to: Mac,
    from: Mac,
    vlan: Option<u16>,
    kind: u16,
    payload: &[u8],
) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 60);
    frame.put(&to.0).put(&from.0);
    if let Some(tag) = vlan {
        frame.be16(VLAN).be16(tag);
    }
    frame.be16(kind).put(payload);
    if frame.len() < FRAME_BYTES_MIN {
        frame.resize(FRAME_BYTES_MIN, 0);
    }
    frame
}

/// An IPv4 packet to one peer, routed where needed.
pub(crate) fn ipv4(from: &Host, to: &Host, id: u16, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let header = ipv4_header(from.ip, to.ip, from.hops, id, protocol, payload.len());
    let packet = [header.as_slice(), payload].concat();
    ethernet(from.next_hop(to), from.mac, from.vlan, IPV4, &packet)
}

/// A UDP datagram to one peer.
pub(crate) fn udp(from: &Host, to: &Host, id: u16, ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    ipv4(from, to, id, UDP, &udp_segment(from.ip, to.ip, ports, payload))
}

/// A UDP datagram to a group or to everybody in the subnet.
pub(crate) fn udp_group(
    from: &Host,
    group: Ipv4Addr,
    id: u16,
    ports: (u16, u16),
    payload: &[u8],
) -> Vec<u8> {
    let segment = udp_segment(from.ip, group, ports, payload);
    let hops = if group.is_multicast() { GROUP_HOPS } else { from.hops };
    let header = ipv4_header(from.ip, group, hops, id, UDP, segment.len());
    let [_, b, c, d] = group.octets();
    let to = if group.is_multicast() { Mac([1, 0, 0x5e, b & 0x7f, c, d]) } else { Mac::BROADCAST };
    ethernet(to, from.mac, from.vlan, IPV4, &[header.as_slice(), &segment].concat())
}

/// An IPv6 packet to a group; `segment` gets `from`'s pseudo-header checksum at `checksum_at`.
pub(crate) fn ipv6_group(
    from: &Host,
    group: Ipv6Addr,
    protocol: u8,
    mut segment: Vec<u8>,
    checksum_at: usize,
) -> Vec<u8> {
    let source = from.link_local();
    let mut sum = Checksum::default();
    sum.add(&source.octets()).add(&group.octets());
    sum.add(&(segment.len() as u32).to_be_bytes()).add(&[0, 0, 0, protocol]).add(&segment);
    patch(&mut segment, checksum_at, &sum.finish().to_be_bytes());
    let mut packet = vec![0x60, 0, 0, 0];
    packet.be16(segment.len() as u16).u8(protocol).u8(255);
    packet.put(&source.octets()).put(&group.octets()).put(&segment);
    let [.., a, b, c, d] = group.octets();
    ethernet(Mac([0x33, 0x33, a, b, c, d]), from.mac, from.vlan, IPV6, &packet)
}

/// A UDP datagram over IPv6 to a group.
pub(crate) fn udp6_group(
    from: &Host,
    group: Ipv6Addr,
    ports: (u16, u16),
    payload: &[u8],
) -> Vec<u8> {
    let mut segment = Vec::with_capacity(payload.len() + 8);
    segment.be16(ports.0).be16(ports.1).be16(payload.len() as u16 + 8).be16(0).put(payload);
    ipv6_group(from, group, UDP, segment, 6)
}

fn udp_segment(from: Ipv4Addr, to: Ipv4Addr, ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let mut segment = Vec::with_capacity(payload.len() + 8);
    segment.be16(ports.0).be16(ports.1).be16(payload.len() as u16 + 8).be16(0).put(payload);
    let sum = transport_checksum(from, to, UDP, &segment);
    // RFC 768: a sum of zero is sent as all ones, since zero means "none".
    patch(&mut segment, 6, &if sum == 0 { 0xffff } else { sum }.to_be_bytes());
    segment
}

fn ipv4_header(
    from: Ipv4Addr,
    to: Ipv4Addr,
    hops: u8,
    id: u16,
    protocol: u8,
    payload_bytes: usize,
) -> Vec<u8> {
    let mut header = Vec::with_capacity(20);
    header.u8(0x45).u8(0).be16(payload_bytes as u16 + 20).be16(id).be16(DO_NOT_FRAGMENT);
    header.u8(hops).u8(protocol).be16(0).put(&from.octets()).put(&to.octets());
    let mut sum = Checksum::default();
    let sum = sum.add(&header).finish();
    patch(&mut header, 10, &sum.to_be_bytes());
    header
}

/// Checksum of a TCP or UDP segment over IPv4, with the pseudo-header.
pub(crate) fn transport_checksum(
    from: Ipv4Addr,
    to: Ipv4Addr,
    protocol: u8,
    segment: &[u8],
) -> u16 {
    let mut sum = Checksum::default();
    sum.add(&from.octets()).add(&to.octets()).add(&[0, protocol]);
    sum.add(&(segment.len() as u16).to_be_bytes()).add(segment).finish()
}

/// The Internet checksum (RFC 1071). Every part but the last has an even length.
#[derive(Default)]
pub(crate) struct Checksum(u64);

impl Checksum {
    pub(crate) fn add(&mut self, bytes: &[u8]) -> &mut Self {
        let (pairs, rest) = bytes.as_chunks::<2>();
        for pair in pairs {
            self.0 += u64::from(u16::from_be_bytes(*pair));
        }
        if let [last] = rest {
            self.0 += u64::from(*last) << 8;
        }
        self
    }

    pub(crate) fn finish(&self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }
}

/// EtherType of IPv4.
const IPV4: u16 = 0x0800;
/// EtherType of IPv6.
const IPV6: u16 = 0x86dd;
/// EtherType of an 802.1Q tag.
const VLAN: u16 = 0x8100;
/// IP protocol number of UDP.
const UDP: u8 = 17;
const DO_NOT_FRAGMENT: u16 = 0x4000;
/// Multicast stays in the subnet, or goes one routed hop further.
const GROUP_HOPS: u8 = 2;
/// Shortest frame on Ethernet without its check sequence, in bytes.
const FRAME_BYTES_MIN: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 1071 section 3.
    #[test]
    fn sums_as_rfc_1071_does() {
        let mut sum = Checksum::default();
        let sum = sum.add(&[0x00, 0x01, 0xf2, 0x03]).add(&[0xf4, 0xf5, 0xf6, 0xf7]).finish();
        assert_eq!(sum, !0xddf2);
    }

    /// Neighbours are spoken to directly, everybody else through the gateway.
    #[test]
    fn frames_go_to_the_next_hop() {
        let gateway = Mac([6, 0, 0, 0, 0, 9]);
        let host = |octet, last| {
            let mac = Mac([6, 0, 0, 0, octet, last]);
            Host { mac, ip: Ipv4Addr::new(10, octet, 0, last), vlan: Some(7), gateway, hops: 64 }
        };
        for (name, peer, want) in
            [("same subnet", host(1, 2), host(1, 2).mac), ("another", host(2, 2), gateway)]
        {
            let frame = udp(&host(1, 1), &peer, 1, (1, 2), b"x");
            assert_eq!(frame[..6], want.0, "{name}");
            assert_eq!(frame[12..16], [0x81, 0, 0, 7], "{name}");
        }
    }
}
