//! Opening a store: addresses, migrations, foreign and newer schemas.

use std::io::Read as _;

use model::Answerable;
use store::records::Stamp;
use store::{Store, StoreError, StoreUrl};

use crate::harness::{for_each_store, for_each_url, server};

#[test]
fn opening_again_finds_what_was_written() {
    for_each_url(|url| {
        Store::open(url).unwrap().write(|tx| tx.put_setting("a", "b")).unwrap();
        let again = Store::open(url).unwrap();
        assert_eq!(again.read(|tx| tx.setting("a")).unwrap().as_deref(), Some("b"));
    });
}

#[test]
fn reading_makes_nothing_and_writes_nothing() {
    for_each_url(|url| {
        let absent = Store::open_to_read(url).unwrap_err();
        assert!(matches!(absent, StoreError::Absent { .. }), "{absent}");
        assert_eq!(absent.answerable(), Answerable::Caller);
        Store::open(url).unwrap().write(|tx| tx.put_setting("a", "b")).unwrap();
        let store = Store::open_to_read(url).unwrap();
        assert_eq!(store.read(|tx| tx.setting("a")).unwrap().as_deref(), Some("b"));
        let written = store.write(|tx| tx.put_setting("a", "c"));
        assert!(matches!(written, Err(StoreError::ReadOnly)), "{written:?}");
        assert_eq!(store.read(|tx| tx.setting("a")).unwrap().as_deref(), Some("b"));
    });
    let folder = tempfile::tempdir().unwrap();
    Store::open_to_read(&StoreUrl::in_folder(folder.path())).unwrap_err();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Names and contents of a folder.
fn contents(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let mut found: Vec<_> = entries
        .map(|entry| {
            let name = entry.file_name().display().to_string();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .filter(|(name, _)| !name.ends_with("-shm"))
        .collect();
    found.sort();
    found
}

/// After a clean end, after a kill (a journal lies there), and from a medium nobody can write.
#[test]
fn a_store_that_was_read_lies_there_as_it_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::in_folder(folder.path());
    let setting = |url: &StoreUrl| {
        let store = Store::open_to_read(url).unwrap();
        store.read(|tx| tx.setting("a")).unwrap().unwrap()
    };
    Store::open(&url).unwrap().write(|tx| tx.put_setting("a", "b")).unwrap();
    let closed = contents(folder.path());
    assert_eq!(closed.len(), 1, "a clean end leaves one file");
    assert_eq!(setting(&url), "b");
    assert!(contents(folder.path()) == closed, "after a clean end");

    let killed = tempfile::tempdir().unwrap();
    let running = Store::open(&url).unwrap();
    running.write(|tx| tx.put_setting("a", "c")).unwrap();
    for (name, bytes) in contents(folder.path()) {
        std::fs::write(killed.path().join(name), bytes).unwrap();
    }
    let left = contents(killed.path());
    assert_eq!(left.len(), 2, "the journal of a killed program");
    assert_eq!(setting(&StoreUrl::in_folder(killed.path())), "c");
    assert!(contents(killed.path()) == left, "after a kill");
}

#[test]
fn an_older_schema_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    first_schema(&path);
    let url = StoreUrl::sqlite(&path);
    let before = contents(folder.path());
    let error = Store::open_to_read(&url).unwrap_err();
    assert!(matches!(error, StoreError::Older { found: 1, .. }), "{error}");
    assert!(error.to_string().contains("regimen upgrade"), "{error}");
    assert!(Store::is_older(&url).unwrap());
    assert!(contents(folder.path()) == before, "nothing was brought up to date");
    Store::open(&url).unwrap();
    assert!(!Store::is_older(&url).unwrap());
    Store::open_to_read(&url).unwrap();
}

#[test]
fn two_may_open_a_new_database_at_once() {
    for_each_url(|url| {
        std::thread::scope(|scope| {
            let opened = [(); 4].map(|()| scope.spawn(|| Store::open(url).map(drop)));
            for thread in opened {
                thread.join().unwrap().unwrap();
            }
        });
    });
}

#[test]
fn a_reader_keeps_its_snapshot_while_another_writes() {
    for_each_store(|store| {
        store
            .read(|tx| {
                assert_eq!(tx.setting("a")?, None);
                store.write(|tx| tx.put_setting("a", "b"))?;
                assert_eq!(tx.setting("a")?, None, "as it was");
                Ok::<_, StoreError>(())
            })
            .unwrap();
        assert!(store.read(|tx| tx.setting("a")).unwrap().is_some());
    });
}

#[test]
fn more_readers_than_connections_wait_their_turn() {
    for_each_store(|store| {
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| store.read(|tx| tx.overview()).unwrap());
            }
        });
    });
}

fn change_schema(url: &StoreUrl, address: Option<&str>, sql: &str) {
    match address {
        None => {
            let path = url.to_string();
            let path = path.strip_prefix("sqlite:").unwrap();
            rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
        }
        Some(address) => {
            let mut client = postgres::Client::connect(address, postgres::NoTls).unwrap();
            client.batch_execute(sql).unwrap();
        }
    }
}

#[test]
fn a_schema_that_is_newer_or_not_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = |name: &str| (StoreUrl::sqlite(folder.path().join(name)), None);
    let mut places = vec![sqlite("a.db"), sqlite("b.db")];
    if let Some(server) = server() {
        for _ in 0..2 {
            let address = server.new_database();
            places.push((StoreUrl::parse(&address).unwrap(), Some(address)));
        }
    }
    for pair in places.chunks(2) {
        let (newer, altered) = (&pair[0], &pair[1]);
        for (url, _) in pair {
            Store::open(url).unwrap();
        }
        let sql = "INSERT INTO schema_step VALUES (999, 'x')";
        change_schema(&newer.0, newer.1.as_deref(), sql);
        let error = Store::open(&newer.0).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 999, .. }), "{error}");
        assert_eq!(error.answerable(), Answerable::Caller);
        let sql = "UPDATE schema_step SET checksum = 'x'";
        change_schema(&altered.0, altered.1.as_deref(), sql);
        let error = Store::open(&altered.0).unwrap_err();
        assert!(matches!(error, StoreError::Altered { step: 1 }), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn the_file_is_its_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/regimen.db");
    let store = Store::open(&StoreUrl::sqlite(&path)).unwrap();
    store.write(|tx| tx.put_setting("a", "b")).unwrap();
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap().flatten() {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[test]
fn what_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("note.txt");
    std::fs::write(&file, "this is a note and no database, whatever its name says".repeat(50))
        .unwrap();
    for (url, want) in [
        (StoreUrl::sqlite(file.join("below-a-file")), Answerable::Environment),
        (StoreUrl::sqlite(&file), Answerable::Environment),
        (StoreUrl::parse("postgres://a:hidden@127.0.0.1:1/r").unwrap(), Answerable::Environment),
    ] {
        let error = Store::open(&url).unwrap_err();
        assert_eq!(error.answerable(), want, "{error}");
        assert!(!format!("{error:?} {error}").contains("hidden"), "{error:?}");
    }
}

/// A store as the first released schema wrote it.
pub(crate) fn first_schema(path: &std::path::Path) -> rusqlite::Connection {
    let dump: &[u8] = include_bytes!("../data/schema-1.sql.gz");
    let mut sql = String::new();
    flate2::read::GzDecoder::new(dump).read_to_string(&mut sql).unwrap();
    let old = rusqlite::Connection::open(path).unwrap();
    old.execute_batch(&sql).unwrap();
    old
}

/// A store that the first released schema wrote opens, keeps its rows, and still verifies.
#[test]
fn a_store_of_the_first_schema_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let old = first_schema(&path);
    let count = |connection: &rusqlite::Connection, table: &str| -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let tables = ["device", "fact", "verdict", "disclosure", "document", "conversation", "person"];
    let before = tables.map(|table| count(&old, table));
    drop(old);

    let store = Store::open(&StoreUrl::sqlite(&path)).unwrap();
    let check = store.read(|tx| tx.verify_evidence(None)).unwrap();
    assert!(check.ok && check.rows > 20, "{check:?}");
    let stamp = Stamp { generation: 0, engine: "of today".to_owned() };
    let stale = store.read(|tx| tx.stale_configurations(&stamp)).unwrap();
    assert!(!stale.is_empty(), "what another engine decided is stale");
    let documents = store.read(|tx| tx.stale_documents("of today", 1000)).unwrap();
    assert_eq!(documents.len(), 18);
    let now = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(tables.map(|table| count(&now, table)), before);
    let broken: Option<String> =
        now.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).ok();
    assert_eq!(broken, None);
}

/// The hospital's CA vouches for the server; another one, or a wrong name, does not.
#[test]
fn a_server_is_made_sure_of_before_anything_is_sent() {
    let Some(server) = server() else {
        testing::skip("PostgreSQL is not installed");
        return;
    };
    let Some((ours, theirs)) = server.authorities() else {
        testing::skip("openssl is not installed, so TLS was not tested");
        return;
    };
    let address =
        |host: &str, authority: &std::path::Path| server.address_with_tls(host, authority);
    let url = StoreUrl::parse(&address("localhost", &ours)).unwrap();
    Store::open(&url).unwrap().write(|tx| tx.put_setting("a", "b")).unwrap();
    let again = Store::open_to_read(&url).unwrap();
    assert_eq!(again.read(|tx| tx.setting("a")).unwrap().as_deref(), Some("b"));
    for (host, authority) in [("localhost", &theirs), ("127.0.0.1", &ours)] {
        let refused =
            Store::open(&StoreUrl::parse(&address(host, authority)).unwrap()).unwrap_err();
        assert!(matches!(refused, StoreError::Open { .. }), "{host}: {refused}");
    }
    let missing = StoreUrl::parse(&address("localhost", std::path::Path::new("/no/ca.pem")));
    assert!(matches!(Store::open(&missing.unwrap()), Err(StoreError::Url(_))));
}
