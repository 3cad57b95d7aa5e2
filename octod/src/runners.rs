//! Where the user's runner is, and starting it when nobody answers. A runner that octod starts outlives octod.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};

use octo_proto::{
    config::{RunnerConfig, RunnerStart},
    paths::Paths,
};
use tokio::process::{Child, Command};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{config::Start, detached};

/// The id of the one runner that a user has.
pub const LOCAL: &str = "local";

/// Between one start and the next while starts fail: from the first to the last of these.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];

/// The user's runner.
#[derive(Debug)]
pub struct Runners {
    socket: PathBuf,
    log: PathBuf,
    /// The program; none where somebody else starts it.
    program: Option<PathBuf>,
    tasks: TaskTracker,
    stop: CancellationToken,
    starts: Mutex<Starts>,
}

#[derive(Debug, Default)]
struct Starts {
    /// One that was started still lives.
    lives: bool,
    /// How many in a row came to nothing.
    failed: u32,
    not_before: Option<Instant>,
    /// What became of the last one.
    problem: Option<String>,
}

impl Runners {
    /// The runner at these paths, started as configured.
    #[must_use]
    pub fn new(paths: &Paths, config: &RunnerConfig, start: &Start, stop: CancellationToken) -> Self {
        let starts_it = match config.start {
            RunnerStart::Auto => !start.under_systemd,
            RunnerStart::Always => true,
            RunnerStart::Never => false,
        };
        let program = config.executable.as_ref().map_or_else(beside_us, PathBuf::from);
        Self {
            socket: paths.runner_socket(),
            log: paths.state.join("octo-runner.log"),
            program: starts_it.then_some(program),
            tasks: TaskTracker::new(),
            stop,
            starts: Mutex::default(),
        }
    }

    /// Its socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Somebody found it answering.
    pub fn found(&self) {
        let mut starts = self.lock();
        starts.failed = 0;
        starts.not_before = None;
        starts.problem = None;
    }

    /// Why it may not answer, and what to do.
    #[must_use]
    pub fn hint(&self) -> String {
        if let Some(problem) = &self.lock().problem {
            return problem.clone();
        }
        match self.program {
            Some(_) => format!("octod starts it when a client needs it; its log is {}", self.log.display()),
            None => "start it with `systemctl --user start octo-runner`, or run `octo-runner`".to_owned(),
        }
    }

    /// Starts it, unless somebody else does, one is starting already, or the last start failed too recently.
    pub fn start(self: &std::sync::Arc<Self>) {
        let Some(program) = &self.program else { return };
        let now = Instant::now();
        let mut starts = self.lock();
        if starts.lives || starts.not_before.is_some_and(|at| now < at) || self.stop.is_cancelled() {
            return;
        }
        let pause = PAUSES[0].saturating_mul(1 << starts.failed.min(10)).min(PAUSES[1]);
        starts.not_before = Some(now + pause);
        starts.failed += 1;
        match detached::command(program, &self.log).and_then(|command| Command::from(command).spawn()) {
            Ok(child) => {
                tracing::info!(program = %program.display(), pid = child.id(), "started the runner");
                starts.lives = true;
                self.tasks.spawn(std::sync::Arc::clone(self).follow(child));
            }
            Err(error) => {
                let problem = format!("{} cannot be started: {error}; set runner.executable", program.display());
                tracing::warn!("{problem}");
                starts.problem = Some(problem);
            }
        }
    }

    /// Notices its end. When octod ends first, the runner stays.
    async fn follow(self: std::sync::Arc<Self>, mut child: Child) {
        let ended = tokio::select! {
            () = self.stop.cancelled() => return,
            ended = child.wait() => ended,
        };
        let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        let problem = format!("octo-runner ended with {how}; its log is {}", self.log.display());
        tracing::warn!("{problem}");
        let mut starts = self.lock();
        starts.lives = false;
        starts.problem = Some(problem);
    }

    /// Waits for the tasks that follow runners, once stopped.
    pub async fn stopped(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Starts> {
        self.starts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// `octo-runner` in the folder of the running program; by name where that cannot be told.
fn beside_us() -> PathBuf {
    let name = "octo-runner";
    std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.canonicalize().ok()?.parent()?.join(name)))
        .filter(|program| program.is_file())
        .unwrap_or_else(|| PathBuf::from(name))
}
