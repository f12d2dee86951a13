//! LLDP: not read yet.
