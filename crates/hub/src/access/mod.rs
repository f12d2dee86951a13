//! People and their sessions: who is calling, and what they may do.

pub(crate) mod people;
pub(crate) mod session;
