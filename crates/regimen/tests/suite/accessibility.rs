//! The pages by the rules of WCAG 2.2 AA, as far as a machine can tell.
//!
//! Needs `REGIMEN_AXE`, the path of `axe.min.js` of the npm package axe-core, which is no part of
//! this project.

use serde_json::Value;

use crate::browser::{HOSPITAL, sign_in, visit};
use crate::devtools::{self, Page};

#[test]
fn no_page_has_a_serious_barrier() {
    let Some(axe) = std::env::var_os("REGIMEN_AXE") else {
        testing::skip("REGIMEN_AXE does not name axe.min.js");
        return;
    };
    let axe = std::fs::read_to_string(&axe).unwrap();
    let Some(mut page) = devtools::page() else { return };
    let (page, site) = (&mut page, &*HOSPITAL);
    let mut found = Vec::new();
    visit(page, site, "/sign-in");
    check(page, &axe, "sign-in", &mut found);
    sign_in(page, site);
    let cookie = site.sign_in();
    let first = |list: &str| {
        let rows = site.get(list, &cookie).json()["rows"].clone();
        rows[0]["id"].as_str().unwrap().to_owned()
    };
    let device = format!("/assets/{}", first("/api/v1/devices"));
    let disclosure = format!("/vulnerabilities/{}", first("/api/v1/disclosures"));
    for scheme in ["light", "dark"] {
        page.scheme(scheme);
        for (width, height) in [(1440, 900), (390, 844)] {
            page.size(width, height, width < 500);
            for path in PAGES.iter().copied().chain([device.as_str(), &disclosure]) {
                visit(page, site, path);
                page.value(
                    "document.querySelectorAll('main details').forEach((d) => d.open = true)",
                );
                check(page, &axe, &format!("{scheme}, {width} wide, {path}"), &mut found);
                let wide = page.value("document.documentElement.scrollWidth").as_u64().unwrap();
                if wide > u64::from(width) {
                    found.push(format!("{scheme}, {path}: {wide} wide on a screen of {width}"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{} barriers:\n{}", found.len(), found.join("\n"));
}

/// Adds what stands in someone's way on the present page.
fn check(page: &mut Page, axe: &str, place: &str, found: &mut Vec<String>) {
    page.value(&format!("{axe}; 0"));
    let report = page.value("axe.run(document, { resultTypes: ['violations'] })");
    assert!(
        report["passes"].as_array().is_some_and(|passes| passes.len() > 5),
        "nothing was checked"
    );
    for violation in report["violations"].as_array().unwrap() {
        if ["serious", "critical"].contains(&violation["impact"].as_str().unwrap_or("")) {
            let nodes = violation["nodes"].as_array().unwrap();
            let node = nodes.first().unwrap_or(&Value::Null);
            let (html, why) = (&node["html"], &node["failureSummary"]);
            let count = nodes.len();
            found.push(format!("{place}: {} × {count}: {html} {why}", violation["id"]));
        }
    }
}

const PAGES: [&str; 10] = [
    "/",
    "/assets",
    "/assets?verdict=affected",
    "/software",
    "/vulnerabilities",
    "/evidence",
    "/settings",
    "/protection",
    "/api",
    "/search?q=flumen",
];
