#![forbid(unsafe_code)]
//! Bytes to what was seen: link layer to application, sans-IO.
//!
//! Input:   frames with a time and a link type, in the order of the capture.
//! Output:  [`model::Observations`]: aggregated, sorted, with the first place of every value.
//! Limits:  every table and buffer has a named bound; reaching one is counted and shown.
//! Privacy: a dissector copies only the fields in its table. HL7 stops at MSH, DICOM at the
//!          equipment attributes it lists; nothing else leaves the frame. Of those values
//!          [`privacy`] drops what has not the shape of its attribute, or is masked.
//!
//! A frame passes `link` (headers, tunnels) → `ip` (fragments) → `flow` (conversations) → `tcp`
//! (reassembly) → a dissector chosen by content. Adding a protocol is one folder with a
//! `PROTOCOL` constant and one line in [`protocols`]; see `docs/adding-a-protocol.md`.

pub mod dissect;
pub mod exercise;
mod flow;
mod forms;
mod frame;
mod index;
mod ip;
pub mod limits;
mod link;
mod observe;
mod place;
pub mod privacy;
pub mod protocols;
pub mod reader;
mod tcp;
pub mod text;

#[cfg(test)]
pub(crate) mod testing;

pub use frame::{Frame, LinkType};
pub use ip::neighbours::FIELDS as NEIGHBOUR_FIELDS;
pub use limits::Limits;
pub use link::UNREAD_LINK_TYPE;
pub use observe::Observer;
