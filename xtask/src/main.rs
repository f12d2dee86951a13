//! Chores that plain cargo lacks. `cargo xtask` lists them.

mod ci;
mod oui;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["ci"] => ci::run(),
        ["oui", folder, date] => oui::write_table(folder, date),
        _ => {
            eprintln!(
                "cargo xtask oui FOLDER DATE   rebuild knowledge/oui.tsv from IEEE's CSV files"
            );
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
