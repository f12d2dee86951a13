//! What can go wrong in a use case, sorted by who is answerable.

use model::{Answerable, DisclosureKey};

/// Why a use case was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The caller is not signed in, or the session has ended.
    #[error("sign in first")]
    NotSignedIn,
    /// The caller's role does not allow it.
    #[error("your role does not allow {0}")]
    Forbidden(&'static str),
    /// A grant allows it, but not there.
    #[error("what was granted to you does not reach so far for {0}")]
    OutOfReach(&'static str),
    /// What was asked for does not exist, or is outside the caller's scope.
    #[error("there is no {kind} `{key}`")]
    NotFound {
        /// Kind of thing, e.g. `device`.
        kind: &'static str,
        /// The key that was asked for.
        key: String,
    },
    /// Several publishers use this tracking id; the caller must say which one is meant.
    #[error(
        "`{id}` is a tracking id of {} publishers: {}",
        keys.len(),
        keys.iter().map(|key| key.namespace.as_str()).collect::<Vec<_>>().join(", ")
    )]
    Ambiguous {
        /// The tracking id.
        id: String,
        /// What it may mean.
        keys: Vec<DisclosureKey>,
    },
    /// The caller's input cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// Too many tries; the caller must wait.
    #[error("too many attempts; try again in {seconds} seconds")]
    TryLater {
        /// How long to wait.
        seconds: u64,
    },
    /// The machine, the disk or the database.
    #[error("{0}")]
    Environment(String),
}

impl HubError {
    /// Who is answerable.
    pub const fn answerable(&self) -> Answerable {
        match self {
            Self::Environment(_) => Answerable::Environment,
            _ => Answerable::Caller,
        }
    }
}

impl From<store::StoreError> for HubError {
    fn from(error: store::StoreError) -> Self {
        Self::below(&error, error.answerable())
    }
}

impl From<keyring::KeyringError> for HubError {
    fn from(error: keyring::KeyringError) -> Self {
        Self::below(&error, error.answerable())
    }
}

impl HubError {
    /// What an adapter reports, with all its causes, since a front door shows one line.
    fn below(error: &dyn std::error::Error, answerable: Answerable) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        match answerable {
            Answerable::Caller | Answerable::Sender => Self::Invalid(text),
            _ => Self::Environment(text),
        }
    }
}
