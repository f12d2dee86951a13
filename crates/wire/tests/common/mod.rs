//! What several tests need: captures, the simulated hospital, frames around a payload.

#![allow(dead_code, reason = "each test uses a part")]
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use model::{Observations, Timestamp};
use wire::{Frame, Limits, LinkType, Observer};

/// The folder of public captures; a notice and nothing where it is missing.
pub(crate) fn captures() -> Option<PathBuf> {
    testing::public_data("captures")
}

/// The listing's files: packets, and packets by protocol as tshark names it.
pub(crate) fn listing(captures: &Path) -> BTreeMap<String, (u64, BTreeMap<String, u64>)> {
    let text = std::fs::read_to_string(captures.join("LISTING.csv")).unwrap();
    let mut files = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let protocols = cells[6].split_whitespace().filter_map(|cell| cell.split_once('='));
        let protocols =
            protocols.map(|(name, count)| (name.to_owned(), count.parse().unwrap())).collect();
        files.insert(cells[0].to_owned(), (cells[2].parse().unwrap(), protocols));
    }
    files
}

/// The files in `lab/`, by name.
pub(crate) fn lab(captures: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(captures.join("lab")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Reads one capture through the whole observer.
pub(crate) fn observe(path: &Path) -> Observations {
    let mut reader = capture::open(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let mut observer = Observer::new(&name, Limits::default());
    while let Some(frame) = reader.next_frame().unwrap() {
        observer.frame(&Frame {
            number: frame.number,
            time: frame.time,
            link: LinkType(frame.link),
            bytes: frame.bytes,
            original_bytes: frame.original_bytes,
        });
    }
    observer.finish()
}

/// A few minutes of a small hospital: time and Ethernet frame.
pub(crate) fn hospital() -> Vec<(Timestamp, Vec<u8>)> {
    let plan = simulate::Plan { devices: 60, seed: 1, ..simulate::Plan::default() };
    simulate::Hospital::build(&plan).frames().collect()
}

/// Shows an observer Ethernet frames.
pub(crate) fn observe_frames<'a>(
    name: &str,
    frames: impl IntoIterator<Item = (Timestamp, &'a [u8])>,
) -> Observations {
    observe_with(Limits::default(), name, frames)
}

/// The same with other limits.
pub(crate) fn observe_with<'a>(
    limits: Limits,
    name: &str,
    frames: impl IntoIterator<Item = (Timestamp, &'a [u8])>,
) -> Observations {
    let mut observer = Observer::new(name, limits);
    for (index, (time, bytes)) in frames.into_iter().enumerate() {
        observer.frame(&Frame {
            number: index as u64 + 1,
            time,
            link: LinkType::ETHERNET,
            bytes,
            original_bytes: bytes.len() as u32,
        });
    }
    observer.finish()
}

/// What tshark prints for these arguments; a notice and nothing where it is not installed.
pub(crate) fn tshark(arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new("tshark").args(arguments).output() else {
        testing::skip("tshark is not installed");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `fuzz/corpus` at the root of the workspace.
pub(crate) fn fuzz_corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

/// Names and contents of the files of one target, by name.
pub(crate) fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(fuzz_corpus().join(target)) else { return Vec::new() };
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// Compares `text` with a file of this crate's tests or of `docs`, or writes it where
/// `UPDATE_GOLDEN` is set.
pub(crate) fn golden(path: &Path, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let place = path.display();
    assert_eq!(kept, text, "{place} differs; `UPDATE_GOLDEN=1 cargo test -p wire` refreshes it");
}
