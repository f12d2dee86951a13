//! The pages: one file each, a handler that asks the hub and a pure function that fills a template.

pub(crate) mod api_doc;
pub(crate) mod assets;
pub(crate) mod confirm;
pub(crate) mod device;
pub(crate) mod disclosure;
pub(crate) mod disclosures;
pub(crate) mod evidence;
pub(crate) mod password;
pub(crate) mod rooms;
pub(crate) mod search;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod software;
#[cfg(test)]
mod tests;
pub(crate) mod today;
mod verdicts;

use std::collections::BTreeMap;

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use model::{DisclosureKey, Timestamp};
use store::records::Page;

use crate::app::App;
use crate::error::{Failure, Kind};
use crate::query;
use crate::session::Signed;
use crate::show::{self, When};
use crate::statics::{ADDRESSES, Addresses};

/// The rooms of the house, by the names of the practices.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Room {
    Today,
    Assets,
    Vulnerabilities,
    Protection,
    Access,
    Contracts,
    Evidence,
    Settings,
}

/// What surrounds every page.
pub(crate) struct Shell {
    title: String,
    rooms: Vec<Door>,
    person: Option<Person>,
    form_token: String,
    feeds: Vec<Feed>,
    /// Devices whose verdicts are not decided with what is held today.
    pending: u64,
    files: &'static Addresses,
}

struct Door {
    name: &'static str,
    link: &'static str,
    here: bool,
}

struct Person {
    name: String,
    role: &'static str,
}

struct Feed {
    name: String,
    last: When,
}

impl Shell {
    /// The surroundings of a page for a person who is signed in.
    pub(crate) async fn of(
        app: &App,
        signed: &Signed,
        room: Room,
        title: impl Into<String>,
    ) -> Result<Self, Failure> {
        let feeds = app.feeds(&signed.caller, signed.now).await?;
        let caller = signed.caller.clone();
        let pending = app.ask(move |hub| hub.pending(&caller)).await?;
        Ok(Self::with(signed, Some(room), title, &feeds).telling(pending))
    }

    /// Says on the page how many devices are not decided yet.
    pub(crate) fn telling(self, pending: u64) -> Self {
        Self { pending, ..self }
    }

    /// The same, the feeds being known.
    pub(crate) fn with(
        signed: &Signed,
        room: Option<Room>,
        title: impl Into<String>,
        feeds: &BTreeMap<String, Timestamp>,
    ) -> Self {
        let feed = |(name, at): (&String, &Timestamp)| Feed {
            name: feed_name(name),
            last: show::ago(at, signed.now),
        };
        Self {
            title: title.into(),
            rooms: doors(room),
            person: Some(Person {
                name: show::text(&signed.caller.display_name),
                role: signed.caller.role().map_or("no role", |role| role.name()),
            }),
            form_token: signed.form_token.expose().to_owned(),
            feeds: feeds.iter().map(feed).collect(),
            pending: 0,
            files: &ADDRESSES,
        }
    }

    /// The surroundings of a page for anyone.
    pub(crate) fn bare(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            rooms: Vec::new(),
            person: None,
            form_token: String::new(),
            feeds: Vec::new(),
            pending: 0,
            files: &ADDRESSES,
        }
    }
}

/// A window on a long list, and the addresses of the windows beside it.
pub(crate) struct Pager {
    first: u64,
    last: u64,
    total: u64,
    previous: Option<String>,
    next: Option<String>,
    /// The last page, where the one asked for is behind it.
    end: Option<String>,
}

impl Pager {
    /// For the list at `path` with `query`, of which `page` shows `shown` rows of `total`.
    pub(crate) fn new(path: &str, query: &str, page: Page, shown: usize, total: u64) -> Self {
        let address = |number: u64| {
            let and = if query.is_empty() { "" } else { "&" };
            format!("{path}?{query}{and}page={number}")
        };
        let number = page.offset / page.limit.max(1) + 1;
        let last = page.offset + shown as u64;
        Self {
            first: if shown == 0 { 0 } else { page.offset + 1 },
            last,
            total,
            previous: (number > 1).then(|| address(number - 1)),
            next: (last < total && shown > 0).then(|| address(number + 1)),
            end: (shown == 0 && total > 0).then(|| address(total.div_ceil(page.limit.max(1)))),
        }
    }
}

/// A filter that is set, and the address of the list without it.
pub(crate) struct Chip {
    words: String,
    without: String,
}

/// An address with a query string, which may be empty.
pub(crate) fn address(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The address of a disclosure's page; of a search for it where its key is absurdly long.
pub(crate) fn disclosure_link(key: &DisclosureKey) -> String {
    let key = key.to_string();
    match key.char_indices().nth(KEY_CHARS_MAX) {
        None => format!("/vulnerabilities/{}", query::encode(&key)),
        Some((end, _)) => {
            let start = key.get(..end).unwrap_or_default();
            format!("/vulnerabilities?text={}", query::encode(start))
        }
    }
}

/// A page of a list as an answer. A bookmark of a list that became shorter leads to its last page.
pub(crate) fn list(pager: &Pager, page: &impl Template) -> Result<Response, Failure> {
    match &pager.end {
        Some(end) => Ok(Redirect::to(end).into_response()),
        None => html(page),
    }
}

/// A page as an answer.
pub(crate) fn html(page: &impl Template) -> Result<Response, Failure> {
    let text = page.render().map_err(|error| {
        tracing::error!(%error, "a template failed");
        Failure::new(Kind::Bug, "The page could not be written.")
    })?;
    Ok(Html(text).into_response())
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    shell: Shell,
    title: &'static str,
    detail: &'a str,
    advice: &'static str,
    wait: Option<u64>,
}

/// The page that says what went wrong.
pub(crate) fn error(failure: &Failure, signed: Option<&Signed>) -> Response {
    let title = failure.kind.title();
    let shell = match signed {
        Some(signed) => Shell::with(signed, None, title, &BTreeMap::new()),
        None => Shell::bare(title),
    };
    let page = ErrorPage {
        shell,
        title,
        detail: &failure.detail,
        advice: failure.kind.advice(),
        wait: failure.retry_after,
    };
    let body = page.render().map(Html).map_err(|_| title);
    (failure.kind.status(), body).into_response()
}

fn doors(here: Option<Room>) -> Vec<Door> {
    ROOMS.map(|(room, name, link)| Door { name, link, here: here == Some(room) }).into()
}

/// What people call a kind of input.
pub(crate) fn feed_name(kind: &str) -> String {
    let known = FEEDS.iter().find(|(key, _)| *key == kind);
    known.map_or_else(|| show::text(kind), |(_, name)| (*name).to_owned())
}

const ROOMS: [(Room, &str, &str); 8] = [
    (Room::Today, "Today", "/"),
    (Room::Assets, "Assets", "/assets"),
    (Room::Vulnerabilities, "Vulnerabilities", "/vulnerabilities"),
    (Room::Protection, "Protection", "/protection"),
    (Room::Access, "Access", "/access"),
    (Room::Contracts, "Contracts", "/contracts"),
    (Room::Evidence, "Evidence", "/evidence"),
    (Room::Settings, "Settings", "/settings"),
];

const FEEDS: [(&str, &str); 5] = [
    ("capture", "Network traffic"),
    ("csaf", "Disclosures (CSAF)"),
    ("kev", "Known exploited (KEV)"),
    ("epss", "Exploit prediction (EPSS)"),
    ("inventory", "Inventory"),
];

/// Longest key in an address, in characters; a page repeats it, and must keep under its 150 kB.
pub(crate) const KEY_CHARS_MAX: usize = 300;

/// Rows of a list on one page; keeps a page under its 150 kB.
pub(crate) const PAGE_ROWS: u64 = 50;
