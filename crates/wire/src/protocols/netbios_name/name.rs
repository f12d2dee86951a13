//! NetBIOS names: sixteen bytes, the last of which says what the name is for.
//!
//! Source:  RFC 1001 section 14.1 (encoding); the suffixes are Microsoft's, as `nbtstat` lists
//!          them.
//! Privacy: suffix 03 carries the name of whoever is logged in. Only suffixes of machines and
//!          domains are told apart here; every other name is dropped.

use std::ops::Range;

use model::Answerable;

use super::{CONTROLLER, DOMAIN, HOST, NAME};
use crate::dissect::{About, Sink};
use crate::protocols::dns::message::Name;
use crate::text;

/// A NetBIOS name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct NetbiosName {
    bytes: [u8; 15],
    suffix: u8,
}

impl NetbiosName {
    /// Undoes the encoding of two letters for a byte; the scope behind it is dropped.
    pub(super) fn decode(name: &Name) -> Option<Self> {
        Self::decode_label(name.labels().next()?)
    }

    /// As [`Self::decode`], from the one label.
    pub(super) fn decode_label(label: &[u8]) -> Option<Self> {
        let mut raw = [0u8; 16];
        if label.len() != 2 * raw.len() {
            return None;
        }
        for (byte, pair) in raw.iter_mut().zip(label.chunks_exact(2)) {
            let [high, low] = <[u8; 2]>::try_from(pair).ok()?.map(|c| c.wrapping_sub(b'A'));
            if high > 15 || low > 15 {
                return None;
            }
            *byte = high << 4 | low;
        }
        Some(Self::from_raw(raw))
    }

    /// From sixteen plain bytes.
    pub(super) const fn from_raw(raw: [u8; 16]) -> Self {
        let [bytes @ .., suffix] = raw;
        Self { bytes, suffix }
    }

    /// Tells what a name says about its owner.
    pub(super) fn tell(self, group: bool, about: About, at: &Range<usize>, sink: &mut dyn Sink) {
        let meaning = match (self.suffix, group) {
            (WORKSTATION | FILE_SERVER, false) => Meaning::Host,
            (WORKSTATION, true) => Meaning::Domain,
            (CONTROLLERS, true) => Meaning::Controller,
            _ => return,
        };
        let Some(clean) = text::clean(&self.bytes) else {
            return sink.odd(NAME, "name without text", Answerable::Sender);
        };
        // Web servers register `IS~host` and `INet~Services`, which name neither.
        if clean.starts_with("IS~") || clean.starts_with("INet~") || clean.starts_with('*') {
            return;
        }
        match meaning {
            Meaning::Host => sink.found(&HOST, about, &clean, at.clone()),
            Meaning::Domain => sink.found(&DOMAIN, about, &clean, at.clone()),
            Meaning::Controller => {
                sink.found(&DOMAIN, about, &clean, at.clone());
                sink.found(&CONTROLLER, about, "domain_controller", at.clone());
            }
        }
    }
}

enum Meaning {
    Host,
    Domain,
    Controller,
}

const WORKSTATION: u8 = 0x00;
const FILE_SERVER: u8 = 0x20;
const CONTROLLERS: u8 = 0x1c;
