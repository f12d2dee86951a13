//! What went wrong, for two audiences: a problem document for programs, a page for people.
//!
//! A handler returns a [`Failure`]; [`crate::guard`] knows who asked and renders it. What the
//! environment said in full goes to the log, never to the answer.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hub::HubError;
use model::Answerable;

/// Why a request was not carried out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    /// What happened, in plain words.
    pub(crate) detail: String,
    /// How long to wait, in seconds.
    pub(crate) retry_after: Option<u64>,
}

/// The kinds of failure that a caller can tell apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    NotSignedIn,
    PasswordDue,
    Forbidden,
    CrossSite,
    StaleForm,
    ForeignHost,
    NotFound,
    Ambiguous,
    WrongMethod,
    Invalid,
    TooLarge,
    TooMany,
    TooSlow,
    Unavailable,
    Bug,
}

impl Failure {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), retry_after: None }
    }

    /// The failure that an answer of the framework's own stands for.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let kind = match status {
            StatusCode::UNAUTHORIZED => Kind::NotSignedIn,
            StatusCode::FORBIDDEN => Kind::Forbidden,
            StatusCode::NOT_FOUND => Kind::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Kind::WrongMethod,
            StatusCode::PAYLOAD_TOO_LARGE => Kind::TooLarge,
            StatusCode::TOO_MANY_REQUESTS => Kind::TooMany,
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => Kind::TooSlow,
            status if status.is_client_error() => Kind::Invalid,
            _ => Kind::Bug,
        };
        Self::new(kind, kind.title())
    }

    /// Who is answerable.
    pub(crate) const fn answerable(&self) -> Answerable {
        match self.kind {
            Kind::Unavailable | Kind::TooSlow => Answerable::Environment,
            Kind::Bug => Answerable::Us,
            _ => Answerable::Caller,
        }
    }
}

impl Kind {
    pub(crate) const ALL: [Self; 15] = [
        Self::NotSignedIn,
        Self::PasswordDue,
        Self::Forbidden,
        Self::CrossSite,
        Self::StaleForm,
        Self::ForeignHost,
        Self::NotFound,
        Self::Ambiguous,
        Self::WrongMethod,
        Self::Invalid,
        Self::TooLarge,
        Self::TooMany,
        Self::TooSlow,
        Self::Unavailable,
        Self::Bug,
    ];

    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::PasswordDue | Self::Forbidden | Self::CrossSite | Self::StaleForm => {
                StatusCode::FORBIDDEN
            }
            Self::ForeignHost => StatusCode::MISDIRECTED_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Ambiguous => StatusCode::CONFLICT,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::TooSlow | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The last part of the problem's `type`.
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::NotSignedIn => "not-signed-in",
            Self::PasswordDue => "password-due",
            Self::Forbidden => "forbidden",
            Self::CrossSite => "cross-site",
            Self::StaleForm => "stale-form",
            Self::ForeignHost => "foreign-host",
            Self::NotFound => "not-found",
            Self::Ambiguous => "ambiguous",
            Self::WrongMethod => "wrong-method",
            Self::Invalid => "invalid",
            Self::TooLarge => "too-large",
            Self::TooMany => "too-many",
            Self::TooSlow => "too-slow",
            Self::Unavailable => "unavailable",
            Self::Bug => "bug",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::NotSignedIn => "You are not signed in",
            Self::PasswordDue => "Choose your own password first",
            Self::Forbidden => "Your role does not allow this",
            Self::CrossSite => "The request came from another site",
            Self::StaleForm => "This form is out of date",
            Self::ForeignHost => "The hub is not known by that name",
            Self::NotFound => "There is nothing here",
            Self::Ambiguous => "Several publishers use that name",
            Self::WrongMethod => "This address does not take that method",
            Self::Invalid => "The request cannot be used",
            Self::TooLarge => "The request is too large",
            Self::TooMany => "Too many attempts",
            Self::TooSlow => "It took too long",
            Self::Unavailable => "The hub could not read its store",
            Self::Bug => "The hub made a mistake",
        }
    }

    /// What the person can do about it.
    pub(crate) const fn advice(self) -> &'static str {
        match self {
            Self::NotSignedIn => "Sign in and try again.",
            Self::PasswordDue => "Open “Change password”, choose one, and go on.",
            Self::Forbidden => "Ask an administrator of this hub, or go back.",
            Self::CrossSite => "Open the page here on the hub and do it from there.",
            Self::StaleForm => {
                "Go back, reload the page and send the form again. Nothing was changed."
            }
            Self::ForeignHost => {
                "Use the address printed when the hub started, or ask its administrator to add \
                 this name."
            }
            Self::NotFound => {
                "Check the address, or search by MAC, IP, serial, name, CVE or advisory."
            }
            Self::Ambiguous => {
                "Search for the tracking id, and open the one of the publisher that you mean."
            }
            Self::WrongMethod => "See the list of operations under Settings › API.",
            Self::Invalid => "Correct the value that is named above and try again.",
            Self::TooLarge => "Send less at once.",
            Self::TooMany => "Wait, then try again.",
            Self::TooSlow => "Narrow what you ask for, or try again in a minute.",
            Self::Unavailable => {
                "Try again in a minute. If it stays, run `regimen doctor` on the hub's machine."
            }
            Self::Bug => {
                "Try again. If it happens again, the hub's log says what went wrong; please \
                 report it."
            }
        }
    }
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        let kind = match &error {
            HubError::NotSignedIn => Kind::NotSignedIn,
            HubError::Forbidden(_) | HubError::OutOfReach(_) => Kind::Forbidden,
            HubError::NotFound { .. } => Kind::NotFound,
            HubError::Ambiguous { .. } => Kind::Ambiguous,
            HubError::Invalid(_) => Kind::Invalid,
            HubError::TryLater { .. } => Kind::TooMany,
            HubError::Environment(_) => Kind::Unavailable,
        };
        let retry_after = match error {
            HubError::TryLater { seconds } => Some(seconds),
            _ => None,
        };
        let detail = if kind == Kind::Unavailable {
            tracing::error!(error = %error, "a use case failed");
            "The store or the disk did not answer as it should.".to_owned()
        } else {
            sentence(&error.to_string())
        };
        Self { kind, detail, retry_after }
    }
}

impl IntoResponse for Failure {
    /// An empty answer that carries the failure to [`crate::guard`], which knows who asked.
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// `text` with a capital first letter and a full stop.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_said_stays_in_the_log() {
        let failure = Failure::from(HubError::Environment("/var/lib/secret.db is gone".to_owned()));
        assert_eq!(failure.kind, Kind::Unavailable);
        assert!(!failure.detail.contains("secret"));
        assert_eq!(failure.answerable(), Answerable::Environment);
    }

    #[test]
    fn kinds_can_be_told_apart() {
        let slugs: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|k| k.slug()).collect();
        assert_eq!(slugs.len(), Kind::ALL.len());
    }
}
