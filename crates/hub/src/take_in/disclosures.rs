//! Taking disclosures, KEV and EPSS in.

use std::collections::BTreeSet;

use link::Input;
use model::{Answerable, DisclosureKey, Skip, Timestamp};
use rayon::prelude::*;
use serde_json::json;
use store::records::{DisclosureVersionRow, NewDisclosure, Outcome, TrustRow};
use store::{StoreError, WriteTx};
use vulnerability::csaf;

use crate::access::session::{environment, invalid};
use crate::act::{Act, Needs, Place};
use crate::take_in::kind::Kind;
use crate::take_in::{IngestSummary, Taken, permission, record};
use crate::{Caller, Hub, HubError};

/// A document that was read, or the reason why not.
enum Read {
    Document(Box<NewDisclosure>),
    Refused(Skip),
}

impl Hub {
    /// Takes CSAF documents in, a batch to a transaction. Each has its own ingest and evidence row.
    /// `source` is who brought them, as the caller names it.
    pub(crate) fn ingest_disclosures(
        &self,
        caller: &Caller,
        inputs: &[Input],
        source: &str,
        now: Timestamp,
        summary: &mut IngestSummary,
    ) -> Result<(), HubError> {
        let mut load = Load { source, now, first: BTreeSet::new() };
        for batch in inputs.chunks(BATCH_DOCUMENTS) {
            let read = |one: &Input| read_document(one, source, self.engine());
            let read: Vec<Read> = batch.par_iter().map(read).collect();
            let needs = Needs::Permission(permission(Kind::Csaf));
            let taken = self.act(caller, needs, Place::House, now, |act| {
                let trusted = act.trusted()?;
                let each = batch.iter().zip(&read);
                each.map(|(input, read)| load.take(act, caller, input, read, &trusted))
                    .collect::<Result<Vec<_>, HubError>>()
            })?;
            for (one, warning) in taken {
                summary.warnings.extend(warning);
                summary.add(one);
            }
        }
        Ok(())
    }

    /// Takes the KEV catalogue in; it replaces the one before, unless that is newer.
    pub(crate) fn ingest_kev(
        &self,
        caller: &Caller,
        input: &Input,
        now: Timestamp,
    ) -> Result<Taken, HubError> {
        let bytes = link::read_document(&input.path).map_err(invalid)?;
        let catalogue = vulnerability::kev::read(&bytes)
            .map_err(|refusal| HubError::Invalid(in_words(&refusal.place, &refusal.reason)))?;
        let edition = Edition {
            kind: Kind::Kev,
            name: catalogue.version,
            content_hash: evidence::sha256_hex(&bytes),
            rows: catalogue.entries.len() as u64,
            skipped: catalogue.skipped.iter().map(|(place, why)| skip(input, place, why)).collect(),
        };
        self.ingest_edition(caller, input, edition, now, |tx| tx.replace_kev(&catalogue.entries))
    }

    /// Takes EPSS scores in; they replace those of the same CVEs, unless those are newer.
    pub(crate) fn ingest_epss(
        &self,
        caller: &Caller,
        input: &Input,
        now: Timestamp,
    ) -> Result<Taken, HubError> {
        let bytes = link::read_document(&input.path).map_err(invalid)?;
        let scores = vulnerability::epss::read(&bytes);
        let place = |row: &usize| format!("row {row}");
        let edition = Edition {
            kind: Kind::Epss,
            name: scores.date.unwrap_or_default(),
            content_hash: evidence::sha256_hex(&bytes),
            rows: scores.entries.len() as u64,
            skipped: scores
                .skipped
                .iter()
                .map(|(row, why)| skip(input, &place(row), why))
                .collect(),
        };
        self.ingest_edition(caller, input, edition, now, |tx| tx.merge_epss(&scores.entries))
    }

    fn ingest_edition(
        &self,
        caller: &Caller,
        input: &Input,
        edition: Edition,
        now: Timestamp,
        put: impl FnOnce(&WriteTx) -> Result<(), StoreError>,
    ) -> Result<Taken, HubError> {
        let kind = edition.kind.name();
        let setting = format!("{kind}_edition");
        let needs = Needs::Permission(permission(edition.kind));
        self.act(caller, needs, Place::House, now, |act| {
            let known = act.ingested(kind, &edition.content_hash)?;
            // An edition of the future would block every true one after it.
            if is_future(&edition.name, now) {
                let told = format!("it is dated `{}`, which is in the future", edition.name);
                return Err(HubError::Invalid(told));
            }
            let held = act.setting(&setting)?.unwrap_or_default();
            let held = if is_future(&held, now) { String::new() } else { held };
            if !known && edition.name < held {
                let older =
                    format!("it is the edition `{}`; the newer `{held}` is held", edition.name);
                return Err(HubError::Invalid(older));
            }
            let name = edition.name.clone();
            let taken = edition.taken(input, known);
            if !known {
                put(act.change())?;
                act.change().put_setting(&setting, &name)?;
                record(act, caller, &taken, &json!({ "edition": name }), now)?;
            }
            Ok(taken)
        })
    }
}

/// True for an edition named after a day that is later than tomorrow, wherever on earth today is.
fn is_future(name: &str, now: Timestamp) -> bool {
    let day = |text: &str| -> Option<u32> {
        let digits: String = text.chars().filter(char::is_ascii_digit).take(8).collect();
        (digits.len() == 8).then(|| digits.parse().ok()).flatten()
    };
    let tomorrow = day(&now.plus_seconds(86_400).day());
    day(name).zip(tomorrow).is_some_and(|(named, tomorrow)| named > tomorrow)
}

/// A table that is published anew from time to time.
struct Edition {
    kind: Kind,
    /// Version or day; a later one sorts behind an earlier one. Empty where the file does not say.
    name: String,
    content_hash: String,
    rows: u64,
    skipped: Vec<Skip>,
}

impl Edition {
    fn taken(self, input: &Input, known: bool) -> Taken {
        Taken {
            kind: self.kind,
            name: input.name(),
            content_hash: self.content_hash,
            read: self.rows + self.skipped.len() as u64,
            accepted: if known { 0 } else { self.rows },
            unchanged: if known { self.rows } else { 0 },
            skipped: self.skipped,
            columns: None,
        }
    }
}

/// One load of documents.
struct Load<'l> {
    source: &'l str,
    now: Timestamp,
    /// Disclosures that nobody knew before it: their later versions clear nothing that anybody saw.
    first: BTreeSet<DisclosureKey>,
}

impl Load<'_> {
    fn take(
        &mut self,
        act: &Act,
        caller: &Caller,
        input: &Input,
        read: &Read,
        trusted: &[TrustRow],
    ) -> Result<(Taken, Option<Skip>), HubError> {
        let (mut outcome, mut warning) = (None, None);
        if let Read::Document(new) = read {
            let trusts = |row: &TrustRow| row.covers(&new.key.namespace, self.source);
            let accepted = self.first.contains(&new.key) || trusted.iter().any(trusts);
            let twin = act.twin_of(new)?;
            let put = act.offer(|tx| tx.put_disclosure(new, self.now, accepted))?;
            if put == Outcome::Added {
                self.first.insert(new.key.clone());
            }
            if put != Outcome::Unchanged {
                warning = twin.map(|twin| other_bytes(input, new, &twin));
            }
            outcome = Some(put);
        }
        let one = taken_of(input, read, outcome);
        if outcome != Some(Outcome::Unchanged) {
            record(act, caller, &one, &details(read, outcome, warning.as_ref()), self.now)?;
        }
        Ok((one, warning))
    }
}

/// The warning that a version that is held came again with other bytes.
fn other_bytes(input: &Input, new: &NewDisclosure, twin: &DisclosureVersionRow) -> Skip {
    let (version, received, hash) = (&new.version, twin.received, &twin.content_hash);
    let reason = format!(
        "version {version} of {} came with other bytes on {received} (SHA-256 {hash}); both are kept",
        new.key.id
    );
    Skip {
        path: input.path.display().to_string(),
        place: "/document/tracking/version".to_owned(),
        reason,
        answerable: Answerable::Sender,
    }
}

fn read_document(input: &Input, source: &str, engine: &str) -> Read {
    let path = input.path.display().to_string();
    let refused = |place: String, reason: String, answerable| {
        Read::Refused(Skip { path: path.clone(), place, reason, answerable })
    };
    let raw = match link::read_document(&input.path) {
        Ok(raw) => raw,
        Err(error) => return refused(String::new(), error.to_string(), Answerable::Environment),
    };
    let reading = match csaf::read(&raw) {
        Ok(reading) => reading,
        Err(refusal) => return Read::Refused(refusal.into_skip(path)),
    };
    match new_disclosure(reading, raw, source, engine) {
        Ok(new) => Read::Document(Box::new(new)),
        Err(error) => refused(String::new(), error.to_string(), Answerable::Us),
    }
}

fn new_disclosure(
    reading: csaf::Reading,
    raw: Vec<u8>,
    source: &str,
    engine: &str,
) -> Result<NewDisclosure, HubError> {
    let document = serde_json::to_value(&reading.document).map_err(environment)?;
    let warnings = warnings(&reading);
    let csaf::Document { summary, products, .. } = reading.document;
    let mut words: Vec<&str> = products.iter().map(|product| product.name.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    Ok(NewDisclosure {
        key: DisclosureKey::new(summary.publisher.namespace, summary.id),
        search_text: words.join("\n"),
        status: summary.status,
        source: source.to_owned(),
        publisher: summary.publisher.name,
        title: summary.title,
        version: summary.version,
        released: summary.initial_release_date,
        updated: summary.current_release_date,
        vulnerabilities: summary.cves,
        score: summary.score_max,
        engine: engine.to_owned(),
        document,
        warnings,
        content_hash: summary.content_hash,
        raw,
    })
}

fn taken_of(input: &Input, read: &Read, outcome: Option<Outcome>) -> Taken {
    let unchanged = outcome == Some(Outcome::Unchanged);
    let (content_hash, skipped) = match read {
        Read::Document(new) => (new.content_hash.clone(), Vec::new()),
        Read::Refused(skip) => (String::new(), vec![skip.clone()]),
    };
    Taken {
        kind: Kind::Csaf,
        name: input.name(),
        content_hash,
        read: 1,
        accepted: u64::from(outcome.is_some() && !unchanged),
        unchanged: u64::from(unchanged),
        skipped,
        columns: None,
    }
}

fn details(read: &Read, outcome: Option<Outcome>, warning: Option<&Skip>) -> serde_json::Value {
    match read {
        Read::Document(new) => json!({
            "disclosure": new.key,
            "version": new.version,
            "outcome": outcome,
            "warnings": new.warnings.len(),
            "other_bytes": warning.map(|warning| &warning.reason),
        }),
        Read::Refused(skip) => json!({ "refused": skip.reason, "where": skip.place }),
    }
}

fn skip(input: &Input, place: &str, reason: &str) -> Skip {
    Skip {
        path: input.path.display().to_string(),
        place: place.to_owned(),
        reason: reason.to_owned(),
        answerable: Answerable::Sender,
    }
}

/// The oddities of a document as they are kept and shown.
pub(crate) fn warnings(reading: &csaf::Reading) -> Vec<String> {
    reading.warnings.iter().map(|warning| in_words(&warning.pointer, &warning.what)).collect()
}

fn in_words(place: &str, what: &str) -> String {
    if place.is_empty() { what.to_owned() } else { format!("{place}: {what}") }
}

/// Documents to a transaction: enough to make the commit cheap, few enough to bound memory.
const BATCH_DOCUMENTS: usize = 500;
