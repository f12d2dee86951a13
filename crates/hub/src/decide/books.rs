//! The documents that count, kept ready to be matched until they change.
//!
//! Output: one [`Ledger`] for each generation of the disclosures. Documents that were read for the one
//!         before are not read again.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use rayon::prelude::*;
use store::records::{Standing, StoredDocument};
use vulnerability::csaf::Document;
use vulnerability::matching::{Ledger, Said, Series};

use crate::access::session::environment;
use crate::{Hub, HubError};

/// All documents of one generation, indexed.
pub(crate) struct Books {
    generation: u64,
    ledger: Ledger,
    /// Row number of the disclosure of each series of the ledger.
    disclosures: Vec<i64>,
    /// By row number of the version.
    documents: BTreeMap<i64, Arc<Document>>,
}

impl Books {
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The row number of the disclosure that said this.
    pub(crate) fn disclosure(&self, said: &Said) -> Option<i64> {
        self.disclosures.get(said.series).copied()
    }
}

impl Hub {
    /// The documents of today, indexed. Whoever asks first after a change waits for it.
    pub(super) fn books(&self) -> Result<Arc<Books>, HubError> {
        let mut kept = self.inner.books.lock().unwrap_or_else(PoisonError::into_inner);
        let before = kept.take();
        let last = before.as_ref().and_then(|books| books.documents.keys().next_back().copied());
        let (generation, loaded) = self.ground().read_whole(|tx| {
            let generation = tx.disclosure_generation()?;
            if before.as_ref().is_some_and(|books| books.generation == generation) {
                return Ok::<_, HubError>((generation, None));
            }
            let new = tx.disclosure_documents(last.unwrap_or_default())?;
            Ok((generation, Some((tx.disclosure_standings()?, new))))
        })?;
        let books = match (loaded, before) {
            (None, Some(before)) => before,
            (Some((standings, new)), before) => {
                let known = before.map(|books| books.documents.clone()).unwrap_or_default();
                Arc::new(open(generation, &standings, known, new)?)
            }
            (None, None) => Arc::new(open(generation, &[], BTreeMap::new(), Vec::new())?),
        };
        *kept = Some(Arc::clone(&books));
        Ok(books)
    }

    /// Documents were read anew, so none that is kept holds any more.
    pub(super) fn forget_books(&self) {
        *self.inner.books.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn open(
    generation: u64,
    standings: &[Standing],
    mut documents: BTreeMap<i64, Arc<Document>>,
    new: Vec<StoredDocument>,
) -> Result<Books, HubError> {
    let read = |stored: StoredDocument| {
        let document = serde_json::from_value(stored.document).map_err(environment)?;
        Ok((stored.version, Arc::new(document)))
    };
    documents.extend(new.into_par_iter().map(read).collect::<Result<Vec<_>, HubError>>()?);
    let of_one = standings.chunk_by(|left, right| left.disclosure == right.disclosure);
    let series = of_one
        .filter_map(|versions| Some((versions.first()?.disclosure, series(versions, &documents)?)));
    let (disclosures, series): (Vec<i64>, Vec<Series>) = series.unzip();
    Ok(Books { generation, ledger: Ledger::new(series), disclosures, documents })
}

fn series(versions: &[Standing], documents: &BTreeMap<i64, Arc<Document>>) -> Option<Series> {
    let of = |one: &Standing| documents.get(&one.version).cloned();
    let current = versions.iter().find(|one| one.current).and_then(of)?;
    let accepted = versions.iter().find(|one| one.accepted).and_then(of);
    let others = versions.iter().filter(|one| !one.current).filter_map(of).collect();
    Some(Series::new(current, others, accepted.as_ref()))
}
