//! Who is calling: sign-in and sessions.

use access::{Permission, Role};
use model::{Secret, Timestamp};

use crate::{Hub, HubError};

/// A person (or the command line on the hub's own machine) on whose behalf a use case runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caller {
    /// Account name.
    pub name: String,
    /// Name to show.
    pub display_name: String,
    /// Role.
    pub role: Role,
    /// True until the person has chosen a password; nothing else is allowed before.
    pub must_change_password: bool,
}

impl Caller {
    /// The person at the hub's own command line, who holds the data folder and may do all.
    pub fn console() -> Self {
        Self {
            name: "console".to_owned(),
            display_name: "Console".to_owned(),
            role: Role::Administrator,
            must_change_password: false,
        }
    }

    /// Passes where the role allows it.
    pub fn require(&self, permission: Permission) -> Result<(), HubError> {
        if self.role.allows(permission) && !self.must_change_password {
            Ok(())
        } else {
            Err(HubError::Forbidden(permission.name()))
        }
    }
}

/// What a person types to sign in.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Account name.
    pub name: String,
    /// Password, or the one-time password that `demo` and the first `serve` print.
    pub password: Secret,
}

/// A new session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The bearer token for the cookie or the API. Shown once, kept only as a hash.
    pub token: Secret,
    /// Who.
    pub caller: Caller,
    /// When it ends at the latest.
    pub expires: Timestamp,
}

impl Hub {
    /// Checks a sign-in and opens a session. Slow on purpose, and limited per account.
    pub fn sign_in(&self, sign_in: &SignIn, now: Timestamp) -> Result<SignedIn, HubError> {
        let _ = (sign_in, now);
        Err(HubError::Environment("not wired yet".to_owned()))
    }

    /// Who holds `token`, or [`HubError::NotSignedIn`].
    pub fn caller(&self, token: &Secret, now: Timestamp) -> Result<Caller, HubError> {
        let _ = (token, now);
        Err(HubError::NotSignedIn)
    }

    /// Ends the session of `token`.
    pub fn sign_out(&self, token: &Secret, now: Timestamp) -> Result<(), HubError> {
        let _ = (token, now);
        Ok(())
    }

    /// Changes the caller's own password; every other session of the account ends.
    pub fn change_password(
        &self,
        caller: &Caller,
        current: &Secret,
        new: &Secret,
        now: Timestamp,
    ) -> Result<(), HubError> {
        let _ = (caller, current, new, now);
        Err(HubError::Environment("not wired yet".to_owned()))
    }
}
