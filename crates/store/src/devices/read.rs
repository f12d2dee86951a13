//! Whole devices, with every fact: all of them, one, or those that identifiers point to.

use std::collections::{BTreeMap, BTreeSet};

use model::{Attribute, Confidence, Device, DeviceId, Fact, SourceId};

use crate::StoreError;
use crate::devices::write::Body;
use crate::engine::conditions::{Conditions, LIST_MAX};
use crate::engine::sql::{Param, Row, from_json};
use crate::engine::tx::Tx;
use crate::records::{DeviceDetail, Page};

impl Tx<'_> {
    /// All devices, or those of one site, whole, oldest key first. For 100,000 devices this is a
    /// few hundred megabytes: for reconciling, not for showing.
    pub fn devices(&self, site: Option<&str>) -> Result<Vec<Device>, StoreError> {
        let mut of = Conditions::default();
        if let Some(site) = site {
            of.and_value("d.site = {}", site);
        }
        let sql = format!("{WHOLE_DEVICE} FROM device d{BODY}{} ORDER BY d.number", of.sql());
        let mut devices: BTreeMap<i64, Device> =
            self.rows(&sql, &of.params, read_device)?.into_iter().collect();
        let facts = format!("{FACTS} JOIN device d ON d.number = f.device");
        let sql = format!("{facts}{} ORDER BY f.device, f.position", of.sql());
        self.each(&sql, &of.params, |row| add_fact(&mut devices, row))?;
        let mut devices: Vec<Device> = devices.into_values().collect();
        devices.sort_by_key(|device| device.id);
        Ok(devices)
    }

    /// One device, whole. An id that was merged away gives the device it went into.
    pub fn device(&self, id: DeviceId) -> Result<Option<Device>, StoreError> {
        let id = self.live_id(id)?.to_string();
        let number =
            self.first("SELECT number FROM device WHERE id = ?1", &[id.into()], Row::int)?;
        Ok(self.devices_by_number(number)?.into_values().next())
    }

    /// Columns of the hospital's inventory that we have no attribute for.
    pub fn custom_fields(&self, id: DeviceId) -> Result<BTreeMap<String, String>, StoreError> {
        let id = self.live_id(id)?.to_string();
        let sql = "SELECT b.body FROM device d JOIN device_body b ON b.device = d.number \
             WHERE d.id = ?1";
        let body = self.first(sql, &[id.into()], Row::json::<Body>)?;
        Ok(body.map(|body| body.custom_fields).unwrap_or_default())
    }

    /// One device with its verdicts and conversations. An id that was merged away gives the device
    /// it went into.
    pub fn device_detail(&self, id: DeviceId) -> Result<Option<DeviceDetail>, StoreError> {
        let Some(device) = self.device(id)? else { return Ok(None) };
        let conversations = self.conversations_of(device.id, Page::LIMIT_MAX)?;
        let peers = self.names_of(
            conversations.iter().flat_map(|talk| [talk.client.as_str(), talk.server.as_str()]),
        )?;
        let verdicts = self.verdicts_of(&device)?;
        let custom_fields = self.custom_fields(device.id)?;
        let unlisted_since = self.unlisted_since(device.id)?;
        Ok(Some(DeviceDetail {
            device,
            verdicts,
            conversations,
            peers,
            custom_fields,
            unlisted_since,
            care_function: None,
        }))
    }

    /// Where an id leads: to itself, or to what it was merged into.
    pub(crate) fn live_id(&self, id: DeviceId) -> Result<DeviceId, StoreError> {
        let mut at = id;
        for _ in 0..MERGES_MAX {
            let sql = "SELECT merged_into FROM merged_device WHERE id = ?1";
            let next = self.first(sql, &[at.to_string().into()], Row::parsed)?;
            match next {
                Some(next) => at = next,
                None => return Ok(at),
            }
        }
        Err(StoreError::corrupt("devices were merged into each other"))
    }

    /// Whole devices by row number, whether they are shown or not.
    pub(crate) fn devices_by_number(
        &self,
        numbers: impl IntoIterator<Item = i64>,
    ) -> Result<BTreeMap<i64, Device>, StoreError> {
        let numbers: Vec<i64> = numbers.into_iter().collect();
        let mut devices = BTreeMap::new();
        for batch in numbers.chunks(LIST_MAX) {
            let mut these = Conditions::default();
            these.and_one_of("d.number", batch.iter().map(|number| Param::from(*number)));
            let sql = format!("{WHOLE_DEVICE} FROM device_row d{BODY}{}", these.sql());
            devices.extend(self.rows(&sql, &these.params, read_device)?);
            let mut facts = Conditions::default();
            facts.and_one_of("f.device", batch.iter().map(|number| Param::from(*number)));
            let sql = format!("{FACTS}{} ORDER BY f.device, f.position", facts.sql());
            self.each(&sql, &facts.params, |row| add_fact(&mut devices, row))?;
        }
        Ok(devices)
    }

    /// Best names by key, of those keys that are devices.
    fn names_of<'k>(
        &self,
        keys: impl Iterator<Item = &'k str>,
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let keys: BTreeSet<&str> = keys.collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        let mut names = BTreeMap::new();
        for batch in keys.chunks(LIST_MAX) {
            let mut these = Conditions::default();
            these.and_one_of("id", batch.iter().map(|key| Param::from(*key)));
            let sql = format!("SELECT id, name FROM device{}", these.sql());
            names.extend(self.rows(&sql, &these.params, |row| Ok((row.text()?, row.text()?)))?);
        }
        Ok(names)
    }
}

fn read_device(row: &mut Row) -> Result<(i64, Device), StoreError> {
    let number = row.int()?;
    let mut device = Device {
        id: row.parsed()?,
        asset_id: row.maybe_text()?,
        site: row.text()?,
        class: row.maybe_text()?,
        maker: row.maybe_text()?,
        model: row.maybe_text()?,
        software_version: row.maybe_text()?,
        os: row.maybe_text()?,
        location: row.maybe_text()?,
        first_seen: row.time()?,
        last_seen: row.time()?,
        addresses: Vec::new(),
        names: Vec::new(),
        serial: None,
        software: Vec::new(),
        roles: Vec::new(),
        protocols: Vec::new(),
        facts: Vec::new(),
    };
    let body: Body = row.json()?;
    device.addresses = body.addresses;
    device.names = body.names;
    device.serial = body.serial;
    device.software = body.software;
    device.roles = body.roles;
    device.protocols = body.protocols;
    Ok((number, device))
}

fn add_fact(devices: &mut BTreeMap<i64, Device>, row: &mut Row) -> Result<(), StoreError> {
    let Some(device) = devices.get_mut(&row.int()?) else { return Ok(()) };
    let mut fact = Fact {
        attribute: row.text()?.parse::<Attribute>().map_err(StoreError::corrupt)?,
        value: row.text()?,
        confidence: Confidence::from_thousandths(
            u16::try_from(row.int()?).map_err(StoreError::corrupt)?,
        ),
        source: from_json(&row.text()?)?,
        first_seen: row.time()?,
        last_seen: row.time()?,
        count: row.count()?,
    };
    if let (Some(content_hash), Some(parser)) = (row.maybe_text()?, row.maybe_text()?) {
        fact.source.identify(Some(SourceId { content_hash, parser }));
    }
    device.facts.push(fact);
    Ok(())
}

const WHOLE_DEVICE: &str = "SELECT d.number, d.id, d.asset_id, d.site, d.class, d.maker, d.model, \
     d.software_version, d.os, d.location, d.first_seen, d.last_seen, b.body";

const BODY: &str = " JOIN device_body b ON b.device = d.number";

const FACTS: &str = "SELECT f.device, f.attribute, f.value, f.confidence, f.source, f.first_seen, \
     f.last_seen, f.count, o.content_hash, o.parser FROM fact f \
     LEFT JOIN source o ON o.number = f.origin";

/// Merges followed one after another; a longer chain can only be a circle.
const MERGES_MAX: usize = 64;
