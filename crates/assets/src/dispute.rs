//! What the sources of one device say of it that disagrees.
//!
//! Source: the facts of a device, as [`crate::derive()`] sorted them.
//! Output: for maker, model and software version every value that stands beside the current one, with
//!         where it is from. Precedence chooses what is shown; nothing that is said is hidden by it.
//! Limits: hints below [`Confidence::LIKELY`] are no statements. A field that says something newer
//!         takes back what it said before. A person overrules what was known when they spoke.

use model::{Attribute, Confidence, Device, Fact, Software, Source, Timestamp};

use crate::derive::{current, place};

/// A value that a source states, and where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    /// What it is about.
    pub attribute: Attribute,
    /// The value.
    pub value: String,
    /// The row, the cell, the frame or the person, for people to look it up.
    pub origin: String,
}

/// Every value of `attribute` that a source of the device states, the current one first, each once.
pub fn statements(device: &Device, attribute: Attribute) -> Vec<Statement> {
    let facts = &device.facts;
    let stated = stated(device, attribute);
    let spoken =
        facts.iter().filter(|fact| fact.attribute == attribute).filter_map(spoken_at).max();
    let mut statements: Vec<Statement> = Vec::new();
    let first = current(facts, attribute).map(|fact| (fact, fact.value.clone()));
    for (fact, value) in first.into_iter().chain(stated.iter().cloned()) {
        let known = statements.iter().any(|known| known.value.eq_ignore_ascii_case(&value));
        let kept =
            statements.is_empty() || !is_taken_back(fact, &stated) && !is_overruled(fact, spoken);
        if !known && kept {
            statements.push(Statement { attribute, value, origin: origin(fact, facts) });
        }
    }
    statements
}

/// Facts that state a value, each with it. Software that bears the model's name states the version.
fn stated(device: &Device, attribute: Attribute) -> Vec<(&Fact, String)> {
    let stands = device.facts.iter().filter(|fact| fact.confidence >= Confidence::LIKELY);
    let model = device.model.as_deref().map(squash).filter(|model| !model.is_empty());
    let own = |fact: &Fact| -> Option<String> {
        if attribute != Attribute::SoftwareVersion || fact.attribute != Attribute::Software {
            return None;
        }
        let software = Software::from_fact(&fact.value);
        let named = model.as_deref() == Some(squash(&software.name).as_str());
        (named && !software.version.is_empty()).then_some(software.version)
    };
    stands
        .filter_map(|fact| {
            let value = (fact.attribute == attribute).then(|| fact.value.trim().to_owned());
            let value = value.or_else(|| own(fact)).filter(|value| !value.is_empty())?;
            Some((fact, value))
        })
        .collect()
}

/// True where the same field says another value later, and this one no more.
fn is_taken_back(fact: &Fact, stated: &[(&Fact, String)]) -> bool {
    stated.iter().any(|(other, _)| {
        other.attribute == fact.attribute
            && place(&other.source) == place(&fact.source)
            && fact.last_seen != Timestamp::UNKNOWN
            && other.first_seen > fact.last_seen
    })
}

/// True for a value that was known when a person said what holds.
fn is_overruled(fact: &Fact, spoken: Option<Timestamp>) -> bool {
    spoken_at(fact).is_none() && spoken.is_some_and(|at| fact.first_seen <= at)
}

fn spoken_at(fact: &Fact) -> Option<Timestamp> {
    match &fact.source {
        Source::Person { at, .. } => Some(*at),
        _ => None,
    }
}

/// Where a value stands; a rule leads to what it looked at.
fn origin(fact: &Fact, facts: &[Fact]) -> String {
    let Source::Rule { from, .. } = &fact.source else { return fact.source.to_string() };
    let looked_at = facts.iter().find(|fact| {
        !matches!(fact.source, Source::Rule { .. })
            && from.strip_prefix(fact.attribute.name()).and_then(|rest| rest.strip_prefix(" = "))
                == Some(fact.value.as_str())
    });
    looked_at.map_or_else(
        || fact.source.to_string(),
        |seen| format!("{} (`{}`)", seen.source, seen.value),
    )
}

fn squash(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: Attribute = Attribute::SoftwareVersion;

    fn wire(field: &str, frame: u64) -> Source {
        Source::Wire {
            capture: "a.pcap".into(),
            frame,
            offset_bytes: 0,
            length_bytes: 1,
            protocol: "dicom".into(),
            field: field.into(),
            rule: "r".into(),
            source_id: None,
        }
    }

    fn file(row: u64) -> Source {
        Source::File {
            path: "cmms.csv".into(),
            row,
            column: "Version".into(),
            stream: "cmms".into(),
            source_id: None,
        }
    }

    fn person(at: i64) -> Source {
        Source::Person { name: "ana".into(), at: Timestamp::from_seconds(at) }
    }

    fn fact(attribute: Attribute, value: &str, source: Source, seen: (i64, i64)) -> Fact {
        Fact {
            attribute,
            value: value.to_owned(),
            confidence: Confidence::STATED,
            source,
            first_seen: Timestamp::from_seconds(seen.0),
            last_seen: Timestamp::from_seconds(seen.1),
            count: 1,
        }
    }

    fn version(value: &str, source: Source, seen: (i64, i64)) -> Fact {
        fact(VERSION, value, source, seen)
    }

    #[test]
    #[rustfmt::skip]
    fn every_source_that_still_says_so_is_heard() {
        let banner = |value: &str, seen| fact(Attribute::HttpServer, value, wire("Server", 9), seen);
        let model = || fact(Attribute::Model, "Flumen V", file(2), (1, 1));
        let hint = Fact { confidence: Confidence::WEAK, ..version("9", wire("x", 1), (1, 5)) };
        for (name, facts, want) in [
            ("one source",             vec![version("2", file(2), (1, 5))],                                        vec!["2"]),
            ("file and wire",          vec![version("2", file(2), (1, 5)), version("1", wire("a", 3), (1, 5))],    vec!["1", "2"]),
            ("they agree",             vec![version("v2", file(2), (1, 5)), version("V2", wire("a", 3), (1, 5))],  vec!["V2"]),
            ("a field says it anew",   vec![version("1", wire("a", 3), (1, 2)), version("2", wire("a", 8), (4, 5))], vec!["2"]),
            ("a field says two",       vec![version("1", wire("a", 3), (1, 5)), version("2", wire("a", 8), (4, 6))], vec!["2", "1"]),
            ("a hint is none",         vec![version("2", file(2), (1, 5)), hint],                                  vec!["2"]),
            ("a person overrules",     vec![version("2", file(2), (1, 9)), version("1", wire("a", 3), (1, 9)), version("3", person(5), (5, 5))], vec!["3"]),
            ("what comes later counts", vec![version("2", file(2), (7, 9)), version("3", person(5), (5, 5))],      vec!["3", "2"]),
            ("a banner, as a rule reads it", vec![model(), version("12.3.0", file(2), (1, 5)), banner("FlumenV/12.1.0", (1, 5))], vec!["12.3.0", "12.1.0"]),
            ("a banner of a part",     vec![model(), version("12.3.0", file(2), (1, 5)), banner("nginx/1.18", (1, 5))], vec!["12.3.0"]),
        ] {
            let time = Timestamp::from_seconds(1);
            let mut device = crate::identify::new_device("a", "", time, time);
            device.facts = facts;
            crate::derive(&mut device);
            let statements = statements(&device, VERSION);
            let got: Vec<&str> = statements.iter().map(|one| one.value.as_str()).collect();
            assert_eq!(got, want, "{name}");
            if name.starts_with("a banner, as") {
                assert!(statements[1].origin.starts_with("a.pcap frame 9, "), "{:?}", statements[1]);
                assert!(statements[1].origin.contains("FlumenV/12.1.0"), "{:?}", statements[1]);
            }
        }
    }
}
