//! Who talks to whom.

use std::collections::BTreeMap;

use model::{Conversation, DeviceId, Timestamp, Transport};

use crate::StoreError;
use crate::engine::sql::{Param, Row};
use crate::engine::tx::{Tx, WriteTx};

impl WriteTx<'_> {
    /// Removes conversations that were last seen before `before`. Gives how many.
    pub fn forget_conversations(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.run("DELETE FROM conversation WHERE last_seen < ?1", &[before.into()])
    }

    /// Adds conversations to those that are there at `site`: volumes add up, times widen, and the devices
    /// are those of the newest. Whoever takes a capture in twice counts twice; ask
    /// [`Tx::ingested`] before.
    pub fn add_conversations(
        &self,
        site: &str,
        conversations: &[Conversation],
    ) -> Result<(), StoreError> {
        let mut sums: BTreeMap<_, Conversation> = BTreeMap::new();
        for talk in conversations {
            let key = (
                &talk.client_address,
                &talk.server_address,
                talk.transport,
                talk.port,
                talk.application.as_deref().unwrap_or_default(),
            );
            sums.entry(key).and_modify(|sum| add(sum, talk)).or_insert_with(|| talk.clone());
        }
        let mut rows = Vec::with_capacity(sums.len());
        for talk in sums.values() {
            let mut row = vec![Param::Int(self.next_number("conversation")?), site.into()];
            row.extend(params(talk));
            rows.push(row);
        }
        self.insert_many(COLUMNS, 13, CONFLICT, rows)
    }
}

impl Tx<'_> {
    /// Whether any conversation was last seen before `before`.
    pub fn has_conversations_before(&self, before: Timestamp) -> Result<bool, StoreError> {
        let sql = "SELECT COUNT(*) FROM conversation WHERE last_seen < ?1";
        Ok(self.count(sql, &[before.into()])? > 0)
    }

    /// Conversations of one device, largest first.
    pub(crate) fn conversations_of(
        &self,
        device: DeviceId,
        limit: u64,
    ) -> Result<Vec<Conversation>, StoreError> {
        let sql = "SELECT client, server, client_address, server_address, transport, port, \
             application, packets, bytes, first_seen, last_seen FROM conversation \
             WHERE client = ?1 OR server = ?1 ORDER BY bytes DESC, number LIMIT ?2";
        self.rows(sql, &[device.to_string().into(), limit.into()], read)
    }
}

impl Tx<'_> {
    /// Conversations at `site`, or at every site; at most `limit`, oldest row first.
    pub fn conversations_at(
        &self,
        site: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Conversation>, StoreError> {
        let sql = "SELECT client, server, client_address, server_address, transport, port, \
             application, packets, bytes, first_seen, last_seen FROM conversation \
             WHERE ?1 IS NULL OR site = ?1 ORDER BY number LIMIT ?2";
        self.rows(sql, &[site.into(), limit.into()], read)
    }
}

fn add(sum: &mut Conversation, talk: &Conversation) {
    sum.packets = sum.packets.saturating_add(talk.packets);
    sum.bytes = sum.bytes.saturating_add(talk.bytes);
    sum.first_seen = sum.first_seen.min(talk.first_seen);
    sum.last_seen = sum.last_seen.max(talk.last_seen);
    sum.client.clone_from(&talk.client);
    sum.server.clone_from(&talk.server);
}

fn params(talk: &Conversation) -> Vec<Param<'_>> {
    vec![
        (&talk.client_address).into(),
        (&talk.server_address).into(),
        talk.transport.name().into(),
        u64::from(talk.port).into(),
        talk.application.as_deref().unwrap_or_default().into(),
        (&talk.client).into(),
        (&talk.server).into(),
        talk.packets.into(),
        talk.bytes.into(),
        talk.first_seen.into(),
        talk.last_seen.into(),
    ]
}

fn read(row: &mut Row) -> Result<Conversation, StoreError> {
    Ok(Conversation {
        client: row.text()?,
        server: row.text()?,
        client_address: row.text()?,
        server_address: row.text()?,
        transport: transport(&row.text()?)?,
        port: u16::try_from(row.int()?).map_err(StoreError::corrupt)?,
        application: row.maybe_text()?,
        packets: row.count()?,
        bytes: row.count()?,
        first_seen: row.time()?,
        last_seen: row.time()?,
    })
}

fn transport(name: &str) -> Result<Transport, StoreError> {
    const ALL: [Transport; 5] =
        [Transport::Tcp, Transport::Udp, Transport::Icmp, Transport::Link, Transport::Other];
    let found = ALL.into_iter().find(|transport| transport.name() == name);
    found.ok_or_else(|| StoreError::corrupt("a conversation has an unknown transport"))
}

const COLUMNS: &str = "conversation (number, site, client_address, server_address, transport, port, \
     application, client, server, packets, bytes, first_seen, last_seen)";

const CONFLICT: &str = "ON CONFLICT (site, client_address, server_address, transport, port, application) \
     DO UPDATE SET client = excluded.client, server = excluded.server, \
     packets = conversation.packets + excluded.packets, \
     bytes = conversation.bytes + excluded.bytes, \
     first_seen = CASE WHEN excluded.first_seen < conversation.first_seen \
         THEN excluded.first_seen ELSE conversation.first_seen END, \
     last_seen = CASE WHEN excluded.last_seen > conversation.last_seen \
         THEN excluded.last_seen ELSE conversation.last_seen END";
