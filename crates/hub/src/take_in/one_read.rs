//! A capture that is hashed and read as one file: what was hashed is what was parsed.
//!
//! The hash comes first, so that what was taken in before is not parsed again. The file is opened
//! once; while it is parsed its bytes are hashed again, and a file that changed in between, or was
//! put in the place of another, is refused.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::sync::{Arc, Mutex, PoisonError};

use link::Input;
use model::{SourceId, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::HubError;
use crate::captures::{self, Observed, Reading};
use evidence::hex;

/// A capture file that was hashed.
pub(crate) struct Hashed {
    file: File,
    hash: String,
}

impl Hashed {
    pub(crate) fn open(input: &Input) -> Result<Self, HubError> {
        let mut file = File::open(&input.path).map_err(unreadable)?;
        let digest = Shared::default();
        let rest = Tee { file: file.try_clone().map_err(unreadable)?, digest: digest.clone() };
        digest.finish(rest).map_err(unreadable).and_then(|hash| {
            file.rewind().map_err(unreadable)?;
            Ok(Self { file, hash })
        })
    }

    /// SHA-256 of the file, in hexadecimal.
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    /// What the capture shows, each sighting with this file as its source.
    pub(crate) fn observe(
        self,
        input: &Input,
        reading: &Reading,
        now: Timestamp,
    ) -> Result<Observed, HubError> {
        let digest = Shared::default();
        let tee = |file: &File| {
            let file = file.try_clone().map_err(unreadable)?;
            Ok::<_, HubError>(Tee { file, digest: digest.clone() })
        };
        let shown = input.path.display().to_string();
        let reader = capture::from_reader(Box::new(tee(&self.file)?), &shown)
            .map_err(|error| HubError::Invalid(error.to_string()))?;
        let mut observed = captures::observe(reader, &input.name(), &shown, reading, now);
        // Reading may end before the file does: damage, or a trailer.
        let read = digest.finish(tee(&self.file)?).map_err(unreadable)?;
        if read != self.hash {
            return Err(HubError::Invalid("it changed while it was read; try again".to_owned()));
        }
        let id = source_id(&self.hash);
        for sighting in &mut observed.observations.sightings {
            sighting.source.identify(Some(id.clone()));
        }
        Ok(observed)
    }
}

/// The source that a capture of this content is.
pub(crate) fn source_id(content_hash: &str) -> SourceId {
    SourceId { content_hash: content_hash.to_owned(), parser: PARSER.to_owned() }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands on")]
fn unreadable(error: io::Error) -> HubError {
    HubError::Invalid(format!("it cannot be read: {error}"))
}

/// A digest that a reader adds to and its owner ends.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Sha256>>);

impl Shared {
    fn add(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).update(bytes);
    }

    /// Reads on to the end and gives the digest of everything.
    fn finish(&self, mut rest: Tee) -> io::Result<String> {
        let mut buffer = vec![0u8; BUFFER_BYTES];
        while rest.read(&mut buffer)? > 0 {}
        let mut digest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(hex(&digest.finalize_reset()))
    }
}

/// A file whose bytes are hashed as they are read. Copies of it share one place in the file.
struct Tee {
    file: File,
    digest: Shared,
}

impl Read for Tee {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.digest.add(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// Bytes read at a time.
const BUFFER_BYTES: usize = 1 << 20;

/// What reads captures: another version of it is another source.
const PARSER: &str = concat!("wire ", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that count are those that were hashed, whatever happens to the file meanwhile.
    #[test]
    fn a_file_that_changes_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let mut bytes = simulate::pcap_header();
        for (name, later, refused) in [("as it was", None, false), ("longer", Some(b"x"), true)] {
            std::fs::write(&path, &bytes).unwrap();
            let input = Input { path: path.clone() };
            let hashed = Hashed::open(&input).unwrap();
            assert_eq!(hashed.hash(), evidence::sha256_hex(&bytes), "{name}");
            if let Some(more) = later {
                bytes.extend(more);
                std::fs::write(&path, &bytes).unwrap();
            }
            let seen = hashed.observe(&input, &Reading::default(), Timestamp::EPOCH);
            assert_eq!(seen.is_err(), refused, "{name}");
        }
    }
}
