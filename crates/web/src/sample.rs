//! Made-up records for tests: every field filled, so that a page or a schema that misses one shows.

use std::collections::BTreeMap;

use hub::{
    BadRow, Caller, CheckpointSeen, Deep, DeviceHistory, EngineWaits, EvidenceCheck, Facets, Found,
};
use model::{
    Address, Answerable, Attribute, Confidence, Conversation, Device, DeviceId, DisclosureKey,
    Ended, Epss, Fact, Kev, Question, Remediation, Secret, Severity, Skip, Software, Source, Step,
    Timestamp, Transport, Verdict, VerdictRow,
};
use serde_json::json;
use store::records::{
    DecisionRow, DeviceDetail, DeviceRow, DeviceVerdict, DisclosureDetail, DisclosureRow,
    DisclosureVersionRow, EvidenceRow, HeldRow, HistoryRow, IngestRow, OpenQuestion, Overview,
    Rows, SoftwareRow, TrustRow, VerdictCounts,
};

use crate::session::Signed;

pub(crate) fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn hours(back: i64) -> Timestamp {
    now().plus_seconds(-3600 * back)
}

pub(crate) fn signed() -> Signed {
    Signed {
        caller: Caller { display_name: "Rosa Lindqvist".to_owned(), ..Caller::console() },
        token: Secret::new("session"),
        form_token: Secret::new("0123456789abcdef"),
        now: now(),
    }
}

pub(crate) fn feeds() -> BTreeMap<String, Timestamp> {
    [("capture", 2), ("csaf", 30), ("kev", 30), ("epss", 54), ("inventory", 600)]
        .map(|(kind, back)| (kind.to_owned(), hours(back)))
        .into()
}

pub(crate) fn id(number: u8) -> DeviceId {
    DeviceId::new(hours(900), [number; 10])
}

pub(crate) fn device_row(number: u8) -> DeviceRow {
    let kinds = [
        ("CT-ER-1", "ct_scanner", "Northlight Imaging", "Helix 64", "5.2.1"),
        ("PUMP-ICU-07", "infusion_pump", "Ostrava Medical", "FlowGuard 3", "4.2.1"),
        ("VENT-12", "ventilator", "Respiva", "Aeris 900", "2.10"),
        ("MON-CCU-3", "patient_monitor", "Castor Vital", "VitaView 7", "11.0.3"),
        ("LAB-AN-2", "lab_analyzer", "Hemalyse", "QuantStat", "3.0"),
    ];
    let (name, class, maker, model, version) = kinds[usize::from(number) % kinds.len()];
    let some = |text: &str| Some(text.to_owned());
    DeviceRow {
        id: id(number),
        asset_id: Some(format!("A-{number:05}")),
        site: String::new(),
        name: format!("{name}-{number}"),
        class: some(class),
        care_function: some("therapy"),
        maker: some(maker),
        model: some(model),
        software_version: if number.is_multiple_of(3) { None } else { some(version) },
        os: some("Windows 10"),
        location: some(["Emergency, room 4", "ICU", "Radiology"][usize::from(number) % 3]),
        addresses: vec![address(number)],
        affected: if number.is_multiple_of(4) { 3 } else { 0 },
        unknown: u64::from(number) % 3,
        exploited: number.is_multiple_of(8),
        first_seen: hours(900),
        last_seen: hours(i64::from(number)),
        on_network: number % 7 != 3,
    }
}

pub(crate) fn device_rows(count: u8) -> Rows<DeviceRow> {
    Rows { rows: (0..count).map(device_row).collect(), total: 1284 }
}

fn address(number: u8) -> Address {
    Address {
        mac: Some(format!("00:1a:2b:3c:4d:{number:02x}").parse().unwrap()),
        ip: Some(format!("10.20.4.{number}").parse().unwrap()),
        vlan: Some(204),
        first_seen: hours(900),
        last_seen: hours(2),
    }
}

pub(crate) fn facets() -> Facets {
    let pair = |name: &str, number| (name.to_owned(), number);
    Facets {
        classes: vec![pair("infusion_pump", 412), pair("ct_scanner", 9), pair("unknown", 31)],
        makers: vec![pair("Ostrava Medical", 412), pair("Northlight Imaging", 22)],
        sites: vec![pair("", 1284)],
    }
}

pub(crate) fn overview() -> Overview {
    Overview {
        devices: 1284,
        on_network: 1190,
        not_in_inventory: 41,
        never_seen: 94,
        unidentified: 63,
        by_verdict: VerdictCounts { affected: 118, unknown: 240, not_affected: 402 },
        exploited: 17,
        by_class: vec![("infusion_pump".to_owned(), 412), ("ventilator".to_owned(), 38)],
        disclosures: 2035,
        disclosures_open: 61,
        feeds: feeds(),
        skipped: 3,
        evidence_rows: 88,
    }
}

pub(crate) fn questions() -> Vec<OpenQuestion> {
    let ask = |text: &str, who: &str, devices, number| OpenQuestion {
        text: text.to_owned(),
        who: who.to_owned(),
        attribute: "software_version".to_owned(),
        devices,
        verdicts: devices * 3,
        example: id(number),
        example_name: device_row(number).name,
    };
    vec![
        ask("Which software version runs on the FlowGuard 3 pumps?", "biomed", 96, 1),
        ask("Is the Aeris 900 fitted with the network module?", "maker", 22, 2),
    ]
}

fn fact(attribute: Attribute, value: &str, confidence: Confidence, source: Source) -> Fact {
    Fact {
        attribute,
        value: value.to_owned(),
        confidence,
        source,
        first_seen: hours(900),
        last_seen: hours(2),
        count: 14,
    }
}

fn wire(protocol: &str, field: &str) -> Source {
    Source::Wire {
        capture: "er-span.pcapng".to_owned(),
        frame: 1042,
        offset_bytes: 66,
        length_bytes: 24,
        protocol: protocol.to_owned(),
        field: field.to_owned(),
        rule: "stated".to_owned(),
        source_id: None,
    }
}

fn file(column: &str) -> Source {
    Source::File {
        path: "inventory.csv".to_owned(),
        row: 7,
        column: column.to_owned(),
        stream: String::new(),
        source_id: None,
    }
}

pub(crate) fn facts() -> Vec<Fact> {
    use Attribute as A;
    let rule = Source::Rule { rule: "maker-from-oui".to_owned(), from: "00:1a:2b".to_owned() };
    let person = Source::Person { name: "rosa".to_owned(), at: hours(20) };
    vec![
        fact(A::Maker, "Northlight Imaging", Confidence::STATED, wire("dicom", "(0008,0070)")),
        fact(A::Maker, "Northlight", Confidence::LIKELY, rule),
        fact(A::Model, "Helix 64", Confidence::STATED, wire("dicom", "(0008,1090)")),
        fact(A::Class, "ct_scanner", Confidence::STRONG, wire("dicom", "(0008,0060)")),
        fact(A::Serial, "NL-88213", Confidence::STATED, file("serial")),
        fact(A::AssetTag, "A-00000", Confidence::STATED, file("asset_id")),
        fact(A::SoftwareVersion, "5.2.1", Confidence::STATED, wire("dicom", "(0018,1020)")),
        fact(A::SoftwareVersion, "5.1.0", Confidence::STRONG, file("software_version")),
        fact(A::Location, "Emergency, room 4", Confidence::STATED, person),
        fact(A::AeTitle, "CT_ER_1", Confidence::STATED, wire("dicom", "calling AE")),
        fact(A::ClearTextLogin, "ftp", Confidence::STATED, wire("ftp", "PASS")),
        fact(A::SmbOs, "Windows 10 1809", Confidence::STRONG, wire("smb", "NTLM version")),
    ]
}

pub(crate) fn device() -> Device {
    let row = device_row(0);
    Device {
        id: row.id,
        asset_id: row.asset_id,
        site: "main".to_owned(),
        addresses: vec![address(0)],
        names: vec!["CT-ER-1".to_owned(), "CT_ER_1".to_owned()],
        maker: row.maker,
        model: row.model,
        class: row.class,
        serial: Some("NL-88213".to_owned()),
        os: row.os,
        software_version: Some("5.2.1".to_owned()),
        location: row.location,
        software: vec![Software { name: "Helix Console".to_owned(), version: "5.2.1".to_owned() }],
        roles: vec!["dicom_storage_scu".to_owned()],
        protocols: vec!["dicom".to_owned(), "smb".to_owned(), "dns".to_owned()],
        facts: facts(),
        first_seen: hours(900),
        last_seen: hours(2),
    }
}

pub(crate) fn verdict(vulnerability: &str, verdict: Verdict) -> VerdictRow {
    let step = |step: &str, detail: &str| Step {
        step: step.to_owned(),
        detail: detail.to_owned(),
        source: "/product_tree/branches/0/branches/1/product".to_owned(),
    };
    VerdictRow {
        asset: "A-00000".to_owned(),
        disclosure: "NLSA-2026-011".to_owned(),
        disclosure_namespace: NAMESPACE.to_owned(),
        disclosure_version: "1.2".to_owned(),
        vulnerability: vulnerability.to_owned(),
        product: "Northlight Imaging Helix 64 before 5.3".to_owned(),
        verdict,
        steps: vec![
            step("maker", "“Northlight Imaging” is the document's vendor, letter for letter."),
            step("product", "Model “Helix 64” is the product's name."),
            step("version", "5.2.1 is before 5.3, compared number by number."),
        ],
        question: (verdict == Verdict::Unknown).then(|| Question {
            text: "Which software version runs on CT-ER-1?".to_owned(),
            who: "biomed".to_owned(),
            attribute: "software_version".to_owned(),
        }),
        remediation: vec![Remediation {
            category: "vendor_fix".to_owned(),
            details: "Install version 5.3 or later; a service visit is needed.".to_owned(),
            url: Some("https://northlight.example/nlsa-2026-011".to_owned()),
        }],
        severity: Severity {
            cvss_version: Some("3.1".to_owned()),
            vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()),
            score: Some(9.8),
            rating: Some("critical".to_owned()),
            vector_v4: Some("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H".to_owned()),
            score_v4: Some(9.3),
        },
        kev: vulnerability.ends_with('1').then(|| Kev {
            date_added: "2026-10-02".to_owned(),
            due_date: "2026-10-23".to_owned(),
            ransomware: "Known".to_owned(),
            required_action: "Apply the fix.".to_owned(),
        }),
        epss: Some(Epss { score: 0.412, percentile: 0.97, date: Some("2026-11-20".to_owned()) }),
        decided_at: Some(hours(30)),
        ended: None,
    }
}

fn conversations() -> Vec<Conversation> {
    let talk = |client: u8, server: u8, port, application: Option<&str>, bytes| Conversation {
        client: id(client).to_string(),
        server: id(server).to_string(),
        client_address: format!("10.20.4.{client}"),
        server_address: format!("10.20.9.{server}"),
        transport: Transport::Tcp,
        port,
        application: application.map(str::to_owned),
        packets: bytes / 900,
        bytes,
        first_seen: hours(900),
        last_seen: hours(3),
    };
    vec![
        talk(0, 40, 104, Some("dicom"), 2_100_000_000),
        talk(0, 41, 104, Some("dicom"), 84_000_000),
        talk(0, 42, 445, Some("smb"), 6_200_000),
        talk(0, 43, 53, Some("dns"), 80_000),
        talk(44, 0, 11112, Some("dicom"), 900_000),
        talk(45, 0, 3389, Some("rdp"), 44_000_000),
        talk(46, 0, 7777, None, 2_000),
    ]
}

pub(crate) fn device_history() -> DeviceHistory {
    DeviceHistory {
        device: device().id,
        recorded: now().plus_seconds(-40 * 86_400),
        changes: vec![HistoryRow {
            attribute: "location".to_owned(),
            before: "Radiology 1".to_owned(),
            after: "Emergency 2".to_owned(),
            at: now().plus_seconds(-9 * 86_400),
            because: "cmms.csv row 12".to_owned(),
        }],
        verdicts: vec![DecisionRow {
            disclosure: "CASTELVANE-2026-12".to_owned(),
            disclosure_namespace: "https://castelvane.example".to_owned(),
            vulnerability: "CVE-2099-10008".to_owned(),
            from: None,
            to: Some(Verdict::Affected),
            at: now().plus_seconds(-3 * 86_400),
            because: "disclosures were taken in".to_owned(),
        }],
    }
}

pub(crate) fn device_detail() -> DeviceDetail {
    let names =
        [(40, "PACS-01"), (41, "PACS-02"), (42, "FILES-3"), (44, "WS-RAD-8"), (45, "WS-IT-2")];
    DeviceDetail {
        device: device(),
        verdicts: vec![
            verdict("CVE-2026-10001", Verdict::Affected),
            verdict("CVE-2026-10002", Verdict::Affected),
            verdict("CVE-2026-20007", Verdict::Unknown),
            verdict("CVE-2025-0009", Verdict::NotAffected),
        ],
        conversations: conversations(),
        peers: names.map(|(number, name)| (id(number).to_string(), name.to_owned())).into(),
        custom_fields: [("Cost centre".to_owned(), "4410".to_owned())].into(),
        unlisted_since: None,
        care_function: Some("diagnosis".to_owned()),
    }
}

pub(crate) fn software() -> Rows<SoftwareRow> {
    let row = |name: &str, version: &str, devices| SoftwareRow {
        software: Software { name: name.to_owned(), version: version.to_owned() },
        devices,
    };
    Rows {
        rows: vec![
            row("FlowGuard firmware", "4.2.1", 318),
            row("Helix Console", "5.2.1", 9),
            row("OpenSSH", "", 61),
        ],
        total: 3,
    }
}

/// A verdict that the newest version of its document would clear.
pub(crate) fn held_verdict() -> VerdictRow {
    let ended = Ended {
        because: "version 2 says that it is not affected".to_owned(),
        version: "2".to_owned(),
        at: Some(hours(40)),
        confirmed: false,
    };
    VerdictRow { ended: Some(ended), ..verdict("CVE-2026-10001", Verdict::Unknown) }
}

pub(crate) fn held() -> HeldRow {
    HeldRow {
        disclosure: "NLSA-2026-003".to_owned(),
        disclosure_namespace: NAMESPACE.to_owned(),
        title: "Helix CT consoles: missing authentication in the service port".to_owned(),
        version: "2".to_owned(),
        devices: 12,
        verdicts: 24,
    }
}

pub(crate) fn trust() -> TrustRow {
    TrustRow {
        namespace: NAMESPACE.to_owned(),
        source: Some("mirror".to_owned()),
        at: hours(700),
        by: "rosa".to_owned(),
    }
}

pub(crate) fn engine() -> EngineWaits {
    EngineWaits { engine: "9f30c1".to_owned(), affected: 347, cleared: 80 }
}

/// Namespace of the publisher of all these disclosures.
const NAMESPACE: &str = "https://northlight.example";

pub(crate) fn disclosure_row(number: u64) -> DisclosureRow {
    DisclosureRow {
        key: DisclosureKey::new(NAMESPACE, format!("NLSA-2026-{number:03}")),
        id: format!("NLSA-2026-{number:03}"),
        disclosure_namespace: NAMESPACE.to_owned(),
        publisher: "Northlight PSIRT".to_owned(),
        title: "Helix CT consoles: missing authentication in the service port".to_owned(),
        version: "1.2".to_owned(),
        released: Some(hours(2000)),
        updated: Some(hours(30 * number.cast_signed() + 1)),
        received: hours(30),
        vulnerabilities: vec!["CVE-2026-10001".to_owned(), "CVE-2026-10002".to_owned()],
        score: Some(9.8),
        exploited: number % 4 == 3,
        devices: VerdictCounts { affected: 12 / (number + 1), unknown: 3, not_affected: 40 },
    }
}

pub(crate) fn disclosure_detail() -> DisclosureDetail {
    let about = |row: VerdictRow, number| DeviceVerdict {
        device: id(number),
        name: device_row(number).name,
        class: Some("ct_scanner".to_owned()),
        maker: Some("Northlight Imaging".to_owned()),
        model: Some("Helix 64".to_owned()),
        location: Some("Emergency, room 4".to_owned()),
        row,
    };
    let version = |version: &str| DisclosureVersionRow {
        version: version.to_owned(),
        source: "mirror".to_owned(),
        updated: Some(hours(90)),
        received: hours(30),
        content_hash: "9f".repeat(32),
        current: version == "1.2",
    };
    DisclosureDetail {
        row: disclosure_row(3),
        content_hash: "9f".repeat(32),
        document: json!({
            "summary": { "revisions": [
                { "number": "1.0", "date": "2026-08-01T00:00:00Z", "summary": "First release" },
                { "number": "1.2", "date": "2026-11-20T00:00:00Z", "summary": "Fixed version named" },
            ] },
            "notes": [
                { "category": "summary", "title": "Summary",
                  "text": "The service port of Helix consoles accepts commands without a login." },
                { "category": "legal_disclaimer", "text": "As is." },
            ],
            "references": [{ "category": "self", "summary": "This advisory",
                             "url": "https://northlight.example/nlsa-2026-003" }],
            "vulnerabilities": [{
                "name": "CVE-2026-10001", "title": "Missing authentication",
                "cwes": [["CWE-306", "Missing Authentication for Critical Function"]],
                "notes": [{ "category": "description", "text": "A person on the network can restart it." }],
                "scores": [{ "version": "3.1", "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                             "score": 9.8, "rating": "critical", "products": [0] }],
                "remediations": [{ "category": "vendor_fix", "details": "Install 5.3.",
                                   "url": "https://northlight.example/5.3" }],
            }],
        }),
        warnings: vec!["/document/tracking: revision 1.1 is missing (6.1.22)".to_owned()],
        versions: ["1.2", "1.0"].map(version).into(),
        devices: Rows {
            rows: vec![
                about(verdict("CVE-2026-10001", Verdict::Affected), 0),
                about(verdict("CVE-2026-10002", Verdict::Affected), 0),
                about(verdict("CVE-2026-20007", Verdict::Unknown), 5),
            ],
            total: 3,
        },
    }
}

pub(crate) fn evidence() -> Rows<EvidenceRow> {
    let row = |number: u64| EvidenceRow {
        number,
        at: hours(100 - number.cast_signed()),
        actor: "rosa".to_owned(),
        action: "ingest".to_owned(),
        subject: "er-span.pcapng".to_owned(),
        details: json!({ "read": 41_200, "accepted": 41_200 }),
        hash: format!("{number:02x}").repeat(32),
        words: [("text:58".to_owned(), Some("er-span.pcapng".to_owned()))].into(),
    };
    Rows { rows: (80..=88).rev().map(row).collect(), total: 88 }
}

pub(crate) fn evidence_check(ok: bool) -> EvidenceCheck {
    let first_bad =
        (!ok).then(|| BadRow { row: 12, reason: "its hash does not follow".to_owned() });
    EvidenceCheck {
        ok,
        rows: 88,
        head: "58".repeat(32),
        first_bad,
        warnings: vec![BadRow { row: 9, reason: "the clock went back".to_owned() }],
        checkpoint: Some(CheckpointSeen {
            row: 80,
            at: hours(20),
            signed_by: vec!["8a2f01c4".to_owned()],
            count: 3,
        }),
        deep: Some(Deep {
            ok: false,
            checked: [("documents".to_owned(), 17)].into(),
            found: vec![Found {
                kind: "person".to_owned(),
                what: "person".to_owned(),
                reason: "it is not as told".to_owned(),
            }],
        }),
    }
}

pub(crate) fn ingests() -> Rows<IngestRow> {
    let row = |name: &str, kind: &str, skipped: Vec<Skip>| IngestRow {
        name: name.to_owned(),
        kind: kind.to_owned(),
        content_hash: "ab".repeat(32),
        at: hours(30),
        by: "rosa".to_owned(),
        read: 2035,
        accepted: 2034,
        unchanged: 0,
        skipped_count: skipped.len() as u64,
        skipped,
    };
    let skip = Skip {
        path: "csaf/2026/nlsa-2026-009.json".to_owned(),
        place: "/product_tree/branches/0".to_owned(),
        reason: "member `name` is required".to_owned(),
        answerable: Answerable::Sender,
    };
    Rows {
        rows: vec![
            row("er-span.pcapng", "capture", Vec::new()),
            row("csaf", "csaf", vec![skip]),
            row("inventory.csv", "inventory", Vec::new()),
        ],
        total: 3,
    }
}

pub(crate) fn job() -> hub::JobShown {
    hub::JobShown {
        name: "decide".to_owned(),
        what: "decides verdicts that are stale",
        every_seconds: 300,
        next_run: Some(hours(-1)),
        running: false,
        started: Some(hours(1)),
        ended: Some(hours(1)),
        done: Some(true),
        result: "0 configurations, 0 changes".to_owned(),
    }
}

pub(crate) fn setting() -> hub::SettingShown {
    hub::SettingShown {
        name: "deciders",
        value: "1".to_owned(),
        is_default: true,
        meaning: "how many people decide",
    }
}

pub(crate) fn person() -> hub::Person {
    let sites = ["north".to_owned()].into();
    let within = model::Scope::Within { sites, departments: [].into() };
    hub::Person {
        id: model::PersonId::new(now(), [1; 10]),
        kind: "person".to_owned(),
        name: "rosa".to_owned(),
        display_name: "Rosa Lindqvist".to_owned(),
        role: "analyst".to_owned(),
        grants: vec![
            hub::Grant::everywhere(hub::Role::Viewer),
            hub::Grant { role: hub::Role::Analyst, scope: within },
        ],
        must_change_password: false,
        disabled: false,
        created: hours(100),
    }
}
