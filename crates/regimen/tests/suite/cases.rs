//! Every small case of the public data that has a check: the program gives the right answer.
//!
//! A case is a folder with inputs, `EXPECT.md` and `check.sh`, which runs the program that
//! `REGIMEN` names and ends with 0 where it is right. Many of the kinds have a twin, invented, in
//! the tests of the room that they are about; this walks them all, those to come included.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn every_case_is_right() {
    let Some(folder) = testing::cases("") else { return };
    if !testing::installed("bash") || !testing::installed("python3") {
        return;
    }
    let mut checks: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("check.sh"))
        .filter(|check| check.is_file())
        .collect();
    checks.sort();
    assert!(!checks.is_empty(), "there are cases");
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(check) = checks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(case) = why_wrong(check) {
                        wrong.lock().unwrap().push(case);
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The name of the case and what its check said, where it is wrong.
fn why_wrong(check: &Path) -> Option<String> {
    let folder = check.parent().unwrap();
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    // Cases that serve take a port of their own.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = Command::new("bash")
        .arg(check)
        .env("REGIMEN", env!("CARGO_BIN_EXE_regimen"))
        .env("PORT", port.to_string())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let said = String::from_utf8_lossy(&said);
    (!output.status.success()).then(|| format!("{name}: {}", said.trim()))
}

/// Checks that run side by side; each waits for a program most of the time.
const AT_ONCE: usize = 2;
