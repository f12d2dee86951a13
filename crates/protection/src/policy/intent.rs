//! What a policy means, as sets of packets.
//!
//! A conduit lets conversations be opened in one direction; answers belong to them. A filter with
//! memory sees openings only. One without memory has to let answers pass by what they look like,
//! and later fragments by their addresses: [`Intent::stateless`] says exactly which.

use jiff::civil::Date;

use super::{Policy, Service};
use crate::packets::{
    Addresses, Diagrams, ICMP, ICMPV6, Ports, Region, Set, State, TCP, TooLarge, UDP,
};

/// What one conduit or block speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// The conduit's or block's name.
    pub rule: String,
    /// True for a conduit.
    pub allows: bool,
    /// The packets that open a conversation; states are left open.
    pub opening: Region,
}

/// What a policy means on one day.
#[derive(Debug)]
pub struct Intent {
    /// Blocks first, then conduits, in the order of the text; those that have expired left out.
    pub passages: Vec<Passage>,
    /// The openings of conversations that may pass; states left open.
    pub openings: Set,
}

impl Intent {
    /// What a filter with memory must let pass: openings that are meant, and whatever belongs to a
    /// conversation that its table knows.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] where there is no room for more nodes.
    pub fn stateful(&self, diagrams: &mut Diagrams) -> Result<Set, TooLarge> {
        let state = |states: &[State]| Region { states: states.to_vec(), ..Region::default() };
        let opening = state(&[State::Opening]).set(diagrams)?;
        let known = state(&[State::Answering, State::Related]).set(diagrams)?;
        let openings = diagrams.intersection(self.openings, opening)?;
        diagrams.union(openings, known)
    }

    /// What a filter without memory must let pass: openings and all that follows them in their
    /// direction, answers the other way round, errors about them, and later fragments between the
    /// same addresses on the same protocol.
    ///
    /// A block stops openings, and answers that cannot be told from openings; answers of TCP pass
    /// it, since without an opening they belong to nothing. Fragments are stopped by a block that
    /// names no port.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] where there is no room for more nodes.
    pub fn stateless(&self, diagrams: &mut Diagrams) -> Result<Set, TooLarge> {
        let mut parts = Parts::default();
        for passage in &self.passages {
            parts.add(passage);
        }
        let [blocked, passed, replies, fragments_blocked, fragments] =
            [parts.blocked, parts.passed, parts.replies, parts.fragments_blocked, parts.fragments]
                .map(|regions| {
                    let sets: Result<Vec<Set>, TooLarge> =
                        regions.iter().map(|region| region.set(diagrams)).collect();
                    sets.and_then(|sets| diagrams.union_of(&sets))
                });
        let passed = diagrams.difference(passed?, blocked?)?;
        let fragments = diagrams.difference(fragments?, fragments_blocked?)?;
        let whole = diagrams.union(replies?, passed)?;
        diagrams.union(whole, fragments)
    }
}

/// What the rules of a filter without memory are made of.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// Stopped, before anything that passes but answers of TCP.
    pub(crate) blocked: Vec<Region>,
    /// Openings, what follows them, and answers that look like openings.
    pub(crate) passed: Vec<Region>,
    /// Answers of TCP.
    pub(crate) replies: Vec<Region>,
    /// Later fragments of what is blocked whole.
    pub(crate) fragments_blocked: Vec<Region>,
    /// Later fragments of what passes.
    pub(crate) fragments: Vec<Region>,
}

impl Parts {
    pub(crate) fn add(&mut self, passage: &Passage) {
        let opening = &passage.opening;
        let with = |states: &[State]| Region { states: states.to_vec(), ..opening.clone() };
        let forward = with(&[State::Opening, State::Answering]);
        let fragments = Region { source_ports: None, ports: None, ..with(&[State::Fragment]) };
        if !passage.allows {
            self.blocked.push(forward);
            if opening.ports.is_none() {
                self.fragments_blocked.push(fragments);
            }
            return;
        }
        self.passed.push(forward);
        self.passed.extend(answers(opening));
        self.fragments.push(fragments.reversed());
        self.fragments.push(fragments);
        self.replies.extend(tcp_answers(opening));
    }
}

/// What a policy means on `today`.
///
/// # Errors
///
/// [`TooLarge`] where there is no room for more nodes.
pub fn conversations(
    policy: &Policy,
    today: Date,
    diagrams: &mut Diagrams,
) -> Result<Intent, TooLarge> {
    let passages = passages(policy, today);
    let mut passed = Vec::new();
    let mut stopped = Vec::new();
    for passage in &passages {
        let set = passage.opening.set(diagrams)?;
        if passage.allows { passed.push(set) } else { stopped.push(set) }
    }
    let passed = diagrams.union_of(&passed)?;
    let stopped = diagrams.union_of(&stopped)?;
    Ok(Intent { passages, openings: diagrams.difference(passed, stopped)? })
}

/// Every block and conduit that holds on `today`, blocks first.
pub(crate) fn passages(policy: &Policy, today: Date) -> Vec<Passage> {
    let holds = |expires: Option<Date>| expires.is_none_or(|last| today <= last);
    let mut passages = Vec::new();
    for block in policy.blocks.iter().filter(|block| holds(block.expires)) {
        let (from, to) = (policy.addresses(&block.from), policy.addresses(&block.to));
        passages.extend(regions(&from, &to, &block.services).into_iter().map(|opening| Passage {
            rule: block.name.clone(),
            allows: false,
            opening,
        }));
    }
    for conduit in policy.conduits.iter().filter(|conduit| holds(conduit.expires)) {
        let (from, to) = (policy.addresses(&conduit.from), policy.addresses(&conduit.to));
        passages.extend(
            regions(&from, &to, &conduit.services).into_iter().map(|opening| Passage {
                rule: conduit.name.clone(),
                allows: true,
                opening,
            }),
        );
    }
    passages
}

fn regions(from: &Addresses, to: &Addresses, services: &[Service]) -> Vec<Region> {
    let plain = |protocol: Option<u8>, ports: Option<Ports>| Region {
        from: from.clone(),
        to: to.clone(),
        protocols: protocol.map(|number| vec![number]),
        ports,
        ..Region::default()
    };
    let mut found = Vec::new();
    for service in services {
        match service {
            Service::Any => found.push(plain(None, None)),
            Service::Tcp(ports) => found.push(plain(Some(TCP), bounded(ports))),
            Service::Udp(ports) => found.push(plain(Some(UDP), bounded(ports))),
            Service::Protocol(number) => found.push(plain(Some(*number), None)),
            Service::Ping => {
                let echo =
                    |protocol: u8, kind: u16| plain(Some(protocol), Some(vec![(kind, kind)]));
                found.push(echo(ICMP, 8).of_version(4));
                found.push(echo(ICMPV6, 128).of_version(6));
            }
        }
    }
    // Where both ends have no address of a version there is nothing to say.
    found.retain(|region| {
        let v4 = !region.from.v4.is_empty() && !region.to.v4.is_empty();
        v4 || (!region.from.v6.is_empty() && !region.to.v6.is_empty())
    });
    found
}

/// All ports named are no port looked at, so that a meaning has one form.
fn bounded(ports: &Ports) -> Option<Ports> {
    (ports.as_slice() != [(0, u16::MAX)]).then(|| ports.clone())
}

/// Answers of TCP: known by their flags.
pub(crate) fn tcp_answers(opening: &Region) -> Option<Region> {
    let has_tcp = opening.protocols.as_ref().is_none_or(|numbers| numbers.contains(&TCP));
    let back = opening.reversed();
    has_tcp.then(|| Region { protocols: Some(vec![TCP]), states: vec![State::Answering], ..back })
}

/// Answers that look like openings, and errors about what was sent.
pub(crate) fn answers(opening: &Region) -> Vec<Region> {
    let back = Region { states: plain_states(), ..opening.reversed() };
    let mut regions = Vec::new();
    match opening.protocols.as_deref() {
        None => {
            let others = (0..=u8::MAX).filter(|number| *number != TCP).collect();
            return vec![Region { protocols: Some(others), ..back }];
        }
        Some([TCP]) => {}
        Some([protocol @ (ICMP | ICMPV6)]) if opening.ports.is_some() => {
            let reply = if *protocol == ICMP { 0 } else { 129 };
            let ports = Some(vec![(reply, reply)]);
            regions.push(Region { ports, source_ports: None, ..back.clone() });
        }
        Some(_) => regions.push(back.clone()),
    }
    regions.extend(errors(&back));
    regions
}

/// Unreachable and time exceeded; for IPv6 packet too big and parameter problem as well. Without
/// them a path with a small packet size hangs.
fn errors(back: &Region) -> [Region; 2] {
    let kinds = |protocol: u8, types: &[u16]| Region {
        protocols: Some(vec![protocol]),
        ports: Some(types.iter().map(|kind| (*kind, *kind)).collect()),
        source_ports: None,
        ..back.clone()
    };
    [kinds(ICMP, &[3, 11]).of_version(4), kinds(ICMPV6, &[1, 2, 3, 4]).of_version(6)]
}

/// What has no flags that tell an answer from an opening.
fn plain_states() -> Vec<State> {
    vec![State::Opening, State::Answering]
}
