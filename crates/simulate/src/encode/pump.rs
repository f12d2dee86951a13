//! The invented protocol between an infusion pump and its server.
//!
//! Source: none; made to look like the closed binary protocols found in hospitals.
//! Limits: fixed lengths, so that a connection can go on for hours without a state.

use super::octets::Octets;
use crate::random::Rng;

/// Bytes of a pump's report.
pub(crate) const REPORT_BYTES: u64 = 96;
/// Bytes of the server's acknowledgement.
pub(crate) const REPLY_BYTES: u64 = 24;

/// A pump reports; kind 1 is the first one after connecting.
pub(crate) fn report(kind: u8, serial: &str, sequence: u32, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = vec![0xa5, 0x5a, 3, kind];
    bytes.be32(sequence).padded(serial, 16, 0).put(&rng.bytes(REPORT_BYTES as usize - 26));
    let sum = bytes.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    bytes.be16(sum);
    bytes
}

/// The server acknowledges.
pub(crate) fn reply(sequence: u32, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = vec![0xa5, 0x5a, 3, 0x81];
    bytes.be32(sequence).put(&rng.bytes(REPLY_BYTES as usize - 8));
    bytes
}
