//! Devices, the facts behind them, and their conversations, in the form everybody sees.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Attribute, Confidence, Mac, Source, Timestamp};

/// Key of a device: ours, never its address. A UUID version 7 by layout.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(Uuid);

impl DeviceId {
    /// Makes a key from the time a device was first seen and ten bytes that tell it from others.
    ///
    /// The bytes are an argument, so that a replayed capture gives the same keys.
    pub fn new(first_seen: Timestamp, distinguishing: [u8; 10]) -> Self {
        let millis = u64::try_from(first_seen.as_micros() / 1000).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &distinguishing).into_uuid())
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for DeviceId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

/// An address of a device and when it had it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Address {
    /// Link address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    /// Network address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// VLAN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan: Option<u16>,
    /// First time.
    pub first_seen: Timestamp,
    /// Last time.
    pub last_seen: Timestamp,
}

/// A named piece of software on a device.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Software {
    /// Product name.
    pub name: String,
    /// Version as seen; empty where only the name is known.
    pub version: String,
}

impl Software {
    /// Reads the `name@version` form of [`Attribute::Software`].
    pub fn from_fact(value: &str) -> Self {
        let (name, version) = value.rsplit_once('@').unwrap_or((value, ""));
        Self { name: name.to_owned(), version: version.to_owned() }
    }
}

/// One value of one attribute of one device, with everything needed to check it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Which attribute.
    pub attribute: Attribute,
    /// The value.
    pub value: String,
    /// How far it can be trusted.
    pub confidence: Confidence,
    /// Where it came from.
    pub source: Source,
    /// First time.
    pub first_seen: Timestamp,
    /// Last time.
    pub last_seen: Timestamp,
    /// How often it was seen.
    pub count: u64,
}

/// A device, its attributes derived from its facts by the published precedence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// Our key.
    pub id: DeviceId,
    /// The hospital's own key, where its inventory gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
    /// Site that its addresses belong to; empty for the only site.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub site: String,
    /// Addresses, sorted.
    pub addresses: Vec<Address>,
    /// Host and other names, best first.
    pub names: Vec<String>,
    /// Manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
    /// Model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Class, a key of `knowledge/classes.csv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// Version of the device's own software.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Software on it, the device's own first.
    pub software: Vec<Software>,
    /// What it does on the network.
    pub roles: Vec<String>,
    /// Protocols it was seen to speak.
    pub protocols: Vec<String>,
    /// Every fact, chosen or not, sorted by attribute, then best first.
    pub facts: Vec<Fact>,
    /// First time seen.
    pub first_seen: Timestamp,
    /// Last time seen.
    pub last_seen: Timestamp,
}

impl Device {
    /// True where the hospital's own inventory has a row for it: its key, or any fact from a file.
    pub fn is_in_inventory(&self) -> bool {
        let from_file = |fact: &Fact| matches!(fact.source, Source::File { .. });
        self.asset_id.is_some() || self.facts.iter().any(from_file)
    }
}

/// Transport protocol of a conversation.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
    /// Internet Control Message Protocol, either version.
    Icmp,
    /// Straight on the link layer.
    Link,
    /// Any other IP protocol.
    Other,
}

impl Transport {
    /// The name users see.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Link => "link",
            Self::Other => "other",
        }
    }
}

/// A conversation between two devices (or addresses that are no device of ours).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Client: a device key where known, else an address.
    pub client: String,
    /// Server: a device key where known, else an address.
    pub server: String,
    /// Address of the client.
    pub client_address: String,
    /// Address of the server.
    pub server_address: String,
    /// Transport.
    pub transport: Transport,
    /// Port of the server; 0 where the transport has none.
    pub port: u16,
    /// Application, decided by content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// Packets, both directions.
    pub packets: u64,
    /// Bytes, both directions.
    pub bytes: u64,
    /// First time.
    pub first_seen: Timestamp,
    /// Last time.
    pub last_seen: Timestamp,
}
