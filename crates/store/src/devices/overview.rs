//! The state of the whole house in a few numbers.

use std::collections::BTreeMap;

use model::Timestamp;

use crate::StoreError;
use crate::engine::sql::Row;
use crate::engine::tx::Tx;
use crate::records::{Overview, VerdictCounts};

impl Tx<'_> {
    /// What the data itself says of its age, by kind of input: when the newest disclosure was
    /// updated, the newest packet seen. An inventory does not say, so it is when it was taken in.
    pub fn data_times(&self) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        let mut times = BTreeMap::new();
        for (kind, sql) in DATA_TIMES {
            let newest = self.first(sql, &[], Row::maybe_time)?.flatten();
            times.extend(newest.map(|at| ((*kind).to_owned(), at)));
        }
        Ok(times)
    }

    /// The state of the whole house.
    pub fn overview(&self) -> Result<Overview, StoreError> {
        let mut overview = self.first(DEVICES, &[], |row| {
            Ok(Overview {
                devices: row.count()?,
                on_network: row.count()?,
                not_in_inventory: row.count()?,
                never_seen: row.count()?,
                by_verdict: VerdictCounts {
                    affected: row.count()?,
                    unknown: row.count()?,
                    not_affected: row.count()?,
                },
                exploited: row.count()?,
                ..Overview::default()
            })
        })?;
        let overview = overview.get_or_insert_default();
        overview.unidentified = self.count(UNIDENTIFIED, &[])?;
        overview.by_class = self.facet("class")?;
        overview.disclosures = self.count("SELECT COUNT(*) FROM disclosure", &[])?;
        let open = "SELECT COUNT(*) FROM disclosure WHERE affected > 0 OR unknown > 0";
        overview.disclosures_open = self.count(open, &[])?;
        overview.feeds = self.feeds()?;
        overview.skipped = self.count(SKIPPED, &[])?;
        overview.evidence_rows = self.count("SELECT COUNT(*) FROM evidence", &[])?;
        Ok(std::mem::take(overview))
    }

    /// When each kind of input last came in.
    pub fn feeds(&self) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        let sql = "SELECT kind, MAX(at) FROM ingest GROUP BY kind";
        let feeds = self.rows(sql, &[], |row| Ok((row.text()?, row.time()?)))?;
        Ok(feeds.into_iter().collect())
    }
}

/// Every device is counted under its worst verdict. A device without any is under none.
const DEVICES: &str = "SELECT COUNT(*), \
     COUNT(CASE WHEN on_network = 1 THEN 1 END), \
     COUNT(CASE WHEN on_network = 1 AND in_inventory = 0 THEN 1 END), \
     COUNT(CASE WHEN on_network = 0 AND in_inventory = 1 THEN 1 END), \
     COUNT(CASE WHEN affected > 0 THEN 1 END), \
     COUNT(CASE WHEN affected = 0 AND unknown > 0 THEN 1 END), \
     COUNT(CASE WHEN affected = 0 AND unknown = 0 AND not_affected > 0 THEN 1 END), \
     COUNT(CASE WHEN exploited = 1 THEN 1 END) FROM device WHERE retired = 0";

const UNIDENTIFIED: &str =
    "SELECT COUNT(*) FROM device WHERE retired = 0 AND (maker = '' OR model = '')";

/// Of each file, its last ingest.
const SKIPPED: &str = "SELECT CAST(SUM(skipped) AS BIGINT) FROM ingest WHERE number IN \
     (SELECT MAX(number) FROM ingest GROUP BY kind, name)";

const DATA_TIMES: &[(&str, &str)] = &[
    ("csaf", "SELECT MAX(updated) FROM disclosure"),
    ("capture", "SELECT MAX(last_seen) FROM device WHERE on_network = 1"),
    ("inventory", "SELECT MAX(at) FROM ingest WHERE kind = 'inventory'"),
];
