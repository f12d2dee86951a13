//! `observe` and `match`: nothing is kept, and the JSON is a contract.

use std::io::Write as _;

use crate::harness::{Files, has_fields, regimen, regimen_reading, some};

#[test]
fn observe_says_the_same_of_a_capture_however_it_comes() {
    let files = Files::of_a_hospital();
    let plain = files.read("inputs/hospital.pcap");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let zstd = zstd::encode_all(plain.as_slice(), 1).unwrap();
    // The same name in three folders, because facts name the capture that they came from.
    let packed = [("gz", gzip.finish().unwrap()), ("zst", zstd)].map(|(folder, bytes)| {
        std::fs::create_dir(files.path(folder)).unwrap();
        files.write(&format!("{folder}/hospital.pcap"), &bytes)
    });
    let path = files.path("inputs/hospital.pcap");
    let first = regimen(&["observe", &path, "--json"]).ended(0);
    assert_eq!(first.err, "");
    for other in [&path, &packed[0], &packed[1]] {
        let again = regimen(&["observe", other, "--json"]).ended(0);
        assert!(again.out == first.out, "{other} gives other bytes");
    }
    let piped = regimen_reading(&["observe", "-", "--json"], plain).ended(0).json();
    let first = first.json();
    assert_eq!(piped["stats"], first["stats"]);
    assert_eq!(piped["conversations"], first["conversations"]);
}

#[test]
fn observe_has_the_fields_of_the_contract() {
    let files = Files::of_a_hospital();
    let path = files.path("inputs/hospital.pcap");
    let seen = regimen(&["observe", &path, "--json"]).ended(0).json();
    has_fields(&seen, &["devices", "conversations", "anomalies", "stats"]);
    has_fields(&seen["stats"], &["packets", "bytes", "skipped"]);
    assert!(seen["stats"]["packets"].as_u64().unwrap() > 1000);
    let devices = some(&seen, "devices");
    for device in devices {
        has_fields(
            device,
            &["id", "addresses", "names", "software", "roles", "protocols", "facts"],
        );
        has_fields(device, &["first_seen", "last_seen"]);
    }
    for field in ["maker", "model", "class", "serial"] {
        assert!(devices.iter().any(|device| device[field].is_string()), "no device has {field}");
    }
    let facts: Vec<_> = devices.iter().flat_map(|device| some(device, "facts")).collect();
    for fact in &facts {
        has_fields(fact, &["attribute", "value", "confidence", "source", "count"]);
        has_fields(fact, &["first_seen", "last_seen"]);
        let confidence = fact["confidence"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&confidence), "{fact}");
        match fact["source"]["kind"].as_str() {
            Some("wire") => {
                has_fields(&fact["source"], &["capture", "frame", "offset_bytes", "length_bytes"]);
                has_fields(&fact["source"], &["protocol", "field", "rule"]);
            }
            Some("rule") => has_fields(&fact["source"], &["rule", "from"]),
            other => panic!("a source of kind {other:?}"),
        }
    }
    for conversation in some(&seen, "conversations") {
        has_fields(conversation, &["client", "server", "transport", "port", "packets", "bytes"]);
        has_fields(conversation, &["first_seen", "last_seen"]);
    }
}

/// The place that a fact names holds the value that it claims.
#[test]
fn a_fact_points_at_its_bytes() {
    let files = Files::of_a_hospital();
    let capture = files.read("inputs/hospital.pcap");
    let path = files.path("inputs/hospital.pcap");
    let seen = regimen(&["observe", &path, "--json"]).ended(0).json();
    let frames = frames(&capture);
    let mut checked = 0;
    for fact in some(&seen, "devices").iter().flat_map(|device| some(device, "facts")) {
        // Only what is copied as it stands can be compared.
        if !COPIED.contains(&fact["attribute"].as_str().unwrap())
            || fact["source"]["kind"] != "wire"
        {
            continue;
        }
        let place = |field: &str| usize::try_from(fact["source"][field].as_u64().unwrap()).unwrap();
        let frame = frames[place("frame") - 1];
        let start = place("offset_bytes");
        let bytes = &frame[start..start + place("length_bytes")];
        let value = fact["value"].as_str().unwrap();
        let text = String::from_utf8_lossy(bytes);
        assert!(text.contains(value), "{fact} but the frame has {text:?}");
        checked += 1;
    }
    assert!(checked > 20, "only {checked} facts could be compared");
}

/// Attributes whose values stand in the frame as they are shown.
const COPIED: [&str; 9] = [
    "ae_title",
    "hl7_application",
    "hl7_facility",
    "http_server",
    "http_user_agent",
    "implementation_class_uid",
    "serial",
    "ssh_banner",
    "station_name",
];

/// The frames of a pcap in the byte order that the simulation writes.
fn frames(capture: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    let mut rest = &capture[24..];
    while let Some((header, after)) = rest.split_at_checked(16) {
        let length = u32::from_le_bytes(header[8..12].try_into().unwrap()) as usize;
        let (frame, next) = after.split_at(length);
        frames.push(frame);
        rest = next;
    }
    frames
}

#[test]
#[rustfmt::skip]
fn observe_of_bad_input_says_what_and_where_and_goes_on() {
    let files = Files::of_a_hospital();
    let whole = files.read("inputs/hospital.pcap");
    let mut corrupt = whole[..100_000].to_vec();
    // The length of the first record becomes larger than any frame.
    corrupt[32..36].fill(0xff);
    let good = files.path("inputs/hospital.pcap");
    for (name, bytes, said) in [
        ("truncated.pcap", Some(whole[..100_001].to_vec()), "the file ends inside this record"),
        ("corrupt.pcap",   Some(corrupt),               "damaged at byte 24"),
        ("text.pcap",      Some(b"hello, this is no capture".to_vec()), "neither pcap nor pcapng"),
        ("empty.pcap",     Some(Vec::new()),                 "shorter than four bytes"),
        ("folder",         None,                             "folder"),
        ("missing.pcap",   None,                             "No such file"),
    ] {
        let path = files.path(name);
        match bytes {
            Some(bytes) => drop(files.write(name, &bytes)),
            None if name == "folder" => std::fs::create_dir(&path).unwrap(),
            None => {}
        }
        let answer = regimen(&["observe", &path, &good, "--json"]).ended(3);
        assert!(answer.err.contains(said) && answer.err.contains(name), "{name}: {}", answer.err);
        some(&answer.json(), "devices");
    }
}

#[test]
#[rustfmt::skip]
fn wrong_usage_is_told_apart_from_failure() {
    for (name, arguments, code) in [
        ("no command",        vec![],                              2),
        ("no such command",   vec!["dance"],                       2),
        ("no file",           vec!["observe"],                     2),
        ("no such flag",      vec!["observe", "x", "--dance"],     2),
        ("two formats",       vec!["doctor", "--json", "--jsonl"], 2),
        ("no such time",      vec!["doctor", "--now", "later"],    2),
        ("too few devices",   vec!["demo", "--devices", "1"],      2),
        ("no such type",      vec!["ingest", "x", "--as", "poem"], 2),
        ("no such gate",      vec!["match", "--inventory", "x", "--disclosures", "x", "--fail-on", "y"], 2),
        ("no such store",     vec!["--store", "x", "assets", "list"], 2),
        ("no such inventory", vec!["match", "--inventory", "/nowhere.csv", "--disclosures", "/nowhere"], 2),
        ("help",              vec!["--help"],                      0),
        ("version",           vec!["--version"],                   0),
    ] {
        let answer = regimen(&arguments);
        assert_eq!(answer.code, code, "{name}: {}", answer.err);
        assert!(!answer.err.contains("panicked"), "{name}");
        assert_eq!(answer.err.is_empty(), code == 0, "{name}: {}", answer.err);
    }
}

#[test]
fn match_has_the_fields_of_the_contract_and_gates() {
    let files = Files::of_a_hospital();
    let (inventory, documents) = (files.path("inventory.csv"), files.path("inputs/advisories"));
    let (kev, epss) = (files.path("inputs/kev.json"), files.path("inputs/epss.csv"));
    files.write("inventory.csv", INVENTORY);
    let arguments =
        ["match", "--inventory", &inventory, "--disclosures", &documents, &kev, &epss, "--json"];
    let first = regimen(&arguments).ended(0);
    assert!(first.out == regimen(&arguments).out, "the same input gives the same bytes");
    let rows = first.json();
    let verdicts = ["affected", "not_affected", "unknown"];
    for row in rows.as_array().unwrap() {
        has_fields(row, &["asset", "disclosure", "disclosure_version", "vulnerability"]);
        has_fields(row, &["product", "verdict", "steps", "remediation", "severity"]);
        assert!(verdicts.contains(&row["verdict"].as_str().unwrap()));
        for step in some(row, "steps") {
            has_fields(step, &["step", "detail", "source"]);
        }
        if row["verdict"] == "unknown" {
            has_fields(row, &["question"]);
        }
    }
    let verdict_of = |asset: &str| {
        let rows = rows.as_array().unwrap().iter();
        let mut found: Vec<_> = rows.filter(|row| row["asset"] == asset).collect();
        found.retain(|row| row["disclosure"] == "NORRVIK-SA-2026-02");
        found.iter().map(|row| row["verdict"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(verdict_of("OLD").contains(&"affected".to_owned()));
    assert!(verdict_of("BLANK").contains(&"unknown".to_owned()), "no version: not clear");
    assert!(!verdict_of("NEW").contains(&"affected".to_owned()));
    assert_eq!(verdict_of("OTHER"), Vec::<String>::new());
    assert!(rows.as_array().unwrap().iter().any(|row| row["kev"].is_object()));
    assert!(rows.as_array().unwrap().iter().any(|row| row["epss"].is_object()));
    let gated = |gate: &str| regimen(&[arguments.as_slice(), &["--fail-on", gate]].concat()).code;
    assert_eq!((gated("affected"), gated("unknown")), (4, 4));
    files.write("inventory.csv", b"asset_id,maker,model,version\nOTHER,Nobody,Nothing,1\n");
    assert_eq!((gated("affected"), gated("unknown")), (0, 0));
}

/// A maker and a product of the simulated hospital, before and after the fix.
const INVENTORY: &[u8] = b"Asset ID,Manufacturer,Model,Firmware\n\
    OLD,Norrvik Infusion,Flumen Hub,3.4.1\n\
    NEW,Norrvik Infusion,Flumen Hub,9.9.9\n\
    BLANK,Norrvik Infusion,Flumen Hub,\n\
    OTHER,Nobody,Nothing,1\n";
