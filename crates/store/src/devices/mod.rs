//! Devices, what points to them, what they run and whom they talk to.

pub(crate) mod conversations;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod known;
pub(crate) mod list;
pub(crate) mod overview;
pub(crate) mod read;
pub(crate) mod records;
pub(crate) mod search;
pub(crate) mod software;
pub(crate) mod write;
