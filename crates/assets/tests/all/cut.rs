//! The same frames in one capture or in several give the same devices.

use assets::{Index, identify};
use model::{Attribute, Confidence, Device, DeviceId};
use proptest::prelude::*;
use std::collections::BTreeMap;

use crate::scene::Scene;

/// One thing that a frame shows.
#[derive(Clone, Debug)]
enum Frame {
    /// A host of the network itself.
    Near(u8),
    /// A host behind the router.
    Far(u8),
    /// ARP of a host of the network.
    Arp(u8),
    /// A message with a serial number; of hosts with two cards, one or the other sends it.
    Serial(u8, bool),
    /// A message to a log that the host passes on for this many others.
    Log(u8, u8),
    /// What a group of routers says.
    Group(u8),
}

const ROUTER: &str = "00:1b:54:aa:00:01";

fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        (0u8..4).prop_map(Frame::Near),
        (0u8..4).prop_map(Frame::Far),
        (0u8..4).prop_map(Frame::Arp),
        (0u8..3, any::<bool>()).prop_map(|(host, card)| Frame::Serial(host, card)),
        (0u8..3, 0u8..3).prop_map(|(host, of)| Frame::Log(host, of)),
        (0u8..2).prop_map(Frame::Group),
    ]
}

fn show(scene: Scene, at: i64, frame: &Frame) -> Scene {
    let near = |host: u8| (format!("00:09:fb:00:00:{host:02x}"), format!("10.1.0.{}", host + 10));
    let when = (at, at);
    match frame {
        Frame::Near(host) => {
            let (mac, ip) = near(*host);
            scene.talks_at(when, &mac, &ip, Some(64))
        }
        Frame::Far(host) => scene.talks_at(when, ROUTER, &format!("10.7.0.{host}"), Some(63)),
        Frame::Arp(host) => {
            let (mac, ip) = near(*host);
            scene.talks_at(when, &mac, "", None).binds_by("arp", when, &mac, &ip)
        }
        Frame::Serial(host, card) => {
            let (mac, ip) = near(host + 20 + u8::from(*card) * 10);
            let scene = scene.talks_at(when, &mac, &ip, Some(64));
            scene.says(&mac, &ip, Attribute::Serial, &format!("SN470{host}"))
        }
        Frame::Log(host, of) => {
            let (mac, ip) = near(host + 50);
            let scene = scene.talks_at(when, &mac, &ip, Some(128)).in_protocol("syslog");
            let name = format!("host-{of}");
            scene
                .says_with(&mac, &ip, Attribute::Hostname, &name, Confidence::LIKELY)
                .in_protocol("test")
        }
        Frame::Group(group) => {
            let mac = format!("00:00:5e:00:01:0{group}");
            scene.talks_at(when, &mac, "", None).binds_by("arp", when, &mac, "10.1.0.1")
        }
    }
}

/// Takes the frames in as captures that end before each of `cuts`.
fn taken_in(frames: &[Frame], cuts: &[usize]) -> Vec<String> {
    let mut known: BTreeMap<DeviceId, Device> = BTreeMap::new();
    let mut scene = Scene::new();
    for ((at, time), frame) in (0..).zip(0_i64..).zip(frames) {
        if cuts.contains(&at) {
            learn(&mut known, std::mem::take(&mut scene));
        }
        scene = show(scene, time, frame);
    }
    learn(&mut known, scene);
    let mut devices: Vec<String> = known.values().map(told).collect();
    devices.sort();
    devices
}

fn learn(known: &mut BTreeMap<DeviceId, Device>, scene: Scene) {
    let index = Index::new(known.values().cloned().collect());
    let seen = identify(&scene.observations(), "", &index).devices;
    known.extend(seen.into_iter().map(|device| (device.id, device)));
}

fn told(device: &Device) -> String {
    let mut addresses: Vec<String> = device
        .addresses
        .iter()
        .map(|address| format!("{:?} {:?}", address.mac, address.ip))
        .collect();
    addresses.sort();
    addresses.dedup();
    let asks =
        device.facts.iter().filter(|fact| fact.attribute == Attribute::IdentityQuestion).count();
    format!("{addresses:?} {:?} {:?} {asks}", device.names, device.serial)
}

proptest! {
    #[test]
    fn cuts_change_no_device(
        frames in prop::collection::vec(frame(), 1..40),
        cuts in prop::collection::vec(0usize..40, 0..10),
    ) {
        prop_assert_eq!(taken_in(&frames, &cuts), taken_in(&frames, &[]));
    }
}
