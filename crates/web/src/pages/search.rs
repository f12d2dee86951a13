//! Search: one box for devices, software, CVEs and advisories.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use model::Timestamp;
use store::records::{
    DeviceFilter, DeviceOrder, DeviceRow, DisclosureFilter, DisclosureRow, Page, Rows, SoftwareRow,
};

use super::{Room, Shell, disclosure_link, html};
use crate::app::App;
use crate::error::Failure;
use crate::query::{self, Params};
use crate::session::Signed;
use crate::show;

/// `GET /search?q=`
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Result<Response, Failure> {
    query::only(&params, &[&["q"]])?;
    let shell = Shell::of(&app, &signed, Room::Assets, "Search").await?;
    let Some(text) = query::text(&params, "q") else {
        return html(&page(shell, String::new(), Found::default(), signed.now));
    };
    let (caller, wanted) = (signed.caller.clone(), text.clone());
    let found = app.ask(move |hub| {
        let page = Page { offset: 0, limit: HITS_MAX };
        let text = Some(wanted.clone());
        let devices = DeviceFilter { text: text.clone(), ..DeviceFilter::default() };
        let disclosures = DisclosureFilter { text, ..DisclosureFilter::default() };
        Ok(Found {
            devices: hub.devices(&caller, &devices, DeviceOrder::Exposure, page)?,
            disclosures: hub.disclosures(&caller, &disclosures, page)?,
            software: hub.software(&caller, Some(&wanted), None, page)?,
        })
    });
    let found = found.await?;
    if let Some(only) = found.only() {
        return Ok(Redirect::to(&only).into_response());
    }
    html(&page(shell, text, found, signed.now))
}

/// What was found.
pub(crate) struct Found {
    pub(crate) devices: Rows<DeviceRow>,
    pub(crate) disclosures: Rows<DisclosureRow>,
    pub(crate) software: Rows<SoftwareRow>,
}

impl Default for Found {
    fn default() -> Self {
        const fn none<T>() -> Rows<T> {
            Rows { rows: Vec::new(), total: 0 }
        }
        Self { devices: none(), disclosures: none(), software: none() }
    }
}

impl Found {
    /// The page of the only hit, where there is exactly one.
    fn only(&self) -> Option<String> {
        match (self.devices.rows.as_slice(), self.disclosures.rows.as_slice()) {
            ([device], []) => Some(format!("/assets/{}", device.id)),
            ([], [disclosure]) => Some(disclosure_link(&disclosure.key)),
            _ => None,
        }
    }
}

#[derive(Template)]
#[template(path = "search.html")]
pub(crate) struct SearchPage {
    shell: Shell,
    now: Timestamp,
    text: String,
    headline: String,
    more: String,
    found: Found,
}

pub(crate) fn page(shell: Shell, text: String, found: Found, now: Timestamp) -> SearchPage {
    let total = found.devices.total + found.disclosures.total + found.software.total;
    let headline = match (text.is_empty(), total) {
        (true, _) => "What are you looking for?".to_owned(),
        (false, 0) => format!("Nothing matches “{}”", show::text(&text)),
        (false, _) => format!("{} for “{}”", show::of(total, "hit", "hits"), show::text(&text)),
    };
    let more = query::of(&[("text", Some(text.clone()))]);
    SearchPage { shell, now, text, headline, more, found }
}

/// Hits of each kind on the page; the lists have the rest.
const HITS_MAX: u64 = 10;
