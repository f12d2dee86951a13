#![forbid(unsafe_code)]
//! The hub's secret keys: one file in a folder beside the data, never inside it.
//!
//! Input:   a folder; seeds, ids and the time are arguments.
//! Output:  [`FILE_NAME`], JSON, readable by its owner alone: of each key its id, what it is for,
//!          when it was made, when it went out of use, its public half and its secret.
//! Limits:  `FILE_BYTES_MAX`. A folder or file that others can read is refused, not mended: what
//!          others could read once is no secret any more.
//! Privacy: secrets are shown by nothing here, errors included.

mod file;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use model::{Answerable, Timestamp};

pub use file::FILE_NAME;

/// What a key is for. A later practice adds a purpose, not a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Purpose {
    /// Signing checkpoints of the evidence log (Ed25519).
    Checkpoint,
}

impl Purpose {
    /// Its name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
        }
    }
}

/// A key.
#[derive(Clone, Eq, PartialEq)]
pub struct Key {
    /// Its id, unique in the ring.
    pub id: String,
    /// What it is for: a name of [`Purpose`], or one that a newer program knows.
    pub purpose: String,
    /// When it was made.
    pub created: Timestamp,
    /// Since when it is out of use; its secret is gone then.
    pub retired: Option<Timestamp>,
    /// Its public half, where it has one.
    pub public: Option<String>,
    secret: Option<[u8; SECRET_BYTES]>,
}

impl Key {
    /// A key made of random bytes.
    pub fn new(
        purpose: Purpose,
        id: String,
        public: Option<String>,
        secret: [u8; SECRET_BYTES],
        created: Timestamp,
    ) -> Self {
        let purpose = purpose.name().to_owned();
        Self { id, purpose, created, retired: None, public, secret: Some(secret) }
    }

    /// The secret bytes, until the key is retired.
    pub const fn secret(&self) -> Option<&[u8; SECRET_BYTES]> {
        self.secret.as_ref()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} {})", self.purpose, self.id)
    }
}

/// Why the keyring cannot be used, and who is answerable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The caller: others can read it.
    #[error(
        "others than its owner can reach {} (mode {mode:o}); what they read must count as known: \
         `chmod go-rwx` it, then `regimen keys rotate`",
        path.display()
    )]
    Exposed {
        /// The folder or file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The environment: it cannot be read or written.
    #[error("{} cannot be read or written", path.display())]
    File {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The environment: it is no keyring.
    #[error("{} is no keyring: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why, without any of its content.
        reason: &'static str,
    },
}

impl KeyringError {
    /// Who is answerable.
    pub const fn answerable(&self) -> Answerable {
        match self {
            Self::Exposed { .. } => Answerable::Caller,
            _ => Answerable::Environment,
        }
    }
}

/// The keys of a folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keyring {
    folder: PathBuf,
    keys: Vec<Key>,
}

impl Keyring {
    /// Reads the keys of `folder`; none where there is no such folder. Makes nothing.
    ///
    /// # Errors
    ///
    /// Fails where others can reach the folder or the file, and where it is no keyring.
    pub fn read(folder: &Path) -> Result<Self, KeyringError> {
        Ok(Self { folder: folder.to_owned(), keys: file::read(folder)? })
    }

    /// Every key, oldest first.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The keys in use for `purpose`, oldest first.
    pub fn in_use(&self, purpose: Purpose) -> impl Iterator<Item = &Key> {
        let of = move |key: &&Key| key.purpose == purpose.name() && key.retired.is_none();
        self.keys.iter().filter(of)
    }

    /// Adds a key. The newest one before it stays in use beside it, so that whoever knows only
    /// that one can follow; older ones of the same purpose are retired. Several programs may do so
    /// at once: each reads what the other wrote.
    ///
    /// # Errors
    ///
    /// As [`Keyring::read`], and where the folder cannot be written.
    pub fn add(&mut self, key: Key) -> Result<(), KeyringError> {
        let lock = file::lock(&self.folder)?;
        self.keys = file::read(&self.folder)?;
        let of_purpose = |one: &&mut Key| one.purpose == key.purpose && one.retired.is_none();
        let mut before: Vec<&mut Key> = self.keys.iter_mut().filter(of_purpose).collect();
        before.pop();
        for old in before {
            old.retired = Some(key.created);
            old.secret = None;
        }
        self.keys.push(key);
        file::write(&self.folder, &self.keys)?;
        drop(lock);
        Ok(())
    }

    /// Reads a small file that is kept beside the keys, such as the newest checkpoint.
    ///
    /// # Errors
    ///
    /// Fails where it is there and cannot be read.
    pub fn note(&self, name: &str) -> Result<Option<String>, KeyringError> {
        let path = self.folder.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(KeyringError::File { path, source }),
        }
    }

    /// Writes such a file, whole or not at all.
    ///
    /// # Errors
    ///
    /// Fails where the folder cannot be written.
    pub fn put_note(&self, name: &str, text: &str) -> Result<(), KeyringError> {
        file::replace(&self.folder, name, text.as_bytes())
    }
}

/// Bytes of a secret: an Ed25519 seed, or a symmetric key.
pub const SECRET_BYTES: usize = 32;

#[cfg(test)]
mod tests;
