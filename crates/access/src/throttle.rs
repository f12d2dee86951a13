//! Slowing down those who guess passwords.
//!
//! Each account, and the house as a whole, has a few free tries. Every failure beyond them doubles
//! the wait, up to a limit; the wait of a quiet time is forgotten. Nobody is locked out for good:
//! that would let anybody lock out everybody.
//!
//! Source: NIST SP 800-63B section 5.2.2 (rate limiting); OWASP Authentication Cheat Sheet.
//! Limits: a restart forgets. At most 10,000 accounts are watched; names that do not
//!         exist count like those that do, so an answer does not tell them apart.

use std::collections::BTreeMap;

use model::Timestamp;

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

/// The failures of late, by account and in all.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    accounts: BTreeMap<String, Failures>,
    house: Failures,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Throttle {
    /// Nothing has failed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether `account` may try now. Counts as a failure until [`Throttle::succeeded`] says
    /// otherwise, so that many tries at the same moment are not all let through.
    pub fn attempt(&mut self, account: &str, now: Timestamp) -> Attempt {
        let key = key(account);
        let own = self.accounts.get(&key).copied().unwrap_or_default();
        let wait = own.wait(now, ACCOUNT_FREE).max(self.house.wait(now, HOUSE_FREE));
        if wait > 0 {
            return Attempt::Wait { seconds: wait };
        }
        self.make_room(now);
        self.accounts.entry(key).or_default().add(now);
        self.house.add(now);
        Attempt::Allowed
    }

    /// The try of `account` was right: what failed before is forgotten, and the house is not
    /// charged for it.
    pub fn succeeded(&mut self, account: &str) {
        self.accounts.remove(&key(account));
        self.house.count = self.house.count.saturating_sub(1);
    }

    /// Accounts that are watched.
    pub fn watched(&self) -> usize {
        self.accounts.len()
    }

    /// Forgets what is old; where that is not enough, the account that failed longest ago.
    fn make_room(&mut self, now: Timestamp) {
        if self.accounts.len() < ACCOUNTS_MAX {
            return;
        }
        self.accounts.retain(|_, failures| !failures.is_old(now));
        while self.accounts.len() >= ACCOUNTS_MAX {
            let oldest = self.accounts.iter().min_by_key(|(_, failures)| failures.last);
            let Some(oldest) = oldest.map(|(account, _)| account.clone()) else { return };
            self.accounts.remove(&oldest);
        }
    }
}

impl Failures {
    /// Seconds still to wait, with `free` tries that cost nothing.
    fn wait(&self, now: Timestamp, free: u32) -> u64 {
        if self.count < free || self.is_old(now) {
            return 0;
        }
        let doublings = (self.count - free).min(WAIT_DOUBLINGS_MAX);
        let whole = (WAIT_SECONDS_FIRST << doublings).min(WAIT_SECONDS_MAX);
        // A clock that went back makes nobody wait longer than the whole.
        let passed = now.micros_since(self.last).max(0);
        let left = (whole * MICROS - passed).max(0);
        u64::try_from((left + MICROS - 1) / MICROS).unwrap_or_default()
    }

    fn add(&mut self, now: Timestamp) {
        if self.is_old(now) {
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.last = now;
    }

    fn is_old(&self, now: Timestamp) -> bool {
        now.micros_since(self.last) >= FORGOTTEN_SECONDS * MICROS
    }
}

/// Letter case and length of a name must not make many of one.
fn key(account: &str) -> String {
    account.trim().to_lowercase().chars().take(crate::ACCOUNT_NAME_MAX).collect()
}

/// Tries of one account that cost nothing: a forgotten password and caps lock.
const ACCOUNT_FREE: u32 = 5;

/// Tries of the whole house that cost nothing: a ward at shift change.
const HOUSE_FREE: u32 = 50;

/// The first wait, in seconds; each further failure doubles it.
const WAIT_SECONDS_FIRST: i64 = 2;

/// The longest wait, in seconds: a quarter of an hour allows under 100 guesses a day.
const WAIT_SECONDS_MAX: i64 = 15 * 60;

/// Doublings after which the longest wait is reached for sure.
const WAIT_DOUBLINGS_MAX: u32 = 10;

/// Quiet time after which failures are forgotten, in seconds; longer than the longest wait.
const FORGOTTEN_SECONDS: i64 = 60 * 60;

/// Accounts watched at the same time; bounds memory to about 2 MB.
const ACCOUNTS_MAX: usize = 10_000;

const MICROS: i64 = 1_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        for _ in 0..16 {
            let seconds = wait(throttle.attempt("ada", at(now)));
            if seconds > 0 {
                waits.push(seconds);
                now += i64::try_from(seconds).unwrap();
                assert_eq!(throttle.attempt("ADA ", at(now)), Attempt::Allowed);
            }
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    }

    #[test]
    fn one_account_does_not_slow_another_until_the_house_is_under_attack() {
        let mut throttle = Throttle::new();
        for _ in 0..5 {
            assert_eq!(throttle.attempt("ada", at(0)), Attempt::Allowed);
        }
        assert_eq!(throttle.attempt("ada", at(1)), Attempt::Wait { seconds: 1 });
        for number in 0..45 {
            assert_eq!(throttle.attempt(&format!("x{number}"), at(1)), Attempt::Allowed);
        }
        assert_eq!(throttle.attempt("bob", at(1)), Attempt::Wait { seconds: 2 });
    }

    #[test]
    fn success_and_quiet_are_forgiven() {
        let mut throttle = Throttle::new();
        for number in 0..200 {
            assert_eq!(throttle.attempt("ada", at(number)), Attempt::Allowed, "{number}");
            throttle.succeeded("Ada");
        }
        for _ in 0..5 {
            assert_eq!(throttle.attempt("bob", at(200)), Attempt::Allowed);
        }
        assert_ne!(throttle.attempt("bob", at(200)), Attempt::Allowed);
        for _ in 0..5 {
            assert_eq!(throttle.attempt("bob", at(3_800)), Attempt::Allowed, "an hour later");
        }
    }

    #[test]
    fn memory_is_bounded_and_the_newest_are_watched() {
        let mut throttle = Throttle::new();
        for number in 0..12_000 {
            // Far enough apart that the house as a whole does not wait.
            let _ = throttle.attempt(&format!("x{number}"), at(number * 1000));
        }
        assert!(throttle.watched() <= ACCOUNTS_MAX);
    }

    proptest! {
        /// However tries are spread: the free ones, those while waits grow, then four an hour.
        #[test]
        fn a_day_of_guessing_one_account_stays_short(steps in prop::collection::vec(1..400i64, 300)) {
            let mut throttle = Throttle::new();
            let (mut now, mut allowed) = (0, 0);
            for step in steps {
                now += step;
                if throttle.attempt("ada", at(now)) == Attempt::Allowed {
                    allowed += 1;
                }
            }
            let most = 15 + now / WAIT_SECONDS_MAX;
            prop_assert!(i64::from(allowed) <= most + 1, "{allowed} in {now} s");
        }

        /// A wait that is said to be over is over, and never longer than the limit.
        #[test]
        fn waiting_as_told_is_enough(failures in 1..40u32, clock in -5_000..5_000i64) {
            let mut throttle = Throttle::new();
            let mut now = 0;
            for _ in 0..failures {
                now += i64::try_from(wait(throttle.attempt("ada", at(now)))).unwrap();
            }
            let told = wait(throttle.attempt("ada", at(now + clock)));
            prop_assert!(told <= WAIT_SECONDS_MAX.unsigned_abs());
            let later = now.max(now + clock) + WAIT_SECONDS_MAX;
            prop_assert_eq!(throttle.attempt("ada", at(later)), Attempt::Allowed);
        }
    }
}
