//! Writing devices: whole, in batches; and merging one into another.

use std::collections::{BTreeMap, BTreeSet};

use model::{Address, Device, DeviceId, Identifier, Software, Source, Timestamp};
use serde::{Deserialize, Serialize};

use crate::devices::search::device_words;
use crate::engine::conditions::{Conditions, LIST_MAX};
use crate::engine::sql::{Param, Row, to_json};
use crate::engine::tx::WriteTx;
use crate::records::DeviceChange;
use crate::{StoreError, records};

/// What a device is apart from the columns of its row.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Body {
    #[serde(default)]
    pub(crate) addresses: Vec<Address>,
    #[serde(default)]
    pub(crate) names: Vec<String>,
    #[serde(default)]
    pub(crate) serial: Option<String>,
    #[serde(default)]
    pub(crate) software: Vec<Software>,
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    #[serde(default)]
    pub(crate) protocols: Vec<String>,
    #[serde(default)]
    pub(crate) custom_fields: BTreeMap<String, String>,
}

impl WriteTx<'_> {
    /// Inserts devices, or replaces those that are there, whole: facts that a change does not
    /// carry are gone. An id that was merged away comes back to life.
    pub fn put_devices(&self, changes: &[DeviceChange]) -> Result<(), StoreError> {
        let by_id: BTreeMap<DeviceId, &DeviceChange> =
            changes.iter().map(|change| (change.device.id, change)).collect();
        let changes: Vec<&DeviceChange> = by_id.into_values().collect();
        for batch in changes.chunks(LIST_MAX) {
            self.put_batch(batch, SHOWN)?;
        }
        Ok(())
    }

    /// Says that `from` is the same device as `into`. Its record is kept as it was, whoever asks
    /// for `from` is given `into`, and its conversations become those of `into`. The facts are for
    /// the caller to join, with [`WriteTx::put_devices`].
    ///
    /// False where `from` is not there (any more), or is `into`.
    pub fn merge_device(
        &self,
        from: DeviceId,
        into: DeviceId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let into = self.live_id(into)?;
        let Some(record) = self.device(from)?.filter(|found| found.id == from && from != into)
        else {
            return Ok(false);
        };
        let (from_text, into_text, body) = (from.to_string(), into.to_string(), to_json(&record)?);
        let configuration =
            self.number("SELECT configuration FROM device WHERE id = ?1", &[(&from_text).into()])?;
        self.touched.borrow_mut().insert(configuration);
        self.run(
            "INSERT INTO merged_device (id, merged_into, at, body) VALUES (?1, ?2, ?3, ?4)",
            &[(&from_text).into(), (&into_text).into(), at.into(), body.into()],
        )?;
        let pair = [Param::from(&into_text), Param::from(&from_text)];
        self.run("UPDATE conversation SET client = ?1 WHERE client = ?2", &pair)?;
        self.run("UPDATE conversation SET server = ?1 WHERE server = ?2", &pair)?;
        self.run("DELETE FROM device_row WHERE id = ?1", &[(&from_text).into()])?;
        Ok(true)
    }

    /// Writes devices as part of `import`: new ones are shown when it is.
    pub(crate) fn put_batch(
        &self,
        batch: &[&DeviceChange],
        import: i64,
    ) -> Result<BTreeMap<DeviceId, i64>, StoreError> {
        let known = self.known(batch)?;
        self.forget_parts(&known)?;
        let configurations =
            self.configuration_numbers(batch.iter().map(|change| &change.configuration))?;
        self.touched.borrow_mut().extend(known.values().map(|(_, configuration)| configuration));
        self.touched.borrow_mut().extend(configurations.values());
        let mut numbered = Vec::with_capacity(batch.len());
        for change in batch {
            let number = match known.get(&change.device.id.to_string()) {
                Some((number, _)) => *number,
                None => self.next_number("device_row")?,
            };
            let configuration = configurations.get(&change.configuration).copied();
            let missing = || StoreError::corrupt("a configuration was not written");
            let configuration = configuration.ok_or_else(missing)?;
            if let Some((_, before)) = known.get(&change.device.id.to_string())
                && *before != configuration
            {
                self.note_move(change.device.id, *before, configuration)?;
            }
            numbered.push((number, configuration, *change));
        }
        self.put_rows(&numbered, import)?;
        self.put_history(batch)?;
        self.put_parts(&numbered)?;
        Ok(numbered.iter().map(|(number, _, change)| (change.device.id, *number)).collect())
    }

    /// Notes what points to each device, in the form of today.
    pub(crate) fn note_identifiers_anew(&self) -> Result<(), StoreError> {
        self.run("DELETE FROM identifier", &[])?;
        let all = self.rows("SELECT number FROM device ORDER BY number", &[], Row::int)?;
        for batch in all.chunks(LIST_MAX) {
            let devices = self.devices_by_number(batch.iter().copied())?;
            let rows = devices.iter().flat_map(|(number, one)| identifier_rows(*number, one));
            self.insert_many(IDENTIFIER_COLUMNS, 3, "ON CONFLICT DO NOTHING", rows)?;
        }
        Ok(())
    }

    /// Number and configuration of those devices of a batch that are there, by id.
    fn known(&self, batch: &[&DeviceChange]) -> Result<BTreeMap<String, (i64, i64)>, StoreError> {
        let ids = || batch.iter().map(|change| Param::from(change.device.id.to_string()));
        let mut merged = Conditions::default();
        merged.and_one_of("id", ids());
        self.run(&format!("DELETE FROM merged_device{}", merged.sql()), &merged.params)?;
        let mut wanted = Conditions::default();
        wanted.and_one_of("id", ids());
        let sql = format!("SELECT id, number, configuration FROM device{}", wanted.sql());
        let rows =
            self.rows(&sql, &wanted.params, |row| Ok((row.text()?, (row.int()?, row.int()?))))?;
        Ok(rows.into_iter().collect())
    }

    fn forget_parts(&self, known: &BTreeMap<String, (i64, i64)>) -> Result<(), StoreError> {
        if known.is_empty() {
            return Ok(());
        }
        for table in ["fact", "identifier", "software"] {
            let mut of = Conditions::default();
            of.and_one_of("device", known.values().map(|(number, _)| Param::from(*number)));
            self.run(&format!("DELETE FROM {table}{}", of.sql()), &of.params)?;
        }
        Ok(())
    }

    fn put_rows(&self, batch: &[(i64, i64, &DeviceChange)], import: i64) -> Result<(), StoreError> {
        // The counters are 0 until the transaction settles: the configuration is marked touched.
        self.insert_many(
            DEVICE_COLUMNS,
            24,
            DEVICE_CONFLICT,
            batch.iter().map(|(number, configuration, change)| {
                let mut row = device_params(*number, *configuration, change);
                row.extend([import.into(), change.at.into()]);
                row
            }),
        )?;
        self.insert_many(
            "device_search (device, words)",
            2,
            "ON CONFLICT (device) DO UPDATE SET words = excluded.words",
            batch.iter().map(|(number, _, change)| {
                vec![(*number).into(), device_words(&change.device).into()]
            }),
        )?;
        let mut bodies = Vec::with_capacity(batch.len());
        for (number, _, change) in batch {
            bodies.push(vec![(*number).into(), to_json(&body_of(change))?.into()]);
        }
        self.insert_many(
            "device_body (device, body)",
            2,
            "ON CONFLICT (device) DO UPDATE SET body = excluded.body",
            bodies,
        )
    }

    fn put_parts(&self, batch: &[(i64, i64, &DeviceChange)]) -> Result<(), StoreError> {
        let all = batch.iter().flat_map(|(_, _, change)| &change.device.facts);
        let sources = self.source_numbers(all.map(|fact| &fact.source))?;
        let mut facts = Vec::new();
        let mut identifiers = Vec::new();
        let mut software = Vec::new();
        for (number, _, change) in batch {
            let device = &change.device;
            for (position, fact) in device.facts.iter().enumerate() {
                facts.push(vec![
                    (*number).into(),
                    (position as u64).into(),
                    fact.attribute.name().into(),
                    (&fact.value).into(),
                    u64::from(fact.confidence.thousandths()).into(),
                    to_json(&without_id(&fact.source))?.into(),
                    fact.first_seen.into(),
                    fact.last_seen.into(),
                    fact.count.into(),
                    fact.source.id().and_then(|id| sources.get(id).copied()).into(),
                ]);
            }
            identifiers.extend(identifier_rows(*number, device));
            let distinct: BTreeSet<&Software> = device.software.iter().collect();
            software.extend(distinct.into_iter().map(|software| {
                vec![(&software.name).into(), (&software.version).into(), (*number).into()]
            }));
        }
        self.insert_many(FACT_COLUMNS, 10, "", facts)?;
        // Two texts that differ only in U+0000 are one in the database.
        let once = "ON CONFLICT DO NOTHING";
        self.insert_many(IDENTIFIER_COLUMNS, 3, once, identifiers)?;
        self.insert_many("software (name, version, device)", 3, once, software)
    }
}

fn identifier_rows(number: i64, device: &Device) -> impl Iterator<Item = Vec<Param<'static>>> {
    Identifier::all_of(device).into_iter().map(move |one| {
        vec![one.kind().name().into(), one.value().to_owned().into(), number.into()]
    })
}

/// The source as it stands with a fact; which input it is stands once for all of them.
fn without_id(source: &Source) -> Source {
    let mut source = source.clone();
    source.identify(None);
    source
}

fn device_params(number: i64, configuration: i64, change: &DeviceChange) -> Vec<Param<'_>> {
    let device = &change.device;
    let name = best_name(device);
    let or_empty = |value: &'_ Option<String>| -> Param<'_> {
        Param::from(value.as_deref().unwrap_or_default().to_owned())
    };
    vec![
        number.into(),
        device.id.to_string().into(),
        or_empty(&device.asset_id),
        (&device.site).into(),
        name.to_lowercase().into(),
        name.into(),
        or_empty(&device.class),
        or_empty(&device.maker),
        or_empty(&device.model),
        or_empty(&device.software_version),
        or_empty(&device.os),
        or_empty(&device.location),
        device.first_seen.into(),
        device.last_seen.into(),
        change.on_network.into(),
        device.is_in_inventory().into(),
        configuration.into(),
        0i64.into(),
        0i64.into(),
        0i64.into(),
        0i64.into(),
        change.retired.into(),
    ]
}

/// The name to show: its own best name, else the hospital's key, else an address, else our key.
pub(crate) fn best_name(device: &Device) -> String {
    let address = || {
        let newest = device.addresses.iter().max_by_key(|address| address.last_seen)?;
        let ip = newest.ip.map(|ip| ip.to_string());
        ip.or_else(|| newest.mac.map(|mac| mac.to_string()))
    };
    let name = device.names.first().cloned().or_else(|| device.asset_id.clone());
    name.or_else(address).unwrap_or_else(|| device.id.to_string())
}

fn body_of(change: &records::DeviceChange) -> Body {
    let device = change.device.clone();
    Body {
        addresses: device.addresses,
        names: device.names,
        serial: device.serial,
        software: device.software,
        roles: device.roles,
        protocols: device.protocols,
        custom_fields: change.custom_fields.clone(),
    }
}

const IDENTIFIER_COLUMNS: &str = "identifier (kind, value, device)";

const DEVICE_COLUMNS: &str = "device_row (number, id, asset_id, site, name_key, name, class, maker, \
     model, software_version, os, location, first_seen, last_seen, on_network, in_inventory, \
     configuration, affected, unknown, not_affected, exploited, retired, import, \
     recorded)";

/// No import: what is written is shown with the transaction.
const SHOWN: i64 = 0;

const DEVICE_CONFLICT: &str = "ON CONFLICT (number) DO UPDATE SET asset_id = excluded.asset_id, \
     site = excluded.site, name_key = excluded.name_key, name = excluded.name, \
     class = excluded.class, maker = excluded.maker, model = excluded.model, \
     software_version = excluded.software_version, os = excluded.os, \
     location = excluded.location, first_seen = excluded.first_seen, \
     last_seen = excluded.last_seen, on_network = excluded.on_network, \
     in_inventory = excluded.in_inventory, configuration = excluded.configuration, \
     retired = excluded.retired";

const FACT_COLUMNS: &str = "fact (device, position, attribute, value, confidence, source, \
     first_seen, last_seen, count, origin)";
