//! Use cases over a real store in a temporary folder.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "what it proposes for `store.read(|tx| tx.configurations())` does not compile"
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
