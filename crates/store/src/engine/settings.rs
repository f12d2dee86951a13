//! Small texts that the hub keeps by name.

use crate::StoreError;
use crate::engine::sql::Row;
use crate::engine::tx::{Tx, WriteTx};

impl Tx<'_> {
    /// A setting, where it was ever set.
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.first("SELECT value FROM setting WHERE name = ?1", &[name.into()], Row::text)
    }
}

impl WriteTx<'_> {
    /// Sets a setting. Never a secret: the database is not a vault.
    pub fn put_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO setting (name, value) VALUES (?1, ?2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            &[name.into(), value.into()],
        )?;
        Ok(())
    }
}
