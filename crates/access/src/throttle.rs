//! Slowing down those who guess passwords.
//!
//! Failures are counted for each account from each source. A few are free; each one beyond them
//! doubles the wait, up to a limit. One failure is forgotten every few minutes, so that a typo now
//! and then never adds up. Nobody waits for what others do from elsewhere, and nothing is counted
//! for the house as a whole: how much hashing is done at once is bounded by places for it, not by
//! refusing people. Who is signed in and changes a password is counted apart from sign-ins.
//!
//! Source: NIST SP 800-63B section 5.2.2 (rate limiting); OWASP Authentication Cheat Sheet.
//! Limits: a restart forgets. At most 10,000 pairs of source and account are watched; names that
//!         do not exist count like those that do, so an answer does not tell them apart. Behind a
//!         proxy that is not trusted all share its address: who guesses there delays the one
//!         account that is guessed at, for those behind the same proxy.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use model::Timestamp;

/// Where a try comes from.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum From {
    /// Somebody at this address; none for the machine itself.
    Address(Option<IpAddr>),
    /// Somebody who is signed in already.
    Session,
}

/// Whether a sign-in may be tried now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Attempt {
    /// It may.
    Allowed,
    /// It may not, for so many whole seconds.
    Wait {
        /// How long, from 1.
        seconds: u64,
    },
}

/// The failures of late, by source and account.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    pairs: BTreeMap<(From, String), Failures>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    /// When the last one was.
    last: Timestamp,
    /// From when on forgetting is counted.
    since: Timestamp,
}

impl Throttle {
    /// Nothing has failed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether `account` may be tried now. Counts as a failure until [`Throttle::succeeded`] says
    /// otherwise, so that many tries at the same moment are not all let through.
    pub fn attempt(&mut self, from: From, account: &str, now: Timestamp) -> Attempt {
        let pair = (net(from), key(account));
        let mut failures = self.pairs.get(&pair).copied().unwrap_or_default();
        failures.forget(now);
        let wait = failures.wait(now);
        if wait > 0 {
            return Attempt::Wait { seconds: wait };
        }
        self.make_room(now);
        failures.add(now);
        self.pairs.insert(pair, failures);
        Attempt::Allowed
    }

    /// The try was right: what failed before from there is forgotten.
    pub fn succeeded(&mut self, from: From, account: &str) {
        self.pairs.remove(&(net(from), key(account)));
    }

    /// Pairs of source and account that are watched.
    pub fn watched(&self) -> usize {
        self.pairs.len()
    }

    /// Forgets what is old; where that is not enough, the pair that failed longest ago.
    fn make_room(&mut self, now: Timestamp) {
        if self.pairs.len() < PAIRS_MAX {
            return;
        }
        self.pairs.retain(|_, failures| {
            failures.forget(now);
            failures.count > 0
        });
        while self.pairs.len() >= PAIRS_MAX {
            let oldest = self.pairs.iter().min_by_key(|(_, failures)| failures.last);
            let Some(oldest) = oldest.map(|(pair, _)| pair.clone()) else { return };
            self.pairs.remove(&oldest);
        }
    }
}

impl Failures {
    /// Forgets one failure for each [`FORGET_SECONDS`] that have passed.
    fn forget(&mut self, now: Timestamp) {
        let passed = now.micros_since(self.since).max(0) / (FORGET_SECONDS * MICROS);
        self.count = self.count.saturating_sub(u32::try_from(passed).unwrap_or(u32::MAX));
        self.since = self.since.plus_seconds(passed * FORGET_SECONDS);
    }

    /// Seconds still to wait.
    fn wait(&self, now: Timestamp) -> u64 {
        if self.count < FREE {
            return 0;
        }
        let doublings = (self.count - FREE).min(WAIT_DOUBLINGS_MAX);
        let whole = (WAIT_SECONDS_FIRST << doublings).min(WAIT_SECONDS_MAX);
        // A clock that went back makes nobody wait longer than the whole.
        let passed = now.micros_since(self.last).max(0);
        let left = (whole * MICROS - passed).max(0);
        u64::try_from((left + MICROS - 1) / MICROS).unwrap_or_default()
    }

    fn add(&mut self, now: Timestamp) {
        if self.count == 0 {
            self.since = now;
        }
        self.count = self.count.saturating_add(1).min(COUNT_MAX);
        self.last = now;
    }
}

/// One subscriber of IPv6 holds at least a /64, and could else be as many sources as it likes.
fn net(from: From) -> From {
    match from {
        From::Address(Some(IpAddr::V6(address))) => {
            let [a, b, c, d, ..] = address.segments();
            From::Address(Some(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))))
        }
        other => other,
    }
}

/// Letter case and length of a name must not make many of one.
fn key(account: &str) -> String {
    account.trim().to_lowercase().chars().take(crate::ACCOUNT_NAME_MAX).collect()
}

/// Failures that cost nothing: a forgotten password and caps lock.
const FREE: u32 = 5;

/// The first wait, in seconds; each further failure doubles it.
const WAIT_SECONDS_FIRST: i64 = 2;

/// The longest wait, in seconds; short enough that a person sits it out.
const WAIT_SECONDS_MAX: i64 = 5 * 60;

/// Doublings after which the longest wait is reached for sure.
const WAIT_DOUBLINGS_MAX: u32 = 8;

/// One failure is forgotten in so many seconds. With the longest wait it leaves 288 guesses a day
/// from one source, while somebody who errs twice an hour never waits.
const FORGET_SECONDS: i64 = 10 * 60;

/// Failures counted at most, so that a long attack is forgotten within hours of its end.
const COUNT_MAX: u32 = FREE + WAIT_DOUBLINGS_MAX;

/// Pairs watched at the same time; bounds memory to about 2 MB.
const PAIRS_MAX: usize = 10_000;

const MICROS: i64 = 1_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HERE: From = From::Address(Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)));
    const THERE: From = From::Address(None);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_790_000_000 + seconds)
    }

    fn wait(attempt: Attempt) -> u64 {
        match attempt {
            Attempt::Allowed => 0,
            Attempt::Wait { seconds } => seconds,
        }
    }

    #[test]
    fn waits_double_after_the_free_tries_up_to_a_limit() {
        let mut throttle = Throttle::new();
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..13 {
            let seconds = wait(throttle.attempt(HERE, "ada", at(now)));
            if seconds > 0 {
                waits.push(seconds);
                now += i64::try_from(seconds).unwrap();
                assert_eq!(throttle.attempt(HERE, "ADA ", at(now)), Attempt::Allowed);
            }
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256]);
    }

    #[test]
    fn nobody_waits_for_what_others_do_from_elsewhere() {
        let mut throttle = Throttle::new();
        for number in 0..50 {
            let made_up = format!("x{number}");
            assert_eq!(throttle.attempt(HERE, &made_up, at(number / 17)), Attempt::Allowed);
        }
        assert_eq!(throttle.attempt(HERE, "ada", at(3)), Attempt::Allowed, "made-up names");
        while throttle.attempt(HERE, "ada", at(3)) == Attempt::Allowed {}
        assert_eq!(throttle.attempt(THERE, "ada", at(3)), Attempt::Allowed, "another source");
        assert_eq!(throttle.attempt(From::Session, "ada", at(3)), Attempt::Allowed, "signed in");
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_source() {
        let mut throttle = Throttle::new();
        let from = |last: u16| {
            From::Address(Some(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last))))
        };
        let tries = (0..10).map(|last| throttle.attempt(from(last), "ada", at(0)));
        assert_eq!(tries.filter(|tried| *tried == Attempt::Allowed).count(), 5);
    }

    #[test]
    fn memory_is_bounded() {
        let mut throttle = Throttle::new();
        for number in 0..12_000 {
            let _ = throttle.attempt(HERE, &format!("x{number}"), at(number / 1000));
        }
        assert!(throttle.watched() <= PAIRS_MAX);
    }

    proptest! {
        /// Up to two typos an hour, for a month, never keep a right password out.
        #[test]
        fn typos_never_add_up(gaps in prop::collection::vec(1800..5400i64, 700)) {
            let mut throttle = Throttle::new();
            let mut now = 0;
            for gap in gaps {
                now += gap;
                prop_assert_eq!(throttle.attempt(HERE, "ada", at(now)), Attempt::Allowed);
            }
            prop_assert_eq!(throttle.attempt(HERE, "ada", at(now)), Attempt::Allowed);
        }

        /// However tries are spread: the free ones, those while waits grow, then one at a time.
        #[test]
        fn a_day_of_guessing_one_account_stays_short(steps in prop::collection::vec(1..400i64, 300)) {
            let mut throttle = Throttle::new();
            let (mut now, mut allowed) = (0, 0);
            for step in steps {
                now += step;
                if throttle.attempt(HERE, "ada", at(now)) == Attempt::Allowed {
                    allowed += 1;
                }
            }
            let most = i64::from(COUNT_MAX) + now / FORGET_SECONDS + now / 128;
            prop_assert!(allowed <= most + 1, "{} in {} s", allowed, now);
        }

        /// A wait that is said to be over is over, and never longer than the limit.
        #[test]
        fn waiting_as_told_is_enough(failures in 1..40u32, clock in -5_000..5_000i64) {
            let mut throttle = Throttle::new();
            let mut now = 0;
            for _ in 0..failures {
                now += i64::try_from(wait(throttle.attempt(HERE, "ada", at(now)))).unwrap();
            }
            let told = wait(throttle.attempt(HERE, "ada", at(now + clock)));
            prop_assert!(told <= WAIT_SECONDS_MAX.unsigned_abs());
            let later = now.max(now + clock) + WAIT_SECONDS_MAX;
            prop_assert_eq!(throttle.attempt(HERE, "ada", at(later)), Attempt::Allowed);
        }
    }
}
