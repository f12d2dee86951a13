//! Tests only: connections of the lab captures, taken apart by tshark, and its view of them.

use std::path::PathBuf;
use std::process::Command;

use crate::dissect::Direction;

/// A connection as turns of bytes.
pub(crate) type Turns = Vec<(Direction, Vec<u8>)>;

/// The connections of a capture; `None`, with a notice, where it or tshark is missing.
pub(crate) fn connections(capture: &str) -> Option<Vec<Turns>> {
    let streams = fields(capture, "tcp", &["tcp.stream"])?;
    let last = streams.iter().filter_map(|row| row[0].parse::<usize>().ok()).max();
    Some((0..=last?).map(|stream| connection(capture, stream)).collect())
}

fn connection(capture: &str, stream: usize) -> Turns {
    let follow = format!("follow,tcp,raw,{stream}");
    let output = tshark(capture, &["-q", "-z", &follow]).unwrap_or_default();
    let is_hex =
        |line: &&str| !line.trim().is_empty() && line.trim().bytes().all(|b| b.is_ascii_hexdigit());
    let turn = |line: &str| {
        let to_client = line.starts_with('\t');
        let direction = if to_client { Direction::ToClient } else { Direction::ToServer };
        (direction, crate::testing::hex(line.trim()))
    };
    output.lines().filter(is_hex).map(turn).collect()
}

/// Fields as tshark reads them, one row per frame that `filter` passes.
pub(crate) fn fields(capture: &str, filter: &str, names: &[&str]) -> Option<Vec<Vec<String>>> {
    let mut arguments = vec!["-Y", filter, "-T", "fields"];
    arguments.extend(names.iter().flat_map(|name| ["-e", name]));
    let output = tshark(capture, &arguments)?;
    Some(output.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

fn tshark(capture: &str, arguments: &[&str]) -> Option<String> {
    let path = corpus().join(capture);
    if !path.is_file() {
        eprintln!("skipped: {} is missing", path.display());
        return None;
    }
    let output = Command::new("tshark").arg("-r").arg(path).args(arguments).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).ok(),
        _ => {
            eprintln!("skipped: tshark is not installed or cannot read {capture}");
            None
        }
    }
}

fn corpus() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    PathBuf::from(std::env::var("REGIMEN_CORPUS").unwrap_or_else(|_| beside.to_owned()))
        .join("captures")
}

/// `turns` as the harness takes them.
pub(crate) fn borrowed(turns: &Turns) -> Vec<(Direction, &[u8])> {
    turns.iter().map(|(direction, bytes)| (*direction, bytes.as_slice())).collect()
}
