//! Conversations being followed.
//!
//! Limits: a fixed number at once; the longest idle of a few makes room. Idle ones are folded into
//!         the totals as packet time passes.

pub(crate) mod conversations;
pub(crate) mod datagrams;

use crate::dissect::Direction;
use crate::index::Index;
use crate::ip::protocol;
use crate::limits::{FLOW_CLOSED_IDLE_MICROS, FLOW_IDLE_MICROS};
use crate::observe::record::{NO_HOST, Now, Record};
use crate::tcp::connection::{Around, Connection};
use datagrams::Pace;

/// Both ends of a conversation in a fixed order, so that either direction finds it.
///
/// The VLAN is no part of it: where a mirror sees frames before and behind a router, the two
/// directions of one conversation carry different tags.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct FlowKey {
    low: u128,
    high: u128,
    low_port: u16,
    high_port: u16,
    protocol: u8,
}

impl FlowKey {
    /// The key, and which side the sender is.
    #[inline]
    pub(crate) fn new(
        source: (u128, u16),
        destination: (u128, u16),
        protocol: u8,
    ) -> (Self, usize) {
        let swapped = source > destination;
        let (low, high) = if swapped { (destination, source) } else { (source, destination) };
        let key = Self { low: low.0, high: high.0, low_port: low.1, high_port: high.1, protocol };
        (key, usize::from(swapped))
    }

    /// The transport's number.
    pub(crate) fn protocol(&self) -> u8 {
        self.protocol
    }
}

/// Who talks, who serves, and what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parties {
    /// Endpoint numbers.
    pub(crate) hosts: [u32; 2],
    /// True for a side that has sent, so that its endpoint is known and not inferred.
    pub(crate) spoke: [bool; 2],
    pub(crate) ports: [u16; 2],
    /// The side that was called.
    pub(crate) server: usize,
    /// How the server is known.
    pub(crate) basis: Basis,
    /// Decided by content.
    pub(crate) application: Option<&'static str>,
}

/// How the server of a conversation is known, weakest first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Basis {
    /// From the ports.
    Ports,
    /// The protocol said so.
    Content,
    /// The handshake said so.
    Handshake,
}

impl Parties {
    /// The endpoint number of a side.
    #[inline]
    pub(crate) fn host(&self, side: usize) -> u32 {
        self.hosts.get(side).copied().unwrap_or(NO_HOST)
    }

    /// The port of a side.
    pub(crate) fn port_of(&self, side: usize) -> u16 {
        self.ports.get(side).copied().unwrap_or_default()
    }

    /// True for a side that has sent.
    pub(crate) fn has_spoken(&self, side: usize) -> bool {
        self.spoke.get(side).copied().unwrap_or_default()
    }

    /// Which way bytes go that `side` sends.
    pub(crate) fn direction(&self, side: usize) -> Direction {
        if side == self.server { Direction::ToClient } else { Direction::ToServer }
    }

    /// The sides that may be the server, likelier first.
    pub(crate) fn possible_servers(&self) -> impl Iterator<Item = usize> + use<> {
        let other = (self.basis == Basis::Ports).then_some(1 - self.server);
        std::iter::once(self.server).chain(other)
    }

    /// The same two for another connection between the same ports.
    pub(crate) fn renewed(&self) -> Self {
        Self { basis: Basis::Ports, application: None, spoke: [false; 2], ..*self }
    }

    /// Notes that a side sent, and the endpoint it sent from.
    #[inline]
    pub(crate) fn speaks(&mut self, side: usize, from: u32) {
        let Some(spoke) = self.spoke.get_mut(side) else { return };
        if !std::mem::replace(spoke, true)
            && let Some(host) = self.hosts.get_mut(side)
        {
            *host = from;
        }
    }

    /// The content told the application and who serves it.
    pub(crate) fn identified(&mut self, application: &'static str, server: usize) {
        self.application = Some(application);
        self.serves(server, Basis::Content);
    }

    /// Notes who serves, unless that is known on a better basis.
    pub(crate) fn serves(&mut self, server: usize, basis: Basis) {
        if basis >= self.basis {
            self.server = server;
            self.basis = basis;
        }
    }
}

/// One conversation being followed.
pub(crate) struct Flow {
    pub(crate) key: FlowKey,
    pub(crate) hash: u32,
    pub(crate) parties: Parties,
    /// Totals since the last fold.
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) first_seen: i64,
    pub(crate) last_seen: i64,
    pub(crate) first_frame: u64,
    pub(crate) first_frame_bytes: u32,
    /// True once this connection was counted in the totals.
    pub(crate) counted: bool,
    /// Sequence number of each side's SYN.
    pub(crate) syn: [Option<u32>; 2],
    /// Sides that have said they are done.
    pub(crate) finished: [bool; 2],
    pub(crate) reset: bool,
    /// Present while somebody reads, or may yet.
    pub(crate) connection: Option<Box<Connection>>,
    /// True once nobody reads the connection any more.
    pub(crate) over: bool,
    pub(crate) pace: Pace,
}

impl Flow {
    pub(crate) fn new(key: FlowKey, hash: u32, parties: Parties, now: Now) -> Self {
        Self {
            key,
            hash,
            parties,
            packets: 0,
            bytes: 0,
            first_seen: now.time,
            last_seen: now.time,
            first_frame: now.frame,
            first_frame_bytes: now.frame_bytes,
            counted: false,
            syn: [None; 2],
            finished: [false; 2],
            reset: false,
            connection: None,
            over: false,
            pace: Pace::default(),
        }
    }

    /// Counts a packet.
    #[inline]
    pub(crate) fn count(&mut self, now: &Now) {
        if self.packets == 0 {
            self.first_seen = now.time;
        }
        self.packets += now.packets;
        self.bytes += now.wire_bytes;
        self.first_seen = self.first_seen.min(now.time);
        self.last_seen = self.last_seen.max(now.time);
    }

    /// The totals so far were added up elsewhere.
    pub(crate) fn start_anew(&mut self) {
        self.counted = true;
        self.packets = 0;
        self.bytes = 0;
    }

    /// Bytes of unread streams kept.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.connection.as_ref().map_or(0, |connection| connection.kept_bytes())
    }

    /// Nobody reads the connection any more.
    pub(crate) fn stop_reading(&mut self) {
        self.connection = None;
        self.over = true;
    }

    /// The connection ends: what waits behind holes is read.
    pub(crate) fn end_reading(&mut self, record: &mut Record, now: Now) {
        if let Some(connection) = &mut self.connection {
            connection.end(&mut Around { record, parties: &mut self.parties, now });
        }
        self.stop_reading();
    }

    /// True where nothing more is expected but stragglers.
    pub(crate) fn is_closed(&self) -> bool {
        self.reset || self.finished == [true, true]
    }

    /// True where the conversation has been silent for so long that it is over.
    fn is_idle(&self, now: i64) -> bool {
        let patience = if self.is_closed() { FLOW_CLOSED_IDLE_MICROS } else { FLOW_IDLE_MICROS };
        now.saturating_sub(self.last_seen) > patience
    }
}

/// The server by its port, where nothing better tells: the port a protocol of ours is known by,
/// the privileged one, the one below the ephemeral range, the one that was called first.
pub(crate) fn server_by_port(
    ports: [u16; 2],
    sender: usize,
    is_known: impl Fn(u16) -> bool,
) -> usize {
    let tests: [&dyn Fn(u16) -> bool; 3] =
        [&is_known, &|port| port < PRIVILEGED_END, &|port| port < EPHEMERAL_START];
    for test in tests {
        match ports.map(test) {
            [true, false] => return 0,
            [false, true] => return 1,
            _ => {}
        }
    }
    1 - sender
}

/// The conversations being followed, by key.
pub(crate) struct Flows {
    index: Index,
    slots: Vec<Option<Flow>>,
    free: Vec<u32>,
    kept_max: usize,
    /// The slot to look at next for an idle conversation.
    hand: usize,
}

impl Flows {
    pub(crate) fn new(flows_max: usize, seed: u64) -> Self {
        Self {
            index: Index::new(seed),
            slots: Vec::new(),
            free: Vec::new(),
            kept_max: flows_max.max(1),
            hand: 0,
        }
    }

    #[inline]
    pub(crate) fn hash(&self, key: &FlowKey) -> u32 {
        self.index.hash(key)
    }

    #[inline]
    pub(crate) fn find(&self, hash: u32, key: &FlowKey) -> Option<u32> {
        self.index.find(hash, |number| {
            matches!(self.slots.get(number as usize), Some(Some(flow)) if flow.key == *key)
        })
    }

    /// The conversation of this number.
    #[inline]
    pub(crate) fn at(&mut self, number: u32) -> Option<&mut Flow> {
        self.slots.get_mut(number as usize)?.as_mut()
    }

    /// True where a new conversation needs room first.
    pub(crate) fn is_full(&self) -> bool {
        self.free.is_empty() && self.slots.len() >= self.kept_max
    }

    /// Adds a conversation that is not there yet; answers its number.
    pub(crate) fn insert(&mut self, flow: Flow) -> u32 {
        let hash = flow.hash;
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        if let Some(slot) = self.slots.get_mut(number as usize) {
            *slot = Some(flow);
            self.index.insert(hash, number);
        }
        number
    }

    /// Looks at the next slot and takes its conversation out if that is over.
    #[inline]
    pub(crate) fn sweep(&mut self, now: i64) -> Option<Flow> {
        self.hand = if self.hand + 1 < self.slots.len() { self.hand + 1 } else { 0 };
        let flow = self.slots.get(self.hand)?.as_ref()?;
        if flow.is_idle(now) { self.remove(self.hand) } else { None }
    }

    /// Takes the longest idle of the next few conversations out.
    pub(crate) fn evict(&mut self) -> Option<Flow> {
        let mut oldest: Option<(i64, usize)> = None;
        for _ in 0..EVICTION_CANDIDATES {
            self.hand = if self.hand + 1 < self.slots.len() { self.hand + 1 } else { 0 };
            if let Some(Some(flow)) = self.slots.get(self.hand)
                && oldest.is_none_or(|(seen, _)| flow.last_seen < seen)
            {
                oldest = Some((flow.last_seen, self.hand));
            }
        }
        oldest.and_then(|(_, slot)| self.remove(slot))
    }

    /// The longest silent of the next few conversations that keep unread bytes; of all, where
    /// none of those does.
    pub(crate) fn stalest_unread(&mut self) -> Option<&mut Flow> {
        let mut oldest: Option<(i64, usize)> = None;
        for looked in 0..self.slots.len() {
            if looked >= RECLAIM_CANDIDATES && oldest.is_some() {
                break;
            }
            self.hand = if self.hand + 1 < self.slots.len() { self.hand + 1 } else { 0 };
            if let Some(Some(flow)) = self.slots.get(self.hand)
                && flow.kept_bytes() > 0
                && oldest.is_none_or(|(seen, _)| flow.last_seen < seen)
            {
                oldest = Some((flow.last_seen, self.hand));
            }
        }
        self.slots.get_mut(oldest?.1)?.as_mut()
    }

    /// Takes every conversation out, in the order of the slots.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Flow> + use<> {
        let seedless = std::mem::take(&mut self.slots);
        for (number, flow) in seedless.iter().enumerate() {
            if let Some(flow) = flow {
                self.index.remove(flow.hash, number as u32);
            }
        }
        self.free.clear();
        self.hand = 0;
        seedless.into_iter().flatten()
    }

    /// Gives the parties new numbers, and drops conversations of those that have none any more;
    /// answers the bytes of unread streams that go with them.
    pub(crate) fn renumber(&mut self, number: impl Fn(u32) -> Option<u32>) -> usize {
        let mut bytes = 0;
        for slot in 0..self.slots.len() {
            let Some(Some(flow)) = self.slots.get_mut(slot) else { continue };
            let [one, other] = flow.parties.hosts;
            match (number(one), number(other)) {
                (Some(one), Some(other)) => flow.parties.hosts = [one, other],
                _ => bytes += self.remove(slot).map_or(0, |flow| flow.kept_bytes()),
            }
        }
        bytes
    }

    /// Every conversation, in the order of the slots.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Flow> {
        self.slots.iter_mut().flatten()
    }

    fn remove(&mut self, slot: usize) -> Option<Flow> {
        let flow = self.slots.get_mut(slot)?.take()?;
        self.index.remove(flow.hash, slot as u32);
        self.free.push(slot as u32);
        Some(flow)
    }
}

/// The transport as the rest of the project names it.
pub(crate) fn transport(number: u8) -> model::Transport {
    match number {
        protocol::TCP => model::Transport::Tcp,
        protocol::UDP => model::Transport::Udp,
        protocol::ICMP | protocol::ICMPV6 => model::Transport::Icmp,
        _ => model::Transport::Other,
    }
}

/// Ports below this need a privilege to be served (RFC 6335, system ports).
const PRIVILEGED_END: u16 = 1024;

/// Lowest port that common systems give to clients: Linux 32768; Windows and IANA 49152.
const EPHEMERAL_START: u16 = 32768;

/// Conversations compared when one must make room: enough to spare the busy ones.
const EVICTION_CANDIDATES: usize = 16;

/// Conversations compared when unread bytes must be given up.
const RECLAIM_CANDIDATES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_share_a_key() {
        let (there, sender) = FlowKey::new((5, 104), (3, 40_000), 6);
        let (back, other) = FlowKey::new((3, 40_000), (5, 104), 6);
        assert_eq!((there, sender, other), (back, 1, 0));
        assert_ne!(there, FlowKey::new((5, 104), (3, 40_000), 17).0, "another transport");
    }

    #[test]
    #[rustfmt::skip]
    fn the_likelier_port_serves() {
        for (name, ports, sender, want) in [
            ("known",             [11112, 50000], 0, 0),
            ("known beats low",   [11112, 600],   0, 0),
            ("privileged",        [600, 50000],   0, 0),
            ("below ephemeral",   [50000, 9000],  1, 1),
            ("called first",      [50000, 50001], 1, 0),
            ("both the same",     [53, 53],       0, 1),
        ] {
            assert_eq!(server_by_port(ports, sender, |port| port == 11112), want, "{name}");
        }
    }
}
