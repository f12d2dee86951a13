//! Use cases over a real store in a temporary folder.

mod corpus;
mod house;
mod ingest;
mod sign_in;
