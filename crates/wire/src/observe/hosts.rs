//! Endpoints, each under a small number, and what they sent.
//!
//! Limits: a number in all, and of those that sent no more than one packet [`BRIEF_MAX`]: a flood
//!         of new addresses takes the place of its own first ones, not of devices.

use model::{Endpoint, Station, Talker, Timestamp};

use super::record::NO_HOST;
use crate::index::Index;
use crate::ip;
use crate::limits::{BRIEF_KEPT, BRIEF_MAX};
use crate::link::{NO_VLAN, mac_of};

/// An endpoint as the wire shows it; see `link::NO_MAC` and `link::NO_VLAN` for what is absent.
/// An unspecified network address counts as none.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct HostKey {
    pub(crate) ip: u128,
    pub(crate) mac: u64,
    pub(crate) vlan: u16,
    /// See [`station`]; 0 for none.
    pub(crate) station: u64,
}

/// A station as a number: its network in front of its address.
pub(crate) fn station(station: Station) -> u64 {
    u64::from(station.network) << STATION_BITS | station.address & ((1 << STATION_BITS) - 1)
}

const STATION_BITS: u32 = 48;

#[derive(Clone, Copy)]
struct Host {
    key: HostKey,
    packets: u64,
    bytes: u64,
    first_frame: u64,
    first_seen: i64,
    last_seen: i64,
    /// Highest hop count of its packets; 0 before the first.
    hops: u8,
}

/// Every endpoint that was seen.
pub(crate) struct Hosts {
    index: Index,
    seed: u64,
    entries: Vec<Host>,
    entries_max: usize,
    /// Those that sent no more than one packet.
    brief: usize,
    /// How many of those there may be before some go.
    brief_max: usize,
}

impl Hosts {
    pub(crate) fn new(entries_max: usize, seed: u64) -> Self {
        Self {
            index: Index::new(seed),
            seed,
            entries: Vec::new(),
            entries_max,
            brief: 0,
            brief_max: BRIEF_MAX,
        }
    }

    /// The number of an endpoint; [`NO_HOST`] where there is no room for a new one.
    pub(crate) fn number(&mut self, key: HostKey) -> u32 {
        let key = if ip::is_unspecified(key.ip) { HostKey { ip: 0, ..key } } else { key };
        let hash = self.index.hash(&key);
        let entries = &self.entries;
        let found = self
            .index
            .find(hash, |number| entries.get(number as usize).is_some_and(|host| host.key == key));
        if let Some(number) = found {
            return number;
        }
        if self.entries.len() >= self.entries_max {
            return NO_HOST;
        }
        let number = self.entries.len() as u32;
        self.brief += 1;
        self.index.insert(hash, number);
        self.entries.push(Host {
            key,
            packets: 0,
            bytes: 0,
            first_frame: 0,
            first_seen: 0,
            last_seen: 0,
            hops: 0,
        });
        number
    }

    /// The key of an endpoint.
    #[inline]
    pub(crate) fn key(&self, number: u32) -> Option<HostKey> {
        self.entries.get(number as usize).map(|host| host.key)
    }

    /// Counts a frame that the endpoint sent.
    #[inline]
    pub(crate) fn sent(&mut self, number: u32, time: i64, frame: u64, bytes: u64) {
        let Some(host) = self.entries.get_mut(number as usize) else { return };
        if host.packets == 0 {
            (host.first_frame, host.first_seen, host.last_seen) = (frame, time, time);
        }
        host.packets += 1;
        if host.packets == 2 {
            self.brief -= 1;
        }
        host.bytes += bytes;
        host.first_seen = host.first_seen.min(time);
        host.last_seen = host.last_seen.max(time);
    }

    /// Notes how many hops a packet of the endpoint had left.
    #[inline]
    pub(crate) fn hopped(&mut self, number: u32, hops: u8) {
        if let Some(host) = self.entries.get_mut(number as usize) {
            host.hops = host.hops.max(hops);
        }
    }

    /// True where some must be let go before a new one comes.
    #[inline]
    pub(crate) fn is_crowded(&self) -> bool {
        self.brief > self.brief_max || self.entries.len() >= self.entries_max
    }

    /// Lets the oldest of those go that sent no more than one packet and were not heard of
    /// `again`, and where that is too little those that sent least. Answers the new number of
    /// each, [`NO_HOST`] for those gone.
    pub(crate) fn thin_out(&mut self, again: &[bool]) -> Vec<u32> {
        let again = again.iter().copied().chain(std::iter::repeat(false));
        let mut keep: Vec<bool> =
            self.entries.iter().zip(again).map(|(host, again)| again || host.packets > 1).collect();
        let brief = keep.iter_mut().rev().filter(|keep| !**keep);
        brief.take(BRIEF_KEPT.min(self.entries_max / 2)).for_each(|keep| *keep = true);
        let room = self.entries_max - self.entries_max / 4;
        let mut surplus = keep.iter().filter(|keep| **keep).count().saturating_sub(room);
        if surplus > 0 {
            let mut order: Vec<(u64, usize)> =
                self.entries.iter().map(|host| host.packets).zip(0..).collect();
            order.sort_unstable();
            for (_, at) in order {
                let Some(keep) = keep.get_mut(at).filter(|keep| surplus > 0 && **keep) else {
                    continue;
                };
                *keep = false;
                surplus -= 1;
            }
        }
        let numbers = self.keep(&keep);
        self.brief_max = BRIEF_MAX.max(self.brief + BRIEF_MAX - BRIEF_KEPT);
        numbers
    }

    fn keep(&mut self, keep: &[bool]) -> Vec<u32> {
        let old = std::mem::take(&mut self.entries);
        (self.index, self.brief) = (Index::new(self.seed), 0);
        let mut numbers = Vec::with_capacity(old.len());
        for (host, keep) in old.into_iter().zip(keep) {
            if !keep {
                numbers.push(NO_HOST);
                continue;
            }
            let number = self.entries.len() as u32;
            self.index.insert(self.index.hash(&host.key), number);
            self.brief += usize::from(host.packets <= 1);
            self.entries.push(host);
            numbers.push(number);
        }
        numbers
    }

    /// Every link and network address that is known.
    pub(crate) fn keys(&self) -> impl Iterator<Item = HostKey> {
        self.entries.iter().map(|host| host.key)
    }

    /// The endpoint in the form everybody sees.
    pub(crate) fn endpoint(&self, number: u32) -> Endpoint {
        let Some(key) = self.key(number) else { return Endpoint::default() };
        Endpoint {
            mac: mac_of(key.mac),
            ip: ip::address(key.ip),
            vlan: (key.vlan != NO_VLAN).then_some(key.vlan),
            station: (key.station != 0).then_some(Station {
                network: (key.station >> STATION_BITS) as u16,
                address: key.station & ((1 << STATION_BITS) - 1),
            }),
        }
    }

    /// Those that sent frames, sorted.
    pub(crate) fn talkers(&self) -> Vec<Talker> {
        let mut talkers: Vec<Talker> = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, host)| host.packets > 0)
            .map(|(number, host)| Talker {
                endpoint: self.endpoint(number as u32),
                first_frame: host.first_frame,
                first_seen: Timestamp::from_micros(host.first_seen),
                last_seen: Timestamp::from_micros(host.last_seen),
                packets: host.packets,
                bytes: host.bytes,
                hops: (host.hops > 0).then_some(host.hops),
            })
            .collect();
        talkers.sort_by_key(|talker| talker.endpoint);
        talkers
    }
}
