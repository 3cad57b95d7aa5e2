//! The command line of `octo-runner`.

use std::{io, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::daemon::{self, ANOTHER_RUNS, AnotherRuns, Options};

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
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Sub::Translate { harness }) => translate(&harness),
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
    // Two threads: the work is waiting, and the one writer of the store has its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let result = runtime.block_on(daemon::run(options));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    result
}

fn translate(harness: &str) -> anyhow::Result<()> {
    let result = crate::translate::run(harness, io::stdin().lock(), io::stdout().lock());
    match result {
        // Whoever read the output has seen enough.
        Err(error)
            if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) =>
        {
            Ok(())
        }
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
