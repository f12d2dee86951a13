//! How fast captures are observed: frames per second on one core, and the memory it took.
//!
//! Usage: `observe_speed [--packets N] [--rounds R] [--stream | --read] FILE…`
//!        `observe_speed --flood N`
//!
//! All frames are read into memory first, so that only the observer is measured. With `--packets`
//! they are repeated until there are so many, each time with other IPv4 addresses and a later
//! time, so that no conversation meets itself again. `--stream` measures reading the file and
//! observing together, `--read` reading alone. `--flood` makes N packets up that meet every limit:
//! random addresses and ports, a SYN or an early segment each.

use std::time::Instant;

use model::Timestamp;
use wire::{Frame, Limits, LinkType, Observer};

/// One frame in memory.
struct Kept {
    time: i64,
    link: u32,
    original_bytes: u32,
    bytes: Vec<u8>,
}

fn main() {
    let (mut packets, mut rounds, mut files) = (0usize, 3usize, Vec::new());
    let mut mode = None;
    let mut frames = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0);
        match argument.as_str() {
            "--packets" => packets = number(),
            "--rounds" => rounds = number().max(1),
            "--flood" => flood(&mut frames, number()),
            "--stream" | "--read" => mode = Some(argument),
            _ => files.push(argument),
        }
    }
    if let Some(mode) = mode {
        return files.iter().for_each(|file| stream(file, mode == "--stream", rounds));
    }
    for file in &files {
        if let Err(error) = read(file, &mut frames) {
            eprintln!("{file}: {error}");
        }
    }
    if frames.is_empty() {
        eprintln!("usage: observe_speed [--packets N] [--rounds R] FILE…");
        std::process::exit(2);
    }
    repeat(&mut frames, packets);
    let before = resident_kb();
    let bytes: usize = frames.iter().map(|frame| frame.bytes.len()).sum();
    println!("{} frames, {bytes} bytes, {before} kB resident", frames.len());
    for round in 1..=rounds {
        measure(round, &frames, before);
    }
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
fn stream(file: &str, observing: bool, rounds: usize) {
    for round in 1..=rounds {
        let (start, cpu) = (Instant::now(), cpu_nanos());
        let mut observer = Observer::new("speed", Limits::default());
        let mut frames = 0;
        let mut reader = capture::open(file.as_ref());
        while let Ok(Ok(Some(frame))) = reader.as_mut().map(capture::CaptureReader::next_frame) {
            frames += 1;
            if observing {
                observer.frame(&Frame {
                    number: frame.number,
                    time: frame.time,
                    link: LinkType(frame.link),
                    bytes: frame.bytes,
                    original_bytes: frame.original_bytes,
                });
            }
        }
        drop(observer.finish());
        let frames = f64::from(frames);
        println!(
            "{file} {round}: {:.2} M frames/s of processor time, {:.2} by the clock, {} kB resident",
            frames * 1e3 / (cpu_nanos() - cpu) as f64,
            frames / start.elapsed().as_secs_f64() / 1e6,
            resident_kb(),
        );
    }
}

/// Makes frames up, each of another conversation; the same ones every time.
fn flood(frames: &mut Vec<Kept>, count: usize) {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for number in 0..count {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let octets = random.to_be_bytes();
        let ([from @ .., _, _], [.., port_high, port_low]) = (octets, octets);
        let [first, .., last] = from;
        let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, first, last, 8, 0];
        bytes.extend([0x45, 0, 1, 0x24, 0, 0, 0, 0, 64, 6, 0, 0, 10]);
        bytes.extend(from);
        bytes.push(10);
        // One in four is a segment behind a hole, which must be kept for a while.
        let flags = if number % 4 == 0 { 0x10 } else { 0x02 };
        bytes.extend([port_high, port_low, 0, 22, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags]);
        bytes.extend([0; 6]);
        bytes.extend(std::iter::repeat_n(first, 252));
        let original_bytes = bytes.len() as u32;
        let time = i64::from(number as u32);
        frames.push(Kept { time, link: 1, original_bytes, bytes });
    }
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
fn measure(round: usize, frames: &[Kept], before: u64) {
    let (start, cpu) = (Instant::now(), cpu_nanos());
    let mut observer = Observer::new("speed", Limits::default());
    for (index, frame) in frames.iter().enumerate() {
        observer.frame(&Frame {
            number: index as u64 + 1,
            time: Timestamp::from_micros(frame.time),
            link: LinkType(frame.link),
            bytes: &frame.bytes,
            original_bytes: frame.original_bytes,
        });
    }
    let peak = resident_kb();
    let seen = observer.finish();
    let took = (cpu_nanos() - cpu) as f64;
    println!(
        "round {round}: {:.2} M frames/s of processor time, {:.2} by the clock, {:.0} ns a frame, {} kB more; {} flows, {} sightings, {} talkers",
        frames.len() as f64 * 1e3 / took,
        frames.len() as f64 / start.elapsed().as_secs_f64() / 1e6,
        took / frames.len() as f64,
        peak.saturating_sub(before),
        seen.flows.len(),
        seen.sightings.len(),
        seen.talkers.len(),
    );
    if std::env::var_os("SHOW").is_some() {
        println!("{:#?}\n{:#?}", seen.stats, seen.anomalies);
        seen.flows.iter().for_each(|flow| println!("{flow:?}"));
    }
}

/// Processor time of this thread so far, in nanoseconds: what others on the machine do to the
/// clock does not count.
fn cpu_nanos() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn read(file: &str, frames: &mut Vec<Kept>) -> Result<(), capture::CaptureError> {
    let mut reader = capture::open(file.as_ref())?;
    while let Some(frame) = reader.next_frame()? {
        frames.push(Kept {
            time: frame.time.as_micros(),
            link: frame.link,
            original_bytes: frame.original_bytes,
            bytes: frame.bytes.to_vec(),
        });
    }
    Ok(())
}

/// Repeats the frames until there are `packets`.
fn repeat(frames: &mut Vec<Kept>, packets: usize) {
    let once = frames.len();
    let span = frames.iter().map(|frame| frame.time).max().unwrap_or(0)
        - frames.iter().map(|frame| frame.time).min().unwrap_or(0);
    while frames.len() < packets {
        let round = frames.len() / once;
        let Some(frame) = frames.get(frames.len() % once) else { return };
        let mut bytes = frame.bytes.clone();
        // The last octet but one of both IPv4 addresses; the checksum is not looked at.
        if let (1, Some([0x08, 0x00, 0x45])) = (frame.link, bytes.get(12..15)) {
            for at in [28, 32] {
                if let Some(octet) = bytes.get_mut(at) {
                    *octet = octet.wrapping_add(round as u8);
                }
            }
        }
        let copy = Kept { time: frame.time + span * i64::from(round as u32), bytes, ..*frame };
        frames.push(copy);
    }
}

/// Memory of this process, in kB; 0 where the system does not tell.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
