//! The HTTP API and the pages people use.
