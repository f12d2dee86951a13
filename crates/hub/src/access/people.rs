//! Accounts: the first administrator, and everyone after; what is granted to them and how far.

use std::collections::BTreeMap;

use access::{AccountName, Grant, Permission, Principal, Role};
use evidence::Action;
use model::{PersonId, Secret, Timestamp};
use serde::Serialize;
use serde_json::json;
use store::Tx;
use store::records::{CredentialRow, GrantRow, PersonRow};

use crate::access::caller::Caller;
use crate::access::password::FirstPassword;
use crate::access::session::{granted, invalid};
use crate::access::settings::Setting;
use crate::act::{Act, Needs, Place};
use crate::{Hub, HubError, random};

/// An account to make.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Account name.
    pub name: String,
    /// Name to show.
    pub display_name: String,
    /// What is granted from the start.
    pub grant: Grant,
}

/// An account as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Person {
    /// Theirs for ever.
    pub id: PersonId,
    /// Person, technician, sensor or token.
    pub kind: String,
    /// Account name of today.
    pub name: String,
    /// Name to show.
    pub display_name: String,
    /// The role with most power among those granted; `none` where nothing is.
    pub role: String,
    /// What is granted, and how far.
    pub grants: Vec<Grant>,
    /// True until the person has chosen a password.
    pub must_change_password: bool,
    /// Whether they are kept out.
    pub disabled: bool,
    /// When the account was made.
    pub created: Timestamp,
}

impl Hub {
    /// Makes the first administrator where there is no account yet, and answers the account name
    /// and a password for one sign-in, after which a new one must be chosen.
    pub fn first_administrator(
        &self,
        now: Timestamp,
    ) -> Result<Option<(String, Secret)>, HubError> {
        let people = self.ground().read_whole(|tx| tx.people())?;
        if people.iter().any(|one| one.kind == Principal::Person.name()) {
            return Ok(None);
        }
        let new = NewPerson {
            name: FIRST_ACCOUNT.to_owned(),
            display_name: "Administrator".to_owned(),
            grant: Grant::everywhere(Role::Administrator),
        };
        let password = self.add_person(&Caller::console(), &new, now)?;
        Ok(Some((new.name, password)))
    }

    /// Makes the account of a demo, whose password holds and need not be changed.
    pub fn demo_account(&self, now: Timestamp) -> Result<(String, Secret), HubError> {
        let new = NewPerson {
            name: "demo".to_owned(),
            display_name: "Demo".to_owned(),
            grant: Grant::everywhere(Role::Administrator),
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
        once: bool,
        now: Timestamp,
    ) -> Result<Secret, HubError> {
        caller.require(Permission::ManagePeople)?;
        let first = FirstPassword::draw()?;
        self.add_account(caller, Principal::Person, new, now, |act, id| {
            let hours = Setting::FirstPasswordHours.number(act)?;
            let credential = first.credential(id, 1, once.then_some(hours), now);
            act.change().put_credential(&credential)?;
            Ok(credential.expires)
        })?;
        Ok(first.password)
    }

    /// Makes an account of a kind, with what it shows to be let in.
    pub(crate) fn add_account(
        &self,
        caller: &Caller,
        kind: Principal,
        new: &NewPerson,
        now: Timestamp,
        give: impl FnOnce(&Act<'_, '_>, PersonId) -> Result<Option<Timestamp>, HubError>,
    ) -> Result<(), HubError> {
        let name = AccountName::parse(&new.name).map_err(invalid)?.to_string();
        let id = PersonId::new(now, random()?);
        let person = PersonRow {
            id,
            kind: kind.name().to_owned(),
            name: name.clone(),
            display_name: new.display_name.clone(),
            disabled: false,
            created: now,
        };
        self.act(caller, MANAGES, Place::House, now, |act| {
            is_free(act, &name)?;
            act.change().put_person(&person)?;
            act.change().put_grant(&grant_row(id, &new.grant, caller, now))?;
            let expires = give(act, id)?;
            let details = json!({
                "person": id, "kind": kind.name(), "role": new.grant.role.name(),
                "scope": new.grant.scope, "expires": expires,
            });
            act.note(Action::AddPerson, &name, &details)
        })
    }

    /// Grants a role to an account, as far as `grant` says.
    pub fn grant(
        &self,
        caller: &Caller,
        name: &str,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<(), HubError> {
        if grant.scope == model::Scope::nowhere() {
            return Err(HubError::Invalid(NOWHERE.to_owned()));
        }
        self.act(caller, MANAGES, Place::House, now, |act| {
            let person = named(act, name)?;
            let row = grant_row(person.id, grant, caller, now);
            act.change().put_grant(&row)?;
            act.note(Action::GrantRole, &person.name, &told(person.id, grant))
        })
    }

    /// Takes a grant back.
    pub fn revoke(
        &self,
        caller: &Caller,
        name: &str,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<(), HubError> {
        self.act(caller, MANAGES, Place::House, now, |act| {
            let person = named(act, name)?;
            let before = who_may(act, Permission::ManagePeople)?;
            let row = grant_row(person.id, grant, caller, now);
            if !act.change().remove_grant(&row)? {
                let text = format!("`{name}` is not granted {} {}", grant.role, grant.scope);
                return Err(HubError::Invalid(text));
            }
            somebody_manages(act, before)?;
            act.note(Action::RevokeRole, &person.name, &told(person.id, grant))
        })
    }

    /// Calls an account by another name. Its key, its grants and its history stay.
    pub fn rename_person(
        &self,
        caller: &Caller,
        name: &str,
        new_name: &str,
        now: Timestamp,
    ) -> Result<(), HubError> {
        let new_name = AccountName::parse(new_name).map_err(invalid)?.to_string();
        self.act(caller, MANAGES, Place::House, now, |act| {
            let person = named(act, name)?;
            is_free(act, &new_name)?;
            let renamed = PersonRow { name: new_name.clone(), ..person.clone() };
            act.change().put_person(&renamed)?;
            let details = json!({ "person": person.id, "name": new_name });
            act.note(Action::RenamePerson, &person.name, &details)
        })
    }

    /// Keeps an account out, and ends its sessions; or lets it in again.
    pub fn disable_person(
        &self,
        caller: &Caller,
        name: &str,
        disabled: bool,
        now: Timestamp,
    ) -> Result<(), HubError> {
        let action = if disabled { Action::DisablePerson } else { Action::EnablePerson };
        self.act(caller, MANAGES, Place::House, now, |act| {
            let person = named(act, name)?;
            let before = who_may(act, Permission::ManagePeople)?;
            act.change().put_person(&PersonRow { disabled, ..person.clone() })?;
            if disabled {
                act.change().end_sessions_of(person.id)?;
                somebody_manages(act, before)?;
            }
            act.note(action, &person.name, &json!({ "person": person.id }))
        })
    }

    /// Every account.
    pub fn people(&self, caller: &Caller) -> Result<Vec<Person>, HubError> {
        caller.require(Permission::ManagePeople)?;
        self.ground().read_whole(|tx| {
            let mut grants: BTreeMap<PersonId, Vec<Grant>> = BTreeMap::new();
            for row in tx.grants()? {
                grants.entry(row.person).or_default().push(granted(&row)?);
            }
            let people = tx.people()?.into_iter();
            let shown = people.map(|row| shown(tx, grants.remove(&row.id), row));
            shown.collect()
        })
    }
}

fn shown(tx: &Tx<'_>, grants: Option<Vec<Grant>>, row: PersonRow) -> Result<Person, HubError> {
    let grants = grants.unwrap_or_default();
    let password = tx.credential(row.id, CredentialRow::PASSWORD)?;
    let role = grants.iter().map(|grant| grant.role).max();
    Ok(Person {
        id: row.id,
        kind: row.kind,
        name: row.name,
        display_name: row.display_name,
        role: role.map_or("none", Role::name).to_owned(),
        grants,
        must_change_password: password.is_some_and(|password| password.once),
        disabled: row.disabled,
        created: row.created,
    })
}

fn named(tx: &Tx<'_>, name: &str) -> Result<PersonRow, HubError> {
    let missing = || HubError::NotFound { kind: "account", key: name.to_owned() };
    tx.person(&name.trim().to_lowercase())?.ok_or_else(missing)
}

fn is_free(tx: &Tx<'_>, name: &str) -> Result<(), HubError> {
    match tx.person(name)? {
        None => Ok(()),
        Some(_) => Err(HubError::Invalid(format!("there is an account `{name}` already"))),
    }
}

/// Nobody takes the house away from everybody: where some managed it before, some still do.
fn somebody_manages(tx: &Tx<'_>, before: usize) -> Result<(), HubError> {
    if before > 0 && who_may(tx, Permission::ManagePeople)? == 0 {
        return Err(HubError::Invalid("nobody would be left who manages people".to_owned()));
    }
    Ok(())
}

/// How many people may do something in the whole house.
pub(crate) fn who_may(tx: &Tx<'_>, permission: Permission) -> Result<usize, HubError> {
    let mut grants: BTreeMap<PersonId, Vec<Grant>> = BTreeMap::new();
    for row in tx.grants()? {
        grants.entry(row.person).or_default().push(granted(&row)?);
    }
    let people = tx.people()?.into_iter();
    let people = people.filter(|one| !one.disabled && one.kind == Principal::Person.name());
    let may = |person: &PersonRow| {
        let grants = grants.get(&person.id).map_or(&[][..], Vec::as_slice);
        access::reach(grants, permission).is_some_and(|scope| scope.is_everywhere())
    };
    Ok(people.filter(may).count())
}

fn grant_row(person: PersonId, grant: &Grant, caller: &Caller, now: Timestamp) -> GrantRow {
    GrantRow {
        person,
        role: grant.role.name().to_owned(),
        scope: grant.scope.clone(),
        given: now,
        given_by: caller.key(),
    }
}

/// A grant as the evidence tells it.
fn told(person: PersonId, grant: &Grant) -> serde_json::Value {
    json!({ "person": person, "role": grant.role.name(), "scope": grant.scope })
}

const MANAGES: Needs = Needs::Permission(Permission::ManagePeople);

/// Name of the account that the first `serve` makes.
const FIRST_ACCOUNT: &str = "admin";

const NOWHERE: &str = "name the sites or departments, or say everywhere";
