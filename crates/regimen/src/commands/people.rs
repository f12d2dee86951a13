//! `regimen people`.

use anyhow::Result;
use hub::{Caller, NewPerson};
use serde_json::json;

use crate::arguments::{Common, People};
use crate::output::{self, Outcome, Table};

pub(crate) fn run(common: &Common, command: &People) -> Result<Outcome> {
    let hub = match command {
        People::List => super::open_to_read(common)?,
        People::Add { .. } | People::Reset { .. } => super::open(common)?,
    };
    let (caller, now) = (Caller::console(), super::now(common));
    match command {
        People::List => {
            let people = hub.people(&caller)?;
            output::print(common, &people, &people, |out| {
                let mut table = Table::new(&["ACCOUNT", "NAME", "ROLE", "SINCE"]);
                for person in &people {
                    table.row(vec![
                        person.name.clone(),
                        person.display_name.clone(),
                        person.role.clone(),
                        person.created.day(),
                    ]);
                }
                table.write(out)
            })?;
        }
        People::Add { name, role, display_name } => {
            let new = NewPerson {
                name: name.clone(),
                display_name: display_name.clone().unwrap_or_else(|| name.clone()),
                role: role.parse().map_err(|unknown| super::Usage(format!("{unknown}")))?,
            };
            let password = hub.add_person(&caller, &new, now)?;
            tell_password(common, name, password.expose())?;
        }
        People::Reset { name } => {
            let password = hub.reset_password(&caller, name, now)?;
            tell_password(common, name, password.expose())?;
        }
    }
    Ok(Outcome::Done)
}

fn tell_password(common: &Common, name: &str, password: &str) -> Result<()> {
    let answer = json!({ "account": name, "password": password });
    output::print(common, &answer, std::slice::from_ref(&answer), |out| {
        writeln!(out, "account   {name}\npassword  {password}   (for one sign-in)")
    })
}
