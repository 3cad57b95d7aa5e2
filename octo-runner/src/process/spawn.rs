//! Starts a process in a shim of its own, which outlives the runner.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{cgroup, dir};
use crate::shim::{MARKER, Report, Size, Spec, Stage};

/// How long a shim may take to report.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// A path, or a name that is looked up in the `PATH` of `env`.
    pub program: String,
    /// Arguments behind the program.
    pub args: Vec<String>,
    /// The whole environment; the mark of the process is added.
    pub env: Vec<(String, String)>,
    /// The folder it starts in.
    pub cwd: PathBuf,
    /// It runs on a terminal of this size; else its standard streams are pipes.
    pub terminal: Option<Size>,
}

/// Where the `octo-shim` program is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShimPath(PathBuf);

impl ShimPath {
    /// A given path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// `octo-shim` in the folder of the running program.
    pub fn beside_current_exe() -> io::Result<Self> {
        Ok(Self(std::env::current_exe()?.with_file_name("octo-shim")))
    }
}

/// A process that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawned {
    /// Its folder.
    pub dir: PathBuf,
    /// The pid of its shim.
    pub shim_pid: u32,
    /// Its own pid.
    pub pid: i32,
}

/// Why a process was not started; nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The program cannot be started.
    #[error("cannot start {program}: {source}; check that it is installed and in the PATH of the agent's environment")]
    Program {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The folder to start in is not there.
    #[error("the folder {cwd} does not exist; choose another one or create it")]
    Cwd {
        /// The folder.
        cwd: PathBuf,
    },
    /// A path that is not UTF-8.
    #[error("{path} is not valid UTF-8; Octo cannot use it")]
    NotText {
        /// The path.
        path: PathBuf,
    },
    /// The process folder cannot be made, or is there already.
    #[error("cannot make the process folder {dir}: {source}")]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The shim program cannot be started.
    #[error("cannot start {path}: {source}; octo-shim is installed beside octo-runner, install Octo again")]
    Shim {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The transcript cannot be begun.
    #[error("cannot write a transcript in {dir}: {source}; free some disk space")]
    Transcript {
        /// The process folder.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The shim failed in a step that should not fail.
    #[error("octo-shim failed at its step {stage:?}: {source}")]
    Setup {
        /// The step.
        stage: Stage,
        /// What the system said.
        source: io::Error,
    },
    /// The shim said nothing.
    #[error("octo-shim did not report within {} s; the machine may be overloaded, try again", PATIENCE.as_secs())]
    Silent,
}

/// Starts `launch` as the process named `process`, whose folder is made below `root`.
///
/// Returns when the process runs. Neither the end of the runner nor that of the terminal it runs in ends it.
pub async fn spawn(shim: &ShimPath, root: &Path, process: &str, launch: &Launch) -> Result<Spawned, SpawnError> {
    let mut spec = spec_of(process, launch)?;
    let dir = dir::make(root, process).map_err(|source| SpawnError::Folder { dir: root.join(process), source })?;
    let group = cgroup::make(process);
    let started = match group.as_deref().map_or(Ok(()), |group| dir::note_cgroup(&dir, group)) {
        Err(source) => Err(SpawnError::Folder { dir: dir.clone(), source }),
        Ok(()) => {
            spec.cgroup = group.as_deref().and_then(Path::to_str).map(str::to_owned);
            start(shim, &dir, &spec).await
        }
    };
    match started {
        Ok((shim_pid, Report::Started(pid))) => Ok(Spawned { dir, shim_pid, pid }),
        failed => {
            let error = match failed {
                Ok((_, Report::Failed(stage, errno))) => failure(&dir, launch, stage, errno),
                Ok((_, Report::Started(_))) => SpawnError::Silent,
                Err(error) => error,
            };
            if let Some(group) = group {
                cgroup::remove(&group);
            }
            // It holds nothing of worth; what cannot be removed is cleared up with the process's row.
            fs::remove_dir_all(&dir).ok();
            Err(error)
        }
    }
}

fn spec_of(process: &str, launch: &Launch) -> Result<Spec, SpawnError> {
    let cwd = launch.cwd.to_str().ok_or_else(|| SpawnError::NotText { path: launch.cwd.clone() })?;
    let mut env = launch.env.clone();
    env.retain(|(name, _)| name != MARKER);
    env.push((MARKER.to_owned(), process.to_owned()));
    Ok(Spec {
        process: process.to_owned(),
        program: launch.program.clone(),
        args: launch.args.clone(),
        env,
        cwd: cwd.to_owned(),
        cgroup: None,
        terminal: launch.terminal,
    })
}

async fn start(shim: &ShimPath, dir: &Path, spec: &Spec) -> Result<(u32, Report), SpawnError> {
    let mut command = Command::new(&shim.0);
    command.arg(dir).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    #[cfg(debug_assertions)]
    hand_on_failpoint(&mut command);
    let mut child = command.spawn().map_err(|source| SpawnError::Shim { path: shim.0.clone(), source })?;
    let reported = timeout(PATIENCE, talk(&mut child, &spec.encode())).await;
    if let Ok(Some(report)) = reported {
        // The handle is dropped: tokio collects the shim should it end before us.
        return Ok((child.id().unwrap_or(0), report));
    }
    // It dies with its process, if there is one: their lives are bound.
    child.kill().await.ok();
    Err(SpawnError::Silent)
}

async fn talk(child: &mut Child, spec: &[u8]) -> Option<Report> {
    let mut stdin = child.stdin.take()?;
    stdin.write_all(spec).await.ok()?;
    drop(stdin);
    let mut report = [0; 5];
    child.stdout.take()?.read_exact(&mut report).await.ok()?;
    Report::decode(report)
}

/// The shim's environment is empty, but a test that kills it says where by a variable.
#[cfg(debug_assertions)]
fn hand_on_failpoint(command: &mut Command) {
    #[expect(clippy::disallowed_methods, reason = "a fail-point is set from outside, in debug builds only")]
    if let Some(setting) = std::env::var_os(crate::failpoint::VARIABLE) {
        command.env(crate::failpoint::VARIABLE, setting);
    }
}

fn failure(dir: &Path, launch: &Launch, stage: Stage, errno: i32) -> SpawnError {
    let source = io::Error::from_raw_os_error(errno);
    match stage {
        Stage::Program => SpawnError::Program { program: launch.program.clone(), source },
        Stage::Cwd => SpawnError::Cwd { cwd: launch.cwd.clone() },
        Stage::Transcript => SpawnError::Transcript { dir: dir.to_owned(), source },
        Stage::Folder => SpawnError::Folder { dir: dir.to_owned(), source },
        Stage::Spec | Stage::Lock | Stage::Detach | Stage::Socket => SpawnError::Setup { stage, source },
    }
}
