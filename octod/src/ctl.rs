//! `octoctl`: everything a script or a person wants of the daemons, one noun per file. It speaks the protocol that every
//! client speaks, and nothing else.

mod answer;
mod connection;
mod daemon;
mod disk;
mod doctor;
mod environment;
mod failure;
mod harness;
mod history;
mod image;
mod model;
mod narration;
mod output;
mod process;
mod prompt;
mod question;
mod raw;
mod run;
mod send;
mod session;
mod status;
mod stop;
mod table;
mod target;
pub(crate) mod term;
mod trace;
mod watch;

pub(crate) use connection::Connection;
pub(crate) use daemon::{ensure as ensure_daemon, start_where_needed as start_daemon};
pub use failure::{Exit, Failure};
pub(crate) use narration::Narrator;
pub(crate) use output::Output;
pub(crate) use process::Process;
pub(crate) use prompt::{Asked, End, OnQuestion, Waited, prompt_request, wait, within};
pub(crate) use watch::Watching;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use octo_proto::paths::{Paths, Surroundings};

/// Control Octo from a shell, a script or a cron job.
#[derive(Debug, Parser)]
#[command(
    name = "octoctl",
    version,
    after_help = "SESSION is an id (ses_…), a unique beginning or end of the short id that `octoctl session list` shows, \
                  or @last for the newest session.\n\n\
                  Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 unreachable, 5 refused, 6 timed out, 7 waiting for \
                  an answer."
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb takes.
#[derive(Args, Debug)]
struct Global {
    /// Print JSON: one object, or one per line for streams; errors as an object on stderr.
    #[arg(long, global = true)]
    json: bool,
    /// Speak to the runner itself instead of octod; `stop --all --runner` ends it too.
    #[arg(long, global = true, conflicts_with = "socket")]
    runner: bool,
    /// Speak to the daemon behind this socket.
    #[arg(long, global = true, value_name = "PATH")]
    socket: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show whether Octo runs, and what it is doing.
    Status(status::Args),
    /// Begin, list and change sessions.
    #[command(subcommand)]
    Session(session::Verb),
    /// Open terminals that outlive their clients, and use them.
    #[command(subcommand)]
    Term(term::Verb),
    /// Say something to an agent.
    Send(send::Args),
    /// Follow a session, or without one all of them.
    Watch(watch::Args),
    /// Answer a question that an agent waits on.
    Answer(answer::Args),
    /// Stop the turn that is under way.
    Abort(session::AbortArgs),
    /// End the processes of all sessions; the sessions stay.
    Stop(stop::Args),
    /// List the models of a session or a harness.
    Models(model::Args),
    /// List the agents that can be started here.
    Harnesses,
    /// Read what was said.
    #[command(subcommand)]
    History(history::Verb),
    /// Show the environment that agents get.
    Env(environment::Args),
    /// Show who holds how much of the disk.
    Du,
    /// Check this installation.
    Doctor,
    /// Ask one thing and print the answer: starts what is not running.
    Run(run::Args),
    /// Send frames from stdin and print those that come.
    Raw(raw::Args),
}

/// Runs `octoctl` on the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let process = Process::read();
    match Cli::try_parse() {
        Ok(cli) => block_on(&process, cli),
        Err(error) => failure::usage(&error, std::env::args_os().any(|argument| argument == "--json")),
    }
}

fn block_on(process: &Process, cli: Cli) -> ExitCode {
    let json = cli.global.json;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(Box::pin(run(process, cli))),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(json),
    }
}

/// What a verb works with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) output: Output,
    pub(crate) process: Process,
    pub(crate) paths: Paths,
    /// Where the daemon listens that is spoken to.
    pub(crate) socket: PathBuf,
    /// Whether the socket is the usual one of octod, which may be started where nobody listens.
    pub(crate) usual: bool,
    /// Whether it is the runner that is spoken to.
    pub(crate) runner: bool,
}

impl Context {
    /// For a person, with octod of these surroundings.
    pub(crate) fn of(process: &Process, surroundings: Surroundings) -> Result<Self, Failure> {
        let global = Global { json: false, runner: false, socket: None };
        Self::new(&Process { surroundings, ..process.clone() }, &global)
    }

    fn new(process: &Process, global: &Global) -> Result<Self, Failure> {
        let paths = Paths::find(&process.surroundings).map_err(|error| Failure::usage(error.to_string()))?;
        let socket = match (&global.socket, global.runner) {
            (Some(socket), _) => socket.clone(),
            (None, true) => paths.runner_socket(),
            (None, false) => paths.octod_socket(),
        };
        let usual = global.socket.is_none() && !global.runner;
        let output = Output::new(global.json, process);
        Ok(Self { output, process: process.clone(), paths, socket, usual, runner: global.runner })
    }

    pub(crate) async fn connect(&self) -> Result<Connection, Failure> {
        Connection::open(&self.socket, &self.process).await
    }
}

async fn run(process: &Process, cli: Cli) -> Result<(), Failure> {
    let context = Context::new(process, &cli.global)?;
    match cli.verb {
        Verb::Status(args) => status::run(&context, &args).await,
        Verb::Session(verb) => session::run(&context, verb).await,
        Verb::Term(verb) => term::run(&context, verb).await,
        Verb::Send(args) => send::run(&context, args).await,
        Verb::Watch(args) => watch::run(&context, &args).await,
        Verb::Answer(args) => answer::run(&context, args).await,
        Verb::Abort(args) => session::abort(&context, &args).await,
        Verb::Stop(args) => stop::run(&context, &args).await,
        Verb::Models(args) => model::run(&context, args).await,
        Verb::Harnesses => harness::run(&context).await,
        Verb::History(verb) => history::run(&context, &verb).await,
        Verb::Env(args) => environment::run(&context, &args).await,
        Verb::Du => disk::run(&context).await,
        Verb::Doctor => doctor::run(&context).await,
        Verb::Run(args) => run::run(&context, args).await,
        Verb::Raw(args) => raw::run(&context, &args).await,
    }
}
