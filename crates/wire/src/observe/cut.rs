//! Datagrams that the capture cut: what stands whole in front of the cut is read.
//!
//! Input:  the bytes that were kept, and how many are missing.
//! Output: what a dissector finds whatever the missing bytes are. It reads the datagram twice, filled
//!         up with two different bytes; what differs depends on them and is dropped.
//! Limits: nobody but the capture is answerable for what is odd then.

use std::net::IpAddr;
use std::ops::Range;

use model::{Answerable, Mac};

use crate::dissect::{About, Field, Sink};

/// `kept` filled up by `missing` bytes, once with each filler.
pub(super) fn filled(kept: &[u8], missing: u32) -> [Vec<u8>; 2] {
    let length = (kept.len() + missing as usize).min(DATAGRAM_BYTES_MAX);
    FILLERS.map(|filler| {
        let mut bytes = kept.to_vec();
        bytes.resize(length.max(kept.len()), filler);
        bytes
    })
}

/// Keeps what is found.
#[derive(Default)]
pub(crate) struct Findings {
    found: Vec<(&'static Field, About, String, Range<usize>)>,
    bound: Vec<(&'static str, Mac, IpAddr)>,
}

impl Sink for Findings {
    fn found(&mut self, field: &'static Field, about: About, value: &str, at: Range<usize>) {
        self.found.push((field, about, value.to_owned(), at));
    }

    fn bound(&mut self, protocol: &'static str, mac: Mac, ip: IpAddr) {
        self.bound.push((protocol, mac, ip));
    }

    fn odd(&mut self, _protocol: &'static str, _what: &'static str, _answerable: Answerable) {}
}

impl Findings {
    /// Tells what both found, and where it stands in the first `kept` bytes.
    pub(crate) fn tell_common(&self, other: &Self, kept: usize, sink: &mut dyn Sink) {
        for found in self.found.iter().filter(|found| other.found.contains(found)) {
            let (field, about, value, at) = found;
            if at.end <= kept {
                sink.found(field, *about, value, at.clone());
            }
        }
        for bound in self.bound.iter().filter(|bound| other.bound.contains(bound)) {
            let (protocol, mac, ip) = *bound;
            sink.bound(protocol, mac, ip);
        }
    }
}

/// Zero is padding in many protocols, all bits set an end in some.
const FILLERS: [u8; 2] = [0x00, 0xff];

/// Longest payload of UDP, in bytes.
const DATAGRAM_BYTES_MAX: usize = 65_527;
