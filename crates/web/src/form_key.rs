//! Proof that a form was made by this hub for this session.
//!
//! Source: RFC 2104 (HMAC) over SHA-256. The token in a form is the HMAC of the session token, so
//! it needs no storage, differs for every session, and says nothing about the session token.

use model::Secret;
use sha2::{Digest, Sha256};

/// The key of this process. Forms made before a restart are refused, and the page says so.
#[derive(Clone)]
pub(crate) struct FormKey([u8; KEY_BYTES]);

impl FormKey {
    /// A key from the machine's random source.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    /// The token that forms of this session carry.
    pub(crate) fn token(&self, session: &Secret) -> Secret {
        Secret::new(hex(&hmac(&self.0, session.expose().as_bytes())))
    }

    /// Whether `sent` is that token; compares in constant time.
    pub(crate) fn accepts(&self, session: &Secret, sent: &str) -> bool {
        self.token(session) == Secret::new(sent)
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hmac(key: &[u8; KEY_BYTES], message: &[u8]) -> [u8; 32] {
    let inner = Sha256::new().chain_update(key.map(|byte| byte ^ 0x36)).chain_update(message);
    let outer = Sha256::new().chain_update(key.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize().into()
}

/// The block of SHA-256, so that the key needs neither padding nor hashing.
const KEY_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2, its key padded with zeros to the block.
    #[test]
    fn agrees_with_rfc_4231() {
        let mut key = [0; KEY_BYTES];
        key[..4].copy_from_slice(b"Jefe");
        assert_eq!(
            hex(&hmac(&key, b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn accepts_only_the_token_of_the_session_and_the_key() {
        let (key, other) = (FormKey([1; KEY_BYTES]), FormKey([2; KEY_BYTES]));
        let (mine, theirs) = (Secret::new("mine"), Secret::new("theirs"));
        let token = key.token(&mine).expose().to_owned();
        assert!(key.accepts(&mine, &token));
        assert!(!key.accepts(&theirs, &token));
        assert!(!other.accepts(&mine, &token));
        assert!(!key.accepts(&mine, ""));
    }
}
