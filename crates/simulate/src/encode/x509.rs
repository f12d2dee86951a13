//! A minimal X.509 version 3 certificate, as devices make for themselves.
//!
//! Source: RFC 5280 section 4.1.
//! Limits: key and signature are arbitrary bytes; nobody could verify them.

use std::net::Ipv4Addr;

use super::ber::{INTEGER, SEQUENCE, element, group, integer, object};
use crate::random::Rng;

/// What a certificate says.
pub(crate) struct Certificate<'a> {
    /// Common name of the subject.
    pub(crate) name: &'a str,
    /// Organization of the subject.
    pub(crate) organization: &'a str,
    /// Common name of the issuer.
    pub(crate) issuer: &'a str,
    /// First and last year of validity.
    pub(crate) years: (u32, u32),
    /// Address in the alternative names.
    pub(crate) address: Ipv4Addr,
}

/// The certificate in distinguished encoding.
pub(crate) fn encode(say: &Certificate<'_>, rng: &mut Rng) -> Vec<u8> {
    let algorithm = group(SEQUENCE, &[object(&[1, 2, 840, 113_549, 1, 1, 11]), element(5, &[])]);
    let signed = group(
        SEQUENCE,
        &[
            element(0xa0, &integer(2)),
            integer(rng.word() | 1),
            algorithm.clone(),
            name(say.issuer, say.organization),
            group(SEQUENCE, &[year(say.years.0), year(say.years.1)]),
            name(say.name, say.organization),
            public_key(rng),
            element(0xa3, &group(SEQUENCE, &[alternative_names(say)])),
        ],
    );
    group(SEQUENCE, &[signed, algorithm, bits(&rng.bytes(KEY_BYTES))])
}

fn name(common: &str, organization: &str) -> Vec<u8> {
    let part = |kind: u32, text: &str| {
        let pair = group(SEQUENCE, &[object(&[2, 5, 4, kind]), element(0x0c, text.as_bytes())]);
        element(0x31, &pair)
    };
    group(SEQUENCE, &[part(10, organization), part(3, common)])
}

/// The first second of a year as UTCTime.
fn year(year: u32) -> Vec<u8> {
    element(0x17, format!("{:02}0101000000Z", year % 100).as_bytes())
}

fn public_key(rng: &mut Rng) -> Vec<u8> {
    let mut modulus = vec![0, 0xc1];
    modulus.extend(rng.bytes(KEY_BYTES - 1));
    let key = group(SEQUENCE, &[element(INTEGER, &modulus), integer(65_537)]);
    let algorithm = group(SEQUENCE, &[object(&[1, 2, 840, 113_549, 1, 1, 1]), element(5, &[])]);
    group(SEQUENCE, &[algorithm, bits(&key)])
}

fn alternative_names(say: &Certificate<'_>) -> Vec<u8> {
    let dns = element(0x82, say.name.as_bytes());
    let address = element(0x87, &say.address.octets());
    let names = group(SEQUENCE, &[dns, address]);
    group(SEQUENCE, &[object(&[2, 5, 29, 17]), element(4, &names)])
}

fn bits(content: &[u8]) -> Vec<u8> {
    element(3, &[&[0], content].concat())
}

/// Bytes of a 2048-bit key.
const KEY_BYTES: usize = 256;
