//! Runs the binary, with a deadline on everything, and writes the simulated hospital's files.

use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use simulate::{Hospital, Plan, TrafficPlan};
use tempfile::TempDir;

/// What a command said, and how it ended.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Answer {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in:\n{}\n{}", self.out, self.err))
    }

    /// The same answer, once it is known to have ended with `code`.
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {:.2000}\nerr: {:.2000}", self.out, self.err);
        self
    }
}

/// Runs `regimen` with these arguments.
pub(crate) fn regimen<A: AsRef<str>>(arguments: &[A]) -> Answer {
    regimen_reading(arguments, Vec::new())
}

/// Runs `regimen` with `input` on its standard input.
pub(crate) fn regimen_reading<A: AsRef<str>>(arguments: &[A], input: Vec<u8>) -> Answer {
    let mut child = command()
        .args(arguments.iter().map(AsRef::as_ref))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that does not read its input closes it, which is no failure of the test.
    let writing = thread::spawn(move || drop(stdin.write_all(&input)));
    let out = drain(child.stdout.take().unwrap());
    let err = drain(child.stderr.take().unwrap());
    let code = wait(&mut child);
    writing.join().unwrap();
    Answer { code, out: out.join().unwrap(), err: err.join().unwrap() }
}

/// The binary, without what the environment of the tests might tell it.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_regimen"));
    for name in ["REGIMEN_DATA", "REGIMEN_STORE", "RUST_LOG"] {
        command.env_remove(name);
    }
    command
}

/// The end of a child that may not take longer than a command may.
pub(crate) fn wait(child: &mut Child) -> i32 {
    let end = deadline(COMMAND);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().expect("ends by itself");
        }
        if end.is_over() {
            child.kill().unwrap();
            panic!("still running after {COMMAND:?}");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Reads to the end on a thread of its own, so that no pipe fills up.
fn drain(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).expect("output is UTF-8")
    })
}

/// A moment in the future.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn is_over(self) -> bool {
        self.left().is_zero()
    }

    #[expect(clippy::disallowed_methods, reason = "the wait for a process is real time")]
    pub(crate) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

#[expect(clippy::disallowed_methods, reason = "the wait for a process is real time")]
pub(crate) fn deadline(after: Duration) -> Deadline {
    Deadline(Instant::now() + after)
}

/// A folder with a small hospital's files in it.
pub(crate) struct Files {
    folder: TempDir,
}

impl Files {
    /// About 30 devices, two minutes of traffic, an inventory, and what their makers published.
    pub(crate) fn of_a_hospital() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        let hospital = Hospital::build(&Plan { devices: 30, ..Plan::default() });
        std::fs::create_dir_all(files.path("inputs/advisories")).unwrap();
        files.write("inputs/hospital.pcap", &capture(&hospital));
        files.write("inputs/cmms.csv", &hospital.cmms_csv());
        files.write("inputs/kev.json", &hospital.kev());
        files.write("inputs/epss.csv", &hospital.epss());
        for (name, document) in hospital.advisories() {
            files.write(&format!("inputs/advisories/{name}"), &document);
        }
        files
    }

    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
        self.path(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    /// The path of a file in the folder, whether it is there or not.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Runs `regimen` on the data folder `name`.
    pub(crate) fn on(&self, name: &str, arguments: &[&str]) -> Answer {
        let data = self.path(name);
        regimen(&[&["--data", &data], arguments].concat())
    }
}

fn capture(hospital: &Hospital) -> Vec<u8> {
    let mut bytes = simulate::pcap_header();
    for (time, frame) in hospital.traffic(&TrafficPlan { minutes: 2, packets_min: 0 }) {
        simulate::pcap_record(time, &frame, &mut bytes);
    }
    bytes
}

/// The shared data for tests, where this machine has them.
pub(crate) fn corpus() -> Option<PathBuf> {
    testing::public_data("")
}

/// Fails unless `object` has every one of `fields`.
pub(crate) fn has_fields(object: &Value, fields: &[&str]) {
    for field in fields {
        assert!(object.get(field).is_some(), "no `{field}` in {object:.500}");
    }
}

/// The array under `field`, which must have something in it.
pub(crate) fn some<'a>(object: &'a Value, field: &str) -> &'a Vec<Value> {
    let array = object[field].as_array().unwrap_or_else(|| panic!("no array `{field}`"));
    assert!(!array.is_empty(), "`{field}` is empty");
    array
}

/// Longest that one command may take, in a build without optimisation on a busy machine.
const COMMAND: Duration = Duration::from_mins(2);
