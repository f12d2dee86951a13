//! What was removed is gone, to the last byte, and the chain still holds and says so.

use std::path::Path;

use hub::{Caller, Hub, HubError, Redacted, Together, VerifyRequest};
use model::Timestamp;
use store::StoreUrl;

use crate::house::{ALL, House, NOW, advisory};

/// Every file of the house but those that were given to it.
fn bytes_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let files = entries.filter(|entry| entry.path().is_file());
    files
        .map(|entry| {
            (entry.file_name().display().to_string(), std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    let folded = bytes.to_ascii_lowercase();
    folded.windows(text.len()).any(|window| window == text.to_ascii_lowercase().as_bytes())
}

const WHY: &str = "a patient's name slipped in";

/// Long enough after the proposal for one who decides alone.
const LATER: Timestamp = NOW.plus_seconds(2 * 86_400);

/// Proposes a removal and carries it out when its time has come.
fn removed(hub: &Hub, text: &str) -> Redacted {
    let caller = Caller::console();
    let proposed = hub.redact(&caller, text, WHY, NOW).unwrap();
    assert!(matches!(proposed, Together::Waiting(_)), "{proposed:?}");
    match hub.redact(&caller, text, WHY, LATER).unwrap() {
        Together::Done(done) => done,
        Together::Waiting(waiting) => panic!("{waiting}"),
    }
}

#[test]
fn what_was_removed_is_in_no_byte_and_the_chain_says_so() {
    const NAME: &str = "Erika Mustermann";
    let mut house = House::new();
    let keys = tempfile::tempdir().unwrap();
    house.hub = house.hub.clone().with_keys(&keys.path().join("keys"));
    let caller = Caller::console();
    let inventory = "asset_id,maker,model,location,remark\nA1,Halden,Zephyra V5,Ward 7,\
         bed of ERIKA MUSTERMANN\nA2,Erika Mustermann GmbH,X,Ward 8,\n";
    house.ingest(&[&house.write("Erika Mustermann 1971.csv", inventory)]);
    let document = advisory("A-1", 1, "<2.0").replace("\"Pump\"", "\"Pump of Erika Mustermann\"");
    house.ingest(&[&house.write("1.json", document)]);
    house.ingest(&[&house.write("erika mustermann.json", "{\"document\": {}}")]);
    house.ingest(&[&house.write("2.json", advisory("A-2", 1, "<2.0"))]);
    house.hub.checkpoint(&caller, NOW).unwrap();
    let folder = house.folder();
    assert!(bytes_of(folder).iter().any(|(_, bytes)| holds(bytes, NAME)), "it is there at first");

    for (text, reason) in [("Eri", "short"), (NAME, ""), (NAME, "erika mustermann must go")] {
        assert!(house.hub.redact(&caller, text, reason, NOW).is_err(), "{text} {reason}");
    }
    let grants = vec![access::Grant::everywhere(access::Role::Analyst)];
    let analyst = Caller { grants, ..Caller::console() };
    assert!(house.hub.redact(&analyst, NAME, WHY, NOW).is_err());
    let done = removed(&house.hub, "erika MUSTERMANN");
    assert!(done.removed.digests.len() >= 3, "{done:?}");
    let again = house.hub.redact(&caller, NAME, WHY, LATER).unwrap();
    assert!(matches!(again, Together::Waiting(_)), "a new proposal");
    let again = house.hub.redact(&caller, NAME, WHY, LATER.plus_seconds(2 * 86_400));
    assert!(matches!(again, Err(HubError::NotFound { .. })), "nothing is left: {again:?}");

    for (name, bytes) in bytes_of(folder) {
        assert!(!holds(&bytes, NAME) && !holds(&bytes, "Mustermann"), "{name}");
    }
    let backup = folder.join("later.db");
    assert!(house.hub.back_up(&caller, &backup).unwrap().ok);
    assert!(!holds(&std::fs::read(&backup).unwrap(), NAME));
    let shown = [
        serde_json::to_string(&house.hub.evidence(&caller, ALL).unwrap()).unwrap(),
        serde_json::to_string(&house.hub.ingests(&caller, ALL).unwrap()).unwrap(),
        serde_json::to_string(&house.devices()).unwrap(),
        serde_json::to_string(&house.hub.device_facets(&caller).unwrap()).unwrap(),
        serde_json::to_string(&house.hub.sources(&caller).unwrap()).unwrap(),
    ];
    for list in &shown {
        assert!(!holds(list.as_bytes(), NAME), "{list}");
    }

    let deep = VerifyRequest { deep: true, ..VerifyRequest::default() };
    let check = house.hub.verify_evidence_as(&caller, &deep).unwrap();
    assert!(check.ok, "{check:#?}");
    let told = house.hub.evidence(&caller, ALL).unwrap().rows;
    let row = told.iter().find(|row| row.action == "redact").unwrap();
    assert_eq!(row.actor, caller.name);
    assert!(row.spelled(&row.details.to_string()).contains(WHY));
    let removed = told.iter().filter(|row| row.words.values().any(Option::is_none)).count();
    assert!(removed >= 2, "rows that lost a text say so");
    assert!(told.iter().any(|row| row.shown_subject() == "2.json"), "the rest is as it was");
}

/// Before texts had digests they stood in the chain itself: the row keeps its hash and loses its
/// content, which the row of the removal explains.
#[test]
fn a_row_of_evidence_that_holds_it_in_clear_is_emptied_and_explained() {
    let house = House::new();
    let caller = Caller::console();
    house.ingest(&[&house.write("a.csv", "asset_id,maker\nA1,Halden\n")]);
    let store = store::Store::open(&house.url()).unwrap();
    let old = |subject: &str| {
        let details = serde_json::json!({ "type": "x" });
        store.write(|tx| tx.append_evidence(NOW, "console", "match", subject, &details)).unwrap();
    };
    old("Erika Mustermann.pcap");
    old("other.pcap");
    let done = removed(&house.hub, "Erika Mustermann");
    assert_eq!(done.removed.rows.len(), 1, "{done:?}");
    let check = house.hub.verify_evidence(&caller).unwrap();
    assert!(check.ok, "{check:?}");
    let told = check.warnings.iter().find(|one| one.row == done.removed.rows[0].number).unwrap();
    assert!(told.reason.contains("console removed its content"), "{told:?}");
    for (name, bytes) in bytes_of(house.folder()) {
        assert!(!holds(&bytes, "Mustermann"), "{name}");
    }
    let raw = rusqlite::Connection::open(house.folder().join(store::FILE_NAME)).unwrap();
    let guarded = raw.execute("UPDATE evidence SET actor = 'eve'", []);
    assert!(guarded.is_err(), "the guards are back");
    drop(Hub::open_to_read(&StoreUrl::in_folder(house.folder())).unwrap());
}
