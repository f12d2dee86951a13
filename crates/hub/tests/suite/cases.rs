//! Small inventories and captures as people have them, read as the hospital means them.

use hub::{Caller, IngestRequest, IngestSummary};
use model::Timestamp;
use store::records::{DeviceFilter, DeviceOrder, DeviceRow};
use testing::cases;

use crate::house::{House, NOW, advisory};

/// Takes the files of a case in, a day apart each.
fn take_in(case: &str, files: &[&str]) -> Option<(House, Vec<IngestSummary>)> {
    let folder = cases(case)?;
    let house = House::new();
    let summaries = files
        .iter()
        .zip(0..)
        .map(|(file, day)| {
            let paths = vec![folder.join(file)];
            let request = IngestRequest { paths, ..IngestRequest::default() };
            let at = Timestamp::from_seconds(1_795_000_000 + 86_400 * day);
            house.hub.ingest(&Caller::console(), &request, at).unwrap()
        })
        .collect();
    Some((house, summaries))
}

/// What the inventory says of a device: key, maker, model, version, operating system.
fn described(row: &DeviceRow) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "?".to_owned());
    let said = [&row.asset_id, &row.maker, &row.model, &row.software_version, &row.os];
    said.map(text).join(" | ")
}

#[test]
fn inventories_say_what_their_rows_mean() {
    for (case, files, want) in [
        ("address-with-prefix-length", &["inv.csv"][..], &["A1 | Halverson | ? | ? | ?"][..]),
        ("apostrophe-guards", &["inv.csv"], &["00124 | Halverson | Lumen | 2.10 | ?"]),
        (
            "back-to-an-earlier-export",
            &["1.csv", "2.csv", "1.csv"],
            &["A1 | Halverson Medical | Lumen Pump | 1.0 | ?"],
        ),
        ("cell-emptied", &["1.csv", "2.csv"], &["A1 | Halverson Medical | Lumen Pump | ? | ?"]),
        ("excel-separator-line", &["inv.csv"], &["A1 | Halverson | Lumen | ? | ?"]),
        ("glpi-headings", &["inv.csv"], &["INV-1 | Halverson | Auralis | ? | Windows 10"]),
        (
            "short-rows",
            &["inv.csv"],
            &[
                "A1 | Halverson Medical | Lumen Pump | 2.0 | ?",
                "A2 | Halverson Medical | Lumen Pump | 2.0 | ?",
            ],
        ),
        ("text-guards", &["inv.csv"], &["00123 | Halverson | Lumen | 2.10 | ?"]),
        ("utf16-big-endian", &["inv.csv"], &["A1 | Dräling | Evola | ? | ?"]),
        ("utf16-excel-text", &["inv.csv"], &["A1 | Dräling | Evola | ? | ?"]),
        ("windows-1252", &["inv.csv"], &["A1 | O’Hara Medical | Lumen – Pro™ | ? | ?"]),
    ] {
        let Some((house, summaries)) = take_in(&format!("inventory-{case}"), files) else { return };
        let mut found: Vec<String> = house.devices().iter().map(described).collect();
        found.sort();
        assert_eq!(found, want, "{case}");
        let skipped: Vec<_> = summaries.iter().flat_map(|summary| &summary.skipped).collect();
        assert!(skipped.is_empty(), "{case}: {skipped:?}");
    }
}

#[test]
fn devices_of_two_makers_stay_two() {
    for case in ["placeholder-serial", "stock-host-name"] {
        let Some((house, _)) = take_in(case, &["1.pcap", "2.pcap"]) else { return };
        let both = ["00:09:fb:00:00:01", "00:80:f0:00:00:02"].map(|mac| {
            let has = |row: &&DeviceRow| {
                row.addresses
                    .iter()
                    .any(|address| address.mac.is_some_and(|is| is.to_string() == mac))
            };
            let found: Vec<_> = house.devices().iter().filter(has).map(|row| row.id).collect();
            assert_eq!(found.len(), 1, "{case}: {mac}");
            found
        });
        assert_ne!(both[0], both[1], "{case}");
    }
}

#[test]
fn a_serial_number_outweighs_the_recorded_link_address() {
    let case = "serial-against-the-recorded-mac";
    let Some((house, _)) = take_in(case, &["inv.csv", "1.pcap", "2.pcap"]) else { return };
    let at = |ip: &str| {
        let rows = house.devices();
        let is = |row: &&DeviceRow| {
            row.addresses.iter().any(|address| address.ip.is_some_and(|is| is.to_string() == ip))
        };
        rows.iter().filter(is).map(|row| row.asset_id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(at("10.1.0.22"), [Some("B".to_owned())]);
}

#[test]
fn a_table_that_is_no_inventory_is_refused_with_its_headings() {
    let Some(folder) = cases("table-that-is-no-inventory") else { return };
    let house = House::new();
    let request = IngestRequest { paths: vec![folder], ..IngestRequest::default() };
    let summary = house.hub.ingest(&Caller::console(), &request, NOW).unwrap();
    assert!(house.devices().is_empty());
    let told = summary.skipped.iter().find(|skip| skip.path.ends_with("findings.csv")).unwrap();
    assert!(told.reason.contains("recommendationName, description"), "{}", told.reason);
}

/// What a mirror holds beside its documents is no failure, and the catalogue is read as CSV too.
#[test]
fn feeds_and_mirrors_are_read_as_they_are_published() {
    let counts = |summary: &IngestSummary| {
        (summary.accepted, summary.skipped.len() as u64, summary.side_files)
    };
    for (case, file, want) in [
        ("csaf-mirror-with-side-files", "feeds", (1, 0, 5)),
        ("kev-as-csv", "kev.csv", (1, 0, 0)),
        ("epss-quoted-cells", "epss.csv", (1, 0, 0)),
    ] {
        let Some((house, summaries)) = take_in(case, &[file]) else { return };
        assert_eq!(counts(&summaries[0]), want, "{case}: {:?}", summaries[0].skipped);
        drop(house);
    }
    let house = House::new();
    let table = "cveID,dateAdded,dueDate\nCVE-2026-10001,2026-01-01,2026-01-22\n";
    let sum = format!("{}  advisory.json\n", "0".repeat(64));
    let files = [
        house.write("kev.csv", table),
        house.write("advisory.json", advisory("A-1", 1, "<2.0")),
        house.write("advisory.json.sha256", sum),
    ];
    let paths: Vec<_> = files.iter().map(std::path::PathBuf::as_path).collect();
    assert_eq!(counts(&house.ingest(&paths)), (2, 0, 1));
}

#[test]
fn what_a_device_does_for_care_follows_from_maker_and_model() {
    let house = House::new();
    let text = "asset_id,maker,model,description\n\
                1,Baxter,Sigma Spectrum,\n\
                2,Hamilton Medical,HAMILTON-C6,\n\
                3,,,Infusionspumpe\n\
                4,Halden,Unheard 5,\n";
    house.ingest(&[&house.write("cmms.csv", text)]);
    let mut told: Vec<String> = house
        .devices()
        .iter()
        .map(|row| format!("{:?} {:?}", row.asset_id.as_deref(), row.care_function.as_deref()))
        .collect();
    told.sort();
    let want = [
        r#"Some("1") Some("therapy")"#,
        r#"Some("2") Some("life_support")"#,
        r#"Some("3") Some("therapy")"#,
        r#"Some("4") None"#,
    ];
    assert_eq!(told, want);
}

#[test]
fn a_filter_for_a_maker_finds_all_its_spellings() {
    let house = House::new();
    let text = "asset_id,maker,model\n1,Norrvik,P\n2,Norrvik,P\n3,NORRVIK INFUSION,Q\n4,Halden,R\n";
    house.ingest(&[&house.write("cmms.csv", text)]);
    let console = Caller::console();
    let makers = house.hub.device_facets(&console).unwrap().makers;
    assert_eq!(makers, [("Norrvik".to_owned(), 3), ("Halden".to_owned(), 1)]);
    for (maker, want) in [("Norrvik", 3), ("NORRVIK INFUSION", 3), ("Halden", 1), ("Unheard", 0)] {
        let filter = DeviceFilter { maker: Some(maker.to_owned()), ..DeviceFilter::default() };
        let order = DeviceOrder::default();
        let found = house.hub.devices(&console, &filter, order, crate::house::ALL).unwrap();
        assert_eq!(found.total, want, "{maker}");
    }
    let said: Vec<_> = house.devices().into_iter().filter_map(|row| row.maker).collect();
    assert!(said.contains(&"NORRVIK INFUSION".to_owned()), "what was said stays: {said:?}");
}
