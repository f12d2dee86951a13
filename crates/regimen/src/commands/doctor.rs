//! `regimen doctor`: what is missing in the set-up, and how to mend it.

use anyhow::Result;
use hub::{Caller, Hub, VerifyRequest};
use serde::Serialize;

use crate::arguments::Common;
use crate::output::{self, Outcome};

/// One thing that was checked.
#[derive(Serialize)]
struct Check {
    what: &'static str,
    ok: bool,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<&'static str>,
    /// Devices that are not decided yet, for the check that counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<u64>,
}

pub(crate) fn run(common: &Common) -> Result<Outcome> {
    let mut checks = vec![live_capture()];
    match super::open_to_read(common) {
        Ok(hub) => {
            checks.push(passed("store", super::store_url(common)?.to_string()));
            checks.push(undecided(common, &hub)?);
            checks.extend(waiting(&hub)?);
            checks.extend(contents(common, &hub)?);
        }
        Err(error) => checks.push(Check {
            what: "store",
            ok: false,
            found: format!("{error:#}"),
            mend: Some("check --data or --store, and who may write there"),
            pending: None,
        }),
    }
    checks.push(keys(common));
    for check in checks.iter_mut().filter(|check| check.ok) {
        check.mend = None;
    }
    output::print(common, &checks, &checks, |out| {
        for check in &checks {
            let mark = if check.ok { "ok     " } else { "missing" };
            writeln!(out, "{mark}  {}: {}", check.what, check.found)?;
            if let Some(mend) = check.mend.filter(|_| !check.ok) {
                writeln!(out, "         {mend}")?;
            }
        }
        Ok(())
    })?;
    let held = checks.iter().all(|check| check.ok);
    Ok(if held { Outcome::Done } else { Outcome::GateFailed })
}

fn contents(common: &Common, hub: &Hub) -> Result<Vec<Check>> {
    let caller = Caller::console();
    let wrong = hub.integrity(&caller)?;
    let people = hub.people(&caller)?;
    let mut checks = vec![
        Check {
            what: "database",
            ok: wrong.is_empty(),
            found: if wrong.is_empty() { "sound".to_owned() } else { wrong.join("; ") },
            mend: Some(
                "keep the file, then `regimen backup restore FILE --replace`; check the disk",
            ),
            pending: None,
        },
        Check {
            what: "accounts",
            ok: !people.is_empty(),
            found: people.len().to_string(),
            mend: Some("`regimen serve` makes the first administrator"),
            pending: None,
        },
    ];
    checks.splice(0..0, evidence(common, hub)?);
    checks.extend(feeds(common, hub)?);
    Ok(checks)
}

/// The chain, and the checkpoints without which its end proves nothing.
fn evidence(common: &Common, hub: &Hub) -> Result<[Check; 2]> {
    let request = VerifyRequest { now: Some(super::now(common)), ..VerifyRequest::default() };
    let check = hub.verify_evidence_as(&Caller::console(), &request)?;
    let bad = check.first_bad.map(|bad| format!(", row {}: {}", bad.row, bad.reason));
    let newest = check.checkpoint.as_ref();
    let late = check.warnings.iter().find(|one| newest.is_none_or(|newest| newest.row == one.row));
    Ok([
        Check {
            what: "evidence chain",
            ok: check.ok,
            found: format!("{} rows{}", check.rows, bad.unwrap_or_default()),
            mend: Some("something outside of Regimen changed the store: keep it, restore a backup"),
            pending: None,
        },
        Check {
            what: "checkpoints",
            ok: newest.is_some() && late.is_none(),
            found: match (newest, late) {
                (_, Some(late)) => late.reason.clone(),
                (Some(newest), None) => format!("{}, the newest of {}", newest.count, newest.at),
                (None, None) => "none yet".to_owned(),
            },
            mend: Some("`regimen evidence checkpoint` daily; keep what it prints elsewhere"),
            pending: None,
        },
    ])
}

/// The data's own dates: a catalogue of last year is old, whenever it was taken in.
fn feeds(common: &Common, hub: &Hub) -> Result<Vec<Check>> {
    let caller = Caller::console();
    let (overview, times) = (hub.overview(&caller)?, hub.data_times(&caller)?);
    let now = super::now(common);
    let one = |(what, kind, days_max, mend): &(&'static str, &str, i64, &'static str)| {
        let (taken, of) = (overview.feeds.get(*kind), times.get(*kind));
        let (ok, found) = match (taken, of) {
            (None, _) => (false, "never taken in".to_owned()),
            (Some(taken), None) => {
                (true, format!("taken in {taken}; it does not say of when it is"))
            }
            (Some(_), Some(of)) => {
                let days = now.as_micros().saturating_sub(of.as_micros()) / MICROS_A_DAY;
                (days <= *days_max, format!("of {}, {days} days old", of.day()))
            }
        };
        Check { what, ok, found, mend: Some(mend), pending: None }
    };
    Ok(FEEDS.iter().map(one).collect())
}

/// Who else can reach the keys.
fn keys(common: &Common) -> Check {
    let mend = Some("`chmod go-rwx` what others can reach, then `regimen keys rotate`");
    let what = "keys";
    match super::keys_folder(common).and_then(|folder| Ok((hub::in_use(&folder)?, folder))) {
        Ok((count, folder)) => {
            let found = format!("{count} in use, in {}", folder.display());
            passed(what, found)
        }
        Err(error) => Check { what, ok: false, found: format!("{error:#}"), mend, pending: None },
    }
}

/// Decides what is pending: nobody should have to know a second command. Only then is the store
/// opened to be written.
fn undecided(common: &Common, hub: &Hub) -> Result<Check> {
    let caller = Caller::console();
    let before = hub.pending(&caller)?;
    let pending = if before == 0 {
        0
    } else {
        let writing = super::open(common)?;
        writing.decide(&caller, "the doctor found it undecided", super::now(common))?;
        writing.pending(&caller)?
    };
    Ok(Check {
        what: "pending decisions",
        ok: pending == 0,
        found: format!("{pending} devices not yet decided, {before} before this check"),
        mend: Some("look at the skipped disclosures, then run `regimen doctor` again"),
        pending: Some(pending),
    })
}

/// What would clear devices and waits for a person. A document that waits is no fault: what it would
/// clear counts as undecided.
fn waiting(hub: &Hub) -> Result<Vec<Check>> {
    let caller = Caller::console();
    let held = hub.held_back(&caller)?.len();
    let found = match held {
        0 => "no newer document would clear a device".to_owned(),
        _ => format!("{held} disclosures would clear devices: see `regimen verdicts held`"),
    };
    let engine = hub.engine_waits(&caller)?;
    let would = engine.as_ref().map_or_else(
        || "nothing waits".to_owned(),
        |waits| format!("it would clear {} of {} affected", waits.cleared, waits.affected),
    );
    Ok(vec![
        passed("confirmations", found),
        Check {
            what: "newer version of Regimen",
            ok: engine.is_none(),
            found: would,
            mend: Some("look at what it clears, then `regimen verdicts confirm --engine`"),
            pending: None,
        },
    ])
}

fn live_capture() -> Check {
    match hub::one_shot::may_listen() {
        Ok(()) => passed("live capture", "allowed".to_owned()),
        Err(error) => Check {
            what: "live capture",
            ok: false,
            found: error.to_string(),
            mend: Some("setcap cap_net_raw+ep on the regimen binary, or use capture files only"),
            pending: None,
        },
    }
}

fn passed(what: &'static str, found: String) -> Check {
    Check { what, ok: true, found, mend: None, pending: None }
}

/// Kinds of input: how many days old the data may be, and what brings newer data. KEV changes
/// several times a week and EPSS daily; CISA publishes advisories every week; a device that was
/// not seen for a month may be gone; an inventory is exported at least each quarter.
const FEEDS: &[(&str, &str, i64, &str)] = &[
    ("captures", "capture", 31, "regimen ingest CAPTURE.pcap"),
    ("inventory", "inventory", 92, "regimen ingest INVENTORY.csv"),
    ("disclosures", "csaf", 31, "regimen ingest FOLDER-OF-CSAF-DOCUMENTS"),
    (
        "exploited vulnerabilities",
        "kev",
        14,
        "fetch a newer one, then regimen ingest known_exploited_vulnerabilities.json",
    ),
    ("exploit prediction", "epss", 14, "fetch newer ones, then regimen ingest epss_scores.csv"),
];

const MICROS_A_DAY: i64 = 86_400_000_000;
