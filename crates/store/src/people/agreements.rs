//! What a rule wants two people for: proposals, how they were settled, and which were looked at.

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::engine::sql::Row;
use crate::engine::tx::{Tx, WriteTx};
use crate::records::Page;

/// Something that two people have to say.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct AgreementRow {
    /// Number, from 1.
    pub number: u64,
    /// The rule that wants two.
    pub rule: String,
    /// What is to be done, in plain words.
    pub subject: String,
    /// Why, as the one who proposed it typed it.
    pub reason: String,
    /// Key of who proposed it, or `console`.
    pub proposed_by: String,
    /// When.
    pub proposed: Timestamp,
    /// Key of who settled it, or `console`; empty while nobody has.
    pub settled_by: String,
    /// When.
    pub settled: Option<Timestamp>,
    /// True where the one who proposed it settled it too.
    pub alone: bool,
    /// Key of who looked at it afterwards; empty while nobody has.
    pub reviewed_by: String,
    /// When.
    pub reviewed: Option<Timestamp>,
}

impl Tx<'_> {
    /// The proposal of `rule` about `subject` that is not settled yet.
    pub fn open_agreement(
        &self,
        rule: &str,
        subject: &str,
    ) -> Result<Option<AgreementRow>, StoreError> {
        let sql = format!("{AGREEMENTS} WHERE rule = ?1 AND subject = ?2 AND settled IS NULL");
        self.first(&sql, &[rule.into(), subject.into()], read)
    }

    /// Proposals that wait for somebody, oldest first.
    pub fn open_agreements(&self) -> Result<Vec<AgreementRow>, StoreError> {
        let sql = format!("{AGREEMENTS} WHERE settled IS NULL ORDER BY number LIMIT ?1");
        self.rows(&sql, &[Page::LIMIT_MAX.into()], read)
    }

    /// What was decided alone from `since` on and before `until`, oldest first.
    pub fn decided_alone(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<AgreementRow>, StoreError> {
        let sql = format!(
            "{AGREEMENTS} WHERE alone = 1 AND settled >= ?1 AND settled < ?2 ORDER BY number"
        );
        self.rows(&sql, &[since.into(), until.into()], read)
    }

    /// One by its number.
    pub fn agreement(&self, number: u64) -> Result<Option<AgreementRow>, StoreError> {
        self.first(&format!("{AGREEMENTS} WHERE number = ?1"), &[number.into()], read)
    }
}

impl WriteTx<'_> {
    /// Writes a proposal down. Gives its number.
    pub fn propose(
        &self,
        rule: &str,
        subject: &str,
        reason: &str,
        by: &str,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let number = self.next_number("agreement")?;
        self.run(
            "INSERT INTO agreement (number, rule, subject, reason, proposed_by, proposed, \
             settled_by, alone, reviewed_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', 0, '')",
            &[number.into(), rule.into(), subject.into(), reason.into(), by.into(), at.into()],
        )?;
        u64::try_from(number).map_err(StoreError::corrupt)
    }

    /// Settles a proposal, together or alone.
    pub fn settle_agreement(
        &self,
        number: u64,
        by: &str,
        alone: bool,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE agreement SET settled_by = ?2, alone = ?3, settled = ?4 \
             WHERE number = ?1";
        self.run(sql, &[number.into(), by.into(), alone.into(), at.into()])?;
        Ok(())
    }

    /// Notes that somebody looked at what was decided alone.
    pub fn review_agreement(&self, number: u64, by: &str, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE agreement SET reviewed_by = ?2, reviewed = ?3 WHERE number = ?1";
        self.run(sql, &[number.into(), by.into(), at.into()])?;
        Ok(())
    }
}

fn read(row: &mut Row) -> Result<AgreementRow, StoreError> {
    Ok(AgreementRow {
        number: row.count()?,
        rule: row.text()?,
        subject: row.text()?,
        reason: row.text()?,
        proposed_by: row.text()?,
        proposed: row.time()?,
        settled_by: row.text()?,
        settled: row.maybe_time()?,
        alone: row.truth()?,
        reviewed_by: row.text()?,
        reviewed: row.maybe_time()?,
    })
}

const AGREEMENTS: &str = "SELECT number, rule, subject, reason, proposed_by, proposed, settled_by, \
     settled, alone, reviewed_by, reviewed FROM agreement";
