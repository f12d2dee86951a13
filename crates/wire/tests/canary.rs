//! No patient leaves a parser: canaries in every field, separator and order of segments.
//!
//! What:   plants names and identifiers where patients stand, and in place of every text in the
//!         kept inputs of every parser, and looks for them in all that is handed over.
//! Limits: what carries a person's name by design is found there and nowhere else, and nothing
//!         of it where a mask is set.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test may stop")]

mod common;

use std::collections::BTreeSet;

use common::{fuzz_corpus, observe_frames, observe_with, seeds};
use model::Attribute;
use wire::exercise;
use wire::privacy::{self, EQUIPMENT, Mask, NAMES};

#[test]
fn no_patient_leaks_behind_any_separator_or_order() {
    let frames = simulate::leak_frames();
    let carrying = frames.iter().filter(|(_, frame)| has(frame)).count();
    assert!(carrying > 1000, "only {carrying} frames carry a canary");
    let seen = observe_frames("leaks", frames.iter().map(|(time, frame)| (*time, &frame[..])));
    for sighting in &seen.sightings {
        assert!(!has(sighting.value.as_bytes()), "{sighting:?}");
    }
    assert!(!has(serde_json::to_string(&seen).unwrap().as_bytes()));
    // What may be kept is found, or the search proves nothing.
    for known in ["ANALYZER", "ORU^R01", "SCANNER", "Norrvik", "SN-1", "SN-22222222"] {
        assert!(seen.sightings.iter().any(|sighting| sighting.value == known), "no {known}");
    }
}

/// Every run of text in every kept input becomes a name, one after the other.
#[test]
fn a_name_in_any_field_is_kept_only_where_names_are() {
    let (mut planted, mut kept) = (0, BTreeSet::new());
    for entry in std::fs::read_dir(fuzz_corpus()).unwrap() {
        let target = entry.unwrap().file_name().into_string().unwrap();
        let Some((kind, name)) = target.split_once('_') else { continue };
        for (seed, bytes) in seeds(&target) {
            for run in runs(&bytes).into_iter().take(RUNS_MAX) {
                // A run that is too short has no room for a mark behind the name.
                let person = (run.len() > 6).then_some("CANARY^JANE^");
                for text in ["CANARY"].into_iter().chain(person) {
                    let Some(found) = read(kind, name, &plant(&bytes, &run, text)) else { break };
                    planted += 1;
                    for attribute in leaked(&found) {
                        let place = format!("{target}/{seed} at {run:?}: {attribute}");
                        assert!(!text.contains('^'), "a person is kept, {place}");
                        let free = NAMES.contains(&attribute) || EQUIPMENT.contains(&attribute);
                        assert!(free, "a name is kept, {place}");
                        kept.insert(attribute);
                    }
                }
            }
        }
    }
    assert!(planted > 500, "{planted} names were planted");
    for attribute in [Attribute::Hostname, Attribute::AeTitle, Attribute::Hl7Application] {
        assert!(kept.contains(&attribute), "{attribute} was never reached");
    }
}

/// With a mask nothing of the names is handed over, and that it was is counted.
#[test]
fn a_mask_keeps_no_name() {
    let hospital = common::hospital();
    let limits = wire::Limits { mask: Mask::names(), ..wire::Limits::default() };
    let frames = || hospital.iter().map(|(time, frame)| (*time, &frame[..]));
    let (open, masked) = (observe_frames("h", frames()), observe_with(limits, "h", frames()));
    let names: Vec<_> =
        open.sightings.iter().filter(|one| NAMES.contains(&one.attribute)).collect();
    assert!(names.len() > 100, "{} names", names.len());
    assert!(masked.sightings.iter().all(|one| !NAMES.contains(&one.attribute)));
    assert_eq!(masked.sightings.len(), open.sightings.len() - names.len());
    assert!(masked.stats.skipped["value masked by the setting"] >= names.len() as u64);
}

/// The list that people read names what the code knows.
#[test]
fn security_lists_what_may_carry_a_name() {
    let text = include_str!("../../../SECURITY.md");
    for attribute in NAMES.iter().chain(EQUIPMENT) {
        assert!(text.contains(&format!("`{attribute}`")), "SECURITY.md does not list {attribute}");
    }
}

fn read(kind: &str, name: &str, bytes: &[u8]) -> Option<String> {
    Some(match kind {
        "stream" => exercise::stream(name, bytes),
        "datagram" => exercise::datagram(name, bytes),
        "link" => exercise::link(name, bytes),
        _ => return None,
    })
}

/// Attributes of the lines of a transcript that carry a canary and would be kept.
fn leaked(transcript: &str) -> BTreeSet<Attribute> {
    let lines = transcript.lines().filter(|line| line.contains("CANARY"));
    let found = lines.filter_map(|line| {
        let (start, rest) = line.split_once(" = ")?;
        let attribute = start.rsplit(' ').next()?.parse().unwrap_or_else(|_| panic!("{line}"));
        let (value, _) = rest.rsplit_once(" @")?;
        let value = value.get(1..value.rfind('"')?)?.replace("\\\"", "\"");
        privacy::fits(attribute, &value).then_some(attribute)
    });
    found.collect()
}

/// Runs of printable text.
fn runs(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    for at in 0..=bytes.len() {
        if bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b" ._-".contains(byte))
        {
            continue;
        }
        if at - start >= "CANARY".len() {
            runs.push(start..at);
        }
        start = at + 1;
    }
    runs
}

fn plant(bytes: &[u8], run: &std::ops::Range<usize>, text: &str) -> Vec<u8> {
    let mut planted = bytes.to_vec();
    let sign = text.bytes().cycle();
    planted[run.clone()].iter_mut().zip(sign).for_each(|(byte, sign)| *byte = sign);
    planted
}

fn has(bytes: &[u8]) -> bool {
    bytes.windows(6).any(|window| window == b"CANARY")
}

/// Runs of one input that are tried; banners and names stand at its front.
const RUNS_MAX: usize = 40;
