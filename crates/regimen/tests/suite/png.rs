//! Pictures with few colours, so that those in the repository stay small.
//!
//! Source: the PNG specification (W3C, third edition).
//! Input:  what the browser makes: eight bits a channel, red, green and blue, not interlaced.
//! Output: at most 256 colours. The rest become the nearest of the most frequent.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

type Colour = [u8; 3];

/// The same picture in a fraction of the bytes.
pub(crate) fn smaller(png: &[u8]) -> Vec<u8> {
    let (width, height, pixels) = pixels(png);
    let palette = palette(&pixels);
    let mut colours: Vec<Colour> = palette.values().copied().collect();
    colours.sort_unstable();
    colours.dedup();
    let mut lines = Vec::with_capacity(pixels.len() + height);
    for line in pixels.chunks(width) {
        lines.push(0);
        lines.extend(line.iter().map(|colour| {
            let place = colours.binary_search(&palette[colour]).unwrap();
            u8::try_from(place).unwrap()
        }));
    }
    let mut header = [0; 13];
    header[..8].copy_from_slice(&png[16..24]);
    (header[8], header[9]) = (8, INDEXED);
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&lines).unwrap();
    let mut out = SIGNATURE.to_vec();
    chunk(&mut out, *b"IHDR", &header);
    chunk(&mut out, *b"PLTE", &colours.concat());
    chunk(&mut out, *b"IDAT", &packed.finish().unwrap());
    chunk(&mut out, *b"IEND", &[]);
    out
}

/// For each colour the one that stands for it: itself where it is among the most frequent.
fn palette(pixels: &[Colour]) -> BTreeMap<Colour, Colour> {
    let mut counts: BTreeMap<Colour, usize> = BTreeMap::new();
    for &pixel in pixels {
        *counts.entry(pixel).or_default() += 1;
    }
    let mut kept: Vec<Colour> = counts.keys().copied().collect();
    kept.sort_by_key(|colour| Reverse(counts[colour]));
    kept.truncate(COLOURS_MAX);
    let stands = |&colour: &Colour| {
        let nearest = kept.iter().min_by_key(|&&other| distance(colour, other));
        (colour, *nearest.unwrap())
    };
    counts.keys().map(stands).collect()
}

fn distance(one: Colour, other: Colour) -> u32 {
    one.iter().zip(other).map(|(&one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
}

fn pixels(png: &[u8]) -> (usize, usize, Vec<Colour>) {
    assert!(png.starts_with(&SIGNATURE));
    let word = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
    let (width, height) = (word(16), word(20));
    assert_eq!(png[24..29], [8, TRUECOLOUR, 0, 0, 0], "not what the browser makes");
    let (mut at, mut packed) = (8, Vec::new());
    while at < png.len() {
        let length = word(at);
        if &png[at + 4..at + 8] == b"IDAT" {
            packed.extend_from_slice(&png[at + 8..at + 8 + length]);
        }
        at += 12 + length;
    }
    let mut lines = Vec::new();
    flate2::read::ZlibDecoder::new(packed.as_slice()).read_to_end(&mut lines).unwrap();
    let mut above = vec![0; width * 3];
    let mut pixels = Vec::with_capacity(width * height);
    for line in lines.chunks(1 + width * 3) {
        above = unfiltered(line[0], &line[1..], &above);
        pixels.extend(above.chunks(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]));
    }
    (width, height, pixels)
}

fn unfiltered(filter: u8, line: &[u8], above: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(line.len());
    for (at, byte) in line.iter().enumerate() {
        let left = if at < 3 { 0 } else { out[at - 3] };
        let corner = if at < 3 { 0 } else { above[at - 3] };
        let expected = match filter {
            0 => 0,
            1 => left,
            2 => above[at],
            3 => left.midpoint(above[at]),
            4 => nearest(left, above[at], corner),
            other => panic!("no filter {other}"),
        };
        out.push(byte.wrapping_add(expected));
    }
    out
}

/// The specification's Paeth predictor.
fn nearest(left: u8, above: u8, corner: u8) -> u8 {
    let guess = i32::from(left) + i32::from(above) - i32::from(corner);
    let far = |byte: u8| (guess - i32::from(byte)).abs();
    if far(left) <= far(above) && far(left) <= far(corner) {
        left
    } else if far(above) <= far(corner) {
        above
    } else {
        corner
    }
}

fn chunk(out: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    out.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
    let mut sum = flate2::Crc::new();
    for part in [kind.as_slice(), content] {
        out.extend_from_slice(part);
        sum.update(part);
    }
    out.extend(sum.sum().to_be_bytes());
}

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Colours that one byte can name.
const COLOURS_MAX: usize = 256;

const TRUECOLOUR: u8 = 2;

const INDEXED: u8 = 3;
