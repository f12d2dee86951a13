//! Sets of packets as decision diagrams over intervals.
//!
//! A node asks one field and has an edge for each interval of its values; equal nodes are one node
//! and an answer that does not depend on a field has no node for it. So two sets are equal exactly
//! where they are the same node, and what two sets differ by can be walked to a packet.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::{Field, Packet, State, address};

/// Most nodes of a [`Diagrams`]: some 400 MB, against rule sets made to explode.
pub const NODES_MAX: usize = 4_000_000;

/// Environment: the rules at hand make more different sets than can be held.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the rules make more than {NODES_MAX} different sets of packets; split the policy")]
pub struct TooLarge;

/// A set of packets, of the [`Diagrams`] that made it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Set(u32);

impl Set {
    /// No packet.
    pub const NONE: Self = Self(0);
    /// Every packet.
    pub const ALL: Self = Self(1);
}

/// Where the interval ends, inclusive, and what holds in it.
type Edge = (u128, Set);

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Node {
    field: Field,
    edges: Box<[Edge]>,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

/// The nodes of all sets that were made together.
#[derive(Debug, Default)]
pub struct Diagrams {
    nodes: Vec<Node>,
    known: HashMap<Node, Set, FixedState>,
    done: HashMap<(Operation, Set, Set), Set, FixedState>,
}

impl Diagrams {
    /// Nothing made yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is in either.
    pub fn union(&mut self, a: Set, b: Set) -> Result<Set, TooLarge> {
        let (a, b) = (a.min(b), a.max(b));
        self.combine(Operation::Union, a, b)
    }

    /// What is in both.
    pub fn intersection(&mut self, a: Set, b: Set) -> Result<Set, TooLarge> {
        let (a, b) = (a.min(b), a.max(b));
        self.combine(Operation::Intersection, a, b)
    }

    /// What is in `a` and not in `b`.
    pub fn difference(&mut self, a: Set, b: Set) -> Result<Set, TooLarge> {
        self.combine(Operation::Difference, a, b)
    }

    /// What is in any. Halves are joined, so that a long list costs little more than its parts.
    pub fn union_of(&mut self, sets: &[Set]) -> Result<Set, TooLarge> {
        match sets {
            [] => Ok(Set::NONE),
            [one] => Ok(*one),
            more => {
                let (front, back) = more.split_at(more.len() / 2);
                let front = self.union_of(front)?;
                let back = self.union_of(back)?;
                self.union(front, back)
            }
        }
    }

    /// What a list of rules lets pass and what it stops, where the first rule that holds decides.
    /// What no rule speaks of is in neither.
    pub fn first_match(&mut self, rules: &[(bool, Set)]) -> Result<(Set, Set), TooLarge> {
        match rules {
            [] => Ok((Set::NONE, Set::NONE)),
            [(true, set)] => Ok((*set, Set::NONE)),
            [(false, set)] => Ok((Set::NONE, *set)),
            more => {
                let (front, back) = more.split_at(more.len() / 2);
                let (passed, stopped) = self.first_match(front)?;
                let (later_passed, later_stopped) = self.first_match(back)?;
                let later_passed = self.difference(later_passed, stopped)?;
                let later_stopped = self.difference(later_stopped, passed)?;
                Ok((self.union(passed, later_passed)?, self.union(stopped, later_stopped)?))
            }
        }
    }

    /// True where the packet is in the set.
    pub fn contains(&self, set: Set, packet: &Packet) -> bool {
        let mut here = set;
        while let Some(node) = self.node(here) {
            let value = packet.value(node.field);
            let place = node.edges.partition_point(|(last, _)| *last < value);
            here = node.edges.get(place).map_or(Set::NONE, |(_, below)| *below);
        }
        here == Set::ALL
    }

    /// A packet of the set, where there is one: the first in the order of the fields.
    pub fn example(&self, set: Set) -> Option<Packet> {
        let mut values = Field::ALL.map(|_| 0);
        let mut here = set;
        while let Some(node) = self.node(here) {
            let mut first = 0;
            for (last, below) in &node.edges {
                if *below != Set::NONE {
                    *values.get_mut(node.field as usize)? = first;
                    here = *below;
                    break;
                }
                first = last.saturating_add(1);
            }
        }
        (here == Set::ALL).then(|| packet(values))
    }

    /// The set of those values of one field for which `below` holds; `ranges` are sorted, disjoint
    /// and inclusive, and `below` speaks of later fields only.
    pub(super) fn field(
        &mut self,
        field: Field,
        ranges: &[(u128, u128)],
        below: Set,
    ) -> Result<Set, TooLarge> {
        let mut edges: Vec<Edge> = Vec::with_capacity(ranges.len() * 2 + 1);
        for (first, last) in ranges {
            if let Some(before) = first.checked_sub(1) {
                push(&mut edges, before, Set::NONE);
            }
            push(&mut edges, *last, below);
        }
        if edges.last().is_none_or(|(last, _)| *last < field.max()) {
            push(&mut edges, field.max(), Set::NONE);
        }
        self.made(field, edges)
    }

    fn node(&self, set: Set) -> Option<&Node> {
        (set.0 as usize).checked_sub(2).and_then(|place| self.nodes.get(place))
    }

    fn made(&mut self, field: Field, edges: Vec<Edge>) -> Result<Set, TooLarge> {
        if let [(_, only)] = edges.as_slice() {
            return Ok(*only);
        }
        let node = Node { field, edges: edges.into() };
        if let Some(set) = self.known.get(&node) {
            return Ok(*set);
        }
        if self.nodes.len() >= NODES_MAX {
            return Err(TooLarge);
        }
        let set = Set(u32::try_from(self.nodes.len() + 2).map_err(|_| TooLarge)?);
        self.nodes.push(node.clone());
        self.known.insert(node, set);
        Ok(set)
    }

    fn combine(&mut self, operation: Operation, a: Set, b: Set) -> Result<Set, TooLarge> {
        if let Some(set) = at_once(operation, a, b) {
            return Ok(set);
        }
        if let Some(set) = self.done.get(&(operation, a, b)) {
            return Ok(*set);
        }
        let (field, left, right) = self.aligned(a, b);
        let mut edges: Vec<Edge> = Vec::with_capacity(left.len() + right.len());
        let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
        while let (Some((end_left, a)), Some((end_right, b))) = (left.peek(), right.peek()) {
            let below = self.combine_ordered(operation, *a, *b)?;
            let end = (*end_left).min(*end_right);
            push(&mut edges, end, below);
            let (go_left, go_right) = (*end_left == end, *end_right == end);
            if go_left {
                left.next();
            }
            if go_right {
                right.next();
            }
        }
        let set = self.made(field, edges)?;
        self.done.insert((operation, a, b), set);
        Ok(set)
    }

    fn combine_ordered(&mut self, operation: Operation, a: Set, b: Set) -> Result<Set, TooLarge> {
        match operation {
            Operation::Union => self.union(a, b),
            Operation::Intersection => self.intersection(a, b),
            Operation::Difference => self.difference(a, b),
        }
    }

    /// The outer field of the two, and the edges of each by that field.
    fn aligned(&self, a: Set, b: Set) -> (Field, Vec<Edge>, Vec<Edge>) {
        let field = |set| self.node(set).map_or(Field::State, |node| node.field);
        let outer = field(a).min(field(b));
        let edges = |set| match self.node(set) {
            Some(node) if node.field == outer => node.edges.to_vec(),
            _ => vec![(outer.max(), set)],
        };
        (outer, edges(a), edges(b))
    }
}

/// Adds an interval, joined to the one before where the same holds.
fn push(edges: &mut Vec<Edge>, end: u128, below: Set) {
    match edges.last_mut() {
        Some((last, before)) if *before == below => *last = end,
        _ => edges.push((end, below)),
    }
}

fn at_once(operation: Operation, a: Set, b: Set) -> Option<Set> {
    use Operation::{Difference, Intersection, Union};
    match (operation, a, b) {
        (Union, Set::NONE, set) | (Intersection, Set::ALL, set) | (Difference, set, Set::NONE) => {
            Some(set)
        }
        (Union, Set::ALL, _) => Some(Set::ALL),
        (Intersection | Difference, Set::NONE, _) | (Difference, _, Set::ALL) => Some(Set::NONE),
        (Union | Intersection, a, b) if a == b => Some(a),
        (Difference, a, b) if a == b => Some(Set::NONE),
        _ => None,
    }
}

fn packet(values: [u128; 7]) -> Packet {
    let [version, protocol, destination, source, destination_port, source_port, state] = values;
    // A set that leaves the version open leaves the addresses open too.
    let version = if version == 6 { 6 } else { 4 };
    Packet {
        source: address(version, source),
        destination: address(version, destination),
        protocol: protocol as u8,
        source_port: source_port as u16,
        destination_port: destination_port as u16,
        state: match state {
            0 => State::Opening,
            1 => State::Answering,
            2 => State::Fragment,
            3 => State::Related,
            _ => State::Invalid,
        },
    }
}
