//! NTP: not read yet.
