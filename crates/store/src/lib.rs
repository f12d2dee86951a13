#![forbid(unsafe_code)]
//! SQLite and PostgreSQL behind one behaviour.

pub mod records;
