//! From `octo-shim DIR` to the running loop, and the report of it to the runner.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::Mode;
use rustix::process::{getpid, set_child_subreaper, setsid, umask};
use rustix::stdio::{dup2_stdin, dup2_stdout};
use rustix::thread::set_name;
use signal_hook::consts::signal::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};

use super::child::Child;
use super::control::Control;
use super::note;
use super::protocol::ChildState;
use super::pump::{Pump, now_us};
use super::spec::Spec;
use crate::transcript::{AppendError, Direction, Writer};

/// The name of the socket in the process folder.
pub(crate) const SOCKET: &str = "s";
/// The name of the file that is locked as long as the shim lives.
pub(crate) const LOCK: &str = "lock";

/// What the shim says on its stdout once, before it goes quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// The process runs under this pid.
    Started(i32),
    /// It does not run: where that failed and the system's error number.
    Failed(Stage, i32),
}

/// The steps of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading the launch from stdin.
    Spec,
    /// Entering the process folder.
    Folder,
    /// Taking the lock.
    Lock,
    /// Becoming independent of whoever started it.
    Detach,
    /// Beginning the transcript.
    Transcript,
    /// Listening on the socket.
    Socket,
    /// Finding the folder of the process.
    Cwd,
    /// Starting the program.
    Program,
}

const STAGES: [Stage; 8] = [
    Stage::Spec,
    Stage::Folder,
    Stage::Lock,
    Stage::Detach,
    Stage::Transcript,
    Stage::Socket,
    Stage::Cwd,
    Stage::Program,
];

impl Report {
    /// The bytes on stdout.
    pub fn encode(self) -> [u8; 5] {
        let (kind, number) = match self {
            Self::Started(pid) => (0, pid),
            Self::Failed(stage, errno) => (1 + stage as u8, errno),
        };
        let [a, b, c, d] = number.to_le_bytes();
        [kind, a, b, c, d]
    }

    /// Reads what [`Report::encode`] wrote.
    pub fn decode(bytes: [u8; 5]) -> Option<Self> {
        let [kind, number @ ..] = bytes;
        let number = i32::from_le_bytes(number);
        match kind.checked_sub(1) {
            None => Some(Self::Started(number)),
            Some(stage) => STAGES.get(usize::from(stage)).map(|stage| Self::Failed(*stage, number)),
        }
    }
}

/// Runs a shim for the process folder `dir`, until its process is gone.
pub fn run(dir: Option<OsString>) -> ExitCode {
    let started = prepare(dir);
    let report = match &started {
        Ok(pump) => Report::Started(match pump.child.state {
            ChildState::Running(pid) => pid,
            ChildState::Exited(_) | ChildState::Signalled(_) => 0,
        }),
        Err((stage, error)) => Report::Failed(*stage, error.raw_os_error().unwrap_or(0)),
    };
    // Whoever started us may be gone already: the process runs on all the same.
    io::stdout().write_all(&report.encode()).and_then(|()| io::stdout().flush()).ok();
    match started {
        Ok(pump) => {
            go_quiet();
            pump.run();
            ExitCode::SUCCESS
        }
        Err(_) => ExitCode::FAILURE,
    }
}

fn prepare(dir: Option<OsString>) -> Result<Pump, (Stage, io::Error)> {
    octo_proto::descriptors::close_inherited(0);
    let at = |stage: Stage| move |error: io::Error| (stage, error);
    let spec = read_spec().map_err(at(Stage::Spec))?;
    let dir = dir.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput)).map_err(at(Stage::Folder))?;
    // From here on all paths are relative, so their length never matters.
    std::env::set_current_dir(&dir).map_err(at(Stage::Folder))?;
    let lock = take_lock().map_err(at(Stage::Lock))?;
    let deaths = detach().map_err(at(Stage::Detach))?;
    let begin = if spec.terminal.is_some() { Writer::ring } else { Writer::create };
    let mut writer = begin(Path::new(".")).map_err(|error| (Stage::Transcript, into_io(error)))?;
    let listener = listen().map_err(at(Stage::Socket))?;
    if !Path::new(&spec.cwd).is_dir() {
        return Err((Stage::Cwd, rustix::io::Errno::NOENT.into()));
    }
    if spec.terminal.is_some() {
        // What a person starts in a terminal is no agent's: who looks for the shims of agents is not to take it for one.
        set_name(c"octo-terminal").map_err(|errno| (Stage::Detach, errno.into()))?;
    }
    let child = Child::spawn(&spec).map_err(at(Stage::Program))?;
    let pid = match child.state {
        ChildState::Running(pid) => pid,
        ChildState::Exited(_) | ChildState::Signalled(_) => 0,
    };
    writer
        .append(now_us(), Direction::Note, note::SPAWNED, &note::spawned(pid, &spec))
        .map_err(|error| (Stage::Transcript, into_io(error)))?;
    // Held by the process, whatever happens, and by nothing that it starts.
    std::mem::forget(lock);
    let mut pump = Pump::new(child, writer, Control::new(listener), deaths);
    pump.process = spec.process;
    pump.cgroup = spec.cgroup.map(Into::into);
    Ok(pump)
}

fn read_spec() -> io::Result<Spec> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Spec::decode(&bytes).ok_or_else(|| rustix::io::Errno::BADMSG.into())
}

fn take_lock() -> io::Result<File> {
    let lock = File::options().write(true).create(true).truncate(false).mode(0o600).open(LOCK)?;
    lock.try_lock().map_err(|error| match error {
        std::fs::TryLockError::Error(error) => error,
        std::fs::TryLockError::WouldBlock => rustix::io::Errno::WOULDBLOCK.into(),
    })?;
    Ok(lock)
}

/// Leaves the session of the starter, adopts orphans, and stays when told to go.
fn detach() -> io::Result<UnixStream> {
    setsid()?;
    set_child_subreaper(Some(getpid()))?;
    let ignored = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGXFSZ] {
        // Caught and not ignored: ignoring would be inherited by the process.
        signal_hook::flag::register(signal, Arc::clone(&ignored))?;
    }
    let (deaths, told) = UnixStream::pair()?;
    deaths.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(SIGCHLD, told)?;
    Ok(deaths)
}

fn listen() -> io::Result<UnixListener> {
    let usual = umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
    let listener = UnixListener::bind(SOCKET);
    umask(usual);
    let listener = listener?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn go_quiet() {
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        // The runner waits for these to close, else only for the report.
        let _ = dup2_stdin(&null);
        let _ = dup2_stdout(&null);
    }
}

fn into_io(error: AppendError) -> io::Error {
    match error {
        AppendError::Full(source) => source,
        AppendError::TooLarge(_) => rustix::io::Errno::TOOBIG.into(),
    }
}
