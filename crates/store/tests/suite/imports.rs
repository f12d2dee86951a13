//! Imports: nothing is shown before all of it is, and what a kill leaves behind goes.

use std::time::Duration;

use store::records::{DeviceChange, DeviceFilter, DeviceOrder, IngestRow};
use store::{Store, StoreError};

use crate::harness::for_each_store;
use crate::samples::{ALL, at, change, device, id, key};

fn ingest() -> IngestRow {
    IngestRow {
        name: "cmms.csv".to_owned(),
        kind: "inventory".to_owned(),
        content_hash: "x".to_owned(),
        at: at(0),
        by: "console".to_owned(),
        read: 1,
        accepted: 1,
        unchanged: 0,
        skipped: Vec::new(),
        skipped_count: 0,
    }
}

fn changes(numbers: std::ops::RangeInclusive<u8>) -> Vec<DeviceChange> {
    numbers.map(|number| change(device(number), "aurora")).collect()
}

/// How many devices there are, by every way of counting them.
fn counts(store: &Store) -> Vec<u64> {
    let listed =
        store.read(|tx| tx.device_rows(&DeviceFilter::default(), DeviceOrder::default(), ALL));
    let facets = store.read(|tx| tx.device_facets()).unwrap();
    let software = store.read(|tx| tx.software_rows(None, ALL)).unwrap();
    let configurations = store.read(|tx| tx.configurations()).unwrap();
    vec![
        listed.unwrap().total,
        store.read(|tx| tx.overview()).unwrap().devices,
        store.read(|tx| tx.devices(None)).unwrap().len() as u64,
        facets.classes.iter().map(|(_, count)| count).sum(),
        software.rows.iter().map(|row| row.devices).max().unwrap_or(0),
        configurations.iter().find(|one| one.key == key("aurora")).map_or(0, |one| one.devices),
    ]
}

#[test]
fn an_import_is_unseen_until_it_is_shown() {
    for_each_store(|store| {
        store.write(|tx| tx.put_devices(&changes(1..=1))).unwrap();
        let before = counts(store);
        assert_eq!(before, [1; 6]);
        let import = store.write(|tx| {
            let import = tx.begin_import()?;
            tx.put_unseen(import, &changes(2..=3), &[(id(2), "d".to_owned())].into())?;
            Ok::<_, StoreError>(import)
        });
        assert_eq!(counts(store), before, "unseen");
        assert!(store.read(|tx| tx.device(id(2))).unwrap().is_none());
        assert!(store.read(|tx| tx.has_leftovers()).unwrap());
        store
            .write(|tx| {
                let ingest = tx.put_ingest(&ingest(), None)?;
                tx.show_import(import.unwrap(), ingest)
            })
            .unwrap();
        assert_eq!(counts(store), [3; 6], "shown");
        while store.write(|tx| tx.sweep()).unwrap() {}
        assert_eq!(counts(store), [3; 6], "what is shown stays");
    });
}

#[test]
fn what_was_never_shown_is_swept_away() {
    for_each_store(|store| {
        store.write(|tx| tx.put_devices(&changes(1..=1))).unwrap();
        store
            .write(|tx| {
                let import = tx.begin_import()?;
                tx.put_unseen(import, &changes(2..=9), &[(id(2), "d".to_owned())].into())
            })
            .unwrap();
        while store.write(|tx| tx.sweep()).unwrap() {}
        assert!(!store.read(|tx| tx.has_leftovers()).unwrap());
        assert_eq!(counts(store), [1; 6]);
        store.write(|tx| tx.put_devices(&changes(2..=3))).unwrap();
        assert_eq!(counts(store), [3; 6], "and can come again");
    });
}

#[test]
fn one_import_at_a_time() {
    for_each_store(|store| {
        let turn = store.turn(Duration::ZERO).unwrap();
        let second = store.turn(Duration::from_millis(30)).map(drop).unwrap_err();
        assert!(matches!(second, StoreError::NoTurn { .. } | StoreError::Locked(_)), "{second}");
        store.write(|tx| tx.put_setting("a", "b")).expect("others write meanwhile");
        drop(turn);
        store.turn(Duration::from_secs(20)).map(drop).expect("and then it is its turn");
    });
}
