//! What an import costs and shows: only what changed is written, and nothing is half imported.

use hub::{Caller, IngestRequest, IngestSummary};
use model::Timestamp;
use store::Store;
use store::records::{DeviceFilter, DeviceOrder, Page};

use crate::house::{ALL, House, NOW};

const HEADINGS: &str = "asset_id,maker,model,serial,mac,ip,hostname,Phone\n";

fn row(number: usize, model: &str) -> String {
    let (high, low) = (number / 250, number % 250);
    format!(
        "A{number},Halden,{model},S-{number:05},02:00:00:00:{high:02x}:{low:02x},\
         10.7.{high}.{low},pump-{number},555\n"
    )
}

fn table(rows: impl Iterator<Item = String>) -> String {
    format!("{HEADINGS}{}", rows.collect::<String>())
}

impl House {
    fn week(&self, number: i64, text: &str) -> IngestSummary {
        let path = self.write(&format!("week-{number}.csv"), text);
        let request = IngestRequest { paths: vec![path], ..IngestRequest::default() };
        let now = Timestamp::from_seconds(1_795_000_000 + number * 604_800);
        self.hub.ingest(&Caller::console(), &request, now).unwrap()
    }

    /// How many devices the newest import wrote, as its evidence says.
    fn changed(&self) -> u64 {
        let page = Page { offset: 0, limit: 20 };
        let rows = self.hub.evidence(&Caller::console(), page).unwrap().rows;
        let ingest = rows.into_iter().find(|row| row.action == "ingest").unwrap();
        ingest.details["details"]["changed"].as_u64().unwrap()
    }

    fn total(&self) -> u64 {
        let (filter, order) = (DeviceFilter::default(), DeviceOrder::default());
        self.hub.devices(&Caller::console(), &filter, order, ALL).unwrap().total
    }
}

#[test]
fn only_what_changed_is_written() {
    let house = House::new();
    let rows =
        |changed: usize| table((0..1_300).map(|n| row(n, if n == changed { "P9" } else { "P7" })));
    house.week(0, &rows(usize::MAX));
    assert_eq!((house.changed(), house.total()), (1_300, 1_300));
    house.week(1, &rows(1_234));
    assert_eq!((house.changed(), house.total()), (1, 1_300), "one row says something else");
    house.week(2, &table((0..1_300).rev().map(|n| row(n, if n == 1_234 { "P9" } else { "P7" }))));
    assert_eq!((house.changed(), house.total()), (0, 1_300), "another order says nothing new");
    house.week(3, &table(std::iter::once(row(5, "P8"))));
    assert_eq!((house.changed(), house.total()), (1, 1_300), "one row alone");
}

/// Rows of one device are found out however far apart they stand.
#[test]
fn two_rows_of_one_device_are_told() {
    for (name, last) in [
        ("its key", "a-7,Halden,P7,,,,,\n"),
        ("its serial number", ",Halden,,s00007,,,,\n"),
        ("its link address", ",,,,02-00-00-00-00-07,,,\n"),
        ("its host name", ",,,,,,PUMP-7,\n"),
    ] {
        for known in [false, true] {
            let house = House::new();
            let first = |model| (0..1_300).map(move |n| row(n, model));
            if known {
                house.week(0, &table(first("P6")));
            }
            let text = table(first("P7").chain([last.to_owned()]));
            let told = house.week(1, &text).skipped;
            let told: Vec<&str> = told.iter().map(|skip| skip.reason.as_str()).collect();
            assert_eq!(told, ["it is the same device as row 9"], "{name}, known before: {known}");
            assert_eq!(house.total(), 1_300, "{name}");
        }
    }
}

/// What an import that was killed had written is never shown, and is gone at the next start.
#[test]
fn a_killed_import_leaves_nothing_behind() {
    let house = House::new();
    house.week(0, &table((0..3).map(|n| row(n, "P7"))));
    let store = Store::open(&house.url()).unwrap();
    let devices = store.read(|tx| tx.devices(None)).unwrap();
    store
        .write(|tx| {
            let import = tx.begin_import()?;
            let mut change = store::records::DeviceChange {
                device: devices[0].clone(),
                configuration: store::records::ConfigurationKey("k".to_owned()),
                custom_fields: std::collections::BTreeMap::new(),
                on_network: false,
                retired: false,
                at: NOW,
                history: Vec::new(),
            };
            change.device.id = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
            tx.put_unseen(import, &[change], &std::collections::BTreeMap::new())
        })
        .unwrap();
    assert_eq!(house.total(), 3, "not shown");
    assert!(store.read(|tx| tx.has_leftovers()).unwrap());
    house.again().decide(&Caller::console(), "start", NOW).unwrap();
    assert!(!store.read(|tx| tx.has_leftovers()).unwrap());
    assert_eq!(house.total(), 3);
}

/// Two who import at once take turns; both succeed and nothing stands twice.
#[test]
fn two_imports_at_once_take_turns() {
    let house = House::new();
    let path = house.write("cmms.csv", table((0..600).map(|n| row(n, "P7"))));
    let ingest = || {
        let request = IngestRequest { paths: vec![path.clone()], ..IngestRequest::default() };
        house.again().ingest(&Caller::console(), &request, NOW).unwrap().accepted
    };
    let accepted = std::thread::scope(|scope| {
        let both = [scope.spawn(ingest), scope.spawn(ingest)];
        both.map(|one| one.join().unwrap())
    });
    assert_eq!(accepted.iter().sum::<u64>(), 600, "{accepted:?}");
    assert_eq!(house.total(), 600);
}
