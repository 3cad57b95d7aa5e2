//! What the tests stand on: an octod on a folder of its own, a runner played by the test, clients that send lines.

use std::{path::PathBuf, time::Duration};

use octo_proto::{config::Config, paths::Paths};
use octod::{
    config::Start,
    daemon::{Daemon, Options, Ready},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinHandle,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Whatever is waited for must come within this time.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.expect("it did not come in time")
}

pub(crate) struct World {
    _dir: tempfile::TempDir,
    pub(crate) paths: Paths,
    pub(crate) ready: Ready,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl World {
    /// octod without a runner, which it may not start.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths_in(dir.path());
        let mut config = Config::default();
        config.server.port = 0;
        config.runner.start = octo_proto::config::RunnerStart::Never;
        change(&mut config);
        let stop = CancellationToken::new();
        let options = Options { paths: paths.clone(), config, start: Start::default() };
        let daemon = Daemon::start(options, stop.clone()).await.unwrap();
        let ready = daemon.ready.clone();
        let serving = TaskTracker::new().spawn(daemon.serve());
        Self { _dir: dir, paths, ready, stop, serving }
    }

    pub(crate) fn runner(&self) -> Runner {
        Runner::listen(&self.paths)
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.ready.socket).await
    }

    /// A client that said hello, and the connection that the runner got for it.
    pub(crate) async fn pair(&self, runner: &Runner) -> (Client, RunnerSide) {
        let mut client = self.client().await;
        client.hello().await;
        (client, runner.accept().await)
    }

    pub(crate) fn token(&self) -> String {
        std::fs::read_to_string(self.paths.token_file()).unwrap().trim().to_owned()
    }

    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    pub(crate) async fn stopped(self) {
        self.stop.cancel();
        soon(self.serving).await.unwrap();
    }
}

pub(crate) fn paths_in(home: &std::path::Path) -> Paths {
    let around = octo_proto::paths::Surroundings { octo_home: Some(home.join("o")), ..Default::default() };
    Paths::find(&around).unwrap()
}

/// One end of a stream of frames.
pub(crate) struct Lines {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

impl Lines {
    fn over(stream: UnixStream) -> Self {
        let (read, write) = stream.into_split();
        Self { read: BufReader::new(read), write }
    }

    pub(crate) async fn send(&mut self, frame: &Value) {
        self.send_raw(format!("{frame}\n").as_bytes()).await;
    }

    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        soon(self.write.write_all(bytes)).await.unwrap();
    }

    /// The next frame; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        match soon(self.read.read_line(&mut line)).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(serde_json::from_str(&line).unwrap()),
        }
    }

    pub(crate) async fn expect(&mut self) -> Value {
        self.next().await.expect("a frame, and not the end")
    }

    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        soon(self.read.read_exact(&mut bytes)).await.unwrap();
        bytes
    }

    /// How much can be sent before the other side takes no more.
    pub(crate) async fn fill(&mut self, line: &[u8]) -> usize {
        let mut sent = 0;
        while let Ok(written) = timeout(Duration::from_millis(300), self.write.write(line)).await {
            sent += written.unwrap();
        }
        sent
    }
}

pub(crate) struct Client {
    pub(crate) lines: Lines,
}

impl Client {
    pub(crate) async fn connect(socket: &PathBuf) -> Self {
        Self { lines: Lines::over(soon(UnixStream::connect(socket)).await.unwrap()) }
    }

    pub(crate) async fn hello(&mut self) -> Value {
        self.lines.send(&hello()).await;
        let reply = self.lines.expect().await;
        assert_eq!(reply["ok"]["name"], "octod", "{reply}");
        reply
    }

    /// Sends a request and gives the next frame.
    pub(crate) async fn ask(&mut self, channel: &str, id: &str, body: Value) -> Value {
        self.lines.send(&json!({"channel": channel, "id": id, "body": body})).await;
        self.lines.expect().await
    }
}

pub(crate) fn hello() -> Value {
    json!({"channel": "system", "id": "h", "body": {"cmd": "hello", "protocol": [1, 1], "name": "test", "version": "0"}})
}

pub(crate) fn code(reply: &Value) -> &str {
    reply["error"]["code"].as_str().unwrap_or_else(|| panic!("an error: {reply}"))
}

/// The runner's socket.
pub(crate) struct Runner {
    listener: UnixListener,
    path: PathBuf,
}

/// The runner's end of one connection of octod.
pub(crate) struct RunnerSide {
    pub(crate) lines: Lines,
    pub(crate) hello: Value,
}

impl Runner {
    pub(crate) fn listen(paths: &Paths) -> Self {
        let path = paths.runner_socket();
        Self { listener: UnixListener::bind(&path).unwrap(), path }
    }

    pub(crate) async fn accept(&self) -> RunnerSide {
        let mut lines = self.accept_mute().await;
        let hello = lines.expect().await;
        let body = json!({"protocol": [1, 1], "name": "octo-runner", "version": "0", "epoch": 1});
        lines.send(&json!({"channel": "system", "id": hello["id"], "ok": body})).await;
        RunnerSide { lines, hello }
    }

    /// A connection that was not answered yet.
    pub(crate) async fn accept_mute(&self) -> Lines {
        let (stream, _) = soon(self.listener.accept()).await.unwrap();
        Lines::over(stream)
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // The folder may have been taken away by the test.
        drop(std::fs::remove_file(&self.path));
    }
}

impl RunnerSide {
    /// Answers the next request, and gives it.
    pub(crate) async fn answer(&mut self, ok: Value) -> Value {
        let request = self.lines.expect().await;
        self.lines.send(&json!({"channel": request["channel"], "id": request["id"], "ok": ok})).await;
        request
    }

    pub(crate) async fn event(&mut self, body: Value) {
        let frame = json!({"channel": "agent", "session_id": "ses_1", "cursor": "1.2.3", "ts": 5, "body": body});
        self.lines.send(&frame).await;
    }
}
