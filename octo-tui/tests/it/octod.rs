//! An octod of the tests' own: one session, one agent that says the same to everything.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use octo_proto::{
    Cursor, Event, Frame, Message, Part, Role, View, channel,
    frame::{EventFrame, Request},
    hello::Hello,
    id::{MessageId, SessionId},
    wire::{FrameReader, Incoming, write_frame},
};
use serde_json::{Value, json};
use tokio::{
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    runtime::Runtime,
    sync::watch,
};
use tokio_util::task::TaskTracker;

/// The longest wait for a request.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it came: its id and its command.
pub(crate) type Came = (String, String);

#[derive(Debug)]
struct Shared {
    /// What the agent says.
    says: String,
    /// The connection is closed instead of answering the first prompt.
    breaks: Mutex<bool>,
    came: watch::Sender<Vec<Came>>,
    /// Prompts that had an effect, by id.
    prompts: Mutex<Vec<(String, String)>>,
    /// The session's log: the number of its last fact, and its messages.
    fact: AtomicU64,
    messages: Mutex<Vec<Message>>,
}

pub(crate) struct Octod {
    runtime: Runtime,
    shared: Arc<Shared>,
    pub(crate) home: tempfile::TempDir,
}

impl Octod {
    pub(crate) fn start(says: &str, breaks: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let run = home.path().join("run");
        std::fs::create_dir(&run).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shared = Arc::new(Shared {
            says: says.to_owned(),
            breaks: Mutex::new(breaks),
            came: watch::Sender::new(Vec::new()),
            prompts: Mutex::default(),
            fact: AtomicU64::new(0),
            messages: Mutex::default(),
        });
        let (socket, state) = (run.join("octod.sock"), Arc::clone(&shared));
        let listener = runtime.block_on(async { UnixListener::bind(socket).unwrap() });
        let cwd = home.path().canonicalize().unwrap();
        TaskTracker::new().spawn_on(accept(listener, state, cwd), runtime.handle());
        Self { runtime, shared, home }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Waits until so many requests of this command came, and gives them.
    pub(crate) fn requests(&self, cmd: &str, count: usize) -> Vec<Came> {
        let of = |came: &[Came]| came.iter().filter(|(_, name)| name == cmd).cloned().collect::<Vec<_>>();
        let mut came = self.shared.came.subscribe();
        let wait = async { tokio::time::timeout(PATIENCE, came.wait_for(|came| of(came).len() >= count)).await };
        self.runtime.block_on(wait).expect("the request does not come").unwrap();
        of(&self.shared.came.borrow())
    }

    pub(crate) fn prompts(&self) -> Vec<String> {
        self.shared.prompts.lock().unwrap().iter().map(|(_, text)| text.clone()).collect()
    }
}

async fn accept(listener: UnixListener, shared: Arc<Shared>, cwd: PathBuf) {
    let connections = TaskTracker::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(Connection::new(stream, Arc::clone(&shared), &cwd).serve());
    }
}

struct Connection {
    reader: FrameReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    shared: Arc<Shared>,
    session: Value,
}

impl Connection {
    fn new(stream: UnixStream, shared: Arc<Shared>, cwd: &Path) -> Self {
        let (reader, writer) = stream.into_split();
        let session = json!({
            "info": {
                "session_id": "ses_1", "title": "A session", "harness": "fake", "cwd": cwd, "created_at": 1, "updated_at": 1,
                "capabilities": { "follow_up": true },
            },
            "state": { "state": "idle" },
        });
        Self { reader: FrameReader::new(reader), writer, shared, session }
    }

    async fn serve(mut self) {
        while let Ok(Some(Incoming::Frame(Frame::Request(request)))) = self.reader.next().await {
            let body: Value = serde_json::from_str(request.body.get()).unwrap();
            let cmd = body["cmd"].as_str().unwrap().to_owned();
            self.shared.came.send_modify(|came| came.push((request.id.clone(), cmd.clone())));
            if cmd == "prompt" && std::mem::take(&mut *self.shared.breaks.lock().unwrap()) {
                return;
            }
            if self.answer(&request, &cmd, &body).await.is_err() {
                return;
            }
        }
    }

    async fn answer(&mut self, request: &Request, cmd: &str, body: &Value) -> std::io::Result<()> {
        let cursor = json!({ "cursor": "0.1.0" });
        match (cmd, &request.session_id) {
            ("hello", _) => self.reply(request, &serde_json::to_value(Hello::reply("octod", "0")).unwrap()).await,
            ("harnesses", _) => self.reply(request, &json!({ "harnesses": [] })).await,
            ("watch", None) => {
                self.reply(request, &cursor).await?;
                let entries = vec![serde_json::from_value(self.session.clone()).unwrap()];
                self.tell(None, &Event::IndexSnapshot { entries }).await
            }
            ("watch", Some(_)) => {
                self.reply(request, &cursor).await?;
                let mut view = View::new(serde_json::from_value(self.session["info"].clone()).unwrap());
                view.messages.clone_from(&self.shared.messages.lock().unwrap());
                view.live.state = octo_proto::session::SessionState::Idle;
                self.tell(request.session_id.as_ref(), &Event::SessionSnapshot { view: Box::new(view) }).await
            }
            ("prompt", _) => self.on_prompt(request, body).await,
            _ => self.reply(request, &json!({})).await,
        }
    }

    /// The same id has one effect; the agent answers each prompt that had one.
    async fn on_prompt(&mut self, request: &Request, body: &Value) -> std::io::Result<()> {
        let text = body["message"].as_str().unwrap().to_owned();
        self.reply(request, &json!({ "turn_id": "trn_1", "message_id": format!("msg_{}", request.id) })).await?;
        {
            let mut prompts = self.shared.prompts.lock().unwrap();
            if prompts.iter().any(|(id, _)| *id == request.id) {
                return Ok(());
            }
            prompts.push((request.id.clone(), text.clone()));
        }
        let says = self.shared.says.clone();
        for (id, role, text) in
            [(format!("msg_{}", request.id), Role::User, text), ("msg_2".to_owned(), Role::Assistant, says)]
        {
            let id = MessageId(id);
            let part = Part::text(id.part(0), text);
            let message = Message { parts: vec![part], ..Message::new(id, role, 1) };
            self.shared.messages.lock().unwrap().push(message.clone());
            self.tell(request.session_id.as_ref(), &Event::MessageEnd { message: Box::new(message) }).await?;
        }
        Ok(())
    }

    async fn reply(&mut self, request: &Request, body: &Value) -> std::io::Result<()> {
        let body = serde_json::value::to_raw_value(body).unwrap();
        write_frame(&mut self.writer, &Frame::Reply(request.reply(Ok(body)))).await
    }

    async fn tell(&mut self, session: Option<&SessionId>, event: &Event) -> std::io::Result<()> {
        let fact = self.shared.fact.fetch_add(1, Ordering::Relaxed) + 1;
        let frame = EventFrame {
            channel: channel::AGENT.to_owned(),
            session_id: session.cloned(),
            runner_id: None,
            cursor: Cursor { fact, epoch: 1, n: 0 },
            ts: 1,
            body: serde_json::value::to_raw_value(event).unwrap(),
        };
        write_frame(&mut self.writer, &Frame::Event(frame)).await
    }
}
