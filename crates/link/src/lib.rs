#![forbid(unsafe_code)]
//! Files and feeds in, events out. Decides nothing: finds input, reads it within bounds, and says
//! what kind it is by looking at the content.

mod files;
mod kind;

pub use files::{Input, ReadError, Walked, read_document, read_head, walk};
pub use kind::{Kind, kind_of};
