//! The manual pages and shell completions in the repository are those of the commands as they are. `UPDATE=1 cargo test
//! generated` writes them anew.

#[path = "../../../octod/tests/it/generated/pages.rs"]
mod pages;

mod manual;

use clap::CommandFactory;

use pages::{check_completions, check_pages};

#[test]
fn manual_pages_are_fresh() {
    check_pages([octo_tui::cli::Arguments::command()], &manual::sections());
}

#[test]
fn completions_are_fresh() {
    check_completions([octo_tui::cli::Arguments::command()]);
}
