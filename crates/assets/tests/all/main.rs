//! Identification from observations and records, by example.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cut;
mod one_device;
mod scene;

use assets::{Index, identify, join_inventory, read_inventory};
use model::{Attribute, Confidence, Device, Timestamp};
use scene::Scene;

/// One line a device: its addresses and what was derived.
pub(crate) fn describe(devices: &[Device]) -> Vec<String> {
    let mut lines: Vec<String> = devices
        .iter()
        .map(|device| {
            let mut words: Vec<String> = device
                .addresses
                .iter()
                .flat_map(|a| [a.mac.map(|m| m.to_string()), a.ip.map(|ip| ip.to_string())])
                .flatten()
                .collect();
            words.sort();
            words.dedup();
            words.join(" ")
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn groups_addresses_into_devices() {
    let check = |name: &str, scene: Scene, want: &[&str]| {
        let identified = identify(&scene.observations(), "", &Index::default());
        assert_eq!(describe(&identified.devices), want, "{name}");
    };
    check(
        "one interface, one address",
        Scene::new().talks("02:00:00:00:00:01", "10.0.0.1"),
        &["02:00:00:00:00:01 10.0.0.1"],
    );
    check(
        "both families of one interface",
        Scene::new().talks("02:00:00:00:00:01", "10.0.0.1").talks("02:00:00:00:00:01", "fe80::1"),
        &["02:00:00:00:00:01 10.0.0.1 fe80::1"],
    );
    check(
        "a router forwards for many and is a device of its own",
        Scene::new()
            .talks("02:00:00:00:00:fe", "10.9.0.1")
            .talks("02:00:00:00:00:fe", "10.9.0.2")
            .talks("02:00:00:00:00:fe", "10.9.0.3")
            .talks("02:00:00:00:00:fe", "10.9.0.4"),
        &["02:00:00:00:00:fe", "10.9.0.1", "10.9.0.2", "10.9.0.3", "10.9.0.4"],
    );
    check(
        "ARP says whose address it is, even behind a router's frames",
        Scene::new()
            .talks("02:00:00:00:00:fe", "10.0.0.1")
            .talks("02:00:00:00:00:01", "10.0.0.1")
            .binds("02:00:00:00:00:01", "10.0.0.1"),
        &["02:00:00:00:00:01 10.0.0.1"],
    );
    check(
        "a router's management address is its own",
        Scene::new()
            .talks("02:00:00:00:00:fe", "10.9.0.1")
            .talks("02:00:00:00:00:fe", "10.9.0.2")
            .talks("02:00:00:00:00:fe", "10.9.0.3")
            .talks("02:00:00:00:00:fe", "10.9.0.4")
            .talks("02:00:00:00:00:fe", "10.0.0.254")
            .says("02:00:00:00:00:fe", "", Attribute::ManagementAddress, "10.0.0.254"),
        &["02:00:00:00:00:fe 10.0.0.254", "10.9.0.1", "10.9.0.2", "10.9.0.3", "10.9.0.4"],
    );
    check(
        "broadcast and zero name nobody",
        Scene::new().talks("02:00:00:00:00:01", "0.0.0.0").talks("02:00:00:00:00:01", "10.0.0.1"),
        &["02:00:00:00:00:01 10.0.0.1"],
    );
}

#[test]
fn hosts_on_the_internet_are_not_the_hospitals_devices() {
    let scene = Scene::new()
        .talks("02:00:00:00:00:01", "10.0.0.1")
        .talks("02:00:00:00:00:fe", "203.0.113.9")
        .says("02:00:00:00:00:fe", "203.0.113.9", Attribute::TlsSubject, "CN=example.org");
    let identified = identify(&scene.observations(), "", &Index::default());
    assert_eq!(describe(&identified.devices), ["02:00:00:00:00:01 10.0.0.1"]);
    assert_eq!(identified.external.len(), 1);
}

#[test]
fn a_device_keeps_its_key_when_its_addresses_change() {
    let before = Scene::new().talks("02:00:00:00:00:01", "10.0.0.1").says(
        "02:00:00:00:00:01",
        "10.0.0.1",
        Attribute::Serial,
        "SN-1",
    );
    let known = identify(&before.observations(), "", &Index::default()).devices;
    let moved = Scene::new().talks("02:00:00:00:00:01", "10.7.0.7");
    let other_card = Scene::new().talks("02:00:00:00:00:02", "10.7.0.8").says(
        "02:00:00:00:00:02",
        "10.7.0.8",
        Attribute::Serial,
        "sn1",
    );
    let another = Scene::new().talks("02:00:00:00:00:03", "10.0.0.1");
    for (name, scene, same) in
        [("new IP", moved, true), ("new MAC", other_card, true), ("taken-over IP", another, false)]
    {
        let after = identify(&scene.observations(), "", &Index::new(known.clone())).devices;
        assert_eq!(after[0].id == known[0].id, same, "{name}");
    }
}

#[test]
fn the_same_capture_gives_the_same_keys() {
    let scene = Scene::new().talks("02:00:00:00:00:01", "10.0.0.1").observations();
    let twice = [0, 1].map(|_| identify(&scene, "", &Index::default()));
    assert_eq!(twice[0], twice[1]);
}

#[test]
fn joins_records_with_what_is_on_the_wire() {
    let wire = Scene::new()
        .talks("02:00:00:00:00:01", "10.0.0.1")
        .says("02:00:00:00:00:01", "10.0.0.1", Attribute::SoftwareVersion, "2.0")
        .says("02:00:00:00:00:01", "10.0.0.1", Attribute::Hostname, "PUMP-1");
    let known = identify(&wire.observations(), "", &Index::default()).devices;
    let now = Timestamp::from_seconds(1_000);
    let check = |name: &str, row: &str, joins: bool| {
        let text = format!("asset_id,maker,firmware,mac,ip,hostname\n{row}\n");
        let inventory = read_inventory("cmms.csv", text.as_bytes());
        let joined = join_inventory(&inventory, "cmms", "", Index::new(known.clone()), now);
        assert_eq!(joined.devices.len(), 1, "{name}");
        let device = &joined.devices[0];
        assert_eq!(device.id == known[0].id, joins, "{name}");
        assert_eq!(device.asset_id.as_deref(), Some("A1"), "{name}");
        if joins {
            let version = device.software_version.as_deref();
            assert_eq!(version, Some("2.0"), "{name}: the wire knows what runs");
            let told = device.facts.iter().filter(|f| f.attribute == Attribute::SoftwareVersion);
            assert_eq!(told.count(), 2, "{name}: what the record says stays visible");
        }
    };
    check("link address", "A1,Halden,1.0,02-00-00-00-00-01,,", true);
    check("host name", "A1,Halden,1.0,,,pump-1.ward.example", true);
    check("network address, no link address", "A1,Halden,1.0,,10.0.0.1,", true);
    check("stale network address", "A1,Halden,1.0,02:00:00:00:00:99,10.0.0.1,", false);
    check("nothing in common", "A1,Halden,1.0,,10.0.0.2,", false);
}

#[test]
fn software_named_as_the_model_gives_the_version() {
    for (name, software, want) in [
        ("the device's own", "FlumenS@8.2.0", Some("8.2.0")),
        ("somebody else's", "nginx@1.22", None),
        ("no version", "FlumenS@", None),
    ] {
        let scene = Scene::new()
            .talks("02:00:00:00:00:01", "10.0.0.1")
            .says("02:00:00:00:00:01", "10.0.0.1", Attribute::Model, "Flumen S")
            .says("02:00:00:00:00:01", "10.0.0.1", Attribute::Software, software);
        let devices = identify(&scene.observations(), "", &Index::default()).devices;
        assert_eq!(devices[0].software_version.as_deref(), want, "{name}");
    }
}

#[test]
fn a_record_that_stands_twice_is_told() {
    let text = "asset_id,maker\nA1,Halden\nA1,Halden\n";
    let inventory = read_inventory("cmms.csv", text.as_bytes());
    let joined = join_inventory(&inventory, "cmms", "", Index::default(), Timestamp::EPOCH);
    assert_eq!(joined.devices.len(), 1);
    assert_eq!(joined.skipped[0].reason, "it is the same device as row 2");
}

#[test]
fn reading_a_record_is_no_sighting() {
    let inventory = read_inventory("cmms.csv", b"asset_id,mac\nA1,02:00:00:00:00:01\n");
    let late = Timestamp::from_seconds(1_000_000);
    let known = join_inventory(&inventory, "cmms", "", Index::default(), late).devices;
    let wire = Scene::new().talks("02:00:00:00:00:01", "10.0.0.1").observations();
    let seen = identify(&wire, "", &Index::new(known)).devices;
    assert_eq!(seen[0].asset_id.as_deref(), Some("A1"));
    assert_eq!(seen[0].last_seen, Timestamp::from_seconds(2), "as the capture says");
}

#[test]
fn a_weak_value_does_not_join_two_devices() {
    let first = Scene::new().talks("02:00:00:00:00:01", "10.0.0.1").says(
        "02:00:00:00:00:01",
        "10.0.0.1",
        Attribute::Serial,
        "SN-1",
    );
    let known = identify(&first.observations(), "", &Index::default()).devices;
    // An archive passes on images of a scanner: the serial number in them is not its own.
    let archive = Scene::new().talks("02:00:00:00:00:02", "10.0.0.2").says_with(
        "02:00:00:00:00:02",
        "10.0.0.2",
        Attribute::Serial,
        "SN-1",
        Confidence::WEAK,
    );
    let after = identify(&archive.observations(), "", &Index::new(known.clone())).devices;
    assert_ne!(after[0].id, known[0].id);
}

#[test]
fn a_value_joins_only_where_the_interfaces_agree() {
    use Attribute::{Hostname, Serial};
    let (philips, card, panasonic) =
        ("00:09:fb:00:00:01", "00:09:fb:00:00:02", "00:80:f0:00:00:02");
    for (name, attribute, value, mac, joins) in [
        ("serial number, card of the maker", Serial, "SN4711", card, true),
        ("serial number, card of another maker", Serial, "SN4711", panasonic, false),
        ("host name, another card", Hostname, "monitor-7", card, false),
        ("host name, private address", Hostname, "monitor-7", "02:00:00:00:00:01", true),
        ("what stands for none", Serial, "To be filled by O.E.M.", card, false),
        ("what comes with an image", Hostname, "localhost", "02:00:00:00:00:01", false),
    ] {
        let scene = |mac, ip| Scene::new().talks(mac, ip).says(mac, ip, attribute, value);
        let first = scene(philips, "10.0.0.1").observations();
        let known = identify(&first, "", &Index::default()).devices;
        let second = scene(mac, "10.0.0.2").observations();
        let after = identify(&second, "", &Index::new(known.clone())).devices;
        assert_eq!(after[0].id == known[0].id, joins, "{name}");
    }
}

#[test]
fn records_join_by_serial_number_within_one_maker() {
    let rows = [("Halden", "SN4711"), ("Norrvik", "SN4711"), ("Halden Medical GmbH", "sn-4711")];
    for (maker, serial) in rows {
        let read = |maker: &str, serial: &str| {
            let text = format!("maker,model,serial\n{maker},P7,{serial}\n");
            read_inventory("cmms.csv", text.as_bytes())
        };
        let join = |inventory, stream, known| {
            join_inventory(&inventory, stream, "", Index::new(known), Timestamp::EPOCH).devices
        };
        let known = join(read("Halden", "SN4711"), "cmms", Vec::new());
        let after = join(read(maker, serial), "other", known.clone());
        assert_eq!(after[0].id == known[0].id, maker != "Norrvik", "{maker}");
    }
}

#[test]
fn the_serial_number_tells_where_interfaces_were_exchanged() {
    let (first, second) = ("00:09:fb:00:00:01", "00:09:fb:00:00:02");
    let text = format!("asset_id,serial,mac\nA,SNA0001,{first}\nB,SNB0001,{second}\n");
    let inventory = read_inventory("cmms.csv", text.as_bytes());
    let listed = join_inventory(&inventory, "cmms", "", Index::default(), Timestamp::EPOCH);
    for (says, want) in [("SNA0001", "A"), ("SNB0001", "B"), ("SNC0001", "A")] {
        let scene = Scene::new().talks(first, "10.0.0.1");
        let seen = scene.says(first, "10.0.0.1", Attribute::Serial, says).observations();
        let devices = identify(&seen, "", &Index::new(listed.devices.clone())).devices;
        assert_eq!(devices[0].asset_id.as_deref(), Some(want), "{says}");
    }
}
