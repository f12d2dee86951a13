//! Disclosures as received, and the feeds beside them.

pub(crate) mod feeds;
pub(crate) mod keep;
pub(crate) mod list;
pub(crate) mod records;
pub(crate) mod trust;
