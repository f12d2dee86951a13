//! Authentication headers: which scheme, never the credential.
//!
//! Source:  RFC 9110 section 11; RFC 7617 (Basic); MS-NTHT (NTLM over HTTP).
//! Output:  the scheme where it is a registered one, the realm of a challenge, and what an NTLM
//!          message tells of the host that sent it.
//! Privacy: an `Authorization` header is compared with the names of schemes; nothing of it is
//!          copied. Of NTLM, `ntlm` reads names of machines and passes over those of users.

use std::ops::Range;

use crate::dissect::{About, Sink};
use crate::forms::ntlm;

use super::fields;

/// Reads a challenge of a server.
pub(super) fn challenge(value: &[u8], at: &Range<usize>, sink: &mut dyn Sink) {
    let Some(scheme) = scheme(value) else { return };
    sink.found(&fields::AUTHENTICATION, About::Sender, scheme, at.clone());
    if let Some(realm) = realm(value).and_then(crate::text::clean) {
        sink.found(&fields::REALM, About::Sender, &realm, at.clone());
    }
    read_ntlm(value, at, sink);
}

/// Reads the credentials of a client, which are about the server that takes them.
pub(super) fn credentials(value: &[u8], at: &Range<usize>, sink: &mut dyn Sink) {
    let Some(scheme) = scheme(value) else { return };
    sink.found(&fields::AUTHENTICATION_USED, About::Receiver, scheme, at.clone());
    if scheme == "Basic" {
        sink.found(&fields::BASIC, About::Receiver, "http basic", at.clone());
    }
    read_ntlm(value, at, sink);
}

fn scheme(value: &[u8]) -> Option<&'static str> {
    let word = value.split(|byte| matches!(byte, b' ' | b',')).next()?;
    SCHEMES.iter().copied().find(|scheme| scheme.as_bytes().eq_ignore_ascii_case(word))
}

fn realm(value: &[u8]) -> Option<&[u8]> {
    let start = value.windows(REALM.len()).position(|window| window.eq_ignore_ascii_case(REALM))?;
    let rest = value.get(start + REALM.len()..)?;
    match rest.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|byte| *byte == b'"').next(),
        None => rest.split(|byte| matches!(byte, b' ' | b',')).next(),
    }
}

fn read_ntlm(value: &[u8], at: &Range<usize>, sink: &mut dyn Sink) {
    let mut words = value.split(|byte| *byte == b' ');
    let (Some(b"NTLM" | b"Negotiate"), Some(token)) = (words.next(), words.next()) else { return };
    ntlm::read(&base64(token), &|_| at.clone(), sink);
}

/// Decodes up to the first character that is none of base64.
fn base64(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for character in text.iter().take(TOKEN_BYTES_MAX) {
        let Some(value) = ALPHABET.iter().position(|letter| letter == character) else { break };
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xFF) as u8);
        }
    }
    bytes
}

/// IANA registry of HTTP authentication schemes, and the two of Microsoft.
const SCHEMES: [&str; 14] = [
    "Basic",
    "Bearer",
    "Concealed",
    "Digest",
    "DPoP",
    "GNAP",
    "HOBA",
    "Mutual",
    "Negotiate",
    "NTLM",
    "OAuth",
    "PrivateToken",
    "SCRAM-SHA-256",
    "vapid",
];

const REALM: &[u8] = b"realm=";

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Longest token decoded, in characters: an NTLM message of some 10 KiB.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        for (text, want) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9v!Zm9v", "foo")]
        {
            assert_eq!(base64(text.as_bytes()), want.as_bytes(), "{text}");
        }
    }

    #[test]
    fn finds_the_scheme_and_the_realm() {
        for (value, want_scheme, want_realm) in [
            ("Basic realm=\"Ward 3\"", Some("Basic"), Some("Ward 3")),
            ("digest Realm=x, nonce=y", Some("Digest"), Some("x")),
            ("NTLM", Some("NTLM"), None),
            ("c2VjcmV0", None, None),
            ("", None, None),
        ] {
            assert_eq!(scheme(value.as_bytes()), want_scheme, "{value}");
            assert_eq!(realm(value.as_bytes()), want_realm.map(str::as_bytes), "{value}");
        }
    }
}
