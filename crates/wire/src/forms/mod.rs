//! Shapes that several protocols share.

pub(crate) mod ntlm;
