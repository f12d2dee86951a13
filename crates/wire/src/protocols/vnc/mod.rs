//! VNC: not read yet.
