//! Rule sets that another generator made: each is read whole, or refused with the line.
//!
//! The files are public data (Aerleon's tests); which are refused and why is a golden file, refreshed
//! by `UPDATE_GOLDEN`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use protection::packets::Diagrams;
use protection::read::read;
use protection::render::Target;

/// Folder or beginning of the file name, and the language.
const RENDERED: &[(&str, Target)] = &[
    ("rendered/cisco", Target::Ios),
    ("rendered/fortigate", Target::Fortios),
    ("rendered/nftables", Target::Nftables),
    ("pairs/sample_cisco_lab.acl", Target::Ios),
    ("pairs/sample_multitarget.acl", Target::Ios),
    ("pairs/sample_nftables", Target::Nftables),
    ("pairs/sample_paloalto", Target::Panos),
    ("pairs/sample_stateful_multitarget_simple.xml", Target::Panos),
];

#[test]
fn rule_sets_of_another_generator_are_read_or_refused_with_the_line() {
    let Some(folder) = testing::public_data("policy-oracle/aerleon") else { return };
    let mut refused = String::new();
    let (mut total, mut whole) = (0, 0);
    for (name, path, target) in files(&folder) {
        let text = std::fs::read_to_string(&path).unwrap();
        total += 1;
        match read(target, &text, &mut Diagrams::new()) {
            Ok(_) => whole += 1,
            // The line as it stands is somebody else's text; its number and our reason say enough.
            Err(error) => {
                let said = error.to_string();
                let said = said.rsplit_once(": `").map_or(said.as_str(), |(said, _)| said);
                let _ = writeln!(refused, "{name}: {said}");
            }
        }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/refused.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &refused).unwrap();
    }
    assert_eq!(refused, std::fs::read_to_string(&golden).unwrap());
    assert!(whole * 10 >= total * 8, "{whole} of {total} are read");
}

fn files(folder: &Path) -> Vec<(String, PathBuf, Target)> {
    let mut found = Vec::new();
    for part in ["rendered/cisco", "rendered/fortigate", "rendered/nftables", "pairs"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{part}/{}", path.file_name().unwrap().to_str().unwrap());
            let target = RENDERED.iter().find(|(start, _)| name.starts_with(start));
            found.extend(target.map(|(_, target)| (name, path, *target)));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}
