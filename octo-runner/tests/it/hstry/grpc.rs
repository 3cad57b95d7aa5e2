//! `hstry.sock`, as another program and `hstry` see it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use hyper_util::rt::TokioIo;
use octo_proto::{
    Error, Event, Message, PartKind,
    id::{RequestId, SessionId},
};
use octo_runner::hstry::{
    Store,
    grpc::{
        self, Appender,
        proto::{
            AppendMessageRequest, AppendMessageResponse, ExportSessionRequest, GetSessionRequest, ListSessionsRequest,
            PageMessagesRequest, Role, append_message_request::Content, export_session_response::Item,
            read_service_client::ReadServiceClient, write_service_client::WriteServiceClient,
        },
    },
};
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{
    Code,
    transport::{Channel, Endpoint, Uri},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use super::{said, session};
use crate::household::{Watcher, World};

/// Adds to the store, as a session's log would.
#[derive(Clone)]
struct Log {
    store: Store,
    next: Arc<AtomicU64>,
}

impl Appender for Log {
    async fn append(&self, session: SessionId, mut message: Message) -> Result<u64, Error> {
        message.idx = self.next.fetch_add(1, Ordering::Relaxed);
        let number = message.idx + 1;
        let event = Box::new(Event::MessageEnd { message: Box::new(message) });
        let op = octo_runner::hstry::Op::Fact { session, number, ts: 1, source: None, event };
        self.store.commit(vec![op]).await.map_err(|error| error.to_error())?;
        Ok(number)
    }
}

/// A served history with one session of 20 messages.
struct Served {
    _dir: tempfile::TempDir,
    socket: PathBuf,
    id: SessionId,
    store: Store,
    stop: CancellationToken,
    tasks: TaskTracker,
}

async fn channel(socket: &Path) -> Channel {
    let socket = socket.to_owned();
    let connector = tower::service_fn(move |_: Uri| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://test").connect_with_connector(connector).await.unwrap()
}

async fn serve() -> Served {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("hstry.sock");
    std::fs::write(&socket, "left behind").unwrap();
    let store = Store::open(&dir.path().join("hstry.db")).unwrap();
    let id = SessionId::draw();
    let messages = (0..20).map(|idx| said(&id, idx, &format!("message {idx}\u{1b}[31m")));
    store.commit(std::iter::once(session(&id)).chain(messages).collect()).await.unwrap();
    let listener = grpc::Socket::bind(&socket, Box::new(|| Ok(()))).unwrap();
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let log = Log { store: store.clone(), next: Arc::new(AtomicU64::new(20)) };
    let served = grpc::serve(listener, store.clone(), log, stop.clone());
    tasks.spawn(async move { served.await.unwrap() });
    Served { _dir: dir, socket, id, store, stop, tasks }
}

impl Served {
    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(std::time::Duration::from_secs(10), self.tasks.wait()).await.unwrap();
        self.store.close().await;
    }

    async fn hstry(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hstry"));
        command.arg("--socket").arg(&self.socket).args(arguments).env_remove("OCTO_PROCESS");
        tokio::process::Command::from(command).output().await.unwrap()
    }
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn sessions_and_messages_are_listed_paged_and_exported() {
    let served = serve().await;
    let mut read = ReadServiceClient::new(channel(&served.socket).await);
    let list = read.list_sessions(ListSessionsRequest {}).await.unwrap().into_inner();
    assert_eq!((list.sessions.len(), list.sessions[0].messages), (1, 20));
    let session_id = served.id.0.clone();
    let got = read.get_session(GetSessionRequest { session_id: session_id.clone() }).await.unwrap().into_inner();
    assert_eq!(got.session.as_ref(), list.sessions.first());
    let page = |before, limit| PageMessagesRequest { session_id: session_id.clone(), before, limit };
    let last = read.page_messages(page(None, 5)).await.unwrap().into_inner();
    assert_eq!(last.messages.iter().map(|message| message.idx).collect::<Vec<_>>(), [15, 16, 17, 18, 19]);
    assert!(last.has_more);
    let first = read.page_messages(page(Some(3), 0)).await.unwrap().into_inner();
    assert_eq!((first.messages.len(), first.has_more), (3, false));
    let whole: Message = serde_json::from_str(&first.messages[0].json).unwrap();
    assert_eq!((whole.text(), first.messages[0].role()), (first.messages[0].text.clone(), Role::User));
    let mut export = read.export_session(ExportSessionRequest { session_id }).await.unwrap().into_inner();
    assert!(matches!(export.message().await.unwrap().unwrap().item, Some(Item::Session(_))));
    for idx in 0..20 {
        let Some(Item::Message(message)) = export.message().await.unwrap().unwrap().item else { panic!("{idx}") };
        assert_eq!(message.idx, idx);
    }
    assert_eq!(export.message().await.unwrap(), None);
    served.end().await;
}

#[tokio::test]
async fn what_cannot_be_served_says_why() {
    let served = serve().await;
    let mut read = ReadServiceClient::new(channel(&served.socket).await);
    let unknown = read.get_session(GetSessionRequest { session_id: "ses_x".to_owned() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    assert!(unknown.message().contains("ses_x"), "{unknown}");
    let page = PageMessagesRequest { session_id: served.id.0.clone(), before: None, limit: 201 };
    assert_eq!(read.page_messages(page).await.unwrap_err().code(), Code::InvalidArgument);
    let mut write = WriteServiceClient::new(channel(&served.socket).await);
    let good = AppendMessageRequest {
        session_id: served.id.0.clone(),
        request_id: RequestId::draw().0,
        role: Role::User.into(),
        content: Some(Content::Text("x".to_owned())),
        ..AppendMessageRequest::default()
    };
    let parts = |json: &str| Some(Content::PartsJson(json.to_owned()));
    for wrong in [
        AppendMessageRequest { request_id: "1".to_owned(), ..good.clone() },
        AppendMessageRequest { role: 0, ..good.clone() },
        AppendMessageRequest { role: 77, ..good.clone() },
        AppendMessageRequest { content: None, ..good.clone() },
        AppendMessageRequest { content: parts("{"), ..good.clone() },
        AppendMessageRequest { content: parts("[]"), ..good.clone() },
    ] {
        assert_eq!(write.append_message(wrong.clone()).await.unwrap_err().code(), Code::InvalidArgument, "{wrong:?}");
    }
    assert_eq!(served.store.session(&served.id).await.unwrap().unwrap().messages, 20);
    write.append_message(good).await.unwrap();
    assert_eq!(served.store.session(&served.id).await.unwrap().unwrap().messages, 21);
    served.end().await;
}

#[tokio::test]
async fn it_tells_its_health_and_describes_itself() {
    let served = serve().await;
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&served.socket).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let mut health = HealthClient::new(channel(&served.socket).await);
    for service in ["", "hstry.v1.ReadService", "hstry.v1.WriteService"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::Serving, "{service}");
    }
    let mut reflection = ServerReflectionClient::new(channel(&served.socket).await);
    let ask = |request| {
        let request = ServerReflectionRequest { host: String::new(), message_request: Some(request) };
        futures_util::stream::iter([request])
    };
    let list = ask(MessageRequest::ListServices(String::new()));
    let mut answers = reflection.server_reflection_info(list).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else { panic!("{answer:?}") };
    let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    for name in ["hstry.v1.ReadService", "hstry.v1.WriteService", "grpc.health.v1.Health"] {
        assert!(names.iter().any(|known| known == name), "{name} in {names:?}");
    }
    let symbol = ask(MessageRequest::FileContainingSymbol("hstry.v1.WriteService".to_owned()));
    let mut answers = reflection.server_reflection_info(symbol).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response;
    assert!(matches!(answer, Some(MessageResponse::FileDescriptorResponse(_))), "{answer:?}");
    served.end().await;
}

#[tokio::test]
async fn hstry_lists_and_shows() {
    let served = serve().await;
    let list = stdout(&served.hstry(&["list"]).await);
    assert_eq!(list, format!("{}      20  a title\n", served.id));
    let list: Value = serde_json::from_str(&stdout(&served.hstry(&["list", "--json"]).await)).unwrap();
    assert_eq!((&list["info"]["session_id"], &list["messages"]), (&json!(served.id), &json!(20)));
    let end = &served.id.0[served.id.0.len() - 6..];
    let shown = stdout(&served.hstry(&["show", &end.to_lowercase()]).await);
    assert!(shown.starts_with("#0 you msg_0\n  message 0·[31m\n"), "{shown}");
    assert!(shown.contains("#19 you") && !shown.contains('\u{1b}'), "{shown}");
    let lines = stdout(&served.hstry(&["show", &served.id.0, "--last", "2", "--json"]).await);
    let messages: Vec<Message> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(messages.iter().map(|message| message.idx).collect::<Vec<_>>(), [18, 19]);
    let missing = served.hstry(&["show", "nothing"]).await;
    assert_eq!(missing.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("hint: `hstry list`"));
    let socket = served.socket.with_file_name("none.sock");
    let nobody = Command::new(env!("CARGO_BIN_EXE_hstry")).arg("--socket").arg(&socket).arg("list").output().unwrap();
    assert_eq!(nobody.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains(&socket.display().to_string()));
    let mut agent = Command::new(env!("CARGO_BIN_EXE_hstry"));
    agent.arg("--socket").arg(&served.socket).arg("list").env("OCTO_PROCESS", "prc_1");
    let agent = tokio::process::Command::from(agent).output().await.unwrap();
    assert_eq!(agent.status.code(), Some(5), "an agent is not served: {agent:?}");
    assert!(String::from_utf8_lossy(&agent.stderr).contains("an agent may not speak"), "{agent:?}");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_program_adds_is_seen_live_and_added_once() {
    let mut world = World::new();
    let (client, mut events) = world.connect().await;
    let id = world.session(&client).await;
    let mut watcher = Watcher::new(id.clone());
    watcher.watch(&client).await;
    let socket = world.dir.path().join("run/hstry.sock");
    let parts = json!([{ "type": "text", "text": "é".repeat(40_000) }, { "type": "x-note", "id": "mine", "to": 1 }]);
    let request = AppendMessageRequest {
        session_id: id.0.clone(),
        request_id: RequestId::draw().0,
        role: Role::Assistant.into(),
        content: Some(Content::PartsJson(parts.to_string())),
        sender: Some("a script".to_owned()),
        ..AppendMessageRequest::default()
    };
    let mut write = WriteServiceClient::new(channel(&socket).await);
    let (mut one, mut two) = (write.clone(), write.clone());
    let (one, two) = tokio::join!(one.append_message(request.clone()), two.append_message(request.clone()));
    let added: AppendMessageResponse = one.unwrap().into_inner();
    assert_eq!(added, two.unwrap().into_inner(), "the same at the same time");
    let ended = |event: &Event| matches!(event, Event::MessageEnd { message } if message.id.0 == added.message_id);
    assert!(watcher.until(&mut events, |_, event| ended(event)).await);
    let (cursor, _) = watcher.events.iter().find(|(_, event)| ended(event)).unwrap();
    assert_eq!(cursor.fact, added.fact);
    let view = watcher.view.clone().unwrap();
    assert_eq!((view.messages.len(), view.messages[0].sender.as_deref()), (1, Some("a script")));
    assert!(view.messages[0].parts[0].elided_bytes.is_some(), "its long part is cut as any");
    assert!(matches!(&view.messages[0].parts[1].kind, PartKind::Other(fields) if fields["to"] == 1));
    let other = AppendMessageRequest { content: Some(Content::Text("other".to_owned())), ..request.clone() };
    assert_eq!(write.append_message(other.clone()).await.unwrap_err().code(), Code::AlreadyExists);
    // Also after a crash of the runner it is known.
    drop((client, events, write));
    world.kill();
    world.start();
    let mut write = WriteServiceClient::new(channel(&socket).await);
    assert_eq!(write.append_message(request.clone()).await.unwrap().into_inner(), added);
    assert_eq!(write.append_message(other).await.unwrap_err().code(), Code::AlreadyExists);
    let unknown = AppendMessageRequest { session_id: SessionId::draw().0, ..request };
    assert_eq!(write.append_message(unknown).await.unwrap_err().code(), Code::NotFound);
    let mut read = ReadServiceClient::new(channel(&socket).await);
    let page = PageMessagesRequest { session_id: id.0, before: None, limit: 10 };
    assert_eq!(read.page_messages(page).await.unwrap().into_inner().messages.len(), 1);
}
