//! A part of the house is seen as a house of its own that has nothing else in it.

use std::collections::BTreeSet;

use model::{Attribute, Confidence, Fact, Scope, Source, Verdict};
use serde_json::{Value, json};
use store::records::{
    Clearing, DeviceChange, DeviceFilter, DeviceOrder, DisclosureFilter, IngestRow, Stamp,
    StreamNow, VerdictFilter,
};
use store::{Store, StoreError, Tx};

use crate::harness::{for_each_store, for_each_url};
use crate::samples::{
    ALL, any_disclosure, any_verdict, at, change, conversation, decided, device, disclosure, id,
    verdict,
};

/// Where each device is, in which department, and of which configuration.
const HOUSE: [(u8, &str, &str, &str); 6] = [
    (1, "north", "ICU", "aurora"),
    (2, "south", "ICU", "aurora"),
    (3, "north", "", "other"),
    (4, "south", "Radiology", "clean"),
    (5, "", "icu", "aurora"),
    (6, "south", "", "other"),
];

fn placed((number, site, department, configuration): (u8, &str, &str, &str)) -> DeviceChange {
    let mut device = device(number);
    site.clone_into(&mut device.site);
    if !department.is_empty() {
        device.facts.push(Fact {
            attribute: Attribute::Department,
            value: department.to_owned(),
            confidence: Confidence::STATED,
            source: Source::Rule { rule: "x".to_owned(), from: "x".to_owned() },
            first_seen: at(0),
            last_seen: at(0),
            count: 1,
        });
    }
    change(device, configuration)
}

fn ingest(kind: &str) -> IngestRow {
    IngestRow {
        name: format!("{kind}.csv"),
        kind: kind.to_owned(),
        content_hash: "1".to_owned(),
        at: at(1),
        by: "ada".to_owned(),
        read: 1,
        accepted: 1,
        unchanged: 0,
        skipped: Vec::new(),
        skipped_count: 1,
    }
}

/// The whole house, or only those of its devices that `there` lets in.
fn fill(store: &Store, there: impl Fn(&str, &str) -> bool) {
    let rows: Vec<_> =
        HOUSE.into_iter().filter(|(_, site, department, _)| there(site, department)).collect();
    let changes: Vec<DeviceChange> = rows.iter().copied().map(placed).collect();
    let present: BTreeSet<u8> = rows.iter().map(|row| row.0).collect();
    let configurations: BTreeSet<&str> = rows.iter().map(|row| row.3).collect();
    let of = |name| match name {
        "aurora" => vec![
            verdict("D-1", "CVE-1", Verdict::Affected),
            verdict("D-1", "CVE-3", Verdict::Unknown),
        ],
        "other" => vec![verdict("D-2", "CVE-2", Verdict::Unknown)],
        _ => vec![verdict("D-2", "CVE-2", Verdict::NotAffected)],
    };
    let decided: Vec<_> = configurations.iter().map(|name| decided(name, of(name))).collect();
    store
        .write(|tx| {
            for disclosed in ["D-1", "D-2", "D-3"] {
                tx.put_disclosure(&disclosure(disclosed, "1"), at(0), true)?;
            }
            tx.put_devices(&changes)?;
            let stamp = Stamp { generation: 3, engine: "test".to_owned() };
            tx.decide(&decided, &stamp, at(9), "test", Clearing::Write)?;
            for (client, server, site) in [(1, 3, "north"), (2, 4, "south"), (6, 4, "south")] {
                if present.contains(&client) || present.contains(&server) {
                    let key = |number| id(number).to_string();
                    let talk = conversation(&key(client), &key(server), 10);
                    tx.add_conversations(site, &[talk])?;
                }
            }
            tx.put_ingest(&ingest("kev"), None)?;
            for site in ["north", "south"] {
                if there(site, "") {
                    let number = tx.put_ingest(&ingest("inventory"), Some(site))?;
                    let now = StreamNow { name: "cmms".to_owned(), ..StreamNow::default() };
                    tx.put_stream(site, &now, number)?;
                }
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

/// All that a person may be shown of devices, with row numbers and feeds of the whole house left
/// out.
fn shown(tx: &Tx<'_>) -> Result<Value, StoreError> {
    let any = DeviceFilter::default();
    let devices = tx.device_rows(&any, DeviceOrder::Name, ALL)?;
    let text = DeviceFilter { text: Some("meridian".to_owned()), ..any.clone() };
    let affected = DeviceFilter { verdict: Some(Verdict::Affected), ..any.clone() };
    let of_disclosure = DeviceFilter { disclosure: Some("D-1".to_owned()), ..any };
    let details: Vec<_> =
        HOUSE.iter().map(|(number, ..)| tx.device_detail(id(*number))).collect::<Result<_, _>>()?;
    let decisions: Vec<_> =
        HOUSE.iter().map(|(number, ..)| tx.decisions_of(id(*number))).collect::<Result<_, _>>()?;
    let one = VerdictFilter { device: Some(id(2)), ..any_verdict() };
    let streams: Vec<_> = tx.streams(None)?.into_iter().map(|one| (one.site, one.now)).collect();
    let stamp = Stamp { generation: 4, engine: "test".to_owned() };
    let open = DisclosureFilter { verdict: Some(Verdict::Unknown), ..any_disclosure() };
    Ok(json!({
        "devices": devices,
        "found": tx.device_rows(&text, DeviceOrder::Exposure, ALL)?,
        "affected": tx.device_rows(&affected, DeviceOrder::Name, ALL)?,
        "of disclosure": tx.device_rows(&of_disclosure, DeviceOrder::Name, ALL)?,
        "facets": tx.device_facets()?,
        "details": details,
        "decisions": decisions,
        "software": tx.software_rows(None, ALL)?,
        "verdicts": tx.verdict_rows(&any_verdict(), ALL)?,
        "verdicts of one": tx.verdict_rows(&one, ALL)?,
        "disclosures": tx.disclosure_rows(&any_disclosure(), ALL)?,
        "open disclosures": tx.disclosure_rows(&open, ALL)?,
        "disclosure": tx.disclosure_detail(&disclosure("D-1", "1").key, ALL)?,
        "questions": tx.open_questions(100)?,
        "overview": tx.overview()?,
        "pending": tx.pending_devices(&stamp)?,
        "cleared": tx.cleared(at(0), 100)?,
        "streams": streams,
        "ingests": tx.ingest_rows(ALL)?,
    }))
}

#[test]
fn a_part_of_the_house_is_a_house_without_the_rest() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    for (sites, departments) in [
        (vec!["north"], vec![]),
        (vec!["north", "south"], vec![]),
        (vec![""], vec![]),
        (vec![], vec!["Icu"]),
        (vec!["north"], vec!["radiology"]),
        (vec!["west"], vec!["dialysis"]),
        (vec![], vec![]),
    ] {
        let scope = Scope::Within { sites: set(&sites), departments: set(&departments) };
        let there = |site: &str, department: &str| {
            sites.contains(&site)
                || departments.iter().any(|one| one.eq_ignore_ascii_case(department))
        };
        for_each_url(|url| {
            let whole = Store::open(url).unwrap();
            fill(&whole, |_, _| true);
            let folder = tempfile::tempdir().unwrap();
            let alone = Store::open(&store::StoreUrl::in_folder(folder.path())).unwrap();
            fill(&alone, there);
            let seen = whole.read_within(&scope, shown).unwrap();
            let want = alone.read(shown).unwrap();
            for (name, want) in want.as_object().unwrap() {
                assert_eq!(&seen[name], want, "{name} within {scope}");
            }
        });
    }
}

#[test]
fn the_whole_house_is_seen_as_it_is() {
    for_each_store(|store| {
        fill(store, |_, _| true);
        let within = store.read_within(&Scope::Everywhere, shown).unwrap();
        assert_eq!(within, store.read(shown).unwrap());
        let devices = within["devices"]["total"].as_u64();
        assert_eq!(devices, Some(HOUSE.len() as u64));
    });
}
