//! DNS: not read yet.
