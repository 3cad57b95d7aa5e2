//! The command line of `octo-runner`.

use std::{io, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    daemon::{self, ANOTHER_RUNS, AnotherRuns, Options},
    terminal::screen::{self, Form},
};

/// A user's side of Octo: holds agents, their sessions and the history. octod starts it.
#[derive(Debug, Parser)]
#[command(name = "octo-runner", version)]
pub struct Cli {
    /// Print one line of JSON when it accepts: {"ready":true,"socket":...}
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<Sub>,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Turn a transcript on stdin into canonical events, as JSON lines
    Translate {
        /// The kind of agent that it is of
        #[arg(long, default_value = "pi")]
        harness: String,
    },
    /// Print the screen that a recording of a program's output on stdin leaves
    #[command(after_help = "Example: octo-runner screen --cols 120 --rows 40 --json < recording")]
    Screen {
        /// Columns of the terminal
        #[arg(long, default_value_t = 80, value_parser = clap::value_parser!(u16).range(2..=1000))]
        cols: u16,
        /// Rows of the terminal
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=1000))]
        rows: u16,
        /// Then give the terminal another size, as COLSxROWS; may be repeated
        #[arg(long, value_name = "SIZE", value_parser = terminal_size)]
        resize: Vec<(u16, u16)>,
        /// As JSON: with attributes, cursor and modes, and what the program told and asked
        #[arg(long, conflicts_with = "redraw")]
        json: bool,
        /// As output that draws it again
        #[arg(long)]
        redraw: bool,
        /// Lines of history to draw above it, at most; what is drawn has 128 KiB
        #[arg(long, requires = "redraw", default_value_t = 0)]
        scrollback: usize,
    },
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Sub::Translate { harness }) => {
            quietly(crate::translate::run(&harness, io::stdin().lock(), io::stdout().lock()))
        }
        Some(Sub::Screen { cols, rows, resize, json, redraw, scrollback }) => {
            let form = match (json, redraw) {
                (true, _) => Form::Json,
                (false, true) => Form::Redraw { scrollback },
                (false, false) => Form::Text,
            };
            let sizes: Vec<_> = std::iter::once((cols, rows)).chain(resize).collect();
            quietly(screen::run(&sizes, form, io::stdin().lock(), io::stdout().lock()))
        }
        None => serve(Options { json: cli.json }),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            if error.downcast_ref::<AnotherRuns>().is_some() { ExitCode::from(ANOTHER_RUNS) } else { ExitCode::FAILURE }
        }
    }
}

fn serve(options: Options) -> anyhow::Result<()> {
    octo_proto::descriptors::close_inherited(0);
    // Two threads: the work is waiting, and the one writer of the store has its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let result = runtime.block_on(daemon::run(options));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    result
}

fn terminal_size(text: &str) -> Result<(u16, u16), String> {
    let parsed = text.split_once('x').and_then(|(cols, rows)| Some((cols.parse().ok()?, rows.parse().ok()?)));
    parsed
        .filter(|(cols, rows)| (2..=1000).contains(cols) && (1..=1000).contains(rows))
        .ok_or_else(|| "give columns (2 to 1000) and rows (1 to 1000), such as 120x40".to_owned())
}

/// Whoever stops reading the output has seen enough.
fn quietly(result: anyhow::Result<()>) -> anyhow::Result<()> {
    let kind = |error: &anyhow::Error| {
        let direct = error.downcast_ref::<io::Error>().map(io::Error::kind);
        direct.or_else(|| error.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind))
    };
    match result {
        Err(error) if kind(&error) == Some(io::ErrorKind::BrokenPipe) => Ok(()),
        other => other,
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a command line")]
fn complain(error: &anyhow::Error) {
    eprintln!("octo-runner: error: {error:#}");
    if let Some(hint) = error.downcast_ref::<octo_proto::Error>().and_then(|error| error.hint.as_ref()) {
        eprintln!("octo-runner: hint: {hint}");
    }
}
