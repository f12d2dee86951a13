//! ANYDESK: not read yet.
