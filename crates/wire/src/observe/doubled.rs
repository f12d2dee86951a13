//! Packets that a capture shows twice.
//!
//! Source: a mirror of both directions of a port copies a packet where it comes in and where it
//!         goes out; so does one that sees both sides of a router.
//! Input:  each whole packet, in the order of the capture.
//! Output: whether it is a copy of one just seen. It is counted and told, never dropped: a sender
//!         may repeat itself.
//! Limits: [`RECENT`] packets and [`COPY_MICROS`] back. A packet that is sent again has another
//!         identification or comes later.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use crate::ip::IpPacket;

/// The packets seen last.
pub(super) struct Doubled {
    /// What tells a packet, and when it was seen.
    recent: [(u64, i64); RECENT],
    next: usize,
    state: FixedState,
}

impl Default for Doubled {
    fn default() -> Self {
        Self { recent: [(0, i64::MIN); RECENT], next: 0, state: FixedState::with_seed(0) }
    }
}

impl Doubled {
    /// True where `packet` is a copy of one that was just seen.
    #[inline]
    pub(super) fn shows_again(&mut self, packet: &IpPacket<'_>, time: i64) -> bool {
        let payload = packet.payload.rest();
        let start = payload.get(..START_BYTES).unwrap_or(payload);
        let told = (packet.source, packet.destination, packet.protocol, packet.id);
        let mark = self.state.hash_one((told, payload.len(), start));
        let is_copy = |(other, seen): &(u64, i64)| {
            *other == mark && time.saturating_sub(*seen).unsigned_abs() <= COPY_MICROS
        };
        if self.recent.iter().any(is_copy) {
            return true;
        }
        if let Some(place) = self.recent.get_mut(self.next) {
            *place = (mark, time);
        }
        self.next = (self.next + 1) % RECENT;
        false
    }
}

/// Packets looked back.
const RECENT: usize = 8;
/// The header of the transport: ports, numbers and the checksum over all the rest.
const START_BYTES: usize = 20;
/// Microseconds between two copies. A mirror takes microseconds; nobody asks again within these.
const COPY_MICROS: u64 = 5_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::Reader;

    #[test]
    fn tells_a_copy_from_a_repetition() {
        let packet = |id: u16, bytes: &'static [u8]| IpPacket {
            source: 1,
            destination: 2,
            protocol: 17,
            hops: 64,
            id,
            fragment: None,
            payload: Reader::new(bytes),
            missing: 0,
        };
        for (name, second, after, want) in [
            ("a copy", packet(1, b"same"), 20, true),
            ("a copy behind a router", IpPacket { hops: 63, ..packet(1, b"same") }, 20, true),
            ("sent again", packet(2, b"same"), 20, false),
            ("another payload", packet(1, b"other"), 20, false),
            ("later", packet(1, b"same"), 50_000, false),
        ] {
            let mut doubled = Doubled::default();
            assert!(!doubled.shows_again(&packet(1, b"same"), 0), "{name}");
            assert_eq!(doubled.shows_again(&second, after), want, "{name}");
        }
    }
}
