//! octo-model: the scripted model as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    octod::model::program::main()
}
