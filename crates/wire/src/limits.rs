//! Bounds on what is kept, above all on memory. Reaching one is counted and shown; none changes what fits below it.

use crate::privacy::Mask;

/// What and how much an [`crate::Observer`] may keep at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Conversations followed at once; the longest idle one makes room.
    pub flows_max: usize,
    /// Distinct endpoints kept.
    pub endpoints_max: usize,
    /// Conversations (client, server, port, application) kept.
    pub conversations_max: usize,
    /// Distinct values kept, all endpoints and attributes together.
    pub sightings_max: usize,
    /// Bytes of all those values together.
    pub sighting_bytes_max: usize,
    /// Pairs of link and network address kept.
    pub bindings_max: usize,
    /// Bytes of unread streams kept, all connections together.
    pub stream_bytes_max: usize,
    /// Bytes of unfinished fragmented datagrams kept.
    pub fragment_bytes_max: usize,
    /// Seeds the hash tables. Results do not depend on it; a sensor on a hostile network sets a
    /// secret one, so that nobody can choose addresses that collide.
    pub hash_seed: u64,
    /// Attributes whose values are not kept.
    pub mask: Mask,
}

impl Default for Limits {
    /// Fits a hospital of some 10,000 devices into 150 MB.
    fn default() -> Self {
        Self {
            flows_max: 65_536,
            endpoints_max: 131_072,
            conversations_max: 262_144,
            sightings_max: 262_144,
            sighting_bytes_max: 16 * 1024 * 1024,
            bindings_max: 131_072,
            stream_bytes_max: 32 * 1024 * 1024,
            fragment_bytes_max: 4 * 1024 * 1024,
            hash_seed: 0x5265_6769_6d65_6e21,
            mask: Mask::default(),
        }
    }
}

/// Endpoints kept that sent no more than one packet; a flood of new addresses makes more. When
/// there are more, the newest [`BRIEF_KEPT`] stay.
pub const BRIEF_MAX: usize = 16_384;

/// See [`BRIEF_MAX`]. What is known of each takes some kilobytes once it is identified.
pub const BRIEF_KEPT: usize = 12_288;

/// Distinct values kept of one attribute at one endpoint. A DICOM association proposes up to 128
/// SOP classes; a proxy or a scanner can show thousands of values that say nothing about it.
pub const VALUES_PER_ATTRIBUTE_MAX: u16 = 256;

/// Headers and tunnels taken off one frame. Mirrored traffic needs about eight.
pub const LAYERS_MAX: usize = 24;

/// Distinct reasons for not using a frame that are told apart.
pub const SKIP_REASONS_MAX: usize = 64;

/// Datagrams of one conversation that are read whatever their pace. Discovery and identification
/// happen in the first few.
pub const DATAGRAMS_READ_MAX: u32 = 32;

/// Datagrams tried on every protocol before a conversation counts as unidentified.
pub const DATAGRAMS_TRIED_MAX: u32 = 4;

/// After those, one datagram is read per this many microseconds of packet time, so that a change
/// is still seen and a flood stays cheap.
pub const DATAGRAM_PAUSE_MICROS: i64 = 1_000_000;

/// Segments with payload that are tried when a connection was picked up in the middle, since a
/// message may start with any of them.
pub const MIDSTREAM_TRIES_MAX: u8 = 4;

/// Microseconds of packet time after which a silent conversation is folded into the totals.
pub const FLOW_IDLE_MICROS: i64 = 900 * 1_000_000;

/// The same for a connection that was closed: time for stragglers.
pub const FLOW_CLOSED_IDLE_MICROS: i64 = 30 * 1_000_000;

/// Segments that wait behind a hole before the hole counts as lost.
pub const HOLE_SEGMENTS_MAX: usize = 64;

/// Bytes that wait behind a hole before the hole counts as lost.
pub const HOLE_BYTES_MAX: usize = 128 * 1024;

/// Packets of the connection, either way, for which a hole is waited for.
pub const HOLE_PACKETS_MAX: u16 = 256;

/// The same once the receiver has acknowledged the hole: then the capture lost it, and only
/// packets swapped by the capture itself can still fill it.
pub const HOLE_ACKNOWLEDGED_PACKETS_MAX: u16 = 8;

/// A dissector may look at its input again while it waits for more. It may look at this many
/// times the bytes that came in, and [`SHOWN_BYTES_FREE`] besides; more is an attack on our time.
pub const SHOWN_FACTOR_MAX: u64 = 64;

/// See [`SHOWN_FACTOR_MAX`].
pub const SHOWN_BYTES_FREE: u64 = 1024 * 1024;

/// Unfinished fragmented datagrams kept.
pub const FRAGMENTED_DATAGRAMS_MAX: usize = 1024;

/// Fragments kept of one datagram. A datagram of 65,535 bytes over 576-byte links has 120.
pub const FRAGMENTS_MAX: usize = 128;

/// Microseconds of packet time for the fragments of a datagram to arrive (RFC 8200 section 4.5).
pub const FRAGMENT_WAIT_MICROS: i64 = 60 * 1_000_000;
