//! Nothing clears in silence, and no verdict vanishes: newer documents, newer engines, new records.

use hub::{Caller, Hub, HubError, IngestRequest};
use model::{Verdict, VerdictRow};
use store::records::VerdictFilter;
use testing::cases;

use crate::house::{ALL, House, NOW, advisory};

const INVENTORY: &str = "asset_id,maker,model,firmware\nA1,Halden,Zephyra V5,2.4\n";

/// A house with one device and the first version of a document, which says that it is affected.
fn house() -> House {
    let house = House::new();
    house.ingest(&[&house.write("cmms.csv", INVENTORY)]);
    house.ingest(&[&house.write("1.json", advisory("A-1", 1, "<3.0"))]);
    assert_eq!(short(&house), [("A-1".to_owned(), Verdict::Affected, None)]);
    house
}

/// Each verdict: document, answer, and whether what ended it is confirmed.
fn short(house: &House) -> Vec<(String, Verdict, Option<bool>)> {
    let one =
        |row: VerdictRow| (row.disclosure, row.verdict, row.ended.map(|ended| ended.confirmed));
    house.verdicts().into_iter().map(one).collect()
}

/// A version of the document that says nothing of the product any more.
fn silent(version: u32) -> String {
    advisory("A-1", version, "<3.0").replace("Zephyra V5", "Lumora 7")
}

fn withdrawn(version: u32) -> String {
    let summary = format!(r#""number":"{version}","summary":"x""#);
    let revoked = format!(r#""number":"{version}","summary":"Revoked advisory""#);
    advisory("A-1", version, "<3.0").replace(&summary, &revoked)
}

#[test]
#[rustfmt::skip]
fn what_a_newer_version_clears_waits_for_a_person() {
    use Verdict::{Affected, NotAffected, Unknown};
    for (name, second, before, after) in [
        ("another range",   advisory("A-1", 2, "<2.0"), (Unknown, Some(false)), (NotAffected, None)),
        ("product gone",    silent(2),                  (Unknown, Some(false)), (NotAffected, Some(true))),
        ("withdrawn",       withdrawn(2),               (Unknown, Some(false)), (NotAffected, Some(true))),
        ("still affected",  advisory("A-1", 2, "<4.0"), (Affected, None),       (Affected, None)),
    ] {
        let (house, caller) = (house(), Caller::console());
        house.ingest(&[&house.write("2.json", second)]);
        assert_eq!(short(&house), [("A-1".to_owned(), before.0, before.1)], "{name}");
        let held = house.hub.held_back(&caller).unwrap();
        let waits: Vec<_> = held.iter().map(|row| (row.version.as_str(), row.devices)).collect();
        let want = if before.1.is_some() { vec![("2", 1)] } else { vec![] };
        assert_eq!(waits, want, "{name}");
        let asked = house.hub.open_questions(&caller, 10).unwrap();
        assert_eq!(asked.len(), usize::from(before.1.is_some()), "{name}: one question");
        house.hub.confirm_clearing(&caller, "a-1", NOW).unwrap();
        assert_eq!(short(&house), [("A-1".to_owned(), after.0, after.1)], "{name}");
        assert_eq!(house.hub.held_back(&caller).unwrap(), [], "{name}");
        let again = house.hub.confirm_clearing(&caller, "A-1", NOW);
        assert!(matches!(again, Err(HubError::Invalid(_))), "{name}: once");
        let acts = house.hub.evidence(&caller, ALL).unwrap().rows;
        assert!(acts.iter().any(|row| row.action == "confirm_clearing"), "{name}");
    }
}

#[test]
fn a_first_load_never_asks_and_a_trusted_source_does_not_either() {
    let (first, caller) = (House::new(), Caller::console());
    first.ingest(&[&first.write("cmms.csv", INVENTORY)]);
    let both =
        [first.write("1.json", advisory("A-1", 1, "<3.0")), first.write("2.json", silent(2))];
    first.ingest(&[&both[0], &both[1]]);
    assert_eq!(short(&first), [("A-1".to_owned(), Verdict::NotAffected, Some(true))]);
    for (source, want) in [("mirror", Verdict::NotAffected), ("mail", Verdict::Unknown)] {
        let house = house();
        house.hub.trust(&caller, "https://psirt.example", Some("mirror"), NOW).unwrap();
        let paths = vec![house.write("2.json", advisory("A-1", 2, "<2.0"))];
        let request =
            IngestRequest { paths, source: source.to_owned(), ..IngestRequest::default() };
        house.hub.ingest(&caller, &request, NOW).unwrap();
        assert_eq!(house.verdicts()[0].verdict, want, "{source}");
    }
    let house = house();
    house.ingest(&[&house.write("2.json", advisory("A-1", 2, "<2.0"))]);
    house.hub.trust(&caller, "https://psirt.example", None, NOW).unwrap();
    assert_eq!(house.verdicts()[0].verdict, Verdict::NotAffected, "trust accepts what waits");
    house.hub.untrust(&caller, "https://psirt.example", None, NOW).unwrap();
    assert_eq!(house.verdicts()[0].verdict, Verdict::NotAffected, "and that stays");
    let again = house.hub.untrust(&caller, "https://psirt.example", None, NOW);
    assert!(matches!(again, Err(HubError::NotFound { .. })));
}

/// A device that is new when a version waits is not cleared by it either.
#[test]
fn a_device_that_comes_later_waits_too() {
    let house = house();
    house.ingest(&[&house.write("2.json", advisory("A-1", 2, "<2.0"))]);
    let more = format!("{INVENTORY}A2,Halden,Zephyra V5,2.5\n");
    house.ingest(&[&house.write("cmms.csv", more)]);
    let all = house.verdicts();
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|row| row.verdict == Verdict::Unknown), "{all:?}");
}

#[test]
fn other_bytes_under_one_version_are_told_and_both_are_kept() {
    let (house, caller) = (house(), Caller::console());
    let other = advisory("A-1", 1, "<2.0");
    let summary = house.ingest(&[&house.write("again.json", other)]);
    assert_eq!(summary.warnings.len(), 1, "{:?}", summary.warnings);
    let detail = house.hub.disclosure(&caller, "A-1", ALL).unwrap();
    assert_eq!(detail.versions.len(), 2);
    assert!(detail.warnings.iter().any(|text| text.contains("other bytes")));
    assert_eq!(house.verdicts()[0].verdict, Verdict::Unknown, "and it clears nobody by itself");
}

#[test]
fn two_publishers_with_one_tracking_id_stay_apart() {
    let (house, caller) = (house(), Caller::console());
    let other = advisory("A-1", 7, "<2.0").replace("psirt.example", "other.example");
    house.ingest(&[&house.write("other.json", other)]);
    let mut of: Vec<_> =
        house.verdicts().into_iter().map(|row| (row.disclosure_namespace, row.verdict)).collect();
    of.sort();
    let want = [
        ("https://other.example".to_owned(), Verdict::NotAffected),
        ("https://psirt.example".to_owned(), Verdict::Affected),
    ];
    assert_eq!(of, want);
    let both = house.hub.disclosure(&caller, "A-1", ALL);
    assert!(matches!(both, Err(HubError::Ambiguous { keys, .. }) if keys.len() == 2));
    let one = house.hub.disclosure(&caller, "https://other.example#A-1", ALL).unwrap();
    assert_eq!((one.row.version.as_str(), one.row.devices.not_affected), ("7", 1));
    let filter = VerdictFilter {
        disclosure: Some("https://psirt.example#A-1".to_owned()),
        ..VerdictFilter::default()
    };
    assert_eq!(house.hub.verdicts(&caller, &filter, ALL).unwrap().total, 1);
}

/// The record changed: no document did, so nothing waits, but it is told as what it is.
#[test]
fn a_record_that_changes_is_told_as_the_cause() {
    let (house, caller) = (house(), Caller::console());
    house.ingest(&[&house.write("cmms.csv", INVENTORY.replace("2.4", "3.0"))]);
    assert_eq!(house.verdicts()[0].verdict, Verdict::NotAffected);
    let cleared = house.hub.cleared(&caller, NOW, 10).unwrap();
    assert_eq!(cleared.len(), 1);
    assert!(cleared[0].decision.because.contains("record"), "{cleared:?}");
    let told = house.hub.decisions(&caller, house.devices()[0].id).unwrap();
    let changes: Vec<_> = told.iter().map(|row| (row.from, row.to)).collect();
    let (affected, clear) = (Some(Verdict::Affected), Some(Verdict::NotAffected));
    assert_eq!(changes, [(None, affected), (affected, clear)]);
}

/// Makes the store look as if an engine had decided that the device is affected by a document that
/// says nothing of it.
fn decided_by_an_engine_that_erred(house: &House) {
    let store = store::Store::open(&house.url()).unwrap();
    let mut wrong = house.verdicts().remove(0);
    wrong.asset = String::new();
    wrong.decided_at = None;
    "CVE-2099-09999".clone_into(&mut wrong.vulnerability);
    let stamp = store::records::Stamp { generation: 1, engine: "an engine that erred".to_owned() };
    let all = store.read(|tx| tx.configurations()).unwrap();
    let key = all[0].key.clone();
    let decided =
        store::records::ConfigurationVerdicts { key, rows: vec![wrong], ..Default::default() };
    let write = store::records::Clearing::Write;
    let done = store.write(|tx| tx.decide(&[decided], &stamp, NOW, "erred", write).map(drop));
    done.map_err(|error: store::StoreError| error).unwrap();
}

#[test]
fn a_newer_engine_that_clears_much_waits_for_a_person() {
    let (house, caller) = (house(), Caller::console());
    decided_by_an_engine_that_erred(&house);
    let newer = Hub::open(&house.url()).unwrap();
    newer.decide(&caller, "an upgrade", NOW).unwrap();
    let waits = newer.engine_waits(&caller).unwrap().unwrap();
    assert_eq!((waits.affected, waits.cleared), (1, 1));
    let affected = |hub: &Hub| {
        let rows = hub.verdicts(&caller, &VerdictFilter::default(), ALL).unwrap().rows;
        rows.iter().filter(|row| row.row.verdict == Verdict::Affected).count()
    };
    assert_eq!(affected(&newer), 2, "what was affected stays, and what is new is there");
    newer.decide(&caller, "again", NOW).unwrap();
    assert_eq!(affected(&newer), 2);
    house.ingest(&[&house.write("more.json", advisory("A-2", 1, "<1.0"))]);
    assert_eq!(affected(&newer), 2, "another document does not end the waiting");
    newer.confirm_engine(&caller, NOW).unwrap();
    assert_eq!((affected(&newer), newer.engine_waits(&caller).unwrap()), (1, None));
    let cleared = newer.cleared(&caller, NOW, 10).unwrap();
    assert!(cleared.iter().any(|row| row.decision.vulnerability == "CVE-2099-09999"));
}

#[test]
fn a_draft_after_the_final_version_clears_nobody() {
    let Some(folder) = cases("draft-after-the-final-version") else { return };
    let house = House::new();
    for file in ["inv.csv", "1.json", "2.json"] {
        house.ingest(&[&folder.join(file)]);
    }
    let all = house.verdicts();
    assert!(!all.is_empty() && all.iter().all(|row| row.verdict == Verdict::Affected), "{all:?}");
}
