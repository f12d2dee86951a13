//! `regimen ingest`: anything into the store.

use anyhow::Result;
use hub::{Caller, IngestRequest};

use crate::arguments::{Common, Ingest};
use crate::output::{self, Outcome};

pub(crate) fn run(common: &Common, wanted: &Ingest) -> Result<Outcome> {
    let hub = super::open(common)?;
    let request = IngestRequest {
        paths: wanted.paths.clone(),
        kind: wanted.kind,
        site: wanted.site.clone(),
        source: wanted.source.clone(),
        partial: wanted.partial,
        reading: wanted.reading.into(),
    };
    let summary = hub.ingest(&Caller::console(), &request, super::now(common))?;
    output::print(common, &summary, &summary.skipped, |out| {
        writeln!(
            out,
            "{} read, {} accepted, {} unchanged, {} skipped",
            summary.read,
            summary.accepted,
            summary.unchanged,
            summary.skipped.len()
        )?;
        summary.by_type.iter().try_for_each(|(kind, count)| writeln!(out, "  {kind}: {count}"))?;
        if summary.side_files > 0 {
            writeln!(out, "  side files of a mirror: {}", summary.side_files)?;
        }
        let mut columns = summary.columns.iter();
        columns.try_for_each(|columns| writeln!(out, "  {}: {columns}", columns.name))
    })?;
    output::tell_warnings(common, &summary.warnings);
    output::tell_skips(common, &summary.skipped);
    Ok(Outcome::of_skips(&summary.skipped))
}
