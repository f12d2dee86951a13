//! Every page, made from made-up records: complete, within its budget, harmless with hostile text.
//!
//! With `REGIMEN_PAGES` set to a folder, writes the pages there to be looked at.

use askama::Template;
use model::{DeviceId, Verdict};
use store::records::{DeviceFilter, DisclosureFilter, Overview, Page, Rows};

use super::today::House;
use super::*;
use crate::query::DeviceQuery;
use crate::sample;

const PAGE: Page = Page { offset: 50, limit: PAGE_ROWS };

/// Bytes of a page at most.
const PAGE_BYTES_MAX: usize = 150_000;

fn shell(room: Room, title: &str) -> Shell {
    Shell::with(&sample::signed(), Some(room), title, &sample::feeds())
}

fn house() -> House {
    House {
        overview: sample::overview(),
        affected: sample::device_rows(24).rows,
        life_support: vec![("infusion_pump".to_owned(), 96), ("ventilator".to_owned(), 4)],
        questions: sample::questions(),
        pending: 7,
        held: vec![sample::held()],
        engine: Some(sample::engine()),
        may_confirm: true,
    }
}

fn text(page: &impl Template) -> String {
    page.render().unwrap()
}

fn assets_page(query: DeviceQuery, rows: Rows<store::records::DeviceRow>) -> String {
    let facets = sample::facets();
    text(&assets::page(shell(Room::Assets, "Assets"), query, PAGE, rows, &facets, sample::now()))
}

fn device_page(detail: &store::records::DeviceDetail) -> String {
    text(&device::page(
        shell(Room::Assets, "CT-ER-1"),
        detail,
        &sample::device_history(),
        sample::now(),
    ))
}

fn disclosure_page(detail: store::records::DisclosureDetail) -> String {
    let page = Page { offset: 0, limit: 60 };
    let shell = shell(Room::Vulnerabilities, "NLSA-2026-003");
    let held = disclosure::Held { row: Some(sample::held()), may_confirm: true };
    text(&disclosure::page(shell, detail, held, page, sample::now()))
}

/// Pages by name.
fn pages() -> Vec<(&'static str, String)> {
    let now = sample::now();
    let filtered = DeviceQuery {
        filter: DeviceFilter {
            text: Some("icu".to_owned()),
            class: Some("infusion_pump".to_owned()),
            verdict: Some(Verdict::Affected),
            ..DeviceFilter::default()
        },
        ..DeviceQuery::default()
    };
    let disclosures = Rows { rows: (0..30).map(sample::disclosure_row).collect(), total: 2035 };
    let found = search::Found {
        devices: sample::device_rows(4),
        disclosures: Rows { rows: vec![sample::disclosure_row(3)], total: 1 },
        software: sample::software(),
    };
    let vulnerabilities = || shell(Room::Vulnerabilities, "Vulnerabilities");
    let evidence = |check| {
        let shell = shell(Room::Evidence, "Evidence");
        text(&evidence::page(shell, PAGE, sample::evidence(), check, now))
    };
    vec![
        ("today", text(&today::page(shell(Room::Today, "Today"), &house()))),
        ("today-empty", text(&today::page(shell(Room::Today, "Today"), &House::default()))),
        ("assets", assets_page(DeviceQuery::default(), sample::device_rows(50))),
        ("assets-filtered", assets_page(filtered, sample::device_rows(5))),
        ("assets-empty", assets_page(DeviceQuery::default(), Rows { rows: vec![], total: 0 })),
        ("device", device_page(&sample::device_detail())),
        (
            "disclosures",
            text(&disclosures::page(
                vulnerabilities(),
                DisclosureFilter::default(),
                PAGE,
                disclosures,
                now,
            )),
        ),
        ("disclosure", disclosure_page(sample::disclosure_detail())),
        (
            "software",
            text(&software::page(shell(Room::Assets, "Software"), None, PAGE, sample::software())),
        ),
        ("evidence", evidence(None)),
        ("evidence-good", evidence(Some(sample::evidence_check(true)))),
        ("evidence-bad", evidence(Some(sample::evidence_check(false)))),
        ("settings", {
            let (jobs, settings) = (vec![sample::job()], vec![sample::setting()]);
            let keeping = settings::Keeping { jobs, settings };
            let shell = shell(Room::Settings, "Settings");
            text(&settings::page(shell, PAGE, sample::ingests(), keeping, now))
        }),
        ("search", text(&search::page(shell(Room::Assets, "Search"), "ct".to_owned(), found, now))),
        ("api", text(&api_doc::page(shell(Room::Settings, "API")))),
    ]
}

#[test]
fn every_page_is_whole_and_within_its_budget() {
    for (name, page) in pages() {
        assert!(page.len() < PAGE_BYTES_MAX, "{name}: {} bytes", page.len());
        assert_eq!(page.matches("<h1").count(), 1, "{name}: one answer in the first line");
        assert!(page.contains("<main id=\"main\"") && page.contains("href=\"#main\""), "{name}");
        assert!(page.contains("aria-current=\"page\""), "{name}: the room is marked");
        // The policy forbids them, so they would not work.
        for forbidden in [" style=", "<style", " onclick=", "javascript:", "src=\"http"] {
            assert!(!page.contains(forbidden), "{name}: {forbidden}");
        }
        for tag in ["section", "table", "details", "form", "bdi", "div", "ul", "ol", "span"] {
            let opened = page.matches(&format!("<{tag}>")).count()
                + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{name}: <{tag}>");
        }
    }
}

#[test]
fn pages_can_be_looked_at() {
    let Some(folder) = std::env::var_os("REGIMEN_PAGES") else { return };
    let folder = std::path::PathBuf::from(folder);
    for (name, page) in pages() {
        std::fs::write(folder.join(format!("{name}.html")), page).unwrap();
    }
}

#[test]
fn the_first_line_answers_the_question() {
    #[rustfmt::skip]
    let rows = [
        ("today",           "358 devices need a decision; 17 have a vulnerability that is exploited in the wild; 100 are life support"),
        ("today-empty",     "No device is known yet"),
        ("assets",          "1,284 devices are known"),
        ("assets-filtered", "1,284 devices match"),
        ("device",          "2 vulnerabilities affect it; 1 is exploited in the wild; 1 is undecided"),
        ("disclosure",      "3 devices are affected; 3 are undecided; exploited in the wild"),
        ("disclosures",     "2,035 disclosures are held"),
        ("evidence",        "88 acts are on record"),
        ("search",          "1,288 hits for “ct”"),
    ];
    let pages: BTreeMap<_, _> = pages().into_iter().collect();
    for (name, want) in rows {
        assert!(pages[name].contains(want), "{name}: {want}");
    }
}

#[test]
fn empty_pages_teach() {
    for (name, page) in pages().into_iter().filter(|(name, _)| name.ends_with("-empty")) {
        assert!(page.contains("<code>regimen ingest "), "{name}");
    }
}

#[test]
fn a_device_shows_what_stands_behind_each_value() {
    let page = device_page(&sample::device_detail());
    #[rustfmt::skip]
    let shown = [
        "er-span.pcapng, frame 1042, bytes 66 to 90: dicom (0008,1090), rule stated",
        "inventory.csv, row 7, column serial",
        "confidence 0.95, 14 times, last",
        "disputed",
        "5.1.0",
        "Ask biomed or the maker which operating system it runs.",
        "What would decide it:",
        "5.2.1 is before 5.3, compared number by number.",
        "9.8 critical",
        "since 2026-10-02",
        "It talks to 7 peers; most is dicom to PACS-01 (2.1 GB)",
        "Cost centre",
    ];
    let mut detail = sample::device_detail();
    detail.device.os = None;
    let unknown = device_page(&detail);
    for words in shown {
        assert!(page.contains(words) || unknown.contains(words), "{words}");
    }
}

/// A device, an inventory or a document may say anything; the page says it back, harmlessly.
#[test]
fn hostile_text_is_harmless_everywhere() {
    let hostile = "<script>alert(1)</script>\"'><img src=x>\u{202e}gnp";
    let long = format!("{hostile}{}", "W".repeat(20_000));
    let mut detail = sample::device_detail();
    detail.device.names = vec![long.clone(); 50];
    detail.device.maker = Some(long.clone());
    detail.device.class = Some(long.clone());
    detail.device.roles = vec![long.clone(); 50];
    detail.device.protocols = vec![long.clone(); 50];
    for fact in &mut detail.device.facts {
        fact.value.clone_from(&long);
    }
    detail.device.facts = detail.device.facts.iter().cycle().take(600).cloned().collect();
    for row in &mut detail.verdicts {
        row.product.clone_from(&long);
        row.steps[0].detail.clone_from(&long);
        row.disclosure.clone_from(&long);
        row.remediation[0].details.clone_from(&long);
        row.remediation[0].url = Some("javascript:alert(1)".to_owned());
    }
    for talk in &mut detail.conversations {
        talk.application = Some(long.clone());
    }
    detail.peers.values_mut().for_each(|name| name.clone_from(&long));
    detail.custom_fields = [(long.clone(), long.clone())].into();

    let mut row = sample::device_row(1);
    row.name.clone_from(&long);
    row.location = Some(long.clone());
    let mut disclosure = sample::disclosure_detail();
    disclosure.row.title.clone_from(&long);
    disclosure.warnings = vec![long.clone(); 100];
    disclosure.document["notes"][0]["text"] = long.clone().into();
    let mut house = house();
    house.questions[0].text.clone_from(&long);
    house.affected[0].name.clone_from(&long);
    let rows = Rows { rows: vec![row; 50], total: 50 };
    for (name, page) in [
        ("device", device_page(&detail)),
        ("assets", assets_page(DeviceQuery::default(), rows)),
        ("disclosure", disclosure_page(disclosure)),
        ("today", text(&today::page(shell(Room::Today, "Today"), &house))),
    ] {
        assert!(page.contains("alert(1)"), "{name}: it is shown");
        assert!(!page.contains("<script>") && !page.contains("<img"), "{name}");
        assert!(!page.contains("href=\"javascript:"), "{name}");
        assert!(!page.contains('\u{202e}'), "{name}: nothing turns the text around");
        assert!(page.len() < PAGE_BYTES_MAX, "{name}: {} bytes", page.len());
    }
}

/// The busiest device that the store can return stays within the budget of a page.
#[test]
fn a_busy_device_fits() {
    let mut detail = sample::device_detail();
    let verdicts = (0..2000).map(|number| {
        let verdict = if number % 3 == 0 { Verdict::NotAffected } else { Verdict::Affected };
        let mut row = sample::verdict(&format!("CVE-2026-{number:05}"), verdict);
        row.disclosure = format!("NLSA-{}", number / 4);
        row
    });
    detail.verdicts = verdicts.collect();
    detail.conversations = detail.conversations.iter().cycle().take(1000).cloned().collect();
    detail.device.facts = detail.device.facts.iter().cycle().take(5000).cloned().collect();
    let page = device_page(&detail);
    assert!(page.len() < PAGE_BYTES_MAX, "{} bytes", page.len());
    let list = format!("/assets/{}/verdicts", detail.device.id);
    assert!(page.contains(&list), "the rest is one click away");
}

#[test]
fn today_is_quiet_when_nothing_is_open() {
    let overview = Overview { devices: 12, disclosures: 3, ..Overview::default() };
    let house = House { overview, ..House::default() };
    let page = text(&today::page(shell(Room::Today, "Today"), &house));
    assert!(page.contains("No device needs a decision; 12 are known"));
    assert!(page.contains("Nothing is open."));
}

#[test]
fn only_types_that_escape_write_markup() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let template = std::fs::read_to_string(&path).unwrap();
        assert!(!template.contains("safe"), "{} switches escaping off", path.display());
    }
}

#[test]
fn a_chip_takes_its_filter_out_of_the_address() {
    let query = DeviceQuery {
        filter: DeviceFilter {
            maker: Some("A & B".to_owned()),
            in_inventory: Some(false),
            ..DeviceFilter::default()
        },
        ..DeviceQuery::default()
    };
    let page = assets_page(query, sample::device_rows(2));
    assert!(page.contains("href=\"/assets?in_inventory=false\""));
    assert!(page.contains("href=\"/assets?maker=A%20%26%20B\""));
    assert!(page.contains("page=1\"") && page.contains("page=3\""), "pages before and after");
}

#[test]
fn links_lead_to_the_device() {
    let id: DeviceId = sample::id(0);
    let page = assets_page(DeviceQuery::default(), sample::device_rows(1));
    assert!(page.contains(&format!("href=\"/assets/{id}\"")));
}
