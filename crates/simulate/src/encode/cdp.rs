//! The discovery protocol that many switches speak beside LLDP.
//!
//! Source: the public format description in Wireshark's dissector `packet-cdp.c`.

use model::Mac;

use super::link::{Checksum, Host};
use super::octets::{Octets, patch};

/// The 802.3 frame with its SNAP header.
pub(crate) fn frame(from: &Host, name: &str, port: &str, platform: &str, version: &str) -> Vec<u8> {
    let mut body = vec![2, 180, 0, 0];
    part(&mut body, 1, name.as_bytes());
    let mut addresses = Vec::new();
    addresses.be32(1).u8(1).u8(1).u8(0xcc).sized16(&from.ip.octets());
    part(&mut body, 2, &addresses);
    part(&mut body, 3, port.as_bytes());
    part(&mut body, 4, &0x0000_0028u32.to_be_bytes());
    part(&mut body, 5, version.as_bytes());
    part(&mut body, 6, platform.as_bytes());
    if body.len() % 2 == 1 {
        // The checksum of an odd body differs between implementations; an even one is safe.
        part(&mut body, 9, b"v");
    }
    let mut sum = Checksum::default();
    let sum = sum.add(&body).finish();
    patch(&mut body, 2, &sum.to_be_bytes());
    let mut frame = Vec::with_capacity(body.len() + 22);
    frame.put(&GROUP.0).put(&from.mac.0).be16(body.len() as u16 + 8);
    frame.put(&[0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0]).put(&body);
    frame
}

fn part(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    body.be16(kind).be16(value.len() as u16 + 4).put(value);
}

const GROUP: Mac = Mac([0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc]);
