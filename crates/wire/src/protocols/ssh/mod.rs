//! SSH: not read yet.
