//! Verdicts, those that share their reasoning told once.
//!
//! One advisory often names a dozen CVEs for the same product with the same steps; a person reads
//! the steps once and the CVEs as a list.

use model::{DisclosureKey, Question, Remediation, Step, Verdict, VerdictRow};

/// Verdicts that share disclosure, product, answer, steps, question and remediation.
pub(crate) struct Group {
    pub(crate) key: DisclosureKey,
    pub(crate) disclosure: String,
    pub(crate) version: String,
    pub(crate) product: String,
    pub(crate) verdict: Verdict,
    pub(crate) exploited: bool,
    /// Highest base score.
    pub(crate) score: Option<f64>,
    pub(crate) steps: Vec<Step>,
    pub(crate) question: Option<Question>,
    pub(crate) remediation: Vec<Remediation>,
    pub(crate) rows: Vec<VerdictRow>,
    pub(crate) more: u64,
}

/// Groups `rows`, keeping their order (worst first).
pub(crate) fn grouped<'a>(rows: impl IntoIterator<Item = &'a VerdictRow>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|group| group.holds(row)) {
            Some(group) => group.add(row),
            None => groups.push(Group::of(row)),
        }
    }
    groups
}

impl Group {
    fn of(row: &VerdictRow) -> Self {
        let mut remediation = row.remediation.clone();
        remediation.dedup();
        remediation.truncate(REMEDIATIONS_MAX);
        let mut group = Self {
            key: row.key(),
            disclosure: row.disclosure.clone(),
            version: row.disclosure_version.clone(),
            product: row.product.clone(),
            verdict: row.verdict,
            exploited: false,
            score: None,
            steps: row.steps.clone(),
            question: row.question.clone(),
            remediation,
            rows: Vec::new(),
            more: 0,
        };
        group.add(row);
        group
    }

    fn holds(&self, row: &VerdictRow) -> bool {
        self.disclosure == row.disclosure
            && self.key.namespace == row.disclosure_namespace
            && self.verdict == row.verdict
            && self.product == row.product
            && self.steps == row.steps
            && self.question == row.question
    }

    fn add(&mut self, row: &VerdictRow) {
        self.exploited |= row.kev.is_some();
        let score = row.severity.score.or(row.severity.score_v4);
        self.score = match (self.score, score) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        if self.rows.len() < ROWS_MAX {
            self.rows.push(row.clone());
        } else {
            self.more += 1;
        }
    }

    /// `3 CVEs`, or the one.
    pub(crate) fn names(&self) -> String {
        match (self.rows.as_slice(), self.more) {
            ([one], 0) => crate::show::text(&one.vulnerability),
            (rows, more) => {
                crate::show::of(rows.len() as u64 + more, "vulnerability", "vulnerabilities")
            }
        }
    }
}

/// Vulnerabilities listed in one group; the disclosure has the rest.
const ROWS_MAX: usize = 12;

/// Remediations shown for one group; the disclosure has the rest.
const REMEDIATIONS_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn shared_reasoning_is_told_once() {
        let rows = [
            sample::verdict("CVE-2026-0001", Verdict::Affected),
            sample::verdict("CVE-2026-0002", Verdict::Affected),
            sample::verdict("CVE-2026-0001", Verdict::Unknown),
        ];
        let groups = grouped(&rows);
        let shape: Vec<_> = groups.iter().map(|group| (group.verdict, group.names())).collect();
        assert_eq!(
            shape,
            [
                (Verdict::Affected, "2 vulnerabilities".to_owned()),
                (Verdict::Unknown, "CVE-2026-0001".to_owned()),
            ]
        );
        let many: Vec<_> =
            (0..100).map(|n| sample::verdict(&format!("CVE-{n}"), Verdict::Affected)).collect();
        let groups = grouped(&many);
        assert_eq!(groups[0].rows.len() as u64 + groups[0].more, 100);
    }
}
