//! Sign-in and sessions.

use std::net::IpAddr;

use access::throttle::From;
use access::{Attempt, Grant, Principal};
use evidence::Action;
use model::{Secret, Timestamp};
use serde_json::json;
use store::records::{CredentialRow, GrantRow, PersonRow, SessionRow};
use store::{StoreError, Tx};

use crate::access::caller::Caller;
use crate::act::{Act, Needs, Place};
use crate::{Hub, HubError, random};

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

/// Somebody and the password that they have, as read before it was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Account {
    pub(crate) person: PersonRow,
    pub(crate) password: CredentialRow,
}

/// What became of a right password by the time the session was to be opened.
enum Door {
    Open(Caller),
    /// It had changed meanwhile.
    Changed,
    /// It was for one sign-in, which has been, or its time is over.
    Over(&'static str),
}

impl Account {
    /// The person of that name, where they sign in by password.
    pub(crate) fn read(tx: &Tx<'_>, name: &str) -> Result<Option<Self>, StoreError> {
        let Some(person) = tx.person(name)? else { return Ok(None) };
        let password = tx.credential(person.id, CredentialRow::PASSWORD)?;
        Ok(password.map(|password| Self { person, password }))
    }

    pub(crate) fn has(&self, password: &Secret) -> bool {
        access::verify_password(password, &self.password.secret_hash) && !self.person.disabled
    }
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
        let Some(account) = self.ground().read_whole(|tx| Account::read(tx, &name))? else {
            access::verify_nobody(&sign_in.password);
            return self.refuse_sign_in(UNKNOWN, "", now);
        };
        if !account.has(&sign_in.password) {
            return self.refuse_sign_in(&account.person.name, "", now);
        }
        let (door, token) = self.open_session(&account, now)?;
        match door {
            Door::Open(caller) => {
                self.with_throttle(|gate| gate.succeeded(from, &name));
                Ok(SignedIn { token, caller, expires: access::session_expires(now) })
            }
            Door::Changed => self.refuse_sign_in(&account.person.name, "it had just changed", now),
            Door::Over(why) => {
                let refused = self.refuse_sign_in(&account.person.name, why, now);
                // Told to whoever knows it: they need another one, and it opens nothing any more.
                refused.map_err(|error| match error {
                    HubError::NotSignedIn => HubError::Invalid(why.to_owned()),
                    other => other,
                })
            }
        }
    }

    /// Opens a session for the account whose password was checked, unless that password or the
    /// account changed while it was being checked.
    fn open_session(&self, checked: &Account, now: Timestamp) -> Result<(Door, Secret), HubError> {
        let token = access::token(&random()?);
        let session = session_row(&token, &checked.password, now);
        let entering =
            Caller { id: Some(checked.person.id), ..Caller::nobody(&checked.person.name) };
        let door = self.act(&entering, Needs::Nothing, Place::House, now, |act| {
            if Account::read(act, &checked.person.name)?.as_ref() != Some(checked) {
                return Ok(Door::Changed);
            }
            let password = &checked.password;
            if password.expires.is_some_and(|end| now >= end) {
                return Ok(Door::Over("this password was not used in time; ask for a new one"));
            }
            if password.once && password.used {
                return Ok(Door::Over("this password was for one sign-in; ask for a new one"));
            }
            enter(act, checked, &session)
        })?;
        Ok((door, token))
    }

    /// Writes a refused sign-in down. What was typed is kept only where it is an account: it may
    /// be anything, a password for one.
    fn refuse_sign_in(&self, name: &str, why: &str, now: Timestamp) -> Result<SignedIn, HubError> {
        let details = if why.is_empty() { json!({}) } else { json!({ "why": why }) };
        self.act(&Caller::nobody(name), Needs::Nothing, Place::House, now, |act| {
            act.note(Action::SignInRefused, name, &details)
        })?;
        Err(HubError::NotSignedIn)
    }

    /// Who holds `token`, or [`HubError::NotSignedIn`]. Writes nothing: when the session was used
    /// is kept in memory until [`Hub::keep_sessions`].
    pub fn caller(&self, token: &Secret, now: Timestamp) -> Result<Caller, HubError> {
        let hash = access::token_hash(token);
        let found = self.ground().read_whole(|tx| {
            let Some(session) = tx.session(&hash)? else { return Ok(None) };
            let Some(person) = tx.person_by_id(session.person)? else { return Ok(None) };
            let Some(password) = tx.credential(person.id, CredentialRow::PASSWORD)? else {
                return Ok(None);
            };
            let grants = tx.grants_of(person.id)?;
            Ok::<_, StoreError>(Some((session, person, password, grants)))
        })?;
        let Some((session, person, password, grants)) = found else {
            return self.caller_by_token(&hash, now);
        };
        let used = self.with_touches(|touches| {
            touches.get(&hash).map_or(session.used, |touched| session.used.max(*touched))
        });
        let holds = access::session_holds(session.created, used, now) && now < session.expires;
        if !holds || person.disabled || session.generation != password.generation {
            return Err(HubError::NotSignedIn);
        }
        self.with_touches(|touches| touches.insert(hash, now.max(used)));
        caller_of(&person, &grants, password.once)
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
        let found = self.ground().read_whole(|tx| {
            let Some(session) = tx.session(&hash)? else { return Ok(None) };
            tx.person_by_id(session.person)
        })?;
        let Some(person) = found else { return Ok(()) };
        let caller = Caller { id: Some(person.id), ..Caller::nobody(&person.name) };
        self.act(&caller, Needs::Self_, Place::House, now, |act| {
            if act.session(&hash)?.is_none() {
                return Ok(());
            }
            act.change().end_session(&hash)?;
            act.note(Action::SignOut, &person.name, &json!({}))
        })
    }
}

/// Writes the session, and that a password for one sign-in has had it.
fn enter(act: &Act<'_, '_>, account: &Account, session: &SessionRow) -> Result<Door, HubError> {
    let (person, password) = (&account.person, &account.password);
    if password.once {
        act.change().put_credential(&CredentialRow { used: true, ..password.clone() })?;
    }
    act.change().put_session(session)?;
    act.note(Action::SignIn, &person.name, &json!({}))?;
    Ok(Door::Open(caller_of(person, &act.grants_of(person.id)?, password.once)?))
}

/// The session that a credential opens.
pub(crate) fn session_row(token: &Secret, by: &CredentialRow, now: Timestamp) -> SessionRow {
    SessionRow {
        token_hash: access::token_hash(token),
        person: by.person,
        generation: by.generation,
        created: now,
        used: now,
        expires: access::session_expires(now),
    }
}

/// The person as one who calls.
pub(crate) fn caller_of(
    person: &PersonRow,
    grants: &[GrantRow],
    must_change_password: bool,
) -> Result<Caller, HubError> {
    let principal: Principal = person.kind.parse().map_err(environment)?;
    Ok(Caller {
        principal,
        id: Some(person.id),
        name: person.name.clone(),
        display_name: person.display_name.clone(),
        grants: grants.iter().map(granted).collect::<Result<_, _>>()?,
        must_change_password,
    })
}

/// A grant as it is kept, read.
pub(crate) fn granted(row: &GrantRow) -> Result<Grant, HubError> {
    Ok(Grant { role: row.role.parse().map_err(environment)?, scope: row.scope.clone() })
}

pub(crate) fn invalid(error: impl std::fmt::Display) -> HubError {
    HubError::Invalid(error.to_string())
}

pub(crate) fn environment(error: impl std::fmt::Display) -> HubError {
    HubError::Environment(error.to_string())
}

/// What stands in the evidence for a name that is no account.
const UNKNOWN: &str = "unknown";
