//! A client's first packet: its keys are made of what it says in clear.
//!
//! Source: RFC 9001 sections 5.2 (keys), 5.3 and 5.4 (protection), RFC 9369 section 3 (version 2),
//!         RFC 5869 (HKDF), RFC 9000 sections 16 (numbers), 17.2.2 (Initial), 19 (frames).
//! Input:  one datagram.
//! Output: the client's hello, where the datagram holds all of it.
//! Limits: the seal is not checked, since nobody could be deceived by it: who can change the packet
//!         can seal it. A hello that continues in another datagram is not read.

use sha2::{Digest, Sha256};

use super::aes::Aes;
use crate::reader::Reader;

/// The body of the client's hello.
pub(super) fn hello(payload: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(payload);
    let first = reader.u8()?;
    let number = reader.u32_be()?;
    let version = VERSIONS.iter().find(|version| version.number == number)?;
    if first & 0xf0 != 0xc0 | version.initial << 4 {
        return None;
    }
    let length = reader.u8()?;
    let connection = reader.take(usize::from(length))?;
    let length = reader.u8()?;
    reader.skip(usize::from(length))?;
    let token = self::number(&mut reader)?;
    reader.skip(usize::try_from(token).ok()?)?;
    let length = usize::try_from(self::number(&mut reader)?).ok()?;
    let packet = reader.take(length)?;
    let plain = version.keys(connection).open(first, packet)?;
    joined(&plain)
}

/// What differs between versions.
struct Version {
    number: u32,
    salt: [u8; 20],
    labels: [&'static str; 3],
    /// Type of an Initial packet.
    initial: u8,
}

impl Version {
    fn keys(&self, connection: &[u8]) -> Keys {
        let secret = hmac(&self.salt, &[connection]);
        let client = expand(&secret, "client in", 32);
        let [key, iv, header] = self.labels;
        Keys {
            key: Aes::new(fixed(&expand(&client, key, 16))),
            iv: fixed(&expand(&client, iv, 12)),
            header: Aes::new(fixed(&expand(&client, header, 16))),
        }
    }
}

struct Keys {
    key: Aes,
    iv: [u8; 12],
    header: Aes,
}

impl Keys {
    /// The frames of a packet, from its number on.
    fn open(&self, first: u8, packet: &[u8]) -> Option<Vec<u8>> {
        let sample = packet.get(4..20)?.try_into().ok()?;
        let [mask, pads @ ..] = self.header.block(sample);
        let first = first ^ mask & 0x0f;
        let size = usize::from(first & 3) + 1;
        let mut nonce = self.iv;
        let number = packet.get(..size)?.iter().zip(pads).map(|(byte, pad)| byte ^ pad);
        let place = nonce.len() - size;
        nonce.iter_mut().skip(place).zip(number).for_each(|(byte, number)| *byte ^= number);
        let sealed = packet.get(size..packet.len().checked_sub(SEAL_BYTES)?)?;
        // Counter 1 is the seal's.
        (first & 0x0c == 0).then(|| self.key.counter(nonce, 2, sealed))
    }
}

/// The pieces of the hello in these frames, put in order.
fn joined(frames: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(frames);
    let mut pieces: Vec<(u64, &[u8])> = Vec::new();
    while let Some(kind) = reader.u8() {
        match kind {
            PADDING | PING => {}
            ACK | ACK_WITH_COUNTS => acknowledgement(&mut reader, kind)?,
            CRYPTO => {
                let offset = number(&mut reader)?;
                let length = usize::try_from(number(&mut reader)?).ok()?;
                pieces.push((offset, reader.take(length)?));
            }
            _ => return None,
        }
    }
    pieces.sort_unstable();
    let mut message: Vec<u8> = Vec::new();
    for (offset, piece) in pieces {
        let known = (message.len() as u64).checked_sub(offset)?;
        message.extend(piece.iter().skip(usize::try_from(known).ok()?));
    }
    let mut reader = Reader::new(&message);
    (reader.u8()? == CLIENT_HELLO).then_some(())?;
    let length = reader.u24_be()? as usize;
    reader.take(length).map(<[u8]>::to_vec)
}

fn acknowledgement(reader: &mut Reader<'_>, kind: u8) -> Option<()> {
    let [_largest, _delay] = [number(reader)?, number(reader)?];
    let ranges = number(reader)?;
    let counts = if kind == ACK_WITH_COUNTS { 3 } else { 0 };
    for _ in 0..ranges.checked_mul(2)?.checked_add(1 + counts)? {
        number(reader)?;
    }
    Some(())
}

/// A number of one to eight bytes, the first two bits of which tell how many.
fn number(reader: &mut Reader<'_>) -> Option<u64> {
    let first = reader.u8()?;
    let more = (1_usize << (first >> 6)) - 1;
    let rest = reader.take(more)?;
    Some(rest.iter().fold(u64::from(first & 0x3f), |sum, byte| sum << 8 | u64::from(*byte)))
}

/// HKDF-Expand-Label of TLS 1.3 for up to 32 bytes.
fn expand(secret: &[u8], label: &str, length: u8) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let head = [0, length, label.len() as u8];
    let mut bytes = hmac(secret, &[&head, label.as_bytes(), &[0, 1]]).to_vec();
    bytes.truncate(usize::from(length));
    bytes
}

/// HMAC with SHA-256, for keys of up to a block.
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let padded = |pad: u8| {
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let mut inner = Sha256::new_with_prefix(padded(0x36));
    for part in parts {
        inner.update(part);
    }
    Sha256::new_with_prefix(padded(0x5c)).chain_update(inner.finalize()).finalize().into()
}

fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut fixed = [0; N];
    fixed.iter_mut().zip(bytes).for_each(|(fixed, byte)| *fixed = *byte);
    fixed
}

const VERSIONS: &[Version] = &[
    Version {
        number: 1,
        salt: [
            0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8,
            0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a,
        ],
        labels: ["quic key", "quic iv", "quic hp"],
        initial: 0,
    },
    Version {
        number: 0x6b33_43cf,
        salt: [
            0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26,
            0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9,
        ],
        labels: ["quicv2 key", "quicv2 iv", "quicv2 hp"],
        initial: 1,
    },
    Version {
        number: 0xff00_001d,
        salt: [
            0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61,
            0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99,
        ],
        labels: ["quic key", "quic iv", "quic hp"],
        initial: 0,
    },
];

const SEAL_BYTES: usize = 16;
const PADDING: u8 = 0x00;
const PING: u8 = 0x01;
const ACK: u8 = 0x02;
const ACK_WITH_COUNTS: u8 = 0x03;
const CRYPTO: u8 = 0x06;
const CLIENT_HELLO: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    /// RFC 9001 appendix A.1 and A.2.
    #[test]
    fn the_example_of_the_standard() {
        let connection = hex("8394c8f03e515708");
        let version = VERSIONS.first().unwrap();
        let secret = hmac(&version.salt, &[&connection]);
        let client = expand(&secret, "client in", 32);
        assert_eq!(client, hex("c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea"));
        assert_eq!(expand(&client, "quic key", 16), hex("1f369613dd76d5467730efcbe3b1a22d"));
        assert_eq!(expand(&client, "quic iv", 12), hex("fa044b2f42a3fd3b46fb255c"));
        let header = Aes::new(fixed(&expand(&client, "quic hp", 16)));
        let mask = header.block(hex("d1b1c98dd7689fb8ec11d242b123dc9b").try_into().unwrap());
        assert_eq!(mask.get(..5), Some(hex("437b9aec36").as_slice()));
    }

    #[test]
    fn frames_are_put_in_order() {
        let late = hex("01 00 06 02 03 0003aa 06 00 02 0100 02 01 00 00 00");
        assert_eq!(joined(&late), None, "shorter than it says");
        let whole = hex("06 04 02 aabb 06 00 04 01000002 00");
        assert_eq!(joined(&whole), Some(hex("aabb")));
        assert_eq!(joined(&hex("06 04 02 aabb 00")), None, "its start is missing");
        assert_eq!(joined(&hex("1c 00")), None, "another frame");
    }
}
