//! Cisco IOS: extended and standard access lists of IPv4, access lists of IPv6, object groups.
//!
//! Source: Cisco IOS Security Configuration Guide, Access Control Lists. First match, no memory. A
//! permit that looks at ports, types or flags lets later fragments of its addresses pass; a deny
//! that does so does not stop them. At the end of an IPv6 list neighbour discovery passes, unsaid.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Line, List, ReadError, icmp_type, number, port, protocol};
use crate::packets::{
    Addresses, Diagrams, ICMP, ICMPV6, Ports, Region, Set, State, TCP, any_addresses,
};
use crate::policy::network;

/// One list for each access list.
pub(super) fn read(text: &str, diagrams: &mut Diagrams) -> Result<Vec<List>, ReadError> {
    let mut reading = Reading::default();
    for (index, line) in text.lines().enumerate() {
        reading.line(Line { number: index + 1, text: line }, diagrams)?;
    }
    reading.lists(diagrams)
}

#[derive(Default)]
struct Reading {
    lists: BTreeMap<String, AccessList>,
    networks: BTreeMap<String, Addresses>,
    ports: BTreeMap<String, Ports>,
    block: Block,
}

#[derive(Default)]
enum Block {
    #[default]
    Top,
    List(String),
    Networks(String),
    Ports(String),
}

struct AccessList {
    version: u8,
    standard: bool,
    entries: Vec<(bool, Set)>,
}

impl Reading {
    fn line(&mut self, line: Line<'_>, diagrams: &mut Diagrams) -> Result<(), ReadError> {
        let text = line.text.trim();
        let words: Vec<&str> = text.split_whitespace().collect();
        if text.is_empty() || text.starts_with('!') || words.first() == Some(&"remark") {
            return Ok(());
        }
        if let ["access-list", name, rest @ ..] = words.as_slice() {
            return self.numbered(line, name, rest, diagrams);
        }
        if !line.text.starts_with([' ', '\t']) {
            return self.top(line, &words);
        }
        match &self.block {
            Block::Top => Err(line.refused("an indented line outside a block")),
            Block::List(name) => {
                let name = name.clone();
                let Some(list) = self.lists.get(&name) else { return Ok(()) };
                let (version, standard) = (list.version, list.standard);
                let entry = self.entry(line, &words, version, standard, diagrams)?;
                if let Some(list) = self.lists.get_mut(&name) {
                    list.entries.push(entry);
                }
                Ok(())
            }
            Block::Networks(name) => {
                let addresses = member(&words).ok_or_else(|| line.refused("not a network"))?;
                self.networks.entry(name.clone()).or_default().add(&addresses);
                Ok(())
            }
            Block::Ports(name) => {
                let mut rest = words.as_slice();
                let ports = ports_of(&mut rest).filter(|_| rest.is_empty());
                let ports = ports.ok_or_else(|| line.refused("not a port"))?;
                self.ports.entry(name.clone()).or_default().extend(ports);
                Ok(())
            }
        }
    }

    /// A line of a numbered list: 1 to 99 and 1300 to 1999 look at the source only.
    fn numbered(
        &mut self,
        line: Line<'_>,
        name: &str,
        rest: &[&str],
        diagrams: &mut Diagrams,
    ) -> Result<(), ReadError> {
        let number = number(name, 2_699).ok_or_else(|| line.refused("not a number of a list"))?;
        let standard = matches!(number, 1..=99 | 1_300..=1_999);
        if rest.first() == Some(&"remark") {
            return Ok(());
        }
        let entry = self.entry(line, rest, 4, standard, diagrams)?;
        let list = AccessList { version: 4, standard, entries: Vec::new() };
        self.lists.entry(name.to_owned()).or_insert(list).entries.push(entry);
        Ok(())
    }

    fn top(&mut self, line: Line<'_>, words: &[&str]) -> Result<(), ReadError> {
        let mut start = |name: &str, version: u8, standard: bool| {
            let list = AccessList { version, standard, entries: Vec::new() };
            // IOS adds to a list that is there; a removal stands before where that is not meant.
            self.lists.entry(name.to_owned()).or_insert(list);
            Block::List(name.to_owned())
        };
        self.block = match words {
            ["exit"] => Block::Top,
            ["no", "ip", "access-list", _, name]
            | ["no", "ipv6", "access-list", name]
            | ["no", "access-list", name] => {
                self.lists.remove(*name);
                Block::Top
            }
            ["ip", "access-list", "extended", name] => start(name, 4, false),
            ["ip", "access-list", "standard", name] => start(name, 4, true),
            ["ipv6", "access-list", name] => start(name, 6, false),
            ["object-group", "network", "ipv4" | "ipv6", name]
            | ["object-group", "network", name] => Block::Networks((*name).to_owned()),
            ["object-group", "port", name] => Block::Ports((*name).to_owned()),
            _ => return Err(line.refused("not known at the top of a configuration")),
        };
        Ok(())
    }

    /// `[NUMBER] permit|deny PROTOCOL FROM [PORTS] TO [PORTS] [END]`; of a standard list only FROM.
    fn entry(
        &self,
        line: Line<'_>,
        words: &[&str],
        version: u8,
        standard: bool,
        diagrams: &mut Diagrams,
    ) -> Result<(bool, Set), ReadError> {
        let mut rest = words;
        if let [first, more @ ..] = rest
            && number(first, u32::MAX).is_some()
        {
            rest = more;
        }
        let passes = match rest {
            ["permit", ..] => true,
            ["deny", ..] => false,
            _ => return Err(line.refused("neither permit nor deny")),
        };
        rest = rest.get(1..).unwrap_or_default();
        let mut region = Region { protocols: None, ..Region::default() };
        if !standard {
            let [name, more @ ..] = rest else { return Err(line.refused("no protocol")) };
            region.protocols = protocols(line, name, version)?;
            rest = more;
        }
        region.from = self.side(line, &mut rest, version)?;
        if !standard {
            region.source_ports = self.ports(line, &mut rest)?;
            region.to = self.side(line, &mut rest, version)?;
            region.ports = self.ports(line, &mut rest)?;
        }
        let ending = ending(line, &mut region, rest)?;
        Ok((passes, set(&region, version, passes, &ending, diagrams)?))
    }

    fn side(
        &self,
        line: Line<'_>,
        rest: &mut &[&str],
        version: u8,
    ) -> Result<Addresses, ReadError> {
        let (addresses, used) = match rest {
            ["any" | "any4" | "any6", ..] => (any_addresses(), 1),
            ["net-group" | "object-group", name, ..] => match self.networks.get(*name) {
                Some(addresses) => (addresses.clone(), 2),
                None => return Err(line.refused("an object group that is not there")),
            },
            ["host", address, ..] => match network(address) {
                Some((first, length)) => (one(first, length), 2),
                None => return Err(line.refused("not an address")),
            },
            [address, wildcard, ..] if wildcard.parse::<std::net::Ipv4Addr>().is_ok() => {
                match wild(address, wildcard) {
                    Some(addresses) => (addresses, 2),
                    None => return Err(line.refused("a wildcard that is not read")),
                }
            }
            [address, ..] => match network(address) {
                Some((first, length)) => (one(first, length), 1),
                None => return Err(line.refused("not an address")),
            },
            [] => return Err(line.refused("an address is missing")),
        };
        *rest = rest.get(used..).unwrap_or_default();
        Ok(addresses.of_version(version.into()))
    }

    fn ports(&self, line: Line<'_>, rest: &mut &[&str]) -> Result<Option<Ports>, ReadError> {
        if let ["port-group", name, more @ ..] = *rest {
            *rest = more;
            return match self.ports.get(*name) {
                Some(ports) => Ok(Some(ports.clone())),
                None => Err(line.refused("an object group that is not there")),
            };
        }
        let names = ["eq", "neq", "gt", "lt", "range"];
        if !rest.first().is_some_and(|word| names.contains(word)) {
            return Ok(None);
        }
        ports_of(rest).map(Some).ok_or_else(|| line.refused("not a port"))
    }

    fn lists(self, diagrams: &mut Diagrams) -> Result<Vec<List>, ReadError> {
        let mut lists = Vec::new();
        for (name, list) in self.lists {
            let mut entries = list.entries;
            if list.version == 6 {
                let discovery = Region {
                    protocols: Some(vec![ICMPV6]),
                    ports: Some(vec![(135, 136)]),
                    ..Region::default()
                };
                // As of a deny: a later fragment does not say that it is neighbour discovery.
                let whole = set(&discovery, 6, false, &Ending::default(), diagrams)?;
                entries.push((true, whole));
            }
            let (passed, _) = diagrams.first_match(&entries)?;
            lists.push(List { name, passed, memory: false });
        }
        Ok(lists)
    }
}

fn protocols(line: Line<'_>, name: &str, version: u8) -> Result<Option<Vec<u8>>, ReadError> {
    match (name, version) {
        ("ip", 4) | ("ipv6", 6) => Ok(None),
        ("icmp", 6) => Ok(Some(vec![ICMPV6])),
        _ => match protocol(name) {
            Some(number) => Ok(Some(vec![number])),
            None => Err(line.refused("a protocol that is not read")),
        },
    }
}

#[derive(Default)]
struct Ending {
    established: bool,
    fragments: bool,
}

/// What stands behind the addresses: flags, types of ICMP, logging.
fn ending(line: Line<'_>, region: &mut Region, rest: &[&str]) -> Result<Ending, ReadError> {
    let mut ending = Ending::default();
    let icmp = matches!(region.protocols.as_deref(), Some([ICMP | ICMPV6]));
    for word in rest {
        match *word {
            "established" if region.protocols.as_deref() == Some(&[TCP]) => {
                ending.established = true;
            }
            "fragments" => ending.fragments = true,
            "log" | "log-input" => {}
            word if icmp && region.ports.is_none() => {
                let kind = icmp_type(
                    region.protocols.iter().flatten().copied().next().unwrap_or_default(),
                    word,
                );
                let kind = kind.ok_or_else(|| line.refused("a type of ICMP that is not read"))?;
                region.ports = Some(vec![(kind, kind)]);
            }
            word if icmp && region.source_ports.is_none() => {
                let code = number(word, 255).ok_or_else(|| line.refused("not known here"))?;
                region.source_ports = Some(vec![(code as u16, code as u16)]);
            }
            _ => return Err(line.refused("not known here")),
        }
    }
    Ok(ending)
}

/// The packets that an entry speaks of, fragments as the verb decides.
fn set(
    region: &Region,
    version: u8,
    passes: bool,
    ending: &Ending,
    diagrams: &mut Diagrams,
) -> Result<Set, ReadError> {
    let region = region.of_version(version.into());
    let looks_deeper =
        region.ports.is_some() || region.source_ports.is_some() || ending.established;
    let fragments =
        Region { ports: None, source_ports: None, states: vec![State::Fragment], ..region.clone() };
    if ending.fragments {
        return Ok(fragments.set(diagrams)?);
    }
    let states = if ending.established {
        vec![State::Answering]
    } else {
        vec![State::Opening, State::Answering]
    };
    let whole = Region { states, ..region }.set(diagrams)?;
    if looks_deeper && !passes {
        return Ok(whole);
    }
    let fragments = fragments.set(diagrams)?;
    Ok(diagrams.union(whole, fragments)?)
}

fn one(first: IpAddr, length: u8) -> Addresses {
    let mut addresses = Addresses::default();
    addresses.add_network(first, length);
    addresses
}

/// Addresses by the bits that do not matter: those at the end make a network, each of the others
/// doubles the networks.
fn wild(address: &str, wildcard: &str) -> Option<Addresses> {
    let wildcard = u32::from(wildcard.parse::<std::net::Ipv4Addr>().ok()?);
    let first = u32::from(address.parse::<std::net::Ipv4Addr>().ok()?) & !wildcard;
    let free = wildcard.trailing_ones();
    let scattered: Vec<u32> =
        (free..32).map(|bit| 1 << bit).filter(|bit| wildcard & bit != 0).collect();
    if scattered.len() > SCATTERED_BITS_MAX {
        return None;
    }
    let mut addresses = Addresses::default();
    for choice in 0..1_u32 << scattered.len() {
        let chosen = scattered.iter().enumerate().filter(|(place, _)| choice >> place & 1 == 1);
        let bits: u32 = chosen.map(|(_, bit)| *bit).sum();
        addresses.v4.push((
            (first | bits).into(),
            u128::from(first | bits | 1_u32.checked_shl(free).map_or(u32::MAX, |size| size - 1)),
        ));
    }
    let mut joined = Addresses::default();
    joined.add(&addresses);
    Some(joined)
}

/// Most bits of a wildcard that do not stand at its end: 4,096 networks a line.
const SCATTERED_BITS_MAX: usize = 12;

/// A line of an object group of networks.
fn member(words: &[&str]) -> Option<Addresses> {
    match words {
        ["host", address] => network(address).map(|(first, length)| one(first, length)),
        [address] => network(address).map(|(first, length)| one(first, length)),
        [address, wildcard] => wild(address, wildcard),
        _ => None,
    }
}

/// `eq A B …`, `neq A`, `gt A`, `lt A`, `range A B`, taken from the front.
fn ports_of(rest: &mut &[&str]) -> Option<Ports> {
    let (verb, mut more) = rest.split_first()?;
    let mut next = || {
        let (word, left) = more.split_first()?;
        let port = port(word)?;
        more = left;
        Some(port)
    };
    let first = next()?;
    let ports = match *verb {
        "eq" => {
            let mut ports = vec![(first, first)];
            while let Some(port) = next() {
                ports.push((port, port));
            }
            ports
        }
        "neq" => [
            first.checked_sub(1).map(|end| (0, end)),
            first.checked_add(1).map(|start| (start, u16::MAX)),
        ]
        .into_iter()
        .flatten()
        .collect(),
        "gt" => vec![(first.checked_add(1)?, u16::MAX)],
        "lt" => vec![(0, first.checked_sub(1)?)],
        "range" => {
            let last = next()?;
            (first <= last).then(|| vec![(first, last)])?
        }
        _ => return None,
    };
    *rest = more;
    Some(ports)
}
