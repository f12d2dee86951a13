//! TCP between two hosts: handshake, segments, acknowledgements, loss, disorder, close.
//!
//! Source: RFC 9293; RFC 5681 section 3.2 (three duplicate acknowledgements).
//! Limits: no window scaling, no timestamps option; the receiver never closes its window.

use model::Timestamp;

use super::link::{Host, ipv4, transport_checksum};
use super::octets::{Octets, patch};
use crate::random::Rng;

/// Frames with the time at which each passed the capture point.
pub(crate) type Tape = Vec<(Timestamp, Vec<u8>)>;

/// Which end of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// Who opened it.
    Client,
    /// Who was called.
    Server,
}

/// A connection that writes its frames to a tape.
pub(crate) struct Tcp<'t> {
    tape: &'t mut Tape,
    client: Side,
    server: Side,
    now_us: i64,
    rng: Rng,
    lose_segment: Option<u32>,
    segments: u32,
}

struct Side {
    host: Host,
    port: u16,
    /// Next sequence number that it sends.
    next: u32,
}

impl<'t> Tcp<'t> {
    /// A connection about to start at `now`; nothing is sent yet.
    pub(crate) fn new(
        tape: &'t mut Tape,
        client: (Host, u16),
        server: (Host, u16),
        now: Timestamp,
        mut rng: Rng,
    ) -> Self {
        let mut side = |(host, port)| Side { host, port, next: rng.word() };
        let (client, server) = (side(client), side(server));
        let now_us = now.as_micros();
        Self { tape, client, server, now_us, rng, lose_segment: None, segments: 0 }
    }

    /// Goes on with a connection whose ends have sent so many bytes since the handshake.
    pub(crate) fn resume(&mut self, client_bytes: u64, server_bytes: u64) -> &mut Self {
        self.client.next = self.client.next.wrapping_add(client_bytes as u32).wrapping_add(1);
        self.server.next = self.server.next.wrapping_add(server_bytes as u32).wrapping_add(1);
        self
    }

    /// The capture misses this data segment, counted from 0, although it is acknowledged.
    pub(crate) fn lose(&mut self, segment: u32) -> &mut Self {
        self.lose_segment = Some(segment);
        self
    }

    /// The three-way handshake.
    pub(crate) fn open(&mut self) -> &mut Self {
        self.emit(End::Client, SYN, &[]);
        self.turn();
        self.emit(End::Server, SYN | ACK, &[]);
        self.turn();
        self.emit(End::Client, ACK, &[]);
        self
    }

    /// A connection request that the server refuses.
    pub(crate) fn refused(&mut self) -> &mut Self {
        self.emit(End::Client, SYN, &[]);
        self.turn();
        self.emit(End::Server, RST | ACK, &[]);
        self
    }

    /// A connection request that nobody answers, repeated once.
    pub(crate) fn unanswered(&mut self) -> &mut Self {
        self.emit(End::Client, SYN, &[]);
        self.client.next = self.client.next.wrapping_sub(1);
        self.wait_ms(1000);
        self.emit(End::Client, SYN, &[]);
        self
    }

    /// The client speaks, the server answers.
    pub(crate) fn exchange(&mut self, question: &[u8], answer: &[u8]) -> &mut Self {
        self.send(End::Client, question).send(End::Server, answer)
    }

    /// One end sends bytes, cut to segments; the other acknowledges.
    pub(crate) fn send(&mut self, from: End, bytes: &[u8]) -> &mut Self {
        self.turn();
        let base = self.side(from).next;
        let chunks: Vec<&[u8]> = bytes.chunks(SEGMENT_BYTES).collect();
        let mut index = 0;
        while index < chunks.len() {
            let group = chunks.get(index..chunks.len().min(index + GROUP_SEGMENTS));
            let group = group.unwrap_or_default();
            let start = base.wrapping_add((index * SEGMENT_BYTES) as u32);
            let last = index + group.len() == chunks.len();
            self.send_group(from, start, group, last);
            index += group.len();
        }
        self
    }

    /// One end sends pieces of the next `length` bytes, each from its own offset and in this
    /// order; the other acknowledges all of them.
    pub(crate) fn pieces(&mut self, from: End, length: usize, pieces: &[(usize, Vec<u8>)]) {
        self.turn();
        let base = self.side(from).next;
        for (offset, bytes) in pieces {
            for (index, chunk) in bytes.chunks(SEGMENT_BYTES).enumerate() {
                let at = (offset + index * SEGMENT_BYTES) as u32;
                self.emit_data(from, base.wrapping_add(at), true, chunk);
            }
        }
        self.side_mut(from).next = base.wrapping_add(length as u32);
        self.emit(from.other(), ACK, &[]);
    }

    /// Lets time pass.
    pub(crate) fn wait_ms(&mut self, milliseconds: i64) -> &mut Self {
        self.now_us += milliseconds * 1000;
        self
    }

    /// Both ends finish, the client first.
    pub(crate) fn close(&mut self) {
        self.turn();
        self.emit(End::Client, FIN | ACK, &[]);
        self.turn();
        self.emit(End::Server, FIN | ACK, &[]);
        self.turn();
        self.emit(End::Client, ACK, &[]);
    }

    /// One end gives up.
    pub(crate) fn reset(&mut self, from: End) {
        self.turn();
        self.emit(from, RST | ACK, &[]);
    }

    /// A few segments in the order in which they pass, with the acknowledgements they cause.
    fn send_group(&mut self, from: End, start: u32, group: &[&[u8]], last: bool) {
        let mut order: Vec<usize> = (0..group.len()).collect();
        if group.len() == GROUP_SEGMENTS && self.rng.once_in(DISORDER_ONCE_IN) {
            order.swap(1, 2);
        } else if group.len() == GROUP_SEGMENTS && self.rng.once_in(RETRANSMIT_ONCE_IN) {
            // The first copy was lost before the capture point; three duplicates ask for it again.
            order.rotate_left(1);
        } else if group.len() == GROUP_SEGMENTS && self.rng.once_in(DUPLICATE_ONCE_IN) {
            order.push(1);
        }
        let mut seen = vec![false; group.len()];
        for (step, index) in order.iter().copied().enumerate() {
            let Some(chunk) = group.get(index) else { continue };
            let sequence = start.wrapping_add((index * SEGMENT_BYTES) as u32);
            let push = last && step + 1 == order.len();
            self.emit_data(from, sequence, push, chunk);
            if let Some(slot) = seen.get_mut(index) {
                *slot = true;
            }
            let whole = seen.iter().take_while(|seen| **seen).count();
            let received: usize = group.iter().take(whole).map(|chunk| chunk.len()).sum();
            let hole = seen.iter().skip(whole).any(|seen| *seen);
            self.side_mut(from).next = start.wrapping_add(received as u32);
            if hole || step % 2 == 1 || step + 1 == order.len() {
                self.now_us += self.rng.between(4, 30);
                self.emit(from.other(), ACK, &[]);
            }
        }
    }

    fn emit_data(&mut self, from: End, sequence: u32, push: bool, chunk: &[u8]) {
        let lost = self.lose_segment == Some(self.segments);
        self.segments += 1;
        self.side_mut(from).next = sequence;
        self.now_us += self.rng.between(6, 40);
        if !lost {
            self.emit(from, if push { PSH | ACK } else { ACK }, chunk);
        }
    }

    fn emit(&mut self, from: End, flags: u8, payload: &[u8]) {
        let id = self.rng.half();
        let (side, peer) = match from {
            End::Client => (&self.client, &self.server),
            End::Server => (&self.server, &self.client),
        };
        let options: &[u8] = if flags & SYN == 0 { &[] } else { &SYN_OPTIONS };
        let acknowledged = if flags & ACK == 0 { 0 } else { peer.next };
        let mut segment = Vec::with_capacity(payload.len() + 24);
        segment.be16(side.port).be16(peer.port).be32(side.next).be32(acknowledged);
        segment.u8(0x50 + ((options.len() as u8) << 2)).u8(flags).be16(WINDOW_BYTES);
        segment.be32(0).put(options).put(payload);
        let sum = transport_checksum(side.host.ip, peer.host.ip, TCP, &segment);
        patch(&mut segment, 16, &sum.to_be_bytes());
        let frame = ipv4(&side.host, &peer.host, id, TCP, &segment);
        let consumed = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.tape.push((Timestamp::from_micros(self.now_us), frame));
        let side = self.side_mut(from);
        side.next = side.next.wrapping_add(consumed);
    }

    /// Time for the other end to notice and answer.
    fn turn(&mut self) {
        self.now_us += self.rng.between(120, 900);
    }

    fn side(&self, end: End) -> &Side {
        match end {
            End::Client => &self.client,
            End::Server => &self.server,
        }
    }

    fn side_mut(&mut self, end: End) -> &mut Side {
        match end {
            End::Client => &mut self.client,
            End::Server => &mut self.server,
        }
    }
}

impl End {
    fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;
/// IP protocol number of TCP.
const TCP: u8 = 6;
/// Largest payload of a segment on Ethernet, in bytes.
const SEGMENT_BYTES: usize = 1460;
/// Maximum segment size option, 1460.
const SYN_OPTIONS: [u8; 4] = [2, 4, 0x05, 0xb4];
const WINDOW_BYTES: u16 = 0xfaf0;
/// Segments on the way at once; enough for three duplicate acknowledgements.
const GROUP_SEGMENTS: usize = 6;
/// Rare enough for a healthy hospital network, frequent enough that a capture shows each.
const DISORDER_ONCE_IN: u64 = 150;
const RETRANSMIT_ONCE_IN: u64 = 200;
const DUPLICATE_ONCE_IN: u64 = 250;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use model::Mac;
    use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

    use super::*;

    /// What one end sent, as far as it passed.
    #[derive(Default)]
    struct Seen {
        bytes: Vec<Option<u8>>,
        /// Bytes from the start without a hole.
        whole: usize,
        acknowledged: usize,
        first: Option<u32>,
    }

    impl Seen {
        fn add(&mut self, at: usize, payload: &[u8]) {
            self.bytes.resize(self.bytes.len().max(at + payload.len()), None);
            for (slot, byte) in self.bytes[at..].iter_mut().zip(payload) {
                assert_eq!(*slot.get_or_insert(*byte), *byte);
            }
            self.whole += self.bytes[self.whole..].iter().take_while(|slot| slot.is_some()).count();
        }
    }

    fn host(last: u8) -> Host {
        let mac = Mac([6, 0, 0, 0, 0, last]);
        Host { mac, ip: Ipv4Addr::new(10, 20, 0, last), vlan: None, gateway: mac, hops: 64 }
    }

    /// Reads the frames back; nobody may acknowledge what did not pass before.
    fn read(tape: &Tape) -> [Seen; 2] {
        let mut ends = [Seen::default(), Seen::default()];
        for (_, frame) in tape {
            let word = |at: usize| u32::from_be_bytes(frame[at..at + 4].try_into().unwrap());
            let total = usize::from(frame[16]) << 8 | usize::from(frame[17]);
            let payload = &frame[34 + usize::from(frame[46] >> 4) * 4..14 + total];
            let from = usize::from(frame[29] == 2);
            let first = *ends[from].first.get_or_insert(word(38).wrapping_add(1));
            if !payload.is_empty() {
                ends[from].add(word(38).wrapping_sub(first) as usize, payload);
            }
            if frame[47] & ACK != 0 {
                let other = &mut ends[1 - from];
                let acknowledged = word(42).wrapping_sub(other.first.unwrap()) as usize;
                // One more for the end of the stream.
                assert!(acknowledged <= other.whole + 1, "{acknowledged}");
                other.acknowledged = other.acknowledged.max(acknowledged);
            }
        }
        ends
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// Whatever is lost, repeated or swapped, the bytes arrive and are acknowledged.
        #[test]
        fn streams_arrive_whole(
            seed: u64,
            parts in proptest::collection::vec((any::<bool>(), 0usize..60_000), 1..6),
        ) {
            let mut tape = Tape::new();
            let mut sent = [Vec::new(), Vec::new()];
            let rng = Rng::of(seed, &[]);
            let mut content = Rng::of(seed, &[1]);
            let ends = ((host(1), 50_000), (host(2), 104));
            let mut tcp = Tcp::new(&mut tape, ends.0, ends.1, Timestamp::EPOCH, rng);
            tcp.open();
            for (server, count) in parts {
                let bytes = content.bytes(count);
                tcp.send(if server { End::Server } else { End::Client }, &bytes);
                sent[usize::from(server)].extend(bytes);
            }
            tcp.close();
            for (seen, sent) in read(&tape).iter().zip(&sent) {
                prop_assert_eq!(seen.bytes.iter().flatten().copied().collect::<Vec<_>>(), sent.clone());
                prop_assert_eq!(seen.acknowledged, sent.len() + 1);
            }
        }
    }

    #[test]
    fn a_lost_segment_is_acknowledged_all_the_same() {
        let mut tape = Tape::new();
        let ends = ((host(1), 50_000), (host(2), 104));
        let mut tcp = Tcp::new(&mut tape, ends.0, ends.1, Timestamp::EPOCH, Rng::of(3, &[]));
        tcp.lose(1).open().send(End::Client, &[7; 3 * SEGMENT_BYTES]);
        let data: usize = tape.iter().map(|(_, frame)| usize::from(frame.len() > 1000)).sum();
        let last = tape.last().map(|(_, frame)| frame[42..46].to_vec());
        let start = u32::from_be_bytes(tape[0].1[38..42].try_into().unwrap());
        let end = start.wrapping_add(1 + 3 * SEGMENT_BYTES as u32);
        assert_eq!((data, last), (2, Some(end.to_be_bytes().to_vec())));
    }
}
