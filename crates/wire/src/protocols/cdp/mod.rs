//! CDP: not read yet.
