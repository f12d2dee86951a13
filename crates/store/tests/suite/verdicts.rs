//! Verdicts by configuration, and the questions left open.

use std::collections::{BTreeMap, BTreeSet};

use model::{Epss, Kev, Verdict};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use store::records::{
    Clearing, ConfigurationSaid, ConfigurationVerdicts, DeviceFilter, DeviceOrder, EpssTable,
    KevTable, Page, Stamp, VerdictFilter,
};
use store::{Store, StoreError};

use crate::harness::for_each_store;
use crate::samples::{
    ALL, any_disclosure, any_verdict, at, change, decided, device, disclosure, id, key, verdict,
};

fn kev(vulnerability: &str) -> KevTable {
    let kev = Kev {
        date_added: "2026-07-01".to_owned(),
        due_date: "2026-07-22".to_owned(),
        ransomware: "Known".to_owned(),
        required_action: "Apply updates".to_owned(),
    };
    BTreeMap::from([(vulnerability.to_owned(), kev)])
}

fn epss(vulnerability: &str, score: f64) -> EpssTable {
    let epss = Epss { score, percentile: 0.5, date: Some("2026-11-01".to_owned()) };
    BTreeMap::from([(vulnerability.to_owned(), epss)])
}

/// Devices 1 and 2 share a configuration, 3 has its own, 4 has one without verdicts.
fn fill(store: &Store) {
    let mut worst = verdict("D-2", "CVE-2", Verdict::Affected);
    worst.severity.score = Some(9.8);
    store
        .write(|tx| {
            tx.put_disclosure(&disclosure("D-1", "1"), at(0), true)?;
            tx.put_disclosure(&disclosure("D-2", "1"), at(0), true)?;
            tx.put_devices(&[
                change(device(1), "aurora"),
                change(device(2), "aurora"),
                change(device(3), "other"),
                change(device(4), "clean"),
            ])?;
            tx.replace_configuration_verdicts(&[
                decided(
                    "aurora",
                    vec![
                        verdict("D-1", "CVE-1", Verdict::Affected),
                        worst,
                        verdict("D-1", "CVE-3", Verdict::Unknown),
                    ],
                ),
                decided(
                    "other",
                    vec![
                        verdict("D-1", "CVE-1", Verdict::Unknown),
                        verdict("D-1", "CVE-3", Verdict::NotAffected),
                    ],
                ),
                decided("clean", vec![]),
            ])
        })
        .unwrap();
}

#[test]
fn verdicts_fan_out_to_devices_worst_first() {
    for_each_store(|store| {
        fill(store);
        let found = store.read(|tx| tx.verdict_rows(&any_verdict(), ALL)).unwrap();
        let short: Vec<_> = found
            .rows
            .iter()
            .map(|row| (row.name.as_str(), row.row.vulnerability.as_str(), row.row.verdict.name()))
            .collect();
        let want = [
            ("CT01", "CVE-2", "affected"),
            ("CT02", "CVE-2", "affected"),
            ("CT01", "CVE-1", "affected"),
            ("CT02", "CVE-1", "affected"),
            ("CT01", "CVE-3", "unknown"),
            ("CT02", "CVE-3", "unknown"),
            ("CT03", "CVE-1", "unknown"),
            ("CT03", "CVE-3", "not_affected"),
        ];
        assert_eq!((short.as_slice(), found.total), (want.as_slice(), 8));
        let mut paged = Vec::new();
        for offset in 0..9 {
            let page = Page { offset, limit: 1 };
            paged.extend(store.read(|tx| tx.verdict_rows(&any_verdict(), page)).unwrap().rows);
        }
        assert_eq!(paged, found.rows, "pages put together are the whole");
        let tail = Page { offset: 3, limit: 4 };
        let tail = store.read(|tx| tx.verdict_rows(&any_verdict(), tail)).unwrap().rows;
        assert_eq!(tail, found.rows[3..7]);
    });
}

#[test]
#[rustfmt::skip]
fn verdicts_are_filtered() {
    for_each_store(|store| {
        fill(store);
        let d1 = Some("https://meridian.example#D-1".to_owned());
        for (name, filter, want) in [
            ("verdict",        VerdictFilter { verdict: Some(Verdict::Unknown), ..any_verdict() }, 3),
            ("device",         VerdictFilter { device: Some(id(3)), ..any_verdict() }, 2),
            ("nobody",         VerdictFilter { device: Some(id(9)), ..any_verdict() }, 0),
            ("by key",         VerdictFilter { disclosure: d1.clone(), ..any_verdict() }, 6),
            ("by tracking id", VerdictFilter { disclosure: Some("d-2".to_owned()), ..any_verdict() }, 2),
            ("vulnerability",  VerdictFilter { vulnerability: Some("CVE-1".to_owned()), ..any_verdict() }, 3),
            ("all of them",    VerdictFilter { verdict: Some(Verdict::Affected), device: Some(id(1)), disclosure: d1, vulnerability: Some("CVE-1".to_owned()), as_of: None }, 1),
            ("no such",        VerdictFilter { disclosure: Some("D-9".to_owned()), ..any_verdict() }, 0),
        ] {
            let found = store.read(|tx| tx.verdict_rows(&filter, ALL)).unwrap();
            assert_eq!((found.rows.len() as u64, found.total), (want, want), "{name}");
        }
    });
}

#[test]
fn a_verdict_comes_back_whole_with_today_s_kev_and_epss() {
    for_each_store(|store| {
        fill(store);
        let plain = store.read(|tx| tx.device_detail(id(3))).unwrap().unwrap();
        let mut want = verdict("D-1", "CVE-1", Verdict::Unknown);
        want.asset = "BME-003".to_owned();
        assert_eq!(plain.verdicts[0], want);
        store
            .write(|tx| {
                tx.replace_kev(&kev("CVE-1"))?;
                tx.merge_epss(&epss("CVE-1", 0.25))?;
                tx.merge_epss(&epss("CVE-9", 0.5))?;
                tx.merge_epss(&epss("CVE-1", 0.75))
            })
            .unwrap();
        (want.kev, want.epss) = (kev("CVE-1").remove("CVE-1"), epss("CVE-1", 0.75).remove("CVE-1"));
        let listed = store.read(|tx| tx.device_detail(id(3))).unwrap().unwrap();
        assert_eq!(listed.verdicts[0], want);
        assert_eq!(store.read(|tx| tx.kev()).unwrap(), kev("CVE-1"));
        assert_eq!(store.read(|tx| tx.epss()).unwrap().len(), 2);
    });
}

#[test]
fn kev_marks_devices_and_disclosures_and_unmarks_them() {
    for_each_store(|store| {
        fill(store);
        let exploited = || {
            let wanted = DeviceFilter::default();
            let devices =
                store.read(|tx| tx.device_rows(&wanted, DeviceOrder::Name, ALL)).unwrap().rows;
            devices.iter().map(|row| row.exploited).collect::<Vec<_>>()
        };
        store.write(|tx| tx.replace_kev(&kev("CVE-1"))).unwrap();
        assert_eq!(exploited(), [true, true, false, false], "3 is only undecided");
        let overview = store.read(|tx| tx.overview()).unwrap();
        assert_eq!(overview.exploited, 2);
        store.write(|tx| tx.replace_kev(&kev("CVE-2026-0002"))).unwrap();
        assert_eq!(exploited(), [false; 4]);
        let marked = store.read(|tx| tx.disclosure_rows(&any_disclosure(), ALL)).unwrap();
        assert!(marked.rows.iter().all(|row| row.exploited), "both name it");
        store.write(|tx| tx.replace_kev(&KevTable::new())).unwrap();
        let marked = store.read(|tx| tx.disclosure_rows(&any_disclosure(), ALL)).unwrap();
        assert!(marked.rows.iter().all(|row| !row.exploited));
    });
}

#[test]
fn replacing_verdicts_replaces_them_and_what_is_counted() {
    for_each_store(|store| {
        fill(store);
        let counts = |id: &str| {
            let found = store.read(|tx| tx.disclosure_rows(&any_disclosure(), ALL)).unwrap().rows;
            let row = found.into_iter().find(|row| row.id == id).unwrap();
            (row.devices.affected, row.devices.unknown, row.devices.not_affected)
        };
        assert_eq!(counts("D-1"), (2, 1, 0), "each device by its worst verdict");
        assert_eq!(counts("D-2"), (2, 0, 0));
        let overview = store.read(|tx| tx.overview()).unwrap();
        let by = overview.by_verdict;
        assert_eq!((by.affected, by.unknown, by.not_affected), (2, 1, 0));
        let clear = vec![verdict("D-1", "CVE-1", Verdict::NotAffected)];
        store.write(|tx| tx.replace_configuration_verdicts(&[decided("aurora", clear)])).unwrap();
        assert_eq!(counts("D-1"), (0, 1, 2));
        assert_eq!(counts("D-2"), (0, 0, 0), "it has no verdict left");
        let listed = store.read(|tx| tx.disclosure_rows(&any_disclosure(), ALL)).unwrap().rows;
        assert_eq!(listed[0].id, "D-1", "what touches devices comes first");
    });
}

#[test]
fn configurations_say_what_was_not_matched_yet() {
    for_each_store(|store| {
        fill(store);
        store
            .write(|tx| {
                tx.put_devices(&[change(device(5), "new")])?;
                let stale = tx.stale_configurations(&stamp(0))?;
                assert_eq!((stale.len(), &stale[0].key), (1, &key("new")));
                assert_eq!(stale[0].device, Some(device(5)));
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let all = store.read(|tx| tx.configurations()).unwrap();
        let short: Vec<_> =
            all.iter().map(|row| (row.key.0.as_str(), row.devices, row.matched)).collect();
        let want = [("aurora", 2, true), ("clean", 1, true), ("new", 1, false), ("other", 1, true)];
        assert_eq!(short, want);
        let samples = store.read(|tx| tx.stale_configurations(&stamp(1))).unwrap();
        assert_eq!(samples.len(), 4, "other documents make all of them stale");
        assert_eq!(
            samples[0].device,
            Some(device(1)),
            "the first device stands for its configuration"
        );
    });
}

#[test]
fn open_questions_are_grouped_over_devices() {
    for_each_store(|store| {
        fill(store);
        let mut other = verdict("D-1", "CVE-7", Verdict::Unknown);
        other.question.as_mut().unwrap().text = "Is the port open?".to_owned();
        let (first, again) = (other.clone(), other);
        store
            .write(|tx| {
                tx.put_devices(&[change(device(9), "asked")])?;
                tx.replace_configuration_verdicts(&[decided("asked", vec![first, again])])
            })
            .unwrap();
        let found = store.read(|tx| tx.open_questions(10)).unwrap();
        let short: Vec<_> = found
            .iter()
            .map(|one| (one.text.as_str(), one.devices, one.verdicts, one.example_name.as_str()))
            .collect();
        let want =
            [("Which version runs on it?", 3, 3, "CT01"), ("Is the port open?", 1, 2, "CT09")];
        assert_eq!(short, want);
        assert_eq!(found[0].who, "biomed");
        assert_eq!(store.read(|tx| tx.open_questions(1)).unwrap().len(), 1);
    });
}

/// One thing that can happen to a store.
#[derive(Clone, Debug)]
enum Act {
    Put { device: u8, configuration: u8 },
    Decide { configuration: u8, verdicts: Vec<(u8, u8)> },
    Merge { from: u8, into: u8 },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (1..6u8, 0..3u8).prop_map(|(device, configuration)| Act::Put { device, configuration }),
        (0..3u8, prop::collection::vec((0..3u8, 0..3u8), 0..4))
            .prop_map(|(configuration, verdicts)| Act::Decide { configuration, verdicts }),
        (1..6u8, 1..6u8).prop_map(|(from, into)| Act::Merge { from, into }),
    ]
}

fn kind(number: u8) -> Verdict {
    [Verdict::Affected, Verdict::Unknown, Verdict::NotAffected][usize::from(number)]
}

/// What the store should know, kept the slow and obvious way.
#[derive(Default)]
struct Slow {
    devices: BTreeMap<u8, u8>,
    verdicts: BTreeMap<u8, Vec<(u8, u8)>>,
}

impl Slow {
    fn apply(&mut self, act: &Act) {
        match act {
            Act::Put { device, configuration } => {
                self.devices.insert(*device, *configuration);
            }
            Act::Decide { configuration, verdicts } => {
                self.verdicts.insert(*configuration, verdicts.clone());
            }
            Act::Merge { from, into } => {
                if from != into && self.devices.contains_key(into) {
                    self.devices.remove(from);
                }
            }
        }
    }

    fn count(&self, device: u8, wanted: u8) -> u64 {
        let verdicts = self.devices.get(&device).and_then(|one| self.verdicts.get(one));
        let of_kind = verdicts.into_iter().flatten().filter(|(_, kind)| *kind == wanted);
        of_kind.map(|(vulnerability, _)| vulnerability).collect::<BTreeSet<_>>().len() as u64
    }

    fn by_worst(&self, wanted: u8) -> u64 {
        let worst = |configuration: &u8| {
            self.verdicts.get(configuration).and_then(|all| all.iter().map(|(_, kind)| *kind).min())
        };
        self.devices.values().filter(|one| worst(one) == Some(wanted)).count() as u64
    }
}

fn apply(store: &Store, slow: &Slow, act: &Act) {
    store
        .write(|tx| match act {
            Act::Put { device: number, configuration } => {
                tx.put_devices(&[change(device(*number), &configuration.to_string())])
            }
            Act::Decide { configuration, verdicts } => {
                let rows = verdicts
                    .iter()
                    .map(|(one, of)| verdict("D-1", &format!("CVE-{one}"), kind(*of)))
                    .collect();
                tx.replace_configuration_verdicts(&[decided(&configuration.to_string(), rows)])
            }
            // Merging into what is not there is for the caller never to do.
            Act::Merge { from, into } if slow.devices.contains_key(into) => {
                tx.merge_device(id(*from), id(*into), crate::samples::at(0)).map(drop)
            }
            Act::Merge { .. } => Ok(()),
        })
        .unwrap();
}

#[test]
fn counters_agree_with_counting_slowly_whatever_happens() {
    for_each_store(|store| {
        let mut slow = Slow::default();
        store.write(|tx| tx.put_disclosure(&disclosure("D-1", "1"), at(0), true)).unwrap();
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        for _ in 0..120 {
            let act = act().new_tree(&mut runner).unwrap().current();
            apply(store, &slow, &act);
            slow.apply(&act);
            let wanted = DeviceFilter::default();
            let found =
                store.read(|tx| tx.device_rows(&wanted, DeviceOrder::Name, ALL)).unwrap().rows;
            let seen: Vec<_> =
                found.iter().map(|row| (row.id, row.affected, row.unknown)).collect();
            let want: Vec<_> = slow
                .devices
                .keys()
                .map(|one| (id(*one), slow.count(*one, 0), slow.count(*one, 1)))
                .collect();
            assert_eq!(seen, want, "{act:?}");
            let rows = store.read(|tx| tx.disclosure_rows(&any_disclosure(), ALL)).unwrap().rows;
            let counts = rows[0].devices;
            let want = [0, 1, 2].map(|kind| slow.by_worst(kind));
            assert_eq!([counts.affected, counts.unknown, counts.not_affected], want, "{act:?}");
        }
    });
}

/// What configurations that were never stamped count as decided with, at generation 0.
fn stamp(generation: u64) -> Stamp {
    Stamp { generation, engine: String::new() }
}

#[test]
fn only_changes_are_decisions_and_only_the_stale_is_decided() {
    for_each_store(|store| {
        fill(store);
        let next = Stamp { generation: 7, engine: "next".to_owned() };
        let pending = |stamp: &Stamp| store.read(|tx| tx.pending_devices(stamp)).unwrap();
        assert!(pending(&next) > 0);
        let rows = |verdict| vec![verdict_row("D-1", verdict)];
        let decide = |verdict, when| {
            let all = store.read(|tx| tx.stale_configurations(&next)).unwrap();
            assert!(!all.is_empty());
            store
                .write(|tx| {
                    let decided = [decided("clean", rows(verdict))];
                    tx.decide(&decided, &next, at(when), "why", Clearing::Write)
                })
                .unwrap()
        };
        decide(Verdict::Affected, 10);
        assert_eq!(decide(Verdict::Affected, 11), [], "the same again is no decision");
        let changed = decide(Verdict::NotAffected, 12);
        assert_eq!(changed.len(), 1);
        assert_eq!(
            (changed[0].from, changed[0].to),
            (Some(Verdict::Affected), Some(Verdict::NotAffected))
        );
        let cleared = store.read(|tx| tx.cleared(at(12), 10)).unwrap();
        assert_eq!(cleared.len(), 1);
        assert_eq!(cleared[0].decision, changed[0]);
        let ended = store
            .write(|tx| {
                let decided = [decided("clean", Vec::new())];
                tx.decide(&decided, &next, at(13), "gone", Clearing::Write)
            })
            .unwrap();
        assert_eq!((ended[0].from, ended[0].to), (Some(Verdict::NotAffected), None));
    });
}

fn verdict_row(disclosure: &str, verdict: Verdict) -> model::VerdictRow {
    crate::samples::verdict(disclosure, "CVE-2026-0009", verdict)
}

/// Two publishers with one tracking id: lists, counts, filters and history are apart.
#[test]
fn verdicts_of_two_publishers_are_apart() {
    for_each_store(|store| {
        fill(store);
        let mut other = disclosure("D-1", "1");
        other.key.namespace = "https://other.example".to_owned();
        let of_other = model::VerdictRow {
            disclosure_namespace: other.key.namespace.clone(),
            ..verdict("D-1", "CVE-1", Verdict::NotAffected)
        };
        let all = vec![verdict("D-1", "CVE-1", Verdict::Affected), of_other];
        store
            .write(|tx| {
                tx.put_disclosure(&other, at(1), true)?;
                let decided = [decided("clean", all)];
                tx.decide(&decided, &stamp(3), at(2), "both", Clearing::Write).map(drop)
            })
            .unwrap();
        let count = |name: &str| {
            let filter = VerdictFilter {
                disclosure: Some(name.to_owned()),
                device: Some(id(4)),
                ..any_verdict()
            };
            store.read(|tx| tx.verdict_rows(&filter, ALL)).unwrap().total
        };
        assert_eq!(count("D-1"), 2, "a tracking id means both");
        assert_eq!(count("https://other.example#D-1"), 1);
        let rows = store.read(|tx| tx.disclosure_rows(&any_disclosure(), ALL)).unwrap().rows;
        let of_other = rows.iter().find(|row| row.key == other.key).unwrap();
        assert_eq!((of_other.devices.affected, of_other.devices.not_affected), (0, 1));
        let told = store.read(|tx| tx.decisions_of(id(4))).unwrap();
        let names: BTreeSet<_> = told.iter().map(|row| row.disclosure_namespace.as_str()).collect();
        assert_eq!(names, BTreeSet::from(["https://meridian.example", "https://other.example"]));
        let keys = store.read(|tx| tx.disclosure_keys("d-1")).unwrap();
        assert_eq!(keys.len(), 2);
    });
}

/// A device whose record changed keeps the history of what it was, and is told what that changed.
#[test]
fn a_device_that_moves_takes_its_history_along() {
    for_each_store(|store| {
        fill(store);
        let next = Stamp { generation: 9, engine: "next".to_owned() };
        let decide = |configuration: &str, verdict, when| {
            let rows = vec![verdict_row("D-1", verdict)];
            store
                .write(|tx| {
                    let decided = [decided(configuration, rows)];
                    tx.decide(&decided, &next, at(when), "decided", Clearing::Write)
                })
                .unwrap();
        };
        let told = |number| {
            let rows = store.read(|tx| tx.decisions_of(id(number))).unwrap();
            rows.into_iter().map(|row| (row.from, row.to)).collect::<Vec<_>>()
        };
        decide("clean", Verdict::Affected, 10);
        store.write(|tx| tx.put_devices(&[change(device(4), "newer")])).unwrap();
        assert!(!store.read(|tx| tx.has_untold_moves(&next)).unwrap(), "not decided yet");
        decide("newer", Verdict::NotAffected, 10);
        assert!(store.read(|tx| tx.has_untold_moves(&next)).unwrap());
        let moved = store.write(|tx| tx.tell_moves(&next, at(10), 100)).unwrap();
        assert_eq!(moved.len(), 1);
        let (affected, clear) = (Some(Verdict::Affected), Some(Verdict::NotAffected));
        assert_eq!(told(4), [(None, affected), (affected, clear)]);
        let cleared = store.read(|tx| tx.cleared(at(10), 10)).unwrap();
        assert_eq!((cleared.len(), cleared[0].device, cleared[0].devices), (1, id(4), 1));
        decide("newer", Verdict::Unknown, 11);
        decide("clean", Verdict::Unknown, 11);
        let want = [(None, affected), (affected, clear), (clear, Some(Verdict::Unknown))];
        assert_eq!(told(4), want, "what became of the old configuration is not its affair");
        store.write(|tx| tx.put_devices(&[change(device(4), "clean")])).unwrap();
        store.write(|tx| tx.tell_moves(&next, at(12), 100)).unwrap();
        assert_eq!(told(4), want, "both are undecided, so nothing changed");
        assert!(!store.read(|tx| tx.has_untold_moves(&next)).unwrap());
    });
}

/// What a newer engine would clear stays affected while it waits, and is cleared once it does not.
#[test]
fn a_newer_engine_that_waits_clears_nothing() {
    for_each_store(|store| {
        fill(store);
        let stamp = |engine: &str| Stamp { generation: 1, engine: engine.to_owned() };
        let decide = |engine: &str, rows: Vec<model::VerdictRow>, clearing| {
            store
                .write(|tx| {
                    tx.decide(&[decided("clean", rows)], &stamp(engine), at(20), "why", clearing)
                })
                .unwrap()
                .len()
        };
        let one = |verdict| vec![verdict_row("D-1", verdict)];
        decide("old", one(Verdict::Affected), Clearing::Write);
        let share = |rows| store.read(|tx| tx.share_cleared(&[decided("clean", rows)])).unwrap();
        let found = share(one(Verdict::NotAffected));
        assert_eq!((found.affected, found.cleared), (1, 1));
        assert_eq!(share(one(Verdict::Unknown)).cleared, 0);
        assert!(store.read(|tx| tx.was_decided_by_another("new")).unwrap());
        for rows in [one(Verdict::NotAffected), Vec::new(), one(Verdict::NotAffected)] {
            assert_eq!(decide("new", rows, Clearing::Wait), 0);
            let held = store.read(|tx| tx.device_detail(id(4))).unwrap().unwrap().verdicts;
            assert_eq!((held.len(), held[0].verdict), (1, Verdict::Affected));
            assert_eq!(held[0].steps.iter().filter(|step| step.step == "engine").count(), 1);
        }
        assert_eq!(decide("new", one(Verdict::NotAffected), Clearing::Write), 1);
    });
}

/// Deciding anew what one disclosure says leaves what the others said, and its digest is kept.
#[test]
fn what_one_disclosure_says_is_decided_alone() {
    for_each_store(|store| {
        fill(store);
        let next = Stamp { generation: 4, engine: "next".to_owned() };
        let put =
            |of: Option<BTreeSet<i64>>, rows: Vec<model::VerdictRow>, digests: &[(i64, u64)]| {
                let said = ConfigurationSaid {
                    asset: "{}".to_owned(),
                    digests: digests.iter().copied().collect(),
                };
                let one = ConfigurationVerdicts { key: key("clean"), of, rows, said };
                let write = Clearing::Write;
                store.write(|tx| tx.decide(&[one], &next, at(30), "why", write)).unwrap().len()
            };
        let first = verdict("D-1", "CVE-1", Verdict::Affected);
        let second = verdict("D-2", "CVE-1", Verdict::Unknown);
        assert_eq!(put(None, vec![first.clone(), second], &[(1, 7), (2, u64::MAX)]), 2);
        let clear = verdict("D-2", "CVE-1", Verdict::NotAffected);
        assert_eq!(put(Some(BTreeSet::from([2])), vec![clear], &[(1, 7), (2, 9)]), 1);
        let held = store.read(|tx| tx.device_detail(id(4))).unwrap().unwrap().verdicts;
        let short: Vec<_> = held.iter().map(|row| (row.disclosure.as_str(), row.verdict)).collect();
        assert_eq!(short, [("D-1", Verdict::Affected), ("D-2", Verdict::NotAffected)]);
        assert_eq!(put(Some(BTreeSet::from([1])), Vec::new(), &[(2, 9)]), 1, "it ended");
        let later = Stamp { generation: 5, ..next.clone() };
        let stale = store.read(|tx| tx.stale_configurations(&later)).unwrap();
        let settled = stale.iter().find(|one| one.key == key("clean")).unwrap();
        assert_eq!(settled.said.digests, BTreeMap::from([(2, 9)]));
        assert!(settled.is_of_engine && settled.device.is_none());
        let counts = store.read(|tx| tx.disclosure_rows(&any_disclosure(), ALL)).unwrap().rows;
        let of = |id: &str| counts.iter().find(|row| row.id == id).unwrap().devices;
        assert_eq!((of("D-2").affected, of("D-2").not_affected), (2, 1));
    });
}
