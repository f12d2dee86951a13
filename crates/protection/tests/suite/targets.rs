//! Every rendering is proved, and what a language cannot say stops it.

use proptest::prelude::*;
use protection::prove::{Proof, prove};
use protection::render::{Target, render};

use crate::made::policies;
use crate::{HOSPITAL, TODAY, hospital, policy};

fn proof(text: &str, target: Target, rendered: &str) -> Proof {
    prove(&policy(text).unwrap(), target, rendered, TODAY)
        .unwrap_or_else(|error| panic!("{}: {error}\n{rendered}", target.name()))
}

#[test]
fn the_hospital_is_proved_for_every_target() {
    for (name, target) in Target::ALL {
        let rendered = render(&hospital(), *target, TODAY).unwrap();
        let proof = proof(HOSPITAL, *target, &rendered);
        assert!(proof.equal, "{name}: {:?}\n{rendered}", proof.counterexample);
    }
}

#[test]
fn a_policy_that_changed_is_not_what_was_rendered() {
    for (name, target) in Target::ALL {
        let rendered = render(&hospital(), *target, TODAY).unwrap();
        let changed = HOSPITAL.replace("tcp/8000-8010", "tcp/8000-8009");
        let found =
            proof(&changed, *target, &rendered).counterexample.unwrap_or_else(|| panic!("{name}"));
        assert_eq!((found.intent, found.rendered), ("drop", "pass"), "{name}: {found:?}");
        assert!(found.dport == 8010 || found.sport == 8010, "{name}: {found:?}");
    }
}

#[test]
fn a_rule_set_without_rules_is_not_proved() {
    for (name, target) in Target::ALL {
        let empty = match target {
            Target::Panos => {
                "<config><devices><entry><vsys><entry><rulebase><security><rules></rules></security>\
                 </rulebase></entry></vsys></entry></devices></config>"
            }
            _ => "",
        };
        let proof = proof(HOSPITAL, *target, empty);
        assert!(!proof.equal, "{name}");
    }
}

#[test]
fn what_cannot_be_said_stops_with_its_name() {
    let any = HOSPITAL.replace("services = [\"tcp/443\"]", "services = [\"any\"]");
    let error = render(&policy(&any).unwrap(), Target::Ios, TODAY).unwrap_err();
    assert_eq!(error.rule, "server-updates");
    let gre = HOSPITAL.replace("services = [\"tcp/443\"]", "services = [\"protocol/47\"]");
    let error = render(&policy(&gre).unwrap(), Target::Panos, TODAY).unwrap_err();
    assert_eq!(error.rule, "server-updates");
}

#[test]
fn what_expired_is_not_rendered() {
    let later = jiff::civil::date(2027, 4, 1);
    for (name, target) in Target::ALL {
        let rendered = render(&hospital(), *target, later).unwrap();
        assert!(!rendered.contains("vendor-in"), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_policy_is_proved_for_every_target(text in policies(false)) {
        for (name, target) in Target::ALL {
            let rendered = render(&policy(&text).unwrap(), *target, TODAY).unwrap();
            let proof = proof(&text, *target, &rendered);
            prop_assert!(proof.equal, "{}: {:?}\n{}\n{}", name, proof.counterexample, text, rendered);
        }
    }

    #[test]
    fn every_protocol_is_proved_where_filters_remember(text in policies(true)) {
        for target in [Target::Nftables, Target::Panos, Target::Fortios, Target::Windows] {
            let rendered = render(&policy(&text).unwrap(), target, TODAY).unwrap();
            let proof = proof(&text, target, &rendered);
            prop_assert!(proof.equal, "{}: {:?}\n{}", target.name(), proof.counterexample, rendered);
        }
    }

    #[test]
    fn readers_survive_noise(noise in "\\PC{0,200}", cut in 0_usize..4_000) {
        for (_, target) in Target::ALL {
            let mut diagrams = protection::packets::Diagrams::new();
            let _ = protection::read::read(*target, &noise, &mut diagrams);
            let rendered = render(&hospital(), *target, TODAY).unwrap();
            let cut = rendered.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(rendered.len());
            let _ = protection::read::read(*target, &rendered[..cut], &mut diagrams);
        }
    }
}
