//! Tokens of sessions, and passwords that are used once. The random bytes are arguments.

use std::fmt::Write as _;

use model::Secret;
use sha2::{Digest as _, Sha256};

/// A bearer token of 256 random bits, in 64 hexadecimal digits.
pub fn token(random: &[u8; 32]) -> Secret {
    Secret::new(hexadecimal(random))
}

/// What is kept of a token: its SHA-256, in hexadecimal. A token has so many random bits that
/// nothing slower is needed; whoever reads the database cannot sign in with what is there.
pub fn token_hash(token: &Secret) -> String {
    hexadecimal(&Sha256::digest(token.expose().as_bytes()))
}

/// A password to be typed once, `xxxx-xxxx-xxxx-xxxx`: 16 letters and digits of 32 that are hard
/// to mistake for each other, 80 random bits. Each takes the low five bits of one byte.
pub fn one_time_password(random: &[u8; 16]) -> Secret {
    let mut text = String::with_capacity(19);
    for (index, byte) in random.iter().enumerate() {
        if index > 0 && index % 4 == 0 {
            text.push('-');
        }
        let letter = ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'a');
        text.push(char::from(letter));
    }
    Secret::new(text)
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Source: Crockford's Base32. No `i`, `l`, `o`, so that 0 and 1 cannot be mistaken; no `u`, which
/// keeps most words out.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn tokens_are_long_and_only_their_hash_is_kept() {
        let mut random = [0u8; 32];
        random[31] = 0xab;
        let token = token(&random);
        assert_eq!(token.expose(), format!("{}ab", "0".repeat(62)));
        // `printf %s TOKEN | sha256sum`
        assert_eq!(
            token_hash(&token),
            "6e89c06a6c1d8475675226a2c1af55c1aa6b7fad22898650afad6163dfe182b0"
        );
    }

    #[test]
    fn one_time_passwords_are_readable_and_use_every_bit() {
        let letters: BTreeSet<u8> = ALPHABET.iter().copied().collect();
        assert_eq!(letters.len(), 32, "every letter once");
        assert!(!letters.iter().any(|letter| b"ilou".contains(letter)));
        let random: [u8; 16] = std::array::from_fn(|index| index as u8 * 17);
        let password = one_time_password(&random);
        let text = password.expose();
        assert_eq!((text.len(), text.matches('-').count()), (19, 3));
        assert_ne!(password, one_time_password(&[0; 16]));
    }
}
