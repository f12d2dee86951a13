//! Captures to observations: files, streams and interfaces, all read in the same way.
//!
//! Input:   a capture, the time now, and a [`Reading`] that says what to keep.
//! Output:  what was seen, and all that was not used or may not be relied on, told as skips.
//! Limits:  those of `wire::Limits`; one that was reached is told.
//! Privacy: see `wire::privacy`; the mask holds for every capture, whatever it is read for.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use capture::{CaptureError, CaptureReader};
use link::Input;
use model::{Answerable, Observations, Skip, Timestamp};
use wire::Observer;
pub use wire::privacy::Mask;

use crate::HubError;

/// How captures are read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Reading {
    /// Attributes whose values are not kept.
    pub mask: Mask,
    /// Seed of the hash tables, to repeat a run. Without it they have a secret one, so that no
    /// sender can choose addresses that collide.
    pub seed: Option<u64>,
}

impl Reading {
    fn limits(&self) -> wire::Limits {
        let secret = || RandomState::new().hash_one(0_u64);
        wire::Limits {
            hash_seed: self.seed.unwrap_or_else(secret),
            mask: self.mask,
            ..wire::Limits::default()
        }
    }
}

/// What a capture showed, and what of it could not be used.
#[derive(Debug, Default)]
pub struct Observed {
    /// What was seen.
    pub observations: Observations,
    /// What was not used, or only in part, and why.
    pub skipped: Vec<Skip>,
}

impl Observed {
    /// True where no frame said anything.
    pub fn is_empty(&self) -> bool {
        let seen = &self.observations;
        seen.talkers.is_empty() && seen.flows.is_empty() && seen.sightings.is_empty()
    }
}

/// Looks at a capture file. Damage ends it early and is reported; a file that is no capture is
/// the caller's error.
pub fn observe_file(path: &Path, reading: &Reading, now: Timestamp) -> Result<Observed, HubError> {
    let reader = capture::open(path).map_err(|error| HubError::Invalid(error.to_string()))?;
    let name = Input { path: path.to_owned() }.name();
    Ok(observe(reader, &name, &path.display().to_string(), reading, now))
}

/// Looks at a capture that is read from anywhere. `name` goes into the evidence of every fact,
/// `shown` is what the caller calls it.
pub fn observe(
    mut reader: CaptureReader,
    name: &str,
    shown: &str,
    reading: &Reading,
    now: Timestamp,
) -> Observed {
    let mut observer = Observer::new(name, reading.limits());
    let mut clock = Clock::new(now);
    let mut skipped = Vec::new();
    loop {
        match reader.next_frame() {
            Ok(Some(frame)) => observer.frame(&clock.wire_frame(&frame)),
            Ok(None) => break,
            Err(error) => {
                skipped.push(capture_skip(shown, &error));
                break;
            }
        }
    }
    skipped
        .extend(reader.skips().iter().map(|skip| Skip { path: shown.to_owned(), ..skip.clone() }));
    told(observer.finish(), skipped, &clock, shown)
}

/// Listens on an interface until `stop` says so. Sends nothing.
#[cfg(target_os = "linux")]
pub fn observe_interface(
    interface: &str,
    reading: &Reading,
    now: Timestamp,
    stop: &dyn Fn() -> bool,
) -> Result<Observed, HubError> {
    let refused = |error: CaptureError| match error.answerable() {
        Answerable::Environment => HubError::Environment(error.to_string()),
        _ => HubError::Invalid(error.to_string()),
    };
    let mut live =
        capture::LiveCapture::open(interface, capture::LiveOptions::default()).map_err(refused)?;
    let mut observer = Observer::new(interface, reading.limits());
    let mut clock = Clock::new(now);
    while !stop() {
        if let Some(frame) = live.next_frame(PATIENCE).map_err(refused)? {
            observer.frame(&clock.wire_frame(&frame));
        }
    }
    let mut observations = observer.finish();
    let dropped = live.statistics().map_err(refused)?.dropped;
    if dropped > 0 {
        let reason = "dropped by the kernel before they could be read".to_owned();
        observations.stats.skipped.insert(reason, dropped);
    }
    Ok(told(observations, Vec::new(), &clock, interface))
}

/// Whether this process may listen on an interface; the message says how to allow it.
#[cfg(target_os = "linux")]
pub fn may_listen() -> Result<(), HubError> {
    match capture::LiveCapture::open("lo", capture::LiveOptions::default()) {
        Ok(_) => Ok(()),
        Err(error) => Err(HubError::Environment(error.to_string())),
    }
}

/// Adds what a person must know to rely on the observations.
fn told(
    observations: Observations,
    mut skipped: Vec<Skip>,
    clock: &Clock,
    shown: &str,
) -> Observed {
    let mut tell = |reason: String, place: String, answerable| {
        skipped.push(Skip { path: shown.to_owned(), place, reason, answerable });
    };
    let skips = &observations.stats.skipped;
    for (reason, count) in skips.iter().filter(|(reason, _)| is_unread_link(reason)) {
        tell(format!("{count} frames: {reason}"), String::new(), Answerable::Us);
    }
    for odd in observations.anomalies.iter().filter(|odd| odd.answerable == Answerable::Us) {
        let reason = format!("{} × {}: {}", odd.count, odd.protocol, odd.what);
        tell(reason, format!("frame {}", odd.first_frame), Answerable::Us);
    }
    if clock.impossible > 0 {
        let reason = format!(
            "{} frames have no time, one before 2000 or one in the future; what they say never \
             counts as the latest",
            clock.impossible
        );
        tell(reason, String::new(), Answerable::Capture);
    }
    let observed = Observed { observations, skipped };
    if observed.observations.stats.packets > 0 && observed.is_empty() {
        return nothing(observed, shown);
    }
    observed
}

/// No frame of the capture was used: an empty answer would read as an empty network.
fn nothing(mut observed: Observed, shown: &str) -> Observed {
    let skips = &observed.observations.stats.skipped;
    let reasons: Vec<String> =
        skips.iter().map(|(reason, count)| format!("{count} × {reason}")).collect();
    let reason = format!("no frame of it could be used: {}", reasons.join("; "));
    observed.skipped.push(Skip {
        path: shown.to_owned(),
        place: String::new(),
        reason,
        answerable: Answerable::Us,
    });
    observed
}

fn is_unread_link(reason: &str) -> bool {
    reason.starts_with(wire::UNREAD_LINK_TYPE)
}

/// What a capture's times can be: not before such captures were made, nor after now.
struct Clock {
    latest: Timestamp,
    /// The last time within reason; stands in for one that is not.
    last: Timestamp,
    impossible: u64,
}

impl Clock {
    fn new(now: Timestamp) -> Self {
        Self {
            latest: now.plus_seconds(AHEAD_SECONDS_MAX),
            last: Timestamp::UNKNOWN,
            impossible: 0,
        }
    }

    fn wire_frame<'a>(&mut self, frame: &capture::Frame<'a>) -> wire::Frame<'a> {
        if frame.time > Timestamp::UNKNOWN && frame.time <= self.latest {
            self.last = frame.time;
        } else {
            self.impossible += 1;
        }
        wire::Frame {
            number: frame.number,
            time: self.last,
            link: wire::LinkType(frame.link),
            bytes: frame.bytes,
            original_bytes: frame.original_bytes,
        }
    }
}

fn capture_skip(shown: &str, error: &CaptureError) -> Skip {
    Skip {
        path: shown.to_owned(),
        place: error.place(),
        reason: error.to_string(),
        answerable: error.answerable(),
    }
}

/// How far the clock of whoever captured may be ahead of ours, in seconds: a day, for one that is
/// set to the time of another place.
const AHEAD_SECONDS_MAX: i64 = 86_400;

/// How long a live capture waits for a frame before it looks whether to stop.
#[cfg(target_os = "linux")]
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn an_impossible_time_is_the_last_possible_one() {
        let now = Timestamp::from_seconds(1_790_000_000);
        let mut clock = Clock::new(now);
        for (name, seconds, want, impossible) in [
            ("no time",         0,             Timestamp::UNKNOWN.as_seconds(), 1),
            ("before 2000",     900_000_000,   Timestamp::UNKNOWN.as_seconds(), 2),
            ("a true time",     1_789_000_000, 1_789_000_000,                   2),
            ("the future",      4_000_000_000, 1_789_000_000,                   3),
            ("no time again",   0,             1_789_000_000,                   4),
            ("an hour ahead",   1_790_003_600, 1_790_003_600,                   4),
        ] {
            let time = Timestamp::from_seconds(seconds);
            let frame = capture::Frame { number: 1, time, link: 1, bytes: &[], original_bytes: 0 };
            let seen = clock.wire_frame(&frame);
            assert_eq!((seen.time.as_seconds(), clock.impossible), (want, impossible), "{name}");
        }
    }
}
