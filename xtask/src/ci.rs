//! What continuous integration runs, in order. Stops at the first thing that fails.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

const STEPS: &[(&str, &[&str], &[(&str, &str)])] = &[
    ("formatting", &["fmt", "--all", "--check"], &[]),
    ("tests", &["test", "--workspace"], &[]),
    ("lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], &[]),
    ("documentation", &["doc", "--workspace", "--no-deps"], &[("RUSTDOCFLAGS", "-D warnings")]),
];

/// Runs every step.
#[expect(clippy::disallowed_methods, reason = "tells how long each step took")]
pub(crate) fn run() -> Result<()> {
    for (name, arguments, environment) in STEPS {
        println!("== {name}: cargo {}", arguments.join(" "));
        let start = Instant::now();
        let status = Command::new(env!("CARGO"))
            .args(*arguments)
            .envs(environment.iter().copied())
            .status()
            .with_context(|| format!("starting cargo for {name}"))?;
        println!("== {name}: {} s", start.elapsed().as_secs());
        ensure!(status.success(), "{name} failed");
    }
    Ok(())
}
