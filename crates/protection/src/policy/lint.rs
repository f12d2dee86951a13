//! What is wrong or doubtful in a policy that can be read.
//!
//! Source: HICP 2018 9.M.E (segmentation, scanners stay out) and the zone guidance of NHS England's
//! network architecture (device types split over two zones).

use jiff::civil::Date;
use serde::Serialize;

use super::{Conduit, End, Place, Policy, Service, ZoneKind, conversations};
use crate::packets::{Diagrams, Set, TooLarge};

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The policy must not be rendered.
    Error,
    /// A person should look.
    Warning,
}

/// One finding.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// The rule of the linter.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What.
    pub detail: String,
    /// What to do.
    pub fix: &'static str,
}

/// Looks at a policy as it stands on `today`; errors first, then by place.
///
/// # Errors
///
/// [`TooLarge`] where the sets cannot be held.
pub fn lint(policy: &Policy, today: Date) -> Result<Vec<Finding>, TooLarge> {
    let mut findings = Vec::new();
    for conduit in &policy.conduits {
        paper(conduit, today, &mut findings);
        care(policy, conduit, &mut findings);
    }
    expired_blocks(policy, today, &mut findings);
    split_types(policy, &mut findings);
    unused_zones(policy, &mut findings);
    overlaps(policy, today, &mut findings)?;
    findings.sort_by(|a, b| (a.severity, &a.place, a.rule).cmp(&(b.severity, &b.place, b.rule)));
    Ok(findings)
}

fn finding(
    rule: &'static str,
    severity: Severity,
    place: &Place,
    detail: String,
    fix: &'static str,
) -> Finding {
    Finding { rule, severity, place: place.clone(), detail, fix }
}

/// What must be on record for a conduit.
fn paper(conduit: &Conduit, today: Date, findings: &mut Vec<Finding>) {
    let (place, name) = (&conduit.place, &conduit.name);
    if conduit.evidence.iter().all(|line| line.trim().is_empty()) {
        findings.push(finding(
            "evidence",
            Severity::Error,
            place,
            format!("conduit `{name}` has no evidence"),
            "name the maker's document or the observed conversation",
        ));
    }
    if conduit.approver.is_none() {
        findings.push(finding(
            "approver",
            Severity::Warning,
            place,
            format!("nobody approved conduit `{name}`"),
            "have it reviewed, then write `approver`",
        ));
    }
    if let Some(last) = conduit.expires.filter(|last| *last < today) {
        findings.push(finding(
            "expired",
            Severity::Error,
            place,
            format!("conduit `{name}` held until {last}"),
            "remove it, or renew it with a later day",
        ));
    }
    if conduit.services.contains(&Service::Any) {
        findings.push(finding(
            "any-service",
            Severity::Warning,
            place,
            format!("conduit `{name}` lets every protocol pass"),
            "name the services; filters without memory cannot render it",
        ));
    }
}

fn expired_blocks(policy: &Policy, today: Date, findings: &mut Vec<Finding>) {
    for block in &policy.blocks {
        if let Some(last) = block.expires.filter(|last| *last < today) {
            findings.push(finding(
                "expired",
                Severity::Error,
                &block.place,
                format!("block `{}` held until {last}", block.name),
                "remove it, or renew it with a later day",
            ));
        }
    }
}

/// What may never reach what touches patients.
fn care(policy: &Policy, conduit: &Conduit, findings: &mut Vec<Finding>) {
    let name = &conduit.name;
    let kinds = |ends: &[End]| ends.iter().filter_map(|end| kind(policy, end)).collect::<Vec<_>>();
    let (from, to) = (kinds(&conduit.from), kinds(&conduit.to));
    let into_care = to.iter().any(|kind| kind.is_care()) || conduit.to.contains(&End::Anywhere);
    if from.contains(&ZoneKind::Maintenance) && into_care {
        findings.push(finding(
            "scanner",
            Severity::Error,
            &conduit.place,
            format!("conduit `{name}` lets the maintenance zone reach devices in care"),
            "bring the device to the maintenance zone instead",
        ));
    }
    let outside = |kinds: &[ZoneKind], ends: &[End]| {
        kinds.contains(&ZoneKind::Outside) || ends.contains(&End::Anywhere)
    };
    if outside(&from, &conduit.from) && into_care {
        findings.push(finding(
            "from-outside",
            Severity::Error,
            &conduit.place,
            format!("conduit `{name}` lets anybody outside reach devices in care"),
            "let makers in through a zone of kind `vendor`",
        ));
    }
    if from.contains(&ZoneKind::Therapy) && outside(&to, &conduit.to) {
        findings.push(finding(
            "therapy-to-outside",
            Severity::Warning,
            &conduit.place,
            format!("conduit `{name}` lets therapy devices reach outside"),
            "let a server in the site speak for them",
        ));
    }
}

fn kind(policy: &Policy, end: &End) -> Option<ZoneKind> {
    match end {
        End::Anywhere => None,
        End::Zone(name) => policy.zones.get(name).map(|zone| zone.kind),
        End::Network(address, _) => {
            let holds = |zone: &&super::Zone| zone.addresses.contains(*address);
            let outside = || (!policy.networks.contains(*address)).then_some(ZoneKind::Outside);
            policy.zones.values().find(holds).map(|zone| zone.kind).or_else(outside)
        }
    }
}

/// One quarantine must not take every device of a type from care.
fn split_types(policy: &Policy, findings: &mut Vec<Finding>) {
    let care: Vec<_> = policy.zones.values().filter(|zone| zone.kind.is_care()).collect();
    let legacy_apart = care.iter().filter(|zone| zone.kind != ZoneKind::Legacy);
    for zone in legacy_apart.filter(|zone| zone.kind != ZoneKind::Servers) {
        for class in &zone.holds {
            let elsewhere =
                care.iter().any(|other| other.name != zone.name && other.holds.contains(class));
            if !elsewhere {
                findings.push(finding(
                    "one-zone-type",
                    Severity::Warning,
                    &zone.place,
                    format!(
                        "every `{class}` is in zone `{}`: one quarantine takes them all",
                        zone.name
                    ),
                    "split the type over two zones",
                ));
            }
        }
    }
}

fn unused_zones(policy: &Policy, findings: &mut Vec<Finding>) {
    for zone in policy.zones.values() {
        let named = |ends: &[End]| ends.contains(&End::Zone(zone.name.clone()));
        let used = policy.conduits.iter().any(|conduit| named(&conduit.from) || named(&conduit.to));
        if !used && zone.kind.is_care() {
            findings.push(finding(
                "cut-off",
                Severity::Warning,
                &zone.place,
                format!("no conduit names zone `{}`: nothing enters or leaves it", zone.name),
                "check that its devices need nobody",
            ));
        }
    }
}

/// Conduits that another block takes away, or that add nothing to the others.
fn overlaps(policy: &Policy, today: Date, findings: &mut Vec<Finding>) -> Result<(), TooLarge> {
    let mut diagrams = Diagrams::new();
    let intent = conversations(policy, today, &mut diagrams)?;
    let mut blocked = Vec::new();
    let mut own: Vec<(usize, Set)> = Vec::new();
    for passage in &intent.passages {
        let set = passage.opening.set(&mut diagrams)?;
        if !passage.allows {
            blocked.push(set);
        } else if let Some(place) = policy.conduits.iter().position(|one| one.name == passage.rule)
        {
            own.push((place, set));
        }
    }
    let blocked = diagrams.union_of(&blocked)?;
    let mut before = Set::NONE;
    for (place, conduit) in policy.conduits.iter().enumerate() {
        let sets: Vec<Set> =
            own.iter().filter(|(of, _)| *of == place).map(|(_, set)| *set).collect();
        if sets.is_empty() {
            continue;
        }
        let set = diagrams.union_of(&sets)?;
        if diagrams.intersection(set, blocked)? != Set::NONE {
            findings.push(finding(
                "blocked",
                Severity::Warning,
                &conduit.place,
                format!("a block takes some of conduit `{}` away", conduit.name),
                "check that this is meant",
            ));
        }
        if diagrams.difference(set, before)? == Set::NONE {
            findings.push(finding(
                "redundant",
                Severity::Warning,
                &conduit.place,
                format!("conduits above let all of `{}` pass already", conduit.name),
                "remove it, or narrow the others",
            ));
        }
        before = diagrams.union(before, set)?;
    }
    Ok(())
}
