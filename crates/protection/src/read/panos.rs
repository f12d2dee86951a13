//! Palo Alto PAN-OS: addresses, groups, services and security rules of one `vsys`, as XML.
//!
//! Source: PAN-OS administrator's guide, Policy. First match, with memory. What no rule names is
//! denied between zones of the firewall and passes within one, so a list that does not end by
//! denying everything passes the rest, unless all its rules are for traffic between zones.

mod xml;

use std::collections::BTreeMap;

use super::{List, ReadError, number, with_memory};
use crate::packets::{
    Addresses, Diagrams, ICMP, ICMPV6, Ports, Region, Set, TCP, UDP, any_addresses, version,
};
use crate::policy::network;
use xml::Element;

/// One list for each pair of zones that rules name, `any` where they name none.
pub(super) fn read(text: &str, diagrams: &mut Diagrams) -> Result<Vec<List>, ReadError> {
    let root = xml::read(text)?;
    let device = root.only("devices")?.only("entry")?;
    let vsys = device.only("vsys")?.only("entry")?;
    let mut names = Names::default();
    let mut rules: Vec<&Element> = Vec::new();
    // Names first: a group may stand before its members, and rules before both.
    for wanted in ["address", "address-group", "service", "application", ""] {
        for part in &vsys.children {
            match part.name.as_str() {
                name if name != wanted && PARTS.contains(&name) => {}
                "address" => names.addresses(part)?,
                "address-group" => names.groups(part)?,
                "service" => names.services(part)?,
                "application" => names.applications(part)?,
                "application-group" if part.children.is_empty() => {}
                "tag" => {}
                "rulebase" => {
                    rules = part.only("security")?.only("rules")?.children.iter().collect();
                }
                _ => return Err(part.refused("a part of the configuration that is not read")),
            }
        }
    }
    lists(&names, &rules, diagrams)
}

const PARTS: &[&str] = &["address", "address-group", "service", "application"];

fn lists(
    names: &Names,
    rules: &[&Element],
    diagrams: &mut Diagrams,
) -> Result<Vec<List>, ReadError> {
    let mut read = Vec::new();
    for rule in rules {
        read.extend(Rule::read(names, rule, diagrams)?);
    }
    let mut pairs: Vec<(String, String)> = read
        .iter()
        .map(|rule| (rule.from.clone(), rule.to.clone()))
        .filter(|pair| pair.0 != "any" && pair.1 != "any")
        .collect();
    pairs.sort();
    pairs.dedup();
    if pairs.is_empty() {
        pairs.push(("any".to_owned(), "any".to_owned()));
    }
    let mut lists = Vec::new();
    for (from, to) in pairs {
        let own: Vec<&Rule> = read
            .iter()
            .filter(|rule| {
                (rule.from == from || rule.from == "any") && (rule.to == to || rule.to == "any")
            })
            .collect();
        let between = own.iter().all(|rule| rule.between) || (from != to && from != "any");
        let entries: Vec<(bool, Set)> = own.iter().map(|rule| (rule.passes, rule.set)).collect();
        let (mut passed, stopped) = diagrams.first_match(&entries)?;
        if !between {
            passed = diagrams.difference(Set::ALL, stopped)?;
        }
        let name = format!("{from} to {to}");
        lists.push(List { name, passed: with_memory(passed, diagrams)?, memory: true });
    }
    Ok(lists)
}

#[derive(Default)]
struct Names {
    addresses: BTreeMap<String, Addresses>,
    services: BTreeMap<String, Vec<Region>>,
    applications: BTreeMap<String, Vec<Region>>,
}

impl Names {
    fn addresses(&mut self, part: &Element) -> Result<(), ReadError> {
        for entry in &part.children {
            let mut addresses = Addresses::default();
            for value in &entry.children {
                match value.name.as_str() {
                    "ip-netmask" => match network(&value.text) {
                        Some((first, length)) => addresses.add_network(first, length),
                        None => return Err(value.refused("not a network")),
                    },
                    "ip-range" => {
                        let ends = value.text.split_once('-').and_then(|(first, last)| {
                            Some((first.parse().ok()?, last.parse().ok()?))
                        });
                        let Some((first, last)) = ends else {
                            return Err(value.refused("not a range"));
                        };
                        let of = version(first);
                        if of != version(last) {
                            return Err(value.refused("not a range"));
                        }
                        addresses.add_range(
                            of,
                            crate::packets::number(first),
                            crate::packets::number(last),
                        );
                    }
                    "description" | "tag" => {}
                    _ => return Err(value.refused("an address that is not read")),
                }
            }
            self.keep(entry, addresses)?;
        }
        Ok(())
    }

    fn groups(&mut self, part: &Element) -> Result<(), ReadError> {
        for entry in &part.children {
            let mut addresses = Addresses::default();
            for value in &entry.children {
                match value.name.as_str() {
                    "static" => addresses.add(&self.side(value)?),
                    "description" | "tag" => {}
                    _ => return Err(value.refused("a group that is not read")),
                }
            }
            self.keep(entry, addresses)?;
        }
        Ok(())
    }

    fn keep(&mut self, entry: &Element, addresses: Addresses) -> Result<(), ReadError> {
        match self.addresses.insert(entry.label.clone(), addresses) {
            None => Ok(()),
            Some(_) => Err(entry.refused("a name that is there already")),
        }
    }

    fn services(&mut self, part: &Element) -> Result<(), ReadError> {
        for entry in &part.children {
            let mut regions = Vec::new();
            for value in &entry.children {
                if matches!(value.name.as_str(), "description" | "tag") {
                    continue;
                }
                if value.name != "protocol" {
                    return Err(value.refused("a service that is not read"));
                }
                for kind in &value.children {
                    regions.push(service(kind)?);
                }
            }
            if self.services.insert(entry.label.clone(), regions).is_some() {
                return Err(entry.refused("a name that is there already"));
            }
        }
        Ok(())
    }

    /// Applications that are types of ICMP.
    fn applications(&mut self, part: &Element) -> Result<(), ReadError> {
        for entry in &part.children {
            let known = |child: &&Element| child.name == "default";
            let Some(kind) =
                entry.children.iter().find(known).and_then(|child| child.children.first())
            else {
                return Err(entry.refused("an application that is not read"));
            };
            let protocol = match kind.name.as_str() {
                "ident-by-icmp-type" => ICMP,
                "ident-by-icmp6-type" => ICMPV6,
                _ => return Err(kind.refused("an application that is not read")),
            };
            let regions: Option<Vec<Region>> = kind
                .children
                .iter()
                .map(|one| Some(icmp(protocol, Some(number(&one.text, 255)? as u16))))
                .collect();
            let regions = regions.ok_or_else(|| kind.refused("not a type of ICMP"))?;
            self.applications.insert(entry.label.clone(), regions);
        }
        Ok(())
    }

    /// The addresses that members name.
    fn side(&self, part: &Element) -> Result<Addresses, ReadError> {
        let mut addresses = Addresses::default();
        for member in part.members()? {
            match (member.text.as_str(), self.addresses.get(&member.text)) {
                ("any", _) => addresses.add(&any_addresses()),
                (_, Some(known)) => addresses.add(known),
                (word, None) => match network(word) {
                    Some((first, length)) => addresses.add_network(first, length),
                    None => return Err(member.refused("an address that is not there")),
                },
            }
        }
        Ok(addresses)
    }
}

fn icmp(protocol: u8, kind: Option<u16>) -> Region {
    let ports = kind.map(|kind| vec![(kind, kind)]);
    Region { protocols: Some(vec![protocol]), ports, ..Region::default() }
}

fn service(kind: &Element) -> Result<Region, ReadError> {
    let protocol = match kind.name.as_str() {
        "tcp" => TCP,
        "udp" => UDP,
        "sctp" => 132,
        _ => return Err(kind.refused("a protocol that is not read")),
    };
    let mut region = Region { protocols: Some(vec![protocol]), ..Region::default() };
    for value in &kind.children {
        match value.name.as_str() {
            "port" => region.ports = Some(ports(value)?),
            "source-port" => region.source_ports = Some(ports(value)?),
            "override" => {}
            _ => return Err(value.refused("not known in a service")),
        }
    }
    Ok(region)
}

fn ports(value: &Element) -> Result<Ports, ReadError> {
    let range = |word: &str| {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let range = (number(first, 65_535)? as u16, number(last, 65_535)? as u16);
        (range.0 <= range.1).then_some(range)
    };
    let ports: Option<Ports> = value.text.split(',').map(range).collect();
    ports.ok_or_else(|| value.refused("not a port"))
}

/// One rule, for one pair of zones.
struct Rule {
    from: String,
    to: String,
    passes: bool,
    set: Set,
    /// Holds between zones only.
    between: bool,
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a rule has")]
struct Parts {
    from: Vec<String>,
    to: Vec<String>,
    source: Option<Addresses>,
    destination: Option<Addresses>,
    negate: [bool; 2],
    applications: Vec<Region>,
    any_application: bool,
    services: Vec<Region>,
    own_ports: bool,
    passes: Option<bool>,
    between: bool,
    off: bool,
}

impl Rule {
    fn read(
        names: &Names,
        rule: &Element,
        diagrams: &mut Diagrams,
    ) -> Result<Vec<Self>, ReadError> {
        let mut parts = Parts::default();
        for part in &rule.children {
            parts.part(names, part)?;
        }
        if parts.off {
            return Ok(Vec::new());
        }
        let Some(passes) = parts.passes else {
            return Err(rule.refused("a rule without an action"));
        };
        let set = parts.set(rule, diagrams)?;
        let mut rules = Vec::new();
        for from in &parts.from {
            for to in &parts.to {
                let (from, to) = (from.clone(), to.clone());
                rules.push(Self { from, to, passes, set, between: parts.between });
            }
        }
        Ok(rules)
    }
}

impl Parts {
    fn part(&mut self, names: &Names, part: &Element) -> Result<(), ReadError> {
        let members = || -> Result<Vec<String>, ReadError> {
            Ok(part.members()?.iter().map(|member| member.text.clone()).collect())
        };
        match part.name.as_str() {
            "from" => self.from = members()?,
            "to" => self.to = members()?,
            "source" => self.source = Some(names.side(part)?),
            "destination" => self.destination = Some(names.side(part)?),
            "negate-source" => self.negate[0] = part.text == "yes",
            "negate-destination" => self.negate[1] = part.text == "yes",
            "application" => self.applications(names, part)?,
            "service" => self.services(names, part)?,
            "action" => {
                self.passes = Some(match part.text.as_str() {
                    "allow" => true,
                    "deny" | "drop" | "reset-client" | "reset-server" | "reset-both" => false,
                    _ => return Err(part.refused("an action that is not read")),
                });
            }
            "rule-type" => match part.text.as_str() {
                "interzone" => self.between = true,
                "universal" => {}
                _ => return Err(part.refused("a type of rule that is not read")),
            },
            "disabled" => self.off = part.text == "yes",
            "source-user" | "category" | "hip-profiles" | "source-hip" | "destination-hip" => {
                if members()? != ["any"] {
                    return Err(part.refused("a condition that is not read"));
                }
            }
            "description" | "tag" | "log-start" | "log-end" | "log-setting" => {}
            _ => return Err(part.refused("not known in a rule")),
        }
        Ok(())
    }

    fn applications(&mut self, names: &Names, part: &Element) -> Result<(), ReadError> {
        for member in part.members()? {
            match (member.text.as_str(), names.applications.get(&member.text)) {
                ("any", _) => self.any_application = true,
                ("icmp", _) => self.applications.push(icmp(ICMP, None)),
                ("ipv6-icmp", _) => self.applications.push(icmp(ICMPV6, None)),
                ("ping", _) => self.applications.push(icmp(ICMP, Some(8))),
                ("ping6", _) => self.applications.push(icmp(ICMPV6, Some(128))),
                (_, Some(regions)) => self.applications.extend(regions.iter().cloned()),
                _ => return Err(member.refused("an application that is not read")),
            }
        }
        Ok(())
    }

    fn services(&mut self, names: &Names, part: &Element) -> Result<(), ReadError> {
        for member in part.members()? {
            match (member.text.as_str(), names.services.get(&member.text)) {
                ("any", _) => self.services.push(Region::default()),
                ("application-default", _) => self.own_ports = true,
                (_, Some(regions)) => self.services.extend(regions.iter().cloned()),
                _ => return Err(member.refused("a service that is not there")),
            }
        }
        Ok(())
    }

    fn set(&self, rule: &Element, diagrams: &mut Diagrams) -> Result<Set, ReadError> {
        let regions = match (self.any_application, self.own_ports) {
            // Any application on its own ports is a list that Palo Alto changes every week.
            (true, true) => return Err(rule.refused("`application-default` of any application")),
            (true, false) => &self.services,
            (false, _) => &self.applications,
        };
        let all = any_addresses();
        let side = |addresses: &Option<Addresses>, negated: bool| match addresses {
            Some(addresses) if negated => all.without(addresses),
            Some(addresses) => addresses.clone(),
            None => all.clone(),
        };
        let from = side(&self.source, self.negate[0]);
        let to = side(&self.destination, self.negate[1]);
        let mut sets = Vec::new();
        for region in regions {
            let region = Region { from: from.clone(), to: to.clone(), ..region.clone() };
            sets.push(region.set(diagrams)?);
        }
        Ok(diagrams.union_of(&sets)?)
    }
}
