//! The scripted model over real sockets, as agents meet it, and its program as the demo starts it.

use std::{net::SocketAddr, path::PathBuf, process::Stdio, time::Duration};

use octod::model::{Error, Options, serve};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    process::Command,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const DEADLINE: Duration = Duration::from_secs(20);

/// A model in this process.
struct Model {
    address: SocketAddr,
    folder: tempfile::TempDir,
    shutdown: CancellationToken,
    served: JoinHandle<Result<(), Error>>,
}

impl Model {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let options = Options { log: Some(folder.path().join("log")), ..Options::default() };
        let served = TaskTracker::new().spawn(serve(listener, options, shutdown.clone()));
        Self { address, folder, shutdown, served }
    }

    /// Sends a request and reads on until the connection ends: status line and headers, body, whether it was whole.
    async fn post(&self, path: &str, body: &[u8]) -> Reply {
        let mut stream = self.send(path, body).await;
        let mut bytes = Vec::new();
        // A cut connection may show as an error: what came before it counts.
        drop(timeout(DEADLINE, stream.read_to_end(&mut bytes)).await.expect("an end"));
        Reply::read(&bytes)
    }

    async fn send(&self, path: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Api-Key: verysecret\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        stream
    }

    async fn ask(&self, path: &str, text: &str, streaming: bool) -> Reply {
        self.post(path, &prompt(text, streaming)).await
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The outcomes in the log, once there are so many.
    async fn outcomes(&self, count: usize) -> Vec<String> {
        let until = Instant::now() + DEADLINE;
        loop {
            let log = self.log();
            let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let outcomes: Vec<String> = lines.filter_map(|line| line["outcome"].as_str().map(str::to_owned)).collect();
            if outcomes.len() >= count {
                return outcomes;
            }
            assert!(Instant::now() < until, "only {outcomes:?}");
            tokio::task::yield_now().await;
        }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        timeout(DEADLINE, self.served).await.expect("it stops").unwrap().unwrap();
    }
}

fn prompt(text: &str, streaming: bool) -> Vec<u8> {
    let tools = json!([{"name": "bash", "input_schema": {"properties": {"command": {"type": "string"}}}}]);
    json!({"model": "m", "stream": streaming, "messages": [{"role": "user", "content": text}], "tools": tools})
        .to_string()
        .into_bytes()
}

struct Reply {
    status: u16,
    body: String,
    whole: bool,
}

impl Reply {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let Some((head, rest)) = text.split_once("\r\n\r\n") else {
            return Self { status: 0, body: String::new(), whole: false };
        };
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            let (body, whole) = unchunked(rest);
            return Self { status, body, whole };
        }
        Self { status, body: rest.to_owned(), whole: true }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The bodies of the events.
    fn events(&self) -> Vec<Value> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
    }

    /// The text of all deltas.
    fn text(&self) -> String {
        let text = |event: &Value| {
            let delta = &event["delta"]["text"];
            delta.as_str().or(event["choices"][0]["delta"]["content"].as_str()).map(str::to_owned)
        };
        self.events().iter().filter_map(text).collect()
    }
}

fn unchunked(mut rest: &str) -> (String, bool) {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        body.push_str(&after[..size]);
        rest = &after[size + 2..];
    }
    (body, false)
}

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

#[tokio::test]
async fn both_apis_stream_and_do_not() {
    let model = Model::start().await;
    for path in [CHAT, MESSAGES] {
        let reply = model.ask(path, "stream 3 every 1", true).await;
        assert_eq!((reply.status, reply.text().as_str(), reply.whole), (200, "tok0 tok1 tok2 ", true));
    }
    let chat = model.ask(CHAT, "stream 2", false).await.json();
    assert_eq!(chat["choices"][0]["message"]["content"], "tok0 tok1 ");
    let message = model.ask(MESSAGES, "run: ls", false).await.json();
    assert_eq!(message["content"][1]["input"], json!({"command": "ls"}));
    assert_eq!(message["stop_reason"], "tool_use");
    assert_eq!(model.outcomes(4).await, ["done"; 4]);
    model.stop().await;
}

#[tokio::test]
async fn failures_are_told_and_end() {
    let model = Model::start().await;
    for path in [CHAT, MESSAGES] {
        for _ in 0..2 {
            let refused = model.ask(path, "fail 503 x1", true).await;
            assert_eq!((refused.status, &refused.json()["error"]["message"]), (503, &json!("scripted failure 503")));
            assert_eq!(model.ask(path, "fail 503 x1", true).await.text(), "Recovered on attempt 2.");
        }
        let broken = model.ask(path, "break", true).await;
        assert_eq!(broken.events().last().unwrap()["error"]["message"], "scripted mid-stream failure");
        assert_eq!(model.ask(path, "break", false).await.status, 529);
        let dropped = model.ask(path, "drop", true).await;
        assert_eq!((dropped.text().as_str(), dropped.whole), ("partial answer before the drop ", false));
        assert!(!model.ask(path, "drop", false).await.whole);
    }
    let outcomes = model.outcomes(16).await;
    let each = ["error 503", "done", "error 503", "done", "error 529", "error 529", "dropped", "dropped"];
    assert_eq!(outcomes, [each, each].concat());
    model.stop().await;
}

#[tokio::test]
async fn bad_requests_are_refused() {
    let model = Model::start().await;
    let refused = model.post(MESSAGES, b"{broken").await;
    assert_eq!((refused.status, &refused.json()["error"]["type"]), (400, &json!("invalid_request_error")));
    assert!(refused.body.contains("not JSON"), "{}", refused.body);
    assert_eq!(model.post("/v2/messages", b"{}").await.status, 404);
    assert_eq!(model.post("/v1/models", b"{}").await.status, 405);
    assert_eq!(model.post("/v1/messages/count_tokens", &[b' '; 400]).await.json(), json!({"input_tokens": 100}));
    model.stop().await;
}

#[tokio::test]
async fn a_request_of_64_mebibytes_is_read() {
    let model = Model::start().await;
    let reply = model.post("/v1/messages/count_tokens", &vec![b' '; 64 << 20]).await;
    assert_eq!(reply.json(), json!({"input_tokens": 16 << 20}));
    model.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_and_keys_are_masked() {
    let model = Model::start().await;
    let mut stream = model.send(MESSAGES, &prompt("slow", true)).await;
    let mut some = [0; 64];
    assert_ne!(stream.read(&mut some).await.unwrap(), 0);
    drop(stream);
    assert_eq!(model.outcomes(1).await, ["client_gone"]);
    let log = model.log();
    assert!(log.contains("\"x-api-key\":\"***\"") && !log.contains("verysecret"), "{log}");
    model.stop().await;
}

#[tokio::test]
async fn stopping_breaks_streams_off() {
    let model = Model::start().await;
    let mut stream = model.send(CHAT, &prompt("slow", true)).await;
    let mut some = [0; 64];
    assert_ne!(stream.read(&mut some).await.unwrap(), 0);
    model.shutdown.cancel();
    let mut rest = Vec::new();
    drop(timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("the stream ends"));
    assert_eq!(model.outcomes(1).await, ["dropped"]);
    model.stop().await;
}

#[tokio::test]
async fn only_loopback_is_served() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = serve(listener, Options::default(), CancellationToken::new()).await;
    assert!(matches!(refused, Err(Error::NotLoopback(_))), "{refused:?}");
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_octo-model"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn the_program_is_ready_when_it_says_so_and_ends_with_its_parent() {
    let mut child = program().arg("--with-parent").spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(DEADLINE, lines.next_line()).await.expect("a ready line").unwrap().unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let port = ready["port"].as_u64().unwrap();
    assert_eq!(ready, json!({"ready": true, "port": port, "url": format!("http://127.0.0.1:{port}")}));
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
    stream.write_all(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut bytes)).await.expect("an answer").unwrap();
    assert_eq!(Reply::read(&bytes).json()["data"][2]["id"], "scripted-thinking");
    drop(child.stdin.take());
    assert!(timeout(DEADLINE, child.wait()).await.expect("it stops").unwrap().success());
}

#[tokio::test]
async fn the_program_stops_on_sigterm() {
    let mut child = program().spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    timeout(DEADLINE, lines.next_line()).await.expect("a ready line").unwrap().unwrap();
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert!(timeout(DEADLINE, child.wait()).await.expect("it stops").unwrap().success());
}

#[tokio::test]
async fn the_program_says_why_it_cannot_start() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let nowhere = PathBuf::from("/nonexistent/log");
    for (option, value, reason) in
        [("--port", port.as_str(), "leave out --port"), ("--log", nowhere.to_str().unwrap(), "/nonexistent/log")]
    {
        let output = timeout(DEADLINE, program().args([option, value]).output()).await.expect("an end").unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(reason), "{said}");
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    }
}
