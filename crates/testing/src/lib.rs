//! What tests of every room share: where public data is, and skips that a person sees.
//!
//! Input:  `REGIMEN_CORPUS` names the folder of public data (default: `shared/data` beside the
//!         checkout), `REGIMEN_CASES` that of small cases (default: `shared/cases`).
//!         `REGIMEN_REQUIRE=all` makes every skip a failure.
//! Output: a path, or a notice on standard error and nothing. The notice goes past the test
//!         runner's capture, so it is seen where all tests pass.
//!
//! Only ever a dev-dependency.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The folder of public data, or one below it, e.g. `captures`.
pub fn public_data(part: &str) -> Option<PathBuf> {
    folder("REGIMEN_CORPUS", "data", part)
}

/// The folder of small cases, or one below it, e.g. `hl7-line-feed-segments`.
pub fn cases(part: &str) -> Option<PathBuf> {
    folder("REGIMEN_CASES", "cases", part)
}

/// Says that a test was skipped and why; fails where nothing may be skipped.
///
/// # Panics
///
/// Where `REGIMEN_REQUIRE` is `all`.
pub fn skip(why: &str) {
    let test = std::thread::current().name().unwrap_or("test").to_owned();
    let required = std::env::var("REGIMEN_REQUIRE").is_ok_and(|required| required == "all");
    assert!(!required, "{why}, and REGIMEN_REQUIRE=all lets nothing be skipped");
    // A notice that cannot be written has nobody to read it.
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {why}");
}

/// True where `program` is on the path; else says that the test was skipped.
pub fn installed(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|at| at.join(program).is_file()));
    if !found {
        skip(&format!("{program} is not installed"));
    }
    found
}

fn folder(variable: &str, beside: &str, part: &str) -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(beside);
    let path = std::env::var_os(variable).map_or(default, PathBuf::from).join(part);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("{} is not there; {variable} can name it", path.display()));
    None
}
