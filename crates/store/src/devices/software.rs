//! Software, and how many devices have it.

use model::Software;

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

/// Not of a device that an import under way has written.
const SHOWN: &str = "device NOT IN (SELECT h.number FROM device_row h \
     WHERE h.import IN (SELECT u.number FROM import u WHERE u.ingest IS NULL))";
