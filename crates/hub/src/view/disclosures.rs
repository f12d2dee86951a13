//! Disclosures by name: a key means one, a tracking id those of every publisher that uses it.

use access::Permission;
use model::DisclosureKey;
use store::Tx;
use store::records::{DisclosureDetail, DisclosureFilter, DisclosureRow, Page, Rows};

use crate::{Caller, Hub, HubError};

impl Hub {
    /// Disclosures that match `filter`, those that touch devices first, newest first.
    pub fn disclosures(
        &self,
        caller: &Caller,
        filter: &DisclosureFilter,
        page: Page,
    ) -> Result<Rows<DisclosureRow>, HubError> {
        self.view(caller, Permission::Read, |tx, _| tx.disclosure_rows(filter, page))
    }

    /// One disclosure, by its key or its tracking id, with a page of the devices it touches.
    pub fn disclosure(
        &self,
        caller: &Caller,
        name: &str,
        page: Page,
    ) -> Result<DisclosureDetail, HubError> {
        self.view(caller, Permission::Read, |tx, _| {
            let found = tx.disclosure_detail(&one_key(tx, name)?, page)?;
            found.ok_or_else(|| missing(name))
        })
    }

    /// The list rows of all disclosures that `name` may mean.
    pub fn disclosures_named(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<Vec<DisclosureRow>, HubError> {
        let named = |tx: &Tx<'_>| tx.disclosures_of(&tx.disclosure_keys(name)?);
        self.view(caller, Permission::Read, |tx, _| named(tx))
    }

    /// The document as it was received, byte for byte.
    pub fn disclosure_raw(&self, caller: &Caller, name: &str) -> Result<Vec<u8>, HubError> {
        self.view(caller, Permission::Read, |tx, _| {
            let found = tx.disclosure_raw(&one_key(tx, name)?)?;
            found.ok_or_else(|| missing(name))
        })
    }
}

/// The one disclosure that `name` means.
pub(crate) fn one_key(tx: &Tx, name: &str) -> Result<DisclosureKey, HubError> {
    let mut keys = tx.disclosure_keys(name)?;
    match keys.len() {
        0 => Err(missing(name)),
        1 => Ok(keys.remove(0)),
        _ => Err(HubError::Ambiguous { id: name.to_owned(), keys }),
    }
}

fn missing(name: &str) -> HubError {
    HubError::NotFound { kind: "disclosure", key: name.to_owned() }
}
