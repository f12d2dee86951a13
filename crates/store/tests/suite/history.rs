//! The history of devices: kept, told, never changed.

use store::Store;
use store::records::{DeviceFilter, DeviceOrder, HistoryRow};

use crate::harness::for_each_store;
use crate::samples::{ALL, at, change, device, id};

fn changed(attribute: &str, before: &str, after: &str, seconds: i64) -> HistoryRow {
    HistoryRow {
        attribute: attribute.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
        at: at(seconds),
        because: "test".to_owned(),
    }
}

fn locations(store: &Store, seconds: i64) -> Vec<Option<String>> {
    let filter = DeviceFilter { as_of: Some(at(seconds)), ..DeviceFilter::default() };
    let found = store.read(|tx| tx.device_rows(&filter, DeviceOrder::Name, ALL)).unwrap();
    found.rows.into_iter().map(|row| row.location).collect()
}

#[test]
fn devices_are_listed_as_they_were() {
    for_each_store(|store| {
        let mut now = device(1);
        store.write(|tx| tx.put_devices(&[change(now.clone(), "aurora")])).unwrap();
        let mut history = Vec::new();
        for (seconds, before, after) in [(10, "Ward 100%_\\", "A"), (20, "A", ""), (30, "", "B")] {
            now.location = Some(after.to_owned()).filter(|text| !text.is_empty());
            let row = changed("location", before, after, seconds);
            let mut change = change(now.clone(), "aurora");
            change.history = vec![row.clone()];
            store.write(|tx| tx.put_devices(&[change])).unwrap();
            history.push(row);
        }
        assert_eq!(store.read(|tx| tx.device_history(id(1))).unwrap(), history);
        assert_eq!(store.read(|tx| tx.recorded(id(1))).unwrap(), Some(at(0)));
        let text = |text: &str| vec![Some(text.to_owned())];
        for (seconds, want) in [
            (-1, vec![]),
            (0, text("Ward 100%_\\")),
            (10, text("A")),
            (19, text("A")),
            (20, vec![None]),
            (30, text("B")),
            (99, text("B")),
        ] {
            assert_eq!(locations(store, seconds), want, "at {seconds}");
        }
    });
}

#[test]
fn every_order_and_filter_works_on_what_was() {
    use DeviceOrder::{Class, Exposure, FirstSeen, LastSeen, Location, Maker, Name};
    for_each_store(|store| {
        let changes: Vec<_> = (1..=4).map(|number| change(device(number), "aurora")).collect();
        store.write(|tx| tx.put_devices(&changes)).unwrap();
        for order in [Class, Exposure, FirstSeen, LastSeen, Location, Maker, Name] {
            for text in [None, Some("meridian".to_owned())] {
                let filter = DeviceFilter {
                    text,
                    class: Some("ct".to_owned()),
                    site: Some("north".to_owned()),
                    retired: Some(false),
                    on_network: Some(true),
                    as_of: Some(at(50)),
                    ..DeviceFilter::default()
                };
                let found = store.read(|tx| tx.device_rows(&filter, order, ALL)).unwrap();
                assert_eq!((found.total, found.rows.len()), (4, 4), "{order:?} {filter:?}");
            }
        }
    });
}

#[test]
fn software_is_counted_as_it_was() {
    for_each_store(|store| {
        let mut now = device(1);
        store
            .write(|tx| tx.put_devices(&[change(now.clone(), "a"), change(device(2), "a")]))
            .unwrap();
        now.software.truncate(1);
        let mut change = change(now, "a");
        change.history = vec![changed("software", "Aurora@4.1\nOpenSSH@", "Aurora@4.1", 10)];
        store.write(|tx| tx.put_devices(&[change])).unwrap();
        let count = |seconds: i64, text: Option<&str>| -> Vec<(String, u64)> {
            let found = store.read(|tx| tx.software_rows_at(at(seconds), text, ALL)).unwrap();
            found.rows.into_iter().map(|row| (row.software.name, row.devices)).collect()
        };
        let row = |name: &str, devices| (name.to_owned(), devices);
        assert_eq!(count(5, None), [row("Aurora", 2), row("OpenSSH", 2)]);
        assert_eq!(count(10, None), [row("Aurora", 2), row("OpenSSH", 1)]);
        assert_eq!(count(5, Some("openssh")), [row("OpenSSH", 2)]);
        assert_eq!(count(-5, None), []);
    });
}
