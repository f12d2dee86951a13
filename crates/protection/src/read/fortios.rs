//! FortiGate FortiOS: `config firewall` address, address6, addrgrp, addrgrp6, service custom, policy
//! and local-in-policy.
//!
//! Source: FortiOS CLI reference. First match in the order of the text, with memory; what no policy
//! names is denied. Policies that change addresses, go by user or by schedule are refused.

use std::collections::BTreeMap;

use super::{Line, List, ReadError, number, with_memory};
use crate::packets::{
    Addresses, Diagrams, ICMP, ICMPV6, Ports, Region, Set, TCP, UDP, any_addresses,
};
use crate::policy::network;

/// One list for each kind of policy.
pub(super) fn read(text: &str, diagrams: &mut Diagrams) -> Result<Vec<List>, ReadError> {
    let mut reading = Reading::new();
    let lines = whole_lines(text);
    let mut lines = lines.iter().map(|(number, text)| (*number, text.as_str()));
    while let Some((number, line)) = lines.next() {
        let line = Line { number, text: line.trim() };
        if line.text.is_empty() || line.text.starts_with('#') {
            continue;
        }
        let Some(section) = line.text.strip_prefix("config ") else {
            return Err(line.refused("not known at the top of a configuration"));
        };
        for entry in entries(&mut lines, line)? {
            reading.entry(section, &entry, diagrams)?;
        }
    }
    reading.lists(diagrams)
}

/// What stands between `edit` and `next`.
struct Entry<'a> {
    at: Line<'a>,
    name: String,
    settings: Vec<(Line<'a>, Vec<String>)>,
}

fn entries<'a>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    head: Line<'a>,
) -> Result<Vec<Entry<'a>>, ReadError> {
    let mut entries = Vec::new();
    let mut open: Option<Entry<'a>> = None;
    for (number, line) in lines {
        let line = Line { number, text: line.trim() };
        let mut words = words(line)?.into_iter();
        match (words.next().as_deref(), &mut open) {
            (None, _) => {}
            (Some("end"), None) => return Ok(entries),
            (Some("edit"), None) => {
                let name = words.next().ok_or_else(|| line.refused("no name"))?;
                open = Some(Entry { at: line, name, settings: Vec::new() });
            }
            (Some("next"), Some(_)) => entries.extend(open.take()),
            (Some("set"), Some(entry)) => entry.settings.push((line, words.collect())),
            _ => return Err(line.refused("not known here")),
        }
    }
    Err(head.refused("the text ends within a block"))
}

/// Lines with their numbers; a text in quotation marks may go over several.
fn whole_lines(text: &str) -> Vec<(usize, String)> {
    let mut whole: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        match whole.last_mut() {
            Some((_, before)) if open => {
                before.push(' ');
                before.push_str(line);
            }
            _ => whole.push((index + 1, line.to_owned())),
        }
        let comment = !open && line.trim_start().starts_with('#');
        open ^= !comment && line.matches('"').count() % 2 == 1;
    }
    whole
}

fn words(line: Line<'_>) -> Result<Vec<String>, ReadError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for sign in line.text.chars() {
        match sign {
            '#' if word.is_none() && words.is_empty() && !quoted => return Ok(words),
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            sign if sign.is_whitespace() && !quoted => words.extend(word.take()),
            '\\' => return Err(line.refused("an escape that is not read")),
            sign => word.get_or_insert_default().push(sign),
        }
    }
    if quoted {
        return Err(line.refused("a text without its end"));
    }
    words.extend(word);
    Ok(words)
}

struct Reading {
    addresses: [BTreeMap<String, Addresses>; 2],
    services: BTreeMap<String, Vec<Region>>,
    policies: BTreeMap<String, Vec<(bool, Set)>>,
}

impl Reading {
    fn new() -> Self {
        let all = || {
            let none = ("none".to_owned(), Addresses::default());
            BTreeMap::from([("all".to_owned(), any_addresses()), none])
        };
        let protocol = |number: u8| Region { protocols: Some(vec![number]), ..Region::default() };
        let services = BTreeMap::from([
            ("ALL".to_owned(), vec![Region::default()]),
            ("ALL_TCP".to_owned(), vec![protocol(TCP)]),
            ("ALL_UDP".to_owned(), vec![protocol(UDP)]),
            ("ALL_ICMP".to_owned(), vec![protocol(ICMP)]),
            ("ALL_ICMP6".to_owned(), vec![protocol(ICMPV6)]),
        ]);
        Self { addresses: [all(), all()], services, policies: BTreeMap::new() }
    }

    fn entry(
        &mut self,
        section: &str,
        entry: &Entry<'_>,
        diagrams: &mut Diagrams,
    ) -> Result<(), ReadError> {
        match section {
            "firewall address" => self.address(entry, 0),
            "firewall address6" => self.address(entry, 1),
            "firewall addrgrp" => self.group(entry, 0),
            "firewall addrgrp6" => self.group(entry, 1),
            "firewall service custom" => self.service(entry),
            "firewall policy" => self.policy(entry, "policy", diagrams),
            "firewall local-in-policy" => self.policy(entry, "local-in", diagrams),
            "firewall local-in-policy6" => self.policy(entry, "local-in6", diagrams),
            _ => Err(entry.at.refused("a part of the configuration that is not read")),
        }
    }

    fn address(&mut self, entry: &Entry<'_>, version: usize) -> Result<(), ReadError> {
        let mut addresses = Addresses::default();
        let mut ends: [Option<std::net::IpAddr>; 2] = [None, None];
        for (line, words) in &entry.settings {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match words.as_slice() {
                ["type", "ipmask" | "ipprefix" | "iprange" | "subnet"]
                | ["comment" | "uuid" | "color", ..] => {}
                ["subnet" | "ip6", network_word] => match network(network_word) {
                    Some((first, length)) => addresses.add_network(first, length),
                    None => return Err(line.refused("not a network")),
                },
                ["subnet", first, mask] => match masked(first, mask) {
                    Some(found) => addresses.add(&found),
                    None => return Err(line.refused("not a network")),
                },
                ["start-ip", address] => ends[0] = address.parse().ok(),
                ["end-ip", address] => ends[1] = address.parse().ok(),
                _ => return Err(line.refused("a setting that is not read")),
            }
        }
        if let [Some(first), Some(last)] = ends {
            let number = crate::packets::number;
            let of = crate::packets::version(first);
            addresses.add_range(of, number(first), number(last));
        }
        if addresses.is_empty() {
            return Err(entry.at.refused("an address without one"));
        }
        self.keep(entry, version, addresses)
    }

    fn keep(
        &mut self,
        entry: &Entry<'_>,
        version: usize,
        addresses: Addresses,
    ) -> Result<(), ReadError> {
        let known =
            self.addresses.get_mut(version).map(|all| all.insert(entry.name.clone(), addresses));
        match known {
            Some(None) => Ok(()),
            _ => Err(entry.at.refused("a name that is there already")),
        }
    }

    fn named(
        &self,
        line: Line<'_>,
        names: &[String],
        version: usize,
    ) -> Result<Addresses, ReadError> {
        let mut found = Addresses::default();
        for name in names {
            match self.addresses.get(version).and_then(|all| all.get(name)) {
                Some(addresses) => found.add(addresses),
                None => return Err(line.refused("an address that is not there")),
            }
        }
        Ok(found)
    }

    fn group(&mut self, entry: &Entry<'_>, version: usize) -> Result<(), ReadError> {
        let mut members = Addresses::default();
        let mut without = Addresses::default();
        let mut excludes = false;
        for (line, words) in &entry.settings {
            let Some((member, names)) = words.split_first() else { continue };
            match (member.as_str(), names) {
                ("member", names) => members = self.named(*line, names, version)?,
                ("exclude", [word]) => excludes = word == "enable",
                ("exclude-member", names) => without = self.named(*line, names, version)?,
                ("comment" | "uuid" | "color", _) => {}
                _ => return Err(line.refused("a setting that is not read")),
            }
        }
        let addresses = if excludes { members.without(&without) } else { members };
        self.keep(entry, version, addresses)
    }

    fn service(&mut self, entry: &Entry<'_>) -> Result<(), ReadError> {
        let mut regions = Vec::new();
        let mut kind: Option<u8> = None;
        let mut narrow = Region::default();
        for (line, words) in &entry.settings {
            let Some((member, values)) = words.split_first() else { continue };
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            match (member.as_str(), values.as_slice()) {
                ("protocol", ["TCP/UDP/SCTP"])
                | ("comment" | "color" | "visibility" | "category", _) => {}
                ("protocol", ["ICMP"]) => kind = Some(ICMP),
                ("protocol", ["ICMP6"]) => kind = Some(ICMPV6),
                ("protocol", ["IP"]) => narrow.protocols = None,
                ("protocol-number", [word]) => {
                    let value = number(word, 254).ok_or_else(|| line.refused("not a protocol"))?;
                    kind = Some(value as u8);
                }
                ("icmptype", [word]) => narrow.ports = Some(single(*line, word)?),
                ("icmpcode", [word]) => narrow.source_ports = Some(single(*line, word)?),
                ("tcp-portrange", words) => regions.extend(ported(*line, TCP, words)?),
                ("udp-portrange", words) => regions.extend(ported(*line, UDP, words)?),
                ("sctp-portrange", words) => regions.extend(ported(*line, 132, words)?),
                _ => return Err(line.refused("a setting that is not read")),
            }
        }
        if let Some(number) = kind {
            regions.push(Region { protocols: Some(vec![number]), ..narrow });
        }
        if regions.is_empty() {
            return Err(entry.at.refused("a service without one"));
        }
        match self.services.insert(entry.name.clone(), regions) {
            None => Ok(()),
            Some(_) => Err(entry.at.refused("a name that is there already")),
        }
    }

    fn policy(
        &mut self,
        entry: &Entry<'_>,
        kind: &'static str,
        diagrams: &mut Diagrams,
    ) -> Result<(), ReadError> {
        let mut policy = Policy::default();
        for (line, words) in &entry.settings {
            self.setting(*line, words, &mut policy)?;
        }
        if policy.off {
            return Ok(());
        }
        let Some(services) = policy.services else {
            return Err(entry.at.refused("a policy without a service"));
        };
        // Unless it says otherwise a policy denies.
        let passes = policy.passes.unwrap_or(false);
        // The addresses of each version stand in settings of their own.
        let side = |[v4, v6]: [Option<Addresses>; 2]| {
            let mut own = v4.unwrap_or_default().of_version(4);
            own.add(&v6.unwrap_or_default().of_version(6));
            own
        };
        let (from, to) = (side(policy.from), side(policy.to));
        let mut sets = Vec::new();
        for service in services {
            let region = Region { from: from.clone(), to: to.clone(), ..service };
            sets.push(region.set(diagrams)?);
        }
        let set = diagrams.union_of(&sets)?;
        let name = if policy.interfaces.iter().all(|name| name == "any") {
            kind.to_owned()
        } else {
            format!("{kind} {}", policy.interfaces.join(" to "))
        };
        self.policies.entry(name).or_default().push((passes, set));
        Ok(())
    }

    fn setting(
        &self,
        line: Line<'_>,
        words: &[String],
        policy: &mut Policy,
    ) -> Result<(), ReadError> {
        let Some((member, values)) = words.split_first() else { return Ok(()) };
        let first = values.first().map(String::as_str);
        match (member.as_str(), first) {
            ("name" | "uuid" | "comments" | "logtraffic" | "logtraffic-start", _)
            | ("schedule", Some("always")) => {}
            ("srcintf" | "dstintf" | "intf", Some(_)) => policy.interfaces.push(values.join(" ")),
            ("action", Some("accept")) => policy.passes = Some(true),
            ("action", Some("deny")) => policy.passes = Some(false),
            ("status", Some(word)) => policy.off = word == "disable",
            ("srcaddr", Some(_)) => policy.from[0] = Some(self.named(line, values, 0)?),
            ("dstaddr", Some(_)) => policy.to[0] = Some(self.named(line, values, 0)?),
            ("srcaddr6", Some(_)) => policy.from[1] = Some(self.named(line, values, 1)?),
            ("dstaddr6", Some(_)) => policy.to[1] = Some(self.named(line, values, 1)?),
            ("service", Some(_)) => {
                let mut services = Vec::new();
                for name in values {
                    match self.services.get(name) {
                        Some(regions) => services.extend(regions.iter().cloned()),
                        None => return Err(line.refused("a service that is not there")),
                    }
                }
                policy.services = Some(services);
            }
            _ => return Err(line.refused("a setting that is not read")),
        }
        Ok(())
    }

    /// A list for each pair of interfaces. Where some policies name a pair and others none, the
    /// order between them would matter and is not followed.
    fn lists(self, diagrams: &mut Diagrams) -> Result<Vec<List>, ReadError> {
        let pairs = self.policies.keys().filter(|name| name.contains(" to ")).count();
        if self.policies.contains_key("policy") && pairs > 0 {
            return Err(ReadError::line(1, "config firewall policy", "interfaces beside `any`"));
        }
        let mut lists = Vec::new();
        for (name, policies) in self.policies {
            let (passed, _) = diagrams.first_match(&policies)?;
            let passed = with_memory(passed, diagrams)?;
            lists.push(List { name, passed, memory: true });
        }
        Ok(lists)
    }
}

#[derive(Default)]
struct Policy {
    passes: Option<bool>,
    services: Option<Vec<Region>>,
    from: [Option<Addresses>; 2],
    to: [Option<Addresses>; 2],
    off: bool,
    interfaces: Vec<String>,
}

fn single(line: Line<'_>, word: &str) -> Result<Ports, ReadError> {
    let value = number(word, 255).ok_or_else(|| line.refused("not a number of ICMP"))?;
    Ok(vec![(value as u16, value as u16)])
}

/// `104`, `2000-2010`, `53:1024-65535`: what is asked, and after a colon who asks.
fn ported(line: Line<'_>, protocol: u8, words: &[&str]) -> Result<Vec<Region>, ReadError> {
    let range = |word: &str| {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let range = (number(first, 65_535)? as u16, number(last, 65_535)? as u16);
        (range.0 <= range.1).then(|| vec![range])
    };
    words
        .iter()
        .map(|word| {
            let (asked, asking) = word.split_once(':').map_or((*word, None), |(a, b)| (a, Some(b)));
            let ports = Some(range(asked).ok_or_else(|| line.refused("not a port"))?);
            let source_ports = match asking {
                Some(asking) => Some(range(asking).ok_or_else(|| line.refused("not a port"))?),
                None => None,
            };
            Ok(Region { protocols: Some(vec![protocol]), ports, source_ports, ..Region::default() })
        })
        .collect()
}

fn masked(first: &str, mask: &str) -> Option<Addresses> {
    let mask = u32::from(mask.parse::<std::net::Ipv4Addr>().ok()?);
    let length = mask.leading_ones();
    (mask.count_ones() == length).then_some(())?;
    let (first, _) = network(&format!("{first}/{length}"))?;
    let mut addresses = Addresses::default();
    addresses.add_network(first, length as u8);
    Some(addresses)
}
