//! Reading: what the pages, the API and the command line show.

pub(crate) mod cite;
pub(crate) mod disclosures;
mod history;
pub(crate) mod kept;
mod makers;

pub use history::DeviceHistory;

use std::collections::BTreeMap;

use access::Permission;
use model::{DeviceId, Timestamp};
use store::records::{
    DeviceDetail, DeviceFacets, DeviceFilter, DeviceOrder, DeviceRow, DeviceVerdict, EvidenceRow,
    IngestRow, OpenQuestion, Overview, Page, Rows, SoftwareRow, StreamRow, VerdictFilter,
};

use store::{StoreError, Tx};

use crate::{Caller, Hub, HubError};

impl Hub {
    /// The state of the whole house.
    pub fn overview(&self, caller: &Caller) -> Result<Overview, HubError> {
        self.view(caller, Permission::Read, |tx, scope| {
            let mut overview = self.inner.overview.or_load(tx, scope, |tx| tx.overview())?;
            // A sign-in is evidence too, and changes nothing else.
            overview.evidence_rows = tx.evidence_head()?.map_or(0, |head| head.number);
            Ok::<_, StoreError>(overview)
        })
    }

    /// When each kind of input last came in.
    pub fn feeds(&self, caller: &Caller) -> Result<BTreeMap<String, Timestamp>, HubError> {
        self.view(caller, Permission::Read, |tx, _| tx.feeds())
    }

    /// The questions that would decide most unknown verdicts, most first.
    pub fn open_questions(
        &self,
        caller: &Caller,
        limit: u64,
    ) -> Result<Vec<OpenQuestion>, HubError> {
        let load = |tx: &Tx<'_>| tx.open_questions(QUESTIONS_KEPT);
        let mut questions = self.view(caller, Permission::Read, |tx, scope| {
            self.inner.questions.or_load(tx, scope, load)
        })?;
        questions.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(questions)
    }

    /// Devices that match `filter`.
    pub fn devices(
        &self,
        caller: &Caller,
        filter: &DeviceFilter,
        order: DeviceOrder,
        page: Page,
    ) -> Result<Rows<DeviceRow>, HubError> {
        let mut filter = filter.clone();
        if let Some(maker) = &filter.maker {
            let makers = self.facets(caller)?.makers;
            filter.maker_spellings = makers::spellings(&makers, maker);
        }
        let mut found =
            self.view(caller, Permission::Read, |tx, _| tx.device_rows(&filter, order, page))?;
        for row in &mut found.rows {
            row.care_function = care_function(row.class.as_ref());
        }
        Ok(found)
    }

    /// Values that devices have for `maker` and `class`, with how many, for the filters.
    pub fn device_facets(&self, caller: &Caller) -> Result<Facets, HubError> {
        let found = self.facets(caller)?;
        let makers = makers::joined(found.makers);
        Ok(Facets { classes: found.classes, makers, sites: found.sites })
    }

    fn facets(&self, caller: &Caller) -> Result<DeviceFacets, HubError> {
        self.view(caller, Permission::Read, |tx, scope| {
            self.inner.facets.or_load(tx, scope, |tx| tx.device_facets())
        })
    }

    /// One device with all that is known of it.
    pub fn device(&self, caller: &Caller, id: DeviceId) -> Result<DeviceDetail, HubError> {
        let found = self.view(caller, Permission::Read, |tx, _| tx.device_detail(id))?;
        let mut found =
            found.ok_or_else(|| HubError::NotFound { kind: "device", key: id.to_string() })?;
        cite::cite(&mut found.verdicts, &found.device);
        found.care_function = care_function(found.device.class.as_ref());
        Ok(found)
    }

    /// Software and how many devices have it, or had it at a time.
    pub fn software(
        &self,
        caller: &Caller,
        text: Option<&str>,
        as_of: Option<Timestamp>,
        page: Page,
    ) -> Result<Rows<SoftwareRow>, HubError> {
        self.view(caller, Permission::Read, |tx, _| match as_of {
            Some(at) => tx.software_rows_at(at, text, page),
            None => tx.software_rows(text, page),
        })
    }

    /// Verdicts that match `filter`, worst first.
    pub fn verdicts(
        &self,
        caller: &Caller,
        filter: &VerdictFilter,
        page: Page,
    ) -> Result<Rows<DeviceVerdict>, HubError> {
        self.view(caller, Permission::Read, |tx, _| {
            let mut found = tx.verdict_rows(filter, page)?;
            if let Some(id) = filter.device
                && let Some(device) = tx.device(id)?
            {
                cite::cite(found.rows.iter_mut().map(|verdict| &mut verdict.row), &device);
            }
            Ok::<_, StoreError>(found)
        })
    }

    /// What was taken in, newest first, with what was skipped.
    pub fn ingests(&self, caller: &Caller, page: Page) -> Result<Rows<IngestRow>, HubError> {
        self.view(caller, Permission::Read, |tx, _| tx.ingest_rows(page))
    }

    /// Inventory sources by site and name, each with its newest export.
    pub fn sources(&self, caller: &Caller) -> Result<Vec<StreamRow>, HubError> {
        self.view(caller, Permission::Read, |tx, _| tx.streams(None))
    }

    /// The evidence log, newest first.
    pub fn evidence(&self, caller: &Caller, page: Page) -> Result<Rows<EvidenceRow>, HubError> {
        self.view(caller, Permission::ReadEvidence, |tx, _| tx.evidence_rows(page))
    }
}

/// Questions kept ready; more than any page shows.
const QUESTIONS_KEPT: u64 = 1000;

/// Values to filter devices by, each with how many devices have it.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Facets {
    /// Classes.
    pub classes: Vec<(String, u64)>,
    /// Makers.
    pub makers: Vec<(String, u64)>,
    /// Sites.
    pub sites: Vec<(String, u64)>,
}

/// What devices of a class do for care.
fn care_function(class: Option<&String>) -> Option<String> {
    assets::knowledge::care_function(class?).map(str::to_owned)
}
