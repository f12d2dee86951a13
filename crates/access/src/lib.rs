#![forbid(unsafe_code)]
//! People, roles, sign-in and sessions.
//!
//! Nothing here draws a random number or reads a clock: salts, tokens and times are arguments, so
//! every rule can be tried at any time and the same bytes give the same result.

mod account;
mod grant;
mod password;
mod role;
mod rule;
mod session;
pub mod throttle;
mod token;

pub use account::{ACCOUNT_NAME_MAX, AccountName, AccountNameError};
pub use grant::{Grant, Principal, reach};
pub use password::{
    Context, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PasswordError, PasswordRule, check_password,
    hash_password, verify_nobody, verify_password,
};
pub use role::{Permission, Role, UnknownName};
pub use rule::{Rule, RuleRow, Say, say};
pub use session::{SESSION_IDLE_SECONDS_MAX, SESSION_SECONDS_MAX, session_expires, session_holds};
pub use throttle::{Attempt, Throttle};
pub use token::{one_time_password, token, token_hash};
