//! Finds files and reads them whole, plain or compressed.
//!
//! Limits: [`DOCUMENT_BYTES_MAX`] a document after decompression, [`FOLDER_DEPTH_MAX`] folders
//!         deep, [`FILES_MAX`] files. Links are not followed: a link can lead out of the folder
//!         that was asked for, or round in a circle.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A file that was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
}

impl Input {
    /// Its name without the folder, fit to show and store.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().chars().filter(|c| !c.is_control()).collect()
    }
}

/// What [`walk`] found, in order of path.
#[derive(Debug, Default)]
pub struct Walked {
    /// Files.
    pub inputs: Vec<Input>,
    /// What could not be looked at, and why.
    pub refused: Vec<(PathBuf, ReadError)>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The caller: it does not exist.
    #[error("there is no such file")]
    Missing,
    /// The environment: it cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// The sender: it is larger than a document may be.
    #[error("it is larger than {} MiB after decompression", DOCUMENT_BYTES_MAX >> 20)]
    TooLarge,
    /// The sender: the compressed data is damaged.
    #[error("its compressed data is damaged: {0}")]
    Damaged(#[source] io::Error),
    /// The caller: a link, a socket or a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// The caller: more folders inside folders than are walked.
    #[error("it lies more than {FOLDER_DEPTH_MAX} folders deep")]
    TooDeep,
    /// The caller: more files than are walked at once.
    #[error("there are more than {FILES_MAX} files; take them in parts")]
    TooMany,
}

/// Finds every file at or below `paths`, in a fixed order.
pub fn walk(paths: &[PathBuf]) -> Walked {
    let mut walked = Walked::default();
    for path in paths {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => walk_folder(path, 0, &mut walked),
            // A path that was named outright may be a link: the caller chose it.
            Ok(meta) if meta.is_file() => walked.inputs.push(Input { path: path.clone() }),
            Ok(_) => walked.refused.push((path.clone(), ReadError::NotAFile)),
            Err(error) => walked.refused.push((path.clone(), unreadable(error))),
        }
    }
    walked
}

/// Reads a whole document, decompressing gzip and Zstandard by their first bytes.
pub fn read_document(path: &Path) -> Result<Vec<u8>, ReadError> {
    let bytes = read_up_to(path, DOCUMENT_BYTES_MAX + 1)?;
    if bytes.len() as u64 > DOCUMENT_BYTES_MAX { Err(ReadError::TooLarge) } else { Ok(bytes) }
}

/// Reads the first [`HEAD_BYTES`] of a file, decompressed, to tell what kind it is.
pub fn read_head(path: &Path) -> Result<Vec<u8>, ReadError> {
    read_up_to(path, HEAD_BYTES)
}

fn read_up_to(path: &Path, bytes_max: u64) -> Result<Vec<u8>, ReadError> {
    let mut file = File::open(path).map_err(unreadable)?;
    let mut head = [0u8; 4];
    let seen = fill(&mut file, &mut head).map_err(ReadError::Unreadable)?;
    let head = head.get(..seen).unwrap_or_default();
    let whole = io::Cursor::new(head.to_vec()).chain(file);
    let mut bytes = Vec::new();
    match head {
        [0x1f, 0x8b, ..] => {
            let mut decoder = flate2::read::MultiGzDecoder::new(whole).take(bytes_max);
            decoder.read_to_end(&mut bytes).map_err(ReadError::Damaged)?;
        }
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let decoder = zstd::stream::read::Decoder::new(whole).map_err(ReadError::Damaged)?;
            decoder.take(bytes_max).read_to_end(&mut bytes).map_err(ReadError::Damaged)?;
        }
        _ => {
            whole.take(bytes_max).read_to_end(&mut bytes).map_err(ReadError::Unreadable)?;
        }
    }
    Ok(bytes)
}

fn walk_folder(folder: &Path, depth: usize, walked: &mut Walked) {
    if depth == FOLDER_DEPTH_MAX {
        return walked.refused.push((folder.to_owned(), ReadError::TooDeep));
    }
    let entries = match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) => return walked.refused.push((folder.to_owned(), unreadable(error))),
    };
    let mut entries: Vec<_> =
        entries.into_iter().map(|entry| (entry.path(), entry.file_type())).collect();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (path, kind) in entries {
        if walked.inputs.len() >= FILES_MAX {
            return walked.refused.push((path, ReadError::TooMany));
        }
        match kind {
            Ok(kind) if kind.is_dir() => walk_folder(&path, depth + 1, walked),
            Ok(kind) if kind.is_file() => walked.inputs.push(Input { path }),
            Ok(_) => walked.refused.push((path, ReadError::NotAFile)),
            Err(error) => walked.refused.push((path, unreadable(error))),
        }
    }
}

fn fill(file: &mut File, head: &mut [u8]) -> io::Result<usize> {
    let mut seen = 0;
    while let Some(rest) = head.get_mut(seen..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            count => seen += count,
        }
    }
    Ok(seen)
}

fn unreadable(error: io::Error) -> ReadError {
    if error.kind() == io::ErrorKind::NotFound {
        ReadError::Missing
    } else {
        ReadError::Unreadable(error)
    }
}

/// Largest document, in bytes after decompression. The largest public advisory is under 2 MiB, a
/// whole EPSS day 10 MiB, the inventory of a large hospital system under 100 MiB.
pub const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

/// How much of a file is looked at to tell what kind it is, in bytes.
pub const HEAD_BYTES: u64 = 64 << 10;

/// Deepest folder that is walked.
pub const FOLDER_DEPTH_MAX: usize = 32;

/// Most files taken in one call; each costs memory for its path.
pub const FILES_MAX: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn reads_plain_and_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let text = b"{\"document\":{}}".as_slice();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        let zstd = zstd::encode_all(text, 1).unwrap();
        for (name, bytes) in [
            ("a.json", text.to_vec()),
            ("b.json.gz", gzip.finish().unwrap()),
            ("c.json.zst", zstd.clone()),
        ] {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let walked = walk(&[folder.path().to_owned()]);
        assert_eq!(walked.inputs.len(), 3);
        for input in walked.inputs {
            assert_eq!(read_document(&input.path).unwrap(), text, "{}", input.name());
        }
        fs::write(folder.path().join("cut.zst"), &zstd[..zstd.len() - 2]).unwrap();
        let cut = read_document(&folder.path().join("cut.zst"));
        assert!(matches!(cut, Err(ReadError::Damaged(_))), "{cut:?}");
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.zst");
        let zeros = io::repeat(0).take(DOCUMENT_BYTES_MAX + 10);
        zstd::stream::copy_encode(zeros, File::create(&path).unwrap(), 1).unwrap();
        assert!(matches!(read_document(&path), Err(ReadError::TooLarge)));
    }

    #[test]
    fn says_what_it_did_not_walk() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc", folder.path().join("link")).unwrap();
        let walked = walk(&[folder.path().to_owned(), folder.path().join("missing")]);
        let reasons: Vec<String> = walked.refused.iter().map(|(_, e)| e.to_string()).collect();
        assert_eq!(reasons, ["it is not a regular file", "there is no such file"]);
    }
}
