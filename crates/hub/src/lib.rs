#![forbid(unsafe_code)]
//! Use cases: authorize, load, decide, store, in one transaction.
//!
//! Every front door calls these and nothing below them. Calls block; an asynchronous caller runs
//! them on a blocking thread. Nothing here knows HTTP.

mod error;
mod session;
mod view;

use std::sync::Arc;

pub use error::HubError;
pub use session::{Caller, SignIn, SignedIn};
pub use view::{BadRow, EvidenceCheck, Facets};

/// The hub: a store and the knowledge compiled in. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    #[expect(dead_code, reason = "filled in by the store")]
    inner: Arc<()>,
}
