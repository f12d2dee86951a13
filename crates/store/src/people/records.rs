//! Rows of those who act: who they are, what they show, what is granted to them.

use model::{PersonId, Scope, Timestamp};
use serde::{Deserialize, Serialize};

/// Somebody or something that may act.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Theirs for ever.
    pub id: PersonId,
    /// A name of `access::Principal`.
    pub kind: String,
    /// Account name, lower case. It may change.
    pub name: String,
    /// Name to show.
    pub display_name: String,
    /// Whether they are kept out.
    pub disabled: bool,
    /// When the account was made.
    pub created: Timestamp,
}

/// What somebody shows to be let in. Never serialised, since it holds a hash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CredentialRow {
    /// Whose.
    pub person: PersonId,
    /// `password`: an Argon2id hash in PHC form; `token`: a SHA-256 in hexadecimal.
    pub kind: &'static str,
    /// The hash.
    pub secret_hash: String,
    /// Grows with every change.
    pub generation: u64,
    /// True where it is for one sign-in, after which another must be chosen.
    pub once: bool,
    /// True once it was used.
    pub used: bool,
    /// Since when.
    pub issued: Timestamp,
    /// Until when, where it ends by the clock.
    pub expires: Option<Timestamp>,
}

impl CredentialRow {
    /// A password.
    pub const PASSWORD: &'static str = "password";
    /// A token of a program.
    pub const TOKEN: &'static str = "token";
}

/// A role and how far it reaches.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct GrantRow {
    /// Whose.
    pub person: PersonId,
    /// A name of `access::Role`.
    pub role: String,
    /// How far.
    pub scope: Scope,
    /// Since when.
    pub given: Timestamp,
    /// Who gave it.
    pub given_by: String,
}

/// A signed-in browser or program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionRow {
    /// SHA-256 of the token, hexadecimal; the token itself is never kept.
    pub token_hash: String,
    /// Whose.
    pub person: PersonId,
    /// Generation of the credential that opened it.
    pub generation: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used.
    pub used: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
}
