//! The manual pages and shell completions in the repository are those of the commands as they are. `UPDATE=1 cargo test
//! generated` writes them anew.

#[path = "../../../octod/tests/it/generated/pages.rs"]
mod pages;

use clap::CommandFactory;

use pages::{check_completions, check_pages};

#[test]
fn manual_pages_are_fresh() {
    let programs = [
        octo_runner::cli::Cli::command(),
        octo_runner::hstry::cli::Cli::command(),
        octo_runner::fileserver::cli::Cli::command(),
    ];
    check_pages(programs, "");
}

#[test]
fn completions_are_fresh() {
    check_completions([
        octo_runner::cli::Cli::command(),
        octo_runner::hstry::cli::Cli::command(),
        octo_runner::fileserver::cli::Cli::command(),
    ]);
}
