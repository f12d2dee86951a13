//! `ingest` and everything that reads what was kept.

use serde_json::Value;

use crate::harness::{Answer, Files, has_fields, regimen, some};

#[test]
fn ingest_takes_a_hospital_once() {
    let files = Files::of_a_hospital();
    let inputs = files.path("inputs");
    let first = files.on("data", &["ingest", &inputs, "--json"]).json();
    has_fields(&first, &["read", "accepted", "unchanged", "skipped", "by_type"]);
    assert_eq!(first["unchanged"], 0);
    for kind in ["capture", "csaf", "kev", "epss", "inventory"] {
        assert!(first["by_type"][kind].as_u64().unwrap_or(0) > 0, "{kind}");
    }
    let lists = |files: &Files| -> Vec<String> {
        LISTS.iter().map(|list| files.on("data", list).ended(0).out).collect()
    };
    let before = lists(&files);
    let again = files.on("data", &["ingest", &inputs, "--json"]).json();
    assert_eq!(again["accepted"], 0);
    assert_eq!(again["read"], first["read"]);
    assert!(lists(&files) == before, "the same content twice changes something");
}

#[test]
fn what_was_kept_can_be_listed_shown_and_explained() {
    let files = Files::of_a_hospital();
    files.on("data", &["ingest", &files.path("inputs")]);
    let ask = |arguments: &[&str]| files.on("data", &[arguments, &["--json"]].concat());
    let devices = ask(&["assets", "list"]).ended(0).json();
    let worst = some(&devices, "rows").iter().max_by_key(|row| row["affected"].as_u64()).unwrap();
    has_fields(worst, &["id", "name", "addresses", "affected", "unknown"]);
    let name = worst["name"].as_str().unwrap();
    let one = ask(&["assets", "show", name]).ended(0).json();
    assert_eq!(one["device"]["id"], worst["id"]);
    some(&one["device"], "facts");
    let software = ask(&["software", "list"]).ended(0).json();
    has_fields(&some(&software, "rows")[0], &["name", "version", "devices"]);
    let disclosures = ask(&["disclosures", "list"]).ended(0).json();
    let row = &some(&disclosures, "rows")[0];
    let shown = ask(&["disclosures", "show", row["id"].as_str().unwrap()]).ended(0).json();
    assert_eq!(shown["row"]["id"], row["id"], "{shown:.400}");
    let verdicts = ask(&["verdicts", "list", "--verdict", "affected"]).ended(0).json();
    assert!(verdicts.as_array().unwrap().iter().all(|row| row["verdict"] == "affected"));
    let why = ask(&["verdicts", "explain", name]).ended(0).json();
    for verdict in why.as_array().unwrap() {
        has_fields(verdict, &["asset", "disclosure", "vulnerability", "product", "verdict"]);
        some(verdict, "steps");
    }
    assert!(!why.as_array().unwrap().is_empty());
    let lines = files.on("data", &["assets", "list", "--jsonl"]).ended(0).out;
    assert_eq!(lines.lines().count(), some(&devices, "rows").len());
    for line in lines.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    let words = files.on("data", &["verdicts", "explain", name]).ended(0).out;
    assert!(words.contains("version") && words.contains("status"), "{words}");
    files.on("data", &["assets", "show", "no-such-device"]).ended(2);
    files.on("data", &["disclosures", "show", "NO-SUCH-1"]).ended(2);
}

#[test]
fn a_folder_of_good_and_bad_is_taken_in_as_far_as_it_goes() {
    let files = Files::of_a_hospital();
    let whole = files.read("inputs/hospital.pcap");
    std::fs::create_dir_all(files.path("mixed/below")).unwrap();
    files.write("mixed/cut.pcap", &whole[..100_001]);
    files.write("mixed/below/note.txt", b"a note");
    files.write("mixed/below/empty.pcap", b"");
    files.write("mixed/broken.json", b"{\"document\": {\"category\": \"csaf_base\",");
    files.write("mixed/kev.json", &files.read("inputs/kev.json"));
    files.write(
        "mixed/rows.csv",
        b"asset_id,maker,model\nGOOD-1,Acme,Pump\nBAD,too,many,cells\nGOOD-2,Acme,Pump\n",
    );
    let answer = files.on("data", &["ingest", &files.path("mixed"), "--json"]).ended(3);
    let summary = answer.json();
    for (place, said) in [
        ("cut.pcap", "the file ends inside this record"),
        ("note.txt", "no type that is read"),
        ("empty.pcap", "no type that is read"),
        ("broken.json", "not JSON"),
        ("rows.csv", "4 cells where the header has 3"),
    ] {
        let mut skips = some(&summary, "skipped").iter();
        let skip = skips.find(|skip| skip["path"].as_str().unwrap().ends_with(place));
        let skip = skip.unwrap_or_else(|| panic!("no skip of {place} in {summary:#}"));
        has_fields(skip, &["path", "where", "reason"]);
        assert!(skip["reason"].as_str().unwrap().contains(said), "{skip}");
        let told = answer.err.lines().find(|line| line.contains(place));
        assert!(told.is_some_and(|line| line.contains(said)), "{}", answer.err);
    }
    for device in ["GOOD-1", "GOOD-2"] {
        files.on("data", &["assets", "show", device]).ended(0);
    }
    files.on("data", &["assets", "show", "BAD"]).ended(2);
    let missing = files.on("data", &["ingest", "/no/such/place", "--json"]).ended(3).json();
    assert_eq!(some(&missing, "skipped")[0]["path"], "/no/such/place");
}

#[test]
fn a_changed_evidence_row_is_found() {
    let files = Files::of_a_hospital();
    files.on("data", &["ingest", &files.path("inputs")]);
    let verify = || files.on("data", &["evidence", "verify", "--json"]);
    let whole = verify().ended(0).json();
    assert_eq!(whole["ok"], true);
    assert!(whole["rows"].as_u64().unwrap() > 5);
    assert_eq!(whole["head"].as_str().unwrap().len(), 64);
    let database = rusqlite::Connection::open(files.path("data/regimen.db")).unwrap();
    let guarded = database.execute("UPDATE evidence SET actor = 'nobody'", []);
    assert!(guarded.is_err(), "the database itself refuses a change");
    let names = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'evidence'";
    let names: Vec<String> = {
        let mut found = database.prepare(names).unwrap();
        found.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for name in names {
        database.execute(&format!("DROP TRIGGER {name}"), []).unwrap();
    }
    let changed = database.execute("UPDATE evidence SET actor = 'nobody' WHERE number = 4", []);
    assert_eq!(changed.unwrap(), 1);
    drop(database);
    let tampered = verify().ended(4).json();
    assert_eq!(tampered["ok"], false);
    has_fields(&tampered["first_bad"], &["row", "reason"]);
    assert_eq!(tampered["first_bad"]["row"], 4);
}

#[test]
fn a_person_is_added_once_with_a_password_for_one_sign_in() {
    let files = Files::empty();
    let add = |role: &str| -> Answer {
        files.on("data", &["people", "add", "ada", "--role", role, "--json"])
    };
    files.on("data", &["people", "add", "ada", "--role", "emperor"]).ended(2);
    let made = add("analyst").ended(0).json();
    assert!(made["password"].as_str().unwrap().len() >= 12);
    assert!(add("viewer").ended(2).err.contains("ada"));
    let people = files.on("data", &["people", "list", "--json"]).ended(0);
    assert_eq!(people.json()[0]["role"], "analyst");
    assert!(!people.out.contains("hash") && !people.out.contains("argon2"), "{}", people.out);
    let reset = files.on("data", &["people", "reset", "ada", "--json"]).ended(0).json();
    assert_ne!(reset["password"], made["password"]);
}

#[test]
fn doctor_says_what_is_missing_and_how_to_mend_it() {
    let files = Files::of_a_hospital();
    let absent = files.on("data", &["doctor", "--json"]).ended(4).json();
    let check = |report: &Value, what: &str| {
        let mut checks = report.as_array().unwrap().iter();
        checks.find(|check| check["what"] == what).unwrap().clone()
    };
    assert_eq!(check(&absent, "store")["ok"], false);
    assert!(!std::path::Path::new(&files.path("data")).exists(), "looking makes nothing");
    files.on("data", &["ingest", &files.path("inputs/kev.json")]);
    let empty = files.on("data", &["doctor", "--json"]).ended(4).json();
    for what in ["captures", "inventory", "disclosures", "accounts"] {
        assert_eq!(check(&empty, what)["ok"], false, "{what}");
        assert!(check(&empty, what)["mend"].as_str().unwrap().contains("regimen"), "{what}");
    }
    files.on("data", &["ingest", &files.path("inputs")]);
    files.on("data", &["people", "add", "ada"]);
    files.on("data", &["evidence", "checkpoint"]).ended(0);
    let full = files.on("data", &["doctor", "--json", "--now", DAY_OF_DEMO]).json();
    let late = files.on("data", &["doctor", "--json", "--now", "2028-02-23T10:00:00Z"]);
    let late = late.ended(4).json();
    for what in ["exploited vulnerabilities", "exploit prediction", "captures", "checkpoints"] {
        assert_eq!(check(&late, what)["ok"], false, "{what} is old");
    }
    assert!(check(&late, "captures")["found"].as_str().unwrap().contains("days old"));
    for what in [
        "store",
        "database",
        "checkpoints",
        "keys",
        "exploited vulnerabilities",
        "pending decisions",
        "evidence chain",
        "captures",
        "inventory",
        "disclosures",
        "accounts",
    ] {
        assert_eq!(check(&full, what)["ok"], true, "{what}");
    }
}

#[test]
fn only_its_owner_can_look_into_the_data_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let files = Files::empty();
    files.on("data", &["people", "add", "ada"]).ended(0);
    let mode =
        |name: &str| std::fs::metadata(files.path(name)).unwrap().permissions().mode() & 0o077;
    assert_eq!((mode("data"), mode("data/regimen.db")), (0, 0));
}

/// Two runs at the same time of day leave the same evidence behind, and the same lists.
#[test]
fn a_demo_is_the_same_each_time() {
    let files = Files::empty();
    let run = |folder: &str| {
        let arguments = ["demo", "--devices", "20", "--no-serve", "--now", "2026-11-23T10:00:00Z"];
        files.on(folder, &arguments).ended(0);
        let store = format!("sqlite:{}", files.path(&format!("{folder}/demo/regimen.db")));
        let mut said = Vec::new();
        for list in LISTS {
            said.push(regimen(&[&["--store", store.as_str()], *list].concat()).ended(0).out);
        }
        // File names enter the chain under random salts, so each house has hashes of its own.
        let verify = ["--store", store.as_str(), "evidence", "verify", "--json"];
        said.push(regimen(&verify).ended(0).json()["rows"].to_string());
        said
    };
    let (first, second) = (run("one"), run("two"));
    assert!(first == second, "two demos differ: {:?} {:?}", first.last(), second.last());
}

/// A day on which the simulated hospital's data is new.
const DAY_OF_DEMO: &str = "2026-11-24T10:00:00Z";

/// Everything that is kept, as lists.
pub(crate) const LISTS: &[&[&str]] = &[
    &["assets", "list", "--limit", "500", "--json"],
    &["software", "list", "--limit", "500", "--json"],
    &["disclosures", "list", "--limit", "500", "--json"],
    &["verdicts", "list", "--limit", "500", "--json"],
];

/// A mistyped place is told; nothing is made there and nothing is said to hold.
#[test]
fn commands_that_read_make_no_store() {
    let files = Files::empty();
    for command in [
        &["evidence", "verify"][..],
        &["assets", "list"],
        &["disclosures", "list"],
        &["verdicts", "list"],
        &["verdicts", "cleared"],
        &["people", "list"],
        &["sources", "list"],
    ] {
        let answer = files.on("mistyped", command).ended(2);
        assert!(answer.err.contains("there is no store at"), "{command:?}: {}", answer.err);
        assert!(!std::path::Path::new(&files.path("mistyped")).exists(), "{command:?}");
    }
}

/// Many programs that start at once on a store that is not there yet.
#[test]
fn programs_may_make_a_store_at_once() {
    let files = Files::of_a_hospital();
    let kev = files.path("inputs/kev.json");
    std::thread::scope(|scope| {
        let run = || files.on("data", &["ingest", &kev]);
        let runs = [(); 4].map(|()| scope.spawn(run));
        for run in runs {
            run.join().unwrap().ended(0);
        }
    });
    let held = files.on("data", &["evidence", "verify", "--json"]).ended(0).json();
    assert_eq!(held["ok"], true);
}

/// What the caller got wrong is wrong use, whatever it is.
#[test]
fn wrong_use_ends_with_2() {
    let files = Files::of_a_hospital();
    files.on("data", &["ingest", &files.path("inputs/kev.json")]);
    let advisories = files.path("inputs/advisories");
    for command in [
        &["people", "add", "ada", "--role", "emperor"][..],
        &["people", "reset", "nobody"],
        &["assets", "show", "no-such-device"],
        &["verdicts", "explain", "no-such-device"],
        &["verdicts", "history", "no-such-device"],
        &["disclosures", "show", "NO-SUCH-1"],
        &["match", "--inventory", "/no/such/file", "--disclosures", &advisories],
        &["evidence", "verify", "--store", "mysql://a/b"],
        &["evidence", "verify", "--store", "sqlite:/no/such/store"],
    ] {
        let answer = files.on("data", command).ended(2);
        assert!(answer.err.starts_with("regimen: "), "{command:?}: {}", answer.err);
    }
}

/// What changed, for one device, in the form that outside tools read.
#[test]
fn the_history_of_verdicts_is_told() {
    let files = Files::of_a_hospital();
    files.on("data", &["ingest", &files.path("inputs")]);
    let rows = files.on("data", &["verdicts", "list", "--json"]).json();
    let asset = rows[0]["asset"].as_str().unwrap();
    let told = files.on("data", &["verdicts", "history", asset, "--json"]).ended(0).json();
    let told = told.as_array().unwrap();
    assert!(!told.is_empty());
    for row in told {
        has_fields(row, &["disclosure", "vulnerability", "from", "to", "at", "because"]);
    }
}
