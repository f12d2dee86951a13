//! The `WHERE` of a query that is put together from what the caller asked for.

use crate::engine::sql::Param;
use crate::engine::tx::placeholders;

/// Conditions that must all hold, and their values.
#[derive(Debug, Default)]
pub(crate) struct Conditions<'p> {
    sql: Vec<String>,
    pub(crate) params: Vec<Param<'p>>,
}

impl<'p> Conditions<'p> {
    /// A condition without a value.
    pub(crate) fn and(&mut self, sql: &str) {
        self.sql.push(sql.to_owned());
    }

    /// A condition with one value, which stands where `sql` says `{}`.
    pub(crate) fn and_value(&mut self, sql: &str, value: impl Into<Param<'p>>) {
        let placeholder = self.value(value);
        self.sql.push(sql.replace("{}", &placeholder));
    }

    /// A condition that holds where `column` is one of `values`.
    pub(crate) fn and_one_of(&mut self, column: &str, values: impl IntoIterator<Item = Param<'p>>) {
        let first = self.params.len() + 1;
        self.params.extend(values);
        let list = placeholders(first, self.params.len() + 1 - first);
        self.sql.push(format!("{column} IN ({list})"));
    }

    /// The same for row numbers, which are ours and need no placeholder; none of them never holds.
    pub(crate) fn and_one_of_numbers<'n>(
        &mut self,
        column: &str,
        numbers: impl IntoIterator<Item = &'n i64>,
    ) {
        let list: Vec<String> = numbers.into_iter().map(i64::to_string).collect();
        self.sql.push(match list.as_slice() {
            [] => "1 = 0".to_owned(),
            list => format!("{column} IN ({})", list.join(",")),
        });
    }

    /// A condition for free text: every word in one of its spellings in `column`.
    pub(crate) fn and_text(&mut self, column: &str, text: &str) {
        for spellings in crate::devices::search::patterns(text) {
            let mut either = Vec::new();
            for pattern in spellings {
                let placeholder = self.value(pattern);
                either.push(format!("{column} LIKE {placeholder} ESCAPE '\\'"));
            }
            self.sql.push(format!("({})", either.join(" OR ")));
        }
    }

    /// Adds a value and gives its placeholder.
    pub(crate) fn value(&mut self, value: impl Into<Param<'p>>) -> String {
        self.params.push(value.into());
        format!("?{}", self.params.len())
    }

    /// ` WHERE …`, or nothing.
    pub(crate) fn sql(&self) -> String {
        if self.sql.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.sql.join(" AND "))
        }
    }
}

/// How many values one `IN (…)` lists; more are asked for in several queries.
pub(crate) const LIST_MAX: usize = 500;
