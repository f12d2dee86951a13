//! Inventories as streams: the newest export of each decides, and none speaks for another.

use hub::{Caller, IngestRequest, IngestSummary};
use model::Timestamp;
use store::records::StreamRow;

use crate::house::{House, NOW};

const HEADINGS: &str = "asset_id,maker,model,serial,software_version,location\n";

fn day(number: u32) -> Timestamp {
    Timestamp::from_seconds(1_795_000_000 + i64::from(number) * 86_400)
}

impl House {
    /// Takes an export in on a day, under a name of its own.
    fn export(&self, at: u32, source: &str, partial: Option<bool>, text: &str) -> IngestSummary {
        self.export_at("", at, source, partial, text)
    }

    fn export_at(
        &self,
        site: &str,
        at: u32,
        source: &str,
        partial: Option<bool>,
        text: &str,
    ) -> IngestSummary {
        let path = self.write(&format!("export-{at}.csv"), text);
        let request = IngestRequest {
            paths: vec![path],
            site: site.to_owned(),
            source: source.to_owned(),
            partial,
            ..IngestRequest::default()
        };
        self.hub.ingest(&Caller::console(), &request, day(at)).unwrap()
    }

    fn sources(&self) -> Vec<StreamRow> {
        self.hub.sources(&Caller::console()).unwrap()
    }

    /// Version and location of each device by its key.
    fn says(&self) -> Vec<String> {
        let text = |value: Option<String>| value.unwrap_or_else(|| "?".to_owned());
        let mut all: Vec<String> = self
            .devices()
            .into_iter()
            .map(|row| {
                let (version, place) = (text(row.software_version), text(row.location));
                format!("{} {version} {place}", text(row.asset_id))
            })
            .collect();
        all.sort();
        all
    }
}

#[test]
fn the_newest_export_decides() {
    let check = |name: &str, exports: &[&str], want: &[&str]| {
        let house = House::new();
        for (at, rows) in (0..).zip(exports) {
            house.export(at, "", None, &format!("{HEADINGS}{rows}"));
        }
        assert_eq!(house.says(), want, "{name}");
        assert_eq!(house.sources().len(), 1, "{name}: one stream");
    };
    let (old, new) = ("A1,Halden,P7,S1001,1.0,Ward 1\n", "A1,Halden,P7,S1001,2.5,Ward 9\n");
    check("a change", &[old, new], &["A1 2.5 Ward 9"]);
    check("back to an earlier export", &[old, new, old], &["A1 1.0 Ward 1"]);
    check("an emptied cell", &[old, "A1,Halden,P7,S1001,,\n"], &["A1 ? ?"]);
    check("a corrected key", &[old, "A9,Halden,P7,S1001,1.0,Ward 1\n"], &["A9 1.0 Ward 1"]);
    let stranger = "A9,Halden,Other,S1001,1.0,Ward 1\n";
    check("another model is another device", &[old, stranger], &["A1 1.0 Ward 1", "A9 1.0 Ward 1"]);
    let both = format!("{old}A9,Halden,P7,S1001,1.0,Ward 1\n");
    let two = ["A1 1.0 Ward 1", "A9 1.0 Ward 1"];
    check("two keys at once are two devices", &[old, both.as_str()], &two);
}

#[test]
fn streams_do_not_retract_each_other() {
    let house = House::new();
    let cmms = |version: &str| format!("{HEADINGS}A1,Halden,P7,S1001,{version},Ward 1\n");
    let network = |port: &str| format!("asset_id,hostname,IP,Port\nA1,pump-1,10.0.0.7,{port}\n");
    house.export(0, "", None, &cmms("1.0"));
    house.export(1, "", None, &network("3"));
    house.export(2, "", None, &cmms("1.1"));
    house.export(3, "", None, &network("4"));
    assert_eq!(house.says(), ["A1 1.1 Ward 1"]);
    let row = house.devices().remove(0);
    assert_eq!(row.name, "pump-1", "the network's name stays");
    let names: Vec<String> = house.sources().into_iter().map(|one| one.now.name).collect();
    assert_eq!(names, ["export-0.csv", "export-1.csv"], "one stream for each set of headings");
    house.export(4, "", None, "asset_id,hostname,IP,Port\nA1,,,\n");
    assert_eq!(house.says(), ["A1 1.1 Ward 1"], "nor does an emptied row");
    assert_eq!(house.devices().remove(0).name, "A1");
}

#[test]
fn a_row_that_is_gone_is_no_longer_listed() {
    let rows = |count: usize| {
        let row = |n: usize| format!("A{n},Halden,P7,S100{n},1.0,Ward\n");
        format!("{HEADINGS}{}", (0..count).map(row).collect::<String>())
    };
    let check = |name: &str, count: usize, partial: Option<bool>, gone: u64, held: bool| {
        let house = House::new();
        house.export(0, "", None, &rows(10));
        let told = house.export(1, "", partial, &rows(count)).skipped;
        let stream = house.sources().remove(0);
        assert_eq!((stream.gone, stream.listed), (gone, 10 - gone), "{name}");
        assert_eq!((stream.now.pending, !told.is_empty()), (held, held), "{name}: {told:?}");
        assert_eq!(house.devices().len(), 10, "{name}: no device is lost");
        house.export(2, "", None, &rows(10));
        assert_eq!(house.sources().remove(0).gone, 0, "{name}: listed again");
    };
    check("a fifth", 8, None, 2, false);
    check("more than a fifth", 7, None, 0, true);
    check("more than a fifth, all of it", 7, Some(false), 3, false);
    check("more than a fifth, a part", 7, Some(true), 0, false);

    let house = House::new();
    house.export(0, "", None, &rows(10));
    house.export(1, "", None, &rows(5));
    let again = house.export(1, "", None, &rows(5));
    assert!(again.unchanged == 5 && again.skipped.len() == 1, "asks again: {again:?}");
    house.export(1, "", Some(false), &rows(5));
    assert_eq!(house.sources().remove(0).gone, 5, "the answer decides the same file");
    let listed = |key: &str| {
        let row = house.devices().into_iter().find(|row| row.asset_id.as_deref() == Some(key));
        let detail = house.hub.device(&Caller::console(), row.unwrap().id).unwrap();
        detail.unlisted_since
    };
    assert_eq!((listed("A1"), listed("A9")), (None, Some(day(1))));
}

#[test]
fn what_was_not_used_is_told_each_time() {
    let house = House::new();
    let text = "asset_id,mac\nA1,pump\nA1,00:11:22:33:44:55\n";
    let (first, second) = (house.export(0, "", None, text), house.export(0, "", None, text));
    assert_eq!(first.skipped.len(), 2, "{first:?}");
    assert_eq!(second.unchanged, 2);
    let reasons = |summary: &IngestSummary| {
        let mut all: Vec<_> = summary.skipped.iter().map(|skip| skip.reason.clone()).collect();
        all.sort();
        all
    };
    assert_eq!(reasons(&first), reasons(&second));
}

#[test]
fn weekly_exports_under_new_names_do_not_pile_up() {
    let text = |week: u32| {
        let row = |n: u32| format!("A{n},Halden,P7,S10{n},{}.{n},Ward {n}\n", week % 3);
        format!("{HEADINGS}{}", (0..20).map(row).collect::<String>())
    };
    let facts = |weeks: u32| {
        let house = House::new();
        (0..weeks).for_each(|week| {
            house.export(week, "", None, &text(week));
        });
        let id = house.devices().remove(0).id;
        house.hub.device(&Caller::console(), id).unwrap().device.facts.len()
    };
    assert_eq!(facts(1), facts(12));
}

#[test]
fn sites_with_the_same_addresses_stay_apart() {
    let house = House::new();
    let path = house.write("a.pcap", crate::house::small_capture());
    let mut talks = Vec::new();
    // The same frames with one more at the end: another capture of the same addresses.
    for (site, extra) in [("north", 0), ("south", 1)] {
        let mut bytes = std::fs::read(&path).unwrap();
        let frame = [0u8; 60];
        for _ in 0..extra {
            simulate::pcap_record(NOW, &frame, &mut bytes);
        }
        let file = house.write(&format!("{site}.pcap"), bytes);
        let request =
            IngestRequest { paths: vec![file], site: site.to_owned(), ..IngestRequest::default() };
        house.hub.ingest(&Caller::console(), &request, NOW).unwrap();
    }
    let rows = house.devices();
    for site in ["north", "south"] {
        let of_site = rows.iter().filter(|row| row.site == site);
        let mut volumes: Vec<(u16, u64)> = Vec::new();
        for row in of_site {
            let detail = house.hub.device(&Caller::console(), row.id).unwrap();
            volumes.extend(detail.conversations.iter().map(|talk| (talk.port, talk.bytes)));
        }
        volumes.sort_unstable();
        talks.push(volumes);
    }
    assert!(!talks[0].is_empty());
    assert_eq!(talks[0], talks[1], "neither is summed up or credited to the other");

    let inventory = format!("{HEADINGS}A1,Halden,P7,S1001,1.0,Ward 1\n");
    house.export_at("north", 1, "", None, &inventory);
    house.export_at("south", 2, "", None, &inventory);
    let sites: Vec<String> = house.sources().into_iter().map(|one| one.site).collect();
    assert_eq!(sites, ["north", "south"], "a stream belongs to its site");
}

#[test]
fn a_retired_device_leaves_every_count() {
    let house = House::new();
    house.ingest(&[&house.write("1.json", crate::house::advisory("A-1", 1, "<2.0"))]);
    let row = |key: &str, status: &str| format!("{key},Halden,Zephyra V5,1.0,{status}\n");
    let export = |at: u32, first: &str| {
        let rows = [row("A1", first), row("A2", "In use")].concat();
        house.export(at, "", None, &format!("asset_id,maker,model,firmware,status\n{rows}"));
        let overview = house.hub.overview(&Caller::console()).unwrap();
        (overview.devices, overview.by_verdict.affected, house.verdicts().len() as u64)
    };
    assert_eq!(export(0, "In use"), (2, 2, 2));
    assert_eq!(export(1, "Retired"), (1, 1, 1));
    assert_eq!(house.devices().len(), 2, "it is still there to be looked at");
    assert_eq!(export(2, "In use"), (2, 2, 2), "and comes back with its verdicts");
}
