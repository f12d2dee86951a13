//! `regimen policy`: what a segmentation policy says, its renderings, their proof.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result};
use hub::Caller;
use hub::protect::{
    Bound, Counterexample, Finding, Flow, PolicyError, Segmentation, Severity, Target,
};
use serde_json::json;

use super::{Usage, now, open_to_read};
use crate::arguments::{Common, Policy, PolicyAsk, TargetName};
use crate::output::{self, Outcome, Table};

pub(crate) fn run(common: &Common, command: &Policy) -> Result<Outcome> {
    match answer(common, command) {
        // A policy or rule set that is refused is a gate that does not hold, not a bug.
        Err(error) => match error.downcast_ref::<PolicyError>() {
            Some(refused) if is_gate(refused) => {
                tell_refused(common, refused)?;
                Ok(Outcome::GateFailed)
            }
            _ => Err(error),
        },
        done => done,
    }
}

fn answer(common: &Common, command: &Policy) -> Result<Outcome> {
    let read = |folder| Segmentation::read(folder, now(common));
    match command {
        Policy::Lint { folder } => lint(common, &read(folder)?),
        Policy::Ask(wanted) => ask(common, &read(&wanted.folder)?, wanted),
        Policy::Render { folder, target, out } => {
            let text = read(folder)?.render((*target).into())?;
            match out {
                Some(path) => {
                    std::fs::write(path, text)
                        .with_context(|| format!("writing {}", path.display()))?;
                }
                None => std::io::stdout().lock().write_all(text.as_bytes())?,
            }
            Ok(Outcome::Done)
        }
        Policy::Prove { folder, target, rendered } => {
            let proof = read(folder)?.prove((*target).into(), rendered)?;
            output::print(common, &proof, std::slice::from_ref(&proof), |out| {
                match &proof.counterexample {
                    None => writeln!(out, "equal: {}", proof.targets.join(", ")),
                    Some(found) => writeln!(out, "not equal: {}", sentence(found)),
                }
            })?;
            Ok(if proof.equal { Outcome::Done } else { Outcome::GateFailed })
        }
        Policy::Propose { out, site } => propose(common, out, site.as_deref()),
        Policy::Simulate { folder, site } => simulate(common, &read(folder)?, site.as_deref()),
        Policy::Diff { older, newer } => diff(common, &read(older)?, &read(newer)?),
    }
}

const fn is_gate(error: &PolicyError) -> bool {
    matches!(
        error,
        PolicyError::Refused { .. } | PolicyError::Unrenderable(_) | PolicyError::Rules(_)
    )
}

/// What was refused: as JSON where that was asked for, else for people.
fn tell_refused(common: &Common, error: &PolicyError) -> Result<()> {
    if common.json || common.jsonl {
        let refused = match error {
            PolicyError::Refused { refused } => json!(refused),
            other => json!([{ "reason": other.to_string() }]),
        };
        let value = json!({ "equal": false, "refused": refused });
        output::print(common, &value, std::slice::from_ref(&value), |_| Ok(()))?;
    } else {
        eprintln!("regimen: {error}");
    }
    Ok(())
}

fn lint(common: &Common, policy: &Segmentation) -> Result<Outcome> {
    let findings = policy.lint()?;
    output::print(common, &findings, &findings, |out| {
        for finding in &findings {
            writeln!(out, "{}", line(finding))?;
        }
        writeln!(out, "{} findings", findings.len())
    })?;
    let wrong = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if wrong { Outcome::GateFailed } else { Outcome::Done })
}

fn line(finding: &Finding) -> String {
    let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
    let Finding { place, rule, detail, fix, .. } = finding;
    format!("{}:{}: {severity}: {detail} ({rule}); {fix}", place.file, place.line)
}

fn ask(common: &Common, policy: &Segmentation, wanted: &PolicyAsk) -> Result<Outcome> {
    if wanted.src.is_ipv4() != wanted.dst.is_ipv4() {
        let (src, dst) = (wanted.src, wanted.dst);
        return Err(Usage(format!("{src} and {dst} are addresses of different versions")).into());
    }
    let flow = Flow {
        source: wanted.src,
        destination: wanted.dst,
        protocol: protocol(&wanted.proto, wanted.dst)?,
        port: wanted.dport,
    };
    let answer = policy.ask(&flow);
    output::print(common, &answer, std::slice::from_ref(&answer), |out| {
        writeln!(out, "{}", if answer.allowed { "passes" } else { "does not pass" })?;
        answer.why.iter().try_for_each(|step| writeln!(out, "  {step}"))
    })?;
    Ok(Outcome::Done)
}

/// Writes a first policy into a folder of its own: what a person changed is never written over.
fn propose(common: &Common, out: &Path, site: Option<&str>) -> Result<Outcome> {
    let hub = open_to_read(common)?;
    let proposed = hub.propose_policy(&Caller::console(), site)?;
    std::fs::create_dir(out).with_context(|| format!("making the folder {}", out.display()))?;
    let file = out.join("policy.toml");
    std::fs::write(&file, &proposed.text).with_context(|| format!("writing {}", file.display()))?;
    let left_out: usize = proposed.left_out.iter().map(|out| out.count).sum();
    let value = json!({
        "file": file,
        "zones": proposed.zones,
        "conduits": proposed.conduits,
        "left_out": left_out,
    });
    output::print(common, &value, std::slice::from_ref(&value), |out| {
        let (zones, conduits) = (proposed.zones, proposed.conduits);
        writeln!(out, "{}: {zones} zones, {conduits} conduits, none approved", file.display())?;
        for left in &proposed.left_out {
            writeln!(out, "left out: {} conversations, {}", left.count, left.reason)?;
        }
        Ok(())
    })?;
    Ok(Outcome::Done)
}

fn simulate(common: &Common, policy: &Segmentation, site: Option<&str>) -> Result<Outcome> {
    let hub = open_to_read(common)?;
    let found = hub.simulate_policy(&Caller::console(), policy, site)?;
    output::print(common, &found, std::slice::from_ref(&found), |out| {
        let mut table = Table::new(&["CUT", "TO", "PROTOCOL", "PORT", "WHAT", "CARE", "LAST SEEN"]);
        for cut in found.cut.iter().take(CUT_SHOWN_MAX) {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
            table.row(vec![
                cut.client.clone(),
                cut.server.clone(),
                cut.protocol.to_string(),
                cut.port.to_string(),
                text(&cut.application),
                text(&cut.care_function),
                text(&cut.last_seen),
            ]);
        }
        table.write(out)?;
        writeln!(
            out,
            "\n{} of {} conversations would be cut",
            found.cut_count, found.conversations
        )?;
        write_bounds(&found.bound, out)
    })?;
    Ok(Outcome::Done)
}

/// How much was not seen: a line for each pair of zones that was watched long enough, one for each
/// reason why others were not.
fn write_bounds(bounds: &[Bound], out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let mut notes: BTreeMap<&str, usize> = BTreeMap::new();
    for pair in bounds {
        let (from, to, share) = (&pair.from_zone, &pair.to_zone, pair.missing_mass * 100.0);
        match &pair.note {
            Some(note) => *notes.entry(note).or_default() += 1,
            None => writeln!(out, "{from} to {to}: at most {share:.0} % of device-days are new")?,
        }
    }
    notes.iter().try_for_each(|(note, count)| writeln!(out, "{count} pairs of zones: {note}"))
}

/// Most cut conversations in a table for people; `--json` lists them all.
const CUT_SHOWN_MAX: usize = 50;

fn protocol(word: &str, destination: IpAddr) -> Result<u8> {
    Ok(match word {
        "tcp" => 6,
        "udp" => 17,
        "icmp" if destination.is_ipv4() => 1,
        "icmp" => 58,
        other => other.parse().map_err(|_| Usage(format!("`{other}` is not a protocol")))?,
    })
}

fn diff(common: &Common, older: &Segmentation, newer: &Segmentation) -> Result<Outcome> {
    let found = older.diff(newer)?;
    output::print(common, &found, std::slice::from_ref(&found), |out| {
        let mut table = Table::new(&["CHANGE", "WHAT"]);
        for (change, names) in
            [("added", &found.added), ("removed", &found.removed), ("changed", &found.changed)]
        {
            for name in names {
                table.row(vec![change.to_owned(), name.clone()]);
            }
        }
        table.write(out)?;
        for (words, example) in [("now passes", &found.gained), ("is cut", &found.lost)] {
            if let Some(example) = example {
                let (src, dst) = (&example.src, &example.dst);
                writeln!(
                    out,
                    "{words}, for example: {src} to {dst}, protocol {} port {}",
                    example.proto, example.dport
                )?;
            }
        }
        Ok(())
    })?;
    Ok(Outcome::Done)
}

fn sentence(found: &Counterexample) -> String {
    let Counterexample { src, dst, proto, sport, dport, direction, intent, rendered, list } = found;
    format!(
        "{direction} packet of protocol {proto} from {src} port {sport} to {dst} port {dport}: \
         the policy says {intent}, {list} says {rendered}"
    )
}

impl From<TargetName> for Target {
    fn from(name: TargetName) -> Self {
        match name {
            TargetName::Nftables => Self::Nftables,
            TargetName::Ios => Self::Ios,
            TargetName::Panos => Self::Panos,
            TargetName::Fortios => Self::Fortios,
            TargetName::Windows => Self::Windows,
        }
    }
}
