//! Hand-made associations through the harness, hostile bytes, and the lab captures.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::dissect::Direction::{ToClient, ToServer};
use crate::testing::{probe, stream};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
const SECONDARY: &str = "1.2.840.10008.5.1.4.1.1.7";
const VERIFICATION: &str = "1.2.840.10008.1.1";
const GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";
const IMPLICIT: &str = "1.2.840.10008.1.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const BIG: &str = "1.2.840.10008.1.2.2";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";

/// Bytes of pixel data in [`image`].
const PIXELS: usize = 500;

fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0], (body.len() as u32).to_be_bytes().as_slice(), body].concat()
}

fn item(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0], (body.len() as u16).to_be_bytes().as_slice(), body].concat()
}

fn associate(kind: u8, contexts: &[Vec<u8>], extra: &[u8]) -> Vec<u8> {
    let user = [item(0x52, b"1.2.3.4"), item(0x55, b"ACME_1"), extra.to_vec()].concat();
    let mut body = vec![0, 1, 0, 0];
    body.extend_from_slice(b"ARCHIVE         SCANNER         ");
    body.extend_from_slice(&[0; 32]);
    body.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    body.extend(contexts.concat());
    body.extend(item(0x50, &user));
    pdu(kind, &body)
}

fn propose(id: u8, class: &str, syntaxes: &[&str]) -> Vec<u8> {
    let mut body = vec![id, 0, 0, 0];
    body.extend(item(0x30, class.as_bytes()));
    body.extend(syntaxes.iter().flat_map(|syntax| item(0x40, syntax.as_bytes())));
    item(0x20, &body)
}

fn answer(id: u8, result: u8, syntax: &str) -> Vec<u8> {
    item(0x21, &[vec![id, 0, result, 0], item(0x40, syntax.as_bytes())].concat())
}

fn role(class: &str, user: u8, provider: u8) -> Vec<u8> {
    let length = (class.len() as u16).to_be_bytes();
    item(0x54, &[&length, class.as_bytes(), &[user, provider]].concat())
}

fn command(field: u16, class: &str, has_data: bool, status: u16) -> Vec<u8> {
    let element = |element: u16, value: &[u8]| {
        let length = (value.len() as u32).to_le_bytes();
        [&[0, 0], element.to_le_bytes().as_slice(), &length, value].concat()
    };
    [
        element(0x0002, class.as_bytes()),
        element(0x0100, &field.to_le_bytes()),
        element(0x0800, &if has_data { 1u16 } else { 0x0101 }.to_le_bytes()),
        element(0x0900, &status.to_le_bytes()),
    ]
    .concat()
}

/// One PDU with one fragment.
fn data(context: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32 + 2).to_be_bytes();
    pdu(4, &[&length, [context, flags].as_slice(), body].concat())
}

/// Tag, value representation and value; `None` opens an undefined length.
type Element<'a> = (u16, u16, &'a [u8; 2], Option<&'a [u8]>);

/// Elements of a data set in one of the encodings.
fn elements(encoding: &str, list: &[Element<'_>]) -> Vec<u8> {
    let big = encoding == BIG;
    let u16 = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let u32 = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let mut out = Vec::new();
    for (group, element, vr, value) in list {
        let length = value.map_or(u32::MAX, |value| value.len() as u32);
        out.extend([u16(*group), u16(*element)].concat());
        if encoding == IMPLICIT || *group == 0xFFFE {
            out.extend(u32(length));
        } else if matches!(*vr, b"SQ" | b"UN" | b"OB") {
            out.extend([vr.as_slice(), &[0, 0], &u32(length)].concat());
        } else {
            out.extend([vr.as_slice(), &u16(length as u16)].concat());
        }
        out.extend_from_slice(value.unwrap_or_default());
    }
    out
}

fn image(encoding: &str) -> Vec<u8> {
    elements(
        encoding,
        &[
            (0x0008, 0x0018, b"UI", Some(b"9.9.9.9")),
            (0x0008, 0x0060, b"CS", Some(b"CT")),
            (0x0008, 0x0070, b"LO", Some(b"ACME Imaging")),
            (0x0008, 0x0090, b"PN", Some(b"CANARY^REFERRER")),
            (0x0008, 0x1010, b"SH", Some(b"CT-ROOM-1 ")),
            (0x0008, 0x1090, b"LO", Some(b"Ring 64")),
            // A patient's name in a sequence of undefined length, an item of each kind.
            (0x0008, 0x1110, b"SQ", None),
            (0xFFFE, 0xE000, b"--", None),
            (0x0008, 0x0070, b"LO", Some(b"CANARY^NESTED")),
            (0xFFFE, 0xE00D, b"--", Some(b"")),
            (0xFFFE, 0xE000, b"--", Some(b"CANARY^PATIENT")),
            (0xFFFE, 0xE0DD, b"--", Some(b"")),
            (0x0010, 0x0010, b"PN", Some(b"CANARY^PATIENT")),
            (0x0018, 0x0015, b"CS", Some(b"CANARY^CHEST")),
            (0x0018, 0x1000, b"LO", Some(b"SN-17")),
            (0x0018, 0x1020, b"LO", Some(b"V5.1\\base 2")),
            (0x0018, 0x1030, b"LO", Some(b"CANARY^PROTOCOL")),
            (0x0020, 0x4000, b"LT", Some(b"CANARY^COMMENT")),
            (0x0018, 0x1000, b"LO", Some(b"CANARY^LATE")),
            (0x7FE0, 0x0010, b"OB", Some(&[7; PIXELS])),
        ],
    )
}

/// The findings without their places.
fn findings(turns: &[(Direction, Vec<u8>)]) -> Vec<String> {
    let turns: Vec<_> = turns.iter().map(|(way, bytes)| (*way, bytes.as_slice())).collect();
    let transcript = stream(&PROTOCOL, &turns);
    assert!(!transcript.contains("CANARY"), "{transcript}");
    transcript.lines().map(|line| line.split(" @").next().unwrap().to_owned()).collect()
}

fn store(classes: &[&str], syntax: &str, fragments: &[&[u8]]) -> Vec<(Direction, Vec<u8>)> {
    let ids = (1u8..).step_by(2);
    let proposed: Vec<_> =
        ids.clone().zip(classes).map(|(id, class)| propose(id, class, &[syntax])).collect();
    let accepted: Vec<_> = ids.zip(classes).map(|(id, _)| answer(id, 0, syntax)).collect();
    let mut turns = vec![
        (ToServer, associate(1, &proposed, b"")),
        (ToClient, associate(2, &accepted, b"")),
        (ToServer, data(1, 3, &command(1, classes[0], true, 0))),
    ];
    for (index, fragment) in fragments.iter().enumerate() {
        let last = if index + 1 == fragments.len() { 2 } else { 0 };
        turns.push((ToServer, data(1, last, fragment)));
    }
    turns.push((ToClient, data(1, 3, &command(0x8001, classes[0], false, 0))));
    turns
}

const EQUIPMENT: [&str; 7] = [
    r#"sender modality = "CT" (0008,0060)"#,
    r#"sender maker = "ACME Imaging" (0008,0070)"#,
    r#"sender station_name = "CT-ROOM-1" (0008,1010)"#,
    r#"sender model = "Ring 64" (0008,1090)"#,
    r#"sender serial = "SN-17" (0018,1000)"#,
    r#"sender software_version = "V5.1" (0018,1020)"#,
    r#"sender software_version = "base 2" (0018,1020)"#,
];

#[test]
fn reads_an_association_and_the_equipment_of_a_store() {
    for encoding in [IMPLICIT, EXPLICIT, BIG] {
        let mut want = vec![
            r#"sender ae_title = "SCANNER" calling AE title"#,
            r#"sender implementation_class_uid = "1.2.3.4" 52H"#,
            r#"sender implementation_version_name = "ACME_1" 55H"#,
            r#"sender role = "dicom_storage_scu" presentation context"#,
            r#"sender sop_class = "1.2.840.10008.5.1.4.1.1.2" abstract syntax"#,
            r#"sender modality = "CT" abstract syntaxes"#,
            r#"sender implementation_class_uid = "1.2.3.4" 52H"#,
            r#"sender implementation_version_name = "ACME_1" 55H"#,
            r#"sender ae_title = "ARCHIVE" called AE title"#,
            r#"sender role = "dicom_storage_scp" presentation context result"#,
            r#"sender sop_class = "1.2.840.10008.5.1.4.1.1.2" abstract syntax"#,
            r#"sender role = "dicom_storage_scu" (0000,0100)"#,
        ];
        want.extend(EQUIPMENT);
        want.push(r#"sender role = "dicom_storage_scp" (0000,0100)"#);
        assert_eq!(findings(&store(&[CT], encoding, &[&image(encoding)])), want, "{encoding}");
    }
}

/// However a sender cuts a data set into fragments, the same attributes come out.
#[test]
fn fragments_may_cut_anywhere() {
    for encoding in [IMPLICIT, EXPLICIT] {
        let image = image(encoding);
        let front = image.len() - PIXELS;
        for cut in (1..front).step_by(5) {
            let (left, right) = image.split_at(cut);
            let found = findings(&store(&[CT], encoding, &[left, right]));
            let start = found.len() - EQUIPMENT.len() - 1;
            assert_eq!(found[start..found.len() - 1], EQUIPMENT, "{encoding} cut at {cut}");
        }
        let crumbs: Vec<&[u8]> = image[..front].chunks(3).collect();
        let found = findings(&store(&[CT], encoding, &crumbs));
        assert_eq!(found[found.len() - EQUIPMENT.len() - 1..found.len() - 1], EQUIPMENT);
    }
}

/// Collects the confidence of every finding, which the transcript does not show.
struct Confidences(BTreeSet<(String, u16)>);

impl Sink for Confidences {
    fn found(&mut self, field: &'static Field, _: About, value: &str, _: Range<usize>) {
        self.0.insert((format!("{} {value}", field.name), field.confidence.thousandths()));
    }
    fn bound(&mut self, _: &'static str, _: model::Mac, _: std::net::IpAddr) {}
    fn odd(&mut self, _: &'static str, _: &'static str, _: Answerable) {}
}

#[test]
fn credits_the_sender_only_with_images_of_its_own_modality() {
    for (name, classes, want) in [
        ("one modality", [CT, SECONDARY].as_slice(), 600),
        ("two modalities", &[CT, MR], 300),
        ("captures only", &[SECONDARY], 300),
    ] {
        let mut sink = Confidences(BTreeSet::new());
        let mut dicom = Dicom::default();
        for (direction, bytes) in store(classes, EXPLICIT, &[&image(EXPLICIT)]) {
            dicom.read(direction, &bytes, &mut sink);
        }
        let model = "(0008,1090) Ring 64".to_owned();
        assert!(sink.0.contains(&(model, want)), "{name}: {:?}", sink.0);
        let second = ("(0018,1020) base 2".to_owned(), 300);
        assert!(sink.0.contains(&second), "{name}: the second of several versions is weak");
    }
}

#[test]
fn reads_the_other_services() {
    let propose_all = [propose(1, VERIFICATION, &[IMPLICIT]), propose(3, GET, &[IMPLICIT])];
    let sub = propose(5, CT, &[IMPLICIT, EXPLICIT]);
    let request = associate(1, &[propose_all.concat(), sub], &role(CT, 0, 1));
    let accept =
        associate(2, &[answer(1, 0, IMPLICIT), answer(3, 3, ""), answer(5, 0, EXPLICIT)], b"");
    let turns = [
        (ToServer, request),
        (ToClient, accept),
        (ToServer, data(1, 3, &command(0x0030, VERIFICATION, false, 0))),
        (ToClient, data(1, 3, &command(0x8030, VERIFICATION, false, 0))),
        (ToServer, data(3, 3, &command(0x0010, GET, true, 0))),
        (ToServer, data(3, 2, b"CANARY^QUERY")),
        // The archive stores back over the same association.
        (ToClient, data(5, 3, &command(0x0001, CT, true, 0))),
        (ToClient, data(5, 2, &image(EXPLICIT))),
        (ToServer, data(5, 3, &command(0x8001, CT, false, 0))),
        (ToClient, data(3, 3, &command(0x8010, GET, false, 0x0122))),
        (ToServer, pdu(5, &[0; 4])),
        (ToClient, pdu(6, &[0; 4])),
        (ToServer, pdu(7, &[0; 4])),
    ];
    let roles: Vec<_> = findings(&turns)
        .into_iter()
        .filter(|line| line.contains(" role ") || line.starts_with("end"))
        .collect();
    assert_eq!(
        roles,
        [
            r#"sender role = "dicom_verification_scu" presentation context"#,
            r#"sender role = "dicom_retrieve_scu" presentation context"#,
            r#"sender role = "dicom_storage_scp" presentation context"#,
            r#"sender role = "dicom_verification_scp" presentation context result"#,
            r#"sender role = "dicom_storage_scu" presentation context result"#,
            r#"sender role = "dicom_verification_scu" (0000,0100)"#,
            r#"sender role = "dicom_verification_scp" (0000,0100)"#,
            r#"sender role = "dicom_retrieve_scu" (0000,0100)"#,
            r#"sender role = "dicom_storage_scu" (0000,0100)"#,
            r#"sender role = "dicom_storage_scp" (0000,0100)"#,
            "end: Done",
        ]
    );
    let found = findings(&turns);
    assert!(found.contains(&r#"sender model = "Ring 64" (0008,1090)"#.to_owned()));
}

#[test]
fn tells_what_went_wrong_and_who_is_answerable() {
    let one = |kind: u8, body: &[u8]| vec![(ToServer, pdu(kind, body))];
    let deep = |count: usize| {
        let open: &[Element<'_>] = &[(0x0008, 0x1110, b"SQ", None), (0xFFFE, 0xE000, b"--", None)];
        store(&[CT], EXPLICIT, &[&elements(EXPLICIT, open).repeat(count)])
    };
    let cut_item = [associate(1, &[], b"")[6..74].to_vec(), vec![0x20, 0, 0, 9]].concat();
    for (name, turns, want) in [
        ("unknown PDU", one(9, b""), r#"end: Malformed("unknown PDU type")"#),
        (
            "huge PDU",
            vec![(ToServer, vec![1, 0, 1, 0, 0, 0])],
            r#"end: OverLimit("association PDU over limit")"#,
        ),
        ("item cut", one(1, &cut_item), r#"end: Malformed("association item runs past its PDU")"#),
        (
            "fragment cut",
            one(4, &[0, 0, 0, 9, 1, 3]),
            r#"end: Malformed("fragment runs past its PDU")"#,
        ),
        (
            "broken command",
            vec![(ToServer, data(1, 3, b"\0\0\0\x01"))],
            r#"end: Malformed("command set is broken")"#,
        ),
        (
            "long command",
            vec![(ToServer, data(1, 1, &vec![0; 17000]))],
            r#"end: OverLimit("command set over limit")"#,
        ),
        ("deep", deep(17), "odd dicom: sequences nested too deep (Us)"),
        (
            "stray item",
            store(&[CT], EXPLICIT, &[&[0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0]]),
            "odd dicom: item outside of a sequence (Sender)",
        ),
        (
            "deflated",
            store(&[CT], DEFLATED, &[b"\x4b\x4c\x44"]),
            "odd dicom: deflated data set not read (Us)",
        ),
        (
            "login",
            vec![(ToServer, associate(1, &[], &item(0x58, b"\x02\0\0\x06CANARY\0\x06CANARY")))],
            r#"receiver clear_text_login = "dicom user identity" 58H"#,
        ),
        ("rejected", vec![(ToClient, pdu(3, &[0, 1, 1, 7]))], "end: Done"),
    ] {
        let found = findings(&turns);
        assert!(found.iter().any(|line| line == want), "{name}: {found:?}");
    }
    let shallow = findings(&deep(16));
    assert!(!shallow.iter().any(|line| line.starts_with("odd")), "{shallow:?}");
}

#[test]
fn decides_by_content() {
    let request = associate(1, &[propose(1, CT, &[IMPLICIT])], b"");
    let accept = associate(2, &[answer(1, 0, IMPLICIT)], b"");
    for (name, to_server, to_client, want) in [
        ("request", request.as_slice(), b"".as_slice(), Probe::Mine),
        ("answer alone", b"", &accept, Probe::Mine),
        ("rejection alone", b"", &pdu(3, &[0, 1, 1, 7]), Probe::Mine),
        ("nothing yet", b"", b"", Probe::NeedMore),
        ("answer from a client", &accept, b"", Probe::NotMine),
        ("TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", b"", Probe::NotMine),
        ("text", b"GET / HTTP/1.1\r\n", b"", Probe::NotMine),
        ("short request", b"\x01\0\0\0\0\x09\0\x01\0\0", b"", Probe::NotMine),
        ("no version", b"\x01\0\0\0\0\x90\0\x02\0\0", b"", Probe::NotMine),
    ] {
        assert_eq!(probe(&PROTOCOL, to_server, to_client), want, "{name}");
    }
    for seen in 0..10 {
        assert_eq!(probe(&PROTOCOL, &request[..seen], b""), Probe::NeedMore, "{seen} bytes");
    }
}

/// A capture cut anywhere asks for more; it never blames the sender.
#[test]
fn no_prefix_is_malformed() {
    let turns = store(&[CT], EXPLICIT, &[&image(EXPLICIT)[..420]]);
    for (direction, bytes) in &turns {
        for seen in 0..bytes.len() {
            let step = Dicom::default().read(
                *direction,
                &bytes[..seen],
                &mut Confidences(BTreeSet::new()),
            );
            let fine = match step {
                Step::Used(used) => used <= seen,
                Step::Skip(count) => count <= bytes.len() as u64,
                _ => false,
            };
            assert!(fine, "{seen}: {step:?}");
        }
    }
}

#[test]
fn a_gap_inside_an_image_does_not_lose_the_next_message() {
    let turns = store(&[CT], EXPLICIT, &[&image(EXPLICIT)]);
    let mut sink = Confidences(BTreeSet::new());
    let mut dicom = Dicom::default();
    for (direction, bytes) in &turns[..3] {
        dicom.read(*direction, bytes, &mut sink);
    }
    let image = &turns[3].1;
    let step = dicom.read(ToServer, &image[..100], &mut sink);
    assert!(matches!(step, Step::Used(used) if used < 100), "an element is waited for: {step:?}");
    assert_eq!(dicom.gap(ToServer, (image.len() - 100) as u64), Step::Used(0));
    sink.0.clear();
    dicom.read(ToServer, &turns[2].1, &mut sink);
    assert_eq!(sink.0.len(), 1, "the command behind the gap is read: {:?}", sink.0);
    assert_eq!(dicom.gap(ToServer, 1), Step::Done, "a gap between messages loses the place");
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(noise in prop::collection::vec(any::<u8>(), 0..600), way: bool) {
        let direction = if way { ToServer } else { ToClient };
        stream(&PROTOCOL, &[(direction, &noise)]);
        let mut turns = store(&[CT], EXPLICIT, &[&noise]);
        turns.push((direction, noise));
        findings(&turns);
    }

    #[test]
    fn damaged_associations_never_panic(at in 0usize..10_000, value: u8) {
        let mut turns = store(&[CT, MR], IMPLICIT, &[&image(IMPLICIT)]);
        let place = at % turns.len();
        let bytes = &mut turns[place].1;
        let place = at % bytes.len();
        bytes[place] = value;
        let turns: Vec<_> = turns.iter().map(|(way, bytes)| (*way, bytes.as_slice())).collect();
        stream(&PROTOCOL, &turns);
    }
}

/// Titles and implementations are those that tshark reads.
#[test]
fn agrees_with_tshark_on_the_lab_captures() {
    for capture in ["dicom_cecho", "dicom_cfind_cmove_cget", "dicom_cstore_multimodality"] {
        let capture = format!("lab/{capture}.pcap");
        let Some(connections) = lab::connections(&capture) else { return };
        let names = ["dicom.assoc.ae.calling", "dicom.userinfo.uid", "dicom.userinfo.version"];
        let Some(rows) = lab::fields(&capture, "dicom.pdu.type <= 2", &names) else { return };
        let called = lab::fields(&capture, "dicom.pdu.type == 2", &["dicom.assoc.ae.called"]);
        let titles =
            rows.iter().map(|row| &row[0]).chain(called.iter().flatten().map(|row| &row[0]));
        let column = |index: usize| rows.iter().map(move |row| row[index].clone());
        let want: BTreeSet<String> = titles
            .map(|title| title.trim().to_owned())
            .chain(column(1))
            .chain(column(2))
            .filter(|value| !value.is_empty())
            .collect();
        let mut found = BTreeSet::new();
        for turns in &connections {
            let transcript = stream(&PROTOCOL, &lab::borrowed(turns));
            assert!(!transcript.contains("odd "), "{transcript}");
            assert!(!transcript.contains("Malformed"), "{transcript}");
            let identities = transcript.lines().filter(|line| {
                line.contains("ae_title") || line.contains(" 52H ") || line.contains(" 55H ")
            });
            found.extend(identities.filter_map(|line| line.split('"').nth(1).map(str::to_owned)));
        }
        assert_eq!(found, want, "{capture}");
    }
}

/// What the lab devices, invented as they are, say of themselves.
#[test]
fn reads_the_equipment_of_the_lab_captures() {
    let Some(connections) = lab::connections("lab/dicom_cstore_multimodality.pcap") else { return };
    let all: String =
        connections.iter().map(|turns| stream(&PROTOCOL, &lab::borrowed(turns))).collect();
    for attribute in ["modality", "maker", "model", "station_name", "software_version", "serial"] {
        let values: BTreeSet<_> = all
            .lines()
            .filter(|line| line.contains(&format!("sender {attribute} = ")))
            .filter_map(|line| line.split('"').nth(1))
            .collect();
        assert!(!values.is_empty(), "no {attribute}");
    }
}
