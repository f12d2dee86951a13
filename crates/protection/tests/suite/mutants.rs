//! Rule sets with one thing changed: a second reader, which follows one packet through the text,
//! says whether the change means something; the proof must say the same.

use std::net::IpAddr;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use protection::packets::State;
use protection::policy::Policy;
use protection::prove::{Counterexample, prove};
use protection::render::{Target, render};

use crate::made::policies;
use crate::{TODAY, policy};

/// Changes one word or line of the rules; none where there is nothing to change.
fn mutate(target: Target, rendered: &str, seed: u64) -> Option<String> {
    let lines: Vec<&str> = rendered.lines().collect();
    let is_rule = |line: &&str| match target {
        Target::Nftables => line.contains("comment \"") || line.contains("ct state "),
        Target::Ios => line.starts_with(" permit") || line.starts_with(" deny"),
        Target::Windows => line.starts_with("New-NetFirewallRule"),
        _ => false,
    };
    let rules: Vec<usize> =
        (0..lines.len()).filter(|place| lines.get(*place).is_some_and(is_rule)).collect();
    let at = *rules.get(seed as usize % rules.len().max(1))?;
    let line = lines[at];
    let mut changed: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
    match (seed >> 16) % 6 {
        0 => drop(changed.remove(at)),
        1 => {
            changed[at] =
                swap(line, &[(" accept", " drop"), ("permit", "deny"), ("Allow", "Block")])?;
        }
        2 => changed[at] = swap(line, &[(" tcp ", " udp "), ("TCP", "UDP")])?,
        3 => changed[at] = digit(line, seed >> 24)?,
        4 => {
            let other = *rules.get((seed >> 32) as usize % rules.len())?;
            changed.swap(at, other);
        }
        _ => {
            changed[at] =
                swap(line, &[("saddr", "daddr"), (" established", ""), ("Inbound", "Outbound")])?;
        }
    }
    Some(changed.join("\n") + "\n")
}

fn swap(line: &str, words: &[(&str, &str)]) -> Option<String> {
    words.iter().find_map(|(from, to)| line.contains(from).then(|| line.replacen(from, to, 1)))
}

/// Another digit in a port, outside names.
fn digit(line: &str, seed: u64) -> Option<String> {
    let places: Vec<usize> = line
        .char_indices()
        .filter(|(at, sign)| {
            sign.is_ascii_digit()
                && line[..*at].ends_with([' ', '\'', '-'])
                && !line[*at..].contains("comment-")
        })
        .map(|(at, _)| at)
        .collect();
    let at = *places.get(seed as usize % places.len().max(1))?;
    let old = line.as_bytes()[at];
    let new = b'1' + (old - b'0' + 1) % 9;
    (old != new).then(|| format!("{}{}{}", &line[..at], new as char, &line[at + 1..]))
}

/// One packet, as the second readers know it.
struct Probe {
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
    source_port: u16,
    port: u16,
    state: State,
}

impl Probe {
    fn of(found: &Counterexample) -> Self {
        Self {
            from: found.src.parse().unwrap(),
            to: found.dst.parse().unwrap(),
            protocol: found.proto,
            source_port: found.sport,
            port: found.dport,
            state: match found.direction {
                "opening" => State::Opening,
                "answer" => State::Answering,
                "fragment" => State::Fragment,
                "related" => State::Related,
                _ => State::Invalid,
            },
        }
    }
}

fn within(address: IpAddr, word: &str) -> bool {
    let (network, length) = word.split_once('/').map_or((word, None), |(a, b)| (a, Some(b)));
    let network: IpAddr = network.trim_matches('\'').parse().unwrap();
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let ((a, size), (b, other)) = (bits(address), bits(network));
    let length: u32 = length.map_or(other, |length| length.trim_matches('\'').parse().unwrap());
    size == other && (length == 0 || a >> (size - length) == b >> (size - length))
}

/// Follows a packet through our nftables text: sets, then the one chain.
fn nftables(text: &str, probe: &Probe) -> bool {
    let mut set = "";
    let mut sets: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("set ") {
            set = name.trim_end_matches(" {");
        } else if let Some(elements) = line.strip_prefix("elements = {") {
            sets.push((set, elements.trim_end_matches(" }").split(',').map(str::trim).collect()));
        }
    }
    let named = |name: &str, address: IpAddr| {
        let members = &sets.iter().find(|(known, _)| *known == name).unwrap().1;
        members.iter().any(|member| within(address, member))
    };
    for line in text.lines().map(str::trim) {
        if !line.contains("ct state") {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut holds = true;
        let mut verdict = None;
        let mut place = 0;
        while place < words.len() {
            let list = |from: usize| -> (Vec<&str>, usize) {
                if words[from] != "{" {
                    return (vec![words[from]], from + 1);
                }
                let end = (from..words.len()).find(|at| words[*at] == "}").unwrap();
                (
                    words[from + 1..end].iter().map(|word| word.trim_end_matches(',')).collect(),
                    end + 1,
                )
            };
            let in_ports = |words: &[&str], port: u16| {
                words.iter().any(|word| {
                    let (a, b) = word.split_once('-').unwrap_or((word, word));
                    (a.parse::<u16>().unwrap()..=b.parse().unwrap()).contains(&port)
                })
            };
            match (words[place], words.get(place + 1).copied()) {
                ("ip" | "ip6", Some(side)) => {
                    let address = if side == "saddr" { probe.from } else { probe.to };
                    let version =
                        if words[place] == "ip" { address.is_ipv4() } else { address.is_ipv6() };
                    holds &= version && named(&words[place + 2][1..], address);
                    place += 3;
                }
                ("tcp" | "udp", Some("dport")) => {
                    let (ports, next) = list(place + 2);
                    let number = if words[place] == "tcp" { 6 } else { 17 };
                    holds &= probe.protocol == number && in_ports(&ports, probe.port);
                    place = next;
                }
                ("icmp" | "icmpv6", Some("type")) => {
                    let (kinds, next) = list(place + 2);
                    let number = if words[place] == "icmp" { 1 } else { 58 };
                    holds &= probe.protocol == number && in_ports(&kinds, probe.port);
                    place = next;
                }
                ("meta", Some("l4proto")) => {
                    let (numbers, next) = list(place + 2);
                    holds &= in_ports(&numbers, probe.protocol.into());
                    place = next;
                }
                ("meta", Some("nfproto")) => {
                    holds &= probe.to.is_ipv4() == (words[place + 2] == "ipv4");
                    place += 3;
                }
                ("ct", Some("state")) => {
                    holds &= words[place + 2].split(',').any(|word| match word {
                        "new" => probe.state == State::Opening,
                        "established" => probe.state == State::Answering,
                        "related" => probe.state == State::Related,
                        "invalid" => probe.state == State::Invalid,
                        other => panic!("{other}"),
                    });
                    place += 3;
                }
                ("accept", _) => (verdict, place) = (Some(true), place + 1),
                ("drop", _) => (verdict, place) = (Some(false), place + 1),
                ("comment", _) => place += 2,
                (other, _) => panic!("{other}"),
            }
        }
        if holds && let Some(verdict) = verdict {
            return verdict;
        }
    }
    false
}

/// Follows a packet through our access lists.
fn ios(text: &str, probe: &Probe) -> bool {
    let start = if probe.to.is_ipv4() { "ip access-list" } else { "ipv6 access-list" };
    let lines = text.lines().skip_while(|line| !line.starts_with(start)).skip(1);
    for line in lines.take_while(|line| *line != "exit") {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words[0] == "remark" {
            continue;
        }
        let mut rest = &words[2..];
        let protocol = match words[1] {
            "ip" | "ipv6" => true,
            "tcp" => probe.protocol == 6,
            "udp" => probe.protocol == 17,
            "icmp" => probe.protocol == if probe.to.is_ipv4() { 1 } else { 58 },
            number => probe.protocol == number.parse::<u8>().unwrap(),
        };
        let mut layer4 = true;
        let mut deeper = false;
        let mut addresses = true;
        for (address, port) in [(probe.from, probe.source_port), (probe.to, probe.port)] {
            let (inside, used) = match rest[0] {
                "any" => (true, 1),
                "host" => (within(address, rest[1]), 2),
                network if network.contains('/') => (within(address, network), 1),
                network => {
                    let bits = |word: &str| u32::from(word.parse::<std::net::Ipv4Addr>().unwrap());
                    let IpAddr::V4(address) = address else { panic!("{address}") };
                    let matters = !bits(rest[1]);
                    (u32::from(address) & matters == bits(network) & matters, 2)
                }
            };
            addresses &= inside;
            rest = &rest[used..];
            match rest.first() {
                Some(&"eq") => {
                    deeper = true;
                    layer4 &= port == rest[1].parse::<u16>().unwrap();
                    rest = &rest[2..];
                }
                Some(&"range") => {
                    deeper = true;
                    layer4 &= (rest[1].parse().unwrap()..=rest[2].parse().unwrap()).contains(&port);
                    rest = &rest[3..];
                }
                _ => {}
            }
        }
        let mut only_fragments = false;
        for word in rest {
            match *word {
                "established" => {
                    (deeper, layer4) = (true, layer4 && probe.state == State::Answering);
                }
                "fragments" => only_fragments = true,
                kind => {
                    (deeper, layer4) = (true, layer4 && probe.port == kind.parse::<u16>().unwrap());
                }
            }
        }
        let permit = words[0] == "permit";
        let fragment = probe.state == State::Fragment;
        let held = protocol
            && addresses
            && match (only_fragments, fragment) {
                (true, _) => fragment,
                (false, true) => !deeper || permit,
                (false, false) => layer4,
            };
        if held {
            return permit;
        }
    }
    false
}

/// Both firewalls' answers: the side that asks lets out, the side that is asked lets in.
fn windows(text: &str, probe: &Probe, list: &str) -> bool {
    if matches!(probe.state, State::Answering | State::Related) {
        return true;
    }
    if probe.state != State::Opening {
        return false;
    }
    let inbound = list == "inbound";
    let (local, remote, local_port, remote_port) = if inbound {
        (probe.to, probe.from, probe.port, probe.source_port)
    } else {
        (probe.from, probe.to, probe.source_port, probe.port)
    };
    let (mut allowed, mut blocked) = (false, false);
    for line in text.lines().filter(|line| line.starts_with("New-")) {
        let value = |name: &str| {
            line.split(&format!("-{name} ")).nth(1).map(|rest| rest.split(' ').next().unwrap())
        };
        let address = |name: &str, address: IpAddr| {
            let word = value(name).unwrap();
            word == "Any" || word.split(',').any(|member| within(address, member))
        };
        let port = |name: &str, port: u16| {
            value(name).is_none_or(|words| {
                words.split(',').any(|word| {
                    let word = word.trim_matches('\'');
                    let (a, b) = word.split_once('-').unwrap_or((word, word));
                    (a.parse::<u16>().unwrap()..=b.parse().unwrap()).contains(&port)
                })
            })
        };
        let protocol = match value("Protocol").unwrap() {
            "Any" => true,
            "TCP" => probe.protocol == 6,
            "UDP" => probe.protocol == 17,
            "ICMPv4" => probe.protocol == 1,
            "ICMPv6" => probe.protocol == 58,
            number => probe.protocol == number.parse::<u8>().unwrap(),
        };
        let kind = value("IcmpType").is_none_or(|kind| probe.port == kind.parse::<u16>().unwrap());
        let held = value("Direction") == Some(if inbound { "Inbound" } else { "Outbound" })
            && address("LocalAddress", local)
            && address("RemoteAddress", remote)
            && port("LocalPort", local_port)
            && port("RemotePort", remote_port)
            && protocol
            && kind;
        match value("Action") {
            Some("Allow") => allowed |= held,
            _ => blocked |= held,
        }
    }
    allowed && !blocked
}

fn follow(target: Target, text: &str, probe: &Probe, list: &str) -> bool {
    match target {
        Target::Nftables => nftables(text, probe),
        Target::Ios => ios(text, probe),
        _ => windows(text, probe, list),
    }
}

/// How many mutants meant something and were found, and how many meant nothing.
fn hunt(target: Target, count: usize) -> (usize, usize) {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &[target as u8 + 7; 32]),
    );
    let (mut killed, mut equivalent) = (0, 0);
    let mut drawn: Option<(Policy, String)> = None;
    for number in 0..count {
        let seed = any::<u64>().new_tree(&mut runner).unwrap().current();
        if number % 20 == 0 || drawn.is_none() {
            let text = policies(false).new_tree(&mut runner).unwrap().current();
            let policy = policy(&text).unwrap();
            let rendered = render(&policy, target, TODAY).unwrap();
            drawn = Some((policy, rendered));
        }
        let Some((policy, rendered)) = &drawn else { continue };
        let Some(mutant) = mutate(target, rendered, seed) else { continue };
        // What the reader refuses is found as well: nothing that it does not know is let through.
        let Ok(proof) = prove(policy, target, &mutant, TODAY) else { continue };
        let Some(found) = proof.counterexample else {
            equivalent += 1;
            continue;
        };
        let probe = Probe::of(&found);
        let before = follow(target, rendered, &probe, &found.list);
        let after = follow(target, &mutant, &probe, &found.list);
        assert_ne!(before, after, "{found:?}\n{rendered}\n{mutant}");
        assert_eq!(if before { "pass" } else { "drop" }, found.intent, "{found:?}");
        killed += 1;
    }
    (killed, equivalent)
}

#[test]
fn mutants_that_mean_something_are_found() {
    for target in [Target::Nftables, Target::Ios, Target::Windows] {
        let (killed, equivalent) = hunt(target, 150);
        assert!(killed > 60, "{}: {killed} killed, {equivalent} equivalent", target.name());
    }
}

/// What the proof calls equal is treated alike by the second reader too, on packets drawn around
/// the addresses and ports of the rules.
#[test]
fn mutants_called_equal_are_treated_alike() {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &[3; 32]),
    );
    let mut equal = 0;
    for _ in 0..60 {
        let text = policies(false).new_tree(&mut runner).unwrap().current();
        let policy = policy(&text).unwrap();
        for target in [Target::Nftables, Target::Ios, Target::Windows] {
            let rendered = render(&policy, target, TODAY).unwrap();
            let seed = any::<u64>().new_tree(&mut runner).unwrap().current();
            let Some(mutant) = mutate(target, &rendered, seed) else { continue };
            let Ok(proof) = prove(&policy, target, &mutant, TODAY) else { continue };
            if !proof.equal {
                continue;
            }
            equal += 1;
            for draw in 0_u64..60 {
                let bits =
                    (seed ^ draw.wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(draw as u32);
                let address = |bits: u64| {
                    IpAddr::from([
                        10,
                        (bits & 3) as u8,
                        (bits >> 2 & 8) as u8,
                        (bits >> 4 & 15) as u8,
                    ])
                };
                let probe = Probe {
                    from: address(bits),
                    to: address(bits >> 9),
                    protocol: if bits >> 20 & 1 == 0 { 6 } else { 17 },
                    source_port: (bits >> 21 & 63) as u16,
                    port: (bits >> 27 & 63) as u16,
                    state: if bits >> 33 & 1 == 0 { State::Opening } else { State::Answering },
                };
                // To a filter without memory only TCP has answers.
                if target == Target::Ios && probe.protocol == 17 && probe.state == State::Answering
                {
                    continue;
                }
                for list in ["inbound", "outbound"] {
                    let (a, b) = (
                        follow(target, &rendered, &probe, list),
                        follow(target, &mutant, &probe, list),
                    );
                    assert_eq!(a, b, "{rendered}\n{mutant}");
                }
            }
        }
    }
    assert!(equal > 5, "only {equal}");
}
