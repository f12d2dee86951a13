//! Those who may act: who they are, what they show to be let in, what is granted to them, and
//! their sessions.
//!
//! Privacy: password hashes and token hashes pass through here; neither is ever in an error.

pub(crate) mod agreements;
pub(crate) mod records;

use model::{PersonId, Timestamp};

use crate::StoreError;
use crate::engine::sql::{Row, to_json};
use crate::engine::tx::{Tx, WriteTx};
use crate::records::{CredentialRow, GrantRow, PersonRow, SessionRow};

impl Tx<'_> {
    /// Everybody, by account name.
    pub fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        self.rows(&format!("{PEOPLE} ORDER BY name"), &[], read_person)
    }

    /// One by the account name of today.
    pub fn person(&self, name: &str) -> Result<Option<PersonRow>, StoreError> {
        self.first(&format!("{PEOPLE} WHERE name = ?1"), &[name.into()], read_person)
    }

    /// One by key.
    pub fn person_by_id(&self, id: PersonId) -> Result<Option<PersonRow>, StoreError> {
        self.first(&format!("{PEOPLE} WHERE id = ?1"), &[id.to_string().into()], read_person)
    }

    /// What somebody shows, of a kind.
    pub fn credential(
        &self,
        person: PersonId,
        kind: &'static str,
    ) -> Result<Option<CredentialRow>, StoreError> {
        let sql = format!("{CREDENTIALS} WHERE person = ?1 AND kind = ?2");
        let of = [person.to_string().into(), kind.into()];
        self.first(&sql, &of, |row| read_credential(row, kind))
    }

    /// The credential of a kind that has this hash.
    pub fn credential_by_hash(
        &self,
        kind: &'static str,
        secret_hash: &str,
    ) -> Result<Option<CredentialRow>, StoreError> {
        let sql = format!("{CREDENTIALS} WHERE kind = ?1 AND secret_hash = ?2");
        self.first(&sql, &[kind.into(), secret_hash.into()], |row| read_credential(row, kind))
    }

    /// What is granted to somebody.
    pub fn grants_of(&self, person: PersonId) -> Result<Vec<GrantRow>, StoreError> {
        let sql = format!("{GRANTS} WHERE person = ?1 ORDER BY role, scope");
        self.rows(&sql, &[person.to_string().into()], read_grant)
    }

    /// All that is granted to anybody.
    pub fn grants(&self) -> Result<Vec<GrantRow>, StoreError> {
        self.rows(&format!("{GRANTS} ORDER BY person, role, scope"), &[], read_grant)
    }

    /// A session by the hash of its token, whether or not it has ended by the clock.
    pub fn session(&self, token_hash: &str) -> Result<Option<SessionRow>, StoreError> {
        let sql = "SELECT token_hash, person, generation, created, used, expires FROM session \
             WHERE token_hash = ?1";
        self.first(sql, &[token_hash.into()], |row| {
            Ok(SessionRow {
                token_hash: row.text()?,
                person: row.parsed()?,
                generation: row.count()?,
                created: row.time()?,
                used: row.time()?,
                expires: row.time()?,
            })
        })
    }
}

impl WriteTx<'_> {
    /// Inserts somebody, or writes over the one of that key.
    pub fn put_person(&self, person: &PersonRow) -> Result<(), StoreError> {
        let id = person.id.to_string();
        let sql = "SELECT number FROM person WHERE id = ?1";
        let number = match self.first(sql, &[(&id).into()], Row::int)? {
            Some(number) => number,
            None => self.next_number("person")?,
        };
        self.run(
            "INSERT INTO person (number, id, kind, name, display_name, disabled, created) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (number) DO UPDATE SET kind = excluded.kind, name = excluded.name, \
             display_name = excluded.display_name, disabled = excluded.disabled",
            &[
                number.into(),
                (&id).into(),
                (&person.kind).into(),
                (&person.name).into(),
                (&person.display_name).into(),
                person.disabled.into(),
                person.created.into(),
            ],
        )?;
        Ok(())
    }

    /// Writes what somebody shows from now on, over what it was.
    pub fn put_credential(&self, credential: &CredentialRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO credential (person, kind, secret_hash, generation, once, used, issued, \
             expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
             ON CONFLICT (person, kind) DO UPDATE SET secret_hash = excluded.secret_hash, \
             generation = excluded.generation, once = excluded.once, used = excluded.used, \
             issued = excluded.issued, expires = excluded.expires",
            &[
                credential.person.to_string().into(),
                credential.kind.into(),
                (&credential.secret_hash).into(),
                credential.generation.into(),
                credential.once.into(),
                credential.used.into(),
                credential.issued.into(),
                credential.expires.into(),
            ],
        )?;
        Ok(())
    }

    /// Grants a role. What is granted already stays as it is.
    pub fn put_grant(&self, grant: &GrantRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO role_grant (person, role, scope, given, given_by) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (person, role, scope) DO NOTHING",
            &[
                grant.person.to_string().into(),
                (&grant.role).into(),
                to_json(&grant.scope)?.into(),
                grant.given.into(),
                (&grant.given_by).into(),
            ],
        )?;
        Ok(())
    }

    /// Takes a grant back. False where it was not there.
    pub fn remove_grant(&self, grant: &GrantRow) -> Result<bool, StoreError> {
        let sql = "DELETE FROM role_grant WHERE person = ?1 AND role = ?2 AND scope = ?3";
        let scope = to_json(&grant.scope)?;
        let of = [grant.person.to_string().into(), (&grant.role).into(), scope.into()];
        Ok(self.run(sql, &of)? > 0)
    }

    /// Writes a new session of somebody who is there.
    pub fn put_session(&self, session: &SessionRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO session (token_hash, person, generation, created, used, expires) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            &[
                (&session.token_hash).into(),
                session.person.to_string().into(),
                session.generation.into(),
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

    /// Ends every session of somebody. Gives how many.
    pub fn end_sessions_of(&self, person: PersonId) -> Result<u64, StoreError> {
        self.run("DELETE FROM session WHERE person = ?1", &[person.to_string().into()])
    }

    /// Removes sessions that have ended by the clock. Gives how many.
    pub fn end_expired_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.run("DELETE FROM session WHERE expires <= ?1", &[now.into()])
    }
}

fn read_person(row: &mut Row) -> Result<PersonRow, StoreError> {
    Ok(PersonRow {
        id: row.parsed()?,
        kind: row.text()?,
        name: row.text()?,
        display_name: row.text()?,
        disabled: row.truth()?,
        created: row.time()?,
    })
}

fn read_credential(row: &mut Row, kind: &'static str) -> Result<CredentialRow, StoreError> {
    Ok(CredentialRow {
        person: row.parsed()?,
        kind,
        secret_hash: row.text()?,
        generation: row.count()?,
        once: row.truth()?,
        used: row.truth()?,
        issued: row.time()?,
        expires: row.maybe_time()?,
    })
}

fn read_grant(row: &mut Row) -> Result<GrantRow, StoreError> {
    Ok(GrantRow {
        person: row.parsed()?,
        role: row.text()?,
        scope: row.json()?,
        given: row.time()?,
        given_by: row.text()?,
    })
}

const PEOPLE: &str = "SELECT id, kind, name, display_name, disabled, created FROM person";

const CREDENTIALS: &str =
    "SELECT person, secret_hash, generation, once, used, issued, expires FROM credential";

const GRANTS: &str = "SELECT person, role, scope, given, given_by FROM role_grant";
