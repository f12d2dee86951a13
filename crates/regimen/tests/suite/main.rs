//! The whole program as its users meet it: the commands, the pages in a browser, and what must
//! never come out of either.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says by failing"
)]

mod accessibility;
mod browser;
mod canary;
mod cases;
mod devtools;
mod guides;
mod harness;
mod kept;
mod killed;
mod one_shot;
mod pages;
mod png;
mod policy;
mod postgres;

mod schemathesis;
mod screenshots;
mod site;
