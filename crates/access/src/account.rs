//! Account names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of an account: lower case, from 1 to [`ACCOUNT_NAME_MAX`] of `a-z 0-9 . _ -`, the
/// first a letter. No two accounts differ by letter case or by look-alike letters alone.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

/// The caller: this is no account name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AccountNameError {
    /// There is nothing, or too much.
    #[error("an account name has 1 to {ACCOUNT_NAME_MAX} characters")]
    Length,
    /// A character that it may not have.
    #[error(
        "an account name has letters a to z, digits, `.`, `_` and `-`, and starts with a letter"
    )]
    Character,
    /// The log uses it for itself.
    #[error("this name is kept for the program itself")]
    Reserved,
}

impl AccountName {
    /// Reads a name as a person types it; letter case and space around it do not matter.
    pub fn parse(text: &str) -> Result<Self, AccountNameError> {
        let name = text.trim().to_ascii_lowercase();
        if name.is_empty() || name.len() > ACCOUNT_NAME_MAX {
            return Err(AccountNameError::Length);
        }
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        if !name.bytes().all(allowed) || !name.starts_with(|first: char| first.is_ascii_lowercase())
        {
            return Err(AccountNameError::Character);
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(AccountNameError::Reserved);
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AccountName {
    type Err = AccountNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for AccountName {
    type Error = AccountNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

/// Longest account name, in characters; fits a table column and a log line.
pub const ACCOUNT_NAME_MAX: usize = 64;

/// Actors of the evidence log that are no accounts.
const RESERVED: &[&str] = &["system", "console"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_says_what_is_wrong() {
        use AccountNameError::{Character, Length, Reserved};
        let long = "a".repeat(64);
        let longer = "a".repeat(65);
        for (text, want) in [
            ("ada", Ok("ada")),
            ("  Ada.Lovelace-2_x ", Ok("ada.lovelace-2_x")),
            (&long, Ok(long.as_str())),
            (&longer, Err(Length)),
            ("", Err(Length)),
            ("   ", Err(Length)),
            ("2ada", Err(Character)),
            ("ada lovelace", Err(Character)),
            ("аda", Err(Character)),
            ("ada\n", Ok("ada")),
            ("a\0b", Err(Character)),
            ("System", Err(Reserved)),
            ("console", Err(Reserved)),
        ] {
            let read = AccountName::parse(text);
            assert_eq!(read.as_ref().map(AccountName::as_str), want.as_ref().copied(), "{text:?}");
        }
    }
}
