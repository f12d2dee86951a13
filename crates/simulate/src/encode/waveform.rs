//! The invented stream of waveforms from a bedside monitor to its central station.
//!
//! Source: none; made to look like the closed multicast streams found in hospitals.

use super::octets::Octets;
use crate::random::Rng;

/// One second of curves.
pub(crate) fn second(bed: u16, sequence: u32, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = vec![0xf7, 0x57, 0x46, 1];
    bytes.be16(bed).be32(sequence);
    for channel in 0..4u8 {
        bytes.u8(channel).be16(125);
        let mut level = rng.below(64) as u8 + 96;
        for _ in 0..125 {
            level = level.wrapping_add((rng.below(9) as u8).wrapping_sub(4));
            bytes.u8(level);
        }
    }
    bytes
}
