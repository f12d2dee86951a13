//! One frame as a capture hands it over.

use model::Timestamp;

/// What the first byte of a frame is, by the numbers of the pcap formats.
///
/// Source: the registry of link-layer header types at `tcpdump.org/linktypes.html`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkType(pub u32);

impl LinkType {
    /// BSD loopback: an address family in the byte order of the capturing host.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// Point-to-point protocol.
    pub const PPP: Self = Self(9);
    /// Raw IP, as some systems number it.
    pub const RAW_BSD: Self = Self(12);
    /// Raw IP, as OpenBSD numbers it.
    pub const RAW_OPENBSD: Self = Self(14);
    /// Raw IP.
    pub const RAW: Self = Self(101);
    /// IEEE 802.11.
    pub const IEEE_802_11: Self = Self(105);
    /// IEEE 802.11 behind a radiotap header.
    pub const RADIOTAP: Self = Self(127);
    /// A header of per-packet information, which names the link type behind it.
    pub const PPI: Self = Self(192);
    /// OpenBSD loopback: an address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
}

/// One frame, borrowed from the capture.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Number within the capture, from 1.
    pub number: u64,
    /// When it was captured.
    pub time: Timestamp,
    /// What its first byte is.
    pub link: LinkType,
    /// The bytes that were kept.
    pub bytes: &'a [u8],
    /// Length on the wire, in bytes.
    pub original_bytes: u32,
}
