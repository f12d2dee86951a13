//! The current value of each attribute, chosen among its facts by a published precedence.
//!
//! Source: `knowledge/precedence.csv`. A fact trusted less than [`Confidence::LIKELY`] never beats
//!         one trusted more; among the rest the kind of source decides, then confidence, then how
//!         recently it was seen. Facts are sorted by exactly this order, so the first fact of an
//!         attribute is its current value and those behind it are what disagreed or agreed.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use model::{Attribute, Confidence, Device, Fact, Software, Source};

use crate::index::same;
use crate::{class, knowledge, rules};

/// Sorts the facts of `device`, follows the rules, and fills in every derived attribute.
pub fn derive(device: &mut Device) {
    device.facts.retain(|fact| !is_derived(fact));
    device.facts.extend(crate::identify::interface_makers(device));
    doubt_images_of_others(&mut device.facts);
    doubt_messages_of_others(&mut device.facts);
    device.facts.extend(rules::follow(&device.facts));
    device.facts.extend(class::follow(&device.facts));
    device.facts.extend(two_serial_numbers(&device.facts));
    device.facts.extend(two_names_at_once(&device.facts));
    merge(&mut device.facts);
    version_of_own_software(&mut device.facts);
    let first = |attribute| current(&device.facts, attribute).map(|fact| fact.value.clone());
    device.maker = first(Attribute::Maker);
    device.model = first(Attribute::Model);
    device.class = first(Attribute::Class);
    device.serial = first(Attribute::Serial);
    device.os = first(Attribute::Os);
    device.software_version = first(Attribute::SoftwareVersion);
    device.location = first(Attribute::Location).or_else(|| first(Attribute::StatedLocation));
    device.asset_id = first(Attribute::AssetTag);
    device.names = names(&device.facts);
    device.software = software(&device.facts);
    device.roles = roles(&device.facts);
    let spoken = device.facts.iter().filter_map(|fact| match &fact.source {
        Source::Wire { protocol, .. } => Some(protocol.clone()),
        _ => None,
    });
    let protocols: BTreeSet<String> = spoken.chain(device.protocols.drain(..)).collect();
    device.protocols =
        protocols.into_iter().filter(|name| !NOT_PROTOCOLS.contains(&name.as_str())).collect();
}

/// The name people would call the device by: a name of its own, else its key, else an address.
pub fn display_name(device: &Device) -> String {
    let address = || {
        let newest = device.addresses.iter().max_by_key(|address| address.last_seen)?;
        newest.ip.map(|ip| ip.to_string()).or_else(|| newest.mac.map(|mac| mac.to_string()))
    };
    let known = device.names.first().or(device.asset_id.as_ref()).cloned();
    known.or_else(address).unwrap_or_else(|| device.id.to_string())
}

/// The fact that stands for `attribute`, in facts that [`derive()`] has sorted. A mere hint never
/// does: it is shown among the facts, and the value stays unknown.
pub fn current(facts: &[Fact], attribute: Attribute) -> Option<&Fact> {
    let stands = |fact: &&Fact| fact.attribute == attribute && fact.confidence >= CURRENT_MIN;
    facts.iter().find(stands)
}

/// Software that bears the name of the model is the device's own: its version is the device's.
fn version_of_own_software(facts: &mut Vec<Fact>) {
    if current(facts, Attribute::SoftwareVersion).is_some() {
        return;
    }
    let name = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let Some(model) = current(facts, Attribute::Model).map(|fact| name(&fact.value)) else {
        return;
    };
    let own = facts.iter().filter(|fact| fact.attribute == Attribute::Software).find_map(|fact| {
        let software = Software::from_fact(&fact.value);
        (name(&software.name) == model && !software.version.is_empty())
            .then(|| (fact.clone(), software.version))
    });
    let Some((fact, version)) = own else { return };
    let from = format!("{} = {}", fact.attribute, fact.value);
    facts.push(Fact {
        attribute: Attribute::SoftwareVersion,
        value: version,
        confidence: fact.confidence.min(Confidence::LIKELY),
        source: Source::Rule { rule: "software-named-as-model".to_owned(), from },
        ..fact
    });
    facts.sort_by(rank);
}

/// An archive or a workstation passes on images that other devices made. What stands in those
/// images about their maker, model and serial number is no evidence about whoever sent them. Where
/// all images of a sender were made by one device, and it keeps none, they are likely its own.
fn doubt_images_of_others(facts: &mut [Fact]) {
    let keeps_images = facts
        .iter()
        .any(|f| f.attribute == Attribute::Role && KEEPS_IMAGES.contains(&f.value.as_str()));
    let distinct = |attribute: Attribute| -> usize {
        let told = facts.iter().filter(|f| f.attribute == attribute && is_from_image(f));
        told.map(|fact| fact.value.as_str()).collect::<BTreeSet<_>>().len()
    };
    let counts = IMAGE_MAKER.map(distinct);
    let one_version = distinct(Attribute::SoftwareVersion) == 1;
    let made_by_one = counts.iter().all(|count| *count <= 1) && counts.contains(&1);
    for fact in facts.iter_mut().filter(|fact| is_from_image(fact)) {
        if keeps_images || !made_by_one {
            fact.confidence = fact.confidence.min(Confidence::WEAK);
        } else if fact.attribute != Attribute::SoftwareVersion || one_version {
            fact.confidence = fact.confidence.max(OWN_IMAGE);
        }
    }
}

/// A relay passes on the messages of other hosts, so their names and programs are not its own.
/// One sender that gives one name speaks for itself.
fn doubt_messages_of_others(facts: &mut [Fact]) {
    let names: BTreeSet<String> = facts
        .iter()
        .filter(|fact| fact.attribute == Attribute::Hostname && is_from_message(fact))
        .map(|fact| fact.value.to_lowercase())
        .collect();
    if names.len() > 1 {
        for fact in facts.iter_mut().filter(|fact| is_from_message(fact)) {
            fact.confidence = fact.confidence.min(HEARSAY);
        }
    }
}

/// True for a value that stands in the header of a message to a log.
fn is_from_message(fact: &Fact) -> bool {
    let told = matches!(fact.attribute, Attribute::Hostname | Attribute::Software);
    told && matches!(&fact.source, Source::Wire { protocol, .. } if protocol == "syslog")
}

/// Two serial numbers that are both stated: a part was exchanged, or two devices are taken for
/// one. A person knows which.
fn two_serial_numbers(facts: &[Fact]) -> Option<Fact> {
    let stated = |fact: &&Fact| {
        fact.attribute == Attribute::Serial
            && fact.confidence >= Confidence::STRONG
            && !is_derived(fact)
            && !knowledge::is_no_serial(&fact.value)
    };
    let mut serials = facts.iter().filter(stated);
    let one = serials.next()?;
    let other = serials.find(|other| !same(&one.value, &other.value))?;
    let mut both = [one.value.as_str(), other.value.as_str()];
    both.sort_unstable();
    let [first, second] = both;
    let value = format!("serial numbers {first} and {second} are both stated: is it one device?");
    let (first_seen, last_seen) =
        (one.first_seen.min(other.first_seen), one.last_seen.max(other.last_seen));
    let rule = "two-serial-numbers".to_owned();
    let source = Source::Rule { rule, from: format!("serial = {first}, {second}") };
    let (attribute, confidence) = (Attribute::IdentityQuestion, Confidence::STRONG);
    Some(Fact { attribute, value, confidence, source, first_seen, last_seen, count: 1 })
}

/// Two names by which an interface asks for its address, in turn: machines that were cloned with
/// their link address, or an adapter that goes from one to another.
fn two_names_at_once(facts: &[Fact]) -> Option<Fact> {
    let asks = |fact: &&Fact| {
        let by_itself = fact.confidence >= Confidence::STATED;
        let dhcp = matches!(&fact.source, Source::Wire { protocol, .. } if protocol == "dhcp");
        fact.attribute == Attribute::Hostname && by_itself && dhcp
    };
    let named: Vec<&Fact> = facts.iter().filter(asks).collect();
    let (one, other) = named.iter().enumerate().find_map(|(at, one)| {
        let at_once = |other: &&&Fact| {
            !same(&one.value, &other.value)
                && one.first_seen <= other.last_seen
                && other.first_seen <= one.last_seen
        };
        Some((*one, *named.iter().skip(at + 1).find(at_once)?))
    })?;
    let mut both = [one.value.as_str(), other.value.as_str()];
    both.sort_unstable();
    let [first, second] = both;
    let value = format!("host names {first} and {second} are used in turn: is it one device?");
    let (first_seen, last_seen) =
        (one.first_seen.min(other.first_seen), one.last_seen.max(other.last_seen));
    let rule = "two-names-at-once".to_owned();
    let source = Source::Rule { rule, from: format!("hostname = {first}, {second}") };
    let (attribute, confidence) = (Attribute::IdentityQuestion, Confidence::STRONG);
    Some(Fact { attribute, value, confidence, source, first_seen, last_seen, count: 1 })
}

/// True for a value that stands in a stored image, not in the conversation itself.
fn is_from_image(fact: &Fact) -> bool {
    matches!(&fact.source, Source::Wire { protocol, field, .. }
        if protocol == "dicom" && IMAGE_GROUPS.iter().any(|group| field.starts_with(group)))
}

/// Joins facts that say the same from the same kind of place, and sorts them.
pub(crate) fn merge(facts: &mut Vec<Fact>) {
    facts.sort_by(|a, b| {
        (a.attribute, &a.value, place(&a.source), a.first_seen).cmp(&(
            b.attribute,
            &b.value,
            place(&b.source),
            b.first_seen,
        ))
    });
    facts.dedup_by(|later, kept| {
        let same = later.attribute == kept.attribute
            && later.value == kept.value
            && place(&later.source) == place(&kept.source);
        if same {
            kept.last_seen = kept.last_seen.max(later.last_seen);
            kept.count = kept.count.saturating_add(later.count);
            kept.confidence = kept.confidence.max(later.confidence);
        }
        same
    });
    facts.sort_by(rank);
}

/// By attribute, then the fact that stands first.
fn rank(a: &Fact, b: &Fact) -> Ordering {
    let order = |fact: &Fact| {
        let doubtful = fact.confidence < Confidence::LIKELY;
        let kinds = knowledge::precedence(fact.attribute);
        let kind = kinds.iter().position(|kind| *kind == kind_of(&fact.source));
        (fact.attribute, doubtful, if doubtful { None } else { kind })
    };
    order(a)
        .cmp(&order(b))
        .then_with(|| b.confidence.cmp(&a.confidence))
        .then_with(|| b.last_seen.cmp(&a.last_seen))
        .then_with(|| b.count.cmp(&a.count))
        .then_with(|| a.value.cmp(&b.value))
        .then_with(|| a.source.cmp(&b.source))
}

fn kind_of(source: &Source) -> &'static str {
    match source {
        Source::Wire { .. } => "wire",
        Source::File { .. } => "file",
        Source::Rule { .. } => "rule",
        Source::Person { .. } => "person",
    }
}

/// What makes two sources the same place for counting: not the frame, but the field.
pub(crate) fn place(source: &Source) -> (&'static str, &str, &str) {
    match source {
        Source::Wire { protocol, field, .. } => ("wire", protocol, field),
        Source::File { path, column, stream, .. } if stream.is_empty() => ("file", path, column),
        Source::File { column, stream, .. } => ("file", stream, column),
        Source::Rule { rule, .. } => ("rule", rule, ""),
        Source::Person { name, .. } => ("person", name, ""),
    }
}

/// Facts that are worked out anew each time.
fn is_derived(fact: &Fact) -> bool {
    matches!(fact.source, Source::Rule { .. })
}

fn names(facts: &[Fact]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for attribute in NAMES {
        // A host name that only a DNS answer told is better than none; a station name in an image
        // that others made is worse.
        let least = if *attribute == Attribute::Hostname { Confidence::WEAK } else { CURRENT_MIN };
        let stands = |fact: &&Fact| fact.attribute == *attribute && fact.confidence >= least;
        for fact in facts.iter().filter(stands) {
            if !names.iter().any(|name| name.eq_ignore_ascii_case(&fact.value)) {
                names.push(fact.value.clone());
            }
        }
    }
    names
}

/// Who passes on what clients ask is no client for that.
fn roles(facts: &[Fact]) -> Vec<String> {
    let mut roles = distinct(facts, Attribute::Role);
    if roles.iter().any(|role| role == "dhcp_relay") {
        roles.retain(|role| role != "dhcp_client");
    }
    roles
}

fn software(facts: &[Fact]) -> Vec<Software> {
    distinct(facts, Attribute::Software).iter().map(|value| Software::from_fact(value)).collect()
}

fn distinct(facts: &[Fact], attribute: Attribute) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    let told = |fact: &&Fact| fact.attribute == attribute && fact.confidence > HEARSAY;
    for fact in facts.iter().filter(told) {
        if !values.contains(&fact.value) {
            values.push(fact.value.clone());
        }
    }
    values
}

/// Least confidence of a fact that can be the current value of an attribute.
const CURRENT_MIN: Confidence = Confidence::from_thousandths(400);

/// Trust in what a sender passed on of somebody else: shown among the facts, and nothing more.
const HEARSAY: Confidence = Confidence::from_thousandths(100);

/// Trust in what stands in images that one device made, as far as was seen.
const OWN_IMAGE: Confidence = Confidence::from_thousandths(450);

/// Attributes of an image that tell one making device from another.
const IMAGE_MAKER: [Attribute; 4] =
    [Attribute::Maker, Attribute::Model, Attribute::Serial, Attribute::StationName];

/// Roles of devices that hold images they did not make.
const KEEPS_IMAGES: &[&str] =
    &["dicom_storage_scp", "dicom_query_scp", "dicom_retrieve_scp", "dicom_commitment_scp"];

/// Groups of a DICOM data set (PS3.6) that describe the equipment and the image.
const IMAGE_GROUPS: &[&str] = &["(0008,", "(0018,"];

/// Attributes that name a device, best first.
const NAMES: &[Attribute] = &[
    Attribute::Hostname,
    Attribute::StationName,
    Attribute::DeviceName,
    Attribute::Hl7Application,
];

/// Sources that are layers of ours and no protocol a device speaks.
const NOT_PROTOCOLS: &[&str] = &["flow"];

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    fn fact(value: &str, confidence: Confidence, source: Source, seen: i64) -> Fact {
        Fact {
            attribute: Attribute::SoftwareVersion,
            value: value.to_owned(),
            confidence,
            source,
            first_seen: Timestamp::from_seconds(seen),
            last_seen: Timestamp::from_seconds(seen),
            count: 1,
        }
    }

    fn wire() -> Source {
        Source::Wire {
            capture: "a.pcap".into(),
            frame: 1,
            offset_bytes: 0,
            length_bytes: 1,
            protocol: "dicom".into(),
            field: "(0018,1020)".into(),
            rule: "dicom.(0018,1020)".into(),
            source_id: None,
        }
    }

    fn file() -> Source {
        Source::File {
            path: "cmms.csv".into(),
            row: 2,
            column: "Firmware".into(),
            stream: String::new(),
            source_id: None,
        }
    }

    #[test]
    fn picks_by_the_published_precedence() {
        for (name, facts, want) in [
            (
                "the wire knows the running version",
                vec![
                    fact("1.0", Confidence::STATED, file(), 9),
                    fact("2.0", Confidence::STATED, wire(), 1),
                ],
                "2.0",
            ),
            (
                "a weak sighting does not beat a record",
                vec![
                    fact("1.0", Confidence::STATED, file(), 1),
                    fact("2.0", Confidence::WEAK, wire(), 9),
                ],
                "1.0",
            ),
            (
                "among equals the newest",
                vec![
                    fact("1.0", Confidence::STATED, wire(), 1),
                    fact("2.0", Confidence::STATED, wire(), 9),
                ],
                "2.0",
            ),
        ] {
            let mut facts = facts;
            merge(&mut facts);
            let got = current(&facts, Attribute::SoftwareVersion).map(|fact| fact.value.as_str());
            assert_eq!(got, Some(want), "{name}");
        }
    }

    #[test]
    fn joins_what_says_the_same() {
        let mut facts = vec![
            fact("1.0", Confidence::STATED, wire(), 5),
            fact("1.0", Confidence::STATED, wire(), 1),
            fact("1.0", Confidence::STATED, file(), 3),
        ];
        merge(&mut facts);
        assert_eq!(facts.iter().map(|fact| fact.count).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(facts[0].first_seen, Timestamp::from_seconds(1));
    }

    #[test]
    fn tells_own_images_from_those_of_others() {
        let told = |attribute, value: &str, field: &str| Fact {
            attribute,
            ..fact(
                value,
                Confidence::WEAK,
                Source::Wire {
                    capture: "a.pcap".into(),
                    frame: 1,
                    offset_bytes: 0,
                    length_bytes: 1,
                    protocol: "dicom".into(),
                    field: field.into(),
                    rule: String::new(),
                    source_id: None,
                },
                1,
            )
        };
        let model = |value: &str| told(Attribute::Model, value, "(0008,1090)");
        let role = || told(Attribute::Role, "dicom_storage_scp", "(0000,0100)");
        for (name, mut facts, want) in [
            ("one maker of images", vec![model("CT 64"), model("CT 64")], Some("CT 64")),
            ("two", vec![model("CT 64"), model("MR 15")], None),
            ("an archive", vec![model("CT 64"), role()], None),
        ] {
            doubt_images_of_others(&mut facts);
            merge(&mut facts);
            let got = current(&facts, Attribute::Model).map(|fact| fact.value.as_str());
            assert_eq!(got, want, "{name}");
        }
    }
}
