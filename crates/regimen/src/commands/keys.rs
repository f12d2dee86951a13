//! `regimen keys`: the hub's secret keys, never their secrets.

use anyhow::Result;
use hub::{Caller, KeyRow};

use crate::arguments::{Common, Keys};
use crate::output::{self, Outcome, Table};

pub(crate) fn run(common: &Common, command: &Keys) -> Result<Outcome> {
    let caller = Caller::console();
    let keys = match command {
        Keys::List => super::open_to_read(common)?.keys(&caller)?,
        Keys::Rotate => {
            let hub = super::open_existing(common)?;
            hub.rotate_keys(&caller, super::now(common))?;
            hub.keys(&caller)?
        }
    };
    output::print(common, &keys, &keys, |out| {
        let mut table = Table::new(&["KEY", "FOR", "SINCE", "UNTIL", "PUBLIC"]);
        for key in &keys {
            table.row(row(key));
        }
        table.write(out)
    })?;
    Ok(Outcome::Done)
}

fn row(key: &KeyRow) -> Vec<String> {
    vec![
        key.id.clone(),
        key.purpose.clone(),
        key.created.day(),
        key.retired.map_or_else(|| "in use".to_owned(), model::Timestamp::day),
        output::or_dash(key.public.as_deref()),
    ]
}
