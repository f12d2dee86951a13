//! Imports: devices written unseen, some at a time, and shown by one short transaction.
//!
//! A device belongs to the import that wrote it first, and is shown once an ingest is noted with
//! that import. What a kill leaves behind was never shown; [`WriteTx::sweep`] removes it. Only one
//! import is under way at a time (`Store::turn`), so whatever is unseen when the turn
//! is taken belongs to nobody.

use std::collections::BTreeMap;

use model::DeviceId;

use crate::StoreError;
use crate::engine::conditions::LIST_MAX;
use crate::engine::sql::Row;
use crate::engine::tx::{Tx, WriteTx};
use crate::records::DeviceChange;

impl Tx<'_> {
    /// True where an import that nobody finished left something behind.
    pub fn has_leftovers(&self) -> Result<bool, StoreError> {
        Ok(self.number("SELECT COUNT(*) FROM import WHERE ingest IS NULL", &[])? > 0)
    }
}

impl WriteTx<'_> {
    /// Begins an import. What is written as part of it is not shown.
    pub fn begin_import(&self) -> Result<i64, StoreError> {
        let number = self.next_number("import")?;
        self.run("INSERT INTO import (number) VALUES (?1)", &[number.into()])?;
        Ok(number)
    }

    /// Writes new devices as part of `import`, with the digest of the row that speaks of each.
    pub fn put_unseen(
        &self,
        import: i64,
        devices: &[DeviceChange],
        digests: &BTreeMap<DeviceId, String>,
    ) -> Result<(), StoreError> {
        let all: Vec<&DeviceChange> = devices.iter().collect();
        for batch in all.chunks(LIST_MAX) {
            let numbers = self.put_batch(batch, import)?;
            let rows = numbers.iter().filter_map(|(id, number)| {
                let digest = digests.get(id)?;
                Some(vec![import.into(), (*number).into(), digest.into()])
            });
            self.insert_many("import_row (import, device, digest)", 3, "", rows)?;
        }
        Ok(())
    }

    /// Shows what `import` wrote, with the ingest that it belongs to.
    pub fn show_import(&self, import: i64, ingest: u64) -> Result<(), StoreError> {
        let shown = "UPDATE import SET ingest = ?2 WHERE number = ?1";
        self.run(shown, &[import.into(), ingest.into()])?;
        let theirs = "SELECT DISTINCT configuration FROM device_row WHERE import = ?1";
        let theirs = self.rows(theirs, &[import.into()], Row::int)?;
        self.touched.borrow_mut().extend(theirs);
        Ok(())
    }

    /// Removes some of what imports left behind that were never shown, and what shown ones need no
    /// more. True where there may be more.
    pub fn sweep(&self) -> Result<bool, StoreError> {
        let some = LIST_MAX.to_string();
        let unseen = "SELECT u.number FROM import u WHERE u.ingest IS NULL";
        let devices = format!(
            "DELETE FROM device_row WHERE number IN \
             (SELECT d.number FROM device_row d WHERE d.import IN ({unseen}) LIMIT {some})"
        );
        let shown = "SELECT u.number FROM import u WHERE u.ingest IS NOT NULL";
        let rows = format!(
            "DELETE FROM import_row WHERE device IN \
             (SELECT r.device FROM import_row r WHERE r.import IN ({shown}) LIMIT {some}) \
             AND import IN ({shown})"
        );
        if self.run(&devices, &[])? + self.run(&rows, &[])? > 0 {
            return Ok(true);
        }
        self.run("DELETE FROM import WHERE ingest IS NULL", &[])?;
        Ok(false)
    }
}
