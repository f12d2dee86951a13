//! People and programs: who is calling, what they may do and where, and what two must agree on.

pub(crate) mod agreements;
pub(crate) mod caller;
pub(crate) mod password;
pub(crate) mod people;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod tokens;
