#![forbid(unsafe_code)]
//! Segmentation that can be proved: a policy as text, what it means, its renderings, their proof.
//!
//! [`policy`] reads what people review; [`packets`] holds exact sets of packets; [`render`] writes
//! the languages of filters and [`read`] reads them back; [`prove`] compares.

pub mod packets;
pub mod policy;
pub mod prove;
pub mod read;
pub mod render;
