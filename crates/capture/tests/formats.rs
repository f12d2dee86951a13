//! Capture files in every shape, whole and damaged.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use std::io::{Cursor, Read, Write};

use capture::{CaptureError, Compression, Format, Sniffed, from_reader, sniff};
use proptest::prelude::*;

/// Everything that came out: time in microseconds, link type, original length, bytes.
type Frames = Vec<(i64, u32, u32, Vec<u8>)>;

struct Outcome {
    frames: Frames,
    skips: usize,
    error: Option<CaptureError>,
}

fn read(bytes: Vec<u8>) -> Outcome {
    read_stream(Box::new(Cursor::new(bytes)))
}

fn read_stream(stream: Box<dyn Read + Send>) -> Outcome {
    let mut frames = Vec::new();
    let mut reader = match from_reader(stream, "test") {
        Ok(reader) => reader,
        Err(error) => return Outcome { frames, skips: 0, error: Some(error) },
    };
    let error = loop {
        match reader.next_frame() {
            Ok(Some(frame)) => {
                assert_eq!(frame.number, frames.len() as u64 + 1);
                let bytes = frame.bytes.to_vec();
                frames.push((frame.time.as_micros(), frame.link, frame.original_bytes, bytes));
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(reader.next_frame().unwrap().is_none(), "after the end there is nothing");
    Outcome { frames, skips: reader.skips().len(), error }
}

/// Writes numbers in one byte order.
#[derive(Clone, Copy)]
struct Order(bool);

impl Order {
    fn u32(self, number: u32) -> [u8; 4] {
        if self.0 { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn u16(self, number: u16) -> [u8; 2] {
        if self.0 { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn pcap(self, magic: u32, link: u32, records: &[(u32, u32, &[u8], u32)]) -> Vec<u8> {
        let mut file = [self.u32(magic), self.u32(0x0004_0002), [0; 4], [0; 4]].concat();
        file.extend([self.u32(65535), self.u32(link)].concat());
        for (seconds, fraction, bytes, original) in records {
            let length = self.u32(bytes.len() as u32);
            file.extend([self.u32(*seconds), self.u32(*fraction), length].concat());
            file.extend(self.u32(*original));
            if magic == 0xa1b2_cd34 {
                file.extend([0; 8]);
            }
            file.extend(*bytes);
        }
        file
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = self.u32((12 + body.len() + padding.len()) as u32);
        [&self.u32(kind), &length, body, &padding, &length].concat()
    }

    fn section(self) -> Vec<u8> {
        let body = [&self.u32(0x1a2b_3c4d)[..], &self.u16(1), &self.u16(0), &[0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    fn interface(self, link: u16, snapshot: u32, options: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = [&self.u16(link)[..], &[0; 2], &self.u32(snapshot)].concat();
        for (code, value) in options {
            body.extend([self.u16(*code), self.u16(value.len() as u16)].concat());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        self.block(1, &body)
    }

    fn enhanced(self, interface: u32, ticks: u64, bytes: &[u8], original: u32) -> Vec<u8> {
        let mut body =
            [interface, (ticks >> 32) as u32, ticks as u32, bytes.len() as u32, original]
                .map(|number| self.u32(number))
                .concat();
        body.extend(bytes);
        self.block(6, &body)
    }
}

#[test]
#[rustfmt::skip]
fn reads_every_kind_of_pcap() {
    let want = vec![(1_500_000, 1, 3, b"abc".to_vec()), (2_000_007, 1, 9, b"de".to_vec())];
    for (name, magic, fractions) in [
        ("microseconds", 0xa1b2_c3d4, [500_000, 7]),
        ("nanoseconds",  0xa1b2_3c4d, [500_000_000, 7_999]),
        ("modified",     0xa1b2_cd34, [500_000, 7]),
    ] {
        for order in [Order(false), Order(true)] {
            let [first, second] = fractions;
            let file = order.pcap(magic, 1, &[(1, first, b"abc", 3), (2, second, b"de", 9)]);
            assert_eq!(sniff(&file), Some(Sniffed { compression: None, format: Format::Pcap }));
            let got = read(file);
            assert_eq!((got.frames, got.skips), (want.clone(), 0), "{name}");
            assert!(got.error.is_none(), "{name}");
        }
    }
}

#[test]
fn reads_pcapng_with_sections_interfaces_and_units() {
    let (little, big) = (Order(false), Order(true));
    let file = [
        little.section(),
        little.interface(1, 4, &[]),
        little.interface(101, 0, &[(9, &[9]), (14, &10i64.to_le_bytes())]),
        little.interface(113, 0, &[(2, b"name"), (9, &[0x8a]), (0, &[])]),
        little.enhanced(0, 1_500_000, b"abc", 3),
        little.block(0x0bad_cafe, &[7; 1000]),
        little.enhanced(1, 1_000_000_000, b"de", 9),
        little.enhanced(2, 1536, b"f", 1),
        little.block(3, &[&little.u32(6)[..], b"ghij"].concat()),
        big.section(),
        big.interface(228, 0, &[(9, &[3])]),
        big.enhanced(0, 2_500, b"k", 1),
        // The obsolete packet block: interface and drops in sixteen bits each.
        big.block(
            2,
            &[&big.u16(0)[..], &[0, 9], &big.u32(0), &big.u32(7), &big.u32(1), &big.u32(1), b"l"]
                .concat(),
        ),
    ]
    .concat();
    assert_eq!(sniff(&file), Some(Sniffed { compression: None, format: Format::PcapNg }));
    let got = read(file);
    assert!(got.error.is_none(), "{:?}", got.error);
    let want: Frames = vec![
        (1_500_000, 1, 3, b"abc".to_vec()),
        (11_000_000, 101, 9, b"de".to_vec()),
        (1_500_000, 113, 1, b"f".to_vec()),
        (1_500_000, 1, 6, b"ghij".to_vec()),
        (2_500_000, 228, 1, b"k".to_vec()),
        (7_000, 228, 1, b"l".to_vec()),
    ];
    assert_eq!(got.frames, want);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[test]
fn reads_compressed_captures() {
    let record = (1, 0, [0x5a; 700].as_slice(), 700);
    let plain = Order(false).pcap(0xa1b2_c3d4, 1, &vec![record; 2000]);
    let (front, back) = plain.split_at(100_000);
    for (name, file, compression) in [
        ("gzip", gzip(&plain), Compression::Gzip),
        ("gzip in two members", [gzip(front), gzip(back)].concat(), Compression::Gzip),
        ("zstd", zstd(&plain), Compression::Zstd),
        ("zstd in two frames", [zstd(front), zstd(back)].concat(), Compression::Zstd),
    ] {
        let sniffed = Sniffed { compression: Some(compression), format: Format::Pcap };
        assert_eq!(sniff(&file[..200.min(file.len())]), Some(sniffed), "{name}");
        let half = read(file[..file.len() / 2].to_vec());
        assert!(half.error.is_none() && half.frames.len() < 2000, "{name}: a cut file just ends");
        assert_eq!(half.skips, 1, "{name}: and that is counted");
        let got = read(file);
        assert_eq!((got.frames.len(), got.skips), (2000, 0), "{name}");
        assert!(got.error.is_none(), "{name}: {:?}", got.error);
    }
    assert_eq!(sniff(&gzip(b"a text about pumps")), None);
}

#[test]
fn a_bomb_ends_with_an_error_at_the_place() {
    let zeros = vec![0; 60_000];
    let record = (1, 0, zeros.as_slice(), 60_000);
    let plain = Order(false).pcap(0xa1b2_c3d4, 1, &vec![record; 1500]);
    let mut file = zstd(&plain);
    assert!(plain.len() as u64 > capture::EXPANSION_FREE_BYTES);
    let got = read(file.clone());
    let error = got.error.expect("a bomb is refused");
    assert!(matches!(error, CaptureError::Expands { .. }), "{error}");
    assert!(got.frames.len() > 1000, "what came before is used");
    // Uncompressed, the same is an honest file.
    assert_eq!(read(plain).frames.len(), 1500);
    file.truncate(file.len() - 1);
    assert!(read(file).error.is_some());
}

#[test]
#[rustfmt::skip]
fn damage_is_told_with_its_place() {
    let order = Order(false);
    let good = order.pcap(0xa1b2_c3d4, 1, &[(1, 0, b"abc", 3)]);
    let start = [order.section(), order.interface(1, 0, &[])].concat();
    let with = |more: &[u8]| [good.as_slice(), more].concat();
    let ng = |more: &[u8]| [start.as_slice(), more].concat();
    for (name, file, frames, skips, want) in [
        ("empty",               vec![],                        0, 0, Some("shorter than four bytes")),
        ("text",                b"MSH|^~\\&|".to_vec(),         0, 0, Some("first four bytes")),
        ("header cut",          good[..20].to_vec(),           0, 0, Some("inside its header")),
        ("record header cut",   with(&[0; 10]),                1, 1, None),
        ("record cut",          with(&[&[0; 8][..], &order.u32(9), &order.u32(9), b"ab"].concat()), 1, 1, None),
        ("record too long",     with(&[0xff; 16]),             1, 0, Some("at byte 43, after 1 frames")),
        ("no interface",        ng(&order.enhanced(1, 0, b"a", 1)), 0, 0, Some("no interface")),
        ("length under twelve", ng(&[1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0]), 0, 0, Some("a length that cannot be")),
        ("lengths differ",      ng(&[6, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0]), 0, 0, Some("two lengths differ")),
        ("block cut",           ng(&order.enhanced(0, 0, b"abcdef", 6)[..30]), 0, 1, None),
        ("byte order",          [&start[..8], &[0; 20]].concat(), 0, 0, Some("byte order")),
    ] {
        let got = read(file);
        assert_eq!((got.frames.len(), got.skips), (frames, skips), "{name}");
        let text = got.error.map(|error| error.to_string()).unwrap_or_default();
        assert!(want.map_or(text.is_empty(), |want| text.contains(want)), "{name}: {text}");
    }
}

/// A stream that answers a few bytes at a time, as a pipe may.
struct Trickle(Cursor<Vec<u8>>);

impl Read for Trickle {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = into.len().min(7);
        self.0.read(&mut into[..count])
    }
}

#[test]
fn a_trickle_gives_the_same_frames() {
    let record = (1, 0, [0x5a; 70].as_slice(), 70);
    let file = Order(true).pcap(0xa1b2_c3d4, 1, &[record; 200]);
    let got = read_stream(Box::new(Trickle(Cursor::new(file.clone()))));
    assert_eq!(got.frames, read(file).frames);
}

proptest! {
    /// Whatever follows a valid start: no panic, and an end.
    #[test]
    fn garbage_is_survived(
        start in 0usize..6,
        garbage in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let order = Order(start % 2 == 1);
        let mut file = match start {
            0 | 1 => order.pcap(0xa1b2_c3d4, 1, &[]),
            2 | 3 => [order.section(), order.interface(1, 0, &[])].concat(),
            4 => order.section(),
            _ => Vec::new(),
        };
        file.extend(garbage);
        sniff(&file);
        read(file);
    }

    /// A valid file with a few bytes changed: no panic, and an end.
    #[test]
    fn damage_is_survived(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        compressed in any::<bool>(),
    ) {
        let order = Order(false);
        let mut file = [order.section(), order.interface(1, 0, &[(9, &[6])])].concat();
        for ticks in 0..40 {
            file.extend(order.enhanced(0, ticks, &[ticks as u8; 33], 40));
        }
        if compressed {
            file = gzip(&file);
        }
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        read(file);
    }
}
