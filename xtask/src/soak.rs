//! The long forms of tests whose short forms run with every change.
//!
//! Output: what the tests print; the date, the machine and the result go to `bench/README.md` by hand.

use std::process::Command;

use anyhow::{Context, Result, bail};

/// Runs the long form called `name`.
pub(crate) fn run(name: &str) -> Result<()> {
    let Some(soak) = SOAKS.iter().find(|soak| soak.name == name) else {
        let known: Vec<&str> = SOAKS.iter().map(|soak| soak.name).collect();
        bail!("no soak is called `{name}`; there are: {}", known.join(", "));
    };
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--release"]).args(soak.arguments).args(["--", "--nocapture"]);
    cargo.envs(soak.environment.iter().copied());
    let status = cargo.status().context("cargo does not start")?;
    if !status.success() {
        bail!("the soak `{name}` does not hold");
    }
    Ok(())
}

struct Soak {
    name: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const SOAKS: [Soak; 2] = [
    // What is added to a record, over every published advisory.
    Soak {
        name: "answers",
        arguments: &["-p", "vulnerability", "--test", "metamorphosis"],
        environment: &[("REGIMEN_WHOLE", "1"), ("REGIMEN_REQUIRE", "all")],
    },
    // Kills of an ingest: so many on SQLite, and half as many on PostgreSQL.
    Soak {
        name: "kill",
        arguments: &["-p", "regimen", "--test", "suite", "killed"],
        environment: &[("REGIMEN_KILLS", "140"), ("REGIMEN_REQUIRE", "all")],
    },
];
