//! Echo requests and replies.
//!
//! Source: RFC 792.

use super::link::{Checksum, Host, ipv4};
use super::octets::{Octets, patch};

/// "Are you there?", or "I am" for a reply.
pub(crate) fn echo(from: &Host, to: &Host, reply: bool, id: u16, sequence: u16) -> Vec<u8> {
    let mut message = vec![if reply { 0 } else { 8 }, 0];
    message.be16(0).be16(id).be16(sequence).put(b"abcdefghijklmnopqrstuvwabcdefghi");
    let mut sum = Checksum::default();
    let sum = sum.add(&message).finish();
    patch(&mut message, 2, &sum.to_be_bytes());
    ipv4(from, to, id.wrapping_add(sequence), ICMP, &message)
}

/// IP protocol number of ICMP.
const ICMP: u8 = 1;
