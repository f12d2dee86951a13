//! Disclosures, their versions, and the KEV and EPSS tables.

use model::{Answerable, DisclosureKey, Skip, Verdict};
use store::Store;
use store::records::{DisclosureFilter, IngestRow, NewDisclosure, Outcome, Page, TrustRow};

use crate::harness::for_each_store;
use crate::samples::{
    ALL, NAMESPACE, any_disclosure, at, change, decided, device, disclosure, verdict,
};

fn put(store: &Store, new: &NewDisclosure, received: i64) -> Outcome {
    store.write(|tx| tx.put_disclosure(new, at(received), false)).unwrap()
}

#[test]
fn every_version_is_kept_and_the_highest_counts() {
    for_each_store(|store| {
        let first = disclosure("D-1", "2");
        assert_eq!(put(store, &first, 10), Outcome::Added);
        assert_eq!(put(store, &first, 11), Outcome::Unchanged);
        assert_eq!(put(store, &disclosure("D-1", "1"), 12), Outcome::Superseded);
        assert_eq!(put(store, &disclosure("D-1", "1"), 13), Outcome::Unchanged);
        let mut newest = disclosure("D-1", "10");
        newest.title = "Revised".to_owned();
        newest.vulnerabilities = vec!["CVE-2026-0009".to_owned()];
        assert_eq!(put(store, &newest, 14), Outcome::Updated);
        let versions = store.read(|tx| tx.disclosure_versions(&first.key)).unwrap();
        let short: Vec<_> =
            versions.iter().map(|one| (one.version.as_str(), one.received, one.current)).collect();
        assert_eq!(short, [("10", at(14), true), ("1", at(12), false), ("2", at(10), false)]);
        let detail = store.read(|tx| tx.disclosure_detail(&newest.key, ALL)).unwrap().unwrap();
        assert_eq!((detail.row.title.as_str(), detail.row.received), ("Revised", at(14)));
        assert_eq!(detail.row.vulnerabilities, newest.vulnerabilities);
        assert_eq!(detail.document, newest.document);
        assert_eq!((detail.warnings, detail.content_hash), (newest.warnings, newest.content_hash));
        let keys = store.read(|tx| tx.disclosure_keys("d-1")).unwrap();
        assert_eq!(keys, [newest.key.clone()], "by tracking id in any case");
        let raw = store.read(|tx| tx.disclosure_raw(&newest.key)).unwrap();
        assert_eq!(raw, Some(newest.raw));
        let none = DisclosureKey::new(NAMESPACE, "D-2");
        assert_eq!(store.read(|tx| tx.disclosure_raw(&none)).unwrap(), None);
        assert_eq!(store.read(|tx| tx.disclosure_detail(&none, ALL)).unwrap(), None);
        assert_eq!(store.read(|tx| tx.disclosure_documents(0)).unwrap().len(), 3);
        let standings = store.read(|tx| tx.disclosure_standings()).unwrap();
        let short: Vec<_> = standings.iter().map(|one| (one.current, one.accepted)).collect();
        assert_eq!(short, [(false, true), (false, false), (true, false)], "the first is accepted");
        assert!(store.write(|tx| tx.accept_disclosure(&newest.key)).unwrap());
        assert!(!store.write(|tx| tx.accept_disclosure(&newest.key)).unwrap(), "once");
    });
}

#[test]
fn of_one_version_the_latest_release_counts() {
    for_each_store(|store| {
        let mut first = disclosure("D-1", "1");
        first.updated = Some(at(5));
        put(store, &first, 0);
        let mut earlier = disclosure("D-1", "1");
        (earlier.updated, earlier.content_hash) = (Some(at(4)), "e".repeat(64));
        assert_eq!(put(store, &earlier, 1), Outcome::Superseded);
        let mut quiet = disclosure("D-1", "1");
        (quiet.updated, quiet.content_hash) = (Some(at(5)), "f".repeat(64));
        let twin = store.read(|tx| tx.twin_of(&quiet)).unwrap().unwrap();
        assert_eq!(twin.content_hash, earlier.content_hash, "the last one with other bytes");
        assert_eq!(put(store, &quiet, 2), Outcome::Updated, "changed without saying so");
        let detail = store.read(|tx| tx.disclosure_detail(&quiet.key, ALL)).unwrap().unwrap();
        let odd = detail.warnings.iter().filter(|text| text.contains("other bytes")).count();
        assert_eq!((odd, detail.versions.len()), (2, 3), "all are kept and told");
    });
}

#[test]
fn two_publishers_may_send_the_same_bytes_and_the_same_tracking_id() {
    for_each_store(|store| {
        let first = disclosure("D-1", "1");
        let mut second = first.clone();
        second.key.namespace = "https://other.example".to_owned();
        assert_eq!(put(store, &first, 0), Outcome::Added);
        assert_eq!(put(store, &second, 0), Outcome::Added);
        let found = store.read(|tx| tx.disclosure_rows(&any_disclosure(), ALL)).unwrap();
        assert_eq!(found.total, 2);
    });
}

#[test]
#[rustfmt::skip]
fn disclosures_are_filtered_and_the_newest_comes_first() {
    for_each_store(|store| {
        let mut late = disclosure("ICSMA-26-002", "1");
        late.updated = Some(at(100));
        let mut dateless = disclosure("X-9", "1");
        (dateless.updated, dateless.released, dateless.score) = (None, None, None);
        for one in [&dateless, &disclosure("ICSMA-26-001", "1"), &late] {
            put(store, one, 0);
        }
        store.write(|tx| {
            tx.put_devices(&[change(device(1), "aurora")])?;
            tx.replace_configuration_verdicts(&[decided("aurora", vec![verdict("X-9", "CVE-1", Verdict::Unknown)])])
        }).unwrap();
        let text = |text: &str| DisclosureFilter { text: Some(text.to_owned()), ..any_disclosure() };
        for (name, filter, want) in [
            ("none",          any_disclosure(), vec!["X-9", "ICSMA-26-002", "ICSMA-26-001"]),
            ("tracking id",   text("icsma-26-002"), vec!["ICSMA-26-002"]),
            ("CVE",           text("cve-2026-0001"), vec!["X-9", "ICSMA-26-002", "ICSMA-26-001"]),
            ("product, id",   text("aurora x-9"), vec!["X-9"]),
            ("unknown",       DisclosureFilter { verdict: Some(Verdict::Unknown), ..any_disclosure() }, vec!["X-9"]),
            ("affected",      DisclosureFilter { verdict: Some(Verdict::Affected), ..any_disclosure() }, vec![]),
            ("not exploited", DisclosureFilter { exploited: Some(false), text: Some("icsma".to_owned()), ..any_disclosure() }, vec!["ICSMA-26-002", "ICSMA-26-001"]),
        ] {
            let found = store.read(|tx| tx.disclosure_rows(&filter, ALL)).unwrap();
            let ids: Vec<_> = found.rows.iter().map(|row| row.id.as_str()).collect();
            assert_eq!((ids, found.total), (want.clone(), want.len() as u64), "{name}");
        }
        let page = Page { offset: 1, limit: 1 };
        let found = store.read(|tx| tx.disclosure_rows(&any_disclosure(), page)).unwrap();
        assert_eq!((found.rows[0].id.as_str(), found.total), ("ICSMA-26-002", 3));
        let detail = store.read(|tx| tx.disclosure_detail(&dateless.key, ALL)).unwrap().unwrap();
        assert_eq!((detail.row.score, detail.row.updated), (None, None));
        assert_eq!(detail.devices.rows[0].name, "CT01");
    });
}

fn ingest(name: &str, hash: &str, skips: u16) -> IngestRow {
    let skip = |row| Skip {
        path: name.to_owned(),
        place: format!("row {row}"),
        reason: "no maker".to_owned(),
        answerable: Answerable::Sender,
    };
    IngestRow {
        name: name.to_owned(),
        kind: "inventory".to_owned(),
        content_hash: hash.to_owned(),
        at: at(skips.into()),
        by: "ada".to_owned(),
        read: 10,
        accepted: 8,
        unchanged: 1,
        skipped: (0..skips).map(skip).collect(),
        skipped_count: skips.into(),
    }
}

#[test]
fn what_was_taken_in_is_shown_with_what_was_skipped() {
    for_each_store(|store| {
        let rows = [ingest("a.csv", "1", 3), ingest("a.csv", "2", 150), ingest("b.csv", "3", 2)];
        store
            .write(|tx| {
                rows.iter().try_for_each(|row| tx.put_ingest(row, None).map(drop))?;
                tx.put_setting("site", "north")?;
                tx.put_setting("site", "south")
            })
            .unwrap();
        let found = store.read(|tx| tx.ingest_rows(ALL)).unwrap();
        assert_eq!((found.total, found.rows[0].clone()), (3, rows[2].clone()));
        assert_eq!((found.rows[1].skipped_count, found.rows[1].skipped.len()), (150, 100));
        assert_eq!(found.rows[1].skipped[..], rows[1].skipped[..100]);
        let overview = store.read(|tx| tx.overview()).unwrap();
        assert_eq!(overview.skipped, 152, "of each file, its last ingest");
        assert_eq!(overview.feeds["inventory"], at(150));
        for (kind, hash, want) in
            [("inventory", "2", true), ("capture", "2", false), ("inventory", "4", false)]
        {
            assert_eq!(store.read(|tx| tx.ingested(kind, hash)).unwrap(), want, "{kind} {hash}");
        }
        let setting = |name| store.read(|tx| tx.setting(name)).unwrap();
        assert_eq!((setting("site").as_deref(), setting("none")), (Some("south"), None));
    });
}

#[test]
fn an_empty_house_has_an_overview() {
    for_each_store(|store| {
        let overview = store.read(|tx| tx.overview()).unwrap();
        assert_eq!(overview, store::records::Overview::default());
    });
}

#[test]
fn the_overview_counts() {
    for_each_store(|store| {
        let mut rogue = device(2);
        (rogue.asset_id, rogue.maker, rogue.facts) = (None, None, vec![]);
        let mut unseen = change(device(3), "aurora");
        unseen.on_network = false;
        put(store, &disclosure("D-1", "1"), 0);
        put(store, &disclosure("D-2", "1"), 0);
        store
            .write(|tx| {
                tx.put_devices(&[change(device(1), "aurora"), change(rogue, "rogue"), unseen])?;
                let rows = vec![
                    verdict("D-1", "CVE-1", Verdict::Affected),
                    verdict("D-2", "CVE-1", Verdict::NotAffected),
                ];
                tx.replace_configuration_verdicts(&[decided("aurora", rows)])?;
                tx.append_evidence(at(0), "ada", "ingest", "x", &serde_json::Value::Null)
            })
            .unwrap();
        let found = store.read(|tx| tx.overview()).unwrap();
        assert_eq!((found.devices, found.on_network), (3, 2));
        assert_eq!((found.not_in_inventory, found.never_seen, found.unidentified), (1, 1, 1));
        assert_eq!((found.by_verdict.affected, found.by_verdict.not_affected), (2, 0));
        assert_eq!((found.disclosures, found.disclosures_open, found.evidence_rows), (2, 1, 1));
        assert_eq!(found.by_class, [("ct".to_owned(), 3)]);
    });
}

#[test]
fn a_draft_never_counts_beside_another_version() {
    for_each_store(|store| {
        put(store, &disclosure("D-1", "1"), 0);
        let draft = NewDisclosure { status: "draft".to_owned(), ..disclosure("D-1", "2") };
        assert_eq!(put(store, &draft, 1), Outcome::Superseded);
        assert_eq!(put(store, &disclosure("D-1", "3"), 2), Outcome::Updated);
        let first = NewDisclosure { status: "draft".to_owned(), ..disclosure("D-2", "5") };
        put(store, &first, 3);
        assert_eq!(put(store, &disclosure("D-2", "4"), 4), Outcome::Updated, "the draft gives way");
    });
}

#[test]
fn trust_accepts_what_waits_and_is_of_a_source() {
    for_each_store(|store| {
        let row = |source: Option<&str>| TrustRow {
            namespace: NAMESPACE.to_owned(),
            source: source.map(str::to_owned),
            at: at(5),
            by: "ada".to_owned(),
        };
        let version = |number: &str, source: &str| NewDisclosure {
            source: source.to_owned(),
            ..disclosure("D-1", number)
        };
        put(store, &version("1", "mirror"), 0);
        put(store, &version("2", "mail"), 1);
        assert_eq!(store.write(|tx| tx.put_trust(&row(Some("mirror")))).unwrap(), 0);
        assert_eq!(store.write(|tx| tx.put_trust(&row(None))).unwrap(), 1);
        let trusted = store.read(|tx| tx.trusted()).unwrap();
        assert_eq!(trusted, [row(Some("mirror")), row(None)]);
        for (name, source, want) in [("its source", "mirror", true), ("another", "mail", false)] {
            assert_eq!(trusted[0].covers(NAMESPACE, source), want, "{name}");
            assert!(!trusted[0].covers("https://other.example", source), "{name}");
        }
        assert!(trusted[1].covers(NAMESPACE, "mail"));
        assert!(store.write(|tx| tx.remove_trust(NAMESPACE, None)).unwrap());
        assert!(!store.write(|tx| tx.remove_trust(NAMESPACE, None)).unwrap());
    });
}
