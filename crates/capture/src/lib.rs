//! Capture files and live interfaces to frames.
