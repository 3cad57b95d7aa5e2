//! The program octod: one line when it is ready, exit codes, signals, sockets from outside, the runner it starts.

use std::{
    fs,
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::Path,
    process::{Output, Stdio},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::UnixDatagram,
    process::{Child, Command},
};

use crate::world::{Client, Runner, paths_in, soon};

fn octod(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_octod"));
    command.env_clear().env("OCTO_HOME", home.join("o")).env("OCTO__SERVER__PORT", "0").kill_on_drop(true);
    command.stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

async fn serving(mut command: Command) -> (Child, Value) {
    let mut child = command.args(["serve", "--json"]).spawn().unwrap();
    let mut line = String::new();
    soon(BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line)).await.unwrap();
    let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("one line of JSON: {line}"));
    (child, ready)
}

async fn ended(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = soon(command.output()).await.unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

#[tokio::test]
async fn it_says_when_it_accepts_and_ends_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = octod(dir.path());
    command.env("OCTO__RUNNER__START", "never");
    let (mut child, ready) = serving(command).await;
    assert_eq!((&ready["ready"], ready["pid"].as_u64()), (&Value::Bool(true), child.id().map(u64::from)));
    let socket = paths_in(dir.path()).octod_socket();
    assert_eq!(ready["socket"].as_str(), socket.to_str());
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(ready["http"].as_str().unwrap().starts_with("127.0.0.1:"));
    let mut client = Client::connect(&socket).await;
    client.hello().await;

    let (code, _, stderr) = ended(octod(dir.path()).arg("serve")).await;
    assert_eq!(code, Some(75));
    assert!(stderr.contains("another octod serves already"), "{stderr}");

    signal(&child, rustix::process::Signal::TERM);
    assert_eq!(client.lines.expect().await["body"]["event"], "notice");
    assert_eq!(soon(child.wait()).await.unwrap().code(), Some(0));
    assert!(!socket.exists());
}

#[tokio::test]
async fn what_a_killed_one_left_does_not_stop_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, first) = serving(octod(dir.path())).await;
    let token = fs::read_to_string(paths_in(dir.path()).token_file()).unwrap();
    soon(child.kill()).await.unwrap();
    assert!(paths_in(dir.path()).octod_socket().exists());
    let (_child, second) = serving(octod(dir.path())).await;
    assert_ne!(first["pid"], second["pid"]);
    Client::connect(&paths_in(dir.path()).octod_socket()).await.hello().await;
    assert_ne!(fs::read_to_string(paths_in(dir.path()).token_file()).unwrap(), token);
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, ready) = serving(octod(dir.path())).await;
    // A request whose head never ends holds a connection open.
    let mut slow = soon(tokio::net::TcpStream::connect(ready["http"].as_str().unwrap())).await.unwrap();
    soon(tokio::io::AsyncWriteExt::write_all(&mut slow, b"GET /api/health HTTP/1.1\r\n")).await.unwrap();
    signal(&child, rustix::process::Signal::INT);
    signal(&child, rustix::process::Signal::TERM);
    assert_eq!(soon(child.wait()).await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, _, stderr) = ended(octod(dir.path()).args(["serve", "--port", &port])).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains(&format!("port {port} of 127.0.0.1 is in use")) && stderr.contains("--port"), "{stderr}");
}

#[tokio::test]
async fn a_folder_that_is_not_safely_ours_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("o/run")).unwrap();
    fs::set_permissions(dir.path().join("o"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(dir.path().join("o/run"), fs::Permissions::from_mode(0o755)).unwrap();
    let (code, _, stderr) = ended(octod(dir.path()).arg("serve")).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("is open to others"), "{stderr}");
}

#[tokio::test]
async fn a_configuration_is_made_checked_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let (code, stdout, _) = ended(octod(dir.path()).arg("init")).await;
    assert_eq!(code, Some(0));
    assert!(stdout.starts_with("made "), "{stdout}");
    let file = octo_proto::config::user_file(&paths_in(dir.path()));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(ended(octod(dir.path()).arg("init")).await.1.starts_with("kept "));

    fs::write(&file, "[logging]\nlevel = \"debug\"\n[backend]\nmode = \"local\"\n").unwrap();
    let (code, stdout, stderr) = ended(octod(dir.path()).args(["serve", "--check-config"])).await;
    assert_eq!((code, stdout.as_str()), (Some(0), "the configuration is sound\n"));
    assert!(stderr.contains("`backend.mode` is retired"), "{stderr}");
    let (_, stdout, _) = ended(octod(dir.path()).args(["config", "show"])).await;
    assert!(stdout.contains(&format!("level = \"debug\"  # {}:2", file.display())), "{stdout}");
    assert!(stdout.contains("port = 0  # OCTO__SERVER__PORT"), "{stdout}");
    let (_, stdout, _) = ended(octod(dir.path()).args(["config", "show", "--json"])).await;
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap()["logging"]["level"], "debug");

    fs::write(&file, "[server]\nprot = 1\n").unwrap();
    for args in [&["serve", "--check-config"][..], &["serve"], &["config", "show"]] {
        let (code, _, stderr) = ended(octod(dir.path()).args(args)).await;
        assert_eq!(code, Some(if args[0] == "serve" { 78 } else { 1 }), "{args:?}");
        assert!(stderr.contains("config.toml:2: unknown key `server.prot`; did you mean `server.port`?"), "{stderr}");
    }
}

#[tokio::test]
async fn systemd_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    let mut command = octod(dir.path());
    command.env("NOTIFY_SOCKET", &socket);
    let (mut child, _) = serving(command).await;
    let mut told = [0; 64];
    let length = soon(systemd.recv(&mut told)).await.unwrap();
    assert_eq!(&told[..length], b"READY=1");
    signal(&child, rustix::process::Signal::TERM);
    let length = soon(systemd.recv(&mut told)).await.unwrap();
    assert_eq!(&told[..length], b"STOPPING=1");
    soon(child.wait()).await.unwrap();
}

/// Plays systemd: the shell moves two sockets to descriptors 3 and 4, and becomes octod.
#[tokio::test]
async fn sockets_that_systemd_made_are_served() {
    let dir = tempfile::tempdir().unwrap();
    let made = dir.path().join("s");
    let local = std::os::unix::net::UnixListener::bind(&made).unwrap();
    let http = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = http.local_addr().unwrap().to_string();
    let script = "exec 3<&0 4<&2 0</dev/null 2>/dev/null; LISTEN_PID=$$ LISTEN_FDS=2 exec \"$0\" serve --json";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_octod")]).env("OCTO_HOME", dir.path().join("o"));
    command.env("OCTO__SERVER__PORT", "1").env("OCTO__RUNNER__START", "never").kill_on_drop(true);
    command.stdin(OwnedFd::from(local)).stderr(OwnedFd::from(http)).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut line = String::new();
    soon(BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line)).await.unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((ready["socket"].as_str(), ready["http"].as_str()), (made.to_str(), Some(address.as_str())));
    Client::connect(&made).await.hello().await;
    soon(tokio::net::TcpStream::connect(&address)).await.unwrap();
}

/// A program that stands for the runner: it notes its process and session, and then waits.
fn fake_runner(dir: &Path) -> std::path::PathBuf {
    let program = dir.join("fake-runner");
    let script = format!(
        "#!/bin/sh\necho \"$$ $(cut -d' ' -f6 /proc/$$/stat) ${{NOTIFY_SOCKET-none}}\" >> {0}/starts\nexec sleep 600\n",
        dir.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program
}

async fn starts(dir: &Path) -> Vec<String> {
    let file = dir.join("starts");
    soon(async {
        let mut interval = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            match fs::read_to_string(&file) {
                Ok(text) if text.ends_with('\n') => return text.lines().map(str::to_owned).collect(),
                Ok(_) | Err(_) => interval.tick().await,
            };
        }
    })
    .await
}

#[tokio::test]
async fn a_runner_is_started_once_detached_and_outlives_octod() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = octod(dir.path());
    command.env("OCTO__RUNNER__EXECUTABLE", fake_runner(dir.path())).env("PATH", "/usr/bin:/bin");
    let (mut child, _) = serving(command).await;
    let paths = paths_in(dir.path());
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect(&paths.octod_socket()).await;
        client.hello().await;
        clients.push(client);
    }
    let started = starts(dir.path()).await;
    let [line] = started.as_slice() else { panic!("one start: {started:?}") };
    let [pid, session, notify] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
    let _end = Killed(pid.parse().unwrap());
    assert_eq!(pid, session, "it has a session of its own");
    assert_eq!(notify, "none");

    // The program is slow to listen; the link finds it as soon as it does.
    let runner = Runner::listen(&paths);
    for _ in &clients {
        runner.accept().await;
    }
    soon(child.kill()).await.unwrap();
    assert!(Path::new(&format!("/proc/{pid}")).exists(), "it outlives octod");
    assert!(paths.state.join("octo-runner.log").exists());
    assert_eq!(starts(dir.path()).await.len(), 1);
}

#[tokio::test]
async fn a_runner_that_cannot_run_is_told_with_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = octod(dir.path());
    command.env("OCTO__RUNNER__EXECUTABLE", "/bin/false");
    let (_child, ready) = serving(command).await;
    let mut client = Client::connect(&paths_in(dir.path()).octod_socket()).await;
    client.hello().await;
    let list = serde_json::json!({"cmd": "session.list"});
    let lost = client.ask("agent", "1", list).await;
    assert_eq!(lost["body"]["event"], "runner.lost", "{ready}");
    let reply = client.lines.expect().await;
    assert_eq!(reply["error"]["code"], "unavailable");
    let hint = reply["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("ended with exit status: 1") && hint.contains("octo-runner.log"), "{hint}");
}

#[tokio::test]
async fn under_systemd_the_runner_is_left_to_systemd() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = octod(dir.path());
    command.env("OCTO__RUNNER__EXECUTABLE", fake_runner(dir.path())).env("INVOCATION_ID", "x");
    let (_child, _) = serving(command).await;
    let paths = paths_in(dir.path());
    let mut client = Client::connect(&paths.octod_socket()).await;
    client.hello().await;
    let runner = Runner::listen(&paths);
    runner.accept().await;
    assert!(!dir.path().join("starts").exists());
}

#[tokio::test]
async fn frames_are_logged_with_their_secrets_masked() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = octod(dir.path());
    command.env("OCTO_TRACE", "wire").env("OCTO__RUNNER__START", "never");
    let (mut child, _) = serving(command).await;
    let mut client = Client::connect(&paths_in(dir.path()).octod_socket()).await;
    client.hello().await;
    let body = serde_json::json!({"cmd": "ping", "api_key": "sk-hush"});
    client.ask("system", "1", body).await;
    signal(&child, rustix::process::Signal::TERM);
    let mut log = String::new();
    soon(tokio::io::AsyncReadExt::read_to_string(&mut child.stderr.take().unwrap(), &mut log)).await.unwrap();
    assert!(log.contains("FromClient") && log.contains(r#""api_key":"***""#), "{log}");
    assert!(!log.contains("sk-hush"), "{log}");
    soon(child.wait()).await.unwrap();
}

/// Ends a process that outlives its test by design.
struct Killed(i32);

impl Drop for Killed {
    fn drop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.0) {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
        }
    }
}
