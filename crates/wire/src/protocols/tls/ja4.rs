//! JA4: a fingerprint of the software behind a client hello.
//!
//! Source: FoxIO, "JA4: TLS Client Fingerprinting", technical details (BSD 3-Clause). Only this
//!         one of the JA4 family is free to use; no other is computed.
//! Output: `t13d1516h2_8daaf6152771_02713d6af862`.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::hello::{Client, EXTENSION_ALPN, EXTENSION_SERVER_NAME, is_grease};

/// The fingerprint of `hello` over `transport`: `t` TCP, `d` DTLS, `q` QUIC.
pub(super) fn fingerprint(hello: &Client, transport: char) -> String {
    let mut ciphers = plain(&hello.ciphers);
    let mut extensions = plain(&hello.extensions);
    let mut text = String::with_capacity(36);
    text.push(transport);
    text.push_str(version(hello.version()));
    text.push(if hello.extensions.contains(&EXTENSION_SERVER_NAME) { 'd' } else { 'i' });
    // A String cannot fail to be written to.
    let _ = write!(text, "{:02}{:02}", ciphers.len().min(99), extensions.len().min(99));
    let (first, last) = ends(&hello.alpn);
    text.extend([first, last, '_']);
    ciphers.sort_unstable();
    text.push_str(&short_hash(&list(&ciphers)));
    text.push('_');
    extensions.retain(|kind| !matches!(*kind, EXTENSION_SERVER_NAME | EXTENSION_ALPN));
    extensions.sort_unstable();
    let mut hashed = list(&extensions);
    let signatures = list(&plain(&hello.signatures));
    if !signatures.is_empty() {
        hashed = format!("{hashed}_{signatures}");
    }
    text.push_str(&short_hash(&hashed));
    text
}

fn plain(numbers: &[u16]) -> Vec<u16> {
    numbers.iter().copied().filter(|number| !is_grease(*number)).collect()
}

fn version(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// First and last character of the first application protocol on offer.
fn ends(alpn: &[u8]) -> (char, char) {
    let (Some(first), Some(last)) = (alpn.first(), alpn.last()) else { return ('0', '0') };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return (char::from(*first), char::from(*last));
    }
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    (digit(first >> 4), digit(last & 0x0f))
}

fn list(numbers: &[u16]) -> String {
    let words: Vec<String> = numbers.iter().map(|number| format!("{number:04x}")).collect();
    words.join(",")
}

/// The first twelve hexadecimal digits of the SHA-256 of `text`.
fn short_hash(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".to_owned();
    }
    Sha256::digest(text).iter().take(6).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that FoxIO publishes with its technical details.
    fn published() -> Client {
        let numbers = |text: &str| -> Vec<u16> {
            text.split(',').map(|word| u16::from_str_radix(word, 16).unwrap()).collect()
        };
        Client {
            legacy_version: 0x0303,
            versions: vec![0x0a0a, 0x0304, 0x0303],
            ciphers: numbers(
                "2a2a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035",
            ),
            extensions: numbers(
                "8a8a,001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,\
                 0015,1a1a",
            ),
            signatures: numbers("0403,0804,0401,0503,0805,0501,0806,0601"),
            alpn: b"h2".to_vec(),
            ..Client::default()
        }
    }

    #[test]
    fn fingerprints() {
        let base = published();
        for (name, hello, want) in [
            ("published", published(), "t13d1516h2_8daaf6152771_e5627efa2ab1"),
            (
                "no signature algorithms",
                Client { signatures: vec![], ..published() },
                "t13d1516h2_8daaf6152771_6d807ffa2a79",
            ),
            (
                "nothing at all",
                Client { legacy_version: 0x0301, ..Client::default() },
                "t10i000000_000000000000_000000000000",
            ),
        ] {
            assert_eq!(fingerprint(&hello, 't'), want, "{name}");
        }
        assert!(fingerprint(&base, 'q').starts_with("q13d"));
    }

    #[test]
    fn names_the_application_protocol() {
        for (alpn, want) in [
            (b"".as_slice(), "00"),
            (b"h2", "h2"),
            (b"http/1.1", "h1"),
            (b"x", "xx"),
            (b"\xab", "ab"),
            (b"\xab\xcd", "ad"),
            (b"0\xab", "3b"),
        ] {
            let (first, last) = ends(alpn);
            assert_eq!(format!("{first}{last}"), want);
        }
    }
}
