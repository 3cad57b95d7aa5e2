//! `octo`: a person's front door. Without a command it opens the terminal program, with everything behind it running.

mod demo;
mod home;
mod script;
mod staff;

use std::{ffi::OsString, os::unix::process::CommandExt, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    cli,
    ctl::{Context, Failure, Process, start_daemon},
};

/// A terminal for your AI coding agents.
///
/// Without a command: starts octod if it is not running and opens octo-tui in this folder.
#[derive(Debug, Parser)]
#[command(name = "octo", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Arguments for octo-tui, behind `--`.
    #[arg(last = true, value_name = "ARGS")]
    tui: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Daemon(cli::Command),
    /// Show Octo with a real agent and a scripted model: no key needed, nothing of yours is touched
    Demo(demo::Args),
}

/// Runs `octo` on the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let process = Process::read();
    let done = match Cli::parse() {
        Cli { command: Some(Command::Daemon(command)), .. } => return cli::run(&command),
        Cli { command: Some(Command::Demo(args)), .. } => block_on(demo::run(&process, &args)),
        Cli { command: None, tui } => block_on(open(&process, &tui)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(false),
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(Box::pin(work))
}

/// Becomes octo-tui, with octod running.
async fn open(process: &Process, arguments: &[OsString]) -> Result<(), Failure> {
    let program = Process::program("octo-tui")?;
    start_daemon(&Context::of(process, process.surroundings.clone())?).await?;
    // Only where this fails there is anything left to say.
    let error = std::process::Command::new(&program).args(arguments).exec();
    Err(Failure::failed(format!("{}: {error}", program.display())))
}
