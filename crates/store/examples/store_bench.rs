//! How fast the store is: a disclosure archive put in, 100,000 devices put in, and pages of them.
//!
//! Run: `cargo run --release -p store --example store_bench -- [DEVICES] [STORE] [DISCLOSURES]`.
//! `STORE` is as for the program, a new SQLite file by default, and must be empty. `DISCLOSURES`
//! is a folder of CSAF documents (`$REGIMEN_CORPUS/disclosures` by default); without it that part
//! is skipped.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method itself is not general enough over the transaction's lifetime"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use model::{
    Address, Attribute, Confidence, Conversation, Device, DeviceId, Fact, Mac, Question,
    Remediation, Severity, Software, Source, Step, Timestamp, Transport, Verdict, VerdictRow,
};
use store::records::{
    ConfigurationKey, ConfigurationVerdicts, DeviceChange, DeviceFilter, DeviceOrder,
    DisclosureFilter, Identifiers, NewDisclosure, Page, VerdictFilter,
};
use store::{Store, StoreError, StoreUrl};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let devices = arguments.first().map_or(Ok(100_000), |text| text.parse())?;
    let file = std::env::temp_dir().join(format!("store-bench-{}.db", std::process::id()));
    let url = match arguments.get(1) {
        Some(text) => StoreUrl::parse(text)?,
        None => StoreUrl::sqlite(&file),
    };
    let store = Store::open(&url)?;
    println!("{url}, {devices} devices, {CONFIGURATIONS} configurations");
    let folder = arguments.get(2).map_or_else(corpus, PathBuf::from);
    put_disclosures(&store, &folder)?;
    put_devices(&store, devices)?;
    put_verdicts(&store)?;
    put_conversations(&store, devices)?;
    pages(&store)?;
    single(&store)?;
    timed("write 10,000 evidence rows, one transaction", || evidence(&store))?;
    timed("check them", || store.read(|tx| tx.verify_evidence(None)).map(drop))?;
    if arguments.get(1).is_none() {
        println!("{:>9.1} MB on disk", std::fs::metadata(&file)?.len() as f64 / 1e6);
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", file.display()));
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn timed<T, E>(what: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let start = Instant::now();
    let value = work()?;
    println!("{:>9.1} ms  {what}", start.elapsed().as_secs_f64() * 1e3);
    Ok(value)
}

/// The second time, as somebody who pages about sees it.
fn warm<T, E>(what: &str, work: impl Fn() -> Result<T, E>) -> Result<T, E> {
    work()?;
    timed(what, work)
}

fn corpus() -> PathBuf {
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").into();
    PathBuf::from(std::env::var_os("REGIMEN_CORPUS").unwrap_or_else(beside)).join("disclosures")
}

fn put_disclosures(store: &Store, folder: &Path) -> Result<(), Failure> {
    let mut documents = Vec::new();
    for name in ["cisa-icsma", "cisa-icsa"] {
        collect(&folder.join(name), &mut documents)?;
    }
    if documents.is_empty() {
        println!("skipped: no documents in {}", folder.display());
        return Ok(());
    }
    let bytes: usize = documents.iter().map(|new| new.raw.len()).sum();
    let what = format!("put {} documents, {:.1} MB", documents.len(), bytes as f64 / 1e6);
    timed(&what, || store.write(|tx| put_all(tx, &documents)))?;
    timed("put them again", || store.write(|tx| put_all(tx, &documents)))?;
    timed("load them to match", || store.read(|tx| tx.disclosure_documents()))?;
    Ok(())
}

fn put_all(tx: &store::WriteTx<'_>, documents: &[NewDisclosure]) -> Result<(), StoreError> {
    documents.iter().try_for_each(|new| tx.put_disclosure(new, at(0)).map(drop))
}

fn collect(folder: &Path, documents: &mut Vec<NewDisclosure>) -> Result<(), Failure> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, documents)?;
        } else if path.extension().is_some_and(|ending| ending == "json") {
            documents.push(document(&path)?);
        }
    }
    Ok(())
}

/// As much as the store wants to know; the document stands for its own normalised form.
fn document(path: &Path) -> Result<NewDisclosure, Failure> {
    let raw = std::fs::read(path)?;
    let document: serde_json::Value = serde_json::from_slice(&raw)?;
    let text = |pointer: &str| {
        document.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
    };
    let all = document.pointer("/vulnerabilities").and_then(|list| list.as_array());
    let cve = |one: &serde_json::Value| Some(one.get("cve")?.as_str()?.to_owned());
    let id = text("/document/tracking/id");
    Ok(NewDisclosure {
        key: format!("{}|{id}", text("/document/publisher/namespace")),
        id,
        publisher: text("/document/publisher/name"),
        title: text("/document/title"),
        version: text("/document/tracking/version"),
        released: text("/document/tracking/initial_release_date").parse().ok(),
        updated: text("/document/tracking/current_release_date").parse().ok(),
        vulnerabilities: all.into_iter().flatten().filter_map(cve).collect(),
        score: None,
        engine: "bench".to_owned(),
        search_text: String::new(),
        warnings: Vec::new(),
        content_hash: evidence::sha256_hex(&raw),
        document,
        raw,
    })
}

fn put_devices(store: &Store, count: u32) -> Result<(), Failure> {
    let changes: Vec<DeviceChange> = (0..count).map(change).collect();
    timed("put the devices, one transaction", || store.write(|tx| tx.put_devices(&changes)))?;
    let some: Vec<DeviceChange> = changes.iter().take(150).cloned().collect();
    timed("put 150 of them again", || store.write(|tx| tx.put_devices(&some)))?;
    timed("load all of them whole", || store.read(|tx| tx.devices(None)))?;
    let macs = some.iter().flat_map(|one| &one.device.addresses).filter_map(|one| one.mac);
    let wanted = Identifiers { macs: macs.collect(), ..Identifiers::default() };
    timed("find 150 by MAC, whole", || store.read(|tx| tx.devices_by_identifiers(&wanted)))?;
    Ok(())
}

fn put_verdicts(store: &Store) -> Result<(), Failure> {
    let decided: Vec<ConfigurationVerdicts> = (0..CONFIGURATIONS)
        .map(|number| ConfigurationVerdicts {
            key: key(number),
            rows: (0..VERDICTS).map(|one| verdict(number, one)).collect(),
        })
        .collect();
    let what = format!("replace {} verdicts", CONFIGURATIONS * VERDICTS);
    timed(&what, || store.write(|tx| tx.replace_configuration_verdicts(&decided)))?;
    timed("replace those of one configuration", || {
        store.write(|tx| tx.replace_configuration_verdicts(decided.get(..1).unwrap_or_default()))
    })?;
    Ok(())
}

fn put_conversations(store: &Store, devices: u32) -> Result<(), Failure> {
    let talks: Vec<Conversation> = (0..devices).map(|number| talk(number, devices)).collect();
    timed("add as many conversations", || store.write(|tx| tx.add_conversations("", &talks)))?;
    Ok(())
}

fn pages(store: &Store) -> Result<(), Failure> {
    let none = DeviceFilter::default;
    let text = |text: &str| DeviceFilter { text: Some(text.to_owned()), ..none() };
    let first = Page { offset: 0, limit: 50 };
    let deep = Page { offset: 90_000, limit: 50 };
    for (name, filter, order, page) in [
        ("by exposure", none(), DeviceOrder::Exposure, first),
        ("by exposure, deep", none(), DeviceOrder::Exposure, deep),
        ("by name", none(), DeviceOrder::Name, first),
        ("by class", none(), DeviceOrder::Class, first),
        ("by class, deep", none(), DeviceOrder::Class, deep),
        ("by last seen", none(), DeviceOrder::LastSeen, first),
        (
            "of a class",
            DeviceFilter { class: Some("ct".into()), ..none() },
            DeviceOrder::Exposure,
            first,
        ),
        (
            "of a maker, by location",
            DeviceFilter { maker: Some("Maker 3".into()), ..none() },
            DeviceOrder::Location,
            first,
        ),
        (
            "affected, unseen",
            DeviceFilter { verdict: Some(Verdict::Affected), on_network: Some(false), ..none() },
            DeviceOrder::Exposure,
            first,
        ),
        ("by text: a MAC", text("02:00:00:00:12:34"), DeviceOrder::Exposure, first),
        ("by text: two words", text("maker model"), DeviceOrder::Exposure, first),
        ("by text: nothing", text("no such thing"), DeviceOrder::Exposure, first),
        (
            "of a disclosure",
            DeviceFilter { disclosure: Some("D-7".into()), ..none() },
            DeviceOrder::Exposure,
            first,
        ),
    ] {
        let what = format!("page of devices {name}");
        warm(&what, || store.read(|tx| tx.device_rows(&filter, order, page)))?;
    }
    Ok(())
}

fn single(store: &Store) -> Result<(), Failure> {
    let page = Page { offset: 0, limit: 50 };
    let any = VerdictFilter::default();
    let of_one = VerdictFilter { disclosure: Some("D-7".to_owned()), ..any.clone() };
    let listed = DisclosureFilter::default();
    warm("facets", || store.read(|tx| tx.device_facets()))?;
    warm("overview", || store.read(|tx| tx.overview()))?;
    warm("software", || store.read(|tx| tx.software_rows(None, page)))?;
    warm("one device", || store.read(|tx| tx.device_detail(id(7))))?;
    warm("verdicts, all", || store.read(|tx| tx.verdict_rows(&any, page)))?;
    warm("verdicts of a disclosure", || store.read(|tx| tx.verdict_rows(&of_one, page)))?;
    warm("open questions", || store.read(|tx| tx.open_questions(20)))?;
    warm("disclosures", || store.read(|tx| tx.disclosure_rows(&listed, page)))?;
    Ok(())
}

fn evidence(store: &Store) -> Result<(), StoreError> {
    let details = serde_json::json!({"read": 7, "kind": "capture"});
    store.write(|tx| {
        (0..10_000).try_for_each(|number| {
            tx.append_evidence(at(number), "system", "ingest", "ward.pcap", &details).map(drop)
        })
    })
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_790_000_000 + seconds)
}

fn id(number: u32) -> DeviceId {
    let mut bytes = [0; 10];
    bytes[6..].copy_from_slice(&number.to_be_bytes());
    DeviceId::new(at(i64::from(number)), bytes)
}

fn key(number: u32) -> ConfigurationKey {
    ConfigurationKey(format!("maker {}|model {number}|4.1", number % 40))
}

fn change(number: u32) -> DeviceChange {
    let configuration = number % CONFIGURATIONS;
    let classes = ["ct", "infusion_pump", "workstation", "patient_monitor", "printer", "camera"];
    let class = classes.get(number as usize % classes.len()).copied().unwrap_or_default();
    let [_, _, high, low] = number.to_be_bytes();
    let device = Device {
        id: id(number),
        asset_id: Some(format!("BME-{number:06}")),
        site: format!("site {}", number % 3),
        addresses: vec![Address {
            mac: Some(Mac([2, 0, 0, (number >> 16) as u8, high, low])),
            ip: Some(std::net::IpAddr::from([10, (number >> 16) as u8, high, low])),
            vlan: Some(12),
            first_seen: at(0),
            last_seen: at(i64::from(number)),
        }],
        names: vec![format!("host-{number:06}")],
        maker: Some(format!("Maker {}", configuration % 40)),
        model: Some(format!("Model {configuration}")),
        class: Some(class.to_owned()),
        serial: Some(format!("SN{number:08}")),
        os: Some("Windows 10".to_owned()),
        software_version: Some("4.1".to_owned()),
        location: Some(format!("Building {} ward {}", number % 5, number % 70)),
        software: vec![Software { name: format!("Model {configuration}"), version: "4.1".into() }],
        roles: vec!["dicom_storage_scu".to_owned()],
        protocols: vec!["dicom".to_owned(), "arp".to_owned()],
        facts: FACTS.iter().map(|attribute| fact(number, *attribute)).collect(),
        first_seen: at(0),
        last_seen: at(i64::from(number)),
    };
    let custom_fields = BTreeMap::from([("Cost centre".to_owned(), "4711".to_owned())]);
    let on_network = !number.is_multiple_of(10);
    DeviceChange {
        device,
        configuration: key(configuration),
        custom_fields,
        on_network,
        retired: false,
    }
}

fn fact(number: u32, attribute: Attribute) -> Fact {
    Fact {
        attribute,
        value: format!("{attribute} {number}"),
        confidence: Confidence::STATED,
        source: Source::Wire {
            capture: "ward.pcap".to_owned(),
            frame: u64::from(number),
            offset_bytes: 54,
            length_bytes: 12,
            protocol: "dicom".to_owned(),
            field: "(0008,1090)".to_owned(),
            rule: "dicom.model".to_owned(),
        },
        first_seen: at(0),
        last_seen: at(1),
        count: 3,
    }
}

fn verdict(configuration: u32, number: u32) -> VerdictRow {
    let verdict = match (configuration + number) % 5 {
        0 => Verdict::Affected,
        1 => Verdict::Unknown,
        _ => Verdict::NotAffected,
    };
    let question = Question {
        text: format!("Which version of model {configuration} runs on it?"),
        who: "biomed".to_owned(),
        attribute: "software_version".to_owned(),
    };
    let step = |step: &str| Step {
        step: step.to_owned(),
        detail: format!("the {step} of the device is the {step} that the document names"),
        source: "D-7.json#/product_tree/branches/0".to_owned(),
    };
    VerdictRow {
        asset: String::new(),
        disclosure: format!("D-{}", (configuration / 40 + number) % 2000),
        disclosure_version: "1".to_owned(),
        vulnerability: format!("CVE-2026-{number:04}"),
        product: "Maker Model <4.2".to_owned(),
        verdict,
        steps: vec![step("maker"), step("product"), step("version")],
        question: (verdict == Verdict::Unknown).then_some(question),
        remediation: vec![Remediation {
            category: "vendor_fix".to_owned(),
            details: "Update to version 4.2 or later. ".repeat(10),
            url: None,
        }],
        severity: Severity { score: Some(f64::from(number % 100) / 10.0), ..Severity::default() },
        kev: None,
        epss: None,
        decided_at: Some(at(9)),
    }
}

fn talk(number: u32, devices: u32) -> Conversation {
    let server = number / 100 * 100 % devices.max(1);
    Conversation {
        client: id(number).to_string(),
        server: id(server).to_string(),
        client_address: format!("client {number}"),
        server_address: format!("server {server}"),
        transport: Transport::Tcp,
        port: 104,
        application: Some("dicom".to_owned()),
        packets: 10,
        bytes: u64::from(number),
        first_seen: at(0),
        last_seen: at(1),
    }
}

const CONFIGURATIONS: u32 = 5_000;

/// Verdicts of each configuration.
const VERDICTS: u32 = 40;

const FACTS: &[Attribute] = &[
    Attribute::Maker,
    Attribute::Model,
    Attribute::Class,
    Attribute::Serial,
    Attribute::SoftwareVersion,
    Attribute::Os,
    Attribute::Hostname,
    Attribute::Location,
    Attribute::InterfaceMaker,
    Attribute::Role,
];
