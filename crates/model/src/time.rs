//! Points in time.
//!
//! Source: RFC 3339 for the text form; always UTC, written with a `Z`.
//! Units:  microseconds since 1970-01-01T00:00:00Z.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time, in microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(i64);

/// The caller: the text is not an RFC 3339 time.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time such as 2026-11-23T09:30:00Z")]
pub struct TimestampError(String);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// When nobody knows when: the start of 2000. Earlier than anything that was ever captured or
    /// recorded for us, so it takes no part in what is latest.
    pub const UNKNOWN: Self = Self::from_seconds(946_684_800);

    /// A time from microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// A time from whole seconds since the Unix epoch; saturates.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This time moved by `seconds`, which may be negative; saturates.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Microseconds from `earlier` to this time; negative when `earlier` is later.
    pub const fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads a time, or a day, which stands for its last moment in UTC.
    ///
    /// # Errors
    ///
    /// Fails where it is neither.
    pub fn of_time_or_day(text: &str) -> Result<Self, TimestampError> {
        let is_day = text.len() == "2026-11-01".len();
        if is_day { format!("{text}T23:59:59.999999Z").parse() } else { text.parse() }
    }

    /// The calendar day in UTC, as `2026-11-23`.
    pub fn day(self) -> String {
        let mut text = self.to_string();
        text.truncate(10);
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) => write!(f, "{time}"),
            // Outside years -9999 to 9999 there is no RFC 3339 form; show what was read.
            Err(_) => write!(f, "@{}us", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        let time: jiff::Timestamp =
            trimmed.parse().map_err(|_| TimestampError(trimmed.chars().take(40).collect()))?;
        Ok(Self(time.as_microsecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_rfc_3339() {
        for (name, text, micros) in [
            ("epoch", "1970-01-01T00:00:00Z", 0),
            ("fraction", "1970-01-01T00:00:01.5Z", 1_500_000),
            ("before the epoch", "1969-12-31T23:59:59Z", -1_000_000),
        ] {
            assert_eq!(text.parse(), Ok(Timestamp::from_micros(micros)), "{name}");
            assert_eq!(Timestamp::from_micros(micros).to_string(), text, "{name}");
        }
        assert_eq!("2026-11-23T02:00:00+02:00".parse::<Timestamp>().unwrap().day(), "2026-11-23");
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
