//! The one binary. Wiring only: reads the command line, calls the hub, prints the answer.

mod arguments;
mod commands;
mod output;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    output::start_log(&arguments.common);
    match commands::run(&arguments) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            eprintln!("regimen: {error:#}");
            if commands::is_usage(&error) { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
