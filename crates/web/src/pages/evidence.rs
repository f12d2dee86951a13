//! Evidence: what was done, by whom, in a chain that shows any later change.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use hub::EvidenceCheck;
use model::Timestamp;
use store::records::{EvidenceRow, Page, Rows};

use super::{PAGE_ROWS, Pager, Room, Shell, html, list};
use crate::app::App;
use crate::error::Failure;
use crate::query::{self, Params};
use crate::session::{OwnForm, Signed};
use crate::show;

/// `GET /evidence`
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Result<Response, Failure> {
    query::only(&params, &[query::PAGE_PARAMS])?;
    let page = query::page(&params, PAGE_ROWS)?;
    let shell = Shell::of(&app, &signed, Room::Evidence, "Evidence").await?;
    let caller = signed.caller.clone();
    let rows = app.ask(move |hub| hub.evidence(&caller, page)).await?;
    let page = self::page(shell, page, rows, None, signed.now);
    list(&page.pager, &page)
}

/// `POST /evidence/verify`: checks the whole chain and shows the answer.
pub(crate) async fn verify(
    State(app): State<App>,
    signed: Signed,
    _form: OwnForm,
) -> Result<Response, Failure> {
    let page = Page { offset: 0, limit: PAGE_ROWS };
    let shell = Shell::of(&app, &signed, Room::Evidence, "Evidence").await?;
    let caller = signed.caller.clone();
    let (rows, check) = app
        .ask(move |hub| Ok((hub.evidence(&caller, page)?, hub.verify_evidence(&caller)?)))
        .await?;
    html(&self::page(shell, page, rows, Some(check), signed.now))
}

#[derive(Template)]
#[template(path = "evidence.html")]
pub(crate) struct EvidencePage {
    shell: Shell,
    now: Timestamp,
    headline: String,
    check: Option<EvidenceCheck>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    number: u64,
    at: Timestamp,
    actor: String,
    action: String,
    subject: String,
    details: String,
    hash: String,
    short: String,
}

pub(crate) fn page(
    shell: Shell,
    page: Page,
    rows: Rows<EvidenceRow>,
    check: Option<EvidenceCheck>,
    now: Timestamp,
) -> EvidencePage {
    EvidencePage {
        shell,
        now,
        headline: show::of(rows.total, "act is on record", "acts are on record"),
        check,
        pager: Pager::new("/evidence", "", page, rows.rows.len(), rows.total),
        rows: rows.rows.into_iter().map(row).collect(),
    }
}

fn row(row: EvidenceRow) -> Row {
    let details = serde_json::to_string_pretty(&row.details).unwrap_or_default();
    let (subject, details) = (row.shown_subject(), row.spelled(&details));
    Row {
        number: row.number,
        at: row.at,
        actor: show::text(row.actor),
        action: show::text(row.action),
        subject: show::text(subject),
        details: details.chars().take(DETAILS_CHARS_MAX).collect(),
        short: row.hash.chars().take(12).collect(),
        hash: show::text(row.hash),
    }
}

/// Longest details of one row shown, in characters; the API has them whole.
const DETAILS_CHARS_MAX: usize = 1500;
