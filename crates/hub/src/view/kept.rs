//! Sums over the whole house, kept until something changes.
//!
//! At a hundred thousand devices they take a third of a second, and the front page shows them to
//! everybody. Each ingest and each matching moves the generation on in its own transaction, so a
//! kept sum is never shown past a change, whichever process made it.

use std::sync::{Mutex, PoisonError};

use model::Scope;
use store::{StoreError, Tx, WriteTx};

/// One sum and the generation it belongs to.
pub(crate) struct Kept<T>(Mutex<Option<(String, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Kept<T> {
    /// The kept sum where it still holds, else what `load` answers, which is then kept. Sums over
    /// a part of the house are made anew each time.
    pub(crate) fn or_load(
        &self,
        tx: &Tx,
        scope: &Scope,
        load: impl FnOnce(&Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if !scope.is_everywhere() {
            return load(tx);
        }
        let generation = tx.setting(GENERATION)?.unwrap_or_default();
        // The lock is held while loading: many readers at once would all do the same work.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, value)) = kept.as_ref()
            && *of == generation
        {
            return Ok(value.clone());
        }
        let value = load(tx)?;
        *kept = Some((generation, value.clone()));
        Ok(value)
    }
}

/// Says that devices, disclosures or verdicts changed.
pub(crate) fn move_on(tx: &WriteTx) -> Result<(), StoreError> {
    let number: u64 = tx.setting(GENERATION)?.and_then(|text| text.parse().ok()).unwrap_or(0);
    tx.put_setting(GENERATION, &(number + 1).to_string())
}

/// Name of the setting that counts changes.
const GENERATION: &str = "generation";
