//! Endpoints, each under a small number, and what they sent.

use model::{Endpoint, Talker, Timestamp};

use super::record::NO_HOST;
use crate::index::Index;
use crate::ip;
use crate::link::{NO_VLAN, mac_of};

/// An endpoint as the wire shows it; see `link::NO_MAC` and `link::NO_VLAN` for what is absent.
/// An unspecified network address counts as none.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct HostKey {
    pub(crate) ip: u128,
    pub(crate) mac: u64,
    pub(crate) vlan: u16,
}

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
    entries: Vec<Host>,
    entries_max: usize,
}

impl Hosts {
    pub(crate) fn new(entries_max: usize, seed: u64) -> Self {
        Self { index: Index::new(seed), entries: Vec::new(), entries_max }
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

    /// The endpoint in the form everybody sees.
    pub(crate) fn endpoint(&self, number: u32) -> Endpoint {
        let Some(key) = self.key(number) else { return Endpoint::default() };
        Endpoint {
            mac: mac_of(key.mac),
            ip: ip::address(key.ip),
            vlan: (key.vlan != NO_VLAN).then_some(key.vlan),
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
