//! Devices kept, listed, merged and counted.

use std::collections::BTreeMap;

use model::{Device, Identifier, IdentifierKind, Source, Timestamp, Verdict};
use store::records::{
    DeviceFacets, DeviceFilter, DeviceOrder, DeviceRow, KnownDevice, Page, Rows, SoftwareRow,
};
use store::{Store, StoreError, WriteTx};

use crate::harness::for_each_store;
use crate::samples::{ALL, at, change, conversation, decided, device, disclosure, id, verdict};

/// The disclosures that verdicts here are of.
fn put_disclosures(tx: &WriteTx<'_>) -> Result<(), StoreError> {
    for id in ["D-1", "D-2"] {
        tx.put_disclosure(&disclosure(id, "1"), at(0), true)?;
    }
    Ok(())
}

fn put(store: &Store, devices: &[Device]) {
    let changes: Vec<_> = devices.iter().map(|one| change(one.clone(), "aurora")).collect();
    store.write(|tx| tx.put_devices(&changes)).unwrap();
}

fn rows(store: &Store, filter: &DeviceFilter, order: DeviceOrder, page: Page) -> Rows<DeviceRow> {
    store.read(|tx| tx.device_rows(filter, order, page)).unwrap()
}

fn all(store: &Store) -> Vec<Device> {
    store.read(|tx| tx.devices(None)).unwrap()
}

#[test]
fn a_device_comes_back_as_it_was_written() {
    for_each_store(|store| {
        let devices = [device(1), device(2)];
        put(store, &devices);
        assert_eq!(all(store), devices);
        assert_eq!(store.read(|tx| tx.device(id(2))).unwrap().as_ref(), Some(&devices[1]));
        assert_eq!(store.read(|tx| tx.device(id(9))).unwrap(), None);
        assert_eq!(store.read(|tx| tx.devices(Some("south"))).unwrap(), []);
        assert_eq!(store.read(|tx| tx.devices(Some("north"))).unwrap().len(), 2);
        let fields = store.read(|tx| tx.custom_fields(id(1))).unwrap();
        assert_eq!(fields["Cost centre"], "4711");
        let known = pointed_to(store, &[(IdentifierKind::AssetId, "BME 002")]);
        assert_eq!(known.len(), 1);
        assert_eq!((&known[0].device, known[0].on_network), (&devices[1], true));
        assert_eq!(known[0].custom_fields, fields);
    });
}

#[test]
fn writing_a_device_again_replaces_it_whole() {
    for_each_store(|store| {
        put(store, &[device(1), device(2)]);
        let mut changed = device(1);
        changed.facts.remove(0);
        changed.addresses.clear();
        changed.software.clear();
        changed.maker = None;
        changed.names = vec!["Nul\0".to_owned()];
        put(store, &[changed.clone()]);
        let found = store.read(|tx| tx.device(id(1))).unwrap().unwrap();
        assert_eq!(found, changed);
        let software = store.read(|tx| tx.software_rows(None, ALL)).unwrap();
        assert!(software.rows.iter().all(|row: &SoftwareRow| row.devices == 1));
        let mac = (IdentifierKind::Mac, "00:1a:2b:3c:4d:01");
        assert_eq!(pointed_to(store, &[mac]), []);
    });
}

fn pointed_to(store: &Store, wanted: &[(IdentifierKind, &str)]) -> Vec<KnownDevice> {
    let wanted = wanted.iter().map(|(kind, value)| Identifier::new(*kind, value).unwrap());
    store.read(|tx| tx.known_devices("north", &wanted.collect(), None)).unwrap()
}

#[test]
fn identifiers_find_their_devices() {
    use IdentifierKind::{AssetId, Hostname, Ip, Mac, Serial, Udi};
    for_each_store(|store| {
        let mut named = device(3);
        named.facts.push(model::Fact {
            attribute: model::Attribute::Hostname,
            value: "PUMP-3".to_owned(),
            ..named.facts[0].clone()
        });
        let mut elsewhere = device(4);
        elsewhere.site = "south".to_owned();
        put(store, &[device(1), device(2), named, elsewhere]);
        for (name, wanted, want) in [
            ("nothing", vec![], vec![]),
            ("ip", vec![(Ip, "10.0.0.2")], vec![2]),
            ("serial", vec![(Serial, "SN 3")], vec![3]),
            ("udi", vec![(Udi, "(01)00880001")], vec![1]),
            ("asset", vec![(AssetId, "bme-002 ")], vec![2]),
            ("host name", vec![(Hostname, "pump-3")], vec![3]),
            (
                "several",
                vec![(Mac, "00-1A-2B-3C-4D-01"), (Ip, "10.0.0.1"), (Ip, "10.0.0.3")],
                vec![1, 3],
            ),
            ("at another site", vec![(Ip, "10.0.0.4")], vec![]),
        ] {
            let found = pointed_to(store, &wanted);
            let found: Vec<_> = found.into_iter().map(|one| one.device.id).collect();
            let want: Vec<_> = want.into_iter().map(id).collect();
            assert_eq!(found, want, "{name}");
        }
    });
}

/// Of an identifier that many have, two are enough to see that it names none.
#[test]
fn an_identifier_of_many_finds_two() {
    for_each_store(|store| {
        let alike = (1..=9).map(|number| Device { serial: Some("DEMO".into()), ..device(number) });
        put(store, &alike.collect::<Vec<_>>());
        let found = pointed_to(store, &[(IdentifierKind::Serial, "demo")]);
        let found: Vec<_> = found.into_iter().map(|one| one.device.id).collect();
        assert_eq!(found, [id(1), id(9)]);
    });
}

#[test]
fn a_merged_device_leads_to_the_other_and_its_record_stays() {
    for_each_store(|store| {
        put(store, &[device(1), device(2), device(3)]);
        let talk = conversation(&id(1).to_string(), &id(3).to_string(), 5);
        let merged = store.write(|tx| {
            tx.add_conversations("", &[talk])?;
            assert!(!tx.merge_device(id(2), id(2), at(0))?, "with itself");
            assert!(!tx.merge_device(id(9), id(2), at(0))?, "not there");
            let first = tx.merge_device(id(1), id(2), at(0))?;
            assert!(!tx.merge_device(id(1), id(2), at(0))?, "gone already");
            assert!(!tx.merge_device(id(2), id(1), at(0))?, "back into itself");
            Ok::<_, StoreError>(first && tx.merge_device(id(2), id(3), at(0))?)
        });
        assert!(merged.unwrap());
        assert_eq!(all(store), [device(3)]);
        let detail = store.read(|tx| tx.device_detail(id(1))).unwrap().unwrap();
        assert_eq!(detail.device, device(3));
        assert_eq!(detail.conversations[0].client, id(3).to_string());
        put(store, &[device(1)]);
        assert_eq!(store.read(|tx| tx.device(id(1))).unwrap(), Some(device(1)), "undone");
    });
}

fn filter(fill: impl FnOnce(&mut DeviceFilter)) -> DeviceFilter {
    let mut filter = DeviceFilter::default();
    fill(&mut filter);
    filter
}

#[test]
#[rustfmt::skip]
fn lists_are_filtered() {
    for_each_store(|store| {
        let mut bare = device(4);
        (bare.asset_id, bare.maker, bare.class, bare.location) = (None, None, None, None);
        bare.facts.retain(|fact| !matches!(fact.source, Source::File { .. }));
        let mut unseen = change(device(3), "other");
        unseen.on_network = false;
        unseen.device.class = Some("infusion_pump".to_owned());
        store.write(|tx| {
            put_disclosures(tx)?;
            tx.put_devices(&[change(device(1), "aurora"), change(device(2), "aurora"), unseen.clone(),
                change(bare.clone(), "bare")])?;
            tx.replace_configuration_verdicts(&[
                decided("aurora", vec![verdict("D-1", "CVE-1", Verdict::Affected), verdict("D-2", "CVE-2", Verdict::Unknown)]),
                decided("other", vec![verdict("D-1", "CVE-1", Verdict::NotAffected)]),
            ])
        }).unwrap();
        let text = |text: &str| filter(|f| f.text = Some(text.to_owned()));
        for (name, wanted, want) in [
            ("none",               DeviceFilter::default(), vec![1, 2, 3, 4]),
            ("blank text",         text("  "), vec![1, 2, 3, 4]),
            ("words in any order", text("AURORA meridian"), vec![1, 2, 3]),
            ("mac with colons",    text("00:1a:2b:3c:4d:02"), vec![2]),
            ("mac with dashes",    text("00-1A-2B-3C-4D-02"), vec![2]),
            ("mac with dots",      text("001a.2b3c.4d02"), vec![2]),
            ("mac bare",           text("001A2B3C4D02"), vec![2]),
            ("part of a mac",      text("3c:4d:03"), vec![3]),
            ("ip",                 text("10.0.0.4"), vec![4]),
            ("serial",             text("sn-3"), vec![3]),
            ("udi",                text("(01)00880002"), vec![2]),
            ("asset id",           text("bme-001"), vec![1]),
            ("name",               text("ct04"), vec![4]),
            ("wildcards are text", text("100%_\\"), vec![1, 2, 3]),
            ("a lone wildcard",    text("%%%"), vec![]),
            ("class",              filter(|f| f.class = Some("infusion_pump".to_owned())), vec![3]),
            ("maker",              filter(|f| f.maker = Some("Meridian Imaging".to_owned())), vec![1, 2, 3]),
            ("site",               filter(|f| f.site = Some("south".to_owned())), vec![]),
            ("affected",           filter(|f| f.verdict = Some(Verdict::Affected)), vec![1, 2]),
            ("unknown",            filter(|f| f.verdict = Some(Verdict::Unknown)), vec![1, 2]),
            ("not affected",       filter(|f| f.verdict = Some(Verdict::NotAffected)), vec![3]),
            ("not in inventory",   filter(|f| f.in_inventory = Some(false)), vec![4]),
            ("in inventory",       filter(|f| f.in_inventory = Some(true)), vec![1, 2, 3]),
            ("never seen",         filter(|f| f.on_network = Some(false)), vec![3]),
            ("disclosure",         filter(|f| f.disclosure = Some("D-1".to_owned())), vec![1, 2, 3]),
            ("affected by it",     filter(|f| { f.disclosure = Some("D-1".to_owned()); f.verdict = Some(Verdict::Affected); }), vec![1, 2]),
            ("all together",       filter(|f| { f.text = Some("ct02".to_owned()); f.class = Some("ct".to_owned()); f.on_network = Some(true); }), vec![2]),
        ] {
            let found = rows(store, &wanted, DeviceOrder::Name, ALL);
            let ids: Vec<_> = found.rows.iter().map(|row| row.id).collect();
            assert_eq!(ids, want.iter().map(|number| id(*number)).collect::<Vec<_>>(), "{name}");
            assert_eq!(found.total, want.len() as u64, "{name}");
        }
    });
}

#[test]
fn lists_are_sorted_and_cut_into_pages() {
    for_each_store(|store| {
        let mut devices: Vec<Device> = (1..=5).map(device).collect();
        devices[0].class = None;
        devices[1].maker = None;
        devices[2].location = Some("Attic".to_owned());
        devices[3].names = vec!["alpha".to_owned()];
        devices[4].names = vec!["Äther".to_owned()];
        put(store, &devices);
        store
            .write(|tx| {
                put_disclosures(tx)?;
                tx.put_devices(&[change(devices[1].clone(), "worst")])?;
                let worst = vec![verdict("D-1", "CVE-1", Verdict::Affected)];
                let open = vec![verdict("D-1", "CVE-1", Verdict::Unknown)];
                tx.put_devices(&[change(devices[2].clone(), "open")])?;
                tx.replace_configuration_verdicts(&[decided("worst", worst), decided("open", open)])
            })
            .unwrap();
        for (order, want) in [
            (DeviceOrder::Exposure, [2, 3, 4, 1, 5]),
            (DeviceOrder::Name, [4, 1, 2, 3, 5]),
            (DeviceOrder::Class, [2, 3, 4, 5, 1]),
            (DeviceOrder::Maker, [3, 4, 1, 5, 2]),
            (DeviceOrder::LastSeen, [5, 4, 3, 2, 1]),
            (DeviceOrder::FirstSeen, [1, 2, 3, 4, 5]),
            (DeviceOrder::Location, [3, 4, 1, 2, 5]),
        ] {
            let mut found = Vec::new();
            for offset in [0, 2, 4, 6] {
                let page = Page { offset, limit: 2 };
                let part = rows(store, &DeviceFilter::default(), order, page);
                assert_eq!(part.total, 5);
                found.extend(part.rows.into_iter().map(|row| row.id));
            }
            assert_eq!(found, want.map(id), "{order:?}");
        }
    });
}

#[test]
fn a_row_shows_what_the_device_has() {
    for_each_store(|store| {
        let mut many = device(1);
        let address = many.addresses[0].clone();
        many.addresses = (0..6)
            .map(|number| model::Address { last_seen: at(number), ..address.clone() })
            .collect();
        let mut nameless = device(2);
        (nameless.names, nameless.asset_id) = (vec![], None);
        put(store, &[many, nameless]);
        let found = rows(store, &DeviceFilter::default(), DeviceOrder::LastSeen, ALL).rows;
        assert_eq!(found[0].name, "10.0.0.2");
        let row = &found[1];
        assert_eq!((row.name.as_str(), row.asset_id.as_deref()), ("CT01", Some("BME-001")));
        let seen: Vec<Timestamp> = row.addresses.iter().map(|address| address.last_seen).collect();
        assert_eq!(seen, [at(5), at(4), at(3), at(2)], "newest first, four at most");
        assert_eq!((row.os.as_deref(), row.on_network), (Some("Windows 7"), true));
    });
}

#[test]
fn facets_and_software_count_devices() {
    for_each_store(|store| {
        let mut other = device(3);
        other.class = None;
        other.software.truncate(1);
        put(store, &[device(1), device(2), other]);
        let facets = store.read(|tx| tx.device_facets()).unwrap();
        let want = DeviceFacets {
            classes: vec![("ct".to_owned(), 2)],
            makers: vec![("Meridian Imaging".to_owned(), 3)],
            sites: vec![("north".to_owned(), 3)],
        };
        assert_eq!(facets, want);
        for (text, want) in [
            (None, vec![("Aurora", "4.1", 3), ("OpenSSH", "", 2)]),
            (Some("ssh"), vec![("OpenSSH", "", 2)]),
            (Some("AURORA 4"), vec![("Aurora", "4.1", 3)]),
            (Some("nothing"), vec![]),
        ] {
            let found = store.read(|tx| tx.software_rows(text, ALL)).unwrap();
            let rows: Vec<_> = found
                .rows
                .iter()
                .map(|row| (row.software.name.as_str(), row.software.version.as_str(), row.devices))
                .collect();
            assert_eq!((rows, found.total), (want.clone(), want.len() as u64), "{text:?}");
        }
    });
}

#[test]
fn conversations_add_up_and_name_their_peers() {
    for_each_store(|store| {
        put(store, &[device(1), device(2)]);
        let (one, two) = (id(1).to_string(), id(2).to_string());
        let mut later = conversation(&one, &two, 100);
        (later.first_seen, later.last_seen) = (at(7), at(8));
        let batch = [conversation(&one, &two, 50), later.clone(), conversation(&one, "8.8.8.8", 9)];
        store.write(|tx| tx.add_conversations("", &batch)).unwrap();
        (later.first_seen, later.last_seen) = (at(1), at(2));
        store.write(|tx| tx.add_conversations("", &[later])).unwrap();
        let detail = store.read(|tx| tx.device_detail(id(1))).unwrap().unwrap();
        let bytes: Vec<_> = detail.conversations.iter().map(|talk| talk.bytes).collect();
        assert_eq!(bytes, [250, 9], "largest first");
        let sum = &detail.conversations[0];
        assert_eq!((sum.packets, sum.first_seen, sum.last_seen), (30, at(1), at(8)));
        assert_eq!((sum.application.as_deref(), sum.port), (Some("dicom"), 104));
        let names = BTreeMap::from([(one, "CT01".to_owned()), (two, "CT02".to_owned())]);
        assert_eq!(detail.peers, names);
        assert_eq!(detail.custom_fields.len(), 1);
        let other = store.read(|tx| tx.device_detail(id(2))).unwrap().unwrap();
        assert_eq!(other.conversations.len(), 1);
    });
}
