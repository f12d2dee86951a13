//! TELNET: not read yet.
