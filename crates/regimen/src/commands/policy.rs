//! `regimen policy`: what a segmentation policy says, its renderings, their proof.

use std::io::Write as _;
use std::net::IpAddr;

use anyhow::{Context, Result};
use hub::protect::{Counterexample, Finding, Flow, PolicyError, Segmentation, Severity, Target};
use serde_json::json;

use super::{Usage, now};
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
            names.iter().for_each(|name| table.row(vec![change.to_owned(), name.clone()]));
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
