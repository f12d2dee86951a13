#![forbid(unsafe_code)]
//! Segmentation that can be proved: a policy as text, what it means, its renderings, their proof.
//!
//! [`policy`] reads what people review; [`packets`] holds exact sets of packets; [`render`] writes
//! the languages of filters and [`read`] reads them back; [`prove`] compares; [`propose`] makes a
//! first policy of what was seen and [`simulate`] says what a policy would have cut.

pub mod packets;
pub mod policy;
pub mod propose;
pub mod prove;
pub mod read;
pub mod render;
pub mod simulate;
