//! Vulnerabilities: the list of disclosures.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use model::{Timestamp, Verdict};
use store::records::{DisclosureFilter, DisclosureRow, Page, Rows};

use super::{Chip, PAGE_ROWS, Pager, Room, Shell, address, list};
use crate::app::App;
use crate::error::Failure;
use crate::query::{self, Params};
use crate::session::Signed;
use crate::show;

/// `GET /vulnerabilities`
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Result<Response, Failure> {
    query::only(&params, &[query::DISCLOSURE_PARAMS, query::PAGE_PARAMS])?;
    let (filter, page) = (query::disclosures(&params)?, query::page(&params, PAGE_ROWS)?);
    let shell = Shell::of(&app, &signed, Room::Vulnerabilities, "Vulnerabilities").await?;
    let (caller, wanted) = (signed.caller.clone(), filter.clone());
    let rows = app.ask(move |hub| hub.disclosures(&caller, &wanted, page)).await?;
    let page = self::page(shell, filter, page, rows, signed.now);
    list(&page.pager, &page)
}

#[derive(Template)]
#[template(path = "disclosures.html")]
pub(crate) struct DisclosuresPage {
    shell: Shell,
    now: Timestamp,
    headline: String,
    filter: DisclosureFilter,
    chips: Vec<Chip>,
    quick: Vec<Quick>,
    rows: Vec<DisclosureRow>,
    pager: Pager,
    empty: bool,
}

/// A filter that one click sets or clears.
struct Quick {
    words: &'static str,
    link: String,
    on: bool,
}

pub(crate) fn page(
    shell: Shell,
    filter: DisclosureFilter,
    page: Page,
    rows: Rows<DisclosureRow>,
    now: Timestamp,
) -> DisclosuresPage {
    let plain = filter == DisclosureFilter::default();
    let (one, many) = if plain {
        ("disclosure is held", "disclosures are held")
    } else {
        ("disclosure matches", "disclosures match")
    };
    let query = query::of_disclosures(&filter);
    DisclosuresPage {
        shell,
        now,
        headline: show::of(rows.total, one, many),
        chips: chips(&filter),
        quick: quick(&filter),
        pager: Pager::new("/vulnerabilities", &query, page, rows.rows.len(), rows.total),
        empty: plain && rows.total == 0,
        rows: rows.rows,
        filter,
    }
}

fn changed(filter: &DisclosureFilter, change: impl FnOnce(&mut DisclosureFilter)) -> String {
    let mut filter = filter.clone();
    change(&mut filter);
    address("/vulnerabilities", &query::of_disclosures(&filter))
}

fn chips(filter: &DisclosureFilter) -> Vec<Chip> {
    let text = filter.text.as_ref().map(|text| Chip {
        words: format!("contains “{}”", show::text(text)),
        without: changed(filter, |filter| filter.text = None),
    });
    text.into_iter().collect()
}

fn quick(filter: &DisclosureFilter) -> Vec<Quick> {
    let verdict = |verdict: Verdict, words| {
        let on = filter.verdict == Some(verdict);
        let link = changed(filter, |f| f.verdict = (!on).then_some(verdict));
        Quick { words, link, on }
    };
    let on = filter.exploited == Some(true);
    vec![
        verdict(Verdict::Affected, "Affects a device"),
        verdict(Verdict::Unknown, "Undecided on a device"),
        Quick {
            words: "Exploited in the wild",
            link: changed(filter, |f| f.exploited = (!on).then_some(true)),
            on,
        },
    ]
}
