//! FortiGate FortiOS: addresses, groups, services and policies as configuration commands.
//!
//! Source: FortiOS administration guide, Policies; first match, with memory; what no policy names
//! is denied. Names have at most 35 characters.

use std::fmt::Write as _;

use super::{Plan, Target, Unrenderable, is_any_v4, is_any_v6};
use crate::packets::{Addresses, ICMP, ICMPV6, Ports, TCP, UDP};
use crate::policy::Passage;

/// Most members of one group (FortiOS table size of the smaller models).
const MEMBERS_MAX: usize = 300;

/// The whole configuration.
pub(super) fn render(plan: &Plan<'_>) -> Result<String, Unrenderable> {
    let mut text = String::new();
    for line in plan.heading() {
        put(&mut text, 0, &format!("# {line}"));
    }
    addresses(plan, &mut text)?;
    let mut services: Vec<(String, Vec<String>)> = Vec::new();
    let mut policies = String::from("config firewall policy\n");
    for (number, passage) in plan.passages.iter().enumerate() {
        policy(plan, number, passage, &mut services, &mut policies);
    }
    policies += "end\n";
    put(&mut text, 0, "config firewall service custom");
    for (name, settings) in &services {
        edit(&mut text, &format!("\"{name}\""), settings);
    }
    put(&mut text, 0, "end");
    Ok(text + &policies)
}

fn put(text: &mut String, depth: usize, line: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{:1$}{line}", "", depth * 4);
}

fn edit(text: &mut String, name: &str, settings: &[String]) {
    put(text, 1, &format!("edit {name}"));
    for setting in settings {
        put(text, 2, &format!("set {setting}"));
    }
    put(text, 1, "next");
}

fn addresses(plan: &Plan<'_>, text: &mut String) -> Result<(), Unrenderable> {
    let named = plan.named();
    for (six, objects, groups) in [
        (false, "config firewall address", "config firewall addrgrp"),
        (true, "config firewall address6", "config firewall addrgrp6"),
    ] {
        let mut members_of: Vec<(&str, Vec<String>)> = Vec::new();
        put(text, 0, objects);
        for (name, addresses) in &named {
            let own: Vec<_> = addresses
                .networks()
                .into_iter()
                .filter(|(first, _)| first.is_ipv6() == six)
                .collect();
            if own.len() > MEMBERS_MAX {
                return Err(Unrenderable {
                    rule: (*name).to_owned(),
                    target: Target::Fortios,
                    reason: format!("more than {MEMBERS_MAX} networks; use larger networks"),
                });
            }
            let mut members = Vec::new();
            for (place, (first, length)) in own.iter().enumerate() {
                let object = format!("\"{name}.{place}\"");
                let value = if six {
                    format!("ip6 {first}/{length}")
                } else {
                    format!("subnet {first}/{length}")
                };
                edit(text, &object, &[value]);
                members.push(object);
            }
            if !members.is_empty() {
                members_of.push((name, members));
            }
        }
        put(text, 0, "end");
        put(text, 0, groups);
        for (name, members) in members_of {
            edit(text, &format!("\"{name}\""), &[format!("member {}", members.join(" "))]);
        }
        put(text, 0, "end");
    }
    Ok(())
}

fn policy(
    plan: &Plan<'_>,
    number: usize,
    passage: &Passage,
    services: &mut Vec<(String, Vec<String>)>,
    text: &mut String,
) {
    let opening = &passage.opening;
    let name = service(passage, services);
    let action = if passage.allows { "accept" } else { "deny" };
    let mut settings = vec![
        format!("name \"{}.{number}\"", passage.rule),
        "srcintf \"any\"".to_owned(),
        "dstintf \"any\"".to_owned(),
        format!("action {action}"),
    ];
    let side = |all: &Addresses, whole: bool| {
        if whole { "all".to_owned() } else { plan.name(all).to_owned() }
    };
    if !opening.from.v4.is_empty() && !opening.to.v4.is_empty() {
        settings.push(format!("srcaddr \"{}\"", side(&opening.from, is_any_v4(&opening.from))));
        settings.push(format!("dstaddr \"{}\"", side(&opening.to, is_any_v4(&opening.to))));
    }
    if !opening.from.v6.is_empty() && !opening.to.v6.is_empty() {
        settings.push(format!("srcaddr6 \"{}\"", side(&opening.from, is_any_v6(&opening.from))));
        settings.push(format!("dstaddr6 \"{}\"", side(&opening.to, is_any_v6(&opening.to))));
    }
    settings.push("schedule \"always\"".to_owned());
    settings.push(format!("service \"{name}\""));
    settings.push("logtraffic all".to_owned());
    edit(text, &(number + 1).to_string(), &settings);
}

/// The name of a service for these packets, made where there is none yet.
fn service(passage: &Passage, services: &mut Vec<(String, Vec<String>)>) -> String {
    let opening = &passage.opening;
    let all = vec![(0, u16::MAX)];
    let ports = opening.ports.as_ref().unwrap_or(&all);
    let settings = match opening.protocols.as_deref() {
        None => return "ALL".to_owned(),
        Some([TCP]) => vec![format!("tcp-portrange {}", ranges(ports))],
        Some([UDP]) => vec![format!("udp-portrange {}", ranges(ports))],
        Some([ICMP]) if opening.ports.is_some() => {
            vec!["protocol ICMP".to_owned(), "icmptype 8".to_owned()]
        }
        Some([ICMPV6]) if opening.ports.is_some() => {
            vec!["protocol ICMP6".to_owned(), "icmptype 128".to_owned()]
        }
        Some(numbers) => {
            let number = numbers.first().copied().unwrap_or_default();
            vec!["protocol IP".to_owned(), format!("protocol-number {number}")]
        }
    };
    if let Some((name, _)) = services.iter().find(|(_, known)| *known == settings) {
        return name.clone();
    }
    let name = format!("regimen.{}", services.len() + 1);
    services.push((name.clone(), settings));
    name
}

fn ranges(ports: &Ports) -> String {
    let word = |(first, last): &(u16, u16)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ports.iter().map(word).collect::<Vec<_>>().join(" ")
}
