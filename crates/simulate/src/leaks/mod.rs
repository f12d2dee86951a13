//! Traffic that would leak: patients right behind, beside and inside of what a parser reads.
//!
//! What:    a canary in every place where a patient stands, behind every sign that may end a
//!          header, in segments that are lost, late or overlap, and in fragments that are mixed.
//! Output:  frames in time order. Nothing that a parser may keep carries a canary.
//! Limits:  HL7 and DICOM, the protocols that carry patients; what carries a person's name by
//!          design is another matter.
//! Privacy: the patients are invented.

mod dicom;
mod hl7;

use std::net::Ipv4Addr;

use model::{Mac, Timestamp};

use crate::encode::link::Host;
use crate::encode::tcp::{End, Tape, Tcp};
use crate::random::Rng;

/// All of it, as Ethernet frames in time order.
pub fn leak_frames() -> Vec<(Timestamp, Vec<u8>)> {
    let mut tape = Tape::new();
    let mut messages = Vec::new();
    hl7::messages(&mut messages);
    dicom::associations(&mut messages);
    for (number, message) in messages.iter().enumerate() {
        message.put(number, &mut tape);
    }
    tape
}

/// What a client sends, where a terminator or a boundary stands in it, and to which port.
struct Message {
    bytes: Vec<u8>,
    /// Where what may be kept ends.
    boundary: usize,
    port: u16,
    passage: Passage,
}

/// How the bytes pass the capture point.
#[derive(Clone, Copy, Debug)]
enum Passage {
    /// In one segment.
    Whole,
    /// Cut at the boundary; the part behind comes first.
    Late,
    /// Cut before and behind the boundary; what is between never comes.
    Lost,
    /// The part behind begins before the boundary, with other bytes for what was there.
    Overlapping,
    /// A byte at a time around the boundary.
    Slow,
}

impl Passage {
    const ALL: [Self; 5] = [Self::Whole, Self::Late, Self::Lost, Self::Overlapping, Self::Slow];
}

impl Message {
    fn put(&self, number: usize, tape: &mut Tape) {
        let host = |last: u8, high: u8| {
            let mac = Mac([2, 0x1e, 0xa4, high, 0, last]);
            Host { mac, ip: Ipv4Addr::new(10, 66, high, last), vlan: None, gateway: mac, hops: 64 }
        };
        let client = (host(9, (number % 200) as u8), 40_000 + (number % 20_000) as u16);
        let now = Timestamp::from_seconds(1_795_424_400 + i64::from(number as u32));
        let rng = Rng::of(number as u64, &[]);
        let mut tcp = Tcp::new(tape, client, (host(8, 255), self.port), now, rng);
        tcp.open();
        self.pass(&mut tcp);
        tcp.close();
    }

    fn pass(&self, tcp: &mut Tcp<'_>) {
        let (whole, at) = (self.bytes.as_slice(), self.boundary);
        let part =
            |from: usize, to: usize| whole.get(from..to.min(whole.len())).unwrap_or_default();
        let piece = |from: usize, to: usize| (from, part(from, to).to_vec());
        let pieces = match self.passage {
            Passage::Whole => vec![piece(0, whole.len())],
            Passage::Late => vec![piece(at, whole.len()), piece(0, at)],
            Passage::Lost => vec![piece(0, at), piece(at + LOST_BYTES, whole.len())],
            Passage::Overlapping => {
                let from = at.saturating_sub(LOST_BYTES);
                let mut other = part(from, whole.len()).to_vec();
                other.iter_mut().take(at - from).for_each(|byte| *byte = b'C');
                vec![piece(0, at), (from, other)]
            }
            Passage::Slow => {
                let end = whole.len().min(at + 12);
                let single = (at..end).map(|from| piece(from, from + 1));
                [piece(0, at)].into_iter().chain(single).chain([piece(end, whole.len())]).collect()
            }
        };
        tcp.pieces(End::Client, whole.len(), &pieces);
    }
}

/// What is lost around a boundary, in bytes: the longest terminator that is written out.
const LOST_BYTES: usize = 6;
