#![forbid(unsafe_code)]
//! People, roles, sign-in and sessions.

mod role;

pub use role::{Permission, Role};
