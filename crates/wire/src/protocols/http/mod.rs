//! HTTP: not read yet.
