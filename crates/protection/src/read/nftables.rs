//! nftables: tables, sets, chains; base chains at a hook.
//!
//! Source: nft(8). Rules of a chain in order; `jump` comes back, `accept` ends the base chain; a
//! packet has to pass every base chain at its hook.

mod rule;
mod words;

use std::collections::BTreeMap;

use super::{List, ReadError};
use crate::packets::{Addresses, Diagrams, Set};
use rule::{Rule, Verdict};
use words::{Word, Words};

/// Depth of jumps that the kernel allows.
const DEPTH_MAX: usize = 16;

/// One list for each hook that has a base chain.
pub(super) fn read(text: &str, diagrams: &mut Diagrams) -> Result<Vec<List>, ReadError> {
    let mut words = Words::new(text)?;
    let mut tables: BTreeMap<(String, String), Table> = BTreeMap::new();
    while let Some(word) = words.next_of_line() {
        match word.text.as_str() {
            "flush" => {
                words.expect("ruleset")?;
                tables.clear();
            }
            "delete" | "destroy" => {
                words.expect("table")?;
                let key = words.table_name()?;
                tables.remove(&key);
            }
            "add" => {
                words.expect("table")?;
                let key = words.table_name()?;
                tables.entry(key).or_default();
            }
            "table" => {
                let key = words.table_name()?;
                let family = Family::of(&key.0, &word)?;
                let table = tables.entry(key).or_default();
                table.family = family;
                if words.eat("{") {
                    table.body(&mut words, diagrams)?;
                }
            }
            _ => return Err(word.refused("not known at the top of a rule set")),
        }
    }
    hooks(&tables, diagrams)
}

/// Joins base chains by hook: a packet has to pass them all.
fn hooks(
    tables: &BTreeMap<(String, String), Table>,
    diagrams: &mut Diagrams,
) -> Result<Vec<List>, ReadError> {
    let mut passed: BTreeMap<String, Set> = BTreeMap::new();
    for table in tables.values() {
        for chain in table.chains.values() {
            let Some(base) = &chain.base else { continue };
            let own = table.family.set(diagrams)?;
            let walked = table.walk(chain, own, 0, diagrams)?;
            let by_policy = if base.accepts { walked.left } else { Set::NONE };
            let mut accepted = diagrams.union(walked.accepted, by_policy)?;
            // What is of another family does not come to this chain.
            let others = diagrams.difference(Set::ALL, own)?;
            accepted = diagrams.union(accepted, others)?;
            let before = passed.get(&base.hook).copied().unwrap_or(Set::ALL);
            passed.insert(base.hook.clone(), diagrams.intersection(before, accepted)?);
        }
    }
    Ok(passed.into_iter().map(|(name, passed)| List { name, passed, memory: true }).collect())
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Family {
    V4,
    V6,
    #[default]
    Both,
}

impl Family {
    fn of(word: &str, at: &Word) -> Result<Self, ReadError> {
        match word {
            "ip" => Ok(Self::V4),
            "ip6" => Ok(Self::V6),
            "inet" => Ok(Self::Both),
            _ => Err(at.refused("a family that is not read")),
        }
    }

    fn set(self, diagrams: &mut Diagrams) -> Result<Set, ReadError> {
        Ok(match self {
            Self::V4 => rule::version(4, diagrams)?,
            Self::V6 => rule::version(6, diagrams)?,
            Self::Both => Set::ALL,
        })
    }
}

#[derive(Debug, Default)]
struct Table {
    family: Family,
    sets: BTreeMap<String, Elements>,
    chains: BTreeMap<String, Chain>,
}

/// What a named set holds.
#[derive(Clone, Debug)]
enum Elements {
    Addresses(Addresses),
    Ports(Vec<(u16, u16)>),
}

#[derive(Debug, Default)]
struct Chain {
    base: Option<Base>,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Base {
    hook: String,
    accepts: bool,
}

/// What became of the packets that came into a chain.
struct Walked {
    accepted: Set,
    left: Set,
}

impl Table {
    /// Everything up to the closing brace.
    fn body(&mut self, words: &mut Words, diagrams: &mut Diagrams) -> Result<(), ReadError> {
        loop {
            let word = words.needed()?;
            match word.text.as_str() {
                "}" => return Ok(()),
                "\n" | ";" => {}
                "comment" => drop(words.needed()?),
                "set" => {
                    let name = words.needed()?;
                    let elements = read_set(words)?;
                    if self.sets.insert(name.text.clone(), elements).is_some() {
                        return Err(name.refused("a set that is there already"));
                    }
                }
                "chain" => {
                    let name = words.needed()?;
                    words.expect("{")?;
                    let mut chain = self.chains.remove(&name.text).unwrap_or_default();
                    self.chain(&mut chain, words, diagrams)?;
                    self.chains.insert(name.text, chain);
                }
                _ => return Err(word.refused("not known in a table")),
            }
        }
    }

    fn chain(
        &self,
        chain: &mut Chain,
        words: &mut Words,
        diagrams: &mut Diagrams,
    ) -> Result<(), ReadError> {
        loop {
            let word = words.needed()?;
            match word.text.as_str() {
                "}" => return Ok(()),
                "\n" | ";" => {}
                "comment" => drop(words.needed()?),
                "type" => chain.base = Some(base(words)?),
                "policy" => {
                    let accepts = policy(words)?;
                    match &mut chain.base {
                        Some(base) => base.accepts = accepts,
                        None => return Err(word.refused("a policy without a hook")),
                    }
                }
                _ => chain.rules.push(Rule::read(word, self, words, diagrams)?),
            }
        }
    }

    /// Follows packets through a chain.
    fn walk(
        &self,
        chain: &Chain,
        coming: Set,
        depth: usize,
        diagrams: &mut Diagrams,
    ) -> Result<Walked, ReadError> {
        let mut accepted = Set::NONE;
        let mut left = coming;
        let mut returned = Set::NONE;
        let mut plain: Vec<(bool, Set)> = Vec::new();
        for rule in &chain.rules {
            match &rule.verdict {
                Verdict::Continue => {}
                Verdict::Accept => plain.push((true, rule.holds)),
                Verdict::Drop => plain.push((false, rule.holds)),
                Verdict::Return | Verdict::Jump(_) | Verdict::Goto(_) => {
                    (accepted, left) = settle(&mut plain, accepted, left, diagrams)?;
                    let held = diagrams.intersection(left, rule.holds)?;
                    left = diagrams.difference(left, rule.holds)?;
                    if let Verdict::Jump(name) | Verdict::Goto(name) = &rule.verdict {
                        let (Some(next), true) = (self.chains.get(name), depth < DEPTH_MAX) else {
                            return Err(
                                rule.refused("a chain that is not there, or jumps too deep")
                            );
                        };
                        let walked = self.walk(next, held, depth + 1, diagrams)?;
                        accepted = diagrams.union(accepted, walked.accepted)?;
                        let back = if matches!(rule.verdict, Verdict::Jump(_)) {
                            &mut left
                        } else {
                            &mut returned
                        };
                        *back = diagrams.union(*back, walked.left)?;
                    } else {
                        returned = diagrams.union(returned, held)?;
                    }
                }
            }
        }
        (accepted, left) = settle(&mut plain, accepted, left, diagrams)?;
        Ok(Walked { accepted, left: diagrams.union(left, returned)? })
    }
}

/// What a named set holds, up to the closing brace.
fn read_set(words: &mut Words) -> Result<Elements, ReadError> {
    words.expect("{")?;
    let mut kind = String::new();
    let mut elements: Option<Elements> = None;
    loop {
        let word = words.needed()?;
        match word.text.as_str() {
            "}" => break,
            "\n" | ";" => {}
            "type" => kind = words.needed()?.text,
            "flags" => {
                let flag = words.needed()?;
                if !matches!(flag.text.as_str(), "interval" | "constant") {
                    return Err(flag.refused("a flag that is not read"));
                }
            }
            "comment" => drop(words.needed()?),
            "elements" => {
                words.expect("=")?;
                elements = Some(match kind.as_str() {
                    "ipv4_addr" => Elements::Addresses(words.addresses(4)?),
                    "ipv6_addr" => Elements::Addresses(words.addresses(6)?),
                    "inet_service" => Elements::Ports(words.ports()?),
                    _ => return Err(word.refused("a set of a type that is not read")),
                });
            }
            _ => return Err(word.refused("not known in a set")),
        }
    }
    Ok(elements.unwrap_or(match kind.as_str() {
        "inet_service" => Elements::Ports(Vec::new()),
        _ => Elements::Addresses(Addresses::default()),
    }))
}

/// Decides a run of rules that only accept or drop.
fn settle(
    plain: &mut Vec<(bool, Set)>,
    accepted: Set,
    left: Set,
    diagrams: &mut Diagrams,
) -> Result<(Set, Set), ReadError> {
    let (passed, stopped) = diagrams.first_match(plain)?;
    plain.clear();
    let now = diagrams.intersection(left, passed)?;
    let gone = diagrams.union(passed, stopped)?;
    Ok((diagrams.union(accepted, now)?, diagrams.difference(left, gone)?))
}

/// `filter hook forward priority filter`; the policy is `accept` until one is said.
fn base(words: &mut Words) -> Result<Base, ReadError> {
    words.expect("filter")?;
    words.expect("hook")?;
    let hook = words.needed()?;
    if !matches!(hook.text.as_str(), "forward" | "input" | "output" | "prerouting" | "postrouting")
    {
        return Err(hook.refused("a hook that is not read"));
    }
    words.expect("priority")?;
    let mut priority = words.needed()?;
    if priority.text == "-" {
        priority = words.needed()?;
    }
    let named = matches!(priority.text.as_str(), "filter" | "raw" | "mangle" | "security");
    if !named && priority.text.trim_start_matches('-').parse::<i32>().is_err() {
        return Err(priority.refused("a priority that is not read"));
    }
    Ok(Base { hook: hook.text, accepts: true })
}

fn policy(words: &mut Words) -> Result<bool, ReadError> {
    let word = words.needed()?;
    match word.text.as_str() {
        "accept" => Ok(true),
        "drop" => Ok(false),
        _ => Err(word.refused("a policy that is not read")),
    }
}
