//! The lab captures through the whole observer: what devices say is there and agrees with tshark,
//! and nothing of a patient is.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::{captures, hospital, lab, observe, observe_frames, tshark};
use model::{Observations, Source};

/// Values of a field, all endpoints together.
fn values(seen: &Observations, of_protocol: &str, of_field: &str) -> BTreeSet<String> {
    seen.sightings
        .iter()
        .filter(|sighting| {
            matches!(&sighting.source, Source::Wire { protocol, field, .. }
                if protocol == of_protocol && field == of_field)
        })
        .map(|sighting| sighting.value.clone())
        .collect()
}

#[test]
fn devices_tell_what_they_are() {
    let Some(folder) = captures() else { return };
    for (file, place, attribute, value) in EXPECTED {
        let seen = observe(&folder.join("lab").join(file));
        let found = seen.sightings.iter().any(|sighting| {
            sighting.endpoint.ip.is_some_and(|ip| ip.to_string() == *place)
                && sighting.attribute.name() == *attribute
                && sighting.value == *value
        });
        assert!(found, "{file}: {place} has no {attribute} {value}");
    }
}

/// File, address, attribute, value; read with tshark 4.0 from the same frames.
const EXPECTED: &[(&str, &str, &str, &str)] = &[
    ("dicom_cecho.pcap", "10.40.10.101", "ae_title", "CT01"),
    ("dicom_cecho.pcap", "10.40.10.10", "ae_title", "PACS_QR"),
    ("dicom_cecho.pcap", "10.40.10.10", "implementation_version_name", "OFFIS_DCMTK_367"),
    ("dicom_cfind_cmove_cget.pcap", "10.40.10.150", "ae_title", "WS1"),
    ("dicom_cfind_cmove_cget.pcap", "10.40.10.10", "role", "dicom_query_scp"),
    ("dicom_cstore_multimodality.pcap", "10.40.10.103", "modality", "US"),
    ("dicom_cstore_multimodality.pcap", "10.40.10.103", "maker", "Philips Medical Systems"),
    ("dicom_cstore_multimodality.pcap", "10.40.10.103", "model", "CX50"),
    ("dicom_cstore_multimodality.pcap", "10.40.10.103", "software_version", "CX50_210"),
    ("dicom_cstore_multimodality.pcap", "10.40.10.102", "model", "Avanto"),
    ("dicom_cstore_multimodality.pcap", "10.40.10.102", "modality", "MR"),
];

/// The same sets of values as tshark reads, field by field.
#[test]
fn associations_agree_with_tshark() {
    let Some(folder) = captures() else { return };
    for path in lab(&folder) {
        let seen = observe(&path);
        // One value of an endpoint is one sighting, whichever field said it first.
        let titles = ["dicom.assoc.ae.calling", "dicom.assoc.ae.called"].as_slice();
        for (theirs, ours) in [
            (titles, ["calling AE title", "called AE title"].as_slice()),
            (&["dicom.userinfo.version"], &["55H"]),
            (&["dicom.userinfo.uid"], &["52H"]),
        ] {
            let path = path.display().to_string();
            let mut arguments = vec!["-r", &path, "-T", "fields", "-E", "aggregator=;"];
            arguments.extend(["-E", "separator=;"]);
            arguments.extend(theirs.iter().flat_map(|field| ["-e", *field]));
            let Some(text) = tshark(&arguments) else { return };
            let values_theirs = text.lines().flat_map(|line| line.split(';')).map(str::trim);
            // The server rejects this title, so it is nobody's.
            let values_theirs =
                values_theirs.filter(|value| !value.is_empty() && *value != "WRONG_AE");
            let want: BTreeSet<String> = values_theirs.map(str::to_owned).collect();
            let found: BTreeSet<String> =
                ours.iter().flat_map(|field| values(&seen, "dicom", field)).collect();
            // An answer repeats the titles of the request, and one party may be both.
            assert_eq!(found, want, "{path}: {theirs:?}");
        }
    }
}

/// Data elements of stored images, as tshark's tree shows them at the outermost level.
#[test]
fn images_agree_with_tshark() {
    let Some(folder) = captures() else { return };
    let path = folder.join("lab/dicom_cstore_multimodality.pcap");
    let Some(tree) = tshark(&["-r", &path.display().to_string(), "-V", "-Y", "dicom"]) else {
        return;
    };
    let seen = observe(&path);
    for tag in ["(0008,0060)", "(0008,0070)", "(0008,1010)", "(0008,1090)", "(0018,1000)"] {
        let want: BTreeSet<String> = elements(&tree, tag).collect();
        assert!(!want.is_empty(), "tshark shows no {tag}");
        assert_eq!(values(&seen, "dicom", tag), want, "{tag}");
    }
}

/// Values of an element in the main data set: items of sequences are indented deeper.
fn elements<'a>(tree: &'a str, tag: &'a str) -> impl Iterator<Item = String> + 'a {
    let lines = tree.lines().filter(move |line| {
        line.strip_prefix("        ").is_some_and(|line| line.starts_with(tag))
    });
    let values = lines.filter_map(|line| line.split_once("] ")).map(|(_, value)| value.trim());
    values.filter(|value| !value.is_empty() && *value != "<Empty>").map(str::to_owned)
}

/// Applications, facilities and types of messages, as tshark's segments have them.
#[test]
fn messages_agree_with_tshark() {
    let Some(folder) = captures() else { return };
    let path = folder.join("lab/hl7_mllp_adt_orm_oru.pcap");
    let arguments = ["-r", &path.display().to_string(), "-Y", "hl7", "-T", "fields"];
    let payload = ["-e", "tcp.payload"];
    let Some(text) = tshark(&[arguments.as_slice(), &payload].concat()) else { return };
    let seen = observe(&path);
    let headers: Vec<Vec<String>> = text
        .lines()
        .map(from_hex)
        .filter_map(|message| {
            let start = message.find("MSH|")?;
            Some(message[start..].split('\r').next()?.split('|').map(str::to_owned).collect())
        })
        .collect();
    assert!(headers.len() >= 8, "{} messages", headers.len());
    for (index, names) in [
        (2, ["MSH-3", "MSH-5"].as_slice()),
        (3, &["MSH-4", "MSH-6"]),
        (8, &["MSH-9"]),
        (11, &["MSH-12"]),
    ] {
        // Both parties name themselves and each other, so the sets are the same.
        let mut want: BTreeSet<String> = headers.iter().map(|cells| cells[index].clone()).collect();
        if names.len() == 2 {
            want.extend(headers.iter().map(|cells| cells[index + 2].clone()));
        }
        // Of the type, the message and its event are kept, not the structure that they imply.
        let two = |cell: String| cell.splitn(3, '^').take(2).collect::<Vec<_>>().join("^");
        let want: BTreeSet<String> = want.into_iter().map(two).collect();
        let found: BTreeSet<String> =
            names.iter().flat_map(|name| values(&seen, "hl7", name)).collect();
        assert_eq!(found, want, "{names:?}");
    }
}

fn from_hex(digits: &str) -> String {
    let digits: Vec<u8> =
        digits.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits
        .chunks(2)
        .map(|pair| char::from(pair.iter().fold(0, |byte, digit| byte << 4 | digit)))
        .collect()
}

/// SDC devices: every host that tshark hears announce itself is known by its types.
#[test]
fn point_of_care_devices_are_found() {
    let Some(folder) = captures() else { return };
    let seen = observe(&folder.join("lab/sdc_11073_wsdiscovery_soap.pcap"));
    let by_name = |name: &str| {
        let of_name = seen.sightings.iter().filter(|sighting| sighting.attribute.name() == name);
        of_name.map(|sighting| sighting.value.as_str()).collect::<BTreeSet<_>>()
    };
    for attribute in ["maker", "model"] {
        assert!(!by_name(attribute).is_empty(), "no {attribute}");
    }
    assert!(seen.flows.iter().any(|flow| flow.application.as_deref() == Some("wsd")));
}

/// Names and identifiers of patients in the lab captures, and the canaries of the simulated
/// hospital, occur nowhere in what is handed over.
#[test]
fn nothing_of_a_patient_is_handed_over() {
    let hospital = hospital();
    let seen = observe_frames("hospital", hospital.iter().map(|(time, frame)| (*time, &frame[..])));
    let sent = hospital.iter().filter(|(_, frame)| contains(frame, b"CANARY")).count();
    assert!(sent > 10, "only {sent} frames carry a canary");
    assert!(!serde_json::to_string(&seen).unwrap().contains("CANARY"));

    let Some(folder) = captures() else { return };
    let lab = lab(&folder);
    let patients: BTreeSet<String> = lab.iter().flat_map(|path| patients_of(path)).collect();
    assert!(patients.len() >= 2, "{patients:?}");
    for path in lab {
        let text = serde_json::to_string(&observe(&path)).unwrap();
        for patient in &patients {
            assert!(!text.contains(patient), "{}: {patient}", path.display());
        }
    }
}

fn contains(frame: &[u8], word: &[u8]) -> bool {
    frame.windows(word.len()).any(|window| window == word)
}

/// PID-3 and PID-5 from the payload; (0010,0010) and (0010,0020) where tshark is installed.
fn patients_of(path: &Path) -> BTreeSet<String> {
    let mut patients = BTreeSet::new();
    let mut reader = capture::open(path).unwrap();
    while let Some(frame) = reader.next_frame().unwrap() {
        let text: String = frame.bytes.iter().map(|byte| char::from(*byte)).collect();
        for segment in text.split('\r').filter(|segment| segment.starts_with("PID|")) {
            let cells: Vec<&str> = segment.split('|').collect();
            // Behind an identifier stands the facility, which MSH names too.
            let identifier = cells.get(3).and_then(|cell| cell.split('^').next());
            patients.extend(identifier.into_iter().chain(cells.get(5).copied()).map(str::to_owned));
        }
    }
    if let Some(tree) = tshark(&["-r", &path.display().to_string(), "-V", "-Y", "dicom"]) {
        for tag in ["(0010,0010)", "(0010,0020)"] {
            let lines = tree.lines().map(str::trim).filter(|line| line.starts_with(tag));
            let values = lines.filter_map(|line| line.split_once("] ")).map(|(_, value)| value);
            patients.extend(values.map(|value| value.trim().trim_end_matches('^').to_owned()));
        }
    }
    // A shorter word proves nothing: it stands in some address or version by chance.
    patients.retain(|patient| patient.len() >= 4 && patient != "<Empty>");
    patients
}
