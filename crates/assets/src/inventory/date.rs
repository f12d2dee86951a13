//! Days as people write them into a column.
//!
//! Source: `knowledge/month-names.csv` for months in words; RFC 3339 for the form that is kept.
//! Input:  the cells of one column.
//! Output: each cell as `2024-03-02`. Where day and month can be taken for each other and no cell
//!         of the column tells which is first, the cell stays as it is written.
//! Limits: years 1950 to 2099; a number alone is a day of a spreadsheet's calendar.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::knowledge;

/// Which of two numbers is the day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    DayFirst,
    MonthFirst,
    /// No cell tells, or two cells tell otherwise.
    Unclear,
}

impl Order {
    /// The order that the cells of a column agree on.
    pub(super) fn of<'a>(cells: impl Iterator<Item = &'a str>) -> Self {
        let mut found = Self::Unclear;
        for cell in cells {
            let told = match numbers(cell) {
                Some(([first, second, year], _)) if year > 31 || year < 100 => {
                    match (first > 12, second > 12) {
                        (true, false) => Self::DayFirst,
                        (false, true) => Self::MonthFirst,
                        _ => continue,
                    }
                }
                _ => continue,
            };
            if found != Self::Unclear && found != told {
                return Self::Unclear;
            }
            found = told;
        }
        found
    }
}

/// The day that a cell says, or nothing where it says none that can be told.
pub(super) fn day(cell: &str, order: Order) -> Option<String> {
    let cell = without_time(cell.trim());
    if let Some(day) = cell.parse().ok().and_then(of_sheet) {
        return Some(day);
    }
    if let Some(([a, b, c], separator)) = numbers(cell) {
        let (year, month, day) = match order {
            _ if a > 31 => (a, b, c),
            _ if separator == '.' => (c, b, a),
            _ if a > 12 => (c, b, a),
            _ if b > 12 => (c, a, b),
            _ if a == b => (c, a, b),
            Order::DayFirst => (c, b, a),
            Order::MonthFirst => (c, a, b),
            Order::Unclear => return None,
        };
        return checked(full_year(year)?, month, day);
    }
    in_words(cell)
}

/// The day with a number in a spreadsheet's calendar.
pub(super) fn of_sheet(number: i64) -> Option<String> {
    SHEET_DAYS.contains(&number).then(|| written(of_day_number(number - SHEET_EPOCH)))
}

/// `2. März 2024`, `03-Mar-2021`, `Mar 3, 2021`.
fn in_words(cell: &str) -> Option<String> {
    let parts: Vec<&str> =
        cell.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let parts: Vec<&str> = parts.into_iter().filter(|part| !["de", "of"].contains(part)).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    let (month, day, year) = match (month(first), month(second)) {
        (Some(month), None) => (month, second, third),
        (None, Some(month)) => (month, first, third),
        _ => return None,
    };
    let day = day.trim_end_matches(|c: char| c.is_alphabetic());
    checked(full_year(year.parse().ok()?)?, month, day.parse().ok()?)
}

/// Three numbers and the sign between them.
fn numbers(cell: &str) -> Option<([i64; 3], char)> {
    let cell = without_time(cell.trim());
    let separator = cell.chars().find(|c| !c.is_ascii_digit())?;
    if !['-', '/', '.'].contains(&separator) {
        return None;
    }
    let mut parts = cell.split(separator).map(|part| part.trim().parse::<i64>().ok());
    let read = [parts.next()??, parts.next()??, parts.next()??];
    (parts.next().is_none() && read.iter().all(|n| (0..10_000).contains(n)))
        .then_some((read, separator))
}

/// The cell without the time of day behind the date.
fn without_time(cell: &str) -> &str {
    let is_time = |rest: &str| rest.contains(':');
    match cell.split_once(['T', ' ']) {
        Some((date, rest)) if is_time(rest) && date.starts_with(|c: char| c.is_ascii_digit()) => {
            date
        }
        _ => cell,
    }
}

fn full_year(year: i64) -> Option<i64> {
    let year = match year {
        0..=49 => 2000 + year,
        50..=99 => 1900 + year,
        other => other,
    };
    (1950..2100).contains(&year).then_some(year)
}

fn checked(year: i64, month: i64, day: i64) -> Option<String> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=days).contains(&day).then(|| written((year, month, day)))
}

fn written((year, month, day): (i64, i64, i64)) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

/// Civil date of a day since 1970-01-01 (H. Hinnant, `chrono`-compatible low-level date algorithms).
fn of_day_number(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn month(word: &str) -> Option<i64> {
    static TABLE: LazyLock<BTreeMap<&'static str, i64>> = LazyLock::new(|| {
        let read = |row: Vec<&'static str>| {
            let [word, month, ..] = row.as_slice() else { return None };
            Some((*word, month.parse().ok()?))
        };
        knowledge::rows(MONTHS).filter_map(read).collect()
    });
    TABLE.get(word.to_lowercase().as_str()).copied()
}

const MONTHS: &str = include_str!("../../../../knowledge/month-names.csv");

/// Days of a spreadsheet's calendar that are read, 1954 to 2064; 1970-01-01 is day 25,569.
const SHEET_DAYS: std::ops::RangeInclusive<i64> = 20_000..=60_000;
const SHEET_EPOCH: i64 = 25_569;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_days_of_many_shapes() {
        use Order::{DayFirst, MonthFirst, Unclear};
        for (cell, order, want) in [
            ("2024-03-02", Unclear, Some("2024-03-02")),
            ("2024-03-02 16:25:04.594", Unclear, Some("2024-03-02")),
            ("2024-03-02T16:25:04Z", Unclear, Some("2024-03-02")),
            ("2024/3/2", Unclear, Some("2024-03-02")),
            ("02.03.2024", Unclear, Some("2024-03-02")),
            ("2.3.24", Unclear, Some("2024-03-02")),
            ("13/02/2024", Unclear, Some("2024-02-13")),
            ("1/23/23", Unclear, Some("2023-01-23")),
            ("02/03/2024", Unclear, None),
            ("02/03/2024", DayFirst, Some("2024-03-02")),
            ("02/03/2024", MonthFirst, Some("2024-02-03")),
            ("4/4/2024", Unclear, Some("2024-04-04")),
            ("03-Mar-2021", Unclear, Some("2021-03-03")),
            ("Mar 3, 2021", Unclear, Some("2021-03-03")),
            ("3rd March 2021", Unclear, Some("2021-03-03")),
            ("2. März 2024", Unclear, Some("2024-03-02")),
            ("1 décembre 2020", Unclear, Some("2020-12-01")),
            ("5 de enero de 2021", Unclear, Some("2021-01-05")),
            ("45353", Unclear, Some("2024-03-02")),
            ("2024-02-30", Unclear, None),
            ("Q3 2024", Unclear, None),
            ("2024", Unclear, None),
            ("", Unclear, None),
        ] {
            assert_eq!(day(cell, order).as_deref(), want, "{cell}");
        }
    }

    #[test]
    fn a_column_tells_which_number_is_the_day() {
        for (cells, want) in [
            (["02/03/2024", "13/02/2024"].as_slice(), Order::DayFirst),
            (&["02/03/2024", "02/13/2024"], Order::MonthFirst),
            (&["02/03/2024", "04/05/2024"], Order::Unclear),
            (&["13/02/2024", "02/13/2024"], Order::Unclear),
        ] {
            assert_eq!(Order::of(cells.iter().copied()), want, "{cells:?}");
        }
    }
}
