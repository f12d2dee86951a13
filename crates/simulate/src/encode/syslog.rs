//! System log messages.
//!
//! Source: RFC 3164 section 4.1.

/// A message of the daemon facility with severity notice.
pub(crate) fn message(clock: &str, host: &str, program: &str, text: &str) -> Vec<u8> {
    format!("<29>{clock} {host} {program}: {text}").into_bytes()
}
