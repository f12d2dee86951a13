//! What the doctor asks: is the database sound, and how old is what it holds?

use std::collections::BTreeMap;

use access::Permission;
use model::Timestamp;

use crate::{Caller, Hub, HubError};

impl Hub {
    /// What the database itself finds wrong: pages, indexes, rows that point to nothing.
    pub fn integrity(&self, caller: &Caller) -> Result<Vec<String>, HubError> {
        caller.require(Permission::Read)?;
        Ok(self.ground().read_whole(|tx| tx.integrity())?)
    }

    /// Of when the data of each kind of input is, by its own word, whenever it was taken in. What
    /// was never taken in, or does not say, is not there.
    pub fn data_times(&self, caller: &Caller) -> Result<BTreeMap<String, Timestamp>, HubError> {
        caller.require(Permission::Read)?;
        self.ground().read_whole(|tx| {
            let mut times = tx.data_times()?;
            for kind in ["kev", "epss"] {
                let edition = tx.setting(&format!("{kind}_edition"))?;
                let at = edition.as_deref().and_then(day_of);
                times.extend(at.map(|at| (kind.to_owned(), at)));
            }
            Ok(times)
        })
    }
}

/// The day that an edition is named after: the first eight digits.
fn day_of(edition: &str) -> Option<Timestamp> {
    let digits: String = edition.chars().filter(char::is_ascii_digit).take(8).collect();
    let (year, month, day) = (digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?);
    format!("{year}-{month}-{day}T00:00:00Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn reads_the_day_of_an_edition() {
        for (edition, want) in [
            ("2025.08.26",           Some("2025-08-26T00:00:00Z")),
            ("2025-08-26T12:00:00Z", Some("2025-08-26T00:00:00Z")),
            ("v2025.08",             None),
            ("2025.13.40",           None),
            ("",                     None),
        ] {
            assert_eq!(day_of(edition).map(|at| at.to_string()).as_deref(), want, "{edition}");
        }
    }
}
