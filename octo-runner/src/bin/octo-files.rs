//! `octo-files`: the files of one workspace over HTTP.

use std::process::ExitCode;

fn main() -> ExitCode {
    octo_runner::fileserver::cli::main()
}
