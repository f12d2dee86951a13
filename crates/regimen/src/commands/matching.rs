//! `regimen match`: which devices of an inventory the disclosures affect. Keeps nothing.

use std::io::{self, Write};

use anyhow::Result;
use hub::one_shot;
use model::{Verdict, VerdictRow};

use crate::arguments::{Common, FailOn, Match};
use crate::output::{self, Outcome, Table};

pub(crate) fn run(common: &Common, wanted: &Match) -> Result<Outcome> {
    let matched = one_shot::match_files(&wanted.inventory, &wanted.disclosures)?;
    output::print(common, &matched.rows, &matched.rows, |out| write_tables(&matched.rows, out))?;
    output::tell_skips(common, &matched.skipped);
    if wanted.fail_on.is_some_and(|worst| fails(worst, &matched.rows)) {
        return Ok(Outcome::GateFailed);
    }
    Ok(Outcome::of_skips(&matched.skipped))
}

fn fails(worst: FailOn, rows: &[VerdictRow]) -> bool {
    rows.iter().any(|row| match row.verdict {
        Verdict::Affected => true,
        Verdict::Unknown => worst == FailOn::Unknown,
        Verdict::NotAffected => false,
    })
}

/// Prints verdicts for people: a table, and under it what would decide the unknown ones.
pub(crate) fn write_tables(rows: &[VerdictRow], out: &mut dyn Write) -> io::Result<()> {
    let mut table =
        Table::new(&["VERDICT", "ASSET", "DISCLOSURE", "VULNERABILITY", "CVSS", "KEV", "PRODUCT"]);
    for row in rows {
        table.row(vec![
            row.verdict.name().to_owned(),
            row.asset.clone(),
            row.disclosure.clone(),
            row.vulnerability.clone(),
            row.severity
                .score
                .or(row.severity.score_v4)
                .map_or_else(|| "–".to_owned(), |score| format!("{score:.1}")),
            if row.kev.is_some() { "exploited" } else { "–" }.to_owned(),
            row.product.clone(),
        ]);
    }
    table.write(out)?;
    let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    writeln!(
        out,
        "\n{} affected, {} unknown, {} not affected",
        count(Verdict::Affected),
        count(Verdict::Unknown),
        count(Verdict::NotAffected)
    )?;
    write_questions(rows, out)
}

fn write_questions(rows: &[VerdictRow], out: &mut dyn Write) -> io::Result<()> {
    let mut asked: Vec<(String, usize)> = Vec::new();
    for row in rows {
        let Some(question) = &row.question else { continue };
        let line = format!("{} ({})", question.text, question.who);
        match asked.iter_mut().find(|(text, _)| *text == line) {
            Some((_, count)) => *count += 1,
            None => asked.push((line, 1)),
        }
    }
    asked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    for (line, count) in &asked {
        writeln!(out, "to decide {count}: {line}")?;
    }
    Ok(())
}
