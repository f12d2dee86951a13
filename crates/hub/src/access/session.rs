//! Who is calling: sign-in and sessions.

use std::net::IpAddr;

use access::throttle::From;
use access::{AccountName, Attempt, Permission, Role};
use evidence::Action;
use model::{Secret, Timestamp};
use serde_json::json;
use store::StoreError;
use store::records::{PersonRow, SessionRow};

use crate::act::{Needs, Place};
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

    /// Somebody of that name who may do nothing but sign in or out.
    fn nobody(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            display_name: String::new(),
            role: Role::Viewer,
            must_change_password: true,
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
    /// Address that it comes from, where it comes over a network.
    pub source: Option<IpAddr>,
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
    /// Checks a sign-in and opens a session. Slow on purpose, and limited per source and account.
    pub fn sign_in(&self, sign_in: &SignIn, now: Timestamp) -> Result<SignedIn, HubError> {
        let name = sign_in.name.trim().to_lowercase();
        let from = From::Address(sign_in.source);
        if let Attempt::Wait { seconds } = self.with_throttle(|gate| gate.attempt(from, &name, now))
        {
            return Err(HubError::TryLater { seconds });
        }
        let person = self.ground().read(|tx| tx.person(&name))?;
        let Some(person) = person else {
            access::verify_nobody(&sign_in.password);
            return self.refuse_sign_in(UNKNOWN, now);
        };
        if !right_password(&person, &sign_in.password) {
            return self.refuse_sign_in(&person.name, now);
        }
        let Some(signed_in) = self.open_session(&person, now)? else {
            return self.refuse_sign_in(&person.name, now);
        };
        self.with_throttle(|gate| gate.succeeded(from, &name));
        Ok(signed_in)
    }

    /// Opens a session for the person whose password was checked, or nothing where that password
    /// or the account changed while it was being checked.
    fn open_session(
        &self,
        checked: &PersonRow,
        now: Timestamp,
    ) -> Result<Option<SignedIn>, HubError> {
        let caller = caller_of(checked)?;
        let token = access::token(&random()?);
        let expires = access::session_expires(now);
        let session = SessionRow {
            token_hash: access::token_hash(&token),
            person: checked.name.clone(),
            created: now,
            used: now,
            expires,
        };
        let opened = self.act(&caller, Needs::Nothing, Place::House, now, |act| {
            if act.person(&checked.name)?.as_ref() != Some(checked) {
                return Ok(false);
            }
            act.change().put_session(&session)?;
            act.note(Action::SignIn, &checked.name, &json!({}))?;
            Ok(true)
        })?;
        Ok(opened.then_some(SignedIn { token, caller, expires }))
    }

    /// Writes a refused sign-in down. What was typed is kept only where it is an account: it may
    /// be anything, a password for one.
    fn refuse_sign_in(&self, name: &str, now: Timestamp) -> Result<SignedIn, HubError> {
        self.act(&Caller::nobody(name), Needs::Nothing, Place::House, now, |act| {
            act.note(Action::SignInRefused, name, &json!({}))
        })?;
        Err(HubError::NotSignedIn)
    }

    /// Who holds `token`, or [`HubError::NotSignedIn`]. Writes nothing: when the session was used
    /// is kept in memory until [`Hub::keep_sessions`].
    pub fn caller(&self, token: &Secret, now: Timestamp) -> Result<Caller, HubError> {
        let hash = access::token_hash(token);
        let found = self.ground().read(|tx| {
            let Some(session) = tx.session(&hash)? else { return Ok(None) };
            Ok::<_, StoreError>(tx.person(&session.person)?.map(|person| (session, person)))
        })?;
        let (session, person) = found.ok_or(HubError::NotSignedIn)?;
        let used = self.with_touches(|touches| {
            touches.get(&hash).map_or(session.used, |touched| session.used.max(*touched))
        });
        let holds = access::session_holds(session.created, used, now);
        if !holds || now >= session.expires || person.disabled {
            return Err(HubError::NotSignedIn);
        }
        self.with_touches(|touches| touches.insert(hash, now.max(used)));
        caller_of(&person)
    }

    /// Writes down when sessions were last used, and removes those that the clock has ended. To
    /// be called now and then, and before the program ends.
    pub fn keep_sessions(&self, now: Timestamp) -> Result<(), HubError> {
        let used: Vec<_> = self.with_touches(std::mem::take).into_iter().collect();
        let kept = self.ground().keep_sessions(&used, now);
        if kept.is_err() {
            self.with_touches(|touches| {
                for (hash, at) in used {
                    touches.entry(hash).or_insert(at);
                }
            });
        }
        Ok(kept?)
    }

    /// Ends the session of `token`.
    pub fn sign_out(&self, token: &Secret, now: Timestamp) -> Result<(), HubError> {
        let hash = access::token_hash(token);
        let session = self.ground().read(|tx| tx.session(&hash))?;
        let Some(session) = session else { return Ok(()) };
        let caller = Caller::nobody(&session.person);
        self.act(&caller, Needs::Self_, Place::House, now, |act| {
            if act.session(&hash)?.is_none() {
                return Ok(());
            }
            act.change().end_session(&hash)?;
            act.note(Action::SignOut, &session.person, &json!({}))
        })
    }

    /// Changes the caller's own password; every session of the account ends.
    pub fn change_password(
        &self,
        caller: &Caller,
        current: &Secret,
        new: &Secret,
        now: Timestamp,
    ) -> Result<(), HubError> {
        if let Attempt::Wait { seconds } =
            self.with_throttle(|gate| gate.attempt(From::Session, &caller.name, now))
        {
            return Err(HubError::TryLater { seconds });
        }
        let person = self.ground().read(|tx| tx.person(&caller.name))?;
        let Some(checked) = person.filter(|person| right_password(person, current)) else {
            return self.refuse_change(caller, now);
        };
        self.with_throttle(|gate| gate.succeeded(From::Session, &caller.name));
        let account = AccountName::parse(&checked.name).map_err(invalid)?;
        access::check_password(new, &account).map_err(invalid)?;
        if new == current {
            return Err(HubError::Invalid("the new password is the current one".to_owned()));
        }
        let mut changed = checked.clone();
        changed.password_hash = access::hash_password(new, &random()?).map_err(environment)?;
        changed.must_change_password = false;
        let done = self.act(caller, Needs::Self_, Place::House, now, |act| {
            // A reset or another change that came meanwhile stands; the password that was
            // checked is no longer the current one.
            if act.person(&checked.name)?.as_ref() != Some(&checked) {
                return Ok(false);
            }
            act.change().put_person(&changed)?;
            act.change().end_sessions_of(&changed.name, None)?;
            act.note(Action::ChangePassword, &changed.name, &json!({}))?;
            Ok(true)
        })?;
        if done { Ok(()) } else { self.refuse_change(caller, now) }
    }

    fn refuse_change(&self, caller: &Caller, now: Timestamp) -> Result<(), HubError> {
        self.act(caller, Needs::Self_, Place::House, now, |act| {
            act.note(Action::ChangePasswordRefused, &caller.name, &json!({}))
        })?;
        Err(HubError::Invalid("the current password is not right".to_owned()))
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

/// What stands in the evidence for a name that is no account.
const UNKNOWN: &str = "unknown";
