//! Assets: the list of devices, and its export.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hub::Facets;
use model::{Address, Timestamp, Verdict};
use store::records::{DeviceFilter, DeviceOrder, DeviceRow, Page, Rows};

use super::{Chip, KEY_CHARS_MAX, PAGE_ROWS, Pager, Room, Shell, address, list};
use crate::app::App;
use crate::error::{Failure, Kind};
use crate::query::{self, DeviceQuery, Params};
use crate::session::Signed;
use crate::show;

/// `GET /assets`
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Result<Response, Failure> {
    query::only(&params, &[query::DEVICE_PARAMS, query::PAGE_PARAMS])?;
    let (query, page) = (query::devices(&params)?, query::page(&params, PAGE_ROWS)?);
    let shell = Shell::of(&app, &signed, Room::Assets, "Assets").await?;
    let (caller, wanted) = (signed.caller.clone(), query.clone());
    let (rows, facets) = app
        .ask(move |hub| {
            let rows = hub.devices(&caller, &wanted.filter, wanted.order, page)?;
            Ok((rows, hub.device_facets(&caller)?))
        })
        .await?;
    let page = self::page(shell, query, page, rows, &facets, signed.now);
    list(&page.pager, &page)
}

/// `GET /assets.csv`: what the list shows, all of its pages.
pub(crate) async fn csv(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Result<Response, Failure> {
    let rows = everything(&app, &signed, &params).await?;
    let own = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"assets.csv\""),
    ];
    Ok((own, csv_text(&rows)).into_response())
}

/// `GET /assets.json`: the same as JSON.
pub(crate) async fn json(
    State(app): State<App>,
    signed: Signed,
    params: Params,
) -> Result<Response, Failure> {
    let rows = everything(&app, &signed, &params).await?;
    let own = [(header::CONTENT_DISPOSITION, "attachment; filename=\"assets.json\"")];
    Ok((own, Json(rows)).into_response())
}

async fn everything(
    app: &App,
    signed: &Signed,
    params: &Params,
) -> Result<Vec<DeviceRow>, Failure> {
    query::only(params, &[query::DEVICE_PARAMS])?;
    let DeviceQuery { filter, order } = query::devices(params)?;
    let caller = signed.caller.clone();
    let rows = app.ask(move |hub| {
        let mut all = Vec::new();
        loop {
            let page = Page { offset: all.len() as u64, limit: Page::LIMIT_MAX };
            let Rows { rows, total } = hub.devices(&caller, &filter, order, page)?;
            let last = rows.is_empty() || total > EXPORT_ROWS_MAX;
            all.extend(rows);
            if last || all.len() as u64 >= total {
                return Ok((all, total));
            }
        }
    });
    let (rows, total) = rows.await?;
    if total > EXPORT_ROWS_MAX {
        let detail = format!(
            "{} match; an export holds at most {}. Narrow the filter.",
            show::of(total, "device", "devices"),
            show::count(EXPORT_ROWS_MAX)
        );
        return Err(Failure::new(Kind::Invalid, detail));
    }
    Ok(rows)
}

#[derive(Template)]
#[template(path = "assets.html")]
pub(crate) struct AssetsPage {
    shell: Shell,
    now: Timestamp,
    headline: String,
    filter: DeviceFilter,
    sort: Option<String>,
    chips: Vec<Chip>,
    quick: Vec<Quick>,
    classes: Vec<Choice>,
    makers: Vec<Choice>,
    sites: Vec<Choice>,
    columns: Vec<Column>,
    rows: Vec<DeviceRow>,
    pager: Pager,
    export: String,
    empty: bool,
}

/// A filter that one click sets or clears.
struct Quick {
    words: &'static str,
    link: String,
    on: bool,
}

/// A value to filter by.
struct Choice {
    value: String,
    words: String,
    on: bool,
}

/// A heading; sorts where it has a link.
struct Column {
    name: &'static str,
    link: Option<String>,
    on: bool,
}

pub(crate) fn page(
    shell: Shell,
    query: DeviceQuery,
    page: Page,
    rows: Rows<DeviceRow>,
    facets: &Facets,
    now: Timestamp,
) -> AssetsPage {
    let of_query = query::of_devices(&query);
    let plain = query.filter == DeviceFilter::default();
    let sort = query::ORDERS.iter().find(|(_, order, _)| *order == query.order);
    AssetsPage {
        shell,
        now,
        headline: headline(rows.total, plain),
        chips: chips(&query),
        quick: quick(&query),
        classes: choices(&facets.classes, query.filter.class.as_deref(), |key| show::class(key)),
        makers: choices(&facets.makers, query.filter.maker.as_deref(), |key| show::text(key)),
        sites: choices(&facets.sites, query.filter.site.as_deref(), |key| show::text(key)),
        columns: columns(&query),
        pager: Pager::new("/assets", &of_query, page, rows.rows.len(), rows.total),
        sort: sort.filter(|_| query.order != DeviceOrder::default()).map(|o| o.0.to_owned()),
        export: of_query,
        empty: plain && rows.total == 0,
        rows: rows.rows,
        filter: query.filter,
    }
}

/// The addresses of a device as a list shows them: the first, and how many more.
pub(crate) fn addresses(addresses: &[Address]) -> String {
    let ip = addresses.iter().find_map(|address| address.ip).map(|ip| ip.to_string());
    let mac = addresses.iter().find_map(|address| address.mac).map(|mac| mac.to_string());
    ip.or(mac).unwrap_or_default()
}

fn headline(total: u64, plain: bool) -> String {
    if plain {
        return show::of(total, "device is known", "devices are known");
    }
    show::of(total, "device matches", "devices match")
}

/// One change to a query, and the address of the list after it.
fn changed(query: &DeviceQuery, change: impl FnOnce(&mut DeviceQuery)) -> String {
    let mut query = query.clone();
    change(&mut query);
    address("/assets", &query::of_devices(&query))
}

fn chips(query: &DeviceQuery) -> Vec<Chip> {
    let filter = &query.filter;
    let mut chips = Vec::new();
    let mut chip = |words: Option<String>, clear: fn(&mut DeviceFilter)| {
        chips.extend(words.map(|words| Chip {
            words,
            without: changed(query, |query| clear(&mut query.filter)),
        }));
    };
    let yes_no = |value: Option<bool>, yes: &str, no: &str| {
        value.map(|flag| if flag { yes } else { no }.to_owned())
    };
    chip(filter.text.as_ref().map(|t| format!("contains “{}”", show::text(t))), |f| {
        f.text = None;
    });
    chip(filter.class.as_ref().map(|c| format!("class: {}", show::class(c))), |f| f.class = None);
    chip(filter.maker.as_ref().map(|m| format!("maker: {}", show::text(m))), |f| f.maker = None);
    chip(filter.site.as_ref().map(|s| format!("site: {}", show::text(s))), |f| f.site = None);
    chip(filter.verdict.map(|v| format!("verdict: {}", spoken(v))), |f| f.verdict = None);
    chip(yes_no(filter.in_inventory, "in the inventory", "not in the inventory"), |f| {
        f.in_inventory = None;
    });
    chip(yes_no(filter.on_network, "seen on the network", "never seen"), |f| f.on_network = None);
    chip(filter.disclosure.as_ref().map(|d| format!("disclosure: {}", show::text(d))), |f| {
        f.disclosure = None;
    });
    chips
}

fn quick(query: &DeviceQuery) -> Vec<Quick> {
    let verdict = |verdict: Verdict, words| {
        let on = query.filter.verdict == Some(verdict);
        let link = changed(query, |q| q.filter.verdict = (!on).then_some(verdict));
        Quick { words, link, on }
    };
    let stray = query.filter.in_inventory == Some(false);
    let silent = query.filter.on_network == Some(false);
    vec![
        verdict(Verdict::Affected, "Affected"),
        verdict(Verdict::Unknown, "Unknown"),
        Quick {
            words: "Not in the inventory",
            link: changed(query, |q| q.filter.in_inventory = (!stray).then_some(false)),
            on: stray,
        },
        Quick {
            words: "Never seen",
            link: changed(query, |q| q.filter.on_network = (!silent).then_some(false)),
            on: silent,
        },
    ]
}

fn choices(
    values: &[(String, u64)],
    chosen: Option<&str>,
    words: impl Fn(&str) -> String,
) -> Vec<Choice> {
    let choice = |(value, number): &(String, u64)| Choice {
        words: format!("{} ({})", words(value), show::count(number)),
        on: chosen == Some(value),
        value: value.clone(),
    };
    let fit = values.iter().filter(|(value, _)| value.len() <= KEY_CHARS_MAX);
    let mut choices: Vec<Choice> = fit.take(CHOICES_MAX).map(choice).collect();
    if let Some(value) = chosen.filter(|_| !choices.iter().any(|choice| choice.on)) {
        choices.push(Choice { value: value.to_owned(), words: words(value), on: true });
    }
    choices
}

fn columns(query: &DeviceQuery) -> Vec<Column> {
    let sorted = |name, order: DeviceOrder| Column {
        name,
        link: Some(changed(query, |query| query.order = order)),
        on: query.order == order,
    };
    let plain = |name| Column { name, link: None, on: false };
    vec![
        sorted("Name", DeviceOrder::Name),
        sorted("Class", DeviceOrder::Class),
        sorted("Maker", DeviceOrder::Maker),
        plain("Model"),
        plain("Version"),
        plain("Address"),
        sorted("Location", DeviceOrder::Location),
        sorted("Verdicts", DeviceOrder::Exposure),
        sorted("Last seen", DeviceOrder::LastSeen),
    ]
}

const fn spoken(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Affected => "affected",
        Verdict::Unknown => "unknown",
        Verdict::NotAffected => "not affected",
    }
}

fn csv_text(rows: &[DeviceRow]) -> String {
    let mut text = String::from(CSV_HEADING);
    for row in rows {
        let or_empty = |value: &Option<String>| value.clone().unwrap_or_default();
        let macs = row.addresses.iter().filter_map(|a| a.mac).map(|mac| mac.to_string());
        let ips = row.addresses.iter().filter_map(|a| a.ip).map(|ip| ip.to_string());
        let cells = [
            row.id.to_string(),
            or_empty(&row.asset_id),
            row.site.clone(),
            row.name.clone(),
            or_empty(&row.class),
            or_empty(&row.maker),
            or_empty(&row.model),
            or_empty(&row.software_version),
            or_empty(&row.os),
            or_empty(&row.location),
            macs.collect::<Vec<_>>().join(" "),
            ips.collect::<Vec<_>>().join(" "),
            row.affected.to_string(),
            row.unknown.to_string(),
            row.exploited.to_string(),
            row.first_seen.to_string(),
            row.last_seen.to_string(),
            row.on_network.to_string(),
        ];
        text.push_str(&cells.map(|cell| csv_cell(&cell)).join(","));
        text.push_str("\r\n");
    }
    text
}

/// A cell by RFC 4180. A spreadsheet would run what begins like a formula, so that is defused.
fn csv_cell(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let safe = if formula { format!("'{value}") } else { value.to_owned() };
    if safe.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", safe.replace('"', "\"\""));
    }
    safe
}

const CSV_HEADING: &str = "id,asset_id,site,name,class,maker,model,software_version,os,location,\
                           mac,ip,affected,unknown,exploited,first_seen,last_seen,on_network\r\n";

/// Values offered in one filter; keeps a page under its 150 kB.
const CHOICES_MAX: usize = 60;

/// Most devices in one export; bounds memory at about 100 MB.
const EXPORT_ROWS_MAX: u64 = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_cell_is_never_a_formula() {
        for (value, want) in [
            ("CT-1",          "CT-1"),
            ("=1+1",          "'=1+1"),
            ("@SUM(A1)",      "'@SUM(A1)"),
            ("-cmd",          "'-cmd"),
            ("a,\"b\"",       "\"a,\"\"b\"\"\""),
            ("=a,b",          "\"'=a,b\""),
        ] {
            assert_eq!(csv_cell(value), want, "{value}");
        }
    }
}
