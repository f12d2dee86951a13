//! What the hub does by itself, again and again: each job is a row with its next run, and of the
//! hubs that share a store one does it.
//!
//! A job that fails is due again soon, and its row says why. One that a hub died over is free again
//! when its time is over. What a job does leaves evidence like anybody's act; that it ran is
//! nobody's decision and leaves its row alone.

use access::Permission;
use evidence::Action;
use model::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::access::caller::Caller;
use crate::access::settings::Setting;
use crate::act::{Needs, Place};
use crate::{Hub, HubError, random};

/// A job of the hub.
struct Job {
    name: &'static str,
    /// What it does, for people.
    what: &'static str,
    every_seconds: i64,
    run: fn(&Hub, Timestamp) -> Result<String, HubError>,
}

const JOBS: &[Job] = &[
    Job {
        name: "decide",
        what: "decides verdicts that are stale",
        every_seconds: 5 * 60,
        run: Hub::decide_stale,
    },
    Job {
        name: "forget_conversations",
        what: "removes conversations that are older than the setting conversation_days",
        every_seconds: 24 * 3600,
        run: Hub::forget_conversations,
    },
    Job {
        name: "checkpoint",
        what: "signs the end of the evidence log, where this hub has keys",
        every_seconds: 24 * 3600,
        run: Hub::daily_checkpoint,
    },
];

/// A job as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobShown {
    /// Its name.
    pub name: String,
    /// What it does.
    pub what: &'static str,
    /// How often, in seconds.
    pub every_seconds: i64,
    /// When it is due next; none where it never ran.
    pub next_run: Option<Timestamp>,
    /// True while somebody is at it.
    pub running: bool,
    /// When it last began.
    pub started: Option<Timestamp>,
    /// When it last ended.
    pub ended: Option<Timestamp>,
    /// Whether it was done then; none where it never ended.
    pub done: Option<bool>,
    /// What came of it.
    pub result: String,
}

impl Hub {
    /// Does the jobs that are due and that no other hub is at. Answers the names of those it did.
    pub fn run_due_jobs(&self, now: Timestamp) -> Result<Vec<&'static str>, HubError> {
        let holder = access::token_hash(&access::token(&random()?));
        let mut done = Vec::new();
        for job in JOBS {
            let until = now.plus_seconds(HELD_SECONDS);
            if !self.ground().take_job(job.name, &holder, now, until)? {
                continue;
            }
            let outcome = (job.run)(self, now);
            let outcome = outcome.map_err(|error| error.to_string());
            let seconds = if outcome.is_ok() { job.every_seconds } else { AGAIN_SECONDS };
            let next = now.plus_seconds(seconds.min(job.every_seconds));
            let told = outcome.as_deref().map_err(String::as_str);
            self.ground().finish_job(job.name, &holder, now, next, told)?;
            done.push(job.name);
        }
        Ok(done)
    }

    /// Every job, with what came of it last.
    pub fn jobs(&self, caller: &Caller, now: Timestamp) -> Result<Vec<JobShown>, HubError> {
        let rows = self.view(caller, Permission::Read, |tx, _| tx.jobs())?;
        let shown = |job: &Job| {
            let row = rows.iter().find(|row| row.name == job.name);
            JobShown {
                name: job.name.to_owned(),
                what: job.what,
                every_seconds: job.every_seconds,
                next_run: row.map(|row| row.next_run),
                running: row.and_then(|row| row.held_until).is_some_and(|until| until > now),
                started: row.and_then(|row| row.started),
                ended: row.and_then(|row| row.ended),
                done: row.and_then(|row| row.ended.map(|_| row.done)),
                result: row.map(|row| row.result.clone()).unwrap_or_default(),
            }
        };
        Ok(JOBS.iter().map(shown).collect())
    }

    fn decide_stale(&self, now: Timestamp) -> Result<String, HubError> {
        let decided = self.decide(&Caller::system(), "it was due", now)?;
        Ok(format!("{} configurations, {} changes", decided.configurations, decided.changes))
    }

    fn daily_checkpoint(&self, now: Timestamp) -> Result<String, HubError> {
        if self.keys.is_none() {
            return Ok("this hub has no keys, so nothing was signed".to_owned());
        }
        self.checkpoint(&Caller::system(), now)?;
        Ok("a checkpoint was signed".to_owned())
    }

    fn forget_conversations(&self, now: Timestamp) -> Result<String, HubError> {
        let days = self.ground().read_whole(|tx| Setting::ConversationDays.number(tx))?;
        let before = now.plus_seconds(-i64::from(days) * 86_400);
        let needs = Needs::Permission(Permission::Ingest);
        let gone = self.act(&Caller::system(), needs, Place::House, now, |act| {
            if !act.has_conversations_before(before)? {
                return Ok(0);
            }
            let gone = act.change().forget_conversations(before)?;
            let details = json!({ "conversations": gone, "last_seen_before": before });
            act.note(Action::ForgetConversations, "conversations", &details)?;
            Ok(gone)
        })?;
        Ok(format!("{gone} conversations removed"))
    }
}

/// How long a job is held at most, in seconds: longer than the longest takes at a hundred thousand
/// devices, short enough that a hub that died is not missed for long.
const HELD_SECONDS: i64 = 30 * 60;

/// When a job that failed is due again, in seconds.
const AGAIN_SECONDS: i64 = 60;

#[cfg(test)]
mod tests {
    use store::StoreUrl;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    #[test]
    fn two_hubs_on_one_store_do_a_job_once() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::in_folder(folder.path());
        let hubs = [Hub::open(&url).unwrap(), Hub::open(&url).unwrap()];
        for round in 0..4 {
            let now = NOW.plus_seconds(round * 24 * 3600);
            let done = std::thread::scope(|scope| {
                let runs =
                    hubs.each_ref().map(|hub| scope.spawn(|| hub.run_due_jobs(now).unwrap()));
                runs.map(|run| run.join().unwrap()).concat()
            });
            let mut names = done.clone();
            names.sort_unstable();
            let mut all: Vec<&str> = JOBS.iter().map(|job| job.name).collect();
            all.sort_unstable();
            assert_eq!(names, all, "round {round}");
        }
        let shown = hubs[0].jobs(&Caller::console(), NOW).unwrap();
        assert!(shown.iter().all(|job| job.done == Some(true) && !job.running), "{shown:?}");
    }
}
