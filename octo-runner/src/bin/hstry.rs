//! `hstry`: the history on the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    octo_runner::hstry::cli::main()
}
