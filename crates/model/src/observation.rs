//! What a capture showed, before anybody decides which device it belongs to.
//!
//! `wire` fills [`Observations`]; `assets` reads them. A sensor sends exactly this to the hub, so
//! the type is aggregated (one [`Sighting`] per distinct value, not per packet) and serialisable.
//! Order: every list is sorted, so the same capture gives the same bytes.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{Attribute, Confidence, Mac, Source, Timestamp, Transport, WireAnomaly};

/// Where on the network something was said: a link address, a network address, or both.
///
/// With both, the frame that carried the value had this link address and this network address at
/// the same time; whether the link address is the device's own or a router's is for `assets`.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
pub struct Endpoint {
    /// Link address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    /// Network address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// VLAN identifier of the frame, outermost tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan: Option<u16>,
    /// A station that has no address of its own here; the others are absent then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<Station>,
}

/// A station on another network, for which a gateway speaks: a controller behind a BACnet router.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Station {
    /// Number of its network.
    pub network: u16,
    /// Its address there, of up to six bytes, as a number.
    pub address: u64,
}

/// One value of one attribute at one endpoint, however often it was seen.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// Who the value is about.
    pub endpoint: Endpoint,
    /// Which attribute.
    pub attribute: Attribute,
    /// The value, in its canonical text form.
    pub value: String,
    /// How far the parser trusts it.
    pub confidence: Confidence,
    /// Where it was first seen.
    pub source: Source,
    /// First time.
    pub first_seen: Timestamp,
    /// Last time.
    pub last_seen: Timestamp,
    /// How often.
    pub count: u64,
}

/// A protocol said that this link address and this network address are one interface.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    /// Link address.
    pub mac: Mac,
    /// Network address.
    pub ip: IpAddr,
    /// VLAN identifier of the frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan: Option<u16>,
    /// Protocol that said so: `arp`, `dhcp`, `ndp`, `mdns`.
    pub protocol: String,
    /// First time.
    pub first_seen: Timestamp,
    /// Last time.
    pub last_seen: Timestamp,
    /// Frame that said so first.
    pub frame: u64,
}

/// One endpoint that sent frames, whether or not anything else is known of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Talker {
    /// The endpoint, as source of frames.
    pub endpoint: Endpoint,
    /// First frame from it.
    pub first_frame: u64,
    /// First time.
    pub first_seen: Timestamp,
    /// Last time.
    pub last_seen: Timestamp,
    /// Packets sent.
    pub packets: u64,
    /// Bytes sent, link layer included.
    pub bytes: u64,
    /// Highest hop count (TTL, hop limit) of its IP packets; tells senders from those who forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hops: Option<u8>,
}

/// Traffic between a client and a port of a server, all source ports together.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Who opened it.
    pub client: Endpoint,
    /// Who was called.
    pub server: Endpoint,
    /// Transport protocol.
    pub transport: Transport,
    /// Port of the server; 0 where the transport has none.
    pub port: u16,
    /// Application, decided by content; absent where the content did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// Packets in both directions.
    pub packets: u64,
    /// Bytes in both directions, link layer included.
    pub bytes: u64,
    /// How many separate connections.
    pub connections: u64,
    /// True where the server answered.
    pub answered: bool,
    /// First time.
    pub first_seen: Timestamp,
    /// Last time.
    pub last_seen: Timestamp,
}

/// How much was read, and how much was not used and why.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Frames read.
    pub packets: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Frames, or parts of frames, that were not used, by reason.
    pub skipped: BTreeMap<String, u64>,
}

/// Everything that one capture showed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observations {
    /// Name of the capture file or interface, without its folder.
    pub capture: String,
    /// Endpoints that sent frames, sorted.
    pub talkers: Vec<Talker>,
    /// Values seen, sorted by endpoint, attribute and value.
    pub sightings: Vec<Sighting>,
    /// Link and network addresses that belong together, sorted.
    pub bindings: Vec<Binding>,
    /// Conversations, sorted.
    pub flows: Vec<Flow>,
    /// Oddities, sorted.
    pub anomalies: Vec<WireAnomaly>,
    /// Totals.
    pub stats: Stats,
}
