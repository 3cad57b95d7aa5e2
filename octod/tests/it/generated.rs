//! The manual pages and shell completions in the repository are those of the commands as they are. `UPDATE=1 cargo test
//! generated` writes them anew.

mod pages;

use clap::{Command, CommandFactory};

use pages::{check_completions, check_pages};

/// The programs whose command line this crate defines.
fn programs() -> [Command; 3] {
    [octod::front::Cli::command(), octod::ctl::Cli::command(), octod::cli::Cli::command()]
}

#[test]
fn manual_pages_are_fresh() {
    check_pages(programs(), "");
}

#[test]
fn completions_are_fresh() {
    check_completions(programs());
}
