//! Rules that turn what a device said into what it is.
//!
//! Source: `knowledge/identity-rules.csv`: where an attribute's value matches a pattern, another
//!         attribute gets a value, in which `$1` stands for the first group of the pattern.
//!         `knowledge/windows-versions.csv` names Windows by its version number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use model::{Attribute, Confidence, Fact, Source};
use regex::Regex;

/// One row of the table.
struct Rule {
    id: String,
    pattern: Regex,
    sets: Attribute,
    value: String,
    confidence: Confidence,
}

/// Facts that follow from `facts` by the rules, without duplicates of what is already there.
pub(crate) fn follow(facts: &[Fact]) -> Vec<Fact> {
    let mut found = Vec::new();
    for fact in facts {
        // A rule never builds on a rule: two guesses in a row are no evidence.
        if matches!(fact.source, Source::Rule { .. }) {
            continue;
        }
        found.extend(windows(fact));
        if let Some(class) = class_by_name(fact) {
            // The words inside a name say less than the whole: a pump server is no pump.
            found.push(class);
            continue;
        }
        for rule in TABLE.get(&fact.attribute).map_or(&[][..], Vec::as_slice) {
            let Some(captures) = rule.pattern.captures(&fact.value) else { continue };
            let mut value = String::new();
            captures.expand(&rule.value, &mut value);
            let value = value.trim().to_owned();
            if !value.is_empty() {
                found.push(rule.fact(fact, value));
            }
        }
    }
    found
}

impl Rule {
    fn fact(&self, from: &Fact, value: String) -> Fact {
        Fact {
            attribute: self.sets,
            value,
            confidence: self.confidence.min(from.confidence),
            source: Source::Rule {
                rule: self.id.clone(),
                from: format!("{} = {}", from.attribute, from.value),
            },
            first_seen: from.first_seen,
            last_seen: from.last_seen,
            count: from.count,
        }
    }
}

/// The class that a record calls by its very name, e.g. `Infusion pump`.
fn class_by_name(fact: &Fact) -> Option<Fact> {
    if fact.attribute != Attribute::Description {
        return None;
    }
    let class = crate::knowledge::classes()
        .values()
        .find(|class| class.name.eq_ignore_ascii_case(fact.value.trim()))?;
    Some(Fact {
        attribute: Attribute::Class,
        value: class.key.to_owned(),
        source: Source::Rule {
            rule: "class-name".to_owned(),
            from: format!("{} = {}", fact.attribute, fact.value),
        },
        ..fact.clone()
    })
}

/// Windows by the version number in `fact`. One number can stand for a client and a server
/// release; then both are named.
fn windows(fact: &Fact) -> Option<Fact> {
    static NUMBER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^Windows NT ([0-9]+)\.([0-9]+) build ([0-9]+)$").ok());
    if fact.attribute != Attribute::SmbOs {
        return None;
    }
    let captures = NUMBER.as_ref()?.captures(&fact.value)?;
    let [major, minor, build] = [1, 2, 3].map(|group| captures.get(group).map(|m| m.as_str()));
    let names: BTreeSet<String> = crate::knowledge::rows(WINDOWS)
        .filter(|row| {
            [row.first(), row.get(1), row.get(2)].map(Option::<&&str>::copied)
                == [major, minor, build]
        })
        .filter_map(|row| {
            let (name, release) = (row.get(3)?, row.get(4)?);
            Some(format!("{name} {release}").trim().to_owned())
        })
        .collect();
    let value = if names.is_empty() {
        fact.value.clone()
    } else {
        names.into_iter().collect::<Vec<_>>().join(" or ")
    };
    Some(Fact {
        attribute: Attribute::Os,
        value,
        confidence: fact.confidence.min(Confidence::STRONG),
        source: Source::Rule {
            rule: "windows-version".to_owned(),
            from: format!("{} = {}", fact.attribute, fact.value),
        },
        ..fact.clone()
    })
}

static TABLE: LazyLock<BTreeMap<Attribute, Vec<Rule>>> = LazyLock::new(|| {
    let mut table: BTreeMap<Attribute, Vec<Rule>> = BTreeMap::new();
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(RULES.as_bytes());
    for record in reader.records().filter_map(Result::ok) {
        if let Some((attribute, rule)) = read_rule(&record) {
            table.entry(attribute).or_default().push(rule);
        }
    }
    table
});

fn read_rule(record: &csv::StringRecord) -> Option<(Attribute, Rule)> {
    let share: f64 = record.get(5)?.parse().ok()?;
    #[expect(clippy::cast_sign_loss, reason = "the table holds shares between 0 and 1")]
    let confidence = Confidence::from_thousandths((share * 1000.0) as u16);
    let rule = Rule {
        id: record.get(0)?.to_owned(),
        pattern: Regex::new(record.get(2)?).ok()?,
        sets: record.get(3)?.parse().ok()?,
        value: record.get(4)?.to_owned(),
        confidence,
    };
    Some((record.get(1)?.parse().ok()?, rule))
}

const WINDOWS: &str = include_str!("../../../knowledge/windows-versions.csv");
const RULES: &str = include_str!("../../../knowledge/identity-rules.csv");

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    #[test]
    fn every_row_can_be_read() {
        let mut reader =
            csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(RULES.as_bytes());
        let mut ids = std::collections::BTreeSet::new();
        for record in reader.records() {
            let record = record.unwrap();
            assert!(read_rule(&record).is_some(), "{record:?}");
            assert!(ids.insert(record[0].to_owned()), "{} stands twice", &record[0]);
            let class_is_known =
                &record[3] != "class" || crate::knowledge::classes().contains_key(&record[4]);
            assert!(class_is_known, "{record:?}");
        }
    }

    #[test]
    fn follows() {
        for (attribute, value, sets, want) in [
            (
                Attribute::SmbOs,
                "Windows NT 6.1 build 7601",
                Attribute::Os,
                "Windows 7 SP1 or Windows Server 2008 R2 SP1",
            ),
            (Attribute::SmbOs, "Windows 5.1", Attribute::Os, "Windows XP"),
            (Attribute::HttpServer, "Microsoft-IIS/6.0", Attribute::Os, "Windows Server 2003"),
            (Attribute::Modality, "CT", Attribute::Class, "ct_scanner"),
            (
                Attribute::SshBanner,
                "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
                Attribute::Os,
                "Debian 12",
            ),
            (
                Attribute::ImplementationVersionName,
                "OFFIS_DCMTK_367",
                Attribute::Software,
                "DCMTK@3.6.7",
            ),
        ] {
            let fact = Fact {
                attribute,
                value: value.to_owned(),
                confidence: Confidence::STATED,
                source: Source::Person { name: "test".to_owned(), at: Timestamp::EPOCH },
                first_seen: Timestamp::EPOCH,
                last_seen: Timestamp::EPOCH,
                count: 1,
            };
            let found = follow(&[fact]);
            let values: Vec<_> =
                found.iter().filter(|f| f.attribute == sets).map(|f| f.value.as_str()).collect();
            assert_eq!(values, [want], "{value}");
        }
    }
}
