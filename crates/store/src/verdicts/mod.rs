//! What was decided: per configuration, and as devices have it.

mod as_of;
pub(crate) mod configurations;
pub(crate) mod decisions;
mod held;
pub(crate) mod list;
mod moves;
pub(crate) mod records;
pub(crate) mod settle;
