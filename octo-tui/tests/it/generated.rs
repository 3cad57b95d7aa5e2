//! The manual pages and shell completions in the repository are those of the commands as they are. `UPDATE=1 cargo test`
//! writes them anew.

#[path = "../../../octod/tests/it/generated/page.rs"]
mod page;

use clap::{Command, CommandFactory};

/// The programs whose command line this crate defines.
fn programs() -> [Command; 1] {
    [octo_tui::cli::Arguments::command()]
}

#[test]
fn manual_pages_are_fresh() {
    programs().into_iter().for_each(page::check_page);
}

#[test]
fn completions_are_fresh() {
    programs().into_iter().for_each(page::check_completions);
}
