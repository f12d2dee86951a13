//! How fast captures are observed: frames per second on one core, and the memory it took.
//!
//! Usage: `observe_speed [--packets N] [--rounds R] FILE…`
//!
//! All frames are read into memory first, so that only the observer is measured. With `--packets`
//! they are repeated until there are so many, each time with other IPv4 addresses and a later
//! time, so that no conversation meets itself again.

use std::time::{Duration, Instant};

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
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0);
        match argument.as_str() {
            "--packets" => packets = number(),
            "--rounds" => rounds = number().max(1),
            _ => files.push(argument),
        }
    }
    let mut frames = Vec::new();
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
fn measure(round: usize, frames: &[Kept], before: u64) {
    let start = Instant::now();
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
    let took = start.elapsed();
    println!(
        "round {round}: {:.2} M frames/s, {:.0} ns a frame, {} kB more; {} flows, {} sightings, {} talkers",
        frames.len() as f64 / took.as_secs_f64() / 1e6,
        nanos(took) / frames.len() as f64,
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

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
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
