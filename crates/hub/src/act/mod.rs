//! The one way to act: permission, place, change, evidence and event, in one transaction.
//!
//! Only this module holds the store. Everybody else reads through [`Ground::read`] and changes
//! through [`Hub::act`], whose closure gets the writing half of the transaction from an [`Act`].
//! An act that took it and noted nothing is rolled back: no change goes without its evidence.
//!
//! Sessions are no acts: when one was last used, and that the clock has ended one, is kept by
//! [`Ground::keep_sessions`] and is nobody's decision.

pub(crate) mod stage;

use std::cell::Cell;
use std::ops::Deref;

use access::Permission;
use evidence::Action;
use model::Timestamp;
use serde_json::Value;
use store::records::{NewEvent, Outcome};
use store::{Store, StoreError, StoreUrl, Tx, WriteTx};

use crate::{Caller, Hub, HubError};

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
    actor: &'a str,
    needs: Needs,
    place: Place<'a>,
    now: Timestamp,
    changes: Cell<bool>,
    notes: Cell<u32>,
}

impl Ground {
    pub(crate) fn open(url: &StoreUrl) -> Result<Self, StoreError> {
        Ok(Self { store: Store::open(url)? })
    }

    /// To read only: every act fails.
    pub(crate) fn open_to_read(url: &StoreUrl) -> Result<Self, StoreError> {
        Ok(Self { store: Store::open_to_read(url)? })
    }

    /// Runs `work` on one snapshot.
    pub(crate) fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.store.read(work)
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
            caller.require(permission)?;
        }
        self.ground().store.write(|tx| {
            let act = Act {
                tx,
                actor: &caller.name,
                needs,
                place,
                now,
                changes: Cell::new(false),
                notes: Cell::new(0),
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

    /// Writes what was done: a row of evidence, and the event that tells others of it.
    pub(crate) fn note(
        &self,
        action: Action,
        subject: &str,
        details: &Value,
    ) -> Result<(), HubError> {
        if !self.needs.covers(action, self.actor, subject) {
            return Err(HubError::Forbidden(action.name()));
        }
        self.notes.set(self.notes.get() + 1);
        let row = self.tx.append_evidence(self.now, self.actor, action.name(), subject, details)?;
        self.tx.append_event(&NewEvent {
            at: self.now,
            kind: action.name(),
            actor: self.actor,
            subject,
            site: match self.place {
                Place::House => "",
                Place::Site(site) => site,
            },
            evidence: row.number,
            body: details,
        })?;
        Ok(())
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
