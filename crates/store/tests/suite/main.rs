//! The store's whole behaviour, on both databases.

mod devices;
mod disclosures;
mod evidence_log;
mod harness;
mod opening;
mod people;
mod samples;
mod verdicts;
