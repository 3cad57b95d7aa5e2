//! `octo-runner`: a user's side of Octo.

use std::process::ExitCode;

fn main() -> ExitCode {
    octo_runner::cli::main()
}
