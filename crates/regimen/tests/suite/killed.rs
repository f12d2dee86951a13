//! Whatever ends an ingest, the next one ends where an undisturbed one would have: killed, told to
//! terminate, out of room, or with an input in the middle that cannot be read.
//!
//! `REGIMEN_KILLS` says how many kills each store gets; `cargo xtask soak kill` sets it.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use simulate::{Hospital, Plan};

use crate::harness::{Files, command, regimen, wait};
use crate::postgres::Server;

/// What can be taken in within a moment: a capture, an inventory, feeds and advisories.
fn inputs() -> Files {
    let files = Files::empty();
    let hospital = Hospital::build(&Plan { devices: 20, ..Plan::default() });
    std::fs::create_dir_all(files.path("inputs/advisories")).unwrap();
    let mut capture = simulate::pcap_header();
    for (time, frame) in hospital.frames() {
        simulate::pcap_record(time, &frame, &mut capture);
    }
    files.write("inputs/hospital.pcap", &capture);
    files.write("inputs/cmms.csv", &hospital.cmms_csv());
    files.write("inputs/kev.json", &hospital.kev());
    for (name, document) in hospital.advisories() {
        files.write(&format!("inputs/advisories/{name}"), &document);
    }
    files
}

const AT: &[&str] = &["--now", "2026-11-25T10:00:00Z"];

fn ingest(store: &str, inputs: &str) -> Vec<String> {
    let words = [&["--store", store, "ingest", inputs, "-q"], AT].concat();
    words.into_iter().map(str::to_owned).collect()
}

/// Takes everything in; one row of the inventory is no device, so something is skipped.
fn take_in(store: &str, inputs: &str) {
    regimen(&ingest(store, inputs)).ended(3);
}

/// What people see of a store: verdicts with all their steps, devices, and whether evidence holds.
fn seen(store: &str) -> Vec<Value> {
    let ask = |words: &[&str]| {
        let words = [&["--store", store, "--json"], words, AT].concat();
        regimen(&words).ended(0).json()
    };
    let evidence = ask(&["evidence", "verify"]);
    assert_eq!(evidence["ok"], true, "{evidence}");
    let lists: [&[&str]; 3] = [
        &["verdicts", "list", "--limit", "1000"],
        &["assets", "list", "--limit", "1000"],
        &["disclosures", "list", "--limit", "1000"],
    ];
    lists.iter().map(|list| sorted(&ask(list))).collect()
}

/// Rows that are equal in all that lists are sorted by lie in the order in which they were written.
fn sorted(list: &Value) -> Value {
    let rows = list.as_array().or_else(|| list["rows"].as_array());
    let mut rows: Vec<String> = rows.into_iter().flatten().map(Value::to_string).collect();
    rows.sort_unstable();
    rows.into()
}

/// How an ingest is ended before it is done.
#[derive(Clone, Copy, Debug)]
enum End {
    /// By SIGKILL, after so long.
    Kill(Duration),
    /// By SIGTERM, after so long.
    Terminate(Duration),
    /// By a limit on how large a file may become, in blocks of 512 bytes: no room is left.
    NoRoom(u32),
}

impl End {
    fn of_an_ingest(self, store: &str, inputs: &str) {
        let words = ingest(store, inputs);
        if let Self::NoRoom(blocks) = self {
            // Ignored in the child too, so that writing fails as on a full disk.
            let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
            let program = command();
            let mut child = Command::new("sh")
                .args(["-c", &script])
                .arg(program.get_program())
                .args(&words)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            wait(&mut child);
            return;
        }
        let mut child =
            command().args(&words).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        match self {
            Self::Kill(after) => {
                thread::sleep(after);
                let _ = child.kill();
            }
            Self::Terminate(after) => {
                thread::sleep(after);
                let _ = Command::new("kill").arg(child.id().to_string()).status();
            }
            Self::NoRoom(_) => {}
        }
        child.wait().unwrap();
    }
}

/// Ends an ingest into a new store, takes everything in once more, and looks.
fn disturbed(end: End, store: &str, inputs: &str) -> Vec<Value> {
    end.of_an_ingest(store, inputs);
    take_in(store, inputs);
    seen(store)
}

fn check(files: &Files, new_store: impl Fn(usize) -> String, ends: &[End]) {
    let inputs = files.path("inputs");
    let store = new_store(0);
    take_in(&store, &inputs);
    let want = seen(&store);
    assert!(want[0].as_array().is_some_and(|rows| rows.len() > 10), "there is something to lose");
    for (number, end) in ends.iter().enumerate() {
        let now = disturbed(*end, &new_store(number + 1), &inputs);
        assert!(now == want, "{end:?}: not as undisturbed");
    }
}

/// Kills at moments that are spread over an ingest, the same in each run.
fn kills(count: u64, longest: Duration) -> Vec<End> {
    let mut state = SEED;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            End::Kill(longest.mul_f64((state >> 40) as f64 / (1u64 << 24) as f64))
        })
        .collect()
}

fn count() -> u64 {
    std::env::var("REGIMEN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS)
}

/// How long an ingest takes here.
#[expect(clippy::disallowed_methods, reason = "kills are spread over the time that it takes")]
fn duration(files: &Files, store: &str) -> Duration {
    let start = std::time::Instant::now();
    take_in(store, &files.path("inputs"));
    start.elapsed()
}

#[test]
fn whatever_ends_an_ingest_the_next_one_is_whole() {
    let files = inputs();
    let store = |number: usize| format!("sqlite:{}", files.path(&format!("{number}.db")));
    let longest = duration(&files, &store(1000));
    let mut ends = kills(count(), longest);
    ends.push(End::Terminate(longest / 3));
    ends.push(End::Terminate(longest.mul_f64(0.8)));
    ends.extend([300, 900, 2_000].map(End::NoRoom));
    check(&files, store, &ends);
}

#[test]
fn so_it_is_on_postgresql() {
    let Some(server) = Server::start() else {
        testing::skip("PostgreSQL is not installed");
        return;
    };
    let files = inputs();
    let store = |number: usize| server.database(&format!("k{number}"));
    let longest = duration(&files, &store(1000));
    check(&files, store, &kills(count() / 2, longest));
}

#[test]
fn an_input_that_cannot_be_read_keeps_nothing_else_out() {
    let files = inputs();
    let (inputs, store) = (files.path("inputs"), format!("sqlite:{}", files.path("whole.db")));
    take_in(&store, &inputs);
    let want = seen(&store);
    files.write("inputs/advisories/aaa.json", br#"{"document": {"csaf_version": "2.0", "#);
    files.write("inputs/hospital2.pcap", b"\xd4\xc3\xb2\xa1 and no capture");
    let store = format!("sqlite:{}", files.path("broken.db"));
    take_in(&store, &inputs);
    let now = seen(&store);
    assert_eq!(now[0], want[0], "verdicts");
    assert_eq!(now[1], want[1], "devices");
}

/// Kills on each store where nothing else is said.
const KILLS: u64 = 6;

/// Of the moments at which to kill.
const SEED: u64 = 0x5eed_0015;
