//! Accounts: the first administrator, and everyone after.

use access::{AccountName, Permission, Role};
use evidence::Action;
use model::{Secret, Timestamp};
use serde_json::json;
use store::records::PersonRow;

use crate::access::session::{environment, invalid};
use crate::act::{Needs, Place};
use crate::{Caller, Hub, HubError, random};

/// An account to make.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Account name.
    pub name: String,
    /// Name to show.
    pub display_name: String,
    /// Role.
    pub role: Role,
}

impl Hub {
    /// Makes the first administrator where there is no account yet, and answers the account name
    /// and a password for one sign-in, after which a new one must be chosen.
    pub fn first_administrator(
        &self,
        now: Timestamp,
    ) -> Result<Option<(String, Secret)>, HubError> {
        let is_first = self.ground().read(|tx| tx.people())?.is_empty();
        if !is_first {
            return Ok(None);
        }
        let new = NewPerson {
            name: FIRST_ACCOUNT.to_owned(),
            display_name: "Administrator".to_owned(),
            role: Role::Administrator,
        };
        let password = self.add_person(&Caller::console(), &new, now)?;
        Ok(Some((new.name, password)))
    }

    /// Makes the account of a demo, which need not choose a password of its own.
    pub fn demo_account(&self, now: Timestamp) -> Result<(String, Secret), HubError> {
        let new = NewPerson {
            name: "demo".to_owned(),
            display_name: "Demo".to_owned(),
            role: Role::Administrator,
        };
        let password = self.make_account(&Caller::console(), &new, false, now)?;
        Ok((new.name, password))
    }

    /// Makes an account and answers a password for its first sign-in.
    pub fn add_person(
        &self,
        caller: &Caller,
        new: &NewPerson,
        now: Timestamp,
    ) -> Result<Secret, HubError> {
        self.make_account(caller, new, true, now)
    }

    fn make_account(
        &self,
        caller: &Caller,
        new: &NewPerson,
        must_change_password: bool,
        now: Timestamp,
    ) -> Result<Secret, HubError> {
        caller.require(Permission::ManagePeople)?;
        let name = AccountName::parse(&new.name).map_err(invalid)?.to_string();
        let password = access::one_time_password(&random()?);
        let password_hash = access::hash_password(&password, &random()?).map_err(environment)?;
        let row = PersonRow {
            name: name.clone(),
            display_name: new.display_name.clone(),
            role: new.role.name().to_owned(),
            password_hash,
            must_change_password,
            disabled: false,
            created: now,
        };
        let needs = Needs::Permission(Permission::ManagePeople);
        self.act(caller, needs, Place::House, now, |act| {
            if act.person(&name)?.is_some() {
                return Err(HubError::Invalid(format!("there is an account `{name}` already")));
            }
            act.change().put_person(&row)?;
            act.note(Action::AddPerson, &name, &json!({ "role": row.role }))
        })?;
        Ok(password)
    }

    /// Gives an account a new password for one sign-in and ends its sessions.
    pub fn reset_password(
        &self,
        caller: &Caller,
        name: &str,
        now: Timestamp,
    ) -> Result<Secret, HubError> {
        caller.require(Permission::ManagePeople)?;
        let password = access::one_time_password(&random()?);
        let password_hash = access::hash_password(&password, &random()?).map_err(environment)?;
        let needs = Needs::Permission(Permission::ManagePeople);
        self.act(caller, needs, Place::House, now, |act| {
            let missing = || HubError::NotFound { kind: "account", key: name.to_owned() };
            let mut person = act.person(name)?.ok_or_else(missing)?;
            person.password_hash = password_hash;
            person.must_change_password = true;
            let tx = act.change();
            tx.put_person(&person)?;
            tx.end_sessions_of(name, None)?;
            act.note(Action::ResetPassword, name, &json!({}))
        })?;
        Ok(password)
    }

    /// Every account.
    pub fn people(&self, caller: &Caller) -> Result<Vec<PersonRow>, HubError> {
        caller.require(Permission::ManagePeople)?;
        Ok(self.ground().read(|tx| tx.people())?)
    }
}

/// Name of the account that the first `serve` makes.
const FIRST_ACCOUNT: &str = "admin";
