//! Removing a text from everything that is held: every text of every table, in any case of its
//! letters, and as JSON writes it; documents that hold it; and the pages it lay on.
//!
//! Limits: rows are read one by one, which takes as long as reading the whole store. Copies of the
//!         store, and what a database server logs for itself, are others' to remove.

use evidence::Head;

use crate::StoreError;
use crate::engine::catalogue::{Column, Table, tables};
use crate::engine::sql::{Cell, Param};
use crate::engine::tx::WriteTx;
use crate::records::Removed;

impl WriteTx<'_> {
    /// Puts a mark in the place of `text` wherever it is held, and says where that was.
    ///
    /// The database refuses changes to what was received and decided; for this transaction alone
    /// these guards are lifted.
    pub fn redact(&self, text: &str) -> Result<Removed, StoreError> {
        let needle = Needle::of(text);
        let mut removed = Removed::default();
        for table in tables(self)?.iter().filter(|table| !KEPT.contains(&table.name.as_str())) {
            let found = self.holding(table, &needle)?;
            if found.is_empty() {
                continue;
            }
            removed.places.insert(table.name.clone(), found.len() as u64);
            let guards = self.lift(&table.name)?;
            for row in &found {
                self.blank(table, row, &needle, &mut removed)?;
            }
            guards.iter().try_for_each(|guard| self.script(guard))?;
        }
        Ok(removed)
    }

    fn holding(&self, table: &Table, needle: &Needle) -> Result<Vec<Vec<Cell>>, StoreError> {
        let mut found = Vec::new();
        let sql = format!("SELECT {} FROM {}", table.list(), table.name);
        self.each(&sql, &[], |row| {
            let cells: Vec<Cell> = row.cells().collect();
            if cells.iter().any(|cell| needle.is_in(cell)) {
                found.push(cells);
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn blank(
        &self,
        table: &Table,
        row: &[Cell],
        needle: &Needle,
        removed: &mut Removed,
    ) -> Result<(), StoreError> {
        note_whole(table, row, removed)?;
        let new = row.iter().zip(&table.columns);
        let new: Vec<Cell> =
            new.map(|(cell, column)| blanked(table, column, cell, needle)).collect();
        let columns = || table.columns.iter().enumerate();
        let set: Vec<String> =
            columns().map(|(at, column)| format!("{} = ?{}", column.name, at + 1)).collect();
        let keys: Vec<(usize, &Column)> = columns().filter(|(_, column)| column.key).collect();
        let these: Vec<String> = keys
            .iter()
            .enumerate()
            .map(|(at, (_, column))| format!("{} = ?{}", column.name, row.len() + at + 1))
            .collect();
        let old = keys.iter().filter_map(|(at, _)| row.get(*at));
        let params: Vec<Param<'_>> = new.iter().chain(old).map(Param::from).collect();
        let (set, these) = (set.join(", "), these.join(" AND "));
        self.run(&format!("UPDATE {} SET {set} WHERE {these}", table.name), &params)?;
        Ok(())
    }

    /// Lifts the guards of a table, and gives what puts them back.
    fn lift(&self, table: &str) -> Result<Vec<String>, StoreError> {
        if self.is_postgres() {
            self.script(&format!("ALTER TABLE {table} DISABLE TRIGGER USER"))?;
            return Ok(vec![format!("ALTER TABLE {table} ENABLE TRIGGER USER")]);
        }
        let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1";
        let guards = self.rows(sql, &[table.into()], |row| Ok((row.text()?, row.text()?)))?;
        for (name, _) in &guards {
            self.script(&format!("DROP TRIGGER {name}"))?;
        }
        Ok(guards.into_iter().map(|(_, sql)| sql).collect())
    }
}

/// What is gone whole is named by its digest, so that whoever checks later knows why.
fn note_whole(table: &Table, row: &[Cell], removed: &mut Removed) -> Result<(), StoreError> {
    let cell = |name: &str| {
        let at = table.columns.iter().position(|column| column.name == name);
        at.and_then(|at| row.get(at))
    };
    let text = |name: &str| match cell(name) {
        Some(Cell::Text(text)) => Ok(text.clone()),
        _ => Err(StoreError::corrupt("a row without its digest")),
    };
    match table.name.as_str() {
        "document" => removed.digests.push(text("content_hash")?),
        "evidence_text" => removed.digests.push(text("digest")?),
        "evidence" => {
            let number = match cell("number") {
                Some(Cell::Int(number)) => u64::try_from(*number).map_err(StoreError::corrupt)?,
                _ => return Err(StoreError::corrupt("a row without its number")),
            };
            removed.rows.push(Head { number, hash: text("hash")? });
        }
        _ => {}
    }
    Ok(())
}

fn blanked(table: &Table, column: &Column, cell: &Cell, needle: &Needle) -> Cell {
    match cell {
        // The salt goes with the text: without it the digest tells nothing.
        Cell::Text(_) if table.name == "evidence_text" && column.name != "digest" => {
            Cell::Text(String::new())
        }
        Cell::Text(text) if !is_key(text) => Cell::Text(needle.replaced(text)),
        Cell::Bytes(_) if needle.is_in(cell) => Cell::Bytes(Vec::new()),
        other => other.clone(),
    }
}

/// Digests and keys are no words, whatever their digits spell.
fn is_key(text: &str) -> bool {
    text.len() >= KEY_DIGITS_MIN
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// What is looked for: a text, and the same as JSON writes it, both without regard to case.
struct Needle {
    forms: Vec<Vec<char>>,
}

impl Needle {
    fn of(text: &str) -> Self {
        let json = serde_json::Value::from(text).to_string();
        let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"'));
        let json = json.unwrap_or_default().to_owned();
        let mut forms: Vec<Vec<char>> =
            [text.to_owned(), json].iter().map(|form| folded(form)).collect();
        forms.dedup();
        forms.retain(|form| !form.is_empty());
        Self { forms }
    }

    fn is_in(&self, cell: &Cell) -> bool {
        match cell {
            Cell::Text(text) if is_key(text) => false,
            Cell::Text(text) => self.find(&folded(text)).is_some(),
            Cell::Bytes(bytes) => self.find(&folded(&String::from_utf8_lossy(bytes))).is_some(),
            _ => false,
        }
    }

    fn find(&self, text: &[char]) -> Option<(usize, usize)> {
        let found = |form: &Vec<char>| {
            let at = text.windows(form.len()).position(|window| window == form.as_slice());
            at.map(|at| (at, form.len()))
        };
        self.forms.iter().filter_map(found).min()
    }

    fn replaced(&self, text: &str) -> String {
        let (letters, plain): (Vec<char>, Vec<char>) = (text.chars().collect(), folded(text));
        let (mut new, mut at) = (String::new(), 0);
        while let Some((found, length)) = plain.get(at..).and_then(|rest| self.find(rest)) {
            new.extend(letters.get(at..at + found).unwrap_or_default());
            new.push_str(MARK);
            at += found + length;
        }
        new.extend(letters.get(at..).unwrap_or_default());
        new
    }
}

/// One letter for each letter, so that places agree; a letter that becomes several keeps the first.
fn folded(text: &str) -> Vec<char> {
    text.chars().map(|letter| letter.to_lowercase().next().unwrap_or(letter)).collect()
}

/// What stands where something was removed.
const MARK: &str = "[removed]";

/// Shortest digest or key, in digits.
const KEY_DIGITS_MIN: usize = 32;

/// Tables whose rows are what they are: the schema, and signatures, which hold no text of people.
const KEPT: &[&str] = &["schema_step", "checkpoint"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn finds_a_text_in_any_case_and_as_json() {
        for (text, needle, want) in [
            ("Erika Muster was here", "erika muster", "[removed] was here"),
            ("ERIKA MUSTER, Erika Muster", "Erika Muster", "[removed], [removed]"),
            ("ÄRZTIN", "ärztin", "[removed]"),
            (r#"{"a":"say \"x\" now"}"#, "say \"x\"", r#"{"a":"[removed] now"}"#),
            ("nothing", "Erika", "nothing"),
            ("aaa", "aa", "[removed]a"),
            ("what was removed", "removed", "what was [removed]"),
        ] {
            assert_eq!(Needle::of(needle).replaced(text), want, "{text}");
        }
    }
}
