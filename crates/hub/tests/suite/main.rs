//! Use cases over a real store in a temporary folder.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::redundant_closure,
    reason = "a test says by failing"
)]

mod cases;
mod clearing;
mod corpus;
mod house;
mod imports;
mod ingest;
mod operations;
mod people;
mod races;
mod redaction;
mod sign_in;
mod sites;
mod stale;
mod streams;
mod tampering;
