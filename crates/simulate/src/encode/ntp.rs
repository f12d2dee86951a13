//! NTP, client and server mode.
//!
//! Source: RFC 5905 section 7.3.

use model::Timestamp;

use super::octets::Octets;

/// A client's question.
pub(crate) fn question(now: Timestamp) -> Vec<u8> {
    let mut message = vec![0x23, 0, 6, 0xec];
    message.zeros(36).put(&stamp(now));
    message
}

/// A server's answer to it.
pub(crate) fn answer(asked: Timestamp, now: Timestamp) -> Vec<u8> {
    let mut message = vec![0x24, 2, 6, 0xec];
    message.be32(0x0000_0120).be32(0x0000_0340).put(&[10, 20, 0, 1]).put(&stamp(now));
    message.put(&stamp(asked)).put(&stamp(now)).put(&stamp(now));
    message
}

fn stamp(time: Timestamp) -> [u8; 8] {
    let seconds = time.as_seconds().wrapping_add(SECONDS_1900_TO_1970).cast_unsigned();
    let micros = time.as_micros().rem_euclid(1_000_000).unsigned_abs();
    ((seconds << 32) | ((micros << 32) / 1_000_000)).to_be_bytes()
}

const SECONDS_1900_TO_1970: i64 = 2_208_988_800;
