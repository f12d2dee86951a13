//! Internet Protocol headers.
//!
//! Source: RFC 791 (IPv4), RFC 8200 (IPv6 and its extension headers), RFC 4302 (AH).
//! Limits: [`EXTENSIONS_MAX`] extension headers.

pub(crate) mod fragments;
pub(crate) mod neighbours;

use std::net::{IpAddr, Ipv6Addr};

use crate::link::Skip;
use crate::reader::Reader;

/// One packet, or one fragment.
#[derive(Debug)]
pub(crate) struct IpPacket<'a> {
    /// Sender; IPv4 as `::ffff:a.b.c.d`.
    pub(crate) source: u128,
    /// Receiver, likewise.
    pub(crate) destination: u128,
    /// What the payload is, see [`protocol`].
    pub(crate) protocol: u8,
    /// Hops that are left to it.
    pub(crate) hops: u8,
    /// Identification, by which copies of a packet are told; IPv6 has none.
    pub(crate) id: u16,
    /// Present where this is only a part of the packet.
    pub(crate) fragment: Option<Fragment>,
    /// The payload as far as it was captured, padding of the link taken off.
    pub(crate) payload: Reader<'a>,
    /// Bytes of payload that the capture cut off.
    pub(crate) missing: u32,
}

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Fragment {
    /// Identification of the datagram.
    pub(crate) id: u32,
    /// Offset of the payload in the datagram, in bytes.
    pub(crate) offset: u32,
    /// More follow.
    pub(crate) more: bool,
}

/// Reads the header at the front of `reader`.
#[inline]
pub(crate) fn header<'a>(reader: &mut Reader<'a>) -> Result<IpPacket<'a>, Skip> {
    match reader.rest().first().map(|byte| byte >> 4) {
        Some(4) => version_4(reader),
        Some(6) => version_6(reader),
        Some(_) => Err(Skip::Fixed("IP version is neither 4 nor 6")),
        None => Err(Skip::Cut("IP")),
    }
}

#[expect(clippy::many_single_char_names, reason = "octets of a header, in wire order")]
#[inline]
fn version_4<'a>(reader: &mut Reader<'a>) -> Result<IpPacket<'a>, Skip> {
    let cut = Skip::Cut("IPv4");
    let fixed = reader.array::<20>().ok_or(cut)?;
    let [first, _, l0, l1, i0, i1, f0, f1, hops, mut protocol, _, _, addresses @ ..] = fixed;
    let [a, b, c, d, e, f, g, h] = addresses;
    let header_bytes = usize::from(first & 0x0f) * 4;
    let total_bytes = usize::from(u16::from_be_bytes([l0, l1]));
    let options = header_bytes.checked_sub(20).ok_or(Skip::Fixed("IPv4 header length under 20"))?;
    reader.skip(options).ok_or(cut)?;
    // A length of 0 is left by network cards that cut large packets up themselves.
    let payload_bytes = if total_bytes == 0 {
        reader.remaining()
    } else {
        total_bytes
            .checked_sub(header_bytes)
            .ok_or(Skip::Fixed("IPv4 total length under its header length"))?
    };
    let flags = u16::from_be_bytes([f0, f1]);
    let (offset, more) = (u32::from(flags & 0x1fff) * 8, flags & 0x2000 != 0);
    let id = u16::from_be_bytes([i0, i1]);
    let (mut payload, missing) = cut_to(reader, payload_bytes);
    if protocol == protocol::AH
        && offset == 0
        && let Some(step) = extension(protocol, &mut payload)?
    {
        protocol = step.next;
    }
    Ok(IpPacket {
        source: MAPPED | u128::from(u32::from_be_bytes([a, b, c, d])),
        destination: MAPPED | u128::from(u32::from_be_bytes([e, f, g, h])),
        protocol,
        hops,
        id,
        fragment: (offset > 0 || more).then_some(Fragment { id: id.into(), offset, more }),
        payload,
        missing,
    })
}

fn version_6<'a>(reader: &mut Reader<'a>) -> Result<IpPacket<'a>, Skip> {
    let cut = Skip::Cut("IPv6");
    reader.skip(4).ok_or(cut)?;
    let length = usize::from(reader.u16_be().ok_or(cut)?);
    let [mut next, hops] = reader.array::<2>().ok_or(cut)?;
    let source = u128::from_be_bytes(reader.array::<16>().ok_or(cut)?);
    let destination = u128::from_be_bytes(reader.array::<16>().ok_or(cut)?);
    // A length of 0 is a jumbogram or large-packet offload.
    let length = if length == 0 && next != protocol::NONE { reader.remaining() } else { length };
    let (mut payload, missing) = cut_to(reader, length);
    let mut fragment = None;
    for _ in 0..EXTENSIONS_MAX {
        let Some(step) = extension(next, &mut payload)? else { break };
        next = step.next;
        if step.fragment.is_some() {
            fragment = step.fragment;
        }
        if fragment.is_some_and(|fragment| fragment.offset > 0) {
            break;
        }
    }
    Ok(IpPacket { source, destination, protocol: next, hops, id: 0, fragment, payload, missing })
}

/// One extension header taken off.
struct Extension {
    next: u8,
    fragment: Option<Fragment>,
}

fn extension(number: u8, reader: &mut Reader<'_>) -> Result<Option<Extension>, Skip> {
    let cut = Skip::Cut("IPv6 extension");
    if !matches!(number, 0 | 43 | protocol::FRAGMENT | protocol::AH | 60 | 135 | 139 | 140) {
        return Ok(None);
    }
    let [next, length] = reader.array::<2>().ok_or(cut)?;
    if number == protocol::FRAGMENT {
        let place = reader.u16_be().ok_or(cut)?;
        let id = reader.u32_be().ok_or(cut)?;
        let (offset, more) = (u32::from(place & 0xfff8), place & 1 == 1);
        let whole = offset == 0 && !more;
        let fragment = (!whole).then_some(Fragment { id, offset, more });
        return Ok(Some(Extension { next, fragment }));
    }
    let bytes = match number {
        protocol::AH => (usize::from(length) + 2) * 4,
        _ => (usize::from(length) + 1) * 8,
    };
    reader.skip(bytes.saturating_sub(2)).ok_or(cut)?;
    Ok(Some(Extension { next, fragment: None }))
}

/// The next `length` bytes, or as many as there are and how many are missing.
#[inline]
fn cut_to<'a>(reader: &mut Reader<'a>, length: usize) -> (Reader<'a>, u32) {
    match reader.part(length) {
        Some(part) => (part, 0),
        None => (*reader, length.saturating_sub(reader.remaining()) as u32),
    }
}

/// An address as the rest of the project writes it; none for the unspecified address.
pub(crate) fn address(number: u128) -> Option<IpAddr> {
    (!is_unspecified(number)).then(|| any_address(number))
}

/// The same, the unspecified address included.
pub(crate) fn any_address(number: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(number)).to_canonical()
}

/// An address as a number.
pub(crate) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => MAPPED | u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// `0.0.0.0` and `::`, the sender that has no address yet.
#[inline]
pub(crate) fn is_unspecified(number: u128) -> bool {
    number == 0 || number == MAPPED
}

/// Addresses that no single device owns: multicast and the limited broadcast.
pub(crate) fn is_group(number: u128) -> bool {
    let low = number as u32;
    let mapped = number >> 32 == MAPPED >> 32;
    (mapped && (low >> 28 == 0xe || low == u32::MAX)) || number >> 120 == 0xff
}

/// Assigned protocol numbers.
///
/// Source: IANA, Assigned Internet Protocol Numbers.
pub(crate) mod protocol {
    pub(crate) const ICMP: u8 = 1;
    pub(crate) const IPV4: u8 = 4;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub(crate) const IPV6: u8 = 41;
    pub(crate) const FRAGMENT: u8 = 44;
    pub(crate) const GRE: u8 = 47;
    pub(crate) const AH: u8 = 51;
    pub(crate) const ICMPV6: u8 = 58;
    pub(crate) const NONE: u8 = 59;
    pub(crate) const MPLS: u8 = 137;
}

/// `::ffff:0.0.0.0`, in front of every IPv4 address.
const MAPPED: u128 = 0xffff_0000_0000;

/// Extension headers taken off one packet; RFC 8200 names seven, one of them twice.
const EXTENSIONS_MAX: usize = 8;
