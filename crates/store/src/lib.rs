#![forbid(unsafe_code)]
//! SQLite and PostgreSQL behind one behaviour.
//!
//! [`Store::open`] opens either; [`Store::read`] and [`Store::write`] run one transaction each.
//! What can be read is a method of [`Tx`], what can be written one of [`WriteTx`]. Nothing here
//! decides anything about devices or disclosures: it keeps rows, finds them again and counts.
//!
//! Privacy: no patient data reaches this crate. Addresses, names and people of the hospital do, so
//! the file is its owner's alone and no error shows a stored value.

mod conditions;
mod configurations;
mod conversations;
mod device_list;
mod device_read;
mod device_write;
mod disclosure_list;
mod disclosures;
mod error;
mod evidence_log;
mod feeds;
pub mod ingests;
mod migrate;
mod overview;
mod people;
mod postgres;
pub mod records;
mod search;
mod settings;
mod settle;
mod software;
mod sql;
mod sqlite;
mod store;
mod tx;
mod url;
mod verdicts;

pub use error::{Cause, StoreError};
pub use store::Store;
pub use tx::{Tx, WriteTx};
pub use url::{FILE_NAME, StoreUrl};
