//! A real runner on a folder of its own, with real Pi answered by the scripted model; it all ends with the test.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use octo_proto::{
    Cursor, Event, View,
    client::{Client, Events, Told},
    frame::Request,
    hello::Hello,
    id::{RequestId, SessionId},
};
use serde_json::{Value, json};

/// The longest that anything in these tests may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A runner, its model, and where they live.
pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    runner: Option<Child>,
    model: Option<Child>,
    failpoint: Option<String>,
    program: PathBuf,
    env: Vec<(&'static str, String)>,
}

/// A folder for a world.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("octo-it-").tempdir().unwrap()
}

/// The program of this workspace with this name, beside the test's own.
pub(crate) fn program(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_octo-runner")).with_file_name(name);
    assert!(path.exists(), "{} is not built: run the tests of the whole workspace", path.display());
    path
}

fn pi() -> Vec<String> {
    let text = |name: &str| std::env::var(name).ok();
    let home =
        std::env::var("XDG_DATA_HOME").unwrap_or_else(|_| format!("{}/.local/share", std::env::var("HOME").unwrap()));
    let prefix = format!("{home}/octo/harnesses");
    let node = text("OCTO_TEST_PI_NODE").unwrap_or_else(|| format!("{prefix}/node/node_modules/.bin/node"));
    let cli = text("OCTO_TEST_PI_CLI")
        .unwrap_or_else(|| format!("{prefix}/pi/node_modules/@earendil-works/pi-coding-agent/dist/cli.js"));
    assert!(Path::new(&cli).exists(), "Pi is not installed at {cli}: `./setup.sh test` installs it");
    vec![if Path::new(&node).exists() { node } else { "node".to_owned() }, cli]
}

impl World {
    /// A runner with Pi and the scripted model.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// The same, after `prepare` changed its folder.
    pub(crate) fn with(prepare: impl FnOnce(&Path)) -> Self {
        let mut world = Self::unstarted(folder());
        prepare(world.dir.path());
        world.start();
        world
    }

    /// All but the runner, in a folder that is there.
    pub(crate) fn unstarted(dir: tempfile::TempDir) -> Self {
        for folder in ["", "config", "work", "pi"] {
            let path = dir.path().join(folder);
            std::fs::create_dir_all(&path).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        }
        let runner = PathBuf::from(env!("CARGO_BIN_EXE_octo-runner"));
        let mut world = Self { dir, runner: None, model: None, failpoint: None, program: runner, env: Vec::new() };
        let url = world.start_model();
        world.configure(&url);
        world
    }

    /// From its next start on, the runner is this program and has these variables besides.
    pub(crate) fn set_program(&mut self, program: PathBuf, env: &[(&'static str, String)]) {
        self.program = program;
        self.env = env.to_vec();
    }

    fn start_model(&mut self) -> String {
        let mut command = Command::new(program("octo-model"));
        command.args(["--port", "0", "--with-parent"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.model = Some(child);
        let ready: Value = serde_json::from_str(&line).unwrap();
        ready["url"].as_str().unwrap().to_owned()
    }

    fn configure(&self, url: &str) {
        let home = self.dir.path();
        let pi = home.join("pi");
        let model = |id: &str, reasoning: bool| {
            json!({ "id": id, "name": id, "reasoning": reasoning, "input": ["text", "image"], "contextWindow": 200_000,
                    "maxTokens": 8192, "cost": { "input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75 } })
        };
        let models = json!({ "providers": { "scripted": { "baseUrl": url, "api": "anthropic-messages", "apiKey": "test-key",
            "models": [model("scripted-large", false), model("scripted-thinking", true)] } } });
        let settings = json!({ "defaultProvider": "scripted", "defaultModel": "scripted-large",
            "enableInstallTelemetry": false, "retry": { "baseDelayMs": 50, "maxRetries": 1 } });
        std::fs::write(pi.join("models.json"), models.to_string()).unwrap();
        std::fs::write(pi.join("settings.json"), settings.to_string()).unwrap();
        let env = home.join("config/env");
        let text =
            format!("PI_CODING_AGENT_DIR={}\nPI_OFFLINE=1\nPI_SKIP_VERSION_CHECK=1\nPI_TELEMETRY=0\n", pi.display());
        std::fs::write(&env, text).unwrap();
        std::fs::set_permissions(&env, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// Starts the runner; it will kill itself at `failpoint`, if one is set.
    pub(crate) fn start(&mut self) {
        let mut child = self.spawn();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.runner = Some(child);
        let died = self.failpoint.is_some() && line.is_empty();
        assert!(died || line.contains("\"ready\":true"), "the runner says {line:?}: {}", self.log());
    }

    fn spawn(&self) -> Child {
        let [node, cli] = pi().try_into().unwrap();
        let mut command = Command::new(&self.program);
        command.arg("--json").env("OCTO_HOME", self.dir.path()).env_remove("OCTO_PROCESS").envs(self.env.clone());
        let prefix = self.dir.path().join("data/harnesses");
        self.link(&prefix, &node, &cli);
        match &self.failpoint {
            Some(name) => command.env("OCTO_FAILPOINT", name),
            None => command.env_remove("OCTO_FAILPOINT"),
        };
        let log = std::fs::File::options().create(true).append(true).open(self.dir.path().join("runner.log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap()
    }

    /// Starts a runner that refuses to start, and gives what it said.
    pub(crate) fn refused(&self) -> String {
        let output = self.spawn().wait_with_output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "it started: {output:?}");
        self.log()
    }

    /// The runner's pid.
    pub(crate) fn pid(&self) -> u32 {
        self.runner.as_ref().unwrap().id()
    }

    /// Puts Pi where a runner finds the one that Octo installed.
    fn link(&self, harnesses: &Path, node: &str, cli: &str) {
        if harnesses.exists() {
            return;
        }
        for folder in [self.dir.path().join("data"), harnesses.to_owned()] {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        }
        let prefix_of = |path: &Path| {
            path.ancestors().find(|above| above.ends_with("node_modules")).unwrap().parent().unwrap().to_owned()
        };
        std::os::unix::fs::symlink(prefix_of(Path::new(cli)), harnesses.join("pi")).unwrap();
        if node != "node" {
            std::os::unix::fs::symlink(prefix_of(Path::new(node)), harnesses.join("node")).unwrap();
        }
    }

    /// From its next start on, the runner kills itself at this point.
    pub(crate) fn set_failpoint(&mut self, name: Option<&str>) {
        self.failpoint = name.map(str::to_owned);
    }

    /// `kill -9` of the runner.
    pub(crate) fn kill(&mut self) {
        let mut runner = self.runner.take().unwrap();
        runner.kill().unwrap();
        runner.wait().unwrap();
    }

    /// Waits until the runner killed itself.
    pub(crate) fn wait_killed(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let mut runner = self.runner.take().unwrap();
        while runner.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the runner lives past its failpoint: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("runner.log")).unwrap_or_default()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("run/octo-runner.sock")
    }

    /// A folder for agents to work in.
    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    pub(crate) async fn try_connect(&self) -> Result<(Client, Events), octo_proto::Error> {
        Client::connect(&self.socket(), &Hello::request("test", "0")).await
    }

    pub(crate) async fn connect(&self) -> (Client, Events) {
        self.try_connect().await.unwrap_or_else(|error| {
            panic!("{error}: {}", self.log());
        })
    }

    /// A session of Pi in the working folder.
    pub(crate) async fn session(&self, client: &Client) -> SessionId {
        let body = json!({ "cmd": "session.create", "harness": "pi", "cwd": self.work() });
        let reply: Value = client.ask("agent", None, &body).await.unwrap();
        SessionId(reply["session"]["info"]["session_id"].as_str().unwrap().to_owned())
    }

    /// The pids of the agents that live, by the mark of their process.
    pub(crate) fn agents(&self) -> Vec<u32> {
        let mut pids = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let environ = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            let mark = format!("PI_CODING_AGENT_DIR={}", self.dir.path().join("pi").display());
            let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            // Pi calls itself `pi` once it is up.
            let is_pi =
                command.starts_with(b"pi\0") || command == b"pi" || command.windows(7).any(|word| word == b"--mode\0");
            if is_pi && environ.split(|byte| *byte == 0).any(|var| var == mark.as_bytes()) {
                pids.push(pid);
            }
        }
        pids.sort_unstable();
        // One that has just forked a tool is there twice for a moment.
        let all = pids.clone();
        pids.retain(|pid| !parent_of(*pid).is_some_and(|parent| all.contains(&parent)));
        pids
    }
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(runner) = &mut self.runner {
            drop(runner.kill());
            drop(runner.wait());
        }
        if let Some(model) = &mut self.model {
            drop(model.kill());
            drop(model.wait());
        }
        if std::thread::panicking() {
            eprintln!("--- the runner's log\n{}", self.log());
        }
        // The shims and agents of this world, by the folder they live in.
        let mark = self.dir.path().display().to_string().into_bytes();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
            let ours = |text: Vec<u8>| text.windows(mark.len()).any(|word| word == mark);
            if pid != std::process::id().cast_signed() && (ours(read("cmdline")) || ours(read("environ"))) {
                let pid = rustix::process::Pid::from_raw(pid).unwrap();
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
            }
        }
    }
}

/// A watcher of one session, which folds what it sees.
pub(crate) struct Watcher {
    pub(crate) session: SessionId,
    pub(crate) view: Option<View>,
    pub(crate) events: Vec<(Cursor, Event)>,
}

impl Watcher {
    pub(crate) fn new(session: SessionId) -> Self {
        Self { session, view: None, events: Vec::new() }
    }

    pub(crate) fn cursor(&self) -> Option<Cursor> {
        self.view.as_ref().map(|view| view.cursor)
    }

    /// Begins to watch, or goes on from where it was.
    pub(crate) async fn watch(&self, client: &Client) {
        let body = json!({ "cmd": "watch", "after": self.cursor() });
        client.ask::<Value>("agent", Some(&self.session), &body).await.unwrap();
    }

    /// Takes in what comes until `done` says so. False: the connection was lost.
    pub(crate) async fn until(&mut self, events: &mut Events, mut done: impl FnMut(&View, &Event) -> bool) -> bool {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let told = tokio::time::timeout_at(deadline, events.recv()).await;
            let told = told.unwrap_or_else(|_| panic!("nothing more came: {:?}", self.view));
            let Some(Told::Event(frame)) = told else { return false };
            if frame.session_id.as_ref() != Some(&self.session) {
                continue;
            }
            let event: Event = serde_json::from_str(frame.body.get()).unwrap();
            if let Event::SessionSnapshot { view } = &event {
                self.view = Some((**view).clone());
            }
            let view = self.view.as_mut().expect("a snapshot comes first");
            view.apply(frame.cursor, &event);
            let over = done(view, &event);
            self.events.push((frame.cursor, event));
            if over {
                return true;
            }
        }
    }
}

/// A prompt as a request, so that it can be sent again with the same id.
pub(crate) fn prompt(session: &SessionId, text: &str) -> Request {
    let body = json!({ "cmd": "prompt", "message": text });
    Request::new("agent", RequestId::draw().0, &body).unwrap().about(session.clone())
}

/// Whether this event ends the prompt with this id.
pub(crate) fn ends(event: &Event, id: &str) -> bool {
    matches!(event, Event::PromptEnded { request_id, .. } if request_id.as_str() == id)
}
