//! The history of devices, and devices as they were.
//!
//! Only changes are kept. What a device was at a time is what it was before the first change after
//! that time, and what it is now where nothing changed since.

use model::{DeviceId, Timestamp};

use crate::StoreError;
use crate::engine::sql::{Param, Row};
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{DeviceChange, HistoryRow};

impl WriteTx<'_> {
    pub(crate) fn put_history(&self, changes: &[&DeviceChange]) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for change in changes {
            for one in &change.history {
                rows.push(vec![
                    self.next_number("device_history")?.into(),
                    Param::from(change.device.id.to_string()),
                    (&one.attribute).into(),
                    (&one.before).into(),
                    (&one.after).into(),
                    one.at.into(),
                    (&one.because).into(),
                ]);
            }
        }
        self.insert_many(COLUMNS, 7, "", rows)
    }
}

impl Tx<'_> {
    /// Every change of what is followed of a device, oldest first.
    pub fn device_history(&self, device: DeviceId) -> Result<Vec<HistoryRow>, StoreError> {
        let sql = "SELECT attribute, before, after, at, because FROM device_history \
             WHERE device = ?1 ORDER BY number";
        self.rows(sql, &[self.live_id(device)?.to_string().into()], |row| {
            Ok(HistoryRow {
                attribute: row.text()?,
                before: row.text()?,
                after: row.text()?,
                at: row.time()?,
                because: row.text()?,
            })
        })
    }

    /// When a device was first written down.
    pub fn recorded(&self, device: DeviceId) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT recorded FROM device WHERE id = ?1";
        self.first(sql, &[self.live_id(device)?.to_string().into()], Row::time)
    }
}

/// The devices as they were at the time that `at` stands for: a table that can take the place of
/// `device`. Devices that were first written down later are not in it.
pub(crate) fn devices_at(at: &str) -> String {
    let text = |attribute: &str, column: &str| {
        format!("COALESCE({}, r.{column}) AS {column}", before(attribute, "h.before", at))
    };
    let truth = |attribute: &str| {
        let was = "CASE h.before WHEN 'yes' THEN 1 ELSE 0 END";
        format!("COALESCE({}, r.{attribute}) AS {attribute}", before(attribute, was, at))
    };
    let texts = TEXTS.map(|attribute| text(attribute, attribute)).join(", ");
    let truths = TRUTHS.map(truth).join(", ");
    let number = "(SELECT c.number FROM configuration c WHERE c.name = h.before)";
    let configuration = before("configuration", number, at);
    let name_key = before("name", "LOWER(h.before)", at);
    let counts = [("affected", 0), ("unknown", 1), ("not_affected", 2)].map(|(column, rank)| {
        format!(
            "(SELECT COUNT(DISTINCT w.vulnerability) FROM {} w \
             WHERE w.configuration = y.configuration AND w.rank = {rank}) AS {column}",
            verdicts_at(at)
        )
    });
    format!(
        "(SELECT y.*, {} FROM (SELECT r.number, r.id, r.first_seen, r.last_seen, r.exploited, \
         r.recorded, {texts}, {truths}, COALESCE({configuration}, r.configuration) \
         AS configuration, COALESCE({name_key}, r.name_key) AS name_key \
         FROM device_row r WHERE r.recorded <= {at} AND r.import NOT IN \
         (SELECT u.number FROM import u WHERE u.ingest IS NULL)) y)",
        counts.join(", ")
    )
}

/// What configurations were found to be at that time, by disclosure and vulnerability.
pub(crate) fn verdicts_at(at: &str) -> String {
    format!(
        "(SELECT v.configuration, v.disclosure, v.vulnerability, v.rank FROM verdict v \
         WHERE NOT EXISTS (SELECT 1 FROM decision h WHERE h.configuration = v.configuration \
             AND h.disclosure = v.disclosure AND h.vulnerability = v.vulnerability \
             AND h.device = '' AND h.at > {at}) \
         UNION ALL SELECT h.configuration, h.disclosure, h.vulnerability, h.rank_before \
         FROM decision h WHERE h.rank_before IS NOT NULL AND h.number IN \
             (SELECT MIN(l.number) FROM decision l WHERE l.at > {at} AND l.device = '' \
              GROUP BY l.configuration, l.disclosure, l.vulnerability))"
    )
}

/// What stood before the first change after that time; null where nothing changed since.
fn before(attribute: &str, what: &str, at: &str) -> String {
    format!(
        "(SELECT {what} FROM device_history h WHERE h.device = r.id \
         AND h.attribute = '{attribute}' AND h.at > {at} ORDER BY h.number LIMIT 1)"
    )
}

/// Columns of a device whose changes are kept.
const TEXTS: [&str; 9] =
    ["asset_id", "site", "name", "class", "maker", "model", "software_version", "os", "location"];

/// And those that are true or not.
const TRUTHS: [&str; 3] = ["on_network", "in_inventory", "retired"];

const COLUMNS: &str = "device_history (number, device, attribute, before, after, at, because)";
