//! Signed notes: a text and, under it, signatures that anybody can check.
//!
//! Source: C2SP `signed-note` v1.0.0; RFC 8032 (Ed25519); RFC 4648 (base64).
//! Input:  the text and the keys; randomness (a seed) is an argument.
//! Output: the text, an empty line, and a line for each signature: an em dash, the name of the key,
//!         and in base64 four bytes of key id followed by the 64 bytes of the signature.
//! Limits: [`NOTE_BYTES_MAX`] and [`SIGNATURES_MAX`].

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// Why a note or a key cannot be used, and who is answerable.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The sender: it is no signed note.
    #[error("it is no signed note: {0}")]
    Malformed(&'static str),
    /// The sender: a signature is by a key we know, and is not of this text.
    #[error("its signature does not belong to its text")]
    BadSignature,
    /// The caller: no key that is known signed it.
    #[error("no key that is known here signed it")]
    UnknownKey,
    /// The caller: this is no key.
    #[error("it is no key of the form NAME+ID+KEY")]
    BadKey,
}

/// A key that signs notes. Neither shown nor written by itself.
#[derive(Clone)]
pub struct NoteKey {
    name: String,
    key: SigningKey,
}

/// The public half of a [`NoteKey`]; its text form is `NAME+ID+KEY`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// A note that was read. What it says counts only once [`Note::signed_by`] has named a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// The signed text, its last line break included.
    pub text: String,
    signatures: Vec<Line>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Line {
    name: String,
    id: [u8; 4],
    signature: [u8; 64],
}

impl NoteKey {
    /// The key that a seed of random bytes makes. The name must hold neither white space nor `+`.
    ///
    /// # Errors
    ///
    /// Fails where the name is none.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::BadKey);
        }
        Ok(Self { name: name.to_owned(), key: SigningKey::from_bytes(seed) })
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        let key = self.key.verifying_key();
        PublicKey { name: self.name.clone(), id: id_of(&self.name, &key), key }
    }
}

impl fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteKey({})", self.public())
    }
}

impl PublicKey {
    /// Reads `NAME+ID+KEY`.
    ///
    /// # Errors
    ///
    /// Fails where the text is not of that form, or its id not that of its key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (name, id, key) = (parts.next(), parts.next(), parts.next());
        let (Some(name), Some(id), Some(key)) = (name, id, key) else {
            return Err(NoteError::BadKey);
        };
        let bytes = BASE64.decode(key).map_err(|_| NoteError::BadKey)?;
        let (kind, bytes) = bytes.split_first().ok_or(NoteError::BadKey)?;
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| NoteError::BadKey)?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| NoteError::BadKey)?;
        let read = Self { name: name.to_owned(), id: id_of(name, &key), key };
        let whole = *kind == ED25519 && is_name(name) && read.id() == id;
        if whole { Ok(read) } else { Err(NoteError::BadKey) }
    }

    /// Its id, eight hexadecimal digits.
    pub fn id(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.id))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id(), BASE64.encode(key))
    }
}

/// Signs `text`, which must end with a line break, with each of `keys`.
///
/// # Errors
///
/// Fails where the text cannot be a note's.
pub fn sign(text: &str, keys: &[NoteKey]) -> Result<String, NoteError> {
    check_text(text)?;
    let mut note = format!("{text}\n");
    for key in keys {
        let id = key.public().id;
        let signature = key.key.sign(text.as_bytes()).to_bytes();
        let line = BASE64.encode([id.as_slice(), signature.as_slice()].concat());
        // Writing to a text cannot fail.
        let _ = writeln!(note, "{DASH}{} {line}", key.name);
    }
    Ok(note)
}

impl Note {
    /// Reads a note. Checks its form only.
    ///
    /// # Errors
    ///
    /// Fails where it is none.
    pub fn read(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Malformed("it is too long"));
        }
        let end = note.rfind("\n\n").ok_or(NoteError::Malformed("nobody signed it"))?;
        let (text, signatures) = note.split_at(end + 1);
        check_text(text)?;
        let signatures = signatures.strip_prefix('\n').unwrap_or(signatures);
        let body = signatures.strip_suffix('\n').ok_or(NoteError::Malformed("it is cut off"))?;
        let lines: Vec<Line> = body.split('\n').map(Line::read).collect::<Result<_, _>>()?;
        if lines.len() > SIGNATURES_MAX {
            return Err(NoteError::Malformed("too many have signed it"));
        }
        Ok(Self { text: text.to_owned(), signatures: lines })
    }

    /// Those of `keys` that signed it.
    ///
    /// # Errors
    ///
    /// Fails where a signature by one of them is not of this text, and where none of them signed.
    pub fn signed_by<'k>(&self, keys: &'k [PublicKey]) -> Result<Vec<&'k PublicKey>, NoteError> {
        let mut signed = Vec::new();
        for line in &self.signatures {
            let by = keys.iter().find(|key| key.name == line.name && key.id == line.id);
            let Some(key) = by else { continue };
            let signature = Signature::from_bytes(&line.signature);
            key.key
                .verify_strict(self.text.as_bytes(), &signature)
                .map_err(|_| NoteError::BadSignature)?;
            signed.push(key);
        }
        if signed.is_empty() { Err(NoteError::UnknownKey) } else { Ok(signed) }
    }
}

impl Line {
    fn read(line: &str) -> Result<Self, NoteError> {
        const WRONG: NoteError = NoteError::Malformed("a line of it is no signature");
        let (name, signature) =
            line.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')).ok_or(WRONG)?;
        let bytes = BASE64.decode(signature).map_err(|_| WRONG)?;
        let (id, signature) = bytes.split_first_chunk::<4>().ok_or(WRONG)?;
        let signature: &[u8; 64] = signature.try_into().map_err(|_| WRONG)?;
        if !is_name(name) {
            return Err(WRONG);
        }
        Ok(Self { name: name.to_owned(), id: *id, signature: *signature })
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if !text.ends_with('\n') {
        return Err(NoteError::Malformed("its text does not end with a line break"));
    }
    if text.chars().any(|character| character < ' ' && character != '\n') {
        return Err(NoteError::Malformed("its text holds a control character"));
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

fn id_of(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(key.as_bytes())
        .finalize();
    digest.first_chunk().copied().unwrap_or_default()
}

/// The signature type of Ed25519 in a note.
const ED25519: u8 = 1;

/// What a signature line begins with.
const DASH: &str = "\u{2014} ";

/// Longest note read, in bytes; ours have a few hundred.
pub const NOTE_BYTES_MAX: usize = 64 << 10;

/// Most signatures of one note; the rest would only cost time.
pub const SIGNATURES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the specification: key and note are as printed there.
    #[test]
    fn reads_the_example_of_the_specification() {
        let key = PublicKey::parse(EXAMPLE_KEY).unwrap();
        assert_eq!(key.to_string(), EXAMPLE_KEY);
        let note = Note::read(EXAMPLE_NOTE).unwrap();
        assert_eq!(note.signed_by(std::slice::from_ref(&key)).unwrap(), [&key]);
        let changed = Note::read(&EXAMPLE_NOTE.replace("answer", "question")).unwrap();
        assert_eq!(changed.signed_by(&[key]), Err(NoteError::BadSignature));
    }

    #[test]
    #[rustfmt::skip]
    fn refuses_what_is_no_note() {
        for (name, note) in [
            ("empty",             ""),
            ("no signature",      "text\n"),
            ("no text",           "\n\n"),
            ("cut",               EXAMPLE_NOTE.trim_end()),
            ("control character", "te\txt\n\n\u{2014} a AAAA\n"),
            ("short signature",   "text\n\n\u{2014} a AAAA\n"),
            ("a dash of another kind", "text\n\n- a AAAA\n"),
        ] {
            assert!(matches!(Note::read(note), Err(NoteError::Malformed(_))), "{name}");
        }
        for name in ["", "a b", "a+b", "a\n"] {
            assert_eq!(NoteKey::new(name, &[7; 32]).unwrap_err(), NoteError::BadKey, "{name:?}");
        }
    }

    proptest! {
        /// Either key opens what both signed; a third opens nothing; one changed byte is found.
        #[test]
        fn either_of_two_keys_opens_a_note(
            body in "[ -~\u{e4}\u{2014}\n]{0,80}", seeds in any::<[[u8; 32]; 2]>(), at in any::<usize>(),
        ) {
            let text = format!("{body}\n");
            let keys = seeds.map(|seed| NoteKey::new("house", &seed).unwrap());
            let note = sign(&text, &keys).unwrap();
            let read = Note::read(&note).unwrap();
            prop_assert_eq!(&read.text, &text);
            for key in &keys {
                prop_assert!(read.signed_by(&[key.public()]).is_ok());
            }
            let stranger = [NoteKey::new("other", &[9; 32]).unwrap().public()];
            prop_assert_eq!(read.signed_by(&stranger), Err(NoteError::UnknownKey));
            let mut bytes = text.clone().into_bytes();
            let at = at % bytes.len();
            bytes[at] ^= 1;
            if let Ok(text) = String::from_utf8(bytes) {
                let (changed, known) = (Note { text, ..read }, [keys[0].public()]);
                prop_assert_eq!(changed.signed_by(&known), Err(NoteError::BadSignature));
            }
        }
    }

    const EXAMPLE_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    const EXAMPLE_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
}
