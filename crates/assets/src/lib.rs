#![forbid(unsafe_code)]
//! Observations and imported records to devices with evidence.
//!
//! Input:   [`model::Observations`] of a capture, or an inventory file of the hospital.
//! Output:  devices with a key of our own, every value standing on its facts, and the
//!          conversations between them.
//! Method:  endpoints are grouped into devices (`group`), rules from `knowledge/` add facts to
//!          what was said outright (`rules`), and a published precedence picks the current value
//!          of each attribute (`derive`). What lost stays visible among the facts.

mod cap;
mod claims;
mod class;
mod derive;
mod dispute;
mod group;
mod history;
mod identify;
mod index;
mod inventory;
mod join;
pub mod knowledge;
mod likeness;
mod relocation;
mod rules;
mod search;
mod state;

pub use cap::{ADDRESSES_MAX, VALUES_MAX, cap};
pub use derive::{current, derive, display_name};
pub use dispute::{Statement, statements};
pub use history::followed;
pub use identify::{Identified, identify};
pub use index::{Index, identifiers_of_observations, identifiers_of_record};
pub use inventory::{
    CELL_CHARS_MAX, Inventory, InventoryRecord, ROWS_MAX, looks_like_inventory, read_inventory,
    table_headings,
};
pub use join::{Joined, Joining, join_inventory};
pub use likeness::maker_key;
pub use state::is_retired;
