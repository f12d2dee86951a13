//! SSDP: not read yet.
