//! octod: see `octod::cli`.

use clap::Parser;

fn main() -> std::process::ExitCode {
    octod::cli::run(&octod::cli::Cli::parse().command)
}
