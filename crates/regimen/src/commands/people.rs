//! `regimen people` and `regimen settings`.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use hub::{Caller, Grant, Hub, NewPerson, Person, Together, Waiting};
use model::{Scope, Timestamp};
use serde_json::json;
use store::records::AgreementRow;

use crate::arguments::{Common, People, Reach, Settings};
use crate::output::{self, Outcome, Table};

pub(crate) fn run(common: &Common, command: &People) -> Result<Outcome> {
    let caller = Caller::console();
    match command {
        People::List => list(common, &super::open_to_read(common)?.people(&caller)?)?,
        People::Proposals => {
            agreements(common, &super::open_to_read(common)?.proposals(&caller)?)?;
        }
        People::Reviews { month } => {
            let (since, until) = month_of(common, month.as_deref())?;
            agreements(common, &super::open_to_read(common)?.reviews(&caller, since, until)?)?;
        }
        change => act(common, &super::open(common)?, &caller, change)?,
    }
    Ok(Outcome::Done)
}

fn act(common: &Common, hub: &Hub, caller: &Caller, command: &People) -> Result<()> {
    let now = super::now(common);
    match command {
        People::List | People::Proposals | People::Reviews { .. } => Ok(()),
        People::Add { name, role, display_name, reach } => {
            let new = new_person(name, role, display_name.as_deref(), reach)?;
            let password = hub.add_person(caller, &new, now)?;
            tell_secret(common, name, "password", password.expose(), "for one sign-in")
        }
        People::Token { name, role, days, reach } => {
            let new = new_person(name, role, None, reach)?;
            let token = hub.add_token(caller, &new, *days, now)?;
            tell_secret(common, name, "token", token.expose(), &format!("for {days} days"))
        }
        People::Reset { name } => {
            let password = hub.reset_password(caller, name, now)?;
            tell_secret(common, name, "password", password.expose(), "for one sign-in")
        }
        People::Grant { name, role, reach, .. } => {
            Ok(hub.grant(caller, name, &grant(role, reach)?, now)?)
        }
        People::Revoke { name, role, reach, .. } => {
            Ok(hub.revoke(caller, name, &grant(role, reach)?, now)?)
        }
        People::Rename { name, new_name } => Ok(hub.rename_person(caller, name, new_name, now)?),
        People::Disable { name } => Ok(hub.disable_person(caller, name, true, now)?),
        People::Enable { name } => Ok(hub.disable_person(caller, name, false, now)?),
        People::Review { number } => Ok(hub.review(caller, *number, now)?),
    }
}

pub(crate) fn settings(common: &Common, command: &Settings) -> Result<Outcome> {
    let caller = Caller::console();
    match command {
        Settings::List => {
            let settings = super::open_to_read(common)?.settings(&caller)?;
            output::print(common, &settings, &settings, |out| {
                let mut table = Table::new(&["SETTING", "VALUE", "", "WHAT FOR"]);
                for one in &settings {
                    let said = if one.is_default { "default" } else { "" };
                    let cells = [one.name, one.value.as_str(), said, one.meaning];
                    table.row(cells.map(str::to_owned).into());
                }
                table.write(out)
            })?;
            Ok(Outcome::Done)
        }
        Settings::Set { name, value, reason } => {
            let hub = super::open(common)?;
            match hub.set_setting(&caller, name, value, reason, super::now(common))? {
                Together::Done(()) => Ok(Outcome::Done),
                Together::Waiting(waiting) => waits(common, &waiting),
            }
        }
    }
}

/// An act that waits for a second person or for its time is a gate that does not hold yet.
pub(crate) fn waits(common: &Common, waiting: &Waiting) -> Result<Outcome> {
    let row = std::slice::from_ref(waiting);
    output::print(common, waiting, row, |out| writeln!(out, "{waiting}"))?;
    Ok(Outcome::GateFailed)
}

fn list(common: &Common, people: &[Person]) -> Result<()> {
    output::print(common, &people, people, |out| {
        let mut table = Table::new(&["ACCOUNT", "NAME", "KIND", "GRANTED", "SINCE"]);
        for person in people {
            let grants = person.grants.iter().map(|one| format!("{} {}", one.role, one.scope));
            let grants: Vec<String> = grants.collect();
            let kept_out = if person.disabled { " (kept out)" } else { "" };
            table.row(vec![
                person.name.clone(),
                person.display_name.clone(),
                format!("{}{kept_out}", person.kind),
                if grants.is_empty() { "nothing".to_owned() } else { grants.join("; ") },
                person.created.day(),
            ]);
        }
        table.write(out)
    })
}

fn agreements(common: &Common, rows: &[AgreementRow]) -> Result<()> {
    output::print(common, &rows, rows, |out| {
        let mut table = Table::new(&["NUMBER", "RULE", "WHAT", "WHY", "SETTLED", "REVIEWED"]);
        let day = |at: Option<Timestamp>| at.map_or("not yet".to_owned(), Timestamp::day);
        for row in rows {
            table.row(vec![
                row.number.to_string(),
                row.rule.clone(),
                row.subject.clone(),
                row.reason.clone(),
                day(row.settled),
                day(row.reviewed),
            ]);
        }
        table.write(out)
    })
}

fn new_person(name: &str, role: &str, shown: Option<&str>, reach: &Reach) -> Result<NewPerson> {
    Ok(NewPerson {
        name: name.to_owned(),
        display_name: shown.unwrap_or(name).to_owned(),
        grant: grant(role, reach)?,
    })
}

/// The grant that the arguments name; where they name no place, everywhere.
fn grant(role: &str, reach: &Reach) -> Result<Grant> {
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<String>>();
    let (sites, departments) = (set(&reach.sites), set(&reach.departments));
    let everywhere = sites.is_empty() && departments.is_empty();
    let scope = if everywhere { Scope::Everywhere } else { Scope::Within { sites, departments } };
    let role = role.parse().map_err(|unknown| super::Usage(format!("{unknown}")))?;
    Ok(Grant { role, scope })
}

/// The beginning of a month and of the one after it.
fn month_of(common: &Common, month: Option<&str>) -> Result<(Timestamp, Timestamp)> {
    let month = match month {
        Some(month) => month.to_owned(),
        None => super::now(common).day().chars().take(7).collect(),
    };
    let wanted = || format!("`{month}` is no month; write it like 2026-11");
    let (year, number) = month.split_once('-').with_context(wanted)?;
    let (year, number): (u32, u32) =
        (year.parse().with_context(wanted)?, number.parse().with_context(wanted)?);
    let (next_year, next) = if number == 12 { (year + 1, 1) } else { (year, number + 1) };
    let first = |year: u32, month: u32| {
        format!("{year:04}-{month:02}-01T00:00:00Z").parse().with_context(wanted)
    };
    Ok((first(year, number)?, first(next_year, next)?))
}

fn tell_secret(common: &Common, name: &str, kind: &str, secret: &str, how: &str) -> Result<()> {
    let answer = json!({ "account": name, kind: secret });
    output::print(common, &answer, std::slice::from_ref(&answer), |out| {
        writeln!(out, "account   {name}\n{kind:9} {secret}   ({how})")
    })
}
