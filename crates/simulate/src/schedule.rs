//! Plays the scenes of a hospital in time order, a few at a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use model::Timestamp;

use crate::encode::tcp::Tape;
use crate::random::Rng;
use crate::scene::{self, Activity, Scene};
use crate::{Hospital, TrafficPlan};

/// Ethernet frames without check sequence, in time order, made as they are asked for.
pub struct Frames<'a> {
    hospital: &'a Hospital,
    activities: Vec<Activity>,
    due: BinaryHeap<Reverse<Turn>>,
    pending: BinaryHeap<Reverse<(Timestamp, u64, Vec<u8>)>>,
    end: Timestamp,
    packets_min: u64,
    made: u64,
}

/// When an activity is due again.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
struct Turn {
    at: Timestamp,
    activity: usize,
    round: u64,
}

impl<'a> Frames<'a> {
    pub(crate) fn new(hospital: &'a Hospital, plan: &TrafficPlan) -> Self {
        let activities = scene::plan(hospital);
        let start = hospital.plan.start;
        let first = |(activity, each): (usize, &Activity)| {
            let at = Timestamp::from_micros(start.as_micros().saturating_add(each.first_us));
            Reverse(Turn { at, activity, round: 0 })
        };
        let due = activities.iter().enumerate().map(first).collect();
        let end = start.plus_seconds(i64::from(plan.minutes) * 60);
        let packets_min = plan.packets_min;
        Self { hospital, activities, due, pending: BinaryHeap::new(), end, packets_min, made: 0 }
    }

    /// Plays one turn and schedules the next of its activity.
    fn play(&mut self, turn: Turn) {
        if turn.at >= self.end && self.made >= self.packets_min {
            return;
        }
        let Some(activity) = self.activities.get(turn.activity) else { return };
        let devices = self.hospital.devices();
        let (Some(actor), Some(peer)) = (devices.get(activity.actor), devices.get(activity.peer))
        else {
            return;
        };
        let mut tape = Tape::new();
        let seed = self.hospital.plan.seed;
        (activity.play)(&mut Scene {
            hospital: self.hospital,
            actor,
            peer,
            now: turn.at,
            round: turn.round,
            rng: Rng::of(seed, &[2, turn.activity as u64, turn.round]),
            tape: &mut tape,
        });
        for (at, frame) in tape {
            self.pending.push(Reverse((at, self.made, frame)));
            self.made += 1;
        }
        if activity.period_us > 0 {
            let at = Timestamp::from_micros(turn.at.as_micros() + activity.period_us);
            self.due.push(Reverse(Turn { at, round: turn.round + 1, ..turn }));
        }
    }
}

impl Iterator for Frames<'_> {
    type Item = (Timestamp, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        // A turn may only add frames at or after its own time, so earlier ones are final.
        while let Some(Reverse(turn)) = self.due.peek().copied() {
            let earlier = self.pending.peek().is_some_and(|Reverse((at, ..))| *at < turn.at);
            if earlier {
                break;
            }
            self.due.pop();
            self.play(turn);
        }
        self.pending.pop().map(|Reverse((at, _, frame))| (at, frame))
    }
}
