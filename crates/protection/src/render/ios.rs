//! Cisco IOS and IOS XE: an extended access list for each version of IP.
//!
//! Source: Cisco IOS Security Configuration Guide, Access Control Lists (first match; no memory; a
//! permit with ports lets later fragments of the same addresses pass, so fragments are decided
//! before anything else). Each list is removed and made anew, so apply it to an interface only
//! after it is whole, or under a second name.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::{Plan, Target, Unrenderable};
use crate::packets::{Addresses, ICMP, ICMPV6, Ports, Region, State, TCP, UDP};
use crate::policy::Parts;

/// Most lines of one list: a few times what hardware holds.
const LINES_MAX: usize = 100_000;

/// Both lists.
pub(super) fn render(plan: &Plan<'_>) -> Result<String, Unrenderable> {
    let mut text = String::new();
    for line in plan.heading() {
        put(&mut text, &format!("! {line}"));
    }
    for version in [Version { v4: true }, Version { v4: false }] {
        put(&mut text, &format!("no {}", version.head()));
        put(&mut text, version.head());
        let lines = list(plan, version)?;
        for line in lines {
            put(&mut text, &format!(" {line}"));
        }
        put(&mut text, "exit");
    }
    Ok(text)
}

#[derive(Clone, Copy)]
struct Version {
    v4: bool,
}

impl Version {
    const fn head(self) -> &'static str {
        if self.v4 { "ip access-list extended regimen-v4" } else { "ipv6 access-list regimen-v6" }
    }

    const fn all(self) -> &'static str {
        if self.v4 { "ip" } else { "ipv6" }
    }
}

fn put(text: &mut String, line: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{line}");
}

/// The lines of one list: fragments, answers of TCP, blocks, answers that look like openings,
/// openings, and the end.
fn list(plan: &Plan<'_>, version: Version) -> Result<Vec<String>, Unrenderable> {
    let mut groups: [Vec<String>; 5] = Default::default();
    for passage in &plan.passages {
        if passage.allows && passage.opening.protocols.is_none() {
            return Err(Unrenderable {
                rule: passage.rule.clone(),
                target: Target::Ios,
                reason: "a filter without memory cannot tell the answers of every protocol; \
                         name the services"
                    .into(),
            });
        }
        let mut parts = Parts::default();
        parts.add(passage);
        let says = [
            (0, "deny", parts.fragments_blocked),
            (1, "permit", parts.fragments),
            (2, "permit", parts.replies),
            (3, "deny", parts.blocked),
            (4, "permit", parts.passed),
        ];
        for (group, verb, regions) in says {
            for region in regions {
                let lines = lines(verb, &region, version);
                let room =
                    groups.get_mut(group).filter(|room| room.len() + lines.len() <= LINES_MAX);
                let Some(room) = room else {
                    return Err(Unrenderable {
                        rule: passage.rule.clone(),
                        target: Target::Ios,
                        reason: format!(
                            "more than {LINES_MAX} lines; use networks in place of addresses"
                        ),
                    });
                };
                if !lines.is_empty() {
                    room.push(format!("remark {}", passage.rule));
                    room.extend(lines);
                }
            }
        }
    }
    let [blocked_fragments, fragments, replies, blocks, passed] = groups;
    let mut lines = blocked_fragments;
    lines.extend(fragments);
    lines.push(format!("deny {} any any fragments", version.all()));
    lines.extend(replies);
    lines.extend(blocks);
    lines.extend(passed);
    if version.v4 {
        // Not for IPv6: what ends a list unsaid lets neighbour discovery pass, a line would not.
        lines.push("deny ip any any".to_owned());
    }
    Ok(lines)
}

fn lines(verb: &str, region: &Region, version: Version) -> Vec<String> {
    let side = |all: &Addresses| -> Vec<String> {
        let own = all.of_version(if version.v4 { 4 } else { 6 });
        own.networks().iter().map(|(first, length)| address(*first, *length)).collect()
    };
    let (from, to) = (side(&region.from), side(&region.to));
    let mut lines = Vec::new();
    for protocol in protocols(region, version) {
        let by_type = protocol == "icmp";
        for source_ports in ports(region.source_ports.as_ref(), false) {
            for own_ports in ports(region.ports.as_ref(), by_type) {
                for source in &from {
                    for target in &to {
                        lines.push(format!(
                            "{verb} {protocol} {source}{source_ports} {target}{own_ports}{}",
                            ending(region)
                        ));
                    }
                }
            }
        }
    }
    lines
}

/// ICMP of the other version has no line in this list.
fn protocols(region: &Region, version: Version) -> Vec<String> {
    let other = if version.v4 { ICMPV6 } else { ICMP };
    match &region.protocols {
        None => vec![version.all().to_owned()],
        Some(numbers) => numbers
            .iter()
            .filter(|number| !(**number == other && region.ports.is_some()))
            .map(|number| match *number {
                TCP => "tcp".to_owned(),
                UDP => "udp".to_owned(),
                ICMP if version.v4 => "icmp".to_owned(),
                ICMPV6 if !version.v4 => "icmp".to_owned(),
                other => other.to_string(),
            })
            .collect(),
    }
}

/// Types of ICMP stand bare, one a line.
fn ports(ranges: Option<&Ports>, by_type: bool) -> Vec<String> {
    let Some(ranges) = ranges else { return vec![String::new()] };
    if by_type {
        let kinds = ranges.iter().flat_map(|(first, last)| *first..=*last);
        return kinds.map(|kind| format!(" {kind}")).collect();
    }
    ranges
        .iter()
        .map(
            |(first, last)| {
                if first == last {
                    format!(" eq {first}")
                } else {
                    format!(" range {first} {last}")
                }
            },
        )
        .collect()
}

fn ending(region: &Region) -> &'static str {
    match region.states.as_slice() {
        [State::Answering] => " established",
        [State::Fragment] => " fragments",
        _ => "",
    }
}

fn address(first: IpAddr, length: u8) -> String {
    match first {
        _ if length == 0 => "any".to_owned(),
        IpAddr::V4(first) if length == 32 => format!("host {first}"),
        IpAddr::V4(first) => {
            let wildcard = u32::MAX.checked_shr(length.into()).unwrap_or(0);
            format!("{first} {}", std::net::Ipv4Addr::from(wildcard))
        }
        IpAddr::V6(first) if length == 128 => format!("host {first}"),
        IpAddr::V6(first) => format!("{first}/{length}"),
    }
}
