//! Passwords: the first one, a new one in its place, and one's own choice.

use access::throttle::From;
use access::{AccountName, Attempt, Context, Permission};
use evidence::Action;
use model::{PersonId, Secret, Timestamp};
use serde_json::json;
use store::records::CredentialRow;

use crate::access::caller::Caller;
use crate::access::session::{Account, SignedIn, caller_of, environment, invalid, session_row};
use crate::access::settings::Setting;
use crate::act::{Needs, Place};
use crate::{Hub, HubError, random};

/// A password for one sign-in and what is kept of it; its generation and its end are put in by
/// whoever writes it.
pub(crate) struct FirstPassword {
    pub(crate) password: Secret,
    secret_hash: String,
}

impl FirstPassword {
    pub(crate) fn draw() -> Result<Self, HubError> {
        let password = access::one_time_password(&random()?);
        let secret_hash = access::hash_password(&password, &random()?).map_err(environment)?;
        Ok(Self { password, secret_hash })
    }

    /// What is kept of it. One that lasts is for the demo, which signs in again and again.
    pub(crate) fn credential(
        &self,
        person: PersonId,
        generation: u64,
        once_for_hours: Option<u32>,
        now: Timestamp,
    ) -> CredentialRow {
        CredentialRow {
            person,
            kind: CredentialRow::PASSWORD,
            secret_hash: self.secret_hash.clone(),
            generation,
            once: once_for_hours.is_some(),
            used: false,
            issued: now,
            expires: once_for_hours.map(|hours| now.plus_seconds(i64::from(hours) * 3600)),
        }
    }
}

impl Hub {
    /// Gives an account a new password for one sign-in and ends its sessions.
    pub fn reset_password(
        &self,
        caller: &Caller,
        name: &str,
        now: Timestamp,
    ) -> Result<Secret, HubError> {
        caller.require(Permission::ManagePeople)?;
        let first = FirstPassword::draw()?;
        let needs = Needs::Permission(Permission::ManagePeople);
        self.act(caller, needs, Place::House, now, |act| {
            let missing = || HubError::NotFound { kind: "account", key: name.to_owned() };
            let account = Account::read(act, name)?.ok_or_else(missing)?;
            let hours = Setting::FirstPasswordHours.number(act)?;
            let generation = account.password.generation + 1;
            let credential = first.credential(account.person.id, generation, Some(hours), now);
            act.change().put_credential(&credential)?;
            act.change().end_sessions_of(account.person.id)?;
            let details = json!({ "expires": credential.expires, "generation": generation });
            act.note(Action::ResetPassword, name, &details)
        })?;
        Ok(first.password)
    }

    /// Changes the caller's own password; every session of the account ends, and a new one is opened
    /// in their place, so that nobody who is signed in has to queue for a sign-in.
    pub fn change_password(
        &self,
        caller: &Caller,
        current: &Secret,
        new: &Secret,
        now: Timestamp,
    ) -> Result<SignedIn, HubError> {
        if let Attempt::Wait { seconds } =
            self.with_throttle(|gate| gate.attempt(From::Session, &caller.name, now))
        {
            return Err(HubError::TryLater { seconds });
        }
        let read = self.ground().read_whole(|tx| {
            let organization = Setting::Organization.value(tx)?;
            Ok::<_, HubError>((Account::read(tx, &caller.name)?, organization))
        });
        let (account, organization) = read?;
        let Some(checked) = account.filter(|account| account.has(current)) else {
            return self.refuse_change(caller, now);
        };
        self.with_throttle(|gate| gate.succeeded(From::Session, &caller.name));
        let name = AccountName::parse(&checked.person.name).map_err(invalid)?;
        let display_name = &checked.person.display_name;
        let context = Context { display_name, organization: &organization };
        access::check_password(new, &name, context).map_err(invalid)?;
        if new == current {
            return Err(HubError::Invalid("the new password is the current one".to_owned()));
        }
        let chosen = CredentialRow {
            secret_hash: access::hash_password(new, &random()?).map_err(environment)?,
            generation: checked.password.generation + 1,
            once: false,
            used: false,
            issued: now,
            expires: None,
            ..checked.password.clone()
        };
        let token = access::token(&random()?);
        let session = session_row(&token, &chosen, now);
        let grants = self.act(caller, Needs::Self_, Place::House, now, |act| {
            // A reset or another change that came meanwhile stands; the password that was
            // checked is no longer the current one.
            if Account::read(act, &caller.name)?.as_ref() != Some(&checked) {
                return Ok(None);
            }
            act.change().put_credential(&chosen)?;
            act.change().end_sessions_of(chosen.person)?;
            act.change().put_session(&session)?;
            act.note(Action::ChangePassword, &checked.person.name, &json!({}))?;
            Ok(Some(act.grants_of(chosen.person)?))
        })?;
        let Some(grants) = grants else { return self.refuse_change(caller, now) };
        let caller = caller_of(&checked.person, &grants, false)?;
        Ok(SignedIn { token, caller, expires: session.expires })
    }

    fn refuse_change(&self, caller: &Caller, now: Timestamp) -> Result<SignedIn, HubError> {
        self.act(caller, Needs::Self_, Place::House, now, |act| {
            act.note(Action::ChangePasswordRefused, &caller.name, &json!({}))
        })?;
        Err(HubError::Invalid("the current password is not right".to_owned()))
    }
}
