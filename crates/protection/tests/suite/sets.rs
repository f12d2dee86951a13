//! Sets against counting, and what a policy means against asking it.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::prelude::*;
use protection::packets::{Addresses, Diagrams, Packet, Region, Set, State};
use protection::policy::{Difference, Flow, ask, conversations, diff};

use crate::made::policies;
use crate::{HOSPITAL, TODAY, hospital, policy};

/// A world small enough to count: eight addresses, four ports, two protocols, two states.
fn world() -> Vec<Packet> {
    let mut world = Vec::new();
    for code in 0_u32..8 * 8 * 4 * 2 * 2 {
        let address = |bits: u32| IpAddr::from([10, 0, 0, (bits & 7) as u8]);
        world.push(Packet {
            source: address(code),
            destination: address(code >> 3),
            destination_port: (code >> 6 & 3) as u16,
            source_port: 0,
            protocol: if code >> 8 & 1 == 0 { 6 } else { 17 },
            state: if code >> 9 & 1 == 0 { State::Opening } else { State::Answering },
        });
    }
    world
}

type Drawn = (Vec<(u8, u8)>, Vec<(u8, u8)>, u8, (u8, u8));

fn region((from, to, protocol, ports): &Drawn) -> Region {
    let addresses = |ranges: &[(u8, u8)]| {
        let mut all = Addresses::default();
        for (first, length) in ranges {
            let first = 0x0a00_0000 + u128::from(first & 7);
            all.add_range(4, first, first + u128::from(length & 3));
        }
        all
    };
    Region {
        from: addresses(from),
        to: addresses(to),
        protocols: [None, Some(vec![6]), Some(vec![17])][usize::from(protocol % 3)].clone(),
        ports: (ports.0 < 4).then(|| vec![(ports.0.into(), (ports.0 + ports.1 % 3).into())]),
        states: if ports.1 > 4 { vec![State::Opening] } else { Vec::new() },
        ..Region::default()
    }
}

/// Whether a region speaks of a packet, by looking at each field.
fn speaks(region: &Region, packet: &Packet) -> bool {
    region.from.contains(packet.source)
        && region.to.contains(packet.destination)
        && region.protocols.as_ref().is_none_or(|all| all.contains(&packet.protocol))
        && region
            .ports
            .as_ref()
            .is_none_or(|all| all.iter().any(|(a, b)| (a..=b).contains(&&packet.destination_port)))
        && (region.states.is_empty() || region.states.contains(&packet.state))
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let range = (0_u8..8, 0_u8..4);
    (vec(range.clone(), 1..3), vec(range, 1..3), 0_u8..3, (0_u8..6, 0_u8..6))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn sets_are_what_counting_says(rules in vec((any::<bool>(), drawn()), 0..8)) {
        let regions: Vec<(bool, Region)> = rules.iter().map(|(pass, one)| (*pass, region(one))).collect();
        let mut diagrams = Diagrams::new();
        let sets: Vec<(bool, Set)> =
            regions.iter().map(|(pass, one)| (*pass, one.set(&mut diagrams).unwrap())).collect();
        let (passed, stopped) = diagrams.first_match(&sets).unwrap();
        prop_assert_eq!(diagrams.intersection(passed, stopped).unwrap(), Set::NONE);
        for packet in world() {
            let hit = regions.iter().find(|(_, one)| speaks(one, &packet)).map(|(pass, _)| *pass);
            prop_assert_eq!(diagrams.contains(passed, &packet), hit == Some(true));
            prop_assert_eq!(diagrams.contains(stopped, &packet), hit == Some(false));
        }
    }

    #[test]
    fn equal_sets_are_one_node(a in drawn(), b in drawn()) {
        let mut diagrams = Diagrams::new();
        let (a, b) = (region(&a).set(&mut diagrams).unwrap(), region(&b).set(&mut diagrams).unwrap());
        let union = diagrams.union(a, b).unwrap();
        let only_a = diagrams.difference(a, b).unwrap();
        prop_assert_eq!(diagrams.union(b, only_a).unwrap(), union);
        let both = diagrams.intersection(a, b).unwrap();
        let rest = diagrams.difference(union, both).unwrap();
        prop_assert_eq!(diagrams.union(rest, both).unwrap(), union);
        if let Some(packet) = diagrams.example(rest) {
            prop_assert!(diagrams.contains(a, &packet) != diagrams.contains(b, &packet));
        } else {
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn networks_are_the_same_addresses(ranges in vec((any::<u32>(), 0_u32..5_000), 1..6)) {
        let mut addresses = Addresses::default();
        for (first, length) in &ranges {
            addresses.add_range(4, (*first).into(), u128::from(first.saturating_add(*length)));
        }
        let mut again = Addresses::default();
        for (first, length) in addresses.networks() {
            again.add_network(first, length);
        }
        prop_assert_eq!(addresses, again);
    }

    #[test]
    fn asking_agrees_with_the_meaning(
        text in policies(true),
        flows in vec((0_u8..6, 0_u8..12, 0_u8..6, 0_u8..12, 0_u16..60, any::<bool>()), 20),
    ) {
        let policy = policy(&text).unwrap();
        let mut diagrams = Diagrams::new();
        let meant = conversations(&policy, TODAY, &mut diagrams).unwrap().openings;
        for (a, b, c, d, port, tcp) in flows {
            let flow = Flow {
                source: IpAddr::from([10, a, 0, b]),
                destination: IpAddr::from([10, c, 0, d]),
                protocol: if tcp { 6 } else { 17 },
                port,
            };
            let packet = Packet {
                source: flow.source,
                destination: flow.destination,
                protocol: flow.protocol,
                source_port: 40_000,
                destination_port: port,
                state: State::Opening,
            };
            prop_assert_eq!(ask(&policy, &flow, TODAY).allowed, diagrams.contains(meant, &packet));
        }
    }
}

#[test]
fn an_answer_names_the_rule_and_why() {
    let policy = hospital();
    let flow = |source: &str, destination: &str, protocol, port| Flow {
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
        protocol,
        port,
    };
    let check = |flow: Flow, allowed: bool, rule: Option<&str>| {
        let answer = ask(&policy, &flow, TODAY);
        assert_eq!((answer.allowed, answer.rule.as_deref()), (allowed, rule), "{flow:?}");
        assert!(answer.why.len() >= 3, "{answer:?}");
    };
    check(flow("10.22.1.5", "10.22.9.10", 6, 3613), true, Some("pump-server"));
    check(flow("10.22.9.10", "10.22.1.5", 6, 3613), false, None);
    check(flow("10.22.1.5", "10.22.9.10", 6, 22), false, None);
    check(flow("10.22.9.10", "202.114.4.119", 6, 443), false, Some("known-bad"));
    check(flow("10.22.9.10", "198.51.100.1", 6, 443), true, Some("server-updates"));
    check(flow("10.22.50.3", "10.22.1.5", 1, 8), true, Some("vendor-in"));
    check(flow("2001:db8:22:1::5", "2001:db8:22:9::10", 17, 3613), true, Some("pump-server"));
    let later = jiff::civil::date(2027, 4, 1);
    assert!(!ask(&policy, &flow("10.22.50.3", "10.22.1.5", 6, 22), later).allowed);
}

#[test]
fn a_difference_says_what_would_be_cut() {
    let before = hospital();
    let after = policy(&HOSPITAL.replace("tcp/8000-8010", "tcp/8000-8009")).unwrap();
    let found = diff(&before, &after, TODAY).unwrap();
    assert_eq!(found.changed, ["conduit pump-server"]);
    assert_eq!((found.gained, found.lost.map(|one| one.dport)), (None, Some(8010)));
    assert_eq!(diff(&before, &before, TODAY).unwrap(), Difference::default());
}
