//! ARP: not read yet.
