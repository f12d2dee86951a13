#![forbid(unsafe_code)]
//! The hash chain that every act is written to.
//!
//! [`Chain::next`] makes a row from the row before it; [`verify`] reads rows back and says whether
//! each is as it was written. The byte form that is hashed stands in [`chain`], so that a person
//! can check a row with `sha256sum` and nothing of ours. A [`Checkpoint`], signed as a [`note`], is
//! the end of the chain as it leaves the machine.

mod action;
mod canonical;
pub mod chain;
mod check;
mod checkpoint;
pub mod note;
pub mod words;

pub use action::Action;
pub use canonical::{Sha256Hex, canonical_json, hex, sha256_hex};
pub use chain::{Act, Chain, Entry, GENESIS_HASH, Head};
pub use check::{Bad, Check, Verifier, verify, verify_against};
pub use checkpoint::Checkpoint;
pub use note::{Note, NoteKey, PublicKey};
