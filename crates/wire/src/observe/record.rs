//! What is written down while frames go by, and the hand that a dissector writes with.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;

use model::{Answerable, Binding, Mac, Timestamp, WireAnomaly};

use super::hosts::{self, HostKey, Hosts};
use super::sightings::{Finding, Kept, Sightings};
use crate::dissect::{About, Field, Sink};
use crate::ip;
use crate::limits::{Limits, SKIP_REASONS_MAX};
use crate::link::{NO_MAC, NO_VLAN, Skip, mac_number};
use crate::place::Origin;
use crate::privacy::{self, Mask};
use crate::protocols;

/// When and in which frame something happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Microseconds since the Unix epoch.
    pub(crate) time: i64,
    pub(crate) frame: u64,
    pub(crate) frame_bytes: u32,
    /// Frames that carried the packet, and their length on the wire together, in bytes.
    pub(crate) packets: u64,
    pub(crate) wire_bytes: u64,
}

/// Everything written down, but for conversations.
pub(crate) struct Record {
    pub(crate) hosts: Hosts,
    pub(crate) sightings: Sightings,
    pub(crate) bindings: Bindings,
    pub(crate) oddities: Oddities,
    pub(crate) skips: Skips,
    mask: Mask,
    /// Protocols over TCP by port, a bit for each.
    stream_hints: BTreeMap<u16, u64>,
    /// The same over UDP.
    datagram_hints: BTreeMap<u16, u64>,
}

impl Record {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            hosts: Hosts::new(limits.endpoints_max, limits.hash_seed),
            sightings: Sightings::new(limits),
            bindings: Bindings { entries: BTreeMap::new(), entries_max: limits.bindings_max },
            oddities: Oddities::default(),
            skips: Skips::default(),
            mask: limits.mask,
            stream_hints: hints(protocols::STREAM.iter().map(|protocol| protocol.ports)),
            datagram_hints: hints(protocols::DATAGRAM.iter().map(|protocol| protocol.ports)),
        }
    }

    /// Protocols over TCP that one of the ports hints at, a bit for each.
    pub(crate) fn hinted(&self, ports: [u16; 2]) -> u64 {
        ports.iter().filter_map(|port| self.stream_hints.get(port)).fold(0, |all, bits| all | bits)
    }

    /// The same for protocols over UDP.
    pub(crate) fn hinted_datagrams(&self, ports: [u16; 2]) -> u64 {
        let hints = &self.datagram_hints;
        ports.iter().filter_map(|port| hints.get(port)).fold(0, |all, bits| all | bits)
    }

    /// True for a port that a protocol of ours is known by.
    pub(crate) fn is_known(&self, port: u16) -> bool {
        self.stream_hints.contains_key(&port) || self.datagram_hints.contains_key(&port)
    }

    /// True for an endpoint that no single device owns.
    pub(crate) fn is_group(&self, host: u32) -> bool {
        self.hosts.key(host).is_some_and(|key| ip::is_group(key.ip) || is_group_mac(key.mac))
    }

    /// Writes a finding down, or counts why not.
    pub(crate) fn add(&mut self, finding: &Finding<'_>) {
        if self.mask.covers(finding.attribute) {
            return self.skips.count(Skip::Fixed("value masked by the setting"), 1);
        }
        if !privacy::fits(finding.attribute, finding.value) {
            let what = "value without the shape of its field";
            let protocol = finding.protocol;
            return self.oddities.count(protocol, what, Answerable::Sender, finding.frame);
        }
        let what = match self.sightings.add(finding) {
            Kept::Yes => return,
            Kept::TooManyHere => "more values of an attribute at one endpoint than we keep",
            Kept::TooMany => "more values than we keep",
            Kept::InPlaceOf(gone) => {
                let what = "weak values let go to make room";
                return self.oddities.add("wire", what, Answerable::Us, finding.frame, gone);
            }
        };
        self.oddities.count("wire", what, Answerable::Us, finding.frame);
    }
}

/// Which protocols each port hints at, a bit for each.
fn hints(ports: impl Iterator<Item = &'static [u16]>) -> BTreeMap<u16, u64> {
    let mut hints: BTreeMap<u16, u64> = BTreeMap::new();
    for (bit, ports) in ports.enumerate().take(64) {
        for port in ports {
            *hints.entry(*port).or_default() |= 1 << bit;
        }
    }
    hints
}

/// The [`Sink`] of one packet.
pub(crate) struct Hearing<'a> {
    record: &'a mut Record,
    sender: u32,
    receiver: u32,
    vlan: u16,
    now: Now,
    origin: Origin<'a>,
}

impl<'a> Hearing<'a> {
    pub(crate) fn new(record: &'a mut Record, sender: u32, receiver: u32, now: Now) -> Self {
        let vlan = record.hosts.key(sender).map_or(NO_VLAN, |key| key.vlan);
        let origin = Origin { base: 0, places: &[] };
        Self { record, sender, receiver, vlan, now, origin }
    }

    /// Lends a sink for bytes from `origin`.
    pub(crate) fn at<T>(
        &mut self,
        origin: Origin<'_>,
        read: impl FnOnce(&mut Hearing<'_>) -> T,
    ) -> T {
        read(&mut Hearing {
            record: self.record,
            sender: self.sender,
            receiver: self.receiver,
            vlan: self.vlan,
            now: self.now,
            origin,
        })
    }

    /// Protocols over UDP that one of the ports hints at, a bit for each.
    pub(crate) fn hinted_datagrams(&self, ports: [u16; 2]) -> u64 {
        self.record.hinted_datagrams(ports)
    }

    /// Counts an oddity.
    pub(crate) fn oddity(
        &mut self,
        protocol: &'static str,
        what: &'static str,
        answerable: Answerable,
    ) {
        self.record.oddities.count(protocol, what, answerable, self.now.frame);
    }

    fn host(&mut self, about: About) -> Option<u32> {
        let key = match about {
            About::Sender => return Some(self.sender),
            About::Receiver => {
                // Nobody owns a group address.
                return (!self.record.is_group(self.receiver)).then_some(self.receiver);
            }
            About::Ip(address) if address.is_unspecified() => return None,
            About::Ip(address) => {
                HostKey { ip: ip::number(address), mac: NO_MAC, vlan: self.vlan, station: 0 }
            }
            About::Mac(mac) => {
                HostKey { ip: 0, mac: mac_number(mac.0), vlan: self.vlan, station: 0 }
            }
            About::Station(station) => {
                HostKey { ip: 0, mac: NO_MAC, vlan: NO_VLAN, station: hosts::station(station) }
            }
        };
        Some(self.record.hosts.number(key))
    }
}

impl Sink for Hearing<'_> {
    fn found(&mut self, field: &'static Field, about: About, value: &str, at: Range<usize>) {
        let Some(host) = self.host(about) else { return };
        let (frame, offset) = self.origin.locate(at.start);
        self.record.add(&Finding {
            host,
            attribute: field.attribute,
            value,
            confidence: field.confidence,
            protocol: field.protocol,
            field: field.name,
            rule: None,
            frame,
            offset,
            length: at.len() as u32,
            first_seen: self.now.time,
            last_seen: self.now.time,
        });
    }

    fn bound(&mut self, protocol: &'static str, mac: Mac, ip: IpAddr) {
        if !self.record.bindings.add((mac, ip, self.vlan, protocol), &self.now) {
            self.oddity("wire", "more bindings of addresses than we keep", Answerable::Us);
        }
    }

    fn odd(&mut self, protocol: &'static str, what: &'static str, answerable: Answerable) {
        self.oddity(protocol, what, answerable);
    }
}

/// A broadcast or multicast link address.
fn is_group_mac(number: u64) -> bool {
    number != NO_MAC && number >> 40 & 1 == 1
}

/// Link and network addresses that belong together.
pub(crate) struct Bindings {
    entries: BTreeMap<(Mac, IpAddr, u16, &'static str), Bound>,
    entries_max: usize,
}

struct Bound {
    first_seen: i64,
    last_seen: i64,
    frame: u64,
}

impl Bindings {
    fn add(&mut self, key: (Mac, IpAddr, u16, &'static str), now: &Now) -> bool {
        if let Some(bound) = self.entries.get_mut(&key) {
            bound.first_seen = bound.first_seen.min(now.time);
            bound.last_seen = bound.last_seen.max(now.time);
            return true;
        }
        if self.entries.len() >= self.entries_max {
            return false;
        }
        let bound = Bound { first_seen: now.time, last_seen: now.time, frame: now.frame };
        self.entries.insert(key, bound);
        true
    }

    /// Keeps the pairs of which an address is known to somebody.
    pub(crate) fn keep(&mut self, known: impl Fn(Mac, IpAddr) -> bool) {
        self.entries.retain(|(mac, ip, _, _), _| known(*mac, *ip));
    }

    /// Hands the pairs over, sorted, and starts anew.
    pub(crate) fn take(&mut self) -> Vec<Binding> {
        std::mem::take(&mut self.entries)
            .into_iter()
            .map(|((mac, ip, vlan, protocol), bound)| Binding {
                mac,
                ip,
                vlan: (vlan != NO_VLAN).then_some(vlan),
                protocol: protocol.to_owned(),
                first_seen: Timestamp::from_micros(bound.first_seen),
                last_seen: Timestamp::from_micros(bound.last_seen),
                frame: bound.frame,
            })
            .collect()
    }
}

/// Oddities, counted.
#[derive(Default)]
pub(crate) struct Oddities {
    entries: Vec<Oddity>,
}

struct Oddity {
    protocol: &'static str,
    what: &'static str,
    answerable: Answerable,
    first_frame: u64,
    count: u64,
}

impl Oddities {
    pub(crate) fn count(
        &mut self,
        protocol: &'static str,
        what: &'static str,
        answerable: Answerable,
        frame: u64,
    ) {
        self.add(protocol, what, answerable, frame, 1);
    }

    /// Counts an oddity so many times.
    pub(crate) fn add(
        &mut self,
        protocol: &'static str,
        what: &'static str,
        answerable: Answerable,
        frame: u64,
        times: u64,
    ) {
        // The phrases are fixed, so their place in memory tells them apart; should one stand in
        // two places, `take` adds them up.
        let same = |oddity: &&mut Oddity| {
            std::ptr::eq(oddity.what, what)
                && std::ptr::eq(oddity.protocol, protocol)
                && oddity.answerable == answerable
        };
        match self.entries.iter_mut().find(same) {
            Some(oddity) => oddity.count += times,
            None => self.entries.push(Oddity {
                protocol,
                what,
                answerable,
                first_frame: frame,
                count: times,
            }),
        }
    }

    /// Hands the oddities over, sorted, and starts anew.
    pub(crate) fn take(&mut self, capture: &str) -> Vec<WireAnomaly> {
        let mut counts = BTreeMap::new();
        for oddity in std::mem::take(&mut self.entries) {
            let key = (oddity.protocol, oddity.what, oddity.answerable);
            let total = counts.entry(key).or_insert((oddity.first_frame, 0));
            *total = (total.0.min(oddity.first_frame), total.1 + oddity.count);
        }
        let anomaly = |((protocol, what, answerable), (first_frame, count)): (
            (&'static str, &'static str, Answerable),
            (u64, u64),
        )| WireAnomaly {
            protocol: protocol.into(),
            what: what.into(),
            answerable,
            capture: capture.to_owned(),
            first_frame,
            count,
        };
        counts.into_iter().map(anomaly).collect()
    }
}

/// Reasons for which frames, or parts of them, were not used, counted.
#[derive(Default)]
pub(crate) struct Skips {
    entries: Vec<(Skip, u64)>,
    other: u64,
}

impl Skips {
    pub(crate) fn count(&mut self, skip: Skip, frames: u64) {
        if frames == 0 {
            return;
        }
        if let Some((_, count)) = self.entries.iter_mut().find(|(other, _)| *other == skip) {
            *count += frames;
        } else if self.entries.len() < SKIP_REASONS_MAX {
            self.entries.push((skip, frames));
        } else {
            self.other += frames;
        }
    }

    /// Hands the counts over and starts anew.
    pub(crate) fn take(&mut self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for (skip, count) in std::mem::take(&mut self.entries) {
            *counts.entry(skip.words().into_owned()).or_default() += count;
        }
        if self.other > 0 {
            counts.insert("one of many further reasons".to_owned(), self.other);
        }
        self.other = 0;
        counts
    }
}

/// Stands for an endpoint that there was no room for.
pub(crate) const NO_HOST: u32 = u32::MAX;
