//! Lists of devices: filtered, sorted, a page at a time; and what they can be filtered by.

use model::{Address, Verdict};

use crate::StoreError;
use crate::devices::history::{devices_at, verdicts_at};
use crate::devices::write::Body;
use crate::engine::conditions::Conditions;
use crate::engine::sql::{Param, Row};
use crate::engine::tx::Tx;
use crate::records::{DeviceFacets, DeviceFilter, DeviceOrder, DeviceRow, Page, Rows};
use crate::verdicts::configurations::rank;

impl Tx<'_> {
    /// Devices that match `filter`. With both a verdict and a disclosure, the verdict must be of
    /// that disclosure.
    pub fn device_rows(
        &self,
        filter: &DeviceFilter,
        order: DeviceOrder,
        page: Page,
    ) -> Result<Rows<DeviceRow>, StoreError> {
        let mut wanted = Conditions::default();
        let devices = match filter.as_of {
            Some(at) => devices_at(&wanted.value(at)),
            None => "device".to_owned(),
        };
        let from = self.restrict(&mut wanted, filter)?;
        let tables = |from: Tables| from.sql(&devices);
        let counted = format!("SELECT COUNT(*) FROM {}{}", tables(from), wanted.sql());
        let (total, few) = match self.few(from, &devices, &wanted)? {
            Some(few) => (few.len() as u64, Some(few)),
            None => (self.count(&counted, &wanted.params)?, None),
        };
        let (mut wanted, from) = match few {
            Some(few) if few.is_empty() => return Ok(Rows { rows: Vec::new(), total }),
            Some(few) => {
                let mut these = Conditions::default();
                if let Some(at) = filter.as_of {
                    these.value(at);
                }
                these.and_one_of("d.number", few.into_iter().map(Param::from));
                (these, Tables::Devices)
            }
            None if from == Tables::Words => (wanted, Tables::DevicesFirst),
            None => (wanted, from),
        };
        let filter_sql = wanted.sql();
        let limit = wanted.value(page.limit.min(Page::LIMIT_MAX));
        let offset = wanted.value(page.offset);
        let by = order_sql(order);
        // The page is found in the narrow table and its indexes; bodies are read for it alone.
        let sql = format!(
            "SELECT {ROW_COLUMNS} FROM (SELECT d.* FROM {}{filter_sql} ORDER BY {by} \
             LIMIT {limit} OFFSET {offset}) d JOIN device_body b ON b.device = d.number \
             ORDER BY {by}",
            tables(from)
        );
        let rows = self.rows(&sql, &wanted.params, read_row)?;
        Ok(Rows { rows, total })
    }

    /// Values to filter devices by. Devices without a value are not counted.
    pub fn device_facets(&self) -> Result<DeviceFacets, StoreError> {
        Ok(DeviceFacets {
            classes: self.facet("class")?,
            makers: self.facet("maker")?,
            sites: self.facet("site")?,
        })
    }

    /// How many devices have each value of a column; most first.
    pub(crate) fn facet(&self, column: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = format!(
            "SELECT {column}, COUNT(*) AS devices FROM device WHERE {column} <> '' AND retired = 0 \
             GROUP BY {column} ORDER BY devices DESC, {column}"
        );
        self.rows(&sql, &[], |row| Ok((row.text()?, row.count()?)))
    }

    /// The row numbers of what a text search finds, where it finds few: they were found by one pass
    /// over the words, and a second for the page would find the same.
    fn few(
        &self,
        from: Tables,
        devices: &str,
        wanted: &Conditions<'_>,
    ) -> Result<Option<Vec<i64>>, StoreError> {
        if from == Tables::Devices {
            return Ok(None);
        }
        let (from, which) = (from.sql(devices), wanted.sql());
        let sql = format!("SELECT d.number FROM {from}{which} LIMIT {}", FEW + 1);
        let found = self.rows(&sql, &wanted.params, Row::int)?;
        Ok((found.len() <= FEW).then_some(found))
    }

    /// Puts `filter` into `wanted` and gives the tables it needs.
    fn restrict<'f>(
        &self,
        wanted: &mut Conditions<'f>,
        filter: &'f DeviceFilter,
    ) -> Result<Tables, StoreError> {
        for (column, value) in [("class", &filter.class), ("site", &filter.site)] {
            if let Some(value) = value {
                wanted.and_value(&format!("d.{column} = {{}}"), value);
            }
        }
        if let Some(maker) = &filter.maker {
            let spellings = std::iter::once(maker).chain(&filter.maker_spellings);
            wanted.and_one_of("d.maker", spellings.map(Into::into));
        }
        if let Some(known) = filter.in_inventory {
            wanted.and_value("d.in_inventory = {}", known);
        }
        if let Some(seen) = filter.on_network {
            wanted.and_value("d.on_network = {}", seen);
        }
        let at_risk = filter.verdict.is_some() || filter.disclosure.is_some();
        if let Some(retired) = filter.retired.or(at_risk.then_some(false)) {
            wanted.and_value("d.retired = {}", retired);
        }
        match (&filter.disclosure, filter.verdict) {
            (Some(disclosure), verdict) => {
                let mut of = Conditions::default();
                of.and_one_of_numbers("v.disclosure", &self.disclosure_numbers(disclosure)?);
                if let Some(verdict) = verdict {
                    of.and(&format!("v.rank = {}", rank(verdict)));
                }
                wanted.and(&format!(
                    "d.configuration IN (SELECT v.configuration FROM {} v{})",
                    // The time of a list as it was is its first value.
                    filter.as_of.map_or("verdict".to_owned(), |_| verdicts_at("?1")),
                    of.sql()
                ));
            }
            (None, Some(Verdict::Affected)) => wanted.and("d.affected > 0"),
            (None, Some(Verdict::Unknown)) => wanted.and("d.unknown > 0"),
            (None, Some(Verdict::NotAffected)) => wanted.and("d.not_affected > 0"),
            (None, None) => {}
        }
        let Some(text) = filter.text.as_deref().filter(|text| !text.trim().is_empty()) else {
            return Ok(Tables::Devices);
        };
        wanted.and_text("s.words", text);
        wanted.and("d.number = s.device");
        Ok(Tables::Words)
    }
}

/// Where devices are looked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tables {
    /// Among all.
    Devices,
    /// In the words as they lie, each with its device: best where few match.
    Words,
    /// By the sorted index, each with its words, until the page is full: best where many match.
    DevicesFirst,
}

impl Tables {
    fn sql(self, devices: &str) -> String {
        match self {
            Self::Devices => format!("{devices} d"),
            Self::Words => format!("device_search s CROSS JOIN {devices} d"),
            Self::DevicesFirst => {
                format!("{devices} d JOIN device_search s ON s.device = d.number")
            }
        }
    }
}

/// What is empty comes last, and the row number decides between equals, so that pages never
/// overlap. Each of these has an index.
const fn order_sql(order: DeviceOrder) -> &'static str {
    match order {
        DeviceOrder::Exposure => "d.affected DESC, d.unknown DESC, d.name_key, d.number",
        DeviceOrder::Name => "d.name_key, d.number",
        DeviceOrder::Class => "(d.class = ''), d.class, d.maker, d.model, d.name_key, d.number",
        DeviceOrder::Maker => "(d.maker = ''), d.maker, d.model, d.name_key, d.number",
        DeviceOrder::LastSeen => "d.last_seen DESC, d.number",
        DeviceOrder::FirstSeen => "d.first_seen DESC, d.number",
        DeviceOrder::Location => "(d.location = ''), d.location, d.name_key, d.number",
    }
}

fn read_row(row: &mut Row) -> Result<DeviceRow, StoreError> {
    Ok(DeviceRow {
        id: row.parsed()?,
        asset_id: row.maybe_text()?,
        site: row.text()?,
        name: row.text()?,
        class: row.maybe_text()?,
        care_function: None,
        maker: row.maybe_text()?,
        model: row.maybe_text()?,
        software_version: row.maybe_text()?,
        os: row.maybe_text()?,
        location: row.maybe_text()?,
        affected: row.count()?,
        unknown: row.count()?,
        exploited: row.truth()?,
        first_seen: row.time()?,
        last_seen: row.time()?,
        on_network: row.truth()?,
        addresses: newest(row.json::<Body>()?.addresses),
    })
}

fn newest(mut addresses: Vec<Address>) -> Vec<Address> {
    addresses.sort_by(|left, right| right.last_seen.cmp(&left.last_seen).then(left.cmp(right)));
    addresses.truncate(ADDRESSES_SHOWN);
    addresses
}

const ROW_COLUMNS: &str = "d.id, d.asset_id, d.site, d.name, d.class, d.maker, d.model, \
     d.software_version, d.os, d.location, d.affected, d.unknown, d.exploited, d.first_seen, \
     d.last_seen, d.on_network, b.body";

/// So many devices found by text are listed by number; beyond that the sorted index is faster.
const FEW: usize = 500;

/// Addresses in a list row; a device with more has them on its own page.
const ADDRESSES_SHOWN: usize = 4;
