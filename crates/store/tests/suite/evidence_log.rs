//! The evidence log: chained, refused to change, found out when changed.

use serde_json::json;
use store::records::Page;
use store::{Store, StoreError, StoreUrl};

use crate::harness::{for_each_store, for_each_url, server};
use crate::samples::at;

fn write(store: &Store, count: i64) {
    store
        .write(|tx| {
            for number in 0..count {
                let details = json!({"z": number, "a": "ü\n"});
                tx.append_evidence(at(number), "ada", "ingest", "ward.pcap", &details)?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn rows_are_chained_shown_newest_first_and_hold() {
    for_each_store(|store| {
        let empty = store.read(|tx| tx.verify_evidence(None)).unwrap();
        assert_eq!((empty.ok, empty.rows), (true, 0));
        write(store, 3);
        let early = store.read(|tx| tx.evidence_head()).unwrap().unwrap();
        write(store, 1_500);
        let page = Page { offset: 1, limit: 2 };
        let found = store.read(|tx| tx.evidence_rows(page)).unwrap();
        assert_eq!(
            (found.total, found.rows[0].number, found.rows[1].number),
            (1_503, 1_502, 1_501)
        );
        assert_eq!(found.rows[0].details, json!({"a": "ü\n", "z": 1_498}));
        let check = store.read(|tx| tx.verify_evidence(Some(&early))).unwrap();
        let head = store.read(|tx| tx.evidence_head()).unwrap().unwrap();
        assert_eq!((check.ok, check.rows, check.head), (true, 1_503, head.hash));
    });
}

#[test]
fn a_row_falls_with_its_transaction() {
    for_each_store(|store| {
        write(store, 2);
        let failed: Result<(), StoreError> = store.write(|tx| {
            tx.append_evidence(at(9), "ada", "ingest", "lost", &json!(null))?;
            tx.put_setting("lost", "x")?;
            Err(StoreError::Corrupt("on purpose".to_owned()))
        });
        assert!(failed.is_err());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _: Result<(), StoreError> = store.write(|tx| {
                tx.put_setting("lost", "x").unwrap();
                panic!("on purpose")
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(store.read(|tx| tx.setting("lost")).unwrap(), None);
        write(store, 1);
        let check = store.read(|tx| tx.verify_evidence(None)).unwrap();
        assert_eq!((check.ok, check.rows), (true, 3), "the number was not used up");
    });
}

#[test]
fn a_failure_that_the_caller_passes_over_still_fails_the_transaction() {
    for_each_store(|store| {
        let orphan = store::records::SessionRow {
            token_hash: "0".to_owned(),
            person: model::PersonId::new(at(0), [9; 10]),
            generation: 1,
            created: at(0),
            used: at(0),
            expires: at(1),
        };
        let passed_over: Result<(), StoreError> = store.write(|tx| {
            tx.put_setting("lost", "x")?;
            let _ = tx.put_session(&orphan);
            Ok(())
        });
        assert!(passed_over.is_err());
        assert_eq!(store.read(|tx| tx.setting("lost")).unwrap(), None);
    });
}

#[test]
fn writers_at_the_same_time_make_one_chain() {
    for_each_url(|url| {
        let (one, two) = (Store::open(url).unwrap(), Store::open(url).unwrap());
        std::thread::scope(|scope| {
            for store in [&one, &two, &one] {
                scope.spawn(move || (0..10).for_each(|_| write(store, 1)));
            }
        });
        let check = one.read(|tx| tx.verify_evidence(None)).unwrap();
        assert_eq!((check.ok, check.rows), (true, 30));
    });
}

/// What somebody does who holds the database and not the program: first as it stands, then after
/// taking the guard away.
#[test]
fn tampering_is_refused_and_without_the_guard_it_shows() {
    const CASES: [(&str, &str, u64); 5] = [
        ("a changed byte", "UPDATE evidence SET actor = 'eve' WHERE number = 2", 2),
        ("a changed hash", "UPDATE evidence SET hash = 'x' WHERE number = 4", 4),
        ("a row removed", "DELETE FROM evidence WHERE number = 3", 3),
        ("the first removed", "DELETE FROM evidence WHERE number = 1", 1),
        ("rows renumbered", "UPDATE evidence SET number = 99 WHERE number = 3", 3),
    ];
    for (name, sql, want) in CASES {
        for_each_raw(|store, run| {
            write(store, 5);
            assert!(run(sql).is_err(), "{name} is refused");
            assert!(store.read(|tx| tx.verify_evidence(None)).unwrap().ok, "{name}");
            run(UNGUARD).unwrap();
            run(sql).unwrap();
            let check = store.read(|tx| tx.verify_evidence(None)).unwrap();
            assert_eq!(check.first_bad.map(|bad| bad.row), Some(want), "{name}");
        });
    }
}

/// SQLite lets anything stand in any column; PostgreSQL does not.
#[test]
fn a_row_that_cannot_be_read_is_bad_and_not_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreUrl::in_folder(folder.path())).unwrap();
    write(&store, 3);
    let raw = rusqlite::Connection::open(folder.path().join(store::FILE_NAME)).unwrap();
    raw.execute_batch(
        "DROP TRIGGER evidence_no_update; UPDATE evidence SET details = x'ff00' WHERE number = 2",
    )
    .unwrap();
    let check = store.read(|tx| tx.verify_evidence(None)).unwrap();
    assert_eq!((check.rows, check.first_bad.map(|bad| bad.row)), (3, Some(2)));
    let shown = store.read(|tx| tx.evidence_rows(Page { offset: 0, limit: 9 }));
    assert_eq!(shown.unwrap_err().answerable(), model::Answerable::Us);
}

#[test]
fn documents_cannot_be_removed_or_changed() {
    for_each_raw(|store, run| {
        store
            .write(|tx| tx.put_disclosure(&crate::samples::disclosure("D-1", "1"), at(0), true))
            .unwrap();
        for sql in [
            "DELETE FROM disclosure_version",
            "DELETE FROM disclosure",
            "DELETE FROM document",
            "UPDATE document SET raw = ''",
            "UPDATE disclosure_version SET document = '{}'",
        ] {
            assert!(run(sql).is_err(), "{sql}");
        }
    });
}

const UNGUARD: &str = "unguard";

/// Runs `test` with a way around the program, straight into the database.
fn for_each_raw(test: impl Fn(&Store, &dyn Fn(&str) -> Result<(), String>)) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreUrl::in_folder(folder.path())).unwrap();
    let raw = rusqlite::Connection::open(folder.path().join(store::FILE_NAME)).unwrap();
    test(&store, &|sql| {
        let sql = if sql == UNGUARD {
            "DROP TRIGGER evidence_no_update; DROP TRIGGER evidence_no_delete"
        } else {
            sql
        };
        raw.execute_batch(sql).map_err(|error| error.to_string())
    });
    let Some(server) = server() else {
        testing::skip("PostgreSQL is not installed, so only SQLite was tested");
        return;
    };
    let address = server.new_database();
    let store = Store::open(&StoreUrl::parse(&address).unwrap()).unwrap();
    let raw = postgres::Client::connect(&address, postgres::NoTls).unwrap();
    let raw = std::cell::RefCell::new(raw);
    test(&store, &|sql| {
        let sql = if sql == UNGUARD { "ALTER TABLE evidence DISABLE TRIGGER ALL" } else { sql };
        raw.borrow_mut().batch_execute(sql).map_err(|error| error.to_string())
    });
    assert!(raw.borrow_mut().batch_execute("TRUNCATE document CASCADE").is_err());
}
