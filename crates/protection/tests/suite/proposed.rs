//! A policy proposed from what was seen keeps what was seen.

use std::net::IpAddr;

use jiff::civil::{Date, date};
use proptest::collection::vec;
use proptest::prelude::*;
use protection::policy::{Severity, lint, write};
use protection::propose::{Proposal, Station, Talk, propose};
use protection::prove::prove;
use protection::render::{Target, render};
use protection::simulate::simulate;

use crate::{TODAY, policy};

const CLASSES: &[(&str, &str)] = &[
    ("infusion_pump", "infusion"),
    ("patient_monitor", "monitoring"),
    ("ct_scanner", "imaging"),
    ("pacs", "imaging"),
    ("infusion_server", "infusion"),
    ("dns_server", "servers"),
    ("workstation", "workstations"),
    ("unknown", "quarantine"),
];

fn station(class: u8, host: u8) -> Station {
    let (class, hint) = CLASSES[usize::from(class) % CLASSES.len()];
    Station {
        name: format!("{class}-{host}"),
        addresses: vec![IpAddr::from([10, 22, host % 3, host])],
        class: Some(class.to_owned()),
        zone_hint: Some(hint.to_owned()),
        care_function: (class == "infusion_pump").then(|| "therapy".to_owned()),
        location: None,
        legacy: host.is_multiple_of(11),
    }
}

fn talk(client: IpAddr, server: IpAddr, port: u16, day: i8) -> Talk {
    let days: Vec<Date> = vec![date(2026, 11, day.clamp(1, 25))];
    Talk {
        client,
        server,
        protocol: if port.is_multiple_of(3) { 17 } else { 6 },
        port,
        application: None,
        days,
    }
}

fn seen() -> impl Strategy<Value = (Vec<Station>, Vec<Talk>)> {
    let stations = vec(any::<u8>(), 2..40);
    let talks = vec((any::<u8>(), any::<u8>(), 1_u16..2_000, 1_i8..26, 0_u8..12), 0..60);
    (stations, talks).prop_map(|(classes, talks)| {
        let stations: Vec<Station> = classes
            .iter()
            .enumerate()
            .map(|(host, class)| station(*class, host as u8 + 1))
            .collect();
        let address = |pick: u8| stations[usize::from(pick) % stations.len()].addresses[0];
        let talks = talks
            .into_iter()
            .map(|(client, server, port, day, kind)| {
                let server = match kind {
                    0 => IpAddr::from([198, 51, 100, server]),
                    1 => IpAddr::from([224, 0, 0, 251]),
                    _ => address(server),
                };
                let client =
                    if kind == 2 { IpAddr::from([203, 0, 113, client]) } else { address(client) };
                talk(client, server, port, day)
            })
            .collect();
        (stations, talks)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_was_seen_passes((stations, talks) in seen()) {
        let Proposal { policy: proposed, left_out } = propose("Main", &stations, &talks);
        let text = write(&proposed);
        let read = policy(&text).unwrap_or_else(|refused| panic!("{refused:?}\n{text}"));
        let found = simulate(&read, &stations, &talks, TODAY).unwrap();
        let beyond = |reason: &str| !reason.contains("own link");
        let left: usize = left_out.iter().filter(|out| beyond(out.reason)).map(|out| out.count).sum();
        prop_assert_eq!(found.cut_count, left, "{}", text);
        for one in lint(&read, TODAY).unwrap() {
            prop_assert!(one.severity == Severity::Warning || one.rule == "from-outside", "{:?}", one);
        }
        let rendered = render(&read, Target::Nftables, TODAY).unwrap();
        prop_assert!(prove(&read, Target::Nftables, &rendered, TODAY).unwrap().equal);
    }

    #[test]
    fn no_quarantine_takes_a_type_from_care((stations, _) in seen()) {
        let zones = propose("Main", &stations, &[]).policy.zones;
        for (class, _) in &CLASSES[..3] {
            let count = stations.iter().filter(|one| one.class.as_deref() == Some(class) && !one.legacy).count();
            let held = zones.values().filter(|zone| zone.holds.iter().any(|held| held == class) && zone.name != "legacy");
            prop_assert_eq!(held.count(), count.min(2), "{}: {}", class, count);
        }
    }
}

#[test]
fn a_cut_says_whose_care_it_touches() {
    let stations: Vec<Station> =
        (1..=4).map(|host| station(u8::from(host > 3) * 4, host)).collect();
    let server = stations[3].addresses[0];
    let talks: Vec<Talk> =
        (0..3).map(|pump| talk(stations[pump].addresses[0], server, 3_613, 3)).collect();
    let proposed = propose("Main", &stations, &talks[..1]).policy;
    let kept = simulate(&proposed, &stations, &talks[..1], TODAY).unwrap();
    assert_eq!((kept.conversations, kept.cut_count), (1, 0));
    let mut without = proposed.clone();
    without.conduits.clear();
    let found = simulate(&without, &stations, &talks, TODAY).unwrap();
    assert_eq!(found.cut_count, 3);
    assert_eq!(found.cut[0].care_function.as_deref(), Some("therapy"));
    assert_eq!(found.cut[0].last_seen.as_deref(), Some("2026-11-03"));
}

#[test]
fn a_short_record_says_so_and_a_long_one_bounds() {
    let stations: Vec<Station> =
        (1..=4).map(|host| station(u8::from(host > 3) * 4, host)).collect();
    let server = stations[3].addresses[0];
    let proposed = propose("Main", &stations, &[]).policy;
    let daily = |days: i32| {
        let talks: Vec<Talk> = (0..3)
            .map(|pump| {
                let first = date(2026, 8, 1);
                let days =
                    (0..days).map(|day| first.checked_add(jiff::Span::new().days(day)).unwrap());
                Talk { days: days.collect(), ..talk(stations[pump].addresses[0], server, 3_613, 1) }
            })
            .collect();
        simulate(&proposed, &stations, &talks, TODAY).unwrap().bound
    };
    let short = daily(3);
    assert!(short[0].note.as_deref().is_some_and(|note| note.contains("weekly")), "{short:?}");
    let long = daily(90);
    assert_eq!(
        long.iter().map(|pair| pair.note.clone()).collect::<Vec<_>>(),
        vec![None; long.len()]
    );
    assert!(long.iter().all(|pair| pair.missing_mass < 0.05), "{long:?}");
    assert_eq!(long.iter().map(|pair| pair.device_days).sum::<usize>(), 270);
}
