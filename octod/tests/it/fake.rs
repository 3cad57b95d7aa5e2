//! A daemon that answers as a test tells it, on a socket in a folder of its own.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
};

use octo_proto::{
    Cursor, Error, Frame, channel,
    frame::{EventFrame, Request},
    hello::Hello,
    id::SessionId,
    wire::{FrameReader, Incoming, write_frame},
};
use serde_json::{Value, json, value::to_raw_value};
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};

/// A session that the fake has.
pub(crate) const SESSION: &str = "ses_01JD0000000000000011112222";

/// What the fake says to a request: frames, the reply among them. None: it says nothing.
pub(crate) type Script = dyn Fn(&Request, &str) -> Vec<Said> + Send + Sync;

/// One thing that the fake says.
pub(crate) enum Said {
    Ok(Value),
    Error(Error),
    Event(Value),
    /// An event of octod's own.
    System(Value),
    /// The connection is closed.
    Close,
}

/// The fake, until it is dropped.
pub(crate) struct Fake {
    pub(crate) home: TempDir,
    pub(crate) requests: Arc<Mutex<Vec<Request>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Fake {
    pub(crate) fn new(script: impl Fn(&Request, &str) -> Vec<Said> + Send + Sync + 'static) -> Self {
        let home = tempfile::tempdir().unwrap();
        let run = home.path().join("run");
        std::fs::create_dir(&run).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let listener = {
            let _inside = runtime.enter();
            UnixListener::bind(run.join("octod.sock")).unwrap()
        };
        let script: Arc<Script> = Arc::new(script);
        let seen = Arc::clone(&requests);
        let tracker = tokio_util::task::TaskTracker::new();
        let connections = tracker.clone();
        tracker.spawn_on(
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    connections.spawn(serve(stream, Arc::clone(&script), Arc::clone(&seen)));
                }
            },
            runtime.handle(),
        );
        Self { home, requests, _runtime: runtime }
    }

    /// Runs `octoctl` against it.
    pub(crate) fn octoctl(&self, arguments: &[&str]) -> Ran {
        self.command(arguments, &[], "")
    }

    pub(crate) fn command(&self, arguments: &[&str], environment: &[(&str, &str)], stdin: &str) -> Ran {
        run(self.home.path(), arguments, environment, stdin)
    }
}

/// Runs `octoctl` below a home.
pub(crate) fn run(home: &Path, arguments: &[&str], environment: &[(&str, &str)], stdin: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_octoctl"))
        .args(arguments)
        .env_clear()
        .env("OCTO_HOME", home)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), stdin.as_bytes()).unwrap();
    Ran::from(child.wait_with_output().unwrap())
}

/// What `octoctl` said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

async fn serve(stream: UnixStream, script: Arc<Script>, seen: Arc<Mutex<Vec<Request>>>) {
    let (receive, mut send) = tokio::io::split(stream);
    let mut reader = FrameReader::new(receive);
    let mut fact = 0;
    while let Ok(Some(incoming)) = reader.next().await {
        let Incoming::Frame(Frame::Request(request)) = incoming else { continue };
        let cmd = request.cmd().unwrap();
        seen.lock().unwrap().push(request.clone());
        let said = match cmd.as_str() {
            "hello" => vec![Said::Ok(json!(Hello::reply("octod", env!("CARGO_PKG_VERSION"))))],
            cmd => script(&request, cmd),
        };
        for said in said {
            let frame = match said {
                Said::Ok(value) => Frame::Reply(request.reply(Ok(to_raw_value(&value).unwrap()))),
                Said::Error(error) => Frame::Reply(request.reply(Err(error))),
                Said::Event(body) => {
                    fact += 1;
                    let cursor = Cursor { fact, epoch: 1, n: 0 };
                    event(channel::AGENT, Some(SessionId::from(SESSION)), cursor, &body)
                }
                Said::System(body) => event(channel::SYSTEM, None, Cursor::default(), &body),
                Said::Close => return,
            };
            if write_frame(&mut send, &frame).await.is_err() {
                return;
            }
        }
    }
}

fn event(channel: &str, session_id: Option<SessionId>, cursor: Cursor, body: &Value) -> Frame {
    let body = to_raw_value(body).unwrap();
    Frame::Event(EventFrame { channel: channel.to_owned(), session_id, runner_id: None, cursor, ts: 0, body })
}
