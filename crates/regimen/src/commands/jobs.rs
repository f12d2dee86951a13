//! `regimen jobs`: what the hub does by itself.

use anyhow::Result;
use hub::Caller;
use model::Timestamp;

use crate::arguments::Common;
use crate::output::{self, Outcome, Table};

pub(crate) fn list(common: &Common) -> Result<Outcome> {
    let jobs = super::open_to_read(common)?.jobs(&Caller::console(), super::now(common))?;
    output::print(common, &jobs, &jobs, |out| {
        let mut table = Table::new(&["JOB", "LAST RUN", "NEXT RUN", "RESULT", "WHAT"]);
        let time = |at: Option<Timestamp>| at.map_or("never".to_owned(), |at| at.to_string());
        for job in &jobs {
            let result = match (job.running, job.done) {
                (true, _) => "under way".to_owned(),
                (false, Some(false)) => format!("failed: {}", job.result),
                _ => job.result.clone(),
            };
            let (last, next) = (time(job.ended), time(job.next_run));
            table.row(vec![job.name.clone(), last, next, result, job.what.to_owned()]);
        }
        table.write(out)
    })?;
    Ok(Outcome::Done)
}
