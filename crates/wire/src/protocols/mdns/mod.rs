//! MDNS: not read yet.
