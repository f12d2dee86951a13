//! No patient and no password ever comes out of Regimen.
//!
//! What:   takes captures in that carry names and ids of patients and passwords in clear, logs all
//!         there is to log, and then looks for them in every byte that was kept, said or shown.
//! Limits: the input files are not looked at. A value that must be there is looked for in the same
//!         way, so that a search that finds nothing anywhere fails.

use std::collections::BTreeSet;
use std::path::Path;

use crate::harness::{Files, corpus};
use crate::pages;
use crate::site::Site;

#[test]
fn no_invented_patient_or_password_comes_out() {
    let site = Site::demo(&["--devices", "60", "-vv"]);
    let secrets = ["CANARY", "CANARY-PASSWORD", "CANARY-ID"].map(str::to_owned);
    let capture = site.given("hospital.pcap");
    assert!(secrets.iter().all(|secret| has(&capture, secret)), "there is nothing to leak");
    let seen = everything(&site);
    is_nowhere(&secrets, &seen);
    for known in ["Flumen Hub", "NORRVIK-SA-2026-02"] {
        for place in ["database", "page", "api"] {
            let found =
                seen.iter().any(|(name, bytes)| name.starts_with(place) && has(bytes, known));
            assert!(found, "{known} is in no {place}, so the search is broken");
        }
    }
    let log = &seen.iter().find(|(name, _)| name == "log").unwrap().1;
    assert!(!log.is_empty(), "nothing was logged, so nothing was looked at");
}

/// Patients behind every separator, in lost, late and overlapping segments, and in mixed fragments.
#[test]
fn no_patient_beside_what_is_read_comes_out() {
    let mut capture = simulate::pcap_header();
    for (time, frame) in simulate::leak_frames() {
        simulate::pcap_record(time, &frame, &mut capture);
    }
    assert!(has(&capture, "CANARY"), "there is nothing to leak");
    let files = Files::empty();
    let leaks = files.write("leaks.pcap", &capture);
    let answer = files.on("data", &["ingest", &leaks, "-vv"]);
    let mut said = vec![("ingest".to_owned(), (answer.out + &answer.err).into_bytes())];
    for arguments in [["observe", &leaks, "--json"], ["observe", &leaks, "-vv"]] {
        let answer = files.on("data", &arguments);
        assert!(answer.out.contains("ANALYZER") || answer.out.contains("hl7"), "{}", answer.err);
        said.push((arguments.join(" "), (answer.out + &answer.err).into_bytes()));
    }
    for command in [["assets", "list"], ["software", "list"], ["evidence", "show"]] {
        said.push((command.join(" "), files.on("data", &command).out.into_bytes()));
    }
    is_nowhere(&["CANARY".to_owned()], &said);
    let made = files.on("data", &["people", "add", "ada", "--role", "administrator", "--json"]);
    let password = made.json()["password"].as_str().unwrap().to_owned();
    let mut site = Site::serve(files);
    (site.name, site.password) = ("ada".to_owned(), password);
    let seen = everything(&site);
    is_nowhere(&["CANARY".to_owned()], &seen);
    let known = seen.iter().any(|(name, bytes)| name.starts_with("database") && has(bytes, "LIS"));
    assert!(known, "the search is broken");
}

/// The captures of real software carry patients that their makers invented.
#[test]
fn no_patient_of_the_lab_captures_comes_out() {
    let Some(lab) = corpus().map(|corpus| corpus.join("captures/lab")).filter(|lab| lab.is_dir())
    else {
        testing::skip("the lab captures are not on this machine");
        return;
    };
    let secrets = patients(&lab);
    assert!(secrets.len() >= 4, "only {secrets:?} were found in the captures");
    eprintln!("looking for {} names and ids of patients", secrets.len());
    let secrets: Vec<String> = secrets.into_iter().collect();
    let files = Files::empty();
    let lab = lab.display().to_string();
    let answer = files.on("data", &["ingest", &lab, "-vv"]);
    let mut said = vec![("output".to_owned(), (answer.out + &answer.err).into_bytes())];
    for command in [["assets", "list"], ["software", "list"], ["evidence", "show"]] {
        said.push((command.join(" "), files.on("data", &command).out.into_bytes()));
    }
    for entry in std::fs::read_dir(&lab).unwrap().flatten() {
        let path = entry.path().display().to_string();
        let answer = crate::harness::regimen(&["observe", &path, "--json", "-vv"]);
        said.push((path, (answer.out + &answer.err).into_bytes()));
    }
    is_nowhere(&secrets, &said);
    let made = files.on("data", &["people", "add", "ada", "--role", "administrator", "--json"]);
    let password = made.json()["password"].as_str().unwrap().to_owned();
    let mut site = Site::serve(files);
    (site.name, site.password) = ("ada".to_owned(), password);
    let seen = everything(&site);
    is_nowhere(&secrets, &seen);
    let known = |place: &str| {
        seen.iter().any(|(name, bytes)| name.starts_with(place) && has(bytes, "DCMTK"))
    };
    assert!(known("database") && known("api"), "the search is broken");
}

/// Every byte that is kept, said or shown, with the place where it is.
fn everything(site: &Site) -> Vec<(String, Vec<u8>)> {
    let cookie = site.full_session();
    let mut seen = Vec::new();
    for (path, reply) in pages::crawl(site, &cookie) {
        seen.push((format!("page {path}"), reply.body));
    }
    for (path, reply) in pages::api(site, &cookie) {
        seen.push((format!("api {path}"), reply.body));
    }
    assert!(seen.len() > 40, "only {} pages and answers", seen.len());
    for (path, bytes) in site.kept() {
        seen.push((format!("database {path}"), bytes));
    }
    seen.push(("log".to_owned(), site.said().into_bytes()));
    seen
}

fn is_nowhere(secrets: &[String], seen: &[(String, Vec<u8>)]) {
    for (place, bytes) in seen {
        for secret in secrets {
            assert!(!has(bytes, secret), "`{secret}` is in {place}");
            let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(!contains(bytes, &wide), "`{secret}` is in {place}, as UTF-16");
        }
    }
}

fn has(bytes: &[u8], text: &str) -> bool {
    contains(bytes, text.as_bytes())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    let Some((first, _)) = part.split_first() else { return true };
    let starts = bytes.iter().enumerate().filter(|(_, byte)| *byte == first);
    starts.map(|(start, _)| start).any(|start| bytes[start..].starts_with(part))
}

/// Names and ids of patients, read from the captures by their own standards.
fn patients(lab: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(lab).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap();
        in_hl7(&bytes, &mut found);
        in_dicom(&bytes, &mut found);
    }
    // What is too short or too plain would be found by chance.
    found.retain(|text| {
        text.len() >= 5 && text.chars().any(|c| c.is_ascii_alphabetic() || text.len() >= 7)
    });
    found
}

/// PID-3, PID-5, PID-11 and PID-13: ids, name, address and telephone, whole and in parts.
fn in_hl7(bytes: &[u8], found: &mut BTreeSet<String>) {
    for start in places(bytes, b"\rPID|") {
        let segment = bytes[start + 1..].split(|byte| *byte == b'\r').next().unwrap();
        let segment = String::from_utf8_lossy(segment).into_owned();
        for (number, field) in segment.split('|').enumerate() {
            if [2, 3, 5, 11, 13, 19].contains(&number) {
                found.insert(field.to_owned());
                let part = field.split('^').next().unwrap_or("");
                found.insert(part.to_owned());
            }
        }
    }
}

/// The elements of group 0010 of a data set, with and without value representations.
fn in_dicom(bytes: &[u8], found: &mut BTreeSet<String>) {
    for element in [[0x10, 0], [0x20, 0], [0x40, 0x10]] {
        let tag = [0x10, 0, element[0], element[1]];
        for start in places(bytes, &tag) {
            let Some(head) = bytes.get(start + 4..start + 8) else { continue };
            let explicit = head[0].is_ascii_uppercase() && head[1].is_ascii_uppercase();
            let length = if explicit {
                usize::from(u16::from_le_bytes([head[2], head[3]]))
            } else {
                u32::from_le_bytes(head.try_into().unwrap()) as usize
            };
            let value = bytes.get(start + 8..start + 8 + length.min(NAME_BYTES_MAX));
            let text = value.and_then(|value| std::str::from_utf8(value).ok());
            let text = text.map(|text| text.trim_matches([' ', '\0'])).filter(|text| {
                !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
            });
            if let Some(text) = text.filter(|_| length <= NAME_BYTES_MAX) {
                found.insert(text.to_owned());
                found.insert(text.split('^').next().unwrap_or("").to_owned());
            }
        }
    }
}

fn places<'a>(bytes: &'a [u8], part: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let windows = bytes.windows(part.len()).enumerate();
    windows.filter(move |(_, window)| *window == part).map(|(start, _)| start)
}

/// A name longer than this is no name, in bytes.
const NAME_BYTES_MAX: usize = 64;
