//! What continuous integration runs, in order. Stops at the first thing that fails.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

/// One thing to check.
struct Check {
    name: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const CHECKS: &[Check] = &[
    Check { name: "formatting", arguments: &["fmt", "--all", "--check"], environment: &[] },
    Check { name: "crates", arguments: &["xtask", "crates"], environment: &[] },
    Check { name: "tests", arguments: &["test", "--workspace"], environment: &[] },
    Check {
        name: "lints",
        arguments: &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
        environment: &[],
    },
    Check {
        name: "documentation",
        arguments: &["doc", "--workspace", "--no-deps"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
];

/// Runs every check.
#[expect(clippy::disallowed_methods, reason = "tells how long each step took")]
pub(crate) fn run() -> Result<()> {
    for Check { name, arguments, environment } in CHECKS {
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
