//! Taking files in, once, twice, in any order, whole and broken.

use hub::{Caller, Grant, IngestRequest};
use model::Verdict;

use crate::house::{ALL, House, NOW, advisory, small_capture, small_inventory};

#[test]
fn the_same_content_twice_changes_nothing() {
    let house = House::new();
    let capture = house.write("a.pcap", small_capture());
    let inventory = house.write("cmms.csv", small_inventory());
    let document = house.write("a.json", advisory("A-1", 1, "<2.0"));
    let paths = [capture.as_path(), inventory.as_path(), document.as_path()];
    let first = house.ingest(&paths);
    let (devices, verdicts) = (house.devices(), house.verdicts());
    assert!(first.accepted > 10 && first.unchanged == 0, "{first:?}");
    assert!(devices.len() > 20);

    let second = house.ingest(&paths);
    assert_eq!((second.accepted, second.read - second.unchanged), (0, 0), "{second:?}");
    assert_eq!(house.devices(), devices);
    assert_eq!(house.verdicts(), verdicts);
}

#[test]
fn the_order_of_capture_and_inventory_does_not_matter() {
    let identities = |first: &str, second: &str| {
        let house = House::new();
        let capture = house.write("a.pcap", small_capture());
        let inventory = house.write("cmms.csv", small_inventory());
        for name in [first, second] {
            house.ingest(&[if name == "capture" { &capture } else { &inventory }]);
        }
        let mut rows: Vec<_> = house
            .devices()
            .into_iter()
            .map(|row| (row.asset_id, row.model, row.software_version, row.on_network))
            .collect();
        rows.sort();
        rows
    };
    assert_eq!(identities("capture", "inventory"), identities("inventory", "capture"));
}

#[test]
fn a_new_version_of_a_disclosure_decides_anew() {
    let house = House::new();
    let inventory = "asset_id,maker,model,firmware\nA1,Halden,Zephyra V5,2.4\n";
    house.ingest(&[&house.write("cmms.csv", inventory)]);
    let verdict = |house: &House| house.verdicts().first().map(|row| row.verdict);
    house.ingest(&[&house.write("1.json", advisory("A-1", 1, "<2.0"))]);
    assert_eq!(verdict(&house), Some(Verdict::NotAffected));
    house.ingest(&[&house.write("2.json", advisory("A-1", 2, "<3.0"))]);
    assert_eq!(verdict(&house), Some(Verdict::Affected), "version 2 names more");
    house.ingest(&[&house.write("late.json", advisory("A-1", 1, "<1.0"))]);
    assert_eq!(verdict(&house), Some(Verdict::Affected), "an old version does not come back");
}

#[test]
fn what_cannot_be_used_is_told_with_its_place() {
    let house = House::new();
    let whole = small_capture();
    let check = |name: &str, bytes: &[u8], place: &str, reason: &str, accepted: bool| {
        let summary = house.ingest(&[&house.write(name, bytes)]);
        let skip = summary.skipped.first().unwrap_or_else(|| panic!("{name}: nothing skipped"));
        assert!(skip.path.ends_with(name), "{name}: {skip:?}");
        assert!(skip.place.contains(place), "{name}: {skip:?}");
        assert!(skip.reason.contains(reason), "{name}: {skip:?}");
        assert_eq!(summary.accepted > 0, accepted, "{name}");
    };
    check("prose.txt", b"Dear colleague", "", "of no type that is read", false);
    check("empty.json", b"", "", "of no type that is read", false);
    check("cut.pcap", &whole[..whole.len() / 2], "", "", true);
    check("broken.json", b"{\"document\": {\"title\": \"x\"", "line", "", false);
    check("schema.json", b"{\"document\": {\"title\": \"x\"}}", "/document", "", false);
    check("long.csv", b"asset_id,maker\nA1,Halden,x\nA2,Halden\n", "row 2", "cells", true);
    let missing = house.ingest(&[std::path::Path::new("/nonexistent/file")]);
    assert_eq!(missing.skipped[0].reason, "there is no such file");
}

#[test]
fn what_columns_are_read_as_is_shown() {
    let house = House::new();
    let text = "Equipment ID,Vendor,Colour,Serial No.\nA1,Halden,blue,7\n";
    let path = house.write("cmms.csv", text);
    let want = "Equipment ID → asset id, Vendor → maker, Serial No. → serial; not used: Colour";
    for time in ["first", "second"] {
        let summary = house.ingest(&[&path]);
        let shown: Vec<String> = summary.columns.iter().map(ToString::to_string).collect();
        assert_eq!(shown, [want], "{time} time");
    }
}

#[test]
fn every_act_is_in_the_evidence_log() {
    let house = House::new();
    house.ingest(&[&house.write("cmms.csv", "asset_id,maker\nA1,Halden\n")]);
    house.ingest(&[&house.write("1.json", advisory("A-1", 1, "<2.0"))]);
    let check = house.hub.verify_evidence(&Caller::console()).unwrap();
    assert!(check.ok && check.rows == 4, "{check:?}");
    let rows = house.hub.evidence(&Caller::console(), ALL).unwrap().rows;
    let acts: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(acts, ["match", "ingest", "match", "ingest"], "newest first");
}

#[test]
fn a_role_may_take_in_only_what_is_its_own() {
    let house = House::new();
    let capture = house.write("a.pcap", small_capture());
    let inventory = house.write("cmms.csv", small_inventory());
    for (role, takes_inventory, takes_capture) in [
        (access::Role::Viewer, false, false),
        (access::Role::Biomed, true, false),
        (access::Role::Analyst, true, true),
    ] {
        let caller = Caller { grants: vec![Grant::everywhere(role)], ..Caller::console() };
        for (path, allowed) in [(&inventory, takes_inventory), (&capture, takes_capture)] {
            let request = IngestRequest { paths: vec![path.clone()], ..IngestRequest::default() };
            let done = house.hub.ingest(&caller, &request, NOW);
            assert_eq!(done.is_ok(), allowed, "{role} and {}: {done:?}", path.display());
        }
    }
}

#[test]
fn an_older_edition_does_not_replace_a_newer_one() {
    let house = House::new();
    let kev = |version: &str, cve: &str| {
        format!(
            r#"{{"title":"t","catalogVersion":"{version}","dateReleased":"2026-01-01T00:00:00Z",
            "count":1,"vulnerabilities":[{{"cveID":"{cve}","vendorProject":"Halden","product":"P",
            "vulnerabilityName":"n","dateAdded":"2026-01-01","shortDescription":"d",
            "requiredAction":"a","dueDate":"2026-01-04","notes":""}}]}}"#
        )
    };
    let newer = house.ingest(&[&house.write("new.json", kev("2026.02.01", "CVE-2099-00002"))]);
    assert_eq!((newer.accepted, newer.skipped.len()), (1, 0), "{newer:?}");
    let older = house.ingest(&[&house.write("old.json", kev("2026.01.01", "CVE-2099-00001"))]);
    assert_eq!(older.accepted, 0, "{older:?}");
    assert!(older.skipped[0].reason.contains("the newer `2026.02.01` is held"), "{older:?}");
}

/// Two inventories that disagree about a version: both are tried, and each is named where it stands.
#[test]
fn sources_that_disagree_make_a_question_with_their_places() {
    let house = House::new();
    let cmms = "asset_id,maker,model,serial,firmware\nA1,Halden,Zephyra V5,S77123,2.4\n";
    house.ingest(&[&house.write("cmms.csv", cmms)]);
    house.ingest(&[&house.write("a.json", advisory("A-1", 1, "<2.0"))]);
    let verdicts =
        |house: &House| house.verdicts().iter().map(|row| row.verdict).collect::<Vec<_>>();
    assert_eq!(verdicts(&house), [Verdict::NotAffected]);
    let scan = "Asset Tag,Manufacturer,Model,Serial Number,Software Version,Location\n\
                A1,Halden,Zephyra V5,S77123,1.5,Ward 3\n";
    house.ingest(&[&house.write("scan.csv", scan)]);
    assert_eq!(verdicts(&house), [Verdict::Unknown]);
    let device = house.devices().first().unwrap().id;
    let row = house.hub.device(&Caller::console(), device).unwrap().verdicts.remove(0);
    let question = row.question.unwrap().text;
    assert!(question.contains("`2.4`") && question.contains("`1.5`"), "{question}");
    for place in ["cmms.csv row 2, firmware", "scan.csv row 2, Software Version"] {
        let named = row
            .steps
            .iter()
            .any(|step| step.detail.starts_with("sources disagree") && step.source == place);
        assert!(named, "{place}: {:#?}", row.steps);
    }
    assert!(row.steps.iter().all(|step| !step.source.contains("facts of the device")));
}
