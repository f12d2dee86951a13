//! People who can sign in, and their sessions.
//!
//! Privacy: password hashes and token hashes pass through here; neither is ever in an error.

pub(crate) mod records;

use model::Timestamp;

use crate::StoreError;
use crate::engine::sql::Row;
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{PersonRow, SessionRow};

impl Tx<'_> {
    /// Everybody, by account name.
    pub fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        self.rows(&format!("{PEOPLE} ORDER BY name"), &[], read_person)
    }

    /// One person by account name.
    pub fn person(&self, name: &str) -> Result<Option<PersonRow>, StoreError> {
        self.first(&format!("{PEOPLE} WHERE name = ?1"), &[name.into()], read_person)
    }

    /// A session by the hash of its token, whether or not it has ended by the clock.
    pub fn session(&self, token_hash: &str) -> Result<Option<SessionRow>, StoreError> {
        let sql = "SELECT token_hash, person, created, used, expires FROM session \
             WHERE token_hash = ?1";
        self.first(sql, &[token_hash.into()], |row| {
            Ok(SessionRow {
                token_hash: row.text()?,
                person: row.text()?,
                created: row.time()?,
                used: row.time()?,
                expires: row.time()?,
            })
        })
    }
}

impl WriteTx<'_> {
    /// Inserts a person, or replaces the one of that name.
    pub fn put_person(&self, person: &PersonRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO person (name, display_name, role, password_hash, must_change_password, \
             disabled, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (name) DO UPDATE SET display_name = excluded.display_name, \
             role = excluded.role, password_hash = excluded.password_hash, \
             must_change_password = excluded.must_change_password, \
             disabled = excluded.disabled, created = excluded.created",
            &[
                (&person.name).into(),
                (&person.display_name).into(),
                (&person.role).into(),
                (&person.password_hash).into(),
                person.must_change_password.into(),
                person.disabled.into(),
                person.created.into(),
            ],
        )?;
        Ok(())
    }

    /// Writes a new session of a person who is there.
    pub fn put_session(&self, session: &SessionRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO session (token_hash, person, created, used, expires) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            &[
                (&session.token_hash).into(),
                (&session.person).into(),
                session.created.into(),
                session.used.into(),
                session.expires.into(),
            ],
        )?;
        Ok(())
    }

    /// Notes that a session was used.
    pub fn touch_session(&self, token_hash: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE session SET used = ?2 WHERE token_hash = ?1";
        self.run(sql, &[token_hash.into(), now.into()])?;
        Ok(())
    }

    /// Ends a session. False where there was none.
    pub fn end_session(&self, token_hash: &str) -> Result<bool, StoreError> {
        let ended = self.run("DELETE FROM session WHERE token_hash = ?1", &[token_hash.into()])?;
        Ok(ended > 0)
    }

    /// Ends every session of a person, but the one whose token has the hash `except`. Gives how
    /// many.
    pub fn end_sessions_of(&self, person: &str, except: Option<&str>) -> Result<u64, StoreError> {
        let sql = "DELETE FROM session WHERE person = ?1 AND token_hash <> ?2";
        self.run(sql, &[person.into(), except.unwrap_or_default().into()])
    }

    /// Removes sessions that have ended by the clock. Gives how many.
    pub fn end_expired_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.run("DELETE FROM session WHERE expires <= ?1", &[now.into()])
    }
}

fn read_person(row: &mut Row) -> Result<PersonRow, StoreError> {
    Ok(PersonRow {
        name: row.text()?,
        display_name: row.text()?,
        role: row.text()?,
        password_hash: row.text()?,
        must_change_password: row.truth()?,
        disabled: row.truth()?,
        created: row.time()?,
    })
}

const PEOPLE: &str = "SELECT name, display_name, role, password_hash, must_change_password, \
     disabled, created FROM person";
