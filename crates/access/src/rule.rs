//! What a rule wants two people for, and what holds where a hospital has one.
//!
//! Source: `knowledge/two-person-rules.csv`.

use crate::UnknownName;
use crate::role::names;
use model::Timestamp;

/// A rule that wants more than one person.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Rule {
    /// To say that fewer people decide.
    LowerDeciders,
    /// To let what a new engine cleared stand.
    ReleaseCleared,
    /// To remove content from the record.
    Redact,
    /// To trust what is published under a name.
    TrustNamespace,
}

names!(
    Rule,
    "rule",
    LowerDeciders = "lower_deciders",
    ReleaseCleared = "release_cleared",
    Redact = "redact",
    TrustNamespace = "trust_namespace",
);

/// What the table says of a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RuleRow {
    /// How many people it wants.
    pub people: u32,
    /// What they decide, in plain words.
    pub what: &'static str,
    /// Why one is not enough.
    pub why: &'static str,
}

impl Rule {
    /// What the table says of it. A rule that the table lacks wants two.
    pub fn row(self) -> RuleRow {
        let unlisted = RuleRow { people: 2, what: "", why: "" };
        let row = RULES.lines().skip(1).find_map(|line| {
            let cells: Vec<&'static str> = line.split(',').collect();
            let [name, people, what, why, ..] = *cells.as_slice() else { return None };
            let people = people.parse().ok()?;
            (name == self.name()).then_some(RuleRow { people, what, why })
        });
        row.unwrap_or(unlisted)
    }
}

/// What somebody may do about a proposal now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Say {
    /// Settle it as the second person, or where the rule wants no second.
    Together,
    /// Settle it alone: nobody else decides here, and the waiting time is over.
    Alone,
    /// Wait until then, nobody else deciding here.
    WaitUntil(Timestamp),
    /// Leave it to somebody else.
    NeedsAnother,
}

/// What `own` (whether it is one's own proposal, made at `proposed`) may be said about at `now`, in
/// a hospital where so many decide.
pub fn say(
    rule: RuleRow,
    deciders: u32,
    own: bool,
    proposed: Timestamp,
    waiting_hours: u32,
    now: Timestamp,
) -> Say {
    if rule.people < 2 || !own {
        return Say::Together;
    }
    if deciders >= rule.people {
        return Say::NeedsAnother;
    }
    let until = proposed.plus_seconds(i64::from(waiting_hours) * 3600);
    // A clock that went back behind the proposal settles nothing.
    if now >= until { Say::Alone } else { Say::WaitUntil(until) }
}

const RULES: &str = include_str!("../../../knowledge/two-person-rules.csv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_stands_in_the_table_and_no_other() {
        let listed: Vec<&str> =
            RULES.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        let ours: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(listed, ours);
        for rule in Rule::ALL {
            let row = rule.row();
            assert!(row.people >= 2 && !row.what.is_empty() && !row.why.is_empty(), "{rule}");
        }
        assert!(RULES.lines().all(|line| line.split(',').count() == 6));
    }

    #[test]
    #[rustfmt::skip]
    fn one_waits_where_one_decides_and_asks_another_where_two_do() {
        let at = Timestamp::from_seconds;
        let until = Say::WaitUntil(at(24 * 3600));
        for (name, deciders, own, now, want) in [
            ("another person",         1, false, 0,             Say::Together),
            ("another, two decide",    2, false, 0,             Say::Together),
            ("alone at once",          1, true,  0,             until),
            ("alone, a moment early",  1, true,  24 * 3600 - 1, until),
            ("alone, in time",         1, true,  24 * 3600,     Say::Alone),
            ("the clock went back",    1, true,  -1,            until),
            ("own, but two decide",    2, true,  99 * 3600,     Say::NeedsAnother),
        ] {
            assert_eq!(say(Rule::Redact.row(), deciders, own, at(0), 24, at(now)), want, "{name}");
        }
    }
}
