//! The pages as people meet them: in a browser, by mouse and by keyboard, with script and without.

use std::sync::LazyLock;

use crate::devtools::{self, Page};
use crate::harness::Files;
use crate::site::Site;

/// One hospital for every test that changes nothing in it.
pub(crate) static HOSPITAL: LazyLock<Site> = LazyLock::new(|| Site::demo(&["--devices", "150"]));

/// Goes to a path of `site`.
pub(crate) fn visit(page: &mut Page, site: &Site, path: &str) {
    page.go(&format!("http://{}{path}", site.address));
}

/// Signs in through the form.
pub(crate) fn sign_in(page: &mut Page, site: &Site) {
    visit(page, site, "/");
    assert!(page.address().starts_with("/sign-in"), "{}", page.address());
    fill_in(page, &site.name, &site.password);
}

fn fill_in(page: &mut Page, name: &str, password: &str) {
    page.click("input[name=name]");
    page.value("document.activeElement.select()");
    page.write(name);
    page.click("input[name=password]");
    page.write(password);
    page.lead(|page| page.click("main button"));
}

#[test]
fn a_person_reads_their_way_from_today_to_the_proof() {
    let Some(mut page) = devtools::page() else { return };
    let (page, site) = (&mut page, &*HOSPITAL);
    sign_in(page, site);
    assert_eq!(page.address(), "/");
    assert!(page.text("h1").contains("devices need a decision"), "{}", page.text("h1"));
    assert!(page.count("table[data-rows] tbody tr") > 3);
    page.lead(|page| page.click("table[data-rows] tbody tr a.button"));
    assert!(page.address().starts_with("/assets/"), "{}", page.address());
    reads_a_device(page);
    visit(page, site, "/vulnerabilities");
    assert!(page.text("h1").contains("disclosures"), "{}", page.text("h1"));
    page.lead(|page| page.click("table[data-rows] tbody tr a[href]"));
    assert!(page.text("h1").contains("affected"), "{}", page.text("h1"));
    assert!(page.count("details.verdict") > 0);
    page.click("details.verdict > summary");
    assert!(page.text("details.verdict[open] ol.steps").contains("maker"));
    visit(page, site, "/software");
    assert!(page.text("h1").contains("software"), "{}", page.text("h1"));
    visit(page, site, "/evidence");
    assert!(page.text("h1").contains("on record"), "{}", page.text("h1"));
    page.lead(|page| page.click("form[action='/evidence/verify'] button"));
    assert!(page.text("main").contains("holds"), "{:.300}", page.text("main"));
    visit(page, site, "/settings");
    assert_eq!(page.text("h1"), "Settings");
    page.is_content(&site.address);
}

/// On the page of a device: values open to what stands behind them, verdicts to their steps.
fn reads_a_device(page: &mut Page) {
    assert!(page.text("h1").contains("affect"), "{}", page.text("h1"));
    assert_eq!(page.count("details.fact[open]"), 0);
    page.click("details.fact > summary");
    let behind = page.text("details.fact[open] .behind");
    assert!(behind.contains("confidence"), "{behind}");
    page.click("details.verdict > summary");
    let steps = page.text("details.verdict[open] ol.steps");
    assert!(["maker", "product", "status"].iter().all(|step| steps.contains(step)), "{steps}");
}

#[test]
fn devices_are_searched_filtered_sorted_and_paged() {
    let Some(mut page) = devtools::page() else { return };
    let (page, site) = (&mut page, &*HOSPITAL);
    sign_in(page, site);
    visit(page, site, "/assets");
    let all = page.text("h1");
    assert!(all.contains("devices are known"), "{all}");
    let first = page.text("main tbody tr td.name");
    page.lead(|page| page.click("thead a[href='/assets?sort=name']"));
    assert!(page.address().contains("sort=name"));
    assert_eq!(page.value("document.querySelector('th[aria-sort]').innerText.trim()"), "Name");
    assert_ne!(page.text("main tbody tr td.name"), first);
    let names = page.value(NAMES);
    let shown = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_lowercase());
    let shown: Vec<_> = shown.collect();
    assert!(shown.is_sorted(), "{shown:?}");
    page.lead(|page| page.click("nav.pager a[rel=next], .pager a[rel=next]"));
    let second = page.text("main tbody tr td.name").to_lowercase();
    assert!(second >= *shown.last().unwrap(), "{second} comes after {shown:?}");
    visit(page, site, "/assets");
    page.lead(|page| page.click(".quick a[href='/assets?verdict=affected']"));
    assert!(page.count("main tbody tr") > 0);
    assert_eq!(page.count("main tbody tr"), page.count("main tbody .badge.affected"));
    assert!(page.text(".chips").to_lowercase().contains("affected"), "{}", page.text(".chips"));
    page.lead(|page| page.click(".chips a"));
    assert!(!page.address().contains("verdict"), "{}", page.address());
    page.click("form.filters input[name=text]");
    page.write("flumenhub");
    page.lead(|page| page.press("Enter"));
    assert_eq!(page.address(), "/assets?text=flumenhub", "empty fields stay out of the address");
    assert!(page.text("main tbody tr td.name").to_lowercase().contains("flumenhub"));
    page.click("form.filters input[name=text]");
    page.value("document.activeElement.select()");
    page.write("no such thing");
    page.lead(|page| page.press("Enter"));
    assert_eq!(page.count("main tbody tr"), 0);
    page.is_content(&site.address);
}

/// `/` reaches the search from anywhere, and Tab reaches the content.
#[test]
fn the_keyboard_reaches_everything() {
    let Some(mut page) = devtools::page() else { return };
    let (page, site) = (&mut page, &*HOSPITAL);
    sign_in(page, site);
    page.press("Tab");
    assert_eq!(page.text(":focus"), "Skip to the content");
    page.press("Enter");
    page.holds("document.activeElement.id === 'main'");
    page.press("Tab");
    page.holds(
        "document.activeElement.closest('main') !== null && document.activeElement.id !== 'main'",
    );
    let outline = "(() => { const s = getComputedStyle(document.activeElement); \
                   return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; })()";
    assert_eq!(page.value(outline), true, "the focus shows");
    page.press("/");
    page.holds("document.activeElement.id === 'q'");
    page.write("flumenhub-01");
    page.lead(|page| page.press("Enter"));
    assert!(page.text("main").to_lowercase().contains("flumenhub-01"), "{}", page.address());
    visit(page, site, "/assets");
    page.press("j");
    page.press("j");
    assert_eq!(
        page.value(
            "[...document.querySelectorAll('main tbody tr')]\
        .findIndex((row) => row.contains(document.activeElement))"
        ),
        1
    );
    page.lead(|page| page.press("Enter"));
    assert!(page.address().starts_with("/assets/"), "{}", page.address());
    page.is_content(&site.address);
}

#[test]
fn everything_works_without_script() {
    let Some(mut page) = devtools::page() else { return };
    let (page, site) = (&mut page, &*HOSPITAL);
    page.scripts(false);
    sign_in(page, site);
    assert_eq!(page.address(), "/");
    visit(page, site, "/assets");
    page.click("form.filters input[name=text]");
    page.write("flumenhub");
    page.lead(|page| page.click("form.filters button"));
    assert!(page.address().contains("text=flumenhub"), "{}", page.address());
    page.lead(|page| page.click("main tbody tr td.name a"));
    reads_a_device(page);
    visit(page, site, "/evidence");
    page.lead(|page| page.click("form[action='/evidence/verify'] button"));
    assert!(page.text("main").contains("holds"));
    signs_out(page, site);
    page.is_content(&site.address);
}

/// A session that has ended is gone: neither going back nor its cookie opens anything.
fn signs_out(page: &mut Page, site: &Site) {
    let cookies = page.call("Network.getCookies", &serde_json::json!({}));
    let cookie = cookies["cookies"][0].clone();
    assert_eq!((&cookie["httpOnly"], &cookie["sameSite"]), (&true.into(), &"Strict".into()));
    let cookie =
        format!("{}={}", cookie["name"].as_str().unwrap(), cookie["value"].as_str().unwrap());
    assert_eq!(site.get("/assets", &cookie).status, 200);
    page.click(".who details:last-of-type > summary");
    page.lead(|page| page.click("form[action='/sign-out'] button"));
    assert!(page.address().starts_with("/sign-in"), "{}", page.address());
    assert_eq!(site.get("/assets", &cookie).status, 303, "the cookie still opens the pages");
    visit(page, site, "/assets");
    assert!(page.address().starts_with("/sign-in"), "{}", page.address());
}

#[test]
fn a_wrong_password_is_refused_and_signing_out_ends_the_session() {
    let Some(mut page) = devtools::page() else { return };
    let (page, site) = (&mut page, &*HOSPITAL);
    visit(page, site, "/sign-in");
    page.forget();
    fill_in(page, &site.name, "not the password");
    assert!(page.address().starts_with("/sign-in"));
    let said = page.text("[role=alert]");
    assert!(said.contains("password"), "{said}");
    assert_eq!(
        page.call("Network.getCookies", &serde_json::json!({}))["cookies"][0],
        serde_json::Value::Null
    );
    // The browser itself notes that the answer was a refusal.
    page.forget();
    fill_in(page, &site.name, &site.password);
    assert_eq!(page.address(), "/");
    signs_out(page, site);
    page.is_content(&site.address);
}

/// The first administrator's password is for one sign-in, and what a sender writes stays text.
#[test]
fn hostile_names_are_shown_and_do_nothing() {
    let Some(mut page) = devtools::page() else { return };
    let page = &mut page;
    let files = Files::empty();
    let csv = format!("asset_id,maker,model,serial,hostname,location\n{HOSTILE}");
    let inventory = files.write("hostile.csv", csv.as_bytes());
    let document = include_str!("hostile.json");
    let advisory = files.write("hostile.json", document.as_bytes());
    files.on("data", &["ingest", &inventory, &advisory]).ended(0);
    let site = Site::serve(files);
    sign_in(page, &site);
    assert_eq!(page.address(), "/password", "a one-time password must be changed");
    page.forget();
    page.click("input[name=current]");
    page.write(&site.password);
    for field in ["new", "again"] {
        page.click(&format!("input[name={field}]"));
        page.write("a long enough password");
    }
    page.lead(|page| page.click("main form button"));
    for path in ["/", "/assets", "/vulnerabilities", "/software", "/evidence", "/settings"] {
        visit(page, &site, path);
        assert_eq!(page.count("main img[src='x'], main script, main b[onmouseover]"), 0, "{path}");
    }
    visit(page, &site, "/assets");
    let shown = page.text("main tbody");
    assert!(shown.contains("<script>alert(1)</script>"), "{shown}");
    for step in 0..page.count("main tbody tr") {
        visit(page, &site, "/assets");
        let row = format!("main tbody tr:nth-child({}) td.name a", step + 1);
        page.lead(|page| page.click(&row));
        assert_eq!(page.count("main img[src='x'], main script, main b[onmouseover]"), 0);
    }
    visit(page, &site, "/vulnerabilities");
    page.lead(|page| page.click("main tbody tr a[href]"));
    assert!(page.text("main").contains("<script>alert('title')</script>"), "{}", page.text("main"));
    assert_eq!(page.count("main a[href^='javascript:']"), 0);
    page.is_content(&site.address);
}

/// The names that the list of devices shows.
const NAMES: &str =
    "[...document.querySelectorAll('main tbody td.name')].map((cell) => cell.innerText.trim())";

/// What a sender could write into a name. The last one turns the direction of the text.
const HOSTILE: &str = "H-1,<script>alert(1)</script>,<b onmouseover=alert(2)>x</b>,S1,host-1,Room 1\n\
    H-2,\"\"\"><img src=x onerror=alert(3)>\",javascript:alert(4),S2,host-2,Room 2\n\
    H-3,{{7*7}} ${7*7} %3Cscript%3E,' OR 1=1 --,S3,host-3,Room 3\n\
    H-4,Acme \u{202e}pmuP,Acme,S4,<script>alert(1)</script>,Room 4\n";
