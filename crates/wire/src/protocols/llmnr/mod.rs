//! LLMNR: not read yet.
