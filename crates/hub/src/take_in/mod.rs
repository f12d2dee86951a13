//! Taking input in: anything, from a file or a folder, found out by its content.
//!
//! A file is one transaction with its evidence row, so an ingest that is cut short leaves whole
//! files behind and nothing half done. The same content twice changes nothing.

mod changes;
mod columns;
mod devices;
pub(crate) mod disclosures;
mod inventories;
pub(crate) mod kind;
mod listing;
pub(crate) mod mirror;
mod one_read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use access::Permission;
use evidence::Action;
use link::{Input, ReadError};
use model::{Answerable, Skip, Timestamp};
use serde::Serialize;
use serde_json::json;
use store::records::IngestRow;

use crate::act::Act;
use crate::captures::Reading;
pub use crate::take_in::columns::{ColumnRead, ColumnsRead};
use crate::take_in::kind::{Kind, kind_of};
use crate::{Caller, Hub, HubError};

/// What to take in.
#[derive(Clone, Debug, Default)]
pub struct IngestRequest {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// The type, where the caller knows better than the content.
    pub kind: Option<Kind>,
    /// Site that the devices belong to; empty for the only site.
    pub site: String,
    /// Name of the source: of an inventory, empty to recognise it by the headings; of documents, who
    /// brought them.
    pub source: String,
    /// Whether an inventory that lacks many rows is partial, where a person said so.
    pub partial: Option<bool>,
    /// How captures are read.
    pub reading: Reading,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IngestSummary {
    /// Records read: captures and disclosures count as one, tables by row.
    pub read: u64,
    /// Records used.
    pub accepted: u64,
    /// Records that were there already.
    pub unchanged: u64,
    /// What was not used, and why.
    pub skipped: Vec<Skip>,
    /// Records read, by type.
    pub by_type: BTreeMap<String, u64>,
    /// Signatures, checksums and lists of a mirror, recognised beside its documents.
    pub side_files: u64,
    /// What was used although something was odd about it.
    pub warnings: Vec<Skip>,
    /// What the columns of each inventory are read as.
    pub columns: Vec<ColumnsRead>,
    /// What verdicts must be decided anew for.
    #[serde(skip)]
    pub(crate) changed: Changed,
}

/// What an ingest changed of that on which verdicts depend.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Changed {
    documents: bool,
    devices: bool,
}

impl Changed {
    const fn because(self) -> &'static str {
        match (self.documents, self.devices) {
            (true, true) => "disclosures and devices were taken in",
            (true, false) => "disclosures were taken in",
            (false, true) => "devices were taken in",
            (false, false) => "something was not decided yet",
        }
    }
}

/// What became of one file.
pub(crate) struct Taken {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) content_hash: String,
    pub(crate) read: u64,
    pub(crate) accepted: u64,
    pub(crate) unchanged: u64,
    pub(crate) skipped: Vec<Skip>,
    pub(crate) columns: Option<ColumnsRead>,
}

impl Hub {
    /// Takes in every file at or below the paths of `request`, then decides verdicts anew where
    /// devices or disclosures changed.
    pub fn ingest(
        &self,
        caller: &Caller,
        request: &IngestRequest,
        now: Timestamp,
    ) -> Result<IngestSummary, HubError> {
        caller.require_at(Permission::IngestInventory, Some(&request.site))?;
        let mut summary = IngestSummary::default();
        let walked = link::walk(&request.paths);
        for (path, error) in walked.refused {
            summary.skip(&path, &error);
        }
        let mut documents = Vec::new();
        for input in walked.inputs {
            match kind_of_file(&input.path, request.kind) {
                Ok(Some(kind)) => {
                    caller.require_at(permission(kind), site_of(kind, &request.site))?;
                    if kind == Kind::Csaf {
                        documents.push(input);
                    } else {
                        self.ingest_file(caller, &input, kind, request, now, &mut summary)?;
                    }
                }
                Ok(None) if is_side_file(&input.path) => summary.side_files += 1,
                Ok(None) => summary.unrecognised(&input),
                Err(error) => summary.skip(&input.path, &error),
            }
        }
        self.ingest_disclosures(caller, &documents, &request.source, now, &mut summary)?;
        // Also where nothing changed: an ingest before this one may have been killed.
        self.decide(caller, summary.changed.because(), now)?;
        if summary.changed != Changed::default() {
            self.ground().tidy()?;
        }
        Ok(summary)
    }

    fn ingest_file(
        &self,
        caller: &Caller,
        input: &Input,
        kind: Kind,
        request: &IngestRequest,
        now: Timestamp,
        summary: &mut IngestSummary,
    ) -> Result<(), HubError> {
        let taken = match kind {
            Kind::Capture => self.ingest_capture(caller, input, request, now),
            Kind::Inventory => self.ingest_inventory(caller, input, request, now),
            Kind::Kev => self.ingest_kev(caller, input, now),
            _ => self.ingest_epss(caller, input, now),
        };
        match taken {
            Ok(taken) => summary.add(taken),
            Err(HubError::Invalid(reason)) => summary.refuse(&input.path, reason),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// The kind the caller said, else the one its content shows.
fn kind_of_file(path: &Path, said: Option<Kind>) -> Result<Option<Kind>, ReadError> {
    if said.is_some() {
        return Ok(said);
    }
    let head = link::read_head(path)?;
    let kind = kind_of(&head);
    // A JSON document may name its kind behind the first pages.
    if kind.is_none() && head.contains(&b'{') {
        let whole = link::read_document(path)?;
        return Ok(kind_of(&whole));
    }
    Ok(kind)
}

fn is_side_file(path: &Path) -> bool {
    link::read_head(path).is_ok_and(|head| mirror::is_side_file(&head))
}

/// Writes the ingest row of one file and its evidence, in the caller's transaction. Gives the
/// number of the row.
pub(crate) fn record(
    act: &Act,
    caller: &Caller,
    taken: &Taken,
    details: &serde_json::Value,
    now: Timestamp,
) -> Result<u64, HubError> {
    let tx = act.change();
    crate::view::kept::move_on(tx)?;
    let row = IngestRow {
        name: taken.name.clone(),
        kind: taken.kind.name().to_owned(),
        content_hash: taken.content_hash.clone(),
        at: now,
        by: caller.name.clone(),
        read: taken.read,
        accepted: taken.accepted,
        unchanged: taken.unchanged,
        skipped: taken.skipped.clone(),
        skipped_count: taken.skipped.len() as u64,
    };
    let number = tx.put_ingest(&row, act.site())?;
    let details = json!({
        "type": taken.kind.name(),
        "sha256": taken.content_hash,
        "read": taken.read,
        "accepted": taken.accepted,
        "skipped": taken.skipped.len(),
        "details": details,
    });
    act.note(Action::Ingest, &taken.name, &details)?;
    Ok(number)
}

pub(crate) const fn permission(kind: Kind) -> Permission {
    match kind {
        Kind::Inventory => Permission::IngestInventory,
        _ => Permission::Ingest,
    }
}

/// Where something of a kind is taken in: devices at a site, what is published for the whole house.
const fn site_of(kind: Kind, site: &str) -> Option<&str> {
    match kind {
        Kind::Capture | Kind::Inventory => Some(site),
        _ => None,
    }
}

impl IngestSummary {
    pub(crate) fn add(&mut self, taken: Taken) {
        self.read += taken.read;
        self.accepted += taken.accepted;
        self.unchanged += taken.unchanged;
        let changed = taken.accepted > 0;
        self.changed.documents |= changed && taken.kind == Kind::Csaf;
        self.changed.devices |= changed && matches!(taken.kind, Kind::Capture | Kind::Inventory);
        self.skipped.extend(taken.skipped);
        self.columns.extend(taken.columns);
        *self.by_type.entry(taken.kind.name().to_owned()).or_default() += taken.read;
    }

    pub(crate) fn skip(&mut self, path: &Path, error: &ReadError) {
        let answerable = match error {
            ReadError::Unreadable(_) => Answerable::Environment,
            ReadError::TooLarge | ReadError::Damaged(_) => Answerable::Sender,
            _ => Answerable::Caller,
        };
        self.read += 1;
        self.skipped.push(Skip {
            path: path.display().to_string(),
            place: String::new(),
            reason: error.to_string(),
            answerable,
        });
    }

    fn refuse(&mut self, path: &Path, reason: String) {
        self.read += 1;
        self.skipped.push(Skip {
            path: path.display().to_string(),
            place: String::new(),
            reason,
            answerable: Answerable::Sender,
        });
    }

    fn unrecognised(&mut self, input: &Input) {
        let mut reason =
            "its content is of no type that is read: capture, CSAF, KEV, EPSS, inventory"
                .to_owned();
        let head = link::read_head(&input.path).ok();
        if let Some(headings) = head.and_then(|head| assets::table_headings(&head)) {
            reason.push_str("; too few columns of this table are an inventory's: ");
            reason.push_str(&headings);
        }
        self.refuse(&input.path, reason);
    }
}
