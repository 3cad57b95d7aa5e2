//! A house for one run: a temp folder with octod, a runner and the scripted agent below it. What it started ends with
//! it.

#[path = "house/agent.rs"]
pub(crate) mod agent;
#[path = "house/memory.rs"]
pub(crate) mod memory;

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::{DirBuilderExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use octo_proto::{
    client::{Client, Events},
    frame::Request,
    hello::Hello,
    id::{RequestId, SessionId},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use agent::Script;

/// The longest that anything but the whole run may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The folder, and the two daemons that live in it.
pub(crate) struct House {
    dir: tempfile::TempDir,
    octod: Option<Child>,
    runner: Option<Child>,
    /// Where octod's HTTP is.
    http: String,
}

/// A daemon of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Daemon {
    /// The platform.
    Octod,
    /// The user's side.
    Runner,
}

/// The program of this workspace with this name, beside octod.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_octod")).with_file_name(name);
    ensure!(path.exists(), "{} is not built: run `cargo build --release --workspace` first", path.display());
    Ok(path)
}

impl House {
    /// A house with nobody in it yet.
    pub(crate) fn new() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("octo-bench-").tempdir()?;
        let folders = ["work", "bin", "pi", "pi/bin"];
        for folder in folders {
            std::fs::DirBuilder::new().mode(0o700).create(dir.path().join(folder))?;
        }
        // The scripted agent is this program: it takes the place of Node.
        symlink(std::env::current_exe()?, dir.path().join("bin/node"))?;
        let package = json!({ "name": "@scripted/pi-coding-agent", "version": "0.87.1", "bin": { "pi": "bin/pi" } });
        std::fs::write(dir.path().join("pi/package.json"), package.to_string())?;
        let script = dir.path().join("pi/bin/pi");
        std::fs::write(&script, "the program beside this package reads no script\n")?;
        std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o700))?;
        Ok(Self { dir, octod: None, runner: None, http: String::new() })
    }

    /// A house with both daemons in it.
    pub(crate) fn with_both() -> Result<Self> {
        let mut house = Self::new()?;
        house.start(Daemon::Runner)?;
        house.start(Daemon::Octod)?;
        Ok(house)
    }

    /// Starts a daemon and gives the time from exec to its ready line.
    pub(crate) fn start(&mut self, daemon: Daemon) -> Result<Duration> {
        let (name, arguments): (_, &[&str]) = match daemon {
            Daemon::Octod => ("octod", &["serve", "--json"]),
            Daemon::Runner => ("octo-runner", &["--json"]),
        };
        let log = self.dir.path().join(format!("{name}.log"));
        let stderr = std::fs::File::options().create(true).append(true).open(&log)?;
        let mut command = self.command(name)?;
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let begun = Instant::now();
        let mut child = command.spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("a pipe was asked for")?).read_line(&mut line)?;
        let took = begun.elapsed();
        let place = match daemon {
            Daemon::Octod => &mut self.octod,
            Daemon::Runner => &mut self.runner,
        };
        *place = Some(child);
        ensure!(
            line.contains("\"ready\":true"),
            "{name} did not become ready, it says {line:?}; its log: {}",
            std::fs::read_to_string(&log)?
        );
        if let Some(http) = serde_json::from_str::<Value>(&line)?["http"].as_str() {
            http.clone_into(&mut self.http);
        }
        Ok(took)
    }

    /// A program that lives in this house.
    pub(crate) fn command(&self, name: &str) -> Result<Command> {
        let home = self.dir.path();
        let mut command = Command::new(program(name)?);
        // Without SHELL the agents' PATH is the runner's own.
        command
            .env_clear()
            .env("HOME", home)
            .env("PATH", home.join("bin"))
            .env("OCTO_HOME", home.join("o"))
            .env("OCTO__PI__EXECUTABLE", home.join("pi/bin/pi"))
            .env("OCTO__RUNNER__START", "never")
            .env("OCTO__SERVER__PORT", "0");
        Ok(command)
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self, daemon: Daemon) -> Result<()> {
        let place = match daemon {
            Daemon::Octod => &mut self.octod,
            Daemon::Runner => &mut self.runner,
        };
        if let Some(mut child) = place.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// The pid of a daemon.
    pub(crate) fn pid(&self, daemon: Daemon) -> Result<u32> {
        let place = match daemon {
            Daemon::Octod => &self.octod,
            Daemon::Runner => &self.runner,
        };
        place.as_ref().map(Child::id).ok_or_else(|| anyhow!("{daemon:?} is not running"))
    }

    /// octod's local socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("o/run/octod.sock")
    }

    /// octod's WebSocket, and the token that opens it.
    pub(crate) fn web(&self) -> Result<(String, String)> {
        let token = std::fs::read_to_string(self.dir.path().join("o/run/token"))?;
        Ok((format!("ws://{}/api/ws/mux", self.http), token.trim().to_owned()))
    }

    /// The folder in which programs of this run work.
    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Connects to octod.
    pub(crate) async fn connect(&self) -> Result<(Client, Events)> {
        Ok(connect(&self.socket()).await?)
    }

    /// Makes a session.
    pub(crate) async fn session(&self, client: &Client) -> Result<SessionId> {
        let body = json!({ "cmd": "session.create", "harness": "pi", "cwd": self.work() });
        let reply: Value = client.ask("agent", None, &body).await?;
        let id = reply.pointer("/session/info/session_id").and_then(Value::as_str);
        Ok(SessionId(id.context("a session has an id")?.to_owned()))
    }

    /// The pids of the agents, or of the shims, that live in this house.
    pub(crate) fn pids(&self, program: &str) -> Result<Vec<u32>> {
        let mut pids = Vec::new();
        for (pid, words) in self.processes()? {
            let first = words.split(|byte| *byte == 0).next().unwrap_or_default();
            if Path::new(&*String::from_utf8_lossy(first)).file_name().is_some_and(|name| name == program) {
                pids.push(pid);
            }
        }
        pids.sort_unstable();
        Ok(pids)
    }

    /// Every process with this house's folder in its command line or environment, and its command line.
    fn processes(&self) -> Result<Vec<(u32, Vec<u8>)>> {
        let mark = self.dir.path().as_os_str().as_encoded_bytes();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            // One that has ended meanwhile has nothing to read.
            let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
            let (words, environment) = (read("cmdline"), read("environ"));
            let marked = |text: &[u8]| text.windows(mark.len()).any(|word| word == mark);
            if pid != std::process::id() && (marked(&words) || marked(&environment)) {
                found.push((pid, words));
            }
        }
        Ok(found)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // The shims first: what they hold dies with them, and a runner would start anew.
        for daemon in [Daemon::Runner, Daemon::Octod] {
            drop(self.kill(daemon));
        }
        for (pid, _) in self.processes().unwrap_or_default() {
            kill(pid);
        }
    }
}

/// `kill -9` of a process that may have ended.
pub(crate) fn kill(pid: u32) {
    if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
        kill_process(pid, Signal::KILL).ok();
    }
}

/// Connects to a socket of octod's.
pub(crate) async fn connect(socket: &Path) -> Result<(Client, Events), octo_proto::Error> {
    Client::connect(socket, &Hello::request("bench", env!("CARGO_PKG_VERSION"))).await
}

/// A prompt that makes the agent do this.
pub(crate) fn prompt(session: &SessionId, script: &Script) -> Result<Request> {
    let body = json!({ "cmd": "prompt", "message": serde_json::to_string(script)? });
    Ok(Request::new("agent", RequestId::draw().0, &body)?.about(session.clone()))
}
