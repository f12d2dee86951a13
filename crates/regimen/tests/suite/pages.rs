//! Every page and every answer of the API, as a program sees them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::site::{Reply, Site};

/// Every page that links lead to, at most [`PAGES_MAX`].
pub(crate) fn crawl(site: &Site, cookie: &str) -> BTreeMap<String, Reply> {
    let mut seen = BTreeSet::from(["/".to_owned()]);
    let mut waiting = VecDeque::from(["/".to_owned()]);
    let mut pages = BTreeMap::new();
    while let Some(path) = waiting.pop_front() {
        if pages.len() == PAGES_MAX {
            break;
        }
        let reply = site.get(&path, cookie);
        if reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            for link in links(&reply.text()) {
                if seen.insert(link.clone()) {
                    waiting.push_back(link);
                }
            }
        }
        pages.insert(path, reply);
    }
    pages
}

/// What every GET operation of the API document answers, with ids that lists gave.
pub(crate) fn api(site: &Site, cookie: &str) -> BTreeMap<String, Reply> {
    let document = site.get("/api/openapi.json", cookie).json();
    let mut replies = BTreeMap::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        if operations.get("get").is_none() {
            continue;
        }
        if path == "/api/v1/conversations" {
            // Only those of one device can be had.
            let devices = site.get("/api/v1/devices?limit=500", cookie).json();
            for device in devices["rows"].as_array().unwrap() {
                let path = format!("{path}?device={}", device["id"].as_str().unwrap());
                replies.insert(path.clone(), site.get(&path, cookie));
            }
            continue;
        }
        if !path.contains('{') {
            replies.insert(path.clone(), site.get(path, cookie));
            continue;
        }
        let list = path.split("/{").next().unwrap();
        let rows = site.get(list, cookie).json()["rows"].as_array().unwrap().clone();
        for row in rows.iter().take(ROWS_MAX) {
            let key = row.get("key").unwrap_or(&row["id"]).as_str().unwrap();
            let start = path.find('{').unwrap();
            let rest = path.split_once('}').unwrap().1;
            let path = format!("{}{}{rest}", &path[..start], escaped(key));
            replies.insert(path.clone(), site.get(&path, cookie));
        }
    }
    replies
}

/// The same-origin addresses that a page links to.
fn links(page: &str) -> Vec<String> {
    let after = page.split("href=\"").skip(1).chain(page.split("src=\"").skip(1));
    let values = after.filter_map(|text| text.split('"').next());
    let values = values.map(|value| {
        let value = value.replace("&amp;", "&").replace("&#38;", "&");
        value.split('#').next().unwrap_or("").to_owned()
    });
    values.filter(|value| value.starts_with('/') && !value.starts_with("//")).collect()
}

fn escaped(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let each = key.bytes();
    each.map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}

#[test]
fn every_link_leads_somewhere_and_every_page_is_small() {
    let site = Site::demo(&["--devices", "150"]);
    let cookie = site.sign_in();
    let pages = crawl(&site, &cookie);
    assert!(pages.len() > 100, "only {} pages", pages.len());
    let mut largest = (0, "");
    for (path, reply) in &pages {
        assert_eq!(reply.status, 200, "{path}");
        let kind = reply.header("content-type").unwrap_or("");
        if !kind.starts_with("text/html") {
            continue;
        }
        let page = reply.text();
        largest = largest.max((page.len(), path));
        assert!(page.len() < PAGE_BYTES_MAX, "{path} has {} bytes", page.len());
        assert_eq!(page.matches("<script").count(), 1, "{path}");
        assert_eq!(page.matches("<h1").count(), 1, "{path}");
        assert!(!page.contains("style=\"") && !page.contains("<style"), "{path}");
        assert!(!page.contains(" onclick="), "{path}");
        assert!(page.contains("<html lang=\"en\">"), "{path}");
        let away = page.split(['"', '\'']).filter(|text| text.starts_with("//"));
        assert_eq!(away.count(), 0, "{path} names another host");
    }
    eprintln!("{} pages; the largest is {} with {} bytes", pages.len(), largest.1, largest.0);
    for (path, reply) in api(&site, &cookie) {
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    }
    assert_eq!(site.get("/assets", "").status, 303);
    assert_eq!(site.get("/api/v1/devices", "").status, 401);
}

/// Pages that one crawl reads.
const PAGES_MAX: usize = 400;

/// Rows of a list whose own address is asked for.
const ROWS_MAX: usize = 60;

/// A page on a slow line, in bytes, before compression.
const PAGE_BYTES_MAX: usize = 150_000;
