//! DHCP: not read yet.
