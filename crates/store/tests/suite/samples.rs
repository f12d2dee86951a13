//! Devices, verdicts and documents to put into a store.

use std::collections::BTreeMap;

use model::{
    Address, Attribute, Confidence, Conversation, Device, DeviceId, DisclosureKey, Fact, Question,
    Remediation, Severity, Software, Source, Step, Timestamp, Transport, Verdict, VerdictRow,
};
use store::records::{
    ConfigurationKey, ConfigurationVerdicts, DeviceChange, DisclosureFilter, NewDisclosure, Page,
    VerdictFilter,
};

/// Namespace of the publisher of all disclosures here.
pub(crate) const NAMESPACE: &str = "https://meridian.example";

/// A page that holds everything a test has.
pub(crate) const ALL: Page = Page { offset: 0, limit: 1000 };

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_790_000_000 + seconds)
}

pub(crate) fn id(number: u8) -> DeviceId {
    DeviceId::new(at(i64::from(number)), [number; 10])
}

/// A device whose every field is filled, differently for each number.
pub(crate) fn device(number: u8) -> Device {
    let fact = |attribute, value: &str, source| Fact {
        attribute,
        value: value.to_owned(),
        confidence: Confidence::STATED,
        source,
        first_seen: at(0),
        last_seen: at(i64::from(number)),
        count: u64::from(number) + 1,
    };
    let wire = Source::Wire {
        capture: "ward.pcap".to_owned(),
        frame: 7,
        offset_bytes: 54,
        length_bytes: 12,
        protocol: "dicom".to_owned(),
        field: "(0008,1090)".to_owned(),
        rule: "dicom.model".to_owned(),
        source_id: None,
    };
    let cell = Source::File {
        path: "cmms.csv".to_owned(),
        row: 3,
        column: "Serial".to_owned(),
        stream: String::new(),
        source_id: None,
    };
    Device {
        id: id(number),
        asset_id: Some(format!("BME-{number:03}")),
        site: "north".to_owned(),
        addresses: vec![Address {
            mac: Some(model::Mac([0, 0x1a, 0x2b, 0x3c, 0x4d, number])),
            ip: Some(std::net::IpAddr::from([10, 0, 0, number])),
            vlan: Some(12),
            first_seen: at(0),
            last_seen: at(i64::from(number)),
        }],
        names: vec![format!("CT{number:02}"), "second".to_owned()],
        maker: Some("Meridian Imaging".to_owned()),
        model: Some(format!("Aurora {}", number % 3)),
        class: Some("ct".to_owned()),
        serial: Some(format!("SN-{number}")),
        os: Some("Windows 7".to_owned()),
        software_version: Some("4.1".to_owned()),
        location: Some("Ward 100%_\\".to_owned()),
        software: vec![
            Software { name: "Aurora".to_owned(), version: "4.1".to_owned() },
            Software { name: "OpenSSH".to_owned(), version: String::new() },
        ],
        roles: vec!["dicom_storage_scu".to_owned()],
        protocols: vec!["dicom".to_owned(), "arp".to_owned()],
        facts: vec![
            fact(Attribute::Model, "Aurora", wire),
            fact(Attribute::Serial, &format!("SN-{number}"), cell),
            fact(
                Attribute::Udi,
                &format!("(01)0088{number:04}"),
                Source::Rule { rule: "udi".to_owned(), from: "x".to_owned() },
            ),
        ],
        first_seen: at(0),
        last_seen: at(i64::from(number)),
    }
}

pub(crate) fn change(device: Device, configuration: &str) -> DeviceChange {
    DeviceChange {
        retired: false,
        at: at(0),
        history: Vec::new(),
        device,
        configuration: key(configuration),
        custom_fields: BTreeMap::from([("Cost centre".to_owned(), "4711".to_owned())]),
        on_network: true,
    }
}

pub(crate) fn key(text: &str) -> ConfigurationKey {
    ConfigurationKey(text.to_owned())
}

pub(crate) fn verdict(disclosure: &str, vulnerability: &str, verdict: Verdict) -> VerdictRow {
    let question = Question {
        text: "Which version runs on it?".to_owned(),
        who: "biomed".to_owned(),
        attribute: "software_version".to_owned(),
    };
    VerdictRow {
        asset: String::new(),
        disclosure: disclosure.to_owned(),
        disclosure_namespace: NAMESPACE.to_owned(),
        disclosure_version: "1".to_owned(),
        vulnerability: vulnerability.to_owned(),
        product: "Meridian Aurora <4.2".to_owned(),
        verdict,
        steps: vec![Step {
            step: "maker".to_owned(),
            detail: "same".to_owned(),
            source: "/product_tree".to_owned(),
        }],
        question: (verdict == Verdict::Unknown).then_some(question),
        remediation: vec![Remediation {
            category: "vendor_fix".to_owned(),
            details: "Update to 4.2".to_owned(),
            url: None,
        }],
        severity: Severity { score: Some(7.5), ..Severity::default() },
        kev: None,
        epss: None,
        decided_at: Some(at(9)),
        ended: None,
    }
}

pub(crate) fn decided(configuration: &str, rows: Vec<VerdictRow>) -> ConfigurationVerdicts {
    ConfigurationVerdicts { key: key(configuration), rows, ..ConfigurationVerdicts::default() }
}

pub(crate) fn disclosure(id: &str, version: &str) -> NewDisclosure {
    let raw = format!("{{\"id\":\"{id}\",\"version\":\"{version}\"}}").into_bytes();
    NewDisclosure {
        key: DisclosureKey::new(NAMESPACE, id),
        status: "final".to_owned(),
        source: String::new(),
        publisher: "Meridian Imaging".to_owned(),
        title: format!("Aurora flaw {id}"),
        version: version.to_owned(),
        released: Some(at(0)),
        updated: Some(at(1)),
        vulnerabilities: vec!["CVE-2026-0001".to_owned(), "CVE-2026-0002".to_owned()],
        score: Some(7.5),
        search_text: "Aurora CT".to_owned(),
        engine: "test".to_owned(),
        document: serde_json::json!({"id": id, "products": ["Aurora"]}),
        warnings: vec!["a leaf without a name".to_owned()],
        content_hash: evidence::sha256_hex(&raw),
        raw,
    }
}

pub(crate) fn conversation(client: &str, server: &str, bytes: u64) -> Conversation {
    Conversation {
        client: client.to_owned(),
        server: server.to_owned(),
        client_address: format!("address of {client}"),
        server_address: format!("address of {server}"),
        transport: Transport::Tcp,
        port: 104,
        application: Some("dicom".to_owned()),
        packets: 10,
        bytes,
        first_seen: at(5),
        last_seen: at(6),
    }
}

pub(crate) fn any_disclosure() -> DisclosureFilter {
    DisclosureFilter::default()
}

pub(crate) fn any_verdict() -> VerdictFilter {
    VerdictFilter::default()
}
