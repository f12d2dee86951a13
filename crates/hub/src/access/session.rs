//! Who is calling: sign-in and sessions.

use access::{AccountName, Attempt, Permission, Role};
use model::{Secret, Timestamp};
use serde_json::json;
use store::StoreError;
use store::records::{PersonRow, SessionRow};

use crate::{Hub, HubError, random};

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
        let name = sign_in.name.trim().to_lowercase();
        if let Attempt::Wait { seconds } = self.with_throttle(|gate| gate.attempt(&name, now)) {
            return Err(HubError::TryLater { seconds });
        }
        let person = self.store().read(|tx| tx.person(&name))?;
        if person.is_none() {
            access::verify_nobody(&sign_in.password);
        }
        let Some(person) = person.filter(|person| right_password(person, &sign_in.password)) else {
            self.note(now, &name, "sign_in_refused", &name)?;
            return Err(HubError::NotSignedIn);
        };
        self.with_throttle(|gate| gate.succeeded(&name));
        let token = access::token(&random()?);
        let expires = access::session_expires(now);
        self.store().write(|tx| {
            tx.end_expired_sessions(now)?;
            tx.put_session(&SessionRow {
                token_hash: access::token_hash(&token),
                person: person.name.clone(),
                created: now,
                used: now,
                expires,
            })?;
            tx.append_evidence(now, &person.name, "sign_in", &person.name, &json!({}))
        })?;
        Ok(SignedIn { token, caller: caller_of(&person)?, expires })
    }

    /// Who holds `token`, or [`HubError::NotSignedIn`].
    pub fn caller(&self, token: &Secret, now: Timestamp) -> Result<Caller, HubError> {
        let hash = access::token_hash(token);
        let found = self.store().read(|tx| {
            let Some(session) = tx.session(&hash)? else { return Ok(None) };
            Ok::<_, StoreError>(tx.person(&session.person)?.map(|person| (session, person)))
        })?;
        let (session, person) = found.ok_or(HubError::NotSignedIn)?;
        let holds = access::session_holds(session.created, session.used, now);
        if !holds || now >= session.expires || person.disabled {
            return Err(HubError::NotSignedIn);
        }
        // Writing on every request would make reading as slow as writing.
        if now.micros_since(session.used) > TOUCH_MICROS {
            self.store().write(|tx| tx.touch_session(&hash, now))?;
        }
        caller_of(&person)
    }

    /// Ends the session of `token`.
    pub fn sign_out(&self, token: &Secret, now: Timestamp) -> Result<(), HubError> {
        let hash = access::token_hash(token);
        Ok(self.store().write(|tx| {
            let Some(session) = tx.session(&hash)? else { return Ok(()) };
            tx.end_session(&hash)?;
            tx.append_evidence(now, &session.person, "sign_out", &session.person, &json!({}))?;
            Ok::<_, StoreError>(())
        })?)
    }

    /// Changes the caller's own password; every other session of the account ends.
    pub fn change_password(
        &self,
        caller: &Caller,
        current: &Secret,
        new: &Secret,
        now: Timestamp,
    ) -> Result<(), HubError> {
        if let Attempt::Wait { seconds } =
            self.with_throttle(|gate| gate.attempt(&caller.name, now))
        {
            return Err(HubError::TryLater { seconds });
        }
        let person = self.store().read(|tx| tx.person(&caller.name))?;
        let Some(mut person) = person.filter(|person| right_password(person, current)) else {
            return Err(HubError::Invalid("the current password is not right".to_owned()));
        };
        self.with_throttle(|gate| gate.succeeded(&caller.name));
        let account = AccountName::parse(&person.name).map_err(invalid)?;
        access::check_password(new, &account).map_err(invalid)?;
        if new == current {
            return Err(HubError::Invalid("the new password is the current one".to_owned()));
        }
        person.password_hash = access::hash_password(new, &random()?).map_err(environment)?;
        person.must_change_password = false;
        Ok(self.store().write(|tx| {
            tx.put_person(&person)?;
            tx.end_sessions_of(&person.name, None)?;
            tx.append_evidence(now, &person.name, "change_password", &person.name, &json!({}))?;
            Ok::<_, StoreError>(())
        })?)
    }

    fn note(
        &self,
        now: Timestamp,
        actor: &str,
        action: &str,
        subject: &str,
    ) -> Result<(), HubError> {
        // A name that is no account name is whatever somebody typed: perhaps a password.
        let known = AccountName::parse(subject).is_ok();
        let (actor, subject) = if known { (actor, subject) } else { ("unknown", "unknown") };
        self.store().write(|tx| tx.append_evidence(now, actor, action, subject, &json!({})))?;
        Ok(())
    }
}

fn right_password(person: &PersonRow, password: &Secret) -> bool {
    access::verify_password(password, &person.password_hash) && !person.disabled
}

pub(crate) fn caller_of(person: &PersonRow) -> Result<Caller, HubError> {
    let role = person.role.parse().map_err(environment)?;
    Ok(Caller {
        name: person.name.clone(),
        display_name: person.display_name.clone(),
        role,
        must_change_password: person.must_change_password,
    })
}

pub(crate) fn invalid(error: impl std::fmt::Display) -> HubError {
    HubError::Invalid(error.to_string())
}

pub(crate) fn environment(error: impl std::fmt::Display) -> HubError {
    HubError::Environment(error.to_string())
}

/// A session's last use is written at most this often, in microseconds: one minute.
const TOUCH_MICROS: i64 = 60_000_000;
