//! Deciding verdicts: devices reduced to configurations, each matched once.

mod books;
mod clearing;

use std::collections::{BTreeMap, BTreeSet};

use access::Permission;
use assets::{Inventory, InventoryRecord};
use evidence::Action;
use model::{Attribute, Device, DeviceId, Timestamp, Verdict, VerdictRow};
use rayon::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};
use store::records::{
    ClearedRow, Clearing, ConfigurationKey, ConfigurationSaid, ConfigurationVerdicts, DecisionRow,
    DocumentAnew, ParsedDocument, StaleConfiguration, StaleDocument, Stamp,
};
use store::{StoreError, Tx};
use vulnerability::csaf;
use vulnerability::matching::{Asset, Ledger, Said, Series, Software, Statement};
use vulnerability::{epss, kev};

use crate::access::session::environment;
use crate::act::{Needs, Place};
use crate::one_shot::Pile;
use crate::take_in::disclosures::warnings;
use crate::view::cite::{placeholder, placeholder_of};
use crate::{Caller, Hub, HubError};

pub(crate) use books::Books;
pub use clearing::{Confirmed, EngineWaits};

/// What deciding did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Decided {
    /// Configurations that were stale and are decided now.
    pub configurations: usize,
    /// Verdicts that came, changed or ended.
    pub changes: usize,
}

impl Decided {
    fn add(&mut self, configurations: usize, changes: usize) {
        self.configurations += configurations;
        self.changes += changes;
    }
}

/// What is stale, and what it is decided with.
struct Work {
    stamp: Stamp,
    stale: Vec<StaleConfiguration>,
}

/// On whose behalf, why and when verdicts are decided.
#[derive(Clone, Copy)]
struct Order<'o> {
    caller: &'o Caller,
    because: &'o str,
    now: Timestamp,
}

impl Hub {
    /// Decides whatever is stale: configurations that were never decided, or with other documents
    /// or by another engine than those of today. Called after an ingest, at start and from the
    /// doctor, so that neither a kill nor an upgrade leaves a silent all-clear.
    ///
    /// Reading and matching happen outside the write lock; where documents changed meanwhile, what
    /// came out is thrown away and decided anew.
    ///
    /// KEV and EPSS are joined when verdicts are read, so they play no part here.
    pub fn decide(
        &self,
        caller: &Caller,
        because: &str,
        now: Timestamp,
    ) -> Result<Decided, HubError> {
        caller.require(Permission::IngestInventory)?;
        // What follows from what was taken in reaches as far as it does, whoever took it in.
        let caller = &Caller::system();
        let order = Order { caller, because, now };
        let mut done = Decided::default();
        if self.ground().read_whole(|tx| tx.has_leftovers())? {
            self.ground().sweep_when_idle()?;
        }
        self.read_documents_anew(caller, now)?;
        for _ in 0..ROUNDS_MAX {
            let Some(work) = self.stale_work()? else {
                done.changes += self.tell_moves(order)?;
                return Ok(done);
            };
            self.decide_work(order, &work, &mut done)?;
        }
        let text = "documents change faster than verdicts can be decided; they are still pending";
        Err(HubError::Environment(text.to_owned()))
    }

    /// One round; ends early where other documents count by now.
    fn decide_work(&self, order: Order, work: &Work, done: &mut Decided) -> Result<(), HubError> {
        let books = self.books()?;
        if books.generation() != work.stamp.generation {
            return Ok(());
        }
        let clearing = self.clearing(order, &books, work)?;
        let (mut same, mut open) = (Vec::new(), Vec::new());
        for batch in work.stale.chunks(CONFIGURATIONS_AT_ONCE) {
            for (stale, decided) in batch.iter().zip(decide_all(&books, batch)?) {
                match decided {
                    Some(decided) => open.push(decided),
                    None => same.push(stale.number),
                }
            }
            if open.len() >= CONFIGURATIONS_AT_ONCE {
                let full = std::mem::take(&mut open);
                let Some(kept) = self.keep(order, &full, &[], &work.stamp, clearing)? else {
                    return Ok(());
                };
                done.add(full.len(), kept);
            }
        }
        if let Some(kept) = self.keep(order, &open, &same, &work.stamp, clearing)? {
            done.add(open.len() + same.len(), kept);
        }
        Ok(())
    }

    /// How many devices have verdicts that are not decided with what is held today.
    pub fn pending(&self, caller: &Caller) -> Result<u64, HubError> {
        let stamp = self.ground().read_whole(|tx| self.stamp(tx))?;
        self.view(caller, Permission::Read, |tx, _| tx.pending_devices(&stamp))
    }

    /// Every change of a verdict of a device, oldest first.
    pub fn decisions(
        &self,
        caller: &Caller,
        device: DeviceId,
    ) -> Result<Vec<DecisionRow>, HubError> {
        self.view(caller, Permission::Read, |tx, _| tx.decisions_of(device))
    }

    /// What turned to not affected, or ended, since `since`, with the cause; newest first.
    pub fn cleared(
        &self,
        caller: &Caller,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<ClearedRow>, HubError> {
        self.view(caller, Permission::Read, |tx, _| tx.cleared(since, limit))
    }

    fn stamp(&self, tx: &Tx) -> Result<Stamp, StoreError> {
        let generation = tx.disclosure_generation()?;
        Ok(Stamp { generation, engine: self.engine().to_owned() })
    }

    fn stale_work(&self) -> Result<Option<Work>, HubError> {
        self.ground().read_whole(|tx| {
            let stamp = self.stamp(tx)?;
            let stale = tx.stale_configurations(&stamp)?;
            Ok((!stale.is_empty()).then_some(Work { stamp, stale }))
        })
    }

    /// Writes one batch, and the stamp of configurations of which nothing new was said; nothing where
    /// other documents count by now.
    fn keep(
        &self,
        order: Order,
        decided: &[ConfigurationVerdicts],
        same: &[i64],
        stamp: &Stamp,
        clearing: Clearing,
    ) -> Result<Option<usize>, HubError> {
        let Order { caller, because, now } = order;
        self.act(caller, DECIDES, Place::House, now, |act| {
            if act.disclosure_generation()? != stamp.generation {
                return Ok(None);
            }
            let tx = act.change();
            let decisions = tx.decide(decided, stamp, now, because, clearing)?;
            tx.put_stamp(same, stamp)?;
            crate::view::kept::move_on(tx)?;
            act.note(Action::Match, because, &details(decided, &decisions, stamp))?;
            Ok(Some(decisions.len()))
        })
    }

    /// Writes into the history what changed for devices whose record changed.
    fn tell_moves(&self, order: Order) -> Result<usize, HubError> {
        let Order { caller, now, .. } = order;
        let mut told = 0;
        while self.ground().read_whole(|tx| tx.has_untold_moves(&self.stamp(tx)?))? {
            told += self.act(caller, DECIDES, Place::House, now, |act| {
                let stamp = self.stamp(act)?;
                let decisions = act.change().tell_moves(&stamp, now, MOVES_AT_ONCE)?;
                let details = details(&[], &decisions, &stamp);
                act.note(Action::Match, "records of devices changed", &details)?;
                Ok(decisions.len())
            })?;
        }
        Ok(told)
    }

    /// Makes the normalised form of documents anew where another engine made it.
    fn read_documents_anew(&self, caller: &Caller, now: Timestamp) -> Result<(), HubError> {
        loop {
            let engine = self.engine();
            let stale =
                self.ground().read_whole(|tx| tx.stale_documents(engine, DOCUMENTS_AT_ONCE))?;
            if stale.is_empty() {
                return Ok(());
            }
            let anew: Vec<ParsedDocument> = stale.par_iter().map(read_anew).collect();
            self.forget_books();
            self.act(caller, DECIDES, Place::House, now, |act| {
                act.change().put_parsed(engine, &anew)?;
                let details = json!({ "documents": anew.len(), "engine": engine });
                act.note(Action::Match, "documents read anew by a new engine", &details)
            })?;
        }
    }
}

/// Decides configurations; nothing for one of which no disclosure says anything new.
fn decide_all(
    books: &Books,
    stale: &[StaleConfiguration],
) -> Result<Vec<Option<ConfigurationVerdicts>>, HubError> {
    stale.par_iter().map(|one| decide_one(books, one)).collect()
}

fn decide_one(
    books: &Books,
    stale: &StaleConfiguration,
) -> Result<Option<ConfigurationVerdicts>, HubError> {
    let asset = match &stale.device {
        Some(device) => asset_of_device(device),
        None => kept_asset(&stale.said.asset)?,
    };
    let said = books.ledger().said(&asset.configuration());
    let numbered = said.iter().filter_map(|said| Some((books.disclosure(said)?, said)));
    let numbered: BTreeMap<i64, &Said> = numbered.collect();
    let digests: BTreeMap<i64, u64> =
        numbered.iter().map(|(number, said)| (*number, books.ledger().digest(said))).collect();
    let is_comparable = stale.is_of_engine && stale.device.is_none();
    let of = is_comparable.then(|| differing(&stale.said.digests, &digests));
    if of.as_ref().is_some_and(BTreeSet::is_empty) {
        return Ok(None);
    }
    let wanted =
        numbered.iter().filter(|(number, _)| of.as_ref().is_none_or(|of| of.contains(number)));
    let rows = wanted.flat_map(|(_, said)| books.ledger().rows(said, &asset)).collect();
    let said = ConfigurationSaid { asset: asset_text(&asset)?, digests };
    Ok(Some(ConfigurationVerdicts { key: stale.key.clone(), of, rows: without_asset(rows), said }))
}

/// What is said by one and not by the other.
fn differing(before: &BTreeMap<i64, u64>, after: &BTreeMap<i64, u64>) -> BTreeSet<i64> {
    let all = before.keys().chain(after.keys());
    all.filter(|number| before.get(number) != after.get(number)).copied().collect()
}

/// A configuration as it is kept. Where its values are from is the same for all of them.
fn asset_text(asset: &Asset) -> Result<String, HubError> {
    let kept = Asset { origins: BTreeMap::new(), ..asset.clone() };
    serde_json::to_string(&kept).map_err(environment)
}

fn kept_asset(text: &str) -> Result<Asset, HubError> {
    let asset: Asset = serde_json::from_str(text).map_err(environment)?;
    Ok(Asset { origins: origins(), ..asset })
}

/// A document that this engine cannot read keeps the form it had, and says so.
fn read_anew(stale: &StaleDocument) -> ParsedDocument {
    let reading = match csaf::read(&stale.raw) {
        Ok(reading) => reading,
        Err(refusal) => {
            let warnings = vec![format!("not read anew: {refusal}")];
            return ParsedDocument { version: stale.version, anew: None, warnings };
        }
    };
    let anew = serde_json::to_value(&reading.document).ok().map(|document| DocumentAnew {
        document,
        status: reading.document.summary.status.clone(),
        vulnerabilities: reading.document.summary.cves.clone(),
        score: reading.document.summary.score_max,
    });
    ParsedDocument { version: stale.version, anew, warnings: warnings(&reading) }
}

/// What the evidence says of a batch; the digest binds the rows of the history to it.
fn details(
    decided: &[ConfigurationVerdicts],
    decisions: &[DecisionRow],
    stamp: &Stamp,
) -> serde_json::Value {
    let count = |verdict| {
        let rows = decided.iter().flat_map(|one| &one.rows);
        rows.filter(|row| row.verdict == verdict).count()
    };
    json!({
        "configurations": decided.len(),
        "affected": count(Verdict::Affected),
        "unknown": count(Verdict::Unknown),
        "not_affected": count(Verdict::NotAffected),
        "decisions": decisions.len(),
        "decisions_sha256": crate::proof::digest_of(decisions),
        "generation": stamp.generation,
        "engine": stamp.engine,
    })
}

/// The key of what verdicts about `device` depend on.
pub(crate) fn configuration_key(device: &Device) -> ConfigurationKey {
    let configuration = asset_of_device(device).configuration();
    // Writing a struct of texts as JSON cannot fail.
    let text = serde_json::to_vec(&configuration).unwrap_or_default();
    let digest = Sha256::digest(&text);
    ConfigurationKey(evidence::hex(digest.get(..16).unwrap_or(&digest)))
}

/// Decides the verdicts of an inventory that is not kept.
pub(crate) fn match_inventory(inventory: &Inventory, pile: Pile) -> Vec<VerdictRow> {
    let series = Series::gather(pile.documents);
    let catalogue = kev::Catalogue { entries: pile.kev, ..kev::Catalogue::default() };
    let scores = epss::Scores { entries: pile.epss, ..epss::Scores::default() };
    let ledger = Ledger::new(series).with_exploitation(catalogue, scores);
    let assets: Vec<Asset> =
        inventory.records.iter().map(|record| asset_of_record(inventory, record)).collect();
    let rows: Vec<Vec<VerdictRow>> = assets
        .par_iter()
        .map(|asset| {
            let mut rows = ledger.verdicts_by_serial(asset);
            rows.sort_by_key(|row| row.verdict);
            rows
        })
        .collect();
    rows.into_iter().flatten().collect()
}

/// The device's own key is put in when a verdict is read: many devices share a configuration.
fn without_asset(mut rows: Vec<VerdictRow>) -> Vec<VerdictRow> {
    for row in &mut rows {
        row.asset.clear();
    }
    rows
}

fn asset_of_device(device: &Device) -> Asset {
    let first =
        |attribute| assets::current(&device.facts, attribute).map(|fact| fact.value.clone());
    let software = device.software.iter().map(|one| Software {
        name: one.name.clone(),
        version: Some(one.version.clone()).filter(|version| !version.is_empty()),
    });
    Asset {
        asset_id: String::new(),
        maker: device.maker.clone(),
        model: device.model.clone(),
        model_number: first(Attribute::ModelNumber),
        serial: device.serial.clone(),
        software_version: device.software_version.clone(),
        os: device.os.clone(),
        software: software.collect(),
        purchase_date: first(Attribute::PurchaseDate),
        origins: origins(),
        disputed: disputed(device),
    }
}

/// Which fact a value stands on differs from device to device; `view::cite` tells.
fn origins() -> BTreeMap<Attribute, String> {
    MATCHED.iter().map(|attribute| (*attribute, placeholder(*attribute))).collect()
}

/// What sources state beside the values that are shown.
fn disputed(device: &Device) -> Vec<Statement> {
    let others = [Attribute::Maker, Attribute::Model, Attribute::SoftwareVersion]
        .into_iter()
        .flat_map(|attribute| assets::statements(device, attribute).into_iter().skip(1));
    others
        .map(|other| Statement {
            attribute: other.attribute,
            origin: placeholder_of(other.attribute, &other.value),
            value: other.value,
        })
        .collect()
}

fn asset_of_record(inventory: &Inventory, record: &InventoryRecord) -> Asset {
    let value = |attribute| record.value(attribute).map(str::to_owned);
    let origins: BTreeMap<Attribute, String> = record
        .cells
        .iter()
        .rev()
        .map(|(attribute, _, heading)| {
            (*attribute, format!("{} row {}, {heading}", inventory.name, record.row))
        })
        .collect();
    Asset {
        asset_id: value(Attribute::AssetTag).unwrap_or_else(|| format!("row {}", record.row)),
        maker: value(Attribute::Maker),
        model: value(Attribute::Model),
        model_number: value(Attribute::ModelNumber),
        serial: value(Attribute::Serial),
        software_version: value(Attribute::SoftwareVersion),
        os: value(Attribute::Os),
        software: Vec::new(),
        purchase_date: value(Attribute::PurchaseDate),
        origins,
        disputed: Vec::new(),
    }
}

/// Attributes that verdicts look at.
pub(crate) const MATCHED: &[Attribute] = &[
    Attribute::Maker,
    Attribute::Model,
    Attribute::ModelNumber,
    Attribute::Serial,
    Attribute::SoftwareVersion,
    Attribute::Os,
    Attribute::Software,
    Attribute::PurchaseDate,
];

/// What deciding asks of its caller: whoever may take anything in.
const DECIDES: Needs = Needs::Permission(Permission::IngestInventory);

/// Devices whose change is written into the history in one transaction.
const MOVES_AT_ONCE: u64 = 500;

/// Configurations decided and written in one transaction; bounds memory and how long others wait.
const CONFIGURATIONS_AT_ONCE: usize = 1_000;

/// Documents read anew in one transaction.
const DOCUMENTS_AT_ONCE: u64 = 500;

/// How often deciding starts anew because documents changed under it.
const ROUNDS_MAX: usize = 8;
