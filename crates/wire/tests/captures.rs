//! Every capture of the corpus is read whole, the same with every seed, and damaged without harm.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::{Attribute, Observations, Source, Timestamp};
use wire::{Frame, Limits, LinkType, Observer};

/// One frame in memory.
struct Kept {
    number: u64,
    time: Timestamp,
    link: u32,
    original_bytes: u32,
    bytes: Vec<u8>,
}

fn corpus() -> Option<PathBuf> {
    testing::public_data("captures")
}

/// File names, and how many packets the listing says.
fn listing(captures: &Path) -> BTreeMap<String, u64> {
    let text = std::fs::read_to_string(captures.join("LISTING.csv")).unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',');
            let name = cells.next().unwrap().to_owned();
            (name, cells.nth(1).unwrap().parse().unwrap())
        })
        .collect()
}

fn read(path: &Path) -> Vec<Kept> {
    let mut reader = capture::open(path).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        frames.push(Kept {
            number: frame.number,
            time: frame.time,
            link: frame.link,
            original_bytes: frame.original_bytes,
            bytes: frame.bytes.to_vec(),
        });
    }
    frames
}

fn observe(name: &str, frames: &[Kept]) -> Observations {
    observe_seeded(name, frames, 0)
}

fn observe_seeded(name: &str, frames: &[Kept], hash_seed: u64) -> Observations {
    let mut observer = Observer::new(name, Limits { hash_seed, ..Limits::default() });
    for frame in frames {
        observer.frame(&Frame {
            number: frame.number,
            time: frame.time,
            link: LinkType(frame.link),
            bytes: &frame.bytes,
            original_bytes: frame.original_bytes,
        });
    }
    observer.finish()
}

#[test]
fn every_capture_is_read_whole_with_every_seed() {
    let Some(captures) = corpus() else { return };
    let listing = listing(&captures);
    assert_eq!(listing.len(), 112, "the corpus has 112 captures");
    for (name, packets) in listing {
        let frames = read(&captures.join(&name));
        let seen = observe(&name, &frames);
        assert_eq!(seen.stats.packets, packets, "{name}");
        let bytes: u64 = frames.iter().map(|frame| u64::from(frame.original_bytes)).sum();
        assert_eq!(seen.stats.bytes, bytes, "{name}");
        assert_eq!(seen, observe_seeded(&name, &frames, 1), "{name}: the same with another seed");
    }
}

/// Where a value is said to stand, there it stands: its range starts inside its frame, and text
/// that protocols carry as it is can be read there.
#[test]
fn every_value_stands_where_it_is_said_to() {
    let Some(captures) = corpus() else { return };
    let mut verbatim = 0;
    for name in listing(&captures).into_keys() {
        let frames = read(&captures.join(&name));
        for sighting in observe(&name, &frames).sightings {
            let Source::Wire { frame, offset_bytes, length_bytes, .. } = &sighting.source else {
                panic!("{name}: {sighting:?} is not from the wire");
            };
            let bytes = &frames[*frame as usize - 1].bytes;
            let (start, length) = (*offset_bytes as usize, *length_bytes as usize);
            assert!(start < bytes.len() + usize::from(length == 0), "{name}: {sighting:?}");
            let Some(range) = bytes.get(start..start + length) else { continue };
            // The hello of QUIC is sealed: of the whole datagram no part is readable.
            let sealed = length >= SEALED_BYTES_MIN;
            if VERBATIM.contains(&sighting.attribute) && !sealed {
                let text = String::from_utf8_lossy(range).into_owned();
                assert!(text.contains(&sighting.value), "{name}: {sighting:?} but {text:?}");
                verbatim += 1;
            }
        }
    }
    assert!(verbatim > 100, "only {verbatim} values were compared");
}

/// Least bytes of a datagram with a hello of QUIC (RFC 9000 section 14.1).
const SEALED_BYTES_MIN: usize = 1200;

const VERBATIM: &[Attribute] = &[
    Attribute::AeTitle,
    Attribute::HttpServer,
    Attribute::HttpUserAgent,
    Attribute::ImplementationClassUid,
    Attribute::ImplementationVersionName,
    Attribute::Hl7MessageType,
    Attribute::SshBanner,
    Attribute::SsdpServer,
    Attribute::TlsServerName,
];

#[test]
fn damaged_captures_are_survived() {
    let Some(captures) = corpus() else { return };
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for name in listing(&captures).into_keys() {
        let mut frames = read(&captures.join(&name));
        frames.truncate(400);
        for frame in &mut frames {
            for _ in 0..next() % 4 {
                let length = frame.bytes.len().max(1) as u64;
                if let Some(byte) = frame.bytes.get_mut((next() % length) as usize) {
                    *byte = next() as u8;
                }
            }
            if next() % 8 == 0 {
                frame.bytes.truncate((next() % 200) as usize);
            }
        }
        for _ in 0..frames.len() / 4 {
            let (a, b) = (next() as usize % frames.len(), next() as usize % frames.len());
            frames.swap(a, b);
        }
        let seen = observe(&name, &frames);
        assert_eq!(seen.stats.packets, frames.len() as u64, "{name}");
    }
}
