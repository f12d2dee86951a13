//! Who is one device: routers, relays, groups of routers, and addresses that two claim.

use assets::{Identified, Index, identify};
use model::Attribute::{Hostname, Serial};
use model::{Attribute, Device};

use crate::describe;
use crate::scene::Scene;

const ROUTER: &str = "00:1b:54:aa:00:01";
const PHILIPS: &str = "00:09:fb:00:00:01";
const PANASONIC: &str = "00:80:f0:00:00:02";

fn seen(scene: Scene) -> Identified {
    identify(&scene.observations(), "", &Index::default())
}

#[test]
fn tells_senders_from_those_who_forward() {
    let check = |name: &str, scene: Scene, want: &[&str]| {
        assert_eq!(describe(&seen(scene).devices), want, "{name}");
    };
    check(
        "few hosts behind a router",
        Scene::new()
            .hops(ROUTER, "10.7.0.21", 63)
            .hops(ROUTER, "10.7.0.22", 127)
            .binds(ROUTER, "10.1.0.1"),
        &["00:1b:54:aa:00:01 10.1.0.1", "10.7.0.21", "10.7.0.22"],
    );
    check(
        "one host behind a router",
        Scene::new().hops(ROUTER, "10.7.0.21", 62),
        &["00:1b:54:aa:00:01", "10.7.0.21"],
    );
    check(
        "IPv6 behind a router",
        Scene::new().hops(ROUTER, "fd00:7::21", 63).hops(ROUTER, "fe80::1", 255),
        &["00:1b:54:aa:00:01 fe80::1", "fd00:7::21"],
    );
    check(
        "answers by proxy",
        Scene::new()
            .binds(ROUTER, "10.1.0.1")
            .binds(ROUTER, "10.1.0.21")
            .binds(ROUTER, "10.1.0.22")
            .hops(ROUTER, "10.1.0.21", 63)
            .hops(ROUTER, "10.1.0.22", 63),
        &["00:1b:54:aa:00:01 10.1.0.1", "10.1.0.21", "10.1.0.22"],
    );
    check(
        "seen on both sides of a router",
        Scene::new().hops(PHILIPS, "10.1.0.21", 64).hops(ROUTER, "10.1.0.21", 63),
        &["00:09:fb:00:00:01 10.1.0.21", "00:1b:54:aa:00:01"],
    );
    check(
        "multicast that stays in the network",
        Scene::new().hops(PHILIPS, "10.1.0.21", 1),
        &["00:09:fb:00:00:01 10.1.0.21"],
    );
    check(
        "a public address in use inside",
        Scene::new().hops(PHILIPS, "192.33.90.5", 64).hops(PANASONIC, "10.1.0.21", 64),
        &["00:09:fb:00:00:01 192.33.90.5", "00:80:f0:00:00:02 10.1.0.21"],
    );
    check(
        "a gate that speaks for the internet",
        Scene::new().hops(ROUTER, "192.33.90.5", 64).hops(ROUTER, "192.33.90.6", 64).hops(
            PANASONIC,
            "10.1.0.21",
            64,
        ),
        &["00:80:f0:00:00:02 10.1.0.21"],
    );
    check(
        "known from ARP, DHCP and its own name only",
        Scene::new()
            .talks(PHILIPS, "")
            .binds(PHILIPS, "10.1.0.50")
            .binds_by("dhcp", (1, 1), PANASONIC, "10.1.0.51")
            .hops("00:09:fb:00:00:07", "fe80::7", 255)
            .binds_by("mdns", (1, 1), "00:09:fb:00:00:07", "10.1.0.52"),
        &[
            "00:09:fb:00:00:01 10.1.0.50",
            "00:09:fb:00:00:07 10.1.0.52 fe80::7",
            "00:80:f0:00:00:02 10.1.0.51",
        ],
    );
}

#[test]
fn addresses_that_routers_and_clusters_share_are_no_devices() {
    for (name, mac) in [
        ("VRRP or CARP", "00:00:5e:00:01:0a"),
        ("VRRP for IPv6", "00:00:5e:00:02:0a"),
        ("HSRP", "00:00:0c:07:ac:05"),
        ("HSRP version 2", "00:00:0c:9f:f0:05"),
        ("GLBP", "00:07:b4:00:01:02"),
        ("load balancing", "02:bf:0a:01:00:05"),
    ] {
        let scene = Scene::new()
            .talks(mac, "")
            .binds(mac, "10.1.0.1")
            .hops(mac, "10.7.0.21", 63)
            .hops(PHILIPS, "10.1.0.21", 64);
        let want = ["00:09:fb:00:00:01 10.1.0.21", "10.7.0.21"];
        assert_eq!(describe(&seen(scene).devices), want, "{name}");
    }
}

#[test]
fn an_address_that_two_claim_at_once_is_told_and_each_keeps_its_own() {
    for (name, first, second, told) in
        [("in turn", (1, 9), (2, 8), true), ("moved", (1, 3), (4, 9), false)]
    {
        let scene = Scene::new()
            .binds_by("arp", first, PHILIPS, "10.1.0.21")
            .binds_by("arp", second, PANASONIC, "10.1.0.21")
            .talks_at(first, PHILIPS, "10.1.0.21", Some(64))
            .talks_at(second, PANASONIC, "10.1.0.21", Some(64))
            .says(PHILIPS, "10.1.0.21", Attribute::HttpUserAgent, "Pump")
            .says(PANASONIC, "10.1.0.21", Attribute::HttpUserAgent, "Camera");
        let seen = seen(scene);
        assert_eq!(seen.anomalies.len(), usize::from(told), "{name}: {:?}", seen.anomalies);
        assert_eq!(seen.devices.len(), 2, "{name}");
        for device in &seen.devices {
            let is_pump = device.addresses.iter().any(|a| a.mac == PHILIPS.parse().ok());
            let want = if is_pump { "Pump" } else { "Camera" };
            assert_eq!(values(device, Attribute::HttpUserAgent), [want], "{name}");
        }
    }
}

#[test]
fn a_relay_is_told_from_those_it_speaks_for() {
    let syslog = |names: &[&str]| {
        let scene = Scene::new().hops(PHILIPS, "10.1.0.7", 64).in_protocol("syslog");
        names.iter().fold(scene, |scene, name| {
            scene.says(PHILIPS, "10.1.0.7", Attribute::Hostname, name).says(
                PHILIPS,
                "10.1.0.7",
                Attribute::Software,
                &format!("{name}d@"),
            )
        })
    };
    for (names, want) in [
        (["pump-1"].as_slice(), ["pump-1"].as_slice()),
        (&["pump-1", "PUMP-1"], &["PUMP-1"]),
        (&["pump-1", "ct-2"], &[]),
    ] {
        let device = seen(syslog(names)).devices.remove(0);
        assert_eq!(device.names, want, "{names:?}");
        assert_eq!(device.software.is_empty(), want.is_empty(), "{names:?}");
    }
    let relay = Scene::new()
        .hops(ROUTER, "10.5.0.1", 64)
        .says(ROUTER, "10.5.0.1", Attribute::Role, "dhcp_client")
        .says(ROUTER, "10.5.0.1", Attribute::Role, "dhcp_relay");
    assert_eq!(seen(relay).devices[0].roles, ["dhcp_relay"]);
}

#[test]
fn what_speaks_against_one_device_is_a_question() {
    let scene = |mac, ip, attribute, value| {
        Scene::new().hops(mac, ip, 64).says(mac, ip, attribute, value).observations()
    };
    let card = "00:09:fb:00:00:02";
    for (name, attribute, first, second, asks) in [
        ("one serial, two makers", Serial, (PHILIPS, "SN7"), (PANASONIC, "SN7"), true),
        ("one name, two cards", Hostname, (PHILIPS, "pump-7"), (card, "pump-7"), true),
        ("two serials, one card", Serial, (PHILIPS, "SN7"), (PHILIPS, "SN8"), true),
        ("one serial, one maker", Serial, (PHILIPS, "SN7"), (card, "SN7"), false),
        ("one serial, one card", Serial, (PHILIPS, "SN7"), (PHILIPS, "sn-7"), false),
    ] {
        let known =
            identify(&scene(first.0, "10.1.0.1", attribute, first.1), "", &Index::default());
        let again = scene(second.0, "10.1.0.2", attribute, second.1);
        let after = identify(&again, "", &Index::new(known.devices)).devices;
        let questions = values(&after[0], Attribute::IdentityQuestion);
        assert_eq!(!questions.is_empty(), asks, "{name}: {questions:?}");
    }
}

/// Controllers behind a gateway have no address here; each is a device, and the same in every
/// capture.
#[test]
fn stations_behind_a_gateway_are_devices() {
    const GATEWAY: (&str, &str) = ("02:00:00:00:00:07", "10.1.0.7");
    let scene = || {
        let (mac, ip) = GATEWAY;
        let scene = Scene::new().in_protocol("bacnet").talks(mac, ip);
        let scene = scene.says(mac, ip, Attribute::BacnetInstance, "41").of_station(7, 1);
        scene.says(mac, ip, Attribute::BacnetInstance, "42").of_station(7, 2)
    };
    let first = seen(scene());
    let instances: Vec<Vec<&str>> =
        first.devices.iter().map(|device| values(device, Attribute::BacnetInstance)).collect();
    assert_eq!(first.devices.len(), 3, "{instances:?}");
    for wanted in [vec![], vec!["41"], vec!["42"]] {
        assert!(instances.contains(&wanted), "{wanted:?} of {instances:?}");
    }
    let again = identify(&scene().observations(), "", &Index::new(first.devices.clone()));
    let keys = |devices: &[Device]| devices.iter().map(|device| device.id).collect::<Vec<_>>();
    assert_eq!(keys(&again.devices), keys(&first.devices));
}

#[test]
fn names_that_an_interface_uses_in_turn_are_a_question() {
    for (name, first, second, asks) in
        [("in turn", (1, 9), (2, 8), true), ("renamed", (1, 3), (4, 9), false)]
    {
        let scene = Scene::new().hops(PHILIPS, "10.1.0.7", 64).in_protocol("dhcp");
        let scene = scene
            .says_during(first, PHILIPS, "10.1.0.7", Hostname, "pump-1")
            .says_during(second, PHILIPS, "10.1.0.7", Hostname, "pump-2");
        let device = seen(scene).devices.remove(0);
        assert_eq!(!values(&device, Attribute::IdentityQuestion).is_empty(), asks, "{name}");
    }
}

fn values(device: &Device, attribute: Attribute) -> Vec<&str> {
    let facts = device.facts.iter().filter(|fact| fact.attribute == attribute);
    facts.map(|fact| fact.value.as_str()).collect()
}
