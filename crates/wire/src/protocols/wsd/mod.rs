//! WSD: not read yet.
