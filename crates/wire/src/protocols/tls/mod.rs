//! TLS: not read yet.
