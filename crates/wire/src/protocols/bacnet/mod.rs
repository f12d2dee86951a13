//! BACNET: not read yet.
