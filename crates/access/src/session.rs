//! How long a sign-in lasts.
//!
//! Source: OWASP Session Management Cheat Sheet, which asks for both an idle and an absolute limit.

use model::Timestamp;

/// When a session that was made at `created` ends at the latest.
pub fn session_expires(created: Timestamp) -> Timestamp {
    created.plus_seconds(SESSION_SECONDS_MAX)
}

/// Whether a session still holds at `now`. It does not where the clock has gone back behind its
/// beginning: what cannot be told is refused.
pub fn session_holds(created: Timestamp, used: Timestamp, now: Timestamp) -> bool {
    let idle_ends = used.max(created).plus_seconds(SESSION_IDLE_SECONDS_MAX);
    created <= now && now < session_expires(created) && now < idle_ends
}

/// Longest session, in seconds: a day, so that everybody signs in once a day.
pub const SESSION_SECONDS_MAX: i64 = 24 * 60 * 60;

/// Longest time without a request, in seconds: a shift.
pub const SESSION_IDLE_SECONDS_MAX: i64 = 8 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_session_ends_by_idleness_and_by_age() {
        const HOUR: i64 = 3600;
        for (name, used, now, want) in [
            ("at once",               0,             0,                 true),
            ("just before idle",      0,             8 * HOUR - 1,      true),
            ("idle",                  0,             8 * HOUR,          false),
            ("used again",            7 * HOUR,      14 * HOUR,         true),
            ("a day old",             24 * HOUR - 1, 24 * HOUR,         false),
            ("just before a day",     23 * HOUR,     24 * HOUR - 1,     true),
            ("the clock went back",   0,             -1,                false),
            ("used before it began",  -9 * HOUR,     HOUR,              true),
        ] {
            let at = Timestamp::from_seconds;
            assert_eq!(session_holds(at(0), at(used), at(now)), want, "{name}");
        }
    }
}
