//! Whole copies: of either database, into either, and before a schema is brought up to date.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use store::{Age, Store, StoreError, StoreUrl};

use crate::harness::{for_each_url, server};
use crate::opening::first_schema;
use crate::samples::{at, disclosure};

/// A store with something in many tables, and texts that no line of a stream may break.
fn fill(store: &Store) {
    let skips = (0..1_500).map(|number| model::Skip {
        path: format!("a\tb\n{number}"),
        place: "\\N \\. \r\u{1}ü\u{1f9ea}".to_owned(),
        reason: ["", "\\", "\t", "x\0y", "\\x41"][number % 5].to_owned(),
        answerable: model::Answerable::Sender,
    });
    let ingest = store::records::IngestRow {
        name: "a.csv".to_owned(),
        kind: "inventory".to_owned(),
        content_hash: "00".repeat(32),
        at: at(0),
        by: "ada".to_owned(),
        read: 1,
        accepted: 1,
        unchanged: 0,
        skipped: skips.collect(),
        skipped_count: 1_500,
    };
    store
        .write(|tx| {
            tx.put_disclosure(&disclosure("D-1", "1"), at(0), true)?;
            tx.put_disclosure(&disclosure("D-2", "1"), at(0), true)?;
            tx.put_ingest(&ingest, None)?;
            tx.put_setting("a", "b")?;
            tx.append_evidence(at(1), "ada", "ingest", "x", &json!({"n": 0.1})).map(drop)
        })
        .unwrap();
}

#[test]
fn a_copy_is_whole_private_and_restores_into_either_database() {
    for_each_url(|url| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("copy.db");
        let store = Store::open(url).unwrap();
        fill(&store);
        store.copy_to(&file).unwrap();
        assert!(store.copy_to(&file).is_err(), "a copy takes the place of nothing");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let beside = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(beside, 1, "it is of one piece");
        let (copy, age) = Store::open_copy(&file).unwrap();
        assert_eq!(age, Age::Current);
        assert_eq!(copy.read(|tx| tx.integrity()).unwrap(), Vec::<String>::new());
        let want = store.read(|tx| tx.state()).unwrap();
        assert_eq!(copy.read(|tx| tx.state()).unwrap(), want);
        let mut places = vec![StoreUrl::sqlite(folder.path().join("deep/new.db"))];
        places.extend(server().map(|one| StoreUrl::parse(&one.new_database()).unwrap()));
        for place in places {
            assert_eq!(Store::restore(&file, &place).unwrap(), None, "{place}");
            let restored = Store::open(&place).unwrap();
            assert_eq!(restored.read(|tx| tx.state()).unwrap(), want, "{place}");
            let chain = restored.read(|tx| tx.verify_evidence(None)).unwrap();
            assert!(chain.ok && chain.rows == 1, "{place}: {chain:?}");
            // Numbers go on behind those that were restored.
            fill_again(&restored);
        }
    });
}

fn fill_again(store: &Store) {
    store.write(|tx| tx.put_disclosure(&disclosure("D-3", "1"), at(0), true).map(drop)).unwrap();
    assert_eq!(store.read(|tx| tx.documents_unlike_hash()).unwrap().0, 3);
}

#[test]
fn a_restore_keeps_what_stood_there_and_needs_the_store_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (file, place) = (folder.path().join("copy.db"), folder.path().join("regimen.db"));
    let url = StoreUrl::sqlite(&place);
    let store = Store::open(&url).unwrap();
    fill(&store);
    store.copy_to(&file).unwrap();
    store.write(|tx| tx.put_setting("a", "later")).unwrap();
    assert!(matches!(Store::restore(&file, &url), Err(StoreError::Locked(_))));
    drop(store);
    let before = Store::restore(&file, &url).unwrap().unwrap();
    let setting = |path: &Path| {
        let store = Store::open_to_read(&StoreUrl::sqlite(path)).unwrap();
        store.read(|tx| tx.setting("a")).unwrap().unwrap()
    };
    assert_eq!((setting(&place).as_str(), setting(&before).as_str()), ("b", "later"));
    for path in [&place, &before] {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    if let Some(server) = server() {
        let url = StoreUrl::parse(&server.new_database()).unwrap();
        Store::open(&url).unwrap();
        let taken = Store::restore(&file, &url);
        assert!(matches!(taken, Err(StoreError::Occupied { .. })), "{taken:?}");
    }
}

#[test]
fn what_is_no_copy_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::sqlite(folder.path().join("regimen.db"));
    let note = folder.path().join("note.txt");
    std::fs::write(&note, "no database".repeat(500)).unwrap();
    let empty = folder.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    for file in [&note, &empty, &folder.path().join("missing.db")] {
        assert!(Store::restore(file, &url).is_err(), "{}", file.display());
    }
    assert!(!folder.path().join("regimen.db").exists());
}

/// Rows that point to nothing are told.
#[test]
fn rows_that_point_to_nothing_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::in_folder(folder.path());
    fill(&Store::open(&url).unwrap());
    let raw = rusqlite::Connection::open(folder.path().join(store::FILE_NAME)).unwrap();
    raw.execute_batch("PRAGMA foreign_keys = 0; DROP TRIGGER ingest_no_delete; DELETE FROM ingest")
        .unwrap();
    let store = Store::open_to_read(&url).unwrap();
    let wrong = store.read(|tx| tx.integrity()).unwrap();
    assert_eq!(wrong, ["1500 rows of ingest_skip point to rows of ingest that are not there"]);
}

#[test]
fn an_older_store_is_copied_before_it_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    drop(first_schema(&path));
    let store = Store::open(&StoreUrl::sqlite(&path)).unwrap();
    let copy = store.set_aside().unwrap().to_owned();
    assert_eq!(copy, folder.path().join("old.db.schema-1"));
    let (old, age) = Store::open_copy(&copy).unwrap();
    assert_eq!(age, Age::Older { schema: 1 });
    let check = old.read(|tx| tx.verify_evidence(None)).unwrap();
    assert!(check.ok && check.rows > 20, "{check:?}");
    assert_eq!(Store::open(&StoreUrl::sqlite(&path)).unwrap().set_aside(), None);
    // The copy is a way back, and forward again, into either database.
    let mut places = vec![StoreUrl::sqlite(folder.path().join("again.db"))];
    places.extend(server().map(|one| StoreUrl::parse(&one.new_database()).unwrap()));
    for place in places {
        Store::restore(&copy, &place).unwrap();
        let again = Store::open_beside(&place, Some(folder.path())).unwrap();
        assert!(again.set_aside().is_some(), "{place}");
        let rows = again.read(|tx| tx.evidence_head()).unwrap().unwrap().number;
        assert_eq!(rows, check.rows, "{place}");
    }
}
