//! Devices of several sites: what belongs to the organization moves, what belongs to a site stays.

use hub::{Caller, IngestRequest, IngestSummary};
use model::{Source, Timestamp};
use store::records::{DeviceFilter, DeviceOrder, DeviceRow, DeviceVerdict, VerdictFilter};

use crate::house::{ALL, House};

const HEADINGS: &str = "asset_id,maker,model,serial,mac,ip,location\n";

fn day(number: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_000_000 + number * 86_400)
}

impl House {
    fn at(&self, site: &str, number: i64, rows: &str) -> IngestSummary {
        let path = self.write(&format!("{site}-{number}.csv"), format!("{HEADINGS}{rows}"));
        let request =
            IngestRequest { paths: vec![path], site: site.to_owned(), ..IngestRequest::default() };
        self.hub.ingest(&Caller::console(), &request, day(number)).unwrap()
    }

    fn as_of(&self, as_of: Option<Timestamp>) -> Vec<String> {
        let filter = DeviceFilter { as_of, ..DeviceFilter::default() };
        let order = DeviceOrder::Name;
        let found = self.hub.devices(&Caller::console(), &filter, order, ALL).unwrap();
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "?".to_owned());
        let said = |row: &DeviceRow| {
            format!("{} {} {} {}", row.name, row.site, text(&row.model), text(&row.location))
        };
        let mut all: Vec<String> = found.rows.iter().map(said).collect();
        all.sort();
        assert_eq!(found.total as usize, all.len());
        all
    }
}

const A1: &str = "A1,Halden,P7,S1,00:11:22:00:00:01,10.0.0.1,Ward 1\n";
const A2: &str = "A2,Halden,P7,S2,00:11:22:00:00:02,10.0.0.2,Ward 2\n";

#[test]
fn a_device_that_left_its_site_has_moved() {
    let check = |name: &str, row: &str| {
        let house = House::new();
        house.at("north", 0, &format!("{A1}{A2}"));
        house.at("north", 1, A2);
        let request = IngestRequest {
            paths: vec![house.write("rest.csv", format!("{HEADINGS}{A2}"))],
            site: "north".to_owned(),
            partial: Some(false),
            ..IngestRequest::default()
        };
        house.hub.ingest(&Caller::console(), &request, day(2)).unwrap();
        let told = house.at("south", 3, row).skipped;
        assert_eq!(told, [], "{name}");
        let devices = house.devices();
        let sites: Vec<&str> = devices.iter().map(|row| row.site.as_str()).collect();
        assert_eq!((devices.len(), sites), (2, vec!["south", "north"]), "{name}: {devices:?}");
        let history = house.hub.device_history(&Caller::console(), devices[0].id).unwrap();
        let moved = history.changes.iter().find(|row| row.attribute == "site").unwrap();
        assert_eq!((moved.before.as_str(), moved.after.as_str()), ("north", "south"), "{name}");
        assert_eq!(moved.at, day(3), "{name}");
    };
    check("by its key", "A1,,,,,,\n");
    check("by its serial number", ",Halden,P7,S1,,,\n");
    check("by its link address", ",,,,00-11-22-00-00-01,,\n");
}

#[test]
fn a_device_at_two_sites_at_once_is_a_question() {
    let house = House::new();
    house.at("north", 0, A1);
    let told = house.at("south", 1, A1).skipped;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].reason.contains("are they two devices"), "{told:?}");
    assert_eq!(house.as_of(None), ["A1 north P7 Ward 1", "A1 south P7 Ward 1"]);
    let again = house.at("south", 2, &A1.replace("P7", "P8")).skipped;
    assert_eq!(again, [], "each site finds its own from then on");
    assert_eq!(house.as_of(None), ["A1 north P7 Ward 1", "A1 south P8 Ward 1"]);
    let north = house.devices().into_iter().find(|row| row.site == "north").unwrap();
    let history = house.hub.device_history(&Caller::console(), north.id).unwrap().changes;
    assert!(history.iter().any(|row| row.attribute == "also_at" && row.after == "south"));
}

#[test]
fn equal_addresses_at_two_sites_are_two_devices() {
    let house = House::new();
    house.at("north", 0, ",Halden,P7,,,10.0.0.1,Ward 1\n");
    house.at("south", 1, ",Norrvik,F3,,,10.0.0.1,Ward 9\n");
    let models: Vec<String> =
        house.devices().into_iter().map(|row| row.model.unwrap_or_default()).collect();
    assert_eq!(models.len(), 2, "{models:?}");
}

#[test]
fn what_was_can_be_listed_again() {
    let house = House::new();
    house.at("", 0, A1);
    house.at("", 2, &A1.replace("P7", "P8"));
    house.at("", 4, &format!("{}{A2}", A1.replace("P7", "P8").replace("Ward 1", "Ward 5")));
    for (name, when, want) in [
        ("before anything", Some(day(-1)), vec![]),
        ("as it came", Some(day(1)), vec!["A1  P7 Ward 1"]),
        ("another model", Some(day(3)), vec!["A1  P8 Ward 1"]),
        ("as the last change is written", Some(day(4)), vec!["A1  P8 Ward 5", "A2  P7 Ward 2"]),
        ("now", None, vec!["A1  P8 Ward 5", "A2  P7 Ward 2"]),
    ] {
        assert_eq!(house.as_of(when), want, "{name}");
    }
    let filter = DeviceFilter {
        as_of: Some(day(1)),
        text: Some("halden".to_owned()),
        maker: Some("Halden".to_owned()),
        ..DeviceFilter::default()
    };
    let found = house.hub.devices(&Caller::console(), &filter, DeviceOrder::Exposure, ALL);
    assert_eq!(found.unwrap().total, 1, "with filters");
}

/// Two captures of one name are two sources, told apart by their content.
#[test]
fn two_captures_of_one_name_stay_apart() {
    let house = House::new();
    let capture = |seed: u64, folder: &str| {
        let plan = simulate::Plan { devices: 20, seed, ..simulate::Plan::default() };
        let mut bytes = simulate::pcap_header();
        for (time, frame) in simulate::Hospital::build(&plan).frames() {
            simulate::pcap_record(time, &frame, &mut bytes);
        }
        house.write(&format!("{folder}/ward.pcap"), bytes)
    };
    let (first, second) = (capture(1, "a"), capture(2, "b"));
    house.ingest(&[&first, &second]);
    let page = ALL;
    let ingests = house.hub.ingests(&Caller::console(), page).unwrap().rows;
    assert_eq!(ingests.iter().filter(|row| row.name == "ward.pcap").count(), 2);
    let mut hashes = std::collections::BTreeSet::new();
    for row in house.devices() {
        let device = house.hub.device(&Caller::console(), row.id).unwrap().device;
        for fact in device.facts.iter().filter(|fact| matches!(fact.source, Source::Wire { .. })) {
            let id = fact.source.id().unwrap();
            assert!(ingests.iter().any(|row| row.content_hash == id.content_hash), "{fact:?}");
            hashes.insert(id.content_hash.clone());
        }
    }
    assert_eq!(hashes.len(), 2, "each fact names the capture that it was seen in");
}

#[test]
fn verdicts_and_software_of_then_can_be_listed_again() {
    let house = House::new();
    let take = |number: i64, name: &str, text: String| {
        let request =
            IngestRequest { paths: vec![house.write(name, text)], ..IngestRequest::default() };
        house.hub.ingest(&Caller::console(), &request, day(number)).unwrap()
    };
    let pump = |version: &str| {
        format!("asset_id,maker,model,software_version\nA1,Halden,Zephyra V5,{version}\n")
    };
    take(0, "a.csv", pump("1.5"));
    take(2, "b.json", crate::house::advisory("EX-1", 1, "<2.0"));
    take(4, "c.csv", pump("2.5"));
    let verdicts = |as_of: Option<Timestamp>| -> Vec<String> {
        let filter = VerdictFilter { as_of, ..VerdictFilter::default() };
        let found = house.hub.verdicts(&Caller::console(), &filter, ALL).unwrap();
        assert_eq!(found.total as usize, found.rows.len());
        let said = |row: &DeviceVerdict| format!("{} {}", row.name, row.row.verdict.name());
        found.rows.iter().map(said).collect()
    };
    for (name, when, want) in [
        ("before the disclosure", Some(1), vec![]),
        ("the version of then", Some(3), vec!["A1 affected"]),
        ("after the update", Some(5), vec!["A1 not_affected"]),
        ("now", None, vec!["A1 not_affected"]),
    ] {
        assert_eq!(verdicts(when.map(day)), want, "{name}");
    }
    let affected = |as_of: Option<i64>| {
        let filter = DeviceFilter { as_of: as_of.map(day), ..DeviceFilter::default() };
        let order = DeviceOrder::Exposure;
        house.hub.devices(&Caller::console(), &filter, order, ALL).unwrap().rows[0].affected
    };
    assert_eq!(
        [affected(Some(1)), affected(Some(3)), affected(Some(5)), affected(None)],
        [0, 1, 0, 0]
    );
}
