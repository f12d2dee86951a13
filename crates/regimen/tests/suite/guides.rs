//! What the README and the guides tell people to type, typed.
//!
//! Every block marked `sh` runs, top to bottom, one shell for each document, on the demonstration
//! hospital. Blocks that need root, another machine or a build are marked `console` and do not.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Files, wait};
use crate::site::Site;

#[test]
fn the_guides_can_be_followed() {
    if !testing::installed("bash") || !testing::installed("jq") {
        return;
    }
    let site = Site::demo(&[]);
    let mut followed = 0;
    for (name, text) in documents() {
        let script = blocks(&text).join("\n");
        if script.is_empty() {
            continue;
        }
        let files = desk(&site);
        let (code, said) = follow(&files, &script);
        assert_eq!(code, 0, "{name}:\n{said:.3000}\n{script}");
        followed += 1;
    }
    assert!(followed >= 4, "only {followed} documents have something to type");
}

/// A folder with the files that guides speak of, and the demonstration's store.
fn desk(site: &Site) -> Files {
    let files = Files::empty();
    for name in ["regimen-data", "feeds", "bin"] {
        std::fs::create_dir(files.path(name)).unwrap();
    }
    let store = site.kept().into_iter().filter(|(path, _)| path.contains("/demo/regimen.db"));
    for (path, bytes) in store {
        let name = Path::new(&path).file_name().unwrap().to_str().unwrap();
        files.write(&format!("regimen-data/{name}"), &bytes);
    }
    for name in ["devices.csv", "cmms.csv"] {
        files.write(name, &site.given("cmms.csv"));
    }
    for name in ["monday.pcap", "hour.pcap", "capture.pcap"] {
        files.write(name, &site.given("hospital.pcap"));
    }
    for name in ["kev.json", "epss.csv"] {
        files.write(&format!("feeds/{name}"), &site.given(name));
    }
    files.write("bin/regimen", WRAPPER.as_bytes());
    files
}

/// How the document ended, and all that was said.
fn follow(files: &Files, script: &str) -> (i32, String) {
    // A file and no pipe: what nobody reads must not hold the document up.
    let said = std::fs::File::create(files.path("said.txt")).unwrap();
    let path = format!("{}:{}", files.path("bin"), std::env::var("PATH").unwrap_or_default());
    let mut child = Command::new("bash")
        .args(["-c", &format!("chmod +x bin/regimen; set -eo pipefail\n{script}")])
        .current_dir(files.path(""))
        .env("PATH", path)
        .env("REGIMEN", env!("CARGO_BIN_EXE_regimen"))
        .env_remove("REGIMEN_DATA")
        .env_remove("REGIMEN_STORE")
        .stdin(Stdio::null())
        .stdout(said.try_clone().unwrap())
        .stderr(said)
        .spawn()
        .unwrap();
    let code = wait(&mut child);
    (code, String::from_utf8_lossy(&files.read("said.txt")).into_owned())
}

/// README.md and everything in `docs/`, by name.
fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths = vec![root.join("README.md")];
    let folder = std::fs::read_dir(root.join("docs")).unwrap();
    paths.extend(folder.map(|entry| entry.unwrap().path()));
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        (path.file_name().unwrap().display().to_string(), std::fs::read_to_string(path).unwrap())
    };
    paths.iter().map(read).collect()
}

/// The blocks marked `sh`.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match (&mut open, line.trim()) {
            (None, "```sh") => open = Some(String::new()),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some(block), line) => block.extend([line, "\n"]),
            (None, _) => {}
        }
    }
    blocks
}

/// `serve` goes on until it is told to stop, so it is; what a guide announces (rows skipped, a
/// gate that does not hold) is no failure of the guide.
const WRAPPER: &str = r#"#!/usr/bin/env bash
if [ "$1" = serve ]; then
  timeout --signal=TERM 3 "$REGIMEN" "$@" --port 0
  code=$?
  [ "$code" = 124 ] && exit 0 || exit "$code"
fi
"$REGIMEN" "$@"
code=$?
case "$code" in 3) exit 0 ;; 4) [[ " $* " == *" --fail-on "* || " $* " == *" doctor "* ]] && exit 0 ;; esac
exit "$code"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_only_blocks_that_are_marked() {
        let text = "a\n```sh\none\ntwo\n```\n```console\nno\n```\n   ```sh\n   three\n   ```\n";
        assert_eq!(blocks(text), ["one\ntwo\n", "three\n"]);
    }
}
