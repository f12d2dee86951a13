//! Software, and how many devices have it.

use std::collections::{BTreeMap, BTreeSet};

use model::{Software, Timestamp};

use crate::StoreError;
use crate::engine::conditions::Conditions;
use crate::engine::tx::Tx;
use crate::records::{Page, Rows, SoftwareRow};

impl Tx<'_> {
    /// Software whose name or version contains every word of `text`; most devices first.
    pub fn software_rows(
        &self,
        text: Option<&str>,
        page: Page,
    ) -> Result<Rows<SoftwareRow>, StoreError> {
        let mut wanted = Conditions::default();
        wanted.and(SHOWN);
        wanted.and_text("LOWER(name || ' ' || version)", text.unwrap_or_default());
        let groups = format!(
            "SELECT name, version, COUNT(*) AS devices FROM software{} GROUP BY name, version",
            wanted.sql()
        );
        let total = self.count(&format!("SELECT COUNT(*) FROM ({groups}) g"), &wanted.params)?;
        let limit = wanted.value(page.limit.min(Page::LIMIT_MAX));
        let offset = wanted.value(page.offset);
        let sql =
            format!("{groups} ORDER BY devices DESC, name, version LIMIT {limit} OFFSET {offset}");
        let rows = self.rows(&sql, &wanted.params, |row| {
            let software = Software { name: row.text()?, version: row.text()? };
            Ok(SoftwareRow { software, devices: row.count()? })
        })?;
        Ok(Rows { rows, total })
    }
}

impl Tx<'_> {
    /// [`Tx::software_rows`] as it was at a time.
    pub fn software_rows_at(
        &self,
        at: Timestamp,
        text: Option<&str>,
        page: Page,
    ) -> Result<Rows<SoftwareRow>, StoreError> {
        let mut counts: BTreeMap<Software, u64> = BTreeMap::new();
        self.each(UNCHANGED_SINCE, &[at.into()], |row| {
            let software = Software { name: row.text()?, version: row.text()? };
            *counts.entry(software).or_default() += row.count()?;
            Ok(())
        })?;
        self.each(BEFORE, &[at.into()], |row| {
            let list = row.text()?;
            let had: BTreeSet<&str> = list.lines().filter(|line| !line.is_empty()).collect();
            for one in had {
                *counts.entry(Software::from_fact(one)).or_default() += 1;
            }
            Ok(())
        })?;
        let words: Vec<String> =
            text.unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
        let named = |software: &Software| {
            let whole = format!("{} {}", software.name, software.version).to_lowercase();
            words.iter().all(|word| whole.contains(word))
        };
        let mut rows: Vec<SoftwareRow> = counts
            .into_iter()
            .filter(|(software, _)| named(software))
            .map(|(software, devices)| SoftwareRow { software, devices })
            .collect();
        rows.sort_by(|a, b| b.devices.cmp(&a.devices).then_with(|| a.software.cmp(&b.software)));
        let total = rows.len() as u64;
        let skip = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit.min(Page::LIMIT_MAX)).unwrap_or(usize::MAX);
        Ok(Rows { rows: rows.into_iter().skip(skip).take(limit).collect(), total })
    }
}

/// Software of devices whose software did not change since a time.
const UNCHANGED_SINCE: &str = "SELECT s.name, s.version, COUNT(*) FROM software s \
     JOIN device d ON d.number = s.device WHERE d.recorded <= ?1 AND NOT EXISTS \
     (SELECT 1 FROM device_history h WHERE h.device = d.id AND h.attribute = 'software' \
      AND h.at > ?1) GROUP BY s.name, s.version";

/// What the others had then: a list as [`model::Attribute::Software`] writes it, a line each.
const BEFORE: &str = "SELECT h.before FROM device_history h JOIN device d ON d.id = h.device \
     WHERE d.recorded <= ?1 AND h.number IN (SELECT MIN(l.number) FROM device_history l \
     WHERE l.attribute = 'software' AND l.at > ?1 GROUP BY l.device)";

/// Not of a device that an import under way has written.
const SHOWN: &str = "device NOT IN (SELECT h.number FROM device_row h \
     WHERE h.import IN (SELECT u.number FROM import u WHERE u.ingest IS NULL))";
