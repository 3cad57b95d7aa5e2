//! The life of a runner: settings, lock, store, recovery, sockets, work, and the orderly end of it.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use octo_proto::{
    config::{self, Config},
    paths::{Paths, Surroundings},
};
use rustix::fs::{FlockOperation, flock};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    care,
    environment::Environment,
    hstry::{self, Store},
    index::Index,
    process,
    runner::{Parts, Runner},
    server::Server,
    terminals::{self, Terminals},
};

/// The exit code of a runner that found another at work (`EX_TEMPFAIL`, sysexits.h).
pub const ANOTHER_RUNS: u8 = 75;

/// How a runner is started.
#[derive(Debug, Default)]
pub struct Options {
    /// Print one line of JSON when it accepts.
    pub json: bool,
}

/// Another runner holds this user's state.
#[derive(Debug, thiserror::Error)]
#[error("another octo-runner is at work on {}", .0.display())]
pub struct AnotherRuns(pub PathBuf);

/// Runs until a signal, or until a client ends it.
///
/// # Errors
/// Where it cannot start: a folder that is not ours, a corrupt history, another runner.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let paths = Paths::find(&Surroundings::of_process())?;
    paths.prepare()?;
    let own: Vec<_> = config::environment().collect();
    let loaded = config::load(&paths, own.iter().cloned(), &[])?;
    start_log(&loaded.config);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let signals = Signals::listen()?;
    let lock = lock(&paths.state)?;
    let runner = build(paths, loaded.config, own).await?;
    let server = Server::bind(runner.paths())
        .with_context(|| format!("cannot listen at {}", runner.paths().runner_socket().display()))?;
    let place = runner.paths().clone();
    let again = Box::new(move || place.prepare().map_err(std::io::Error::other));
    let history = hstry::grpc::Socket::bind(&runner.paths().hstry_socket(), again)
        .with_context(|| format!("cannot listen at {}", runner.paths().hstry_socket().display()))?;
    if options.json {
        ready_line(&runner)?;
    }
    tracing::info!(epoch = runner.epoch(), socket = %runner.paths().runner_socket().display(), "ready");
    let tasks = runner.tasks().clone();
    tasks.spawn(recover_all(runner.clone()));
    terminals::recover(&runner);
    tasks.spawn(care::transcripts(runner.clone()));
    tasks.spawn(server.run(runner.clone(), runner.stopping().clone()));
    tasks.spawn(serve_history(history, runner.clone()));
    signals.end(runner.stopping()).await;
    runner.stopping().cancel();
    tasks.close();
    tasks.wait().await;
    runner.store().close().await;
    drop(lock);
    Ok(())
}

async fn build(paths: Paths, config: Config, own: Vec<(String, String)>) -> anyhow::Result<Runner> {
    let processes = paths.processes();
    octo_proto::paths::own_folder(&processes)?;
    let store = Store::open(&paths.database()).map_err(|error| error.to_error())?;
    let epoch = store.next_epoch().await.map_err(|error| error.to_error())?;
    let sessions = store.sessions().await.map_err(|error| error.to_error())?;
    let terminals = store.terminals().await.map_err(|error| error.to_error())?;
    let terminals = Terminals::new(terminals, &processes);
    let index = Index::new(sessions.into_iter().map(hstry::StoredSession::into_entry).collect(), epoch);
    let environment = Environment::new(own, config.env.pass.clone(), &paths.config, &paths.state);
    let shim = std::env::current_exe().context("where this program lies is not known")?.with_file_name("octo-shim");
    anyhow::ensure!(shim.is_file(), "{} is missing: it belongs beside octo-runner", shim.display());
    let boot_id = process::boot_id().context("the id of this boot cannot be read")?;
    let stop = CancellationToken::new();
    Ok(Runner::new(Parts { store, index, terminals, config, paths, epoch, boot_id, shim, environment, stop }))
}

fn start_log(config: &Config) {
    let level = match config.logging.level {
        config::LogLevel::Error => tracing::Level::ERROR,
        config::LogLevel::Warn => tracing::Level::WARN,
        config::LogLevel::Info => tracing::Level::INFO,
        config::LogLevel::Debug => tracing::Level::DEBUG,
        config::LogLevel::Trace => tracing::Level::TRACE,
    };
    // A second start in one process (tests) keeps the first log.
    drop(tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false).try_init());
}

/// Whoever holds this lock is the runner.
fn lock(state: &Path) -> anyhow::Result<File> {
    let path = state.join("runner.lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| AnotherRuns(state.to_owned()))?;
    Ok(file)
}

fn ready_line(runner: &Runner) -> std::io::Result<()> {
    let line = serde_json::json!({
        "ready": true,
        "socket": runner.paths().runner_socket(),
        "hstry": runner.paths().hstry_socket(),
        "epoch": runner.epoch(),
        "pid": std::process::id(),
    });
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Brings back the sessions whose agents live, or whose people wait for an answer.
async fn recover_all(runner: Runner) {
    let sessions = match runner.store().unfinished_sessions().await {
        Ok(sessions) => sessions,
        Err(error) => {
            tracing::error!(%error, "the sessions that were at work cannot be read");
            return;
        }
    };
    for id in sessions {
        let one = runner.clone();
        runner.tasks().spawn(async move {
            if let Err(error) = one.session(&id).await {
                tracing::error!(session = %id, %error, "a session could not be brought back");
            }
        });
    }
}

/// Other programs of this user read the history, and add to it.
async fn serve_history(socket: hstry::grpc::Socket, runner: Runner) {
    let (store, stop) = (runner.store().clone(), runner.stopping().clone());
    if let Err(error) = hstry::grpc::serve(socket, store, runner, stop).await {
        tracing::error!(%error, "the history is not served any more");
    }
}

/// The signals that a runner listens to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// A runner outlives the terminal that it was started from.
    hangup: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits until the runner is to end.
    async fn end(mut self, stop: &CancellationToken) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {}
                () = stop.cancelled() => return,
            }
        }
    }
}
