//! Times as people say them, with RFC 3339 behind.

use std::fmt;

use askama::filters::HtmlSafe;
use model::Timestamp;

/// A time as seen from `now`: `2 h ago`, `in 3 days (Thu 26 Nov)`, `4 Mar 2024`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    pub(crate) at: Timestamp,
    pub(crate) now: Timestamp,
}

impl When {
    /// The words alone.
    pub(crate) fn words(self) -> String {
        let seconds = self.at.micros_since(self.now) / 1_000_000;
        let (distance, past) = (seconds.unsigned_abs(), seconds <= 0);
        let amount = match distance {
            0..60 => return if past { "just now" } else { "in a moment" }.to_owned(),
            60..3600 => format!("{} min", distance / 60),
            3600..86_400 => format!("{} h", distance / 3600),
            86_400..DAYS_RELATIVE_SECONDS => {
                let days = distance / 86_400;
                format!("{days} day{}", if days == 1 { "" } else { "s" })
            }
            _ => return day(self.at, "%-d %b %Y"),
        };
        let relative = if past { format!("{amount} ago") } else { format!("in {amount}") };
        if past || distance < 86_400 {
            return relative;
        }
        format!("{relative} ({})", day(self.at, "%a %-d %b"))
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, words) = (self.at, self.words());
        write!(f, "<time datetime=\"{at}\" title=\"{at}\">{words}</time>")
    }
}

impl HtmlSafe for When {}

fn day(at: Timestamp, format: &str) -> String {
    let Ok(time) = jiff::Timestamp::from_microsecond(at.as_micros()) else { return at.to_string() };
    time.to_zoned(jiff::tz::TimeZone::UTC).strftime(format).to_string()
}

/// Beyond two weeks a date says more than a number of days.
const DAYS_RELATIVE_SECONDS: u64 = 14 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn says_times_as_people_do() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (at, want) in [
            ("2026-11-23T11:59:30Z", "just now"),
            ("2026-11-23T11:15:00Z", "45 min ago"),
            ("2026-11-23T10:00:00Z", "2 h ago"),
            ("2026-11-22T10:00:00Z", "1 day ago"),
            ("2026-11-16T12:00:00Z", "7 days ago"),
            ("2024-03-04T12:00:00Z", "4 Mar 2024"),
            ("2026-11-23T14:30:00Z", "in 2 h"),
            ("2026-11-26T12:00:00Z", "in 3 days (Thu 26 Nov)"),
        ] {
            let when = When { at: at.parse().unwrap(), now };
            assert_eq!(when.words(), want, "{at}");
            assert!(when.to_string().starts_with(&format!("<time datetime=\"{at}\"")));
        }
    }
}
