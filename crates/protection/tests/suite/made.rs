//! Policies drawn at random: zones that do not overlap, conduits and blocks between them.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;

/// The text of a policy. `any` says whether conduits for every protocol may be drawn, which
/// filters without memory cannot say.
pub(crate) fn policies(any: bool) -> impl Strategy<Value = String> {
    let zones = vec((0_u8..4, 1_u8..6), 2..5);
    let rules = vec(rule(any), 1..7);
    (zones, rules).prop_map(|(zones, rules)| text(&zones, &rules))
}

type Rule = (bool, Vec<u8>, Vec<u8>, Vec<String>);

fn rule(any: bool) -> impl Strategy<Value = Rule> {
    let block = prop::bool::weighted(0.2);
    (block, vec(0_u8..7, 1..3), vec(0_u8..7, 1..3), vec(service(any), 1..4))
        .prop_map(|(block, from, to, services)| (block, from, to, services))
}

fn service(any: bool) -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (1_u16..40).prop_map(|port| format!("tcp/{port}")),
        2 => (1_u16..40, 0_u16..20).prop_map(|(first, more)| format!("tcp/{first}-{}", first + more)),
        3 => (1_u16..40).prop_map(|port| format!("udp/{port}")),
        1 => Just("tcp/any".to_owned()),
        1 => Just("ping".to_owned()),
        1 => Just(if any { "any".to_owned() } else { "udp/any".to_owned() }),
    ]
}

fn text(zones: &[(u8, u8)], rules: &[Rule]) -> String {
    let mut text =
        String::from("[policy]\nsite = \"Main\"\nnetworks = [\"10.0.0.0/8\", \"2001:db8::/32\"]\n");
    for (number, (six, hosts)) in zones.iter().enumerate() {
        let mut members: Vec<String> =
            (0..*hosts).map(|host| format!("\"10.{number}.0.{}\"", host * 3)).collect();
        members.push(format!("\"10.{number}.8.0/24\""));
        if *six == 0 {
            members.push(format!("\"2001:db8:{number}::/48\""));
        }
        let _ = write!(
            text,
            "[[zone]]\nname = \"z{number}\"\nkind = \"general\"\npurpose = \"zone\"\nmembers = [{}]\n",
            members.join(", ")
        );
    }
    for (number, (block, from, to, services)) in rules.iter().enumerate() {
        let ends = |ends: &[u8]| -> String {
            ends.iter()
                .map(|end| format!("\"{}\"", self::end(*end, zones.len())))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let services: Vec<String> = services.iter().map(|word| format!("\"{word}\"")).collect();
        let (kind, why) = if *block { ("block", "reason") } else { ("conduit", "purpose") };
        let _ = write!(
            text,
            "[[{kind}]]\nname = \"r{number}\"\n{why} = \"needed\"\nfrom = [{}]\nto = [{}]\nservices = [{}]\n",
            ends(from),
            ends(to),
            services.join(", ")
        );
    }
    text
}

fn end(word: u8, zones: usize) -> String {
    match word {
        0..=3 => format!("z{}", usize::from(word) % zones),
        4 => "10.9.0.0/16".to_owned(),
        5 => "10.0.0.3".to_owned(),
        _ => "anywhere".to_owned(),
    }
}
