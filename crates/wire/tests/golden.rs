//! What each protocol yields, as reviewable files, and that no protocol lacks one, a fuzz target
//! or its lines in `docs/protocols.md`.

#![expect(clippy::indexing_slicing, reason = "a test may stop")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use common::{golden, hospital, observe_frames, seeds};
use model::{Attribute, Observations, Source, Timestamp};
use wire::dissect::{Direction, Field, LinkKind};
use wire::exercise::{self, Turn};
use wire::protocols::{DATAGRAM, LINK, STREAM};

/// One line for each distinct attribute, shape of value and field that the simulated hospital and
/// the seeds of the protocol's fuzz targets show.
#[test]
fn what_each_protocol_yields() {
    let hospital = hospital();
    let of_hospital =
        observe_frames("hospital", hospital.iter().map(|(time, frame)| (*time, &frame[..])));
    for name in names() {
        let mut lines = BTreeSet::new();
        add_lines(name, &of_hospital, &mut lines);
        for frames in seed_frames(name) {
            let frames = (0..).zip(&frames);
            let frames =
                frames.map(|(second, frame)| (Timestamp::from_seconds(second), &frame[..]));
            add_lines(name, &observe_frames("seed", frames), &mut lines);
        }
        assert!(!lines.is_empty(), "{name} is never seen");
        let more = lines.len().saturating_sub(LINES_MAX);
        let kept: Vec<&str> = lines.iter().take(LINES_MAX).map(String::as_str).collect();
        let mut text = kept.join(
            "
",
        ) + "
";
        if more > 0 {
            writeln!(text, "… and {more} more").unwrap();
        }
        golden(&golden_path(name), &text);
    }
}

/// Lines of one golden file: more is not reviewed.
const LINES_MAX: usize = 60;

fn golden_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"))
}

fn add_lines(name: &str, seen: &Observations, lines: &mut BTreeSet<String>) {
    for flow in seen.flows.iter().filter(|flow| flow.application.as_deref() == Some(name)) {
        lines.insert(format!("conversation over {:?}", flow.transport));
    }
    for odd in seen.anomalies.iter().filter(|odd| odd.protocol == name) {
        lines.insert(format!("odd: {}", odd.what));
    }
    for sighting in &seen.sightings {
        if let Source::Wire { protocol, field, .. } = &sighting.source
            && protocol == name
        {
            let fixed = sighting.attribute == Attribute::Role;
            let value = if fixed { sighting.value.clone() } else { shape(&sighting.value) };
            lines.insert(format!("{} {value} ({field})", sighting.attribute));
        }
    }
}

/// Letters become `A` or `a`, digits `9`, each run once; the rest stays. A hexadecimal number
/// becomes `x`, so that another hash is no other shape.
fn shape(value: &str) -> String {
    let mut shape = String::new();
    for word in value.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let (start, end) = match word.char_indices().last() {
            Some((at, last)) if !last.is_alphanumeric() => word.split_at(at),
            _ => (word, ""),
        };
        if is_hexadecimal(start) {
            shape.push('x');
        } else {
            runs(start, &mut shape);
        }
        shape.push_str(end);
    }
    match shape.char_indices().nth(SHAPE_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &shape[..at]),
        None => shape,
    }
}

/// Four digits are a year or a group of a UUID; to be a group there must be a letter among them.
fn is_hexadecimal(word: &str) -> bool {
    let all = word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    let letter = word.bytes().any(|byte| byte.is_ascii_alphabetic());
    all && (word.len() >= 8 || word.len() == 4 && letter)
}

fn runs(word: &str, shape: &mut String) {
    let mut last = None;
    for character in word.chars() {
        let kind = match character {
            c if c.is_uppercase() => 'A',
            c if c.is_alphabetic() => 'a',
            _ => '9',
        };
        if last != Some(kind) {
            shape.push(kind);
        }
        last = Some(kind);
    }
}

const SHAPE_CHARS_MAX: usize = 60;

/// The seeds of a protocol as Ethernet frames, one row for each seed.
fn seed_frames(name: &str) -> Vec<Vec<Vec<u8>>> {
    let mut rows = Vec::new();
    if let Some(protocol) = STREAM.iter().find(|protocol| protocol.name == name) {
        let port = protocol.ports.first().copied().unwrap_or(9_999);
        let seeds = seeds(&format!("stream_{name}"));
        rows.extend(seeds.iter().map(|(_, seed)| connection(port, &exercise::turns(seed))));
    }
    if let Some(protocol) = DATAGRAM.iter().find(|protocol| protocol.name == name) {
        for (_, seed) in seeds(&format!("datagram_{name}")) {
            let Some((choice, payload)) = seed.split_first() else { continue };
            let (from, to) = exercise::ports(protocol, *choice);
            let header = [from, to, payload.len() as u16 + 8, 0].map(u16::to_be_bytes).concat();
            rows.push(vec![ipv4(17, true, &[&header, payload].concat())]);
        }
    }
    if let Some(protocol) = LINK.iter().find(|protocol| protocol.name == name) {
        for (_, seed) in seeds(&format!("link_{name}")) {
            rows.push(vec![match protocol.kind {
                LinkKind::EtherType(kind) => ethernet(true, kind, &seed),
                LinkKind::Snap([a, b, c], number) => {
                    let [high, low] = number.to_be_bytes();
                    let snap = [0xaa, 0xaa, 3, a, b, c, high, low];
                    ethernet(true, seed.len() as u16 + 8, &[&snap, seed.as_slice()].concat())
                }
            }]);
        }
    }
    rows
}

fn connection(port: u16, turns: &[Turn<'_>]) -> Vec<Vec<u8>> {
    const SYN: u8 = 2;
    const ACK: u8 = 16;
    let mut next = [1000u32, 5000];
    let mut segment = |to_server: bool, flags: u8, payload: &[u8], passed: u32| {
        let side = usize::from(!to_server);
        let ports = if to_server { [49_152, port] } else { [port, 49_152] };
        let mut bytes = ports.map(u16::to_be_bytes).concat();
        bytes.extend(next[side].to_be_bytes());
        bytes.extend(next[1 - side].to_be_bytes());
        bytes.extend([0x50, flags, 255, 255, 0, 0, 0, 0]);
        bytes.extend(payload);
        next[side] += passed;
        ipv4(6, to_server, &bytes)
    };
    let mut frames = vec![segment(true, SYN, b"", 1), segment(false, SYN | ACK, b"", 1)];
    for turn in turns {
        match turn {
            Turn::Bytes(direction, bytes) => {
                let to_server = *direction == Direction::ToServer;
                frames.push(segment(to_server, ACK, bytes, bytes.len() as u32));
            }
            Turn::Gap(direction, missing) => {
                segment(*direction == Direction::ToServer, ACK, b"", *missing as u32);
            }
        }
    }
    frames
}

fn ipv4(protocol: u8, from_client: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x45, 0];
    bytes.extend((payload.len() as u16 + 20).to_be_bytes());
    bytes.extend([0, 0, 0, 0, 64, protocol, 0, 0]);
    let (from, to) = if from_client { (1, 2) } else { (2, 1) };
    bytes.extend([192, 0, 2, from, 192, 0, 2, to]);
    bytes.extend(payload);
    ethernet(from_client, 0x0800, &bytes)
}

fn ethernet(from_client: bool, kind: u16, payload: &[u8]) -> Vec<u8> {
    let (from, to) = if from_client { (1, 2) } else { (2, 1) };
    let addresses = [2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from];
    [&addresses, &kind.to_be_bytes()[..], payload].concat()
}

/// Everything that is registered: kind of target, name, fields.
fn registered() -> Vec<(&'static str, &'static str, &'static [Field])> {
    let streams = STREAM.iter().map(|protocol| ("stream", protocol.name, protocol.fields));
    let datagrams = DATAGRAM.iter().map(|protocol| ("datagram", protocol.name, protocol.fields));
    let links = LINK.iter().map(|protocol| ("link", protocol.name, protocol.fields));
    streams.chain(datagrams).chain(links).collect()
}

fn names() -> BTreeSet<&'static str> {
    registered().into_iter().map(|(_, name, _)| name).collect()
}

#[test]
fn nothing_is_missing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let registry = std::fs::read_to_string(root.join("src/protocols.rs")).unwrap();
    for entry in std::fs::read_dir(root.join("src/protocols")).unwrap() {
        let folder = entry.unwrap().file_name().into_string().unwrap();
        let module = format!("pub mod {folder};");
        assert!(registry.contains(&module), "{folder} is not in protocols.rs");
        let path = format!("{folder}::");
        let mut paths = registry.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | ':'));
        let entered = paths.any(|word| word.starts_with(&path));
        let exempt = WITHOUT_ENTRY.iter().any(|(name, _)| *name == folder);
        assert_ne!(entered, exempt, "{folder}: an entry, or a reason");
    }
    let manifest = std::fs::read_to_string(root.join("../../fuzz/Cargo.toml")).unwrap();
    for (kind, name, fields) in registered() {
        let target = format!("{kind}_{name}");
        let code = root.join(format!("../../fuzz/fuzz_targets/{target}.rs"));
        let code = std::fs::read_to_string(code).unwrap_or_default();
        assert!(code.contains(&format!("{kind}(\"{name}\"")), "{target} has no fuzz target");
        assert!(manifest.contains(&format!("\"{target}\"")), "{target} is not in the manifest");
        assert!(!seeds(&target).is_empty(), "{target} has no seed");
        let updating = std::env::var_os("UPDATE_GOLDEN").is_some();
        assert!(updating || golden_path(name).is_file(), "{name} has no golden file");
        let mut unique = BTreeSet::new();
        for field in fields {
            // One element may be trusted less where the sender passes on what another made.
            let confidence = serde_json::to_string(&field.confidence).unwrap();
            let key = (field.protocol, field.name, field.attribute, confidence);
            assert!(unique.insert(key), "{field:?} twice");
            assert!(!field.meaning.is_empty() && !field.name.is_empty(), "{field:?}");
        }
    }
    for entry in std::fs::read_dir(root.join("tests/golden")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(names().contains(name), "{} is of no protocol", path.display());
    }
}

/// Folders that register nothing, and why.
const WITHOUT_ENTRY: &[(&str, &str)] = &[("anydesk", "speaks TLS, whose dissector asks it")];

/// `docs/protocols.md` is made from the tables of fields.
#[test]
fn the_documentation_is_current() {
    let mut by_name: BTreeMap<&str, (Vec<String>, Vec<&Field>)> = BTreeMap::new();
    for (name, how, fields) in described() {
        let (hows, all) = by_name.entry(name).or_default();
        hows.push(how);
        for field in fields {
            if !all.contains(&field) {
                all.push(field);
            }
        }
    }
    let count: usize = by_name.values().map(|(_, fields)| fields.len()).sum();
    let mut text = format!(
        "# Protocols\n\n\
         Every protocol that is read, and every field that it yields: nothing else leaves a packet.\n\
         {} names, {count} fields. Made from the tables in `crates/wire/src/protocols/` by\n\
         `UPDATE_GOLDEN=1 cargo test -p wire --test golden`.\n\n\
         Confidence is how far the value can be trusted, from 0 to 1.\n",
        by_name.len(),
    );
    for (name, (hows, fields)) in by_name {
        write!(text, "\n## {name}\n\n{}.\n", hows.join("; ")).unwrap();
        if fields.is_empty() {
            text.push_str("\nRecognised; yields no field.\n");
            continue;
        }
        text.push_str(
            "\n| field | attribute | confidence | meaning |\n| --- | --- | --- | --- |\n",
        );
        for Field { name, attribute, confidence, meaning, .. } in fields {
            let cell = |text: &str| text.replace('|', "\\|");
            let confidence = serde_json::to_string(confidence).unwrap();
            let (name, meaning) = (cell(name), cell(meaning));
            writeln!(text, "| {name} | {attribute} | {confidence} | {meaning} |").unwrap();
        }
    }
    golden(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocols.md"), &text);
}

/// Name, how it is recognised, fields.
fn described() -> Vec<(&'static str, String, &'static [Field])> {
    let ports = |ports: &[u16]| {
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        if ports.is_empty() { "any".to_owned() } else { ports.join(", ") }
    };
    let mut rows = vec![("ndp", "ICMPv6".to_owned(), wire::NEIGHBOUR_FIELDS)];
    for one in STREAM {
        let how = format!("TCP, any port by content; tried first on {}", ports(one.ports));
        rows.push((one.name, how, one.fields));
    }
    for one in DATAGRAM {
        let how = if one.any_port {
            format!("UDP, any port by content; tried first on {}", ports(one.ports))
        } else {
            format!("UDP {}, by content", ports(one.ports))
        };
        rows.push((one.name, how, one.fields));
    }
    for one in LINK {
        let how = match one.kind {
            LinkKind::EtherType(kind) => format!("EtherType {kind:#06x}"),
            LinkKind::Snap([a, b, c], number) => {
                format!("SNAP {a:02x}-{b:02x}-{c:02x}, {number:#06x}")
            }
        };
        rows.push((one.name, how, one.fields));
    }
    rows
}
