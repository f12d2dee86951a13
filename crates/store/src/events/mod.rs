//! Events: the outbox of the hub, written in the transaction of the act they tell of.
//!
//! Whoever tells others (a stream, a ticket, a mail) reads on from the number it saw last, so
//! nothing is told that did not happen and nothing that happened is left out.

pub(crate) mod records;

use crate::StoreError;
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{EventRow, NewEvent, Page};

impl WriteTx<'_> {
    /// Writes the next event. Only one transaction writes at a time, so numbers have no gaps.
    pub fn append_event(&self, event: &NewEvent<'_>) -> Result<(), StoreError> {
        let number = self.next_number("event")?;
        self.run(
            "INSERT INTO event (number, at, kind, actor, subject, site, evidence, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            &[
                number.into(),
                event.at.into(),
                event.kind.into(),
                without_nul(event.actor).as_str().into(),
                without_nul(event.subject).as_str().into(),
                without_nul(event.site).as_str().into(),
                event.evidence.into(),
                event.body.to_string().as_str().into(),
            ],
        )?;
        Ok(())
    }
}

impl Tx<'_> {
    /// Events behind number `after`, oldest first, at most `limit` of them.
    pub fn events_after(&self, after: u64, limit: u64) -> Result<Vec<EventRow>, StoreError> {
        let sql = "SELECT number, at, kind, actor, subject, site, evidence, body FROM event \
             WHERE number > ?1 ORDER BY number LIMIT ?2";
        self.rows(sql, &[after.into(), limit.min(Page::LIMIT_MAX).into()], |row| {
            Ok(EventRow {
                number: row.count()?,
                at: row.time()?,
                kind: row.text()?,
                actor: row.text()?,
                subject: row.text()?,
                site: row.text()?,
                evidence: row.count()?,
                body: row.json()?,
            })
        })
    }
}

/// PostgreSQL cannot hold U+0000 in text.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
