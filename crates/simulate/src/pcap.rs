//! Classic pcap files, little endian, microseconds, Ethernet.
//!
//! Source: draft-ietf-opsawg-pcap, sections 4 and 5.

use model::Timestamp;

use crate::encode::octets::Octets;

/// The 24 bytes at the start of a file.
pub fn pcap_header() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24);
    bytes.le32(MAGIC).le16(2).le16(4).le32(0).le32(0).le32(SNAP_BYTES).le32(ETHERNET);
    bytes
}

/// Appends one packet record to `out`.
pub fn pcap_record(time: Timestamp, frame: &[u8], out: &mut Vec<u8>) {
    let seconds = time.as_seconds().cast_unsigned() as u32;
    let micros = time.as_micros().rem_euclid(1_000_000) as u32;
    let length = frame.len() as u32;
    out.le32(seconds).le32(micros).le32(length).le32(length).put(frame);
}

const MAGIC: u32 = 0xa1b2_c3d4;
/// Longest packet that a reader must expect, in bytes; frames here are shorter.
const SNAP_BYTES: u32 = 65_535;
/// LINKTYPE_ETHERNET.
const ETHERNET: u32 = 1;
