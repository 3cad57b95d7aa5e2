//! A whole Octo on a folder of its own: octod, the runner that it starts, shims, real Pi, the scripted model. All of it
//! ends with the test.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, fs::symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use octo_proto::{
    client::{Client, Events},
    frame::Request,
    hello::Hello,
    id::{RequestId, SessionId},
};
use octod::model::pi_config;
use rustix::{
    net::sockopt::socket_peercred,
    process::{Pid, Signal, kill_process},
};
use serde_json::{Value, json};

/// The longest that anything in these tests may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct House {
    dir: tempfile::TempDir,
    model: Child,
    octod: Option<Child>,
}

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Victim {
    Octod,
    Runner,
    Both,
}

pub(crate) fn program(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_octod")).with_file_name(name);
    assert!(path.exists(), "{} is not built: build the whole workspace first", path.display());
    path
}

/// The first line that a child says, and its stdout, which must stay open.
fn spawn(command: &mut Command) -> (Child, Value) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).unwrap_or_else(|_| panic!("one line of JSON: {line:?}")))
}

impl House {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("octo-whole-").tempdir().unwrap();
        for folder in ["", "config", "data", "data/harnesses", "work", "pi"] {
            let path = dir.path().join(folder);
            fs::create_dir_all(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        }
        let mut command = Command::new(program("octo-model"));
        let (model, ready) = spawn(command.args(["--port", "0", "--with-parent"]).stdin(Stdio::piped()));
        let mut house = Self { dir, model, octod: None };
        house.configure(ready["url"].as_str().unwrap());
        house.start();
        house
    }

    #[expect(clippy::disallowed_methods, reason = "the test run says where Pi is")]
    fn configure(&self, url: &str) {
        let (home, pi) = (self.dir.path(), self.dir.path().join("pi"));
        let (models, settings) = pi_config(url);
        fs::write(pi.join("models.json"), models).unwrap();
        fs::write(pi.join("settings.json"), settings).unwrap();
        let env = format!("PI_CODING_AGENT_DIR={}\nPI_OFFLINE=1\nPI_SKIP_VERSION_CHECK=1\n", pi.display());
        fs::write(home.join("config/env"), env).unwrap();
        fs::set_permissions(home.join("config/env"), fs::Permissions::from_mode(0o600)).unwrap();
        let text = |name: &str| std::env::var(name).ok();
        let user = text("XDG_DATA_HOME").unwrap_or_else(|| format!("{}/.local/share", text("HOME").unwrap()));
        let harnesses = home.join("data/harnesses");
        for (name, variable) in [("node", "OCTO_TEST_PI_NODE"), ("pi", "OCTO_TEST_PI_CLI")] {
            let installed = text(variable).filter(|path| Path::new(path).exists()).map_or_else(
                || Path::new(&user).join("octo/harnesses").join(name),
                |path| Path::new(&path).ancestors().find(|above| above.ends_with("node_modules")).unwrap().join(".."),
            );
            assert!(name == "node" || installed.exists(), "Pi is not installed: `./setup.sh test` installs it");
            symlink(installed, harnesses.join(name)).unwrap();
        }
    }

    /// Starts octod, which starts the runner when somebody needs it.
    pub(crate) fn start(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.dir.path().join("octod.log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_octod"));
        command.args(["serve", "--json", "--port", "0"]).env("OCTO_HOME", self.dir.path());
        // What a person's own shell does when it begins is theirs, and may take long.
        command.env("SHELL", "/bin/sh");
        for name in ["OCTO_PROCESS", "OCTO_FAILPOINT", "INVOCATION_ID"] {
            command.env_remove(name);
        }
        let (octod, ready) = spawn(command.stdin(Stdio::null()).stderr(log));
        assert_eq!(ready["ready"], true);
        self.octod = Some(octod);
    }

    /// `kill -9`. octod is started again; it starts the runner.
    pub(crate) async fn kill(&mut self, victim: Victim) {
        if matches!(victim, Victim::Runner | Victim::Both) {
            kill(self.runner().await);
        }
        if matches!(victim, Victim::Octod | Victim::Both) {
            let mut octod = self.octod.take().unwrap();
            octod.kill().unwrap();
            octod.wait().unwrap();
            self.start();
        }
    }

    /// The runner's pid, once it answers.
    pub(crate) async fn runner(&self) -> i32 {
        self.answers("octo-runner.sock").await
    }

    /// Who answers at this socket of the runtime folder, once somebody does.
    pub(crate) async fn answers(&self, socket: &str) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(stream) = std::os::unix::net::UnixStream::connect(self.home().join("run").join(socket)) {
                return socket_peercred(&stream).unwrap().pid.as_raw_pid();
            }
            assert!(Instant::now() < deadline, "nobody at {socket}: {}", self.logs());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.home().join("work")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.home().join("run/octod.sock")
    }

    pub(crate) fn logs(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.home().join(name)).unwrap_or_default();
        format!("--- octod\n{}\n--- runner\n{}", read("octod.log"), read("state/octo-runner.log"))
    }

    /// A client that tries until it is let in.
    pub(crate) async fn connect(&self) -> (Client, Events) {
        connect(&self.socket()).await
    }

    /// A session of Pi in the working folder.
    pub(crate) async fn session(&self) -> SessionId {
        let (client, _events) = self.connect().await;
        let body = json!({ "cmd": "session.create", "harness": "pi", "cwd": self.work() });
        let reply: Value = client.ask("agent", None, &body).await.unwrap();
        SessionId(reply["session"]["info"]["session_id"].as_str().unwrap().to_owned())
    }

    /// Sends a request with the same id until it is answered, as clients do.
    pub(crate) async fn insist(&self, request: &Request) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (client, _events) = self.connect().await;
            match client.request(request.clone()).await {
                Ok(reply) => return serde_json::from_str(reply.result.unwrap().get()).unwrap(),
                Err(error) => {
                    assert_eq!(error.code, octo_proto::Code::Unavailable, "{error}");
                    assert!(Instant::now() < deadline, "{error}: {}", self.logs());
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }

    /// The pids of the agents that live.
    pub(crate) fn agents(&self) -> Vec<i32> {
        let mark = format!("PI_CODING_AGENT_DIR={}", self.home().join("pi").display());
        let is_agent = |pid: &i32| {
            let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
            let command = read("cmdline");
            // Pi calls itself `pi` once it is up.
            let is_pi = command.starts_with(b"pi\0") || command.windows(7).any(|word| word == b"--mode\0");
            is_pi && read("environ").split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        let mut found: Vec<i32> = pids().filter(is_agent).collect();
        found.sort_unstable();
        // One that has just forked a tool is there twice for a moment.
        let all = found.clone();
        found.retain(|pid| !parent_of(*pid).is_some_and(|parent| all.contains(&parent)));
        found
    }

    /// The one session file of Pi.
    pub(crate) fn written_by_pi(&self) -> String {
        let mut files = Vec::new();
        find(&self.home().join("pi/sessions"), &mut files);
        let [file] = files.try_into().expect("one session of Pi");
        fs::read_to_string(&file).unwrap()
    }

    /// What Pi itself wrote down of its conversation: role and text of each message.
    pub(crate) fn told_by_pi(&self) -> Vec<(String, String)> {
        let text = self.written_by_pi();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let messages = lines.filter(|line| line["type"] == "message").map(|line| line["message"].clone());
        let told = messages.map(|message| (message["role"].as_str().unwrap().to_owned(), texts(&message["content"])));
        // Its instructions to the model are no part of the conversation.
        told.filter(|(role, _)| role != "system").collect()
    }
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// The texts of a content, which may be one text, or parts.
pub(crate) fn texts(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => find(&path, files),
            path => files.push(path),
        }
    }
}

fn pids() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn kill(pid: i32) {
    // It may have ended by itself.
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).ok();
}

pub(crate) async fn connect(socket: &Path) -> (Client, Events) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Client::connect(socket, &Hello::request("test", "0")).await {
            Ok(connected) => return connected,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A prompt as a request, so that it can be sent again with the same id.
pub(crate) fn prompt(session: &SessionId, text: &str) -> Request {
    let body = json!({ "cmd": "prompt", "message": text });
    Request::new("agent", RequestId::draw().0, &body).unwrap().about(session.clone())
}

impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
        for child in self.octod.iter_mut().chain([&mut self.model]) {
            drop(child.kill());
            drop(child.wait());
        }
        // The runner first: what it holds it would bring back.
        let mark = self.dir.path().display().to_string().into_bytes();
        for _ in 0..2 {
            for pid in pids().filter(|pid| pid.cast_unsigned() != std::process::id()) {
                let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
                if [read("cmdline"), read("environ")]
                    .iter()
                    .any(|text| text.windows(mark.len()).any(|word| word == mark))
                {
                    kill(pid);
                }
            }
        }
    }
}
