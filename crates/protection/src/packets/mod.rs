//! What a rule can tell packets apart by, and sets of packets.
//!
//! Source: RFC 791, 8200 (addresses, fragments), 792, 4443 (ICMP), 9293 (TCP flags).
//! Input: ranges of values of [`Field`]s. Output: exact sets, compared and searched by
//! [`Diagrams`]. Limits: [`NODES_MAX`] nodes; past it an operation answers [`TooLarge`] and never a
//! part of the truth.

mod diagram;
mod region;

use std::fmt;
use std::net::IpAddr;

pub use diagram::{Diagrams, NODES_MAX, Set, TooLarge};
pub use region::{Addresses, Ports, Region, any_addresses};

/// One thing that a rule looks at, in the order in which sets are written down.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Field {
    /// 4 or 6.
    Version,
    /// The number of the protocol above IP.
    Protocol,
    /// Destination address; an IPv4 address is its 32 bits.
    Destination,
    /// Source address.
    Source,
    /// Destination port; of ICMP the type.
    DestinationPort,
    /// Source port; of ICMP the code.
    SourcePort,
    /// Where in a conversation the packet stands: [`State`].
    State,
}

impl Field {
    /// Every field, outermost first.
    pub const ALL: [Self; 7] = [
        Self::Version,
        Self::Protocol,
        Self::Destination,
        Self::Source,
        Self::DestinationPort,
        Self::SourcePort,
        Self::State,
    ];

    /// The largest value.
    pub const fn max(self) -> u128 {
        match self {
            Self::Version | Self::Protocol => u8::MAX as u128,
            Self::Destination | Self::Source => u128::MAX,
            Self::DestinationPort | Self::SourcePort => u16::MAX as u128,
            Self::State => 4,
        }
    }
}

/// Where in a conversation a packet stands, as far as a filter can tell.
///
/// A filter without memory sees flags of TCP and fragments; one with memory sees the state of its
/// table. A later fragment has no ports; a set that speaks of it leaves them open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum State {
    /// Opens a conversation: to a filter with memory a new one; to one without memory TCP with
    /// neither ACK nor RST, and every packet of other protocols.
    Opening = 0,
    /// Belongs to one: established in the table; TCP with ACK or RST.
    Answering = 1,
    /// A fragment that is not the first, so that its ports are unknown.
    Fragment = 2,
    /// An error about a conversation in the table.
    Related = 3,
    /// What the table cannot place.
    Invalid = 4,
}

/// One packet, as a rule sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Packet {
    /// Where it comes from; of the same version as `destination`.
    pub source: IpAddr,
    /// Where it goes.
    pub destination: IpAddr,
    /// Number of the protocol above IP.
    pub protocol: u8,
    /// Source port, or ICMP code; 0 where the protocol has none.
    pub source_port: u16,
    /// Destination port, or ICMP type; 0 where the protocol has none.
    pub destination_port: u16,
    /// Where in a conversation it stands.
    pub state: State,
}

/// TCP, 6.
pub const TCP: u8 = 6;
/// UDP, 17.
pub const UDP: u8 = 17;
/// ICMP for IPv4, 1.
pub const ICMP: u8 = 1;
/// ICMP for IPv6, 58.
pub const ICMPV6: u8 = 58;

impl Packet {
    /// The value of a field.
    pub fn value(&self, field: Field) -> u128 {
        match field {
            Field::Version => version(self.destination),
            Field::Protocol => self.protocol.into(),
            Field::Destination => number(self.destination),
            Field::Source => number(self.source),
            Field::DestinationPort => self.destination_port.into(),
            Field::SourcePort => self.source_port.into(),
            Field::State => (self.state as u8).into(),
        }
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, destination, protocol, source_port, destination_port, state } = self;
        write!(f, "protocol {protocol} {source} port {source_port} to {destination} ")?;
        write!(f, "port {destination_port} ({state:?})")
    }
}

/// 4 or 6.
pub fn version(address: IpAddr) -> u128 {
    if address.is_ipv4() { 4 } else { 6 }
}

/// An address as a number.
pub fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// The address that a number stands for.
pub fn address(version: u128, number: u128) -> IpAddr {
    match u32::try_from(number) {
        Ok(bits) if version == 4 => IpAddr::V4(bits.into()),
        _ => IpAddr::V6(number.into()),
    }
}
