#![forbid(unsafe_code)]
//! The HTTP API and the pages people use.
//!
//! An adapter: it turns requests into calls of [`hub::Hub`] and rows into HTML or JSON. It decides
//! nothing about devices. View types live here and nowhere below.
//!
//! Input:   HTTP/1.1 on a listener that the caller bound.
//! Output:  pages that work without script, and JSON with an OpenAPI 3.1 document.
//! Limits:  [`serve`] bounds body size, time, connections and concurrent sign-ins.
//! Privacy: no request leaves the hub; pages are never cached; a session token is only in the
//!          cookie or the answer to a sign-in, never in a log or an address.

mod api;
mod app;
mod clock;
mod connections;
mod error;
mod form_key;
mod guard;
mod matrix;
mod pages;
mod query;
mod routes;
mod serve;
mod session;
mod show;
mod statics;
mod steady;

#[cfg(test)]
mod sample;

pub use app::Options;
pub use connections::Limits;
pub use matrix::access_matrix;
pub use serve::{WebError, router, serve};
