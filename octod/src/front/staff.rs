//! What a demo starts, and ends again: the scripted model, octod, and the runner that octod starts.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path, process::Stdio, time::Duration};

use octo_proto::{
    Command as Verb,
    command::Done,
    paths::Paths,
    terminal::{TerminalCommand, TerminalList},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open},
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::UnixStream,
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::home::Home;
use crate::ctl::{Connection, Failure, Process, term};

/// How long a program may take to be ready, or to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program that said it is ready.
#[derive(Debug)]
pub(super) struct Program {
    name: &'static str,
    child: Child,
    /// Held, so that the program can go on writing.
    _stdout: BufReader<ChildStdout>,
    /// What it said.
    pub(super) ready: Value,
}

impl Program {
    /// The scripted model; it also ends when this process dies.
    pub(super) async fn model(pace_ms: u64) -> Result<Self, Failure> {
        let mut command = Command::new(Process::program("octo-model")?);
        command.args(["--with-parent", "--pace", &pace_ms.to_string()]).stdin(Stdio::piped());
        Self::start("octo-model", command, Stdio::null()).await
    }

    /// octod of this home. It starts the runner.
    pub(super) async fn octod(home: &Home, paths: &Paths) -> Result<Self, Failure> {
        let log_path = paths.state.join("octod.log");
        let log = OpenOptions::new().create(true).append(true).mode(0o600).open(&log_path)?;
        let mut command = Command::new(Process::program("octod")?);
        command.args(["serve", "--json", "--port", "0"]).env("OCTO_HOME", &home.path).stdin(Stdio::null());
        // A key pressed in the terminal is for octo-tui; octod is told to end when that has.
        command.process_group(0);
        Self::start("octod", command, log.into()).await.map_err(|failure| {
            let log = std::fs::read_to_string(&log_path).unwrap_or_default();
            failure.hint(log.lines().last().unwrap_or("it said nothing").to_owned())
        })
    }

    async fn start(name: &'static str, mut command: Command, stderr: Stdio) -> Result<Self, Failure> {
        command.stdout(Stdio::piped()).stderr(stderr).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| Failure::failed(format!("{name}: {error}")))?;
        let stdout = child.stdout.take().ok_or_else(|| Failure::failed(format!("{name} has no stdout")))?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let read = timeout(PATIENCE, stdout.read_line(&mut line)).await;
        read.map_err(|_| Failure::timed_out(format!("{name} was not ready within {} s", PATIENCE.as_secs())))??;
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        if ready["ready"] != true {
            return Err(Failure::failed(format!("{name} did not start")));
        }
        Ok(Self { name, child, _stdout: stdout, ready })
    }

    /// Asks it to end, and waits until it has.
    pub(super) async fn end(mut self) -> Result<(), Failure> {
        drop(self.child.stdin.take());
        terminate(&self.child);
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(ended) => Ok(ended.map(drop)?),
            Err(_) => {
                self.child.kill().await?;
                Err(Failure::failed(format!("{} did not end and was killed", self.name)))
            }
        }
    }
}

/// Asks a child to end.
pub(super) fn terminate(child: &Child) {
    if let Some(pid) = child.id().and_then(|pid| Pid::from_raw(pid.try_into().ok()?)) {
        // A child that is gone needs no asking.
        kill_process(pid, Signal::TERM).ok();
    }
}

/// Ends the runner behind this socket and all that it holds, and waits until it is gone. Without one, nothing.
pub(super) async fn end_runner(socket: &Path, process: &Process) -> Result<(), Failure> {
    let Ok(probe) = UnixStream::connect(socket).await else { return Ok(()) };
    let pid = probe.peer_cred()?.pid().and_then(Pid::from_raw);
    drop(probe);
    let gone = pid.map(|pid| pidfd_open(pid, PidfdFlags::NONBLOCK)).transpose().map_err(std::io::Error::from)?;
    let mut connection = Connection::open(socket, process).await?;
    // Terminals that cannot be closed must not keep the agents and the runner from being ended.
    let closed = timeout(PATIENCE, close_terminals(&mut connection)).await;
    match timeout(PATIENCE, connection.ask::<Done>(None, &Verb::StopAll { runner: true })).await {
        // It may be gone before its answer is: whether it is, is looked at below.
        Ok(Err(failure)) if !failure.is_unreachable() => return Err(failure),
        Ok(_) => {}
        Err(_) => {
            let message = format!("the runner did not end its agents within {} s", PATIENCE.as_secs());
            return Err(Failure::timed_out(message));
        }
    }
    let Some(gone) = gone else { return Ok(()) };
    let wait = move || {
        let limit = Timespec { tv_sec: PATIENCE.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: 0 };
        // The descriptor of a process can be read when the process has ended.
        poll(&mut [PollFd::new(&gone, PollFlags::IN)], Some(&limit))
    };
    match tokio::task::spawn_blocking(wait).await {
        Ok(Ok(1..)) => {
            closed.unwrap_or_else(|_| Err(Failure::timed_out("the terminals of the demo did not end in time")))
        }
        _ => Err(Failure::failed("the runner did not end")),
    }
}

/// Terminals outlive whoever opened them, but not the folder of a demo.
async fn close_terminals(connection: &mut Connection) -> Result<(), Failure> {
    let list: TerminalList = connection.send(term::request(None, &TerminalCommand::List {})?).await?;
    for terminal in list.terminals {
        let close = TerminalCommand::Close { terminal_id: terminal.terminal_id };
        let _: Done = connection.send(term::request(None, &close)?).await?;
    }
    Ok(())
}
