//! octo-shim: holds one process for the runner, which starts it as `octo-shim DIR` with the launch on its stdin.

use std::process::ExitCode;

fn main() -> ExitCode {
    octo_runner::shim::run(std::env::args_os().nth(1))
}
