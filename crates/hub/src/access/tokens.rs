//! Tokens of programs: an account of their own, with grants like anybody's.

use access::{Permission, Principal};
use model::{Secret, Timestamp};
use store::records::CredentialRow;

use crate::access::caller::Caller;
use crate::access::people::NewPerson;
use crate::access::session::caller_of;
use crate::{Hub, HubError, random};

impl Hub {
    /// Makes an account for a program and answers its bearer token, which is shown once and holds
    /// for so many days. Disabling the account ends it.
    pub fn add_token(
        &self,
        caller: &Caller,
        new: &NewPerson,
        days: u32,
        now: Timestamp,
    ) -> Result<Secret, HubError> {
        caller.require(Permission::ManagePeople)?;
        let token = access::token(&random()?);
        let secret_hash = access::token_hash(&token);
        self.add_account(caller, Principal::Token, new, now, |act, id| {
            let expires = Some(now.plus_seconds(i64::from(days) * 86_400));
            act.change().put_credential(&CredentialRow {
                person: id,
                kind: CredentialRow::TOKEN,
                secret_hash,
                generation: 1,
                once: false,
                used: false,
                issued: now,
                expires,
            })?;
            Ok(expires)
        })?;
        Ok(token)
    }

    /// The program whose token has this hash.
    pub(crate) fn caller_by_token(&self, hash: &str, now: Timestamp) -> Result<Caller, HubError> {
        self.ground().read_whole(|tx| {
            let token = tx.credential_by_hash(CredentialRow::TOKEN, hash)?;
            let token = token.ok_or(HubError::NotSignedIn)?;
            let person = tx.person_by_id(token.person)?.ok_or(HubError::NotSignedIn)?;
            let over = token.expires.is_none_or(|end| now >= end) || now < token.issued;
            if over || person.disabled {
                return Err(HubError::NotSignedIn);
            }
            caller_of(&person, &tx.grants_of(person.id)?, false)
        })
    }
}
