//! Tests only: connections of the lab captures, taken apart by tshark, and its view of them.

use std::process::Command;

use crate::dissect::Direction;

/// A connection as turns of bytes.
pub(crate) type Turns = Vec<(Direction, Vec<u8>)>;

/// The connections of a capture, the first [`CONNECTIONS_MAX`] of them; `None`, with a notice,
/// where it or tshark is missing.
pub(crate) fn connections(capture: &str) -> Option<Vec<Turns>> {
    let follow: Vec<_> =
        (0..CONNECTIONS_MAX).map(|stream| format!("follow,tcp,raw,{stream}")).collect();
    let mut arguments = vec!["-q"];
    arguments.extend(follow.iter().flat_map(|follow| ["-z", follow]));
    let output = tshark(capture, &arguments)?;
    let parts = output.split("Follow: tcp,raw").skip(1).map(connection);
    Some(parts.filter(|turns| !turns.is_empty()).collect())
}

fn connection(part: &str) -> Turns {
    let is_hex =
        |line: &&str| !line.trim().is_empty() && line.trim().bytes().all(|b| b.is_ascii_hexdigit());
    let turn = |line: &str| {
        let to_client = line.starts_with('\t');
        let direction = if to_client { Direction::ToClient } else { Direction::ToServer };
        (direction, crate::testing::hex(line.trim()))
    };
    part.lines().filter(is_hex).map(turn).collect()
}

/// Fields as tshark reads them, one row per frame that `filter` passes.
pub(crate) fn fields(capture: &str, filter: &str, names: &[&str]) -> Option<Vec<Vec<String>>> {
    let mut arguments = vec!["-Y", filter, "-T", "fields"];
    arguments.extend(names.iter().flat_map(|name| ["-e", name]));
    let output = tshark(capture, &arguments)?;
    Some(output.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

fn tshark(capture: &str, arguments: &[&str]) -> Option<String> {
    let path = testing::public_data("captures")?.join(capture);
    let output = Command::new("tshark").arg("-r").arg(path).args(arguments).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).ok(),
        _ => {
            testing::skip(&format!("tshark is not installed or cannot read {capture}"));
            None
        }
    }
}

/// `turns` as the harness takes them.
pub(crate) fn borrowed(turns: &Turns) -> Vec<(Direction, &[u8])> {
    turns.iter().map(|(direction, bytes)| (*direction, bytes.as_slice())).collect()
}

/// The captures used have fewer.
const CONNECTIONS_MAX: usize = 16;
