//! Totals of conversations: client, server, port and application, all connections together.

use model::{Flow as Total, Timestamp, Transport};

use crate::index::Index;
use crate::observe::hosts::Hosts;

/// What totals are kept by.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct ConversationKey {
    pub(crate) client: u32,
    pub(crate) server: u32,
    pub(crate) transport: Transport,
    pub(crate) port: u16,
    pub(crate) application: Option<&'static str>,
}

/// A part of a conversation's totals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) connections: u64,
    pub(crate) answered: bool,
    pub(crate) first_seen: i64,
    pub(crate) last_seen: i64,
}

/// Totals by key.
pub(crate) struct Conversations {
    index: Index,
    seed: u64,
    entries: Vec<(ConversationKey, Share)>,
    entries_max: usize,
}

impl Conversations {
    pub(crate) fn new(entries_max: usize, seed: u64) -> Self {
        Self { index: Index::new(seed), seed, entries: Vec::new(), entries_max }
    }

    /// Adds a share; `false` where there is no room for another conversation.
    pub(crate) fn add(&mut self, key: ConversationKey, share: Share) -> bool {
        let hash = self.index.hash(&key);
        let entries = &self.entries;
        let found = self.index.find(hash, |number| {
            entries.get(number as usize).is_some_and(|(other, _)| *other == key)
        });
        if let Some((_, total)) = found.and_then(|number| self.entries.get_mut(number as usize)) {
            total.packets += share.packets;
            total.bytes += share.bytes;
            total.connections += share.connections;
            total.answered |= share.answered;
            total.first_seen = total.first_seen.min(share.first_seen);
            total.last_seen = total.last_seen.max(share.last_seen);
            return true;
        }
        if self.entries.len() >= self.entries_max {
            return false;
        }
        self.index.insert(hash, self.entries.len() as u32);
        self.entries.push((key, share));
        true
    }

    /// Gives the parties new numbers, and drops the totals of those that have none any more.
    pub(crate) fn renumber(&mut self, number: impl Fn(u32) -> Option<u32>) {
        self.index = Index::new(self.seed);
        for (mut key, share) in std::mem::take(&mut self.entries) {
            let Some((client, server)) = number(key.client).zip(number(key.server)) else {
                continue;
            };
            (key.client, key.server) = (client, server);
            self.index.insert(self.index.hash(&key), self.entries.len() as u32);
            self.entries.push((key, share));
        }
    }

    /// Hands the totals over, sorted, and starts anew.
    pub(crate) fn take(&mut self, hosts: &Hosts) -> Vec<Total> {
        self.index = Index::new(self.seed);
        let entries = std::mem::take(&mut self.entries);
        let mut totals: Vec<Total> = entries
            .into_iter()
            .map(|(key, share)| Total {
                client: hosts.endpoint(key.client),
                server: hosts.endpoint(key.server),
                transport: key.transport,
                port: key.port,
                application: key.application.map(str::to_owned),
                packets: share.packets,
                bytes: share.bytes,
                connections: share.connections,
                answered: share.answered,
                first_seen: Timestamp::from_micros(share.first_seen),
                last_seen: Timestamp::from_micros(share.last_seen),
            })
            .collect();
        totals.sort_by(|a, b| {
            let key = |total: &Total| (total.client, total.server, total.transport, total.port);
            key(a).cmp(&key(b)).then_with(|| a.application.cmp(&b.application))
        });
        totals
    }
}
