//! The remote framebuffer protocol: versions, security, first picture.
//!
//! Source: RFC 6143 section 7.1 to 7.3.

use super::octets::Octets;

/// Either end's version.
pub(crate) const VERSION: &[u8] = b"RFB 003.008\n";
/// The server offers password security.
pub(crate) const SECURITY: &[u8] = &[1, 2];
/// The client takes it.
pub(crate) const CHOICE: &[u8] = &[2];
/// The password was right.
pub(crate) const RESULT: &[u8] = &[0, 0, 0, 0];
/// The client is willing to share.
pub(crate) const CLIENT_INIT: &[u8] = &[1];

/// Size, pixel format and name of the desktop.
pub(crate) fn server_init(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.be16(1280).be16(1024).put(&[32, 24, 0, 1]).be16(255).be16(255).be16(255);
    bytes.put(&[16, 8, 0, 0, 0, 0]).sized32(name.as_bytes());
    bytes
}
