//! Nothing is stale in silence: after a kill, and after an upgrade of the engine.

use hub::{Caller, Hub};
use model::{DisclosureKey, Verdict};
use store::records::NewDisclosure;
use store::{Store, StoreError};

use crate::house::{House, NOW, advisory};

const INVENTORY: &str = "asset_id,maker,model,firmware\nA1,Halden,Zephyra V5,2.4\n";

fn house() -> House {
    let house = House::new();
    house.ingest(&[&house.write("cmms.csv", INVENTORY)]);
    house.ingest(&[&house.write("1.json", advisory("A-1", 1, "<3.0"))]);
    house
}

#[test]
fn another_engine_decides_everything_anew_once() {
    let house = house();
    let (caller, before) = (Caller::console(), house.verdicts());
    assert_eq!(house.hub.pending(&caller).unwrap(), 0);
    let newer = Hub::open_with_engine(&house.url(), "a newer engine").unwrap();
    assert_eq!(newer.pending(&caller).unwrap(), 1, "what an older engine decided is stale");
    let done = newer.decide(&caller, "an upgrade", NOW).unwrap();
    assert_eq!((done.configurations, done.changes), (1, 0), "the same verdicts are no changes");
    assert_eq!(newer.pending(&caller).unwrap(), 0);
    assert_eq!(newer.decide(&caller, "again", NOW).unwrap().configurations, 0);
    assert_eq!(house.verdicts(), before);
}

/// What a kill between the documents' commit and the matching leaves behind.
fn leave_undecided(house: &House, document: &str) {
    let raw = document.as_bytes().to_vec();
    let read = vulnerability::csaf::read(&raw).unwrap().document;
    let new = NewDisclosure {
        key: DisclosureKey::new("https://psirt.example", "A-1"),
        status: "final".to_owned(),
        source: String::new(),
        publisher: "Example".to_owned(),
        title: "Pump".to_owned(),
        version: "1".to_owned(),
        released: None,
        updated: None,
        vulnerabilities: Vec::new(),
        score: None,
        search_text: String::new(),
        engine: vulnerability::ENGINE.to_owned(),
        content_hash: read.summary.content_hash.clone(),
        document: serde_json::to_value(&read).unwrap(),
        warnings: Vec::new(),
        raw,
    };
    let store = Store::open(&house.url()).unwrap();
    store
        .write(|tx| tx.put_disclosure(&new, NOW, true).map(drop))
        .map_err(|e: StoreError| e)
        .unwrap();
}

#[test]
fn what_a_killed_ingest_left_undecided_is_pending_and_decided_by_the_next() {
    let house = House::new();
    house.ingest(&[&house.write("cmms.csv", INVENTORY)]);
    let (caller, document) = (Caller::console(), advisory("A-1", 1, "<3.0"));
    leave_undecided(&house, &document);
    assert_eq!(house.hub.pending(&caller).unwrap(), 1, "no verdict yet, and it is told");
    let summary = house.ingest(&[&house.write("1.json", &document)]);
    assert_eq!((summary.accepted, summary.unchanged), (0, 1));
    assert_eq!(house.verdicts().first().map(|row| row.verdict), Some(Verdict::Affected));
    assert_eq!(house.hub.pending(&caller).unwrap(), 0);
}

#[test]
fn every_change_of_a_verdict_is_told() {
    let house = house();
    let caller = Caller::console();
    house.hub.trust(&caller, "https://psirt.example", None, NOW).unwrap();
    house.ingest(&[&house.write("2.json", advisory("A-1", 2, "<2.0"))]);
    let told = house.hub.decisions(&caller, house.devices()[0].id).unwrap();
    let changes: Vec<_> = told.iter().map(|row| (row.from, row.to)).collect();
    let want =
        [(None, Some(Verdict::Affected)), (Some(Verdict::Affected), Some(Verdict::NotAffected))];
    assert_eq!(changes, want);
    assert_eq!(told[1].because, "version 2 of the document follows version 1");
    let cleared = house.hub.cleared(&caller, NOW, 10).unwrap();
    assert_eq!(cleared.len(), 1);
    assert_eq!(cleared[0].decision, told[1]);
    assert!(house.verdicts()[0].decided_at.is_some());
}
