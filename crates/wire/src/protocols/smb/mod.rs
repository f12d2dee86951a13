//! SMB: not read yet.
