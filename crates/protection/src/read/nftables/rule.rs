//! One rule: what it looks at and what it does.

use super::super::{ReadError, icmp_type, protocol};
use super::words::{Word, Words};
use super::{Elements, Table};
use crate::packets::{
    Diagrams, ICMP, ICMPV6, Ports, Region, Set, State, TCP, TooLarge, UDP, any_addresses,
};

/// What a rule does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Accept,
    Drop,
    Return,
    Jump(String),
    Goto(String),
    /// It only counts or logs.
    Continue,
}

#[derive(Debug)]
pub(super) struct Rule {
    /// The packets for which every condition holds.
    pub(super) holds: Set,
    pub(super) verdict: Verdict,
    first: Word,
}

impl Rule {
    pub(super) fn refused(&self, reason: &str) -> ReadError {
        self.first.refused(reason)
    }

    /// Reads to the end of the line or statement.
    pub(super) fn read(
        first: Word,
        table: &Table,
        words: &mut Words,
        diagrams: &mut Diagrams,
    ) -> Result<Self, ReadError> {
        let mut holds = Set::ALL;
        let mut verdict = Verdict::Continue;
        let mut word = first.clone();
        loop {
            match word.text.as_str() {
                "accept" => verdict = Verdict::Accept,
                "drop" => verdict = Verdict::Drop,
                "reject" => {
                    verdict = Verdict::Drop;
                    if words.eat("with") {
                        skip_reject(words)?;
                    }
                }
                "return" => verdict = Verdict::Return,
                "continue" => {}
                "jump" => verdict = Verdict::Jump(words.needed()?.text),
                "goto" => verdict = Verdict::Goto(words.needed()?.text),
                "counter" => skip_pairs(words, &["packets", "bytes"])?,
                "log" => skip_pairs(words, &["prefix", "level", "group", "flags"])?,
                "comment" => drop(words.needed()?),
                _ => {
                    let condition = condition(&word, table, words, diagrams)?;
                    holds = diagrams.intersection(holds, condition)?;
                }
            }
            match words.peek() {
                Some(next) if !matches!(next.text.as_str(), "\n" | ";" | "}") => {
                    if !matches!(verdict, Verdict::Continue) && next.text != "comment" {
                        return Err(next.refused("something behind the verdict"));
                    }
                    word = words.needed()?;
                }
                _ => return Ok(Self { holds, verdict, first }),
            }
        }
    }
}

fn skip_pairs(words: &mut Words, members: &[&str]) -> Result<(), ReadError> {
    while words.peek().is_some_and(|word| members.contains(&word.text.as_str())) {
        words.needed()?;
        words.needed()?;
    }
    Ok(())
}

/// `with icmp type …`, `with icmpx type …`, `with tcp reset`.
fn skip_reject(words: &mut Words) -> Result<(), ReadError> {
    let kind = words.needed()?;
    match kind.text.as_str() {
        "tcp" => words.expect("reset"),
        "icmp" | "icmpv6" | "icmpx" => {
            words.eat("type");
            words.needed().map(drop)
        }
        _ => Err(kind.refused("a way to reject that is not read")),
    }
}

/// The packets for which one condition holds.
fn condition(
    word: &Word,
    table: &Table,
    words: &mut Words,
    diagrams: &mut Diagrams,
) -> Result<Set, ReadError> {
    let what = words.needed()?;
    let negated = words.eat("!=");
    if !negated {
        words.eat("==");
    }
    let (within, held) = match (word.text.as_str(), what.text.as_str()) {
        ("ip", "saddr" | "daddr") => sides(table, words, 4, &what, diagrams)?,
        ("ip6", "saddr" | "daddr") => sides(table, words, 6, &what, diagrams)?,
        ("ip", "protocol") => (version(4, diagrams)?, protocols(words, diagrams)?),
        ("ip6", "nexthdr") => (version(6, diagrams)?, protocols(words, diagrams)?),
        ("meta", "l4proto") => (Set::ALL, protocols(words, diagrams)?),
        ("meta", "nfproto" | "protocol") => (Set::ALL, versions(words, diagrams)?),
        ("tcp", "sport" | "dport") => ports(TCP, table, words, &what, diagrams)?,
        ("udp", "sport" | "dport") => ports(UDP, table, words, &what, diagrams)?,
        ("sctp", "sport" | "dport") => ports(132, table, words, &what, diagrams)?,
        ("icmp", "type") => kinds(ICMP, words, diagrams)?,
        ("icmpv6", "type") => kinds(ICMPV6, words, diagrams)?,
        ("ct", "state") => (Set::ALL, states(words, diagrams)?),
        _ => return Err(word.refused("a condition that is not read")),
    };
    let held = if negated { diagrams.difference(Set::ALL, held)? } else { held };
    Ok(diagrams.intersection(within, held)?)
}

pub(super) fn version(version: u8, diagrams: &mut Diagrams) -> Result<Set, TooLarge> {
    Region::default().of_version(version.into()).set(diagrams)
}

/// Addresses of one side: the version, and the packets.
fn sides(
    table: &Table,
    words: &mut Words,
    version_number: u8,
    side: &Word,
    diagrams: &mut Diagrams,
) -> Result<(Set, Set), ReadError> {
    let addresses = match named(words) {
        Some(name) => match table.sets.get(name.text.trim_start_matches('@')) {
            Some(Elements::Addresses(addresses)) => addresses.clone(),
            _ => return Err(name.refused("no set of addresses is called so")),
        },
        None => words.addresses(version_number)?,
    };
    let any = any_addresses().of_version(version_number.into());
    let (from, to) = if side.text == "saddr" { (addresses, any) } else { (any, addresses) };
    let held = Region { from, to, ..Region::default() }.set(diagrams)?;
    Ok((version(version_number, diagrams)?, held))
}

fn named(words: &mut Words) -> Option<Word> {
    words
        .peek()
        .is_some_and(|word| word.text.starts_with('@'))
        .then(|| words.needed().ok())
        .flatten()
}

fn protocols(words: &mut Words, diagrams: &mut Diagrams) -> Result<Set, ReadError> {
    let protocols = words.list(protocol, "not a protocol")?;
    Ok(Region { protocols: Some(protocols), ..Region::default() }.set(diagrams)?)
}

fn versions(words: &mut Words, diagrams: &mut Diagrams) -> Result<Set, ReadError> {
    let known = |word: &str| match word {
        "ipv4" | "ip" => Some(4),
        "ipv6" | "ip6" => Some(6),
        _ => None,
    };
    let versions = words.list(known, "not a version of IP")?;
    let sets: Result<Vec<Set>, TooLarge> =
        versions.into_iter().map(|number| version(number, diagrams)).collect();
    Ok(diagrams.union_of(&sets?)?)
}

fn ports(
    protocol: u8,
    table: &Table,
    words: &mut Words,
    side: &Word,
    diagrams: &mut Diagrams,
) -> Result<(Set, Set), ReadError> {
    let ports: Ports = match named(words) {
        Some(name) => match table.sets.get(name.text.trim_start_matches('@')) {
            Some(Elements::Ports(ports)) => ports.clone(),
            _ => return Err(name.refused("no set of ports is called so")),
        },
        None => words.ports()?,
    };
    let own = Region { protocols: Some(vec![protocol]), ..Region::default() };
    let within = own.set(diagrams)?;
    let held = if side.text == "sport" {
        Region { source_ports: Some(ports), ..own }
    } else {
        Region { ports: Some(ports), ..own }
    };
    Ok((within, held.set(diagrams)?))
}

fn kinds(
    protocol: u8,
    words: &mut Words,
    diagrams: &mut Diagrams,
) -> Result<(Set, Set), ReadError> {
    let known = |word: &str| icmp_type(protocol, word);
    let kinds = words.list(known, "not a type of ICMP")?;
    let own = Region { protocols: Some(vec![protocol]), ..Region::default() };
    let within = own.set(diagrams)?;
    let ports = Some(kinds.into_iter().map(|kind| (kind, kind)).collect());
    Ok((within, Region { ports, ..own }.set(diagrams)?))
}

fn states(words: &mut Words, diagrams: &mut Diagrams) -> Result<Set, ReadError> {
    let mut states = Vec::new();
    for word in words.states()? {
        states.push(match word.text.as_str() {
            "new" => State::Opening,
            "established" => State::Answering,
            "related" => State::Related,
            "invalid" => State::Invalid,
            _ => return Err(word.refused("a state that is not read")),
        });
    }
    Ok(Region { states, ..Region::default() }.set(diagrams)?)
}
