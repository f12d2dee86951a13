//! Settings: what was taken in, how old it is, and what this hub is.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use hub::{JobShown, SettingShown};
use model::Timestamp;
use store::records::{IngestRow, Page, Rows};

use super::{Pager, Room, Shell, list};
use crate::app::App;
use crate::error::Failure;
use crate::query::{self, Params};
use crate::session::Signed;
use crate::show;

/// `GET /settings`
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Result<Response, Failure> {
    query::only(&params, &[query::PAGE_PARAMS])?;
    let page = query::page(&params, INGEST_ROWS)?;
    let shell = Shell::of(&app, &signed, Room::Settings, "Settings").await?;
    let caller = signed.caller.clone();
    let now = signed.now;
    let (rows, keeping) = app
        .ask(move |hub| {
            let (jobs, settings) = (hub.jobs(&caller, now)?, hub.settings(&caller)?);
            Ok((hub.ingests(&caller, page)?, Keeping { jobs, settings }))
        })
        .await?;
    let page = self::page(shell, page, rows, keeping, now);
    list(&page.pager, &page)
}

/// How the house is run, and what the hub does by itself.
pub(crate) struct Keeping {
    pub(crate) jobs: Vec<JobShown>,
    pub(crate) settings: Vec<SettingShown>,
}

#[derive(Template)]
#[template(path = "settings.html")]
pub(crate) struct SettingsPage {
    shell: Shell,
    now: Timestamp,
    rows: Vec<IngestRow>,
    pager: Pager,
    keeping: Keeping,
    version: &'static str,
}

pub(crate) fn page(
    shell: Shell,
    page: Page,
    mut rows: Rows<IngestRow>,
    keeping: Keeping,
    now: Timestamp,
) -> SettingsPage {
    for row in &mut rows.rows {
        row.skipped.truncate(SKIPS_MAX);
    }
    SettingsPage {
        shell,
        now,
        pager: Pager::new("/settings", "", page, rows.rows.len(), rows.total),
        rows: rows.rows,
        keeping,
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// Inputs on one page; each may list [`SKIPS_MAX`] skips, and the page stays under its 150 kB.
const INGEST_ROWS: u64 = 20;
/// Skips shown of one input; the API has more.
const SKIPS_MAX: usize = 12;
