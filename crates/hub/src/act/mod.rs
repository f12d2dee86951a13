//! The one way to act: permission, place, change, evidence and event, in one transaction.
//!
//! Only this module holds the store. Everybody else reads through [`Ground::read`] and changes
//! through [`Hub::act`], whose closure gets the writing half of the transaction from an [`Act`].
//! An act that took it and noted nothing is rolled back: no change goes without its evidence.
//!
//! Jobs and sessions are no acts: that a job ran, when a session was last used, and that the clock has ended one, is kept by
//! the hub itself and is nobody's decision.

pub(crate) mod stage;

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use access::Permission;
use evidence::{Action, Entry, words};
use model::{Scope, Timestamp};
use serde_json::{Value, json};
use store::records::{EvidenceText, NewEvent, Outcome};
use store::{Store, StoreError, StoreUrl, Tx, WriteTx};

use crate::{Caller, Hub, HubError, random};

/// The store, with its writing half out of reach.
pub(crate) struct Ground {
    store: Store,
}

/// What an act asks of its caller.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Needs {
    /// A role that allows this.
    Permission(Permission),
    /// To be the one whom it is about: a person and their own session or password.
    Self_,
    /// Nothing: somebody who is not signed in yet.
    Nothing,
}

/// Where an act changes something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// The house as a whole.
    House,
    /// One site; empty for the only one.
    Site(&'a str),
}

/// An act under way: reads like the transaction it runs in.
pub(crate) struct Act<'a, 'c> {
    tx: &'a WriteTx<'c>,
    caller: &'a Caller,
    needs: Needs,
    place: Place<'a>,
    now: Timestamp,
    changes: Cell<bool>,
    notes: Cell<u32>,
    /// How two people agreed, or one decided alone, where a rule wanted two.
    agreed: RefCell<Option<Value>>,
}

impl Ground {
    pub(crate) fn open(url: &StoreUrl) -> Result<Self, StoreError> {
        Ok(Self { store: Store::open(url)? })
    }

    pub(crate) fn open_beside(url: &StoreUrl, folder: Option<&Path>) -> Result<Self, StoreError> {
        Ok(Self { store: Store::open_beside(url, folder)? })
    }

    pub(crate) fn set_aside(&self) -> Option<&Path> {
        self.store.set_aside()
    }

    /// Leaves no byte of what was removed where it lay, and names the copies that still hold it.
    pub(crate) fn scrub(&self, tables: &[String]) -> Result<Vec<PathBuf>, StoreError> {
        self.store.scrub(tables)?;
        Ok(self.store.copies_beside())
    }

    /// A whole copy, which is a way of reading.
    pub(crate) fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        self.store.copy_to(to)
    }

    /// To read only: every act fails.
    pub(crate) fn open_to_read(url: &StoreUrl) -> Result<Self, StoreError> {
        Ok(Self { store: Store::open_to_read(url)? })
    }

    /// Runs `work` on one snapshot of the whole house: for what the hub itself has to know. What a
    /// caller is shown is read by [`Hub::view`].
    pub(crate) fn read_whole<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.store.read(work)
    }

    /// Takes a job that is due, for a time. See [`store::WriteTx::take_job`].
    pub(crate) fn take_job(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        // Most of the time nothing is due, and then nothing is written.
        let due = self.store.read(|tx| tx.jobs())?.into_iter().find(|job| job.name == name);
        if due.is_some_and(|job| job.next_run > now) {
            return Ok(false);
        }
        self.store.write(|tx| tx.take_job(name, holder, now, until))
    }

    /// Writes what came of a job.
    pub(crate) fn finish_job(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        next_run: Timestamp,
        outcome: Result<&str, &str>,
    ) -> Result<bool, StoreError> {
        self.store.write(|tx| tx.finish_job(name, holder, now, next_run, outcome))
    }

    /// Writes down when sessions were last used and removes those that the clock has ended.
    /// The later of two uses stands.
    pub(crate) fn keep_sessions(
        &self,
        used: &[(String, Timestamp)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.store.write(|tx| {
            for (token_hash, at) in used {
                tx.touch_session(token_hash, *at)?;
            }
            tx.end_expired_sessions(now).map(drop)
        })
    }
}

impl Hub {
    /// Runs `work` on a snapshot of what `caller` may do `permission` with, and of nothing else: the
    /// one way in which a caller is shown something. Refused where that is nothing.
    pub(crate) fn view<T, E>(
        &self,
        caller: &Caller,
        permission: Permission,
        work: impl FnOnce(&Tx<'_>, &Scope) -> Result<T, E>,
    ) -> Result<T, HubError>
    where
        E: From<StoreError>,
        HubError: From<E>,
    {
        let scope = caller.scope(permission)?;
        Ok(self.ground().store.read_within(&scope, |tx| work(tx, &scope))?)
    }

    /// Carries out one act of `caller`: all of it with its evidence and its event, or nothing.
    pub(crate) fn act<T>(
        &self,
        caller: &Caller,
        needs: Needs,
        place: Place<'_>,
        now: Timestamp,
        work: impl FnOnce(&Act<'_, '_>) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        if let Needs::Permission(permission) = needs {
            caller.require_at(permission, place.site())?;
        }
        self.ground().store.write(|tx| {
            let act = Act {
                tx,
                caller,
                needs,
                place,
                now,
                changes: Cell::new(false),
                notes: Cell::new(0),
                agreed: RefCell::default(),
            };
            let done = work(&act)?;
            if act.changes.get() && act.notes.get() == 0 {
                return Err(HubError::Environment(UNNOTED.to_owned()));
            }
            Ok(done)
        })
    }
}

impl<'c> Act<'_, 'c> {
    /// The writing half. Whoever takes it owes a [`Act::note`].
    pub(crate) fn change(&self) -> &WriteTx<'c> {
        self.changes.set(true);
        self.tx
    }

    /// Offers something to the store, which may find that it has it already: then nothing was
    /// changed and nothing is owed.
    pub(crate) fn offer(
        &self,
        put: impl FnOnce(&WriteTx<'c>) -> Result<Outcome, StoreError>,
    ) -> Result<Outcome, HubError> {
        let outcome = put(self.tx)?;
        self.changes.set(self.changes.get() || outcome != Outcome::Unchanged);
        Ok(outcome)
    }

    /// The site that it changes something at; none for the house as a whole.
    pub(crate) const fn site(&self) -> Option<&str> {
        self.place.site()
    }

    /// Says how those agreed who decided on it; the evidence then says it too.
    pub(crate) fn agreed(&self, how: Value) {
        *self.agreed.borrow_mut() = Some(how);
    }

    /// Writes what was done: a row of evidence, and the event that tells others of it.
    pub(crate) fn note(
        &self,
        action: Action,
        subject: &str,
        details: &Value,
    ) -> Result<(), HubError> {
        let actor = self.caller.name.as_str();
        if !self.needs.covers(action, actor, subject) {
            return Err(HubError::Forbidden(action.name()));
        }
        self.notes.set(self.notes.get() + 1);
        let details = &self.signed(details);
        let row = self.evidence(action, subject, details)?;
        self.tx.append_event(&NewEvent {
            at: self.now,
            kind: action.name(),
            actor,
            subject,
            site: self.site().unwrap_or_default(),
            evidence: row.number,
            body: details,
        })?;
        Ok(())
    }

    /// The details with the key of who acts, since a name is only a name, and with how two agreed.
    fn signed(&self, details: &Value) -> Value {
        let mut details = details.clone();
        if let Some(members) = details.as_object_mut() {
            if let Some(id) = self.caller.id {
                members.insert("by".to_owned(), json!(id));
            }
            if let Some(how) = self.agreed.borrow().as_ref() {
                members.insert("agreement".to_owned(), how.clone());
            }
        }
        details
    }
}

impl<'a> Place<'a> {
    const fn site(self) -> Option<&'a str> {
        match self {
            Self::House => None,
            Self::Site(site) => Some(site),
        }
    }
}

impl Act<'_, '_> {
    /// Free texts and names go into the chain by their digest, and are kept beside it.
    fn evidence(&self, action: Action, subject: &str, details: &Value) -> Result<Entry, HubError> {
        let number = self.tx.evidence_head()?.map_or(1, |head| head.number + 1);
        let (subject, details) = words::conceal(action, subject, details, |content| {
            let salt = evidence::hex(&random::<16>()?);
            // No database gets a NUL into a text.
            let content = content.replace('\0', "\u{fffd}");
            let digest = words::text_digest(&salt, &content);
            let token = words::token(&digest);
            self.tx.put_evidence_text(&EvidenceText { digest, salt, content }, number)?;
            Ok::<_, HubError>(token)
        })?;
        let actor = self.caller.name.as_str();
        Ok(self.tx.append_evidence(self.now, actor, action.name(), &subject, &details)?)
    }
}

impl Needs {
    /// Without a permission, only these: closed by default.
    fn covers(self, action: Action, actor: &str, subject: &str) -> bool {
        match self {
            Self::Permission(_) => true,
            Self::Self_ => OWN.contains(&action) && actor == subject,
            Self::Nothing => OPEN.contains(&action) && actor == subject,
        }
    }
}

impl<'c> Deref for Act<'_, 'c> {
    type Target = Tx<'c>;

    fn deref(&self) -> &Self::Target {
        self.tx
    }
}

/// What a person may do about themselves, whatever their role.
const OWN: &[Action] = &[Action::ChangePassword, Action::ChangePasswordRefused, Action::SignOut];

/// What is done about somebody who is not signed in.
const OPEN: &[Action] = &[Action::SignIn, Action::SignInRefused];

/// Why an act was undone that changed something in silence. A fault of ours.
const UNNOTED: &str = "a change without evidence was undone; please report this fault";

#[cfg(test)]
mod tests;
