//! Inventory streams: what one system of one site exports again and again.
//!
//! A stream is looked up by the name a person gave it, else recognised by its headings. It knows
//! the hash of its newest export, so that an export is *unchanged* only where nothing came between,
//! and the devices it lists, so that a row that is gone is noticed.

use std::collections::{BTreeMap, BTreeSet};

use model::{DeviceId, Timestamp};

use crate::StoreError;
use crate::engine::conditions::{Conditions, LIST_MAX};
use crate::engine::sql::{Param, Row, from_json, to_json};
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{StreamNow, StreamRow};

impl Tx<'_> {
    /// The streams of one site, or of all, by site and name.
    pub fn streams(&self, site: Option<&str>) -> Result<Vec<StreamRow>, StoreError> {
        let mut of = Conditions::default();
        if let Some(site) = site {
            of.and_value("s.site = {}", site);
        }
        let sql = format!("{STREAMS}{} ORDER BY s.site, s.name", of.sql());
        self.rows(&sql, &of.params, read)
    }

    /// Devices that a stream lists now, each with the digest of its row. The digest is empty where
    /// another stream speaks of the device too: then what was said last decides.
    pub fn listed(&self, stream: &StreamRow) -> Result<BTreeMap<DeviceId, String>, StoreError> {
        let sql = "SELECT d.id, CASE WHEN EXISTS (SELECT 1 FROM stream_row o \
             WHERE o.device = r.device AND o.stream <> r.stream) THEN '' ELSE r.digest END \
             FROM stream s JOIN stream_row r ON r.stream = s.number \
             JOIN device d ON d.number = r.device \
             WHERE s.site = ?1 AND s.name = ?2 AND r.gone IS NULL";
        let of = [(&stream.site).into(), (&stream.now.name).into()];
        let listed = self.rows(sql, &of, |row| Ok((row.parsed()?, row.text()?)))?;
        Ok(listed.into_iter().collect())
    }

    /// Since when no stream lists the device any more. None where one does, or none ever did.
    pub fn unlisted_since(&self, device: DeviceId) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT MAX(r.gone) FROM stream_row r JOIN device d ON d.number = r.device \
             WHERE d.id = ?1 HAVING COUNT(*) = COUNT(r.gone)";
        let since = self.first(sql, &[device.to_string().into()], Row::maybe_time)?;
        Ok(since.flatten())
    }
}

impl WriteTx<'_> {
    /// Notes the newest export of a stream, which `ingest` took in.
    pub fn put_stream(&self, site: &str, now: &StreamNow, ingest: u64) -> Result<(), StoreError> {
        let number = match self.stream_number(site, &now.name)? {
            Some(number) => number,
            None => self.next_number("stream")?,
        };
        self.run(
            "INSERT INTO stream (number, site, name, headings, content_hash, parser, pending, \
             ingest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (number) DO UPDATE SET \
             headings = excluded.headings, content_hash = excluded.content_hash, \
             parser = excluded.parser, pending = excluded.pending, ingest = excluded.ingest",
            &[
                number.into(),
                site.into(),
                (&now.name).into(),
                to_json(&now.headings)?.into(),
                (&now.content_hash).into(),
                (&now.parser).into(),
                now.pending.into(),
                ingest.into(),
            ],
        )?;
        Ok(())
    }

    /// Says what of a stream's list its newest export changed: rows of devices that are shown, and
    /// devices that are no longer listed.
    pub fn put_listed(
        &self,
        site: &str,
        stream: &str,
        rows: &BTreeMap<DeviceId, String>,
        gone: &BTreeSet<DeviceId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let number = self.stream_number(site, stream)?.ok_or_else(not_written)?;
        let numbers = self.device_numbers(rows.keys())?;
        let listed = rows.iter().filter_map(|(id, digest)| {
            let device = numbers.get(&id.to_string())?;
            Some(vec![Param::from(number), (*device).into(), digest.into()])
        });
        let again = "ON CONFLICT (stream, device) DO UPDATE SET gone = NULL, \
             digest = excluded.digest";
        self.insert_many("stream_row (stream, device, digest)", 3, again, listed)?;
        let off = self.device_numbers(gone.iter())?;
        let off = off.into_values().map(|device| vec![number.into(), device.into(), now.into()]);
        let since = "ON CONFLICT (stream, device) DO UPDATE SET gone = excluded.gone";
        self.insert_many("stream_row (stream, device, gone)", 3, since, off)
    }

    /// Puts the rows that an import wrote unseen on the list of their stream.
    pub fn put_imported(&self, site: &str, stream: &str, import: i64) -> Result<(), StoreError> {
        let number = self.stream_number(site, stream)?.ok_or_else(not_written)?;
        let all = "INSERT INTO stream_row (stream, device, digest) \
             SELECT CAST(?1 AS BIGINT), r.device, r.digest FROM import_row r WHERE r.import = ?2";
        self.run(all, &[number.into(), import.into()])?;
        Ok(())
    }

    fn stream_number(&self, site: &str, name: &str) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT number FROM stream WHERE site = ?1 AND name = ?2";
        self.first(sql, &[site.into(), name.into()], Row::int)
    }

    fn device_numbers<'d>(
        &self,
        devices: impl Iterator<Item = &'d DeviceId>,
    ) -> Result<BTreeMap<String, i64>, StoreError> {
        let ids: Vec<String> = devices.map(ToString::to_string).collect();
        let mut numbers = BTreeMap::new();
        for batch in ids.chunks(LIST_MAX) {
            let mut these = Conditions::default();
            these.and_one_of("id", batch.iter().map(Param::from));
            let sql = format!("SELECT id, number FROM device{}", these.sql());
            numbers.extend(self.rows(&sql, &these.params, |row| Ok((row.text()?, row.int()?)))?);
        }
        Ok(numbers)
    }
}

fn not_written() -> StoreError {
    StoreError::corrupt("a stream was not written")
}

fn read(row: &mut Row) -> Result<StreamRow, StoreError> {
    Ok(StreamRow {
        site: row.text()?,
        now: StreamNow {
            name: row.text()?,
            headings: from_json(&row.text()?)?,
            content_hash: row.text()?,
            parser: row.text()?,
            pending: row.truth()?,
        },
        ingest: row.count()?,
        file: row.text()?,
        at: row.time()?,
        listed: row.count()?,
        gone: row.count()?,
    })
}

const STREAMS: &str = "SELECT s.site, s.name, s.headings, s.content_hash, s.parser, s.pending, \
     s.ingest, i.name, i.at, \
     (SELECT COUNT(*) FROM stream_row r WHERE r.stream = s.number AND r.gone IS NULL), \
     (SELECT COUNT(*) FROM stream_row r WHERE r.stream = s.number AND r.gone IS NOT NULL) \
     FROM stream s JOIN ingest i ON i.number = s.ingest";
