//! The commands of octod, which `octo` offers too: serve, init, config.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use octo_proto::{
    config::{self, Loaded},
    paths::{Paths, Surroundings},
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use toml::Value;

use crate::{
    config::Start,
    daemon::{Daemon, Options, StartError, notify::notify},
    logging,
};

/// What a fresh `config.toml` says.
const EXAMPLE: &str = include_str!("../../deploy/config.example.toml");

/// Exit code for a configuration that cannot be used (sysexits.h).
const EX_CONFIG: u8 = 78;

/// Octo's platform daemon.
#[derive(Debug, Parser)]
#[command(name = "octod", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What octod does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve clients until stopped; the user's runner is started when it does not answer
    Serve(Serve),
    /// Make Octo's folders and a commented config.toml
    Init,
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// `octod config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print what holds, each value with where it comes from
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `octod serve`.
#[derive(Debug, Default, Args)]
pub struct Serve {
    /// Print one line of JSON on stdout when clients are accepted
    #[arg(long)]
    pub json: bool,
    /// The HTTP port; 0 takes any free one
    #[arg(long)]
    pub port: Option<u16>,
    /// The HTTP address, one of this machine's loopback
    #[arg(long)]
    pub host: Option<String>,
    /// Read the configuration, say whether it is sound, and exit
    #[arg(long)]
    pub check_config: bool,
}

/// Runs a command; errors are told on stderr.
#[must_use]
pub fn run(command: &Command) -> ExitCode {
    let done = match command {
        Command::Serve(serve) => return serve_command(serve),
        Command::Init => init(),
        Command::Config(ConfigCommand::Show { json }) => show(*json),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:#}"), 1),
    }
}

fn serve_command(serve: &Serve) -> ExitCode {
    let (paths, loaded) = match read(&serve.overrides()) {
        Ok(read) => read,
        Err(error) => return fail(&format!("{error:#}"), EX_CONFIG),
    };
    let start = Start::read(config::environment(), std::process::id());
    octo_proto::descriptors::close_inherited(start.listen_fds);
    logging::begin(loaded.config.logging.level, &start);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    if serve.check_config {
        return match say("the configuration is sound") {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string(), 1),
        };
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(threads()).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string(), 1),
    };
    match runtime.block_on(serve_until_signal(Options { paths, config: loaded.config, start }, serve.json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.downcast_ref().map_or(1, StartError::exit_code);
            fail(&format!("{error:#}"), code)
        }
    }
}

/// Carrying frames takes little; more threads would cost memory on a large machine.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).min(4)
}

impl Serve {
    fn overrides(&self) -> Vec<(&'static str, Value)> {
        let port = self.port.map(|port| ("server.port", Value::Integer(port.into())));
        let host = self.host.as_ref().map(|host| ("server.host", Value::String(host.clone())));
        port.into_iter().chain(host).collect()
    }
}

async fn serve_until_signal(options: Options, json: bool) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let mut signals = Signals::new()?;
    let notify_socket = options.start.notify_socket.clone();
    let daemon = Daemon::start(options, stop.clone()).await?;
    if json {
        say(&serde_json::to_string(&daemon.ready)?)?;
    }
    notify(notify_socket.as_deref(), "READY=1");
    let serving = daemon.serve();
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        name = signals.next() => {
            tracing::info!("{name}: stopping; agents and the runner go on");
            notify(notify_socket.as_deref(), "STOPPING=1");
            stop.cancel();
            tokio::select! {
                () = &mut serving => {}
                name = signals.next() => tracing::warn!("{name} again: not waiting for connections to end"),
            }
        }
    }
    Ok(())
}

/// The signals that end us.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hangup.recv() => "SIGHUP",
        }
    }
}

fn read(overrides: &[(&str, Value)]) -> anyhow::Result<(Paths, Loaded)> {
    let paths = Paths::find(&Surroundings::of_process())?;
    let loaded = config::load(&paths, config::environment(), overrides)?;
    Ok((paths, loaded))
}

fn init() -> anyhow::Result<()> {
    let paths = Paths::find(&Surroundings::of_process())?;
    paths.prepare()?;
    let file = config::user_file(&paths);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file) {
        Ok(mut new) => {
            new.write_all(EXAMPLE.as_bytes()).with_context(|| file.display().to_string())?;
            say(&format!("made {}", file.display()))?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => say(&format!("kept {}", file.display()))?,
        Err(error) => return Err(error).with_context(|| file.display().to_string()),
    }
    let folders: [(&str, &PathBuf); 4] =
        [("config", &paths.config), ("data", &paths.data), ("state", &paths.state), ("run", &paths.run)];
    for (name, folder) in folders {
        say(&format!("{name:7} {}", folder.display()))?;
    }
    Ok(())
}

fn show(json: bool) -> anyhow::Result<()> {
    let (_, loaded) = read(&[])?;
    for warning in &loaded.warnings {
        complain(warning);
    }
    if json {
        say(&serde_json::to_string_pretty(&loaded.to_json()?)?)?;
    } else {
        say(loaded.show().trim_end())?;
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn complain(line: &str) {
    // There is nowhere to tell that stderr is closed.
    drop(writeln!(io::stderr(), "octod: {line}"));
}

fn fail(message: &str, code: u8) -> ExitCode {
    complain(message);
    ExitCode::from(code)
}
