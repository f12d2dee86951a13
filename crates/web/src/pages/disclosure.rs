//! One disclosure: what it says, which devices it touches and why, and where it came from.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use model::Timestamp;
use serde::Deserialize;
use store::records::{DisclosureDetail, DisclosureRow, DisclosureVersionRow, HeldRow, Page};

use super::verdicts::{Group, grouped};
use super::{Pager, Room, Shell, disclosure_link, list};
use crate::app::App;
use crate::error::Failure;
use crate::query::{self, Params};
use crate::session::Signed;
use crate::show;

/// `GET /vulnerabilities/{key}`
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(key): Path<String>,
    params: Params,
) -> Result<Response, Failure> {
    query::only(&params, &[query::PAGE_PARAMS])?;
    let page = query::page(&params, VERDICT_ROWS)?;
    let caller = signed.caller.clone();
    let (detail, held) = app
        .ask(move |hub| {
            let detail = hub.disclosure(&caller, &key, page)?;
            let held = hub.held_back(&caller)?.into_iter().find(|row| row.key() == detail.row.key);
            Ok((detail, held))
        })
        .await?;
    let title = show::text(&detail.row.id);
    let shell = Shell::of(&app, &signed, Room::Vulnerabilities, title).await?;
    let held = Held { row: held, may_confirm: signed.caller.may_confirm() };
    let page = self::page(shell, detail, held, page, signed.now);
    list(&page.pager, &page)
}

/// `GET /vulnerabilities/{key}/raw`: the document as received, to keep, never to open in place.
pub(crate) async fn raw(
    State(app): State<App>,
    signed: Signed,
    Path(key): Path<String>,
) -> Result<Response, Failure> {
    let bytes = app.ask(move |hub| hub.disclosure_raw(&signed.caller, &key)).await?;
    let own = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"disclosure.json\""),
    ];
    Ok((own, bytes).into_response())
}

#[derive(Template)]
#[template(path = "disclosure.html")]
pub(crate) struct DisclosurePage {
    shell: Shell,
    now: Timestamp,
    link: String,
    headline: String,
    row: DisclosureRow,
    held: Option<HeldRow>,
    may_confirm: bool,
    versions: Vec<DisclosureVersionRow>,
    content_hash: String,
    warnings: Vec<String>,
    more_warnings: u64,
    notes: Vec<Note>,
    vulnerabilities: Vec<Flaw>,
    more_vulnerabilities: u64,
    remediations: Vec<Advice>,
    references: Vec<Reference>,
    revisions: Vec<Revision>,
    devices: Vec<Touched>,
    pager: Pager,
}

/// What of the disclosure waits for a person, and whether the reader is one who may confirm it.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) row: Option<HeldRow>,
    pub(crate) may_confirm: bool,
}

/// A device that the disclosure touches, its verdicts grouped.
struct Touched {
    link: String,
    name: String,
    class: Option<String>,
    made: String,
    location: Option<String>,
    groups: Vec<Group>,
}

/// The parts of a normalised document that the page shows; what is absent is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    summary: Summary,
    notes: Vec<Note>,
    references: Vec<Reference>,
    vulnerabilities: Vec<Flaw>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Summary {
    revisions: Vec<Revision>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Note {
    category: String,
    title: Option<String>,
    text: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    summary: String,
    url: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Revision {
    number: String,
    date: Option<Timestamp>,
    summary: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Flaw {
    name: String,
    title: Option<String>,
    cwes: Vec<(String, String)>,
    notes: Vec<Note>,
    scores: Vec<Rated>,
    remediations: Vec<Advice>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rated {
    version: String,
    vector: String,
    score: f64,
    rating: String,
}

#[derive(Default, Deserialize, PartialEq)]
#[serde(default)]
struct Advice {
    category: String,
    details: String,
    url: Option<String>,
}

pub(crate) fn page(
    shell: Shell,
    detail: DisclosureDetail,
    held: Held,
    page: Page,
    now: Timestamp,
) -> DisclosurePage {
    // A document of a shape we do not know shows its row, its devices and the link to its bytes.
    let document: Document = serde_json::from_value(detail.document).unwrap_or_default();
    let link = disclosure_link(&detail.row.key);
    let rows = &detail.devices;
    let pager = Pager::new(&link, "", page, rows.rows.len(), rows.total);
    let mut flaws = document.vulnerabilities;
    let remediations = remediations(&mut flaws);
    let more_vulnerabilities = flaws.len().saturating_sub(FLAWS_MAX) as u64;
    flaws.truncate(FLAWS_MAX);
    let more_warnings = detail.warnings.len().saturating_sub(WARNINGS_MAX) as u64;
    DisclosurePage {
        now,
        headline: headline(&detail.row, shell.pending),
        shell,
        devices: touched(&detail.devices.rows),
        pager,
        notes: document.notes.into_iter().filter(tells).take(NOTES_MAX).collect(),
        vulnerabilities: flaws,
        more_vulnerabilities,
        remediations,
        references: document.references.into_iter().take(NOTES_MAX).collect(),
        revisions: document.summary.revisions.into_iter().rev().take(REVISIONS_MAX).collect(),
        warnings: detail.warnings.into_iter().take(WARNINGS_MAX).collect(),
        more_warnings,
        versions: detail.versions.into_iter().take(REVISIONS_MAX).collect(),
        held: held.row,
        may_confirm: held.may_confirm,
        content_hash: detail.content_hash,
        row: detail.row,
        link,
    }
}

fn headline(row: &DisclosureRow, pending: u64) -> String {
    let counts = row.devices;
    let mut line = match (counts.affected, counts.unknown) {
        (0, 0) if pending > 0 => "Not yet decided for all of your devices".to_owned(),
        (0, 0) => "It affects no device of yours".to_owned(),
        (0, unknown) => show::of(unknown, "device is undecided", "devices are undecided"),
        (affected, 0) => show::of(affected, "device is affected", "devices are affected"),
        (affected, unknown) => format!(
            "{}; {}",
            show::of(affected, "device is affected", "devices are affected"),
            show::of(unknown, "is undecided", "are undecided")
        ),
    };
    if row.exploited {
        line.push_str("; exploited in the wild");
    }
    line
}

fn touched(rows: &[store::records::DeviceVerdict]) -> Vec<Touched> {
    let same = rows.chunk_by(|a, b| a.device == b.device);
    same.filter_map(|rows| {
        let first = rows.first()?;
        let made = [first.maker.as_deref(), first.model.as_deref()];
        let made: Vec<String> = made.into_iter().flatten().map(show::text).collect();
        Some(Touched {
            link: format!("/assets/{}", first.device),
            name: show::text(&first.name),
            class: first.class.as_ref().map(show::class),
            made: made.join(" "),
            location: first.location.as_ref().map(show::text),
            groups: grouped(rows.iter().map(|row| &row.row)),
        })
    })
    .collect()
}

/// What the document says to do, each once.
fn remediations(flaws: &mut [Flaw]) -> Vec<Advice> {
    let mut all: Vec<Advice> = Vec::new();
    for advice in flaws.iter_mut().flat_map(|flaw| flaw.remediations.drain(..)) {
        if !all.contains(&advice) && all.len() < REMEDIATIONS_MAX {
            all.push(advice);
        }
    }
    all
}

/// Legal notices are the publisher's affair; the raw document has them.
fn tells(note: &Note) -> bool {
    note.category != "legal_disclaimer"
}

/// Verdicts read for one page of devices.
const VERDICT_ROWS: u64 = 60;
/// The limits below keep the page under its 150 kB; the raw document has the rest.
const FLAWS_MAX: usize = 40;
const NOTES_MAX: usize = 12;
const REMEDIATIONS_MAX: usize = 12;
const REVISIONS_MAX: usize = 20;
const WARNINGS_MAX: usize = 30;
