//! The store's whole behaviour, on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what is set up here fails the test when it fails"
)]
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method itself is not general enough over the transaction's lifetime"
)]

mod backup;
mod devices;
mod disclosures;
mod evidence_log;
mod harness;
mod history;
mod imports;
mod jobs;
mod opening;
mod people;
mod samples;
mod scopes;
mod verdicts;
