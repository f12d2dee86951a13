//! Frame to network packet: link headers, tags and tunnels, taken off one after the other.
//!
//! Input:   one frame, or a datagram put together from fragments.
//! Output:  the innermost packet that somebody can be asked about, its addresses, and the reader
//!          at its payload. Positions of the reader count from the start of the frame.
//! Limits:  [`LAYERS_MAX`] layers.

mod cooked;
mod ethernet;
mod skip;
mod tunnel;
mod wireless;

use model::Mac;

use crate::dissect::LinkKind;
use crate::frame::LinkType;
use crate::ip::{self, IpPacket};
use crate::limits::LAYERS_MAX;
use crate::reader::Reader;

pub(crate) use skip::Skip;
pub use skip::UNREAD_LINK_TYPE;
pub(crate) use tunnel::inside_payload as tunnelled;

/// Link addresses of a packet. [`NO_MAC`] and [`NO_VLAN`] stand for "none", to stay small.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Link {
    pub(crate) source: u64,
    pub(crate) destination: u64,
    pub(crate) vlan: u16,
}

/// What a frame held.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    /// A protocol straight on the link.
    Link(LinkKind, Reader<'a>),
    /// An IP packet, or a fragment of one.
    Ip(IpPacket<'a>),
    /// Nothing that we read.
    Unread(Skip),
}

/// A frame with its layers taken off.
#[derive(Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) link: Link,
    pub(crate) content: Content<'a>,
    /// The outermost tunnel that was taken off: its link, source and destination.
    pub(crate) tunnel: Option<(Link, u128, u128)>,
}

/// What comes next in a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Layer {
    Ethernet,
    EtherType(u16),
    Llc,
    Snap([u8; 3], u16),
    Null,
    Cooked1,
    Cooked2,
    Ppp,
    Mpls,
    Gre,
    Vxlan,
    Gtp,
    Ip,
    Radiotap,
    Ppi,
    /// `padded` where the data starts at a multiple of four bytes.
    Wireless {
        padded: bool,
    },
}

impl Layer {
    /// The first layer of a frame.
    pub(crate) fn of(link: LinkType) -> Option<Self> {
        Some(match link {
            LinkType::ETHERNET => Self::Ethernet,
            LinkType::NULL | LinkType::LOOP => Self::Null,
            LinkType::PPP => Self::Ppp,
            LinkType::LINUX_SLL => Self::Cooked1,
            LinkType::LINUX_SLL2 => Self::Cooked2,
            LinkType::IEEE_802_11 => Self::Wireless { padded: false },
            LinkType::RADIOTAP => Self::Radiotap,
            LinkType::PPI => Self::Ppi,
            LinkType::RAW
            | LinkType::RAW_BSD
            | LinkType::RAW_OPENBSD
            | LinkType::IPV4
            | LinkType::IPV6 => Self::Ip,
            _ => return None,
        })
    }
}

/// Takes the layers off, from `first` on. `link` is what is known of the link so far.
pub(crate) fn decode(first: Layer, link: Link, reader: Reader<'_>) -> Packet<'_> {
    let mut decoder = Decoder { reader, link, tunnel: None };
    let mut layer = first;
    for _ in 0..LAYERS_MAX {
        match decoder.take_off(layer) {
            Ok(next) => layer = next,
            Err(content) => return decoder.finish(content),
        }
    }
    decoder.finish(Content::Unread(Skip::Fixed("more headers and tunnels than we take off")))
}

/// The state while layers come off.
struct Decoder<'a> {
    reader: Reader<'a>,
    link: Link,
    tunnel: Option<(Link, u128, u128)>,
}

impl<'a> Decoder<'a> {
    /// Takes one layer off: the next one, or what the frame holds.
    #[inline]
    fn take_off(&mut self, layer: Layer) -> Result<Layer, Content<'a>> {
        match layer {
            Layer::Ethernet => ethernet::header(self),
            Layer::EtherType(number) => ethernet::ether_type(self, number),
            Layer::Llc => ethernet::llc(self),
            Layer::Snap(organisation, protocol) => {
                Err(Content::Link(LinkKind::Snap(organisation, protocol), self.reader))
            }
            Layer::Null => cooked::null(self),
            Layer::Cooked1 => cooked::version_1(self),
            Layer::Cooked2 => cooked::version_2(self),
            Layer::Ppp => tunnel::ppp(self),
            Layer::Mpls => tunnel::mpls(self),
            Layer::Gre => tunnel::gre(self),
            Layer::Vxlan => tunnel::vxlan(self),
            Layer::Gtp => tunnel::gtp(self),
            Layer::Radiotap => wireless::radiotap(self),
            Layer::Ppi => wireless::ppi(self),
            Layer::Wireless { padded } => wireless::header(self, padded),
            Layer::Ip => self.ip(),
        }
    }

    fn ip(&mut self) -> Result<Layer, Content<'a>> {
        let packet = ip::header(&mut self.reader).map_err(Content::Unread)?;
        let Some(inside) = tunnel::inside(&packet) else { return Err(Content::Ip(packet)) };
        self.tunnel.get_or_insert((self.link, packet.source, packet.destination));
        self.reader = packet.payload;
        // The link addresses are the tunnel's ends, and nobody's inside.
        self.link = Link::UNKNOWN;
        Ok(inside)
    }

    fn finish(self, content: Content<'a>) -> Packet<'a> {
        Packet { link: self.link, content, tunnel: self.tunnel }
    }
}

/// Answers a header that the frame ends in.
fn cut<'a>(header: &'static str) -> Content<'a> {
    Content::Unread(Skip::Cut(header))
}

impl Link {
    /// Nothing known.
    pub(crate) const UNKNOWN: Self = Self { source: NO_MAC, destination: NO_MAC, vlan: NO_VLAN };
}

/// Six octets as a number.
#[expect(clippy::many_single_char_names, reason = "octets of a header, in wire order")]
#[inline]
pub(crate) fn mac_number(octets: [u8; 6]) -> u64 {
    let [a, b, c, d, e, f] = octets;
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

/// A number as a link address.
#[expect(clippy::many_single_char_names, reason = "octets of a header, in wire order")]
pub(crate) fn mac_of(number: u64) -> Option<Mac> {
    let [_, _, a, b, c, d, e, f] = number.to_be_bytes();
    (number != NO_MAC).then_some(Mac([a, b, c, d, e, f]))
}

/// No link address.
pub(crate) const NO_MAC: u64 = u64::MAX;

/// No VLAN tag.
pub(crate) const NO_VLAN: u16 = u16::MAX;
