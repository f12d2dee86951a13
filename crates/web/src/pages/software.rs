//! Software: what runs in the house, and on how many devices.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use store::records::{Page, Rows, SoftwareRow};

use super::{PAGE_ROWS, Pager, Room, Shell, list};
use crate::app::App;
use crate::error::Failure;
use crate::query::{self, Params};
use crate::session::Signed;
use crate::show;

/// `GET /software`
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Result<Response, Failure> {
    query::only(&params, &[&["text"], query::PAGE_PARAMS])?;
    let (text, page) = (query::text(&params, "text"), query::page(&params, PAGE_ROWS)?);
    let shell = Shell::of(&app, &signed, Room::Assets, "Software").await?;
    let (caller, wanted) = (signed.caller.clone(), text.clone());
    let rows = app.ask(move |hub| hub.software(&caller, wanted.as_deref(), None, page)).await?;
    let page = self::page(shell, text, page, rows);
    list(&page.pager, &page)
}

#[derive(Template)]
#[template(path = "software.html")]
pub(crate) struct SoftwarePage {
    shell: Shell,
    headline: String,
    text: Option<String>,
    rows: Vec<SoftwareRow>,
    pager: Pager,
    empty: bool,
}

pub(crate) fn page(
    shell: Shell,
    text: Option<String>,
    page: Page,
    rows: Rows<SoftwareRow>,
) -> SoftwarePage {
    let query = query::of(&[("text", text.clone())]);
    SoftwarePage {
        shell,
        headline: show::of(rows.total, "piece of software", "pieces of software"),
        pager: Pager::new("/software", &query, page, rows.rows.len(), rows.total),
        empty: text.is_none() && rows.total == 0,
        rows: rows.rows,
        text,
    }
}
