//! The edge where the clock is read: engines below take the time as an argument.

use model::Timestamp;

/// The time now.
#[expect(clippy::disallowed_methods, reason = "the adapter is where time enters")]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = since.map_or(0, |elapsed| elapsed.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
