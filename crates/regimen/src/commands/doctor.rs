//! `regimen doctor`: what is missing in the set-up, and how to mend it.

use anyhow::Result;
use hub::{Caller, Hub};
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
            checks.extend(contents(&hub)?);
        }
        Err(error) => checks.push(Check {
            what: "store",
            ok: false,
            found: format!("{error:#}"),
            mend: Some("check --data or --store, and who may write there"),
            pending: None,
        }),
    }
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

fn contents(hub: &Hub) -> Result<Vec<Check>> {
    let caller = Caller::console();
    let overview = hub.overview(&caller)?;
    let evidence = hub.verify_evidence(&caller)?;
    let people = hub.people(&caller)?;
    let feed = |what, kind: &str, mend| match overview.feeds.get(kind) {
        Some(at) => passed(what, format!("last taken in {at}")),
        None => Check {
            what,
            ok: false,
            found: "never taken in".to_owned(),
            mend: Some(mend),
            pending: None,
        },
    };
    Ok(vec![
        Check {
            what: "evidence chain",
            ok: evidence.ok,
            found: format!("{} rows", evidence.rows),
            mend: Some("a row was changed or lost outside of Regimen: restore from a backup"),
            pending: None,
        },
        Check {
            what: "accounts",
            ok: !people.is_empty(),
            found: people.len().to_string(),
            mend: Some("`regimen serve` makes the first administrator"),
            pending: None,
        },
        feed("captures", "capture", "regimen ingest CAPTURE.pcap"),
        feed("inventory", "inventory", "regimen ingest INVENTORY.csv"),
        feed("disclosures", "csaf", "regimen ingest FOLDER-OF-CSAF-DOCUMENTS"),
        feed(
            "exploited vulnerabilities",
            "kev",
            "regimen ingest known_exploited_vulnerabilities.json",
        ),
        feed("exploit prediction", "epss", "regimen ingest epss_scores.csv"),
    ])
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
