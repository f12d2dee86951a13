//! RDP: not read yet.
