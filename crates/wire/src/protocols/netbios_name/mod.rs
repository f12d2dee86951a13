//! NETBIOS_NAME: not read yet.
