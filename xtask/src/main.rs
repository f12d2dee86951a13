//! Chores that plain cargo lacks. `cargo xtask` lists them.

mod ci;
mod crates;
mod oui;
mod soak;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["ci"] => ci::run(),
        ["crates"] => crates::check(),
        ["bill", path] => crates::write_bill(path),
        ["soak", name] => soak::run(name),
        ["oui", folder, date] => oui::write_table(folder, date),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

const USAGE: &str = "\
cargo xtask ci                everything that must hold before a change lands
cargo xtask crates            licences, banned crates, crates that come twice
cargo xtask bill FILE         the program's own bill of materials, CycloneDX 1.6
cargo xtask soak NAME         the long form of a test: answers, kill
cargo xtask oui FOLDER DATE   rebuild knowledge/oui.tsv from IEEE's CSV files";
