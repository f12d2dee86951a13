//! What was decided: per configuration, and as devices have it.

pub(crate) mod configurations;
pub(crate) mod decisions;
pub(crate) mod list;
pub(crate) mod records;
pub(crate) mod settle;
