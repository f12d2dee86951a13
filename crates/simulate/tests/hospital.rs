//! The hospital as its users see it: repeatable, well-formed, and full of things to find.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::Command;

use model::Timestamp;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use simulate::{Hospital, Plan, TrafficPlan, pcap_header, pcap_record};

/// Everything that a hospital gives, as one digest.
fn digest(plan: &Plan, traffic: &TrafficPlan) -> String {
    let hospital = Hospital::build(plan);
    let mut hash = Sha256::new();
    for (time, frame) in hospital.traffic(traffic) {
        hash.update(time.as_micros().to_le_bytes());
        hash.update(frame);
    }
    hash.update(hospital.cmms_csv());
    for (name, bytes) in hospital.advisories() {
        hash.update(name);
        hash.update(bytes);
    }
    hash.update(hospital.kev());
    hash.update(hospital.epss());
    format!("{:x?}", hash.finalize())
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let traffic = TrafficPlan { minutes: 1, packets_min: 0 };
    let plan = Plan { devices: 60, ..Plan::default() };
    assert_eq!(digest(&plan, &traffic), digest(&plan, &traffic));
    for (name, other) in [
        ("seed", Plan { seed: 2, ..plan }),
        ("devices", Plan { devices: 61, ..plan }),
        ("start", Plan { start: plan.start.plus_seconds(1), ..plan }),
    ] {
        assert_ne!(digest(&plan, &traffic), digest(&other, &traffic), "{name}");
    }
}

#[test]
fn default_traffic_is_small_enough_for_a_demo() {
    let plan = Plan::default();
    let hospital = Hospital::build(&plan);
    let (mut packets, mut bytes, mut last) = (0u64, 0u64, plan.start);
    for (time, frame) in hospital.frames() {
        assert!(time >= last, "out of order at packet {packets}");
        check_frame(&frame);
        (packets, bytes, last) = (packets + 1, bytes + frame.len() as u64, time);
    }
    assert!((60_000..=100_000).contains(&packets), "{packets} packets");
    assert!((400..=750).contains(&(bytes / packets)), "{} bytes on average", bytes / packets);
    assert!(last < plan.start.plus_seconds(13 * 60), "ends at {last}");
}

#[test]
fn traffic_goes_on_until_there_is_enough() {
    let hospital = Hospital::build(&Plan { devices: 30, ..Plan::default() });
    let count = |packets_min| hospital.traffic(&TrafficPlan { minutes: 1, packets_min }).count();
    let few = count(0);
    assert!(few < 20_000, "{few}");
    assert!((150_000..160_000).contains(&count(150_000)));
}

/// Every device speaks with its own addresses, and routers are the only ones with more.
#[test]
fn every_device_is_on_the_wire() {
    let hospital = Hospital::build(&Plan::default());
    let senders: BTreeSet<Vec<u8>> =
        hospital.frames().map(|(_, frame)| frame[6..12].to_vec()).collect();
    for device in hospital.devices() {
        assert!(senders.contains(device.mac.0.as_slice()), "{}", device.hostname);
    }
    assert_eq!(senders.len(), hospital.devices().len());
}

#[test]
fn patients_and_passwords_are_canaries() {
    let hospital = Hospital::build(&Plan::default());
    let mut seen =
        BTreeMap::from([("CANARY^PATIENT^", 0), ("CANARY-ID-", 0), ("CANARY-PASSWORD", 0)]);
    for (_, frame) in hospital.traffic(&TrafficPlan { minutes: 5, packets_min: 0 }) {
        let text = String::from_utf8_lossy(&frame);
        for (needle, count) in &mut seen {
            *count += usize::from(text.contains(*needle));
        }
    }
    for (needle, count) in seen {
        assert!(count > 3, "{needle}: {count}");
    }
    let csv = String::from_utf8(hospital.cmms_csv()).unwrap();
    assert!(!csv.contains("CANARY"));
}

#[test]
fn advisories_are_named_after_their_identifiers() {
    let hospital = Hospital::build(&Plan::default());
    for (name, bytes) in hospital.advisories() {
        let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let id = document["document"]["tracking"]["id"].as_str().unwrap();
        assert_eq!(name, format!("{}.json", id.to_ascii_lowercase()));
        let version = document["document"]["tracking"]["version"].as_str().unwrap();
        let history = document["document"]["tracking"]["revision_history"].as_array().unwrap();
        assert_eq!(history.len().to_string(), version, "{id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Any hospital's frames are well-formed and in order.
    #[test]
    fn any_hospital_is_well_formed(devices in 0usize..400, seed: u64, start in 0i64..4_000_000_000) {
        let start = Timestamp::from_seconds(start);
        let hospital = Hospital::build(&Plan { devices, seed, start });
        let mut last = start;
        for (time, frame) in hospital.traffic(&TrafficPlan { minutes: 0, packets_min: 3_000 }).take(6_000) {
            prop_assert!(time >= last);
            check_frame(&frame);
            last = time;
        }
    }
}

/// Lengths and checksums, by a reader that shares nothing with the encoders.
fn check_frame(frame: &[u8]) {
    assert!((60..=1518).contains(&frame.len()), "{} bytes", frame.len());
    let word = |at: usize| usize::from(frame[at]) << 8 | usize::from(frame[at + 1]);
    let at = if word(12) == 0x8100 { 18 } else { 14 };
    match word(at - 2) {
        0x0800 => {
            let end = at + word(at + 2);
            assert_eq!(frame[at], 0x45);
            assert_eq!(folded(&frame[at..at + 20], 0), 0xffff, "header checksum");
            let segment = &frame[at + 20..end];
            let pseudo = match frame[at + 9] {
                ICMP => 0,
                protocol => usize::from(protocol) + segment.len() + sum(&frame[at + 12..at + 20]),
            };
            assert_eq!(folded(segment, pseudo), 0xffff, "transport checksum");
        }
        0x86dd => {
            let segment = &frame[at + 40..at + 40 + word(at + 4)];
            let pseudo = usize::from(frame[at + 6]) + segment.len();
            let addresses = sum(&frame[at + 8..at + 40]);
            assert_eq!(folded(segment, pseudo + addresses), 0xffff, "transport checksum");
        }
        0x0806 | 0x88cc => {}
        length => assert_eq!(length, frame.len() - 14, "802.3 length"),
    }
}

fn sum(bytes: &[u8]) -> usize {
    let pair =
        |pair: &[u8]| usize::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| usize::from(*low));
    bytes.chunks(2).map(pair).sum()
}

fn folded(bytes: &[u8], start: usize) -> usize {
    let mut total = sum(bytes) + start;
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    total
}

/// IP protocol number of ICMP, which has no pseudo-header over IPv4.
const ICMP: u8 = 1;

/// A second opinion: Wireshark finds each protocol and nothing malformed.
#[test]
fn wireshark_agrees() {
    if Command::new("tshark").arg("--version").output().is_err() {
        testing::skip("tshark is not installed");
        return;
    }
    let hospital = Hospital::build(&Plan { devices: 150, ..Plan::default() });
    let mut file = tempfile::NamedTempFile::with_suffix(".pcap").unwrap();
    file.write_all(&pcap_header()).unwrap();
    let mut bytes = Vec::new();
    for (time, frame) in hospital.traffic(&TrafficPlan { minutes: 6, packets_min: 0 }) {
        pcap_record(time, &frame, &mut bytes);
    }
    file.write_all(&bytes).unwrap();
    let output = Command::new("tshark")
        .args(["-o", "tcp.reassemble_out_of_order:TRUE", "-q", "-z", "io,phs", "-r"])
        .arg(file.path())
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    let found: BTreeSet<&str> =
        report.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(!found.contains("_ws.malformed"), "{report}");
    for protocol in [
        "arp", "bacapp", "cdp", "dhcp", "dicom", "dns", "ftp", "hl7", "http", "icmp", "icmpv6",
        "ipp", "lldp", "mdns", "modbus", "nbns", "ntp", "rdp", "rtsp", "smb", "smb2", "snmp",
        "ssdp", "ssh", "syslog", "telnet", "tls", "vlan", "vnc", "xml",
    ] {
        assert!(found.contains(protocol), "{protocol} is missing:\n{report}");
    }
}
