#![forbid(unsafe_code)]
//! SQLite and PostgreSQL behind one behaviour.
//!
//! [`Store::open`] opens either; [`Store::read`] and [`Store::write`] run one transaction each.
//! What can be read is a method of [`Tx`], what can be written one of [`WriteTx`]. Nothing here
//! decides anything about devices or disclosures: it keeps rows, finds them again and counts.
//!
//! Privacy: no patient data reaches this crate. Addresses, names and people of the hospital do, so
//! the file is its owner's alone and no error shows a stored value.

mod devices;
mod disclosures;
mod engine;
mod events;
mod evidence;
pub mod ingests;
mod jobs;
mod people;
pub mod records;
mod verdicts;

pub use engine::backup::Age;
pub use engine::error::{Cause, StoreError};
pub use engine::store::{Store, Turn};
pub use engine::tx::{Tx, WriteTx};
pub use engine::url::{FILE_NAME, StoreUrl};
