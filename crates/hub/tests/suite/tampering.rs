//! What somebody can do who holds the database and not the program: each deed, and what finds it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use evidence::{Act, Chain, Entry};
use hub::{Caller, EvidenceCheck, Hub, VerifyRequest};
use rusqlite::Connection;
use store::StoreUrl;
use tempfile::TempDir;

use crate::house::{House, NOW, small_capture, small_inventory};

/// What finds a deed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Finds {
    /// The chain and the checkpoints, as `evidence verify` checks them.
    Verify,
    /// The tables beside them, by the name of what is found.
    Deep(&'static str),
    /// A checkpoint that was kept elsewhere, and nothing else.
    Against,
    /// Nothing; SECURITY.md says why.
    Nothing,
}

/// A house with devices, verdicts, an account and a checkpoint; copied for each deed.
struct Victim {
    house: House,
    keys: TempDir,
    early: String,
}

impl Victim {
    /// The one that nobody writes to.
    fn shared() -> &'static Self {
        static SHARED: OnceLock<Victim> = OnceLock::new();
        SHARED.get_or_init(Self::new)
    }

    fn new() -> Self {
        let mut house = House::new();
        let keys = tempfile::tempdir().unwrap();
        house.hub = house.hub.clone().with_keys(&keys.path().join("keys"));
        house.ingest(&[&house.write("a.pcap", small_capture())]);
        house.ingest(&[&house.write("cmms.csv", small_inventory())]);
        let hospital =
            simulate::Hospital::build(&simulate::Plan { devices: 30, ..Default::default() });
        for (name, document) in hospital.advisories() {
            house.write(&format!("advisories/{name}"), document);
        }
        let advisories = house.write("advisories/note.txt", "x");
        house.ingest(&[advisories.parent().unwrap()]);
        let caller = Caller::console();
        let person = hub::NewPerson {
            name: "ada".to_owned(),
            display_name: "Ada".to_owned(),
            grant: access::Grant::everywhere(access::Role::Viewer),
        };
        house.hub.add_person(&caller, &person, NOW).unwrap();
        let early = house.hub.checkpoint(&caller, NOW).unwrap().note;
        house.hub.checkpoint(&caller, NOW.plus_seconds(60)).unwrap();
        Self { house, keys, early }
    }

    /// A copy of the store, without the guards that the database itself has.
    fn copy(&self) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(store::FILE_NAME);
        let url = self.house.url().to_string();
        let from = Connection::open(url.strip_prefix("sqlite:").unwrap()).unwrap();
        from.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
        let copy = Connection::open(&path).unwrap();
        let triggers: Vec<String> = {
            let mut found =
                copy.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").unwrap();
            found.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        for trigger in triggers {
            copy.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        }
        (folder, path)
    }

    fn verify(path: &Path, keys: &Path, wanted: &VerifyRequest) -> EvidenceCheck {
        let hub = Hub::open_to_read(&StoreUrl::sqlite(path)).unwrap().with_keys(keys);
        hub.verify_evidence_as(&Caller::console(), wanted).unwrap()
    }

    /// What finds the deed, the cheapest first.
    fn finds(&self, name: &str, path: &Path, keys: &Path) -> Finds {
        let plain = Victim::verify(path, keys, &VerifyRequest::default());
        if !plain.ok {
            assert!(plain.first_bad.is_some(), "{name}: {plain:?}");
            return Finds::Verify;
        }
        let deep = VerifyRequest { deep: true, ..VerifyRequest::default() };
        let deep = Victim::verify(path, keys, &deep);
        if let Some(found) = deep.deep.as_ref().and_then(|deep| deep.found.first()) {
            assert!(!deep.ok, "{name}: {deep:?}");
            let kind = KINDS.iter().find(|kind| **kind == found.kind);
            return Finds::Deep(kind.unwrap_or_else(|| panic!("{name}: {found:?}")));
        }
        assert!(deep.ok, "{name}: {deep:?}");
        let against = Some(self.early.clone());
        let against = Victim::verify(path, keys, &VerifyRequest { against, ..Default::default() });
        if against.ok { Finds::Nothing } else { Finds::Against }
    }
}

#[test]
fn a_house_that_nobody_touched_holds() {
    let victim = Victim::shared();
    let (_folder, path) = victim.copy();
    let keys = victim.keys.path().join("keys");
    let against = Some(victim.early.clone());
    let all = VerifyRequest { deep: true, against, now: Some(NOW.plus_seconds(60)) };
    let check = Victim::verify(&path, &keys, &all);
    assert!(check.ok && check.warnings.is_empty(), "{check:#?}");
    let deep = check.deep.unwrap();
    for kind in ["documents", "ingests", "decisions", "verdicts", "tables"] {
        assert!(deep.checked[kind] > 0, "{kind}: {deep:?}");
    }
    assert_eq!(check.checkpoint.unwrap().count, 2);
    let late = VerifyRequest { now: Some(NOW.plus_seconds(4 * 86_400)), ..Default::default() };
    let late = Victim::verify(&path, &keys, &late);
    assert!(late.ok && late.warnings[0].reason.contains("due every day"), "{late:?}");
}

#[test]
#[rustfmt::skip]
fn what_was_tampered_with_is_found() {
    let victim = Victim::shared();
    let keys = victim.keys.path().join("keys");
    let cut = "DELETE FROM event; DELETE FROM checkpoint; \
        DELETE FROM evidence WHERE number > 3";
    for (name, sql, want) in [
        ("a row of evidence edited",  "UPDATE evidence SET actor = 'eve' WHERE number = 2", Finds::Verify),
        ("a row deleted",             "DELETE FROM event; DELETE FROM evidence WHERE number = 2", Finds::Verify),
        ("the end cut off",           cut, Finds::Verify),
        ("a checkpoint removed",      "DELETE FROM checkpoint WHERE evidence = (SELECT MIN(evidence) FROM checkpoint)", Finds::Verify),
        ("a checkpoint edited",       "UPDATE checkpoint SET note = replace(note, 'time 20', 'time 19')", Finds::Verify),
        ("a verdict flipped",         "UPDATE verdict SET rank = 2 WHERE number = (SELECT MIN(number) FROM verdict WHERE rank < 2)", Finds::Deep("verdict")),
        ("a verdict flipped inside",  "UPDATE verdict SET body = replace(body, '\"affected\"', '\"not_affected\"') WHERE rank = 0", Finds::Deep("verdict")),
        ("a verdict removed",         "DELETE FROM verdict WHERE number = (SELECT MIN(number) FROM verdict)", Finds::Deep("verdict")),
        ("a counter set to nought",   "UPDATE device_row SET affected = 0", Finds::Deep("counter")),
        ("counters of both",          "UPDATE device_row SET affected = 0; UPDATE configuration SET affected = 0", Finds::Deep("counter")),
        ("history edited",            "UPDATE decision SET rank_after = 2 WHERE rank_after = 0", Finds::Deep("decision")),
        ("history and verdict edited", "UPDATE decision SET rank_after = 2 WHERE rank_after = 0; UPDATE verdict SET rank = 2 WHERE rank = 0", Finds::Deep("decision")),
        ("history removed",           "DELETE FROM decision WHERE number = (SELECT MAX(number) FROM decision)", Finds::Deep("decision")),
        ("a document's bytes",        "UPDATE document SET raw = CAST('{}' AS BLOB) WHERE rowid = (SELECT MIN(rowid) FROM document)", Finds::Deep("document")),
        ("a document's bytes gone",   "UPDATE document SET raw = CAST('' AS BLOB) WHERE rowid = (SELECT MIN(rowid) FROM document)", Finds::Deep("document")),
        ("an input edited",           "UPDATE ingest SET skipped = skipped + 1 WHERE number = 1", Finds::Deep("ingest")),
        ("an input removed",          "PRAGMA foreign_keys = 0; DELETE FROM ingest WHERE number = 2", Finds::Deep("ingest")),
        ("a device changed",          "UPDATE device_row SET software_version = '9.9' WHERE number = 1", Finds::Deep("device_row")),
        ("a device's facts changed",  "UPDATE fact SET value = 'x' WHERE device = 1 AND position = 0", Finds::Deep("fact")),
        ("a device hidden",           "UPDATE device_row SET retired = 1 WHERE number = 1", Finds::Deep("device_row")),
        ("an account given power",    "UPDATE role_grant SET role = 'administrator'", Finds::Deep("role_grant")),
        ("a password changed",        "UPDATE credential SET secret_hash = 'x'", Finds::Deep("credential")),
        ("an account added",          "INSERT INTO person VALUES (99, 'x', 'person', 'eve', 'Eve', 0, 0)", Finds::Deep("person")),
        ("a document's reading",      "UPDATE parsed_document SET document = '{}'", Finds::Deep("parsed_document")),
        ("a session added",           "INSERT INTO session SELECT 'x', id, 1, 0, 0, 9 FROM person LIMIT 1", Finds::Nothing),
    ] {
        let (_folder, path) = victim.copy();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(victim.finds(name, &path, &keys), want, "{name}");
    }
}

/// Writes the whole chain anew with one actor changed, as somebody would who knows the rule.
fn recompute(path: &Path, with_checkpoints: bool) {
    let mut store = Connection::open(path).unwrap();
    let hub = store::Store::open_to_read(&StoreUrl::sqlite(path)).unwrap();
    let mut old: Vec<Entry> = Vec::new();
    hub.read(|tx| tx.each_evidence(|entry| old.push(entry.unwrap()))).unwrap();
    drop(hub);
    let write = store.transaction().unwrap();
    write
        .execute_batch("PRAGMA defer_foreign_keys = 1; DELETE FROM event; DELETE FROM evidence")
        .unwrap();
    if !with_checkpoints {
        write.execute_batch("DELETE FROM checkpoint").unwrap();
    }
    let mut head = None;
    for entry in old.iter().filter(|entry| with_checkpoints || entry.action != "checkpoint") {
        let details = serde_json::from_str(&entry.details).unwrap();
        let actor = if entry.number == 2 { "eve" } else { &entry.actor };
        let act = Act {
            at: entry.at,
            actor,
            action: &entry.action,
            subject: &entry.subject,
            details: &details,
        };
        let new = Chain::next(head.as_ref(), &act);
        write
            .execute(
                "INSERT INTO evidence VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                rusqlite::params![
                    i64::try_from(new.number).unwrap(),
                    new.at.as_micros(),
                    new.actor,
                    new.action,
                    new.subject,
                    new.details,
                    new.previous_hash,
                    new.hash
                ],
            )
            .unwrap();
        head = Some(new.head());
    }
    write.commit().unwrap();
}

#[test]
fn a_chain_that_was_written_anew_is_found_by_its_checkpoints() {
    let victim = Victim::shared();
    let keys = victim.keys.path().join("keys");
    let nowhere = victim.keys.path().join("none");
    for (name, with_checkpoints, keys, want) in [
        ("checkpoints left", true, &keys, Finds::Verify),
        ("checkpoints removed too", false, &keys, Finds::Verify),
        ("and the keys taken away", false, &nowhere, Finds::Against),
    ] {
        let (_folder, path) = victim.copy();
        recompute(&path, with_checkpoints);
        assert_eq!(victim.finds(name, &path, keys), want, "{name}");
    }
}

/// An act since the checkpoint may have changed the tables: then nobody says that they hold, nor
/// that they do not.
#[test]
fn what_cannot_be_told_is_a_warning() {
    let victim = Victim::new();
    victim.house.ingest(&[&victim.house.write("more.csv", "asset_id,maker\nNEW-1,Halden\n")]);
    let (_folder, path) = victim.copy();
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("UPDATE device_row SET software_version = '9.9' WHERE number = 1").unwrap();
    let keys = victim.keys.path().join("keys");
    let deep = VerifyRequest { deep: true, ..VerifyRequest::default() };
    let check = Victim::verify(&path, &keys, &deep);
    assert!(check.ok, "{check:?}");
    let told = check.warnings.iter().find(|one| one.reason.contains("may have changed"));
    assert!(told.is_some_and(|one| one.reason.contains("device")), "{check:?}");
    raw.execute_batch("UPDATE role_grant SET role = 'administrator'").unwrap();
    let check = Victim::verify(&path, &keys, &deep);
    assert_eq!(check.deep.unwrap().found[0].kind, "role_grant", "an import changes no account");
}

#[test]
fn a_checkpoint_of_another_house_or_hand_is_told() {
    let (ours, theirs) = (Victim::new(), Victim::shared());
    let (_folder, path) = ours.copy();
    let keys = ours.keys.path().join("keys");
    let against = |note: &str| {
        let against = Some(note.to_owned());
        Victim::verify(&path, &keys, &VerifyRequest { against, ..VerifyRequest::default() })
    };
    assert!(against(&ours.early).ok);
    for (name, note) in [
        ("another house", theirs.early.clone()),
        ("a number changed", ours.early.replacen('\n', "\n1", 1)),
        ("no checkpoint", "a note\n".to_owned()),
    ] {
        assert!(!against(&note).ok, "{name}");
    }
    let rotated = ours.house.hub.rotate_keys(&Caller::console(), NOW).unwrap();
    let both = ours.house.hub.checkpoint(&Caller::console(), NOW).unwrap();
    let (_folder, path) = ours.copy();
    let check = Victim::verify(&path, &keys, &VerifyRequest::default());
    let signed = check.checkpoint.unwrap().signed_by;
    assert!(check.ok && signed.len() == 2 && signed[1] == rotated.id, "{signed:?}");
    assert_eq!(both.note.matches('\u{2014}').count(), 2);
}

/// Kinds that are found.
const KINDS: &[&str] = &[
    "verdict",
    "counter",
    "decision",
    "document",
    "ingest",
    "device_row",
    "fact",
    "person",
    "credential",
    "role_grant",
    "parsed_document",
];
