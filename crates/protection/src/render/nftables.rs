//! nftables: one table, one chain at the hook `forward`, a set for each group of addresses.
//!
//! Source: nft(8), wiki.nftables.org. The table is made anew in one transaction, so that there is
//! no moment without rules. `auto-merge` is not used: together with time-outs it misleads.

use std::fmt::Write as _;

use super::{Plan, is_any_v4, is_any_v6};
use crate::packets::{Addresses, ICMP, ICMPV6, Ports, TCP, UDP};
use crate::policy::Passage;

/// The whole text for `nft -f`.
pub(super) fn render(plan: &Plan<'_>) -> String {
    let mut text = String::from("#!/usr/sbin/nft -f\n");
    for line in plan.heading() {
        put(&mut text, &format!("# {line}"));
    }
    put(&mut text, "table inet regimen");
    put(&mut text, "delete table inet regimen");
    put(&mut text, "table inet regimen {");
    for (name, addresses) in plan.named() {
        set(&mut text, name, "4", "ipv4_addr", &addresses.of_version(4));
        set(&mut text, name, "6", "ipv6_addr", &addresses.of_version(6));
    }
    put(&mut text, "\tchain forward {");
    put(&mut text, "\t\ttype filter hook forward priority filter; policy drop;");
    put(&mut text, "\t\tct state invalid drop");
    put(&mut text, "\t\tct state established,related accept");
    for passage in &plan.passages {
        for rule in rules(plan, passage) {
            put(&mut text, &format!("\t\t{rule}"));
        }
    }
    put(&mut text, "\t}\n}");
    text
}

fn put(text: &mut String, line: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{line}");
}

fn set(text: &mut String, name: &str, suffix: &str, kind: &str, addresses: &Addresses) {
    if addresses.is_empty() {
        return;
    }
    let networks: Vec<String> =
        addresses.networks().iter().map(|(first, length)| format!("{first}/{length}")).collect();
    put(text, &format!("\tset {name}_{suffix} {{"));
    put(text, &format!("\t\ttype {kind}; flags interval;"));
    put(text, &format!("\t\telements = {{ {} }}", networks.join(", ")));
    put(text, "\t}");
}

/// A rule for each version of IP, or one for both where no address is looked at.
fn rules(plan: &Plan<'_>, passage: &Passage) -> Vec<String> {
    let opening = &passage.opening;
    let service = service(passage);
    let verdict = if passage.allows { "accept" } else { "drop" };
    let end = format!("ct state new {verdict} comment \"{}\"", passage.rule);
    let any = |all: &Addresses| is_any_v4(all) && is_any_v6(all);
    if any(&opening.from) && any(&opening.to) {
        return vec![format!("{service}{end}")];
    }
    let side = |side: &str, version: &str, all: &Addresses, whole: bool| {
        let family = if version == "4" { "ip" } else { "ip6" };
        if whole {
            String::new()
        } else {
            format!("{family} {side} @{}_{version} ", plan.name(all))
        }
    };
    let mut rules = Vec::new();
    for (version, whole, empty) in VERSIONS {
        if empty(&opening.from) || empty(&opening.to) {
            continue;
        }
        let from = side("saddr", version, &opening.from, whole(&opening.from));
        let to = side("daddr", version, &opening.to, whole(&opening.to));
        let family = match (from.is_empty() && to.is_empty(), *version) {
            (true, "4") => "meta nfproto ipv4 ",
            (true, _) => "meta nfproto ipv6 ",
            (false, _) => "",
        };
        rules.push(format!("{family}{from}{to}{service}{end}"));
    }
    rules
}

type Asks = fn(&Addresses) -> bool;

const VERSIONS: &[(&str, Asks, Asks)] =
    &[("4", is_any_v4, |all| all.v4.is_empty()), ("6", is_any_v6, |all| all.v6.is_empty())];

fn service(passage: &Passage) -> String {
    let opening = &passage.opening;
    match (opening.protocols.as_deref(), &opening.ports) {
        (None, _) => String::new(),
        (Some([TCP]), Some(ports)) => format!("tcp dport {} ", values(ports)),
        (Some([UDP]), Some(ports)) => format!("udp dport {} ", values(ports)),
        (Some([ICMP]), Some(types)) => format!("icmp type {} ", values(types)),
        (Some([ICMPV6]), Some(types)) => format!("icmpv6 type {} ", values(types)),
        (Some(protocols), _) => {
            let numbers: Vec<String> = protocols.iter().map(u8::to_string).collect();
            format!("meta l4proto {{ {} }} ", numbers.join(", "))
        }
    }
}

fn values(ports: &Ports) -> String {
    let word = |(first, last): &(u16, u16)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    format!("{{ {} }}", ports.iter().map(word).collect::<Vec<_>>().join(", "))
}
