//! SSH: banners, key exchange offers, the elliptic-curve exchange, then sealed packets.
//!
//! Source: RFC 4253, RFC 8731.

use super::octets::Octets;
use crate::random::Rng;

/// The identification line.
pub(crate) fn banner(software: &str) -> Vec<u8> {
    format!("SSH-2.0-{software}\r\n").into_bytes()
}

/// The offer of algorithms; old software offers old ones.
pub(crate) fn key_exchange_offer(old: bool, rng: &mut Rng) -> Vec<u8> {
    let (exchange, key, cipher, mac) = if old {
        (
            "diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
            "ssh-rsa,ssh-dss",
            "aes128-cbc,3des-cbc",
            "hmac-sha1,hmac-md5",
        )
    } else {
        (
            "curve25519-sha256,ecdh-sha2-nistp256",
            "ssh-ed25519,rsa-sha2-512",
            "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com",
            "hmac-sha2-256-etm@openssh.com",
        )
    };
    let mut payload = vec![20];
    payload.put(&rng.bytes(16));
    for list in [exchange, key, cipher, cipher, mac, mac, "none", "none", "", ""] {
        payload.sized32(list.as_bytes());
    }
    payload.u8(0).be32(0);
    packet(&payload)
}

/// The client's public value.
pub(crate) fn exchange_start(rng: &mut Rng) -> Vec<u8> {
    let mut payload = vec![30];
    payload.sized32(&rng.bytes(32));
    packet(&payload)
}

/// The server's key, public value and signature, and the switch to new keys.
pub(crate) fn exchange_reply(rng: &mut Rng) -> Vec<u8> {
    let mut key = Vec::new();
    key.sized32(b"ssh-ed25519").sized32(&rng.bytes(32));
    let mut signature = Vec::new();
    signature.sized32(b"ssh-ed25519").sized32(&rng.bytes(64));
    let mut payload = vec![31];
    payload.sized32(&key).sized32(&rng.bytes(32)).sized32(&signature);
    let mut flight = packet(&payload);
    flight.put(&new_keys());
    flight
}

/// The switch to new keys.
pub(crate) fn new_keys() -> Vec<u8> {
    packet(&[21])
}

fn packet(payload: &[u8]) -> Vec<u8> {
    let padding = 8 - (payload.len() + 5) % 8 + 8;
    let mut bytes = Vec::with_capacity(payload.len() + 24);
    bytes.be32((payload.len() + padding + 1) as u32).u8(padding as u8).put(payload);
    bytes.zeros(padding);
    bytes
}
