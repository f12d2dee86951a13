//! Is a rendered rule set what the policy means? Yes, or a packet that is treated otherwise.
//!
//! The rule set is read with the meaning of its filter. A filter with memory is compared on
//! openings, and on what it does with conversations that it knows; one without memory on every
//! packet, answers and later fragments included. Neighbour discovery is never forwarded and left
//! out of the comparison.

use jiff::civil::Date;
use serde::Serialize;

use crate::packets::{Diagrams, ICMPV6, Packet, Region, Set, State, TCP, TooLarge};
use crate::policy::{Policy, conversations};
use crate::read::{List, ReadError, read};
use crate::render::Target;

/// The answer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Proof {
    /// True where every packet is treated as the policy says.
    pub equal: bool,
    /// A packet that is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterexample: Option<Counterexample>,
    /// The lists that were compared.
    pub targets: Vec<String>,
}

/// A packet that the policy and the rule set treat differently.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Counterexample {
    /// Where it comes from.
    pub src: String,
    /// Where it goes.
    pub dst: String,
    /// Number of the protocol above IP.
    pub proto: u8,
    /// Source port, or ICMP code.
    pub sport: u16,
    /// Destination port, or ICMP type.
    pub dport: u16,
    /// `opening`, `answer`, `fragment`, `related` or `invalid`.
    pub direction: &'static str,
    /// What the policy says: `pass` or `drop`.
    pub intent: &'static str,
    /// What the rule set does.
    pub rendered: &'static str,
    /// The list that does it.
    pub list: String,
}

/// Compares a rule set with the policy as it stands on `today`.
///
/// # Errors
///
/// [`ReadError`] where the rule set was not read whole, or the sets cannot be held.
pub fn prove(
    policy: &Policy,
    target: Target,
    rendered: &str,
    today: Date,
) -> Result<Proof, ReadError> {
    let mut diagrams = Diagrams::new();
    let intent = conversations(policy, today, &mut diagrams)?;
    let lists = read(target, rendered, &mut diagrams)?;
    let memory = lists.iter().all(|list| list.memory);
    let (meant, universe) = if memory {
        (intent.stateful(&mut diagrams)?, with_memory(&mut diagrams)?)
    } else {
        (intent.stateless(&mut diagrams)?, without_memory(&mut diagrams)?)
    };
    let lists = joined(target, lists, &mut diagrams)?;
    let mut proof = Proof { equal: true, counterexample: None, targets: Vec::new() };
    for list in lists {
        proof.targets.push(list.name.clone());
        let Some(found) = compare(&list, meant, universe, &mut diagrams)? else { continue };
        proof.equal = false;
        proof.counterexample.get_or_insert(found);
    }
    Ok(proof)
}

/// The lists that must each be what the policy means. What a target splits by version is put
/// together; a list that is missing passes nothing.
fn joined(
    target: Target,
    lists: Vec<List>,
    diagrams: &mut Diagrams,
) -> Result<Vec<List>, TooLarge> {
    let find = |name: &str| lists.iter().find(|list| list.name == name).cloned();
    let none = |name: &str| List { name: name.to_owned(), passed: Set::NONE, memory: true };
    Ok(match target {
        // A gateway without a chain at the hook lets everything pass.
        Target::Nftables => {
            vec![find("forward").unwrap_or(List { passed: Set::ALL, ..none("forward") })]
        }
        Target::Ios => {
            let sets: Vec<Set> = lists.iter().map(|list| list.passed).collect();
            let name = lists.iter().map(|list| list.name.as_str()).collect::<Vec<_>>().join(" + ");
            vec![List { name, passed: diagrams.union_of(&sets)?, memory: false }]
        }
        Target::Panos => {
            if lists.is_empty() {
                vec![none("rules")]
            } else {
                lists
            }
        }
        // Policies for some interfaces only are compared as they are: each must be the whole.
        Target::Fortios => {
            let own: Vec<List> =
                lists.into_iter().filter(|list| list.name.starts_with("policy")).collect();
            let passed = crate::read::known(diagrams)?;
            if own.is_empty() { vec![List { passed, ..none("policy") }] } else { own }
        }
        Target::Windows => lists,
    })
}

fn compare(
    list: &List,
    meant: Set,
    universe: Set,
    diagrams: &mut Diagrams,
) -> Result<Option<Counterexample>, TooLarge> {
    let more = diagrams.difference(list.passed, meant)?;
    let more = diagrams.intersection(more, universe)?;
    let less = diagrams.difference(meant, list.passed)?;
    let less = diagrams.intersection(less, universe)?;
    // What passes and should not comes first.
    let found = diagrams.example(more).map(|packet| (packet, "drop", "pass"));
    let found = found.or_else(|| diagrams.example(less).map(|packet| (packet, "pass", "drop")));
    Ok(found.map(|(packet, intent, rendered)| shown(&packet, intent, rendered, &list.name)))
}

fn shown(
    packet: &Packet,
    intent: &'static str,
    rendered: &'static str,
    list: &str,
) -> Counterexample {
    Counterexample {
        src: packet.source.to_string(),
        dst: packet.destination.to_string(),
        proto: packet.protocol,
        sport: packet.source_port,
        dport: packet.destination_port,
        direction: match packet.state {
            State::Opening => "opening",
            State::Answering => "answer",
            State::Fragment => "fragment",
            State::Related => "related",
            State::Invalid => "invalid",
        },
        intent,
        rendered,
        list: list.to_owned(),
    }
}

/// Packets that a filter with memory sees: it puts fragments together first.
fn with_memory(diagrams: &mut Diagrams) -> Result<Set, TooLarge> {
    let states = vec![State::Opening, State::Answering, State::Related, State::Invalid];
    let all = Region { states, ..Region::default() }.set(diagrams)?;
    forwarded(all, diagrams)
}

/// Packets that a filter without memory sees: only TCP has flags that tell an answer.
fn without_memory(diagrams: &mut Diagrams) -> Result<Set, TooLarge> {
    let states = |protocols: Vec<u8>, states: &[State]| Region {
        protocols: Some(protocols),
        states: states.to_vec(),
        ..Region::default()
    };
    let others = (0..=u8::MAX).filter(|number| *number != TCP).collect();
    let tcp =
        states(vec![TCP], &[State::Opening, State::Answering, State::Fragment]).set(diagrams)?;
    let other = states(others, &[State::Opening, State::Fragment]).set(diagrams)?;
    let all = diagrams.union(tcp, other)?;
    forwarded(all, diagrams)
}

fn forwarded(all: Set, diagrams: &mut Diagrams) -> Result<Set, TooLarge> {
    let discovery = Region {
        protocols: Some(vec![ICMPV6]),
        ports: Some(vec![(133, 137)]),
        ..Region::default()
    };
    let discovery = discovery.of_version(6).set(diagrams)?;
    diagrams.difference(all, discovery)
}
