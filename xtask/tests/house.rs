//! The house rules that a machine can check: the direction of dependence, documentation of the
//! engines, and tables that name their source.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a check that cannot be carried out has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Floor of every room. Edges go down only; they may skip floors and never run sideways.
const FLOORS: &[(&str, u32)] = &[
    ("model", 0),
    ("wire", 1),
    ("assets", 1),
    ("vulnerability", 1),
    ("access", 1),
    ("evidence", 1),
    ("simulate", 1),
    ("capture", 2),
    ("store", 2),
    ("link", 2),
    ("hub", 3),
    ("web", 4),
    ("regimen", 5),
];

/// Engines: no I/O, no async, no database, no HTTP.
const ENGINES: &[&str] =
    &["model", "wire", "assets", "vulnerability", "access", "evidence", "simulate"];

/// Crates that an engine must never reach, with the reason.
const NOT_IN_ENGINES: &[(&str, &str)] = &[
    ("tokio", "engines are not asynchronous"),
    ("rusqlite", "engines know no database"),
    ("postgres", "engines know no database"),
    ("axum", "engines know no HTTP"),
    ("libc", "engines do no I/O"),
    ("getrandom", "randomness is an argument"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace exists")
}

/// Dependencies of every room, as `cargo metadata` tells them; dev-dependencies left out.
fn edges() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("a list");
            let names = dependencies
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().expect("a name").to_owned());
            (package["name"].as_str().expect("a name").to_owned(), names.collect())
        })
        .collect()
}

#[test]
fn edges_go_down_only() {
    let floors: BTreeMap<&str, u32> = FLOORS.iter().copied().collect();
    for (room, dependencies) in edges() {
        if room == "xtask" {
            continue;
        }
        let Some(floor) = floors.get(room.as_str()) else {
            panic!("{room} has no floor; give it one here and in ARCHITECTURE.md")
        };
        for dependency in dependencies {
            if let Some(below) = floors.get(dependency.as_str()) {
                assert!(below < floor, "{room} must not depend on {dependency}");
            }
            if ENGINES.contains(&room.as_str()) {
                let banned = NOT_IN_ENGINES.iter().find(|(name, _)| *name == dependency);
                assert!(banned.is_none(), "{room} depends on {dependency}: {banned:?}");
            }
        }
    }
}

#[test]
fn the_architecture_names_every_room() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for (room, _) in FLOORS {
        assert!(text.contains(&format!("`{room}`")), "ARCHITECTURE.md does not name {room}");
    }
}

#[test]
fn every_module_says_what_it_is() {
    let mut silent = Vec::new();
    for file in sources() {
        let text = fs::read_to_string(&file).expect("it can be read");
        let first = text.lines().find(|line| !line.starts_with("#![") && !line.is_empty());
        if !first.is_some_and(|line| line.starts_with("//!")) {
            silent.push(file.display().to_string());
        }
    }
    assert!(silent.is_empty(), "these modules do not open with `//!`: {silent:#?}");
}

#[test]
fn every_table_names_its_source() {
    for entry in fs::read_dir(root().join("knowledge")).expect("knowledge/") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("it can be read");
        let first = text.lines().next().unwrap_or_default();
        let says = first.contains("source") && first.contains("date");
        assert!(says, "{}: the first line names no source and date", path.display());
    }
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("crates"), root().join("xtask")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
