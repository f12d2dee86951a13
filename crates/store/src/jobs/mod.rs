//! Work that comes again and again: when next, who is at it, and what came of it.

pub(crate) mod records;

use model::Timestamp;

use crate::StoreError;
use crate::engine::sql::Row;
use crate::engine::tx::{Tx, WriteTx};
use crate::records::JobRow;

impl Tx<'_> {
    /// Every job that was ever due, by name.
    pub fn jobs(&self) -> Result<Vec<JobRow>, StoreError> {
        self.rows(&format!("{JOBS} ORDER BY name"), &[], read)
    }
}

impl WriteTx<'_> {
    /// Takes a job that is due and that nobody holds, until `until`. False where it is not due, or
    /// somebody is at it. Only one transaction writes at a time, so of two who ask one gets it.
    pub fn take_job(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.run(
            "INSERT INTO job (name, next_run, held_by, done, result) VALUES (?1, ?2, '', 0, '') \
             ON CONFLICT (name) DO NOTHING",
            &[name.into(), now.into()],
        )?;
        let sql = "UPDATE job SET held_by = ?2, held_until = ?4, started = ?3 WHERE name = ?1 \
             AND next_run <= ?3 AND (held_until IS NULL OR held_until <= ?3)";
        let taken = self.run(sql, &[name.into(), holder.into(), now.into(), until.into()])?;
        Ok(taken > 0)
    }

    /// Writes what came of a job and when it comes next. False where somebody else took it
    /// meanwhile, because it took longer than it was held for; then theirs stands.
    pub fn finish_job(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        next_run: Timestamp,
        outcome: Result<&str, &str>,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE job SET held_by = '', held_until = NULL, ended = ?3, next_run = ?4, \
             done = ?5, result = ?6 WHERE name = ?1 AND held_by = ?2";
        let (Ok(text) | Err(text)) = outcome;
        let values = [
            name.into(),
            holder.into(),
            now.into(),
            next_run.into(),
            outcome.is_ok().into(),
            text.into(),
        ];
        Ok(self.run(sql, &values)? > 0)
    }
}

fn read(row: &mut Row) -> Result<JobRow, StoreError> {
    Ok(JobRow {
        name: row.text()?,
        next_run: row.time()?,
        held_until: row.maybe_time()?,
        started: row.maybe_time()?,
        ended: row.maybe_time()?,
        done: row.truth()?,
        result: row.text()?,
    })
}

const JOBS: &str = "SELECT name, next_run, held_until, started, ended, done, result FROM job";
