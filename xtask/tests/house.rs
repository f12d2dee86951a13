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

/// Every edge of the house: a room and the rooms that it may depend on. No engine knows another
/// engine, no front door knows the store; a new edge is a decision and is written here.
const EDGES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("wire", &["model"]),
    ("assets", &["model"]),
    ("vulnerability", &["model"]),
    ("access", &["model"]),
    ("protection", &["model"]),
    ("evidence", &["model"]),
    ("simulate", &["model"]),
    ("capture", &["model"]),
    ("store", &["model", "evidence"]),
    ("keyring", &["model"]),
    ("link", &[]),
    (
        "hub",
        &[
            "model",
            "wire",
            "assets",
            "vulnerability",
            "access",
            "evidence",
            "capture",
            "store",
            "keyring",
            "link",
            "protection",
        ],
    ),
    ("web", &["model", "hub", "store"]),
    ("regimen", &["model", "assets", "capture", "evidence", "hub", "simulate", "store", "web"]),
    ("testing", &[]),
    ("xtask", &[]),
];

/// Engines: no I/O, no async, no database, no HTTP.
const ENGINES: &[&str] =
    &["model", "wire", "assets", "vulnerability", "protection", "access", "evidence", "simulate"];

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
fn every_edge_is_in_the_list() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    for (room, dependencies) in edges() {
        let Some(allowed_here) = allowed.get(room.as_str()) else {
            panic!("{room} has no edges; list them here and name it in ARCHITECTURE.md")
        };
        for dependency in dependencies {
            if allowed.contains_key(dependency.as_str()) {
                assert!(
                    allowed_here.contains(&dependency.as_str()),
                    "{room} must not depend on {dependency}"
                );
            }
            if ENGINES.contains(&room.as_str()) {
                let banned = NOT_IN_ENGINES.iter().find(|(name, _)| *name == dependency);
                assert!(banned.is_none(), "{room} depends on {dependency}: {banned:?}");
            }
        }
    }
}

/// An edge that nobody uses any more would let the next person walk it unasked.
#[test]
fn every_listed_edge_is_walked() {
    let walked = edges();
    for (room, allowed) in EDGES {
        let dependencies = walked.get(*room).unwrap_or_else(|| panic!("there is no {room}"));
        for dependency in *allowed {
            let found = dependencies.iter().any(|one| one == dependency);
            assert!(found, "{room} does not depend on {dependency}; take the edge off the list");
        }
    }
}

#[test]
fn the_architecture_names_every_room() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for (room, _) in EDGES {
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
        let remarks = text.lines().take_while(|line| line.starts_with('#')).count();
        let says = |line: &str| line.contains("source") && line.contains("date");
        let says = text.lines().take(remarks + 1).any(says);
        assert!(says, "{}: no source and date at its beginning", path.display());
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
