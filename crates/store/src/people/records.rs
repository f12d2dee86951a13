//! Rows of people and their sessions.

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// A person who can sign in.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Account name, lower case.
    pub name: String,
    /// Name to show.
    pub display_name: String,
    /// Role, a name of `access::Role`.
    pub role: String,
    /// Argon2id hash in PHC form; never shown.
    #[serde(skip)]
    pub password_hash: String,
    /// True until the person has chosen a password.
    pub must_change_password: bool,
    /// Whether sign-in is refused.
    pub disabled: bool,
    /// When the account was made.
    pub created: Timestamp,
}

/// A signed-in browser or API token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionRow {
    /// SHA-256 of the token, hexadecimal; the token itself is never kept.
    pub token_hash: String,
    /// Account.
    pub person: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used.
    pub used: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
}
