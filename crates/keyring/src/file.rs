//! The file of the keyring: read with care for who else can read it, replaced whole.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Key, KeyringError};

/// Name of the keyring in its folder.
pub const FILE_NAME: &str = "keyring.json";

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    keys: Vec<WrittenKey>,
}

#[derive(Serialize, Deserialize)]
struct WrittenKey {
    id: String,
    purpose: String,
    created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

pub(crate) fn read(folder: &Path) -> Result<Vec<Key>, KeyringError> {
    let path = folder.join(FILE_NAME);
    let malformed = |reason| KeyringError::Malformed { path: path.clone(), reason };
    if !is_private(folder)? || !is_private(&path)? {
        return Ok(Vec::new());
    }
    let failed = |source| KeyringError::File { path: path.clone(), source };
    let mut text = String::new();
    let file = File::open(&path).map_err(failed)?;
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    let written: Written =
        serde_json::from_str(&text).map_err(|_| malformed("it is not the JSON of one"))?;
    if written.version != VERSION {
        return Err(malformed("another version of the program wrote it"));
    }
    let keys = written.keys.into_iter().map(WrittenKey::into_key);
    keys.collect::<Option<_>>().ok_or_else(|| malformed("a secret in it has not 32 bytes"))
}

pub(crate) fn write(folder: &Path, keys: &[Key]) -> Result<(), KeyringError> {
    let written = Written { version: VERSION, keys: keys.iter().map(WrittenKey::of).collect() };
    // Texts and times always have a JSON form.
    let text = serde_json::to_vec_pretty(&written).unwrap_or_default();
    replace(folder, FILE_NAME, &text)
}

/// Keeps other programs from changing the ring until the file is dropped. Makes the folder.
pub(crate) fn lock(folder: &Path) -> Result<File, KeyringError> {
    let failed = |source| KeyringError::File { path: folder.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let lock = File::open(folder).map_err(failed)?;
    lock.lock().map_err(failed)?;
    Ok(lock)
}

/// Replaces a file of the folder, so that a reader sees the old one or the new one.
pub(crate) fn replace(folder: &Path, name: &str, content: &[u8]) -> Result<(), KeyringError> {
    let path = folder.join(name);
    let failed = |source| KeyringError::File { path: path.clone(), source };
    let new = folder.join(format!("{name}.new"));
    let mut options = OpenOptions::new();
    let mut file =
        options.write(true).create(true).truncate(true).mode(0o600).open(&new).map_err(failed)?;
    file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&new, &path).map_err(failed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// False where it is not there; an error where others can reach it.
fn is_private(path: &Path) -> Result<bool, KeyringError> {
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(KeyringError::File { path: path.to_owned(), source }),
    };
    let mode = meta.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 { Ok(true) } else { Err(KeyringError::Exposed { path: path.to_owned(), mode }) }
}

impl WrittenKey {
    fn of(key: &Key) -> Self {
        Self {
            id: key.id.clone(),
            purpose: key.purpose.clone(),
            created: key.created,
            retired: key.retired,
            public: key.public.clone(),
            secret: key.secret.map(|secret| BASE64.encode(secret)),
        }
    }

    fn into_key(self) -> Option<Key> {
        let secret = match self.secret {
            Some(text) => Some(BASE64.decode(text).ok()?.try_into().ok()?),
            None => None,
        };
        let Self { id, purpose, created, retired, public, .. } = self;
        Some(Key { id, purpose, created, retired, public, secret })
    }
}

/// Version of the form of the file.
const VERSION: u32 = 1;

/// Longest keyring read, in bytes; thousands of keys.
const FILE_BYTES_MAX: u64 = 1 << 20;
