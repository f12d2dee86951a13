//! What a rule wants two people for: proposing, settling together or alone, and looking later at
//! what was decided alone.
//!
//! The same act is its own proposal: whoever does it first proposes it, and a second person who
//! does the same settles it. Where one person decides, that person does it again after the waiting
//! time; it is then marked as decided alone, in the evidence and on the list of the month.

use access::{Permission, Rule, Say};
use evidence::Action;
use model::Timestamp;
use serde::Serialize;
use serde_json::json;
use store::Tx;
use store::records::AgreementRow;

use crate::access::caller::Caller;
use crate::access::people::who_may;
use crate::access::settings::Setting;
use crate::act::{Act, Needs, Place};
use crate::{Hub, HubError};

/// What somebody wants to do that a rule wants two people for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proposal<'a> {
    pub(crate) rule: Rule,
    /// What exactly, in words that tell it from any other of the rule.
    pub(crate) subject: &'a str,
    /// Why.
    pub(crate) reason: &'a str,
}

/// What became of an act that two people have to agree on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Together<T> {
    /// It was done.
    Done(T),
    /// It was proposed, or proposed before; nothing was done.
    Waiting(Waiting),
}

/// What an act still waits for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Waiting {
    /// Number of the proposal.
    pub number: u64,
    /// The rule that wants two.
    pub rule: &'static str,
    /// When the one who proposed it may do it alone; none where a second person must.
    pub until: Option<Timestamp>,
}

impl std::fmt::Display for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { number, rule, until } = self;
        write!(f, "proposed as number {number}, since the rule {rule} wants two people; ")?;
        match until {
            Some(until) => write!(f, "one decides here: do the same again from {until} on"),
            None => f.write_str("a second person must do the same"),
        }
    }
}

impl Hub {
    /// Carries out an act that a rule wants two people for, or proposes it.
    pub(crate) fn act_together<T>(
        &self,
        caller: &Caller,
        needs: Needs,
        place: Place<'_>,
        now: Timestamp,
        proposal: &Proposal<'_>,
        work: impl FnOnce(&Act<'_, '_>) -> Result<T, HubError>,
    ) -> Result<Together<T>, HubError> {
        self.act(caller, needs, place, now, |act| {
            let Proposal { rule, subject, reason } = *proposal;
            let Some(open) = act.open_agreement(rule.name(), subject)? else {
                return propose(act, caller, needs, proposal, now).map(Together::Waiting);
            };
            let deciders = deciders(act, needs)?;
            let hours = Setting::DecideAloneHours.number(act)?;
            let own = open.proposed_by == caller.key();
            let (row, number) = (rule.row(), open.number);
            let waiting =
                |until| Ok(Together::Waiting(Waiting { number, rule: rule.name(), until }));
            let alone = match access::say(row, deciders, own, open.proposed, hours, now) {
                Say::Together => false,
                Say::Alone => true,
                Say::WaitUntil(until) => return waiting(Some(until)),
                Say::NeedsAnother => return waiting(None),
            };
            act.change().settle_agreement(number, &caller.key(), alone, now)?;
            let agreed = json!({
                "rule": rule.name(), "proposal": number, "decided_alone": alone,
                "proposed_by": open.proposed_by, "reason": open.reason, "said": reason,
            });
            act.agreed(agreed);
            work(act).map(Together::Done)
        })
    }

    /// What waits for a second person, or for its time.
    pub fn proposals(&self, caller: &Caller) -> Result<Vec<AgreementRow>, HubError> {
        caller.require(Permission::ManagePeople)?;
        Ok(self.ground().read_whole(|tx| tx.open_agreements())?)
    }

    /// What was decided alone from `since` on and before `until`, and whether somebody has looked
    /// at it since.
    pub fn reviews(
        &self,
        caller: &Caller,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<AgreementRow>, HubError> {
        caller.require(Permission::ManagePeople)?;
        Ok(self.ground().read_whole(|tx| tx.decided_alone(since, until))?)
    }

    /// Notes that the caller has looked at what was decided alone.
    pub fn review(&self, caller: &Caller, number: u64, now: Timestamp) -> Result<(), HubError> {
        let needs = Needs::Permission(Permission::ManagePeople);
        self.act(caller, needs, Place::House, now, |act| {
            let found = act.agreement(number)?.filter(|one| one.alone && one.reviewed.is_none());
            let missing =
                || HubError::NotFound { kind: "decision to review", key: number.to_string() };
            let found = found.ok_or_else(missing)?;
            act.change().review_agreement(number, &caller.key(), now)?;
            let own = found.settled_by == caller.key();
            let details = json!({ "rule": found.rule, "subject": found.subject, "own": own });
            act.note(Action::Review, &format!("agreement {number}"), &details)
        })
    }
}

/// How many decide here: as many as the hospital says, but no more than there are people who may.
/// Where one of two has left, the other can still act, and not in silence.
fn deciders(tx: &Tx<'_>, needs: Needs) -> Result<u32, HubError> {
    let said = Setting::Deciders.number(tx)?;
    let Needs::Permission(permission) = needs else { return Ok(said) };
    let there = u32::try_from(who_may(tx, permission)?).unwrap_or(u32::MAX);
    Ok(said.min(there.max(1)))
}

fn propose(
    act: &Act<'_, '_>,
    caller: &Caller,
    needs: Needs,
    proposal: &Proposal<'_>,
    now: Timestamp,
) -> Result<Waiting, HubError> {
    let Proposal { rule, subject, reason } = *proposal;
    let reason = reason.trim();
    if reason.chars().count() < REASON_CHARS_MIN {
        let access::RuleRow { what, why, .. } = rule.row();
        let text = format!(
            "to {what} wants two people ({why}); say why, in {REASON_CHARS_MIN} characters or more"
        );
        return Err(HubError::Invalid(text));
    }
    let number = act.change().propose(rule.name(), subject, reason, &caller.key(), now)?;
    let details = json!({ "rule": rule.name(), "proposal": number, "reason": reason });
    act.note(Action::Propose, subject, &details)?;
    let row = rule.row();
    let hours = Setting::DecideAloneHours.number(act)?;
    let until = match access::say(row, deciders(act, needs)?, true, now, hours, now) {
        Say::WaitUntil(until) => Some(until),
        _ => None,
    };
    Ok(Waiting { number, rule: rule.name(), until })
}

/// Shortest reason, in characters: a word is none.
const REASON_CHARS_MIN: usize = 10;

#[cfg(test)]
mod tests {
    use store::StoreUrl;
    use store::records::Page;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    #[test]
    fn who_decides_alone_waits_is_marked_and_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::open(&StoreUrl::in_folder(folder.path())).unwrap();
        let console = Caller::console();
        let redact = |reason: &str, now| {
            let proposal = Proposal { rule: Rule::Redact, subject: "row 7", reason };
            let needs = Needs::Permission(Permission::ManagePeople);
            hub.act_together(&console, needs, Place::House, now, &proposal, |act| {
                act.change().put_setting("done", "yes")?;
                act.note(Action::ChangeSetting, "done", &json!({}))
            })
        };
        assert!(redact("because", NOW).is_err(), "a word is no reason");
        let until = NOW.plus_seconds(24 * 3600);
        let waiting = Waiting { number: 1, rule: "redact", until: Some(until) };
        let why = "a patient's name slipped in";
        assert_eq!(redact(why, NOW).unwrap(), Together::Waiting(waiting.clone()));
        assert_eq!(redact(why, until.plus_seconds(-1)).unwrap(), Together::Waiting(waiting));
        assert_eq!(hub.ground().read_whole(|tx| tx.setting("done")).unwrap(), None);
        assert_eq!(redact("", until).unwrap(), Together::Done(()));
        let page = Page { offset: 0, limit: 1 };
        let row = hub.evidence(&console, page).unwrap().rows.remove(0);
        let told = row.spelled(&row.details.to_string());
        let details: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(details["agreement"]["decided_alone"], true);
        assert_eq!(details["agreement"]["reason"], why);
        let month = || hub.reviews(&console, NOW, until.plus_seconds(1)).unwrap();
        assert_eq!(month().len(), 1);
        hub.review(&console, 1, until).unwrap();
        assert_eq!(month()[0].reviewed, Some(until));
        assert!(hub.review(&console, 1, until).is_err(), "looked at already");
        assert!(matches!(redact(why, until).unwrap(), Together::Waiting(_)), "and anew");
    }
}
