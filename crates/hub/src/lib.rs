//! Use cases: authorize, load, decide, store, in one transaction.
//!
//! Every front door calls these and nothing below them. Calls block; an asynchronous caller runs
//! them on a blocking thread. Nothing here knows HTTP.
#![forbid(unsafe_code)]
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "what it proposes for `ground.read(|tx| tx.overview())` does not compile"
)]

mod access;
mod act;
mod captures;
mod decide;
mod error;
mod jobs;
pub mod one_shot;
mod operations;
mod proof;
pub mod protect;
mod take_in;
mod view;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ::access::Throttle;
use model::Timestamp;
use store::records::{DeviceFacets, HeldRow, OpenQuestion, Overview};
use store::{Store, StoreUrl};

use act::Ground;
use view::kept::Kept;

pub use ::access::{Grant, Permission, Role, UnknownName};
pub use access::agreements::{Together, Waiting};
pub use access::caller::Caller;
pub use access::people::{NewPerson, Person};
pub use access::session::{SignIn, SignedIn};
pub use access::settings::SettingShown;
pub use decide::{Confirmed, Decided, EngineWaits};
pub use error::HubError;
pub use jobs::JobShown;
pub use operations::{Asks, OPERATIONS, Operation};
pub use proof::{
    BackupCheck, BadRow, CheckpointSeen, Deep, EvidenceCheck, Found, KeyRow, Redacted, Restored,
    SignedCheckpoint, VerifyRequest, in_use,
};
pub use take_in::kind::{Kind, UnknownKind};
pub use take_in::{ColumnRead, ColumnsRead, IngestRequest, IngestSummary};
pub use view::{DeviceHistory, Facets};

/// The hub: a store and the knowledge compiled in. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
    /// Folder of the keyring.
    keys: Option<Arc<Path>>,
}

struct Inner {
    ground: Ground,
    engine: String,
    throttle: Mutex<Throttle>,
    touches: Mutex<BTreeMap<String, Timestamp>>,
    overview: Kept<Overview>,
    questions: Kept<Vec<OpenQuestion>>,
    facets: Kept<DeviceFacets>,
    held: Kept<Vec<HeldRow>>,
    books: Mutex<Option<Arc<decide::Books>>>,
}

impl Hub {
    /// Opens the store at `url`, making and migrating it as needed.
    pub fn open(url: &StoreUrl) -> Result<Self, HubError> {
        Self::open_with_engine(url, vulnerability::ENGINE)
    }

    /// As [`Hub::open`]; a PostgreSQL store whose schema is brought up to date is copied into
    /// `folder` before.
    pub fn open_beside(url: &StoreUrl, folder: &Path) -> Result<Self, HubError> {
        Ok(Self::on(Ground::open_beside(url, Some(folder))?, vulnerability::ENGINE))
    }

    /// The copy that was made before the schema was brought up to date, where it was.
    pub fn set_aside(&self) -> Option<&Path> {
        self.ground().set_aside()
    }

    /// Opens the store at `url` to read it: makes, migrates and writes nothing.
    pub fn open_to_read(url: &StoreUrl) -> Result<Self, HubError> {
        Ok(Self::on(Ground::open_to_read(url)?, vulnerability::ENGINE))
    }

    /// True where an older version of the program wrote the store at `url`.
    pub fn is_older(url: &StoreUrl) -> Result<bool, HubError> {
        Ok(Store::is_older(url)?)
    }

    /// Opens the store as the hub of another engine would: what this one did not decide is stale.
    pub fn open_with_engine(url: &StoreUrl, engine: &str) -> Result<Self, HubError> {
        Ok(Self::on(Ground::open(url)?, engine))
    }

    fn on(ground: Ground, engine: &str) -> Self {
        Self {
            keys: None,
            inner: Arc::new(Inner {
                ground,
                engine: engine.to_owned(),
                throttle: Mutex::new(Throttle::new()),
                touches: Mutex::default(),
                overview: Kept::default(),
                questions: Kept::default(),
                facets: Kept::default(),
                held: Kept::default(),
                books: Mutex::default(),
            }),
        }
    }

    /// Stamp of the engine that decides here.
    pub(crate) fn engine(&self) -> &str {
        &self.inner.engine
    }

    pub(crate) fn ground(&self) -> &Ground {
        &self.inner.ground
    }

    /// Runs `act` on when sessions were last used, by the hash of their token.
    pub(crate) fn with_touches<T>(
        &self,
        act: impl FnOnce(&mut BTreeMap<String, Timestamp>) -> T,
    ) -> T {
        act(&mut self.inner.touches.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `act` on the sign-in throttle. A poisoned lock holds a valid throttle: none of its
    /// methods can stop half-way.
    pub(crate) fn with_throttle<T>(&self, act: impl FnOnce(&mut Throttle) -> T) -> T {
        act(&mut self.inner.throttle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Fills a buffer from the operating system's generator of random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], HubError> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| HubError::Environment(format!("no random bytes: {error}")))?;
    Ok(bytes)
}
