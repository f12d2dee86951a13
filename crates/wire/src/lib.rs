//! Bytes to what was seen: link layer to application, sans-IO.
