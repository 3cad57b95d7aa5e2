use octo_proto::{
    Event,
    id::{MessageId, ProcessId, RequestId, SessionId},
    message::{Message, Part, PartKind, Role, Source, ToolStatus},
    session::{Capabilities, Outcome, SessionInfo},
};

use super::*;
use crate::harness::SessionSpec;

fn row(id: &SessionId) -> SessionRow {
    let info = SessionInfo {
        session_id: id.clone(),
        title: "a title".to_owned(),
        harness: "pi".to_owned(),
        cwd: "/".to_owned(),
        model: None,
        mode: None,
        thinking_level: None,
        capabilities: Capabilities::default(),
        native_id: None,
        process_id: None,
        parent_session_id: None,
        forked_at: None,
        created_at: 1,
        updated_at: 2,
    };
    let spec = SessionSpec {
        session_id: id.clone(),
        cwd: "/".into(),
        model: None,
        thinking_level: None,
        title: String::new(),
        resume: None,
        fork: None,
    };
    SessionRow { info, spec, facts: 0, unread: 0, error: None }
}

fn fact(session: &SessionId, number: u64, place: u64, event: Event) -> Op {
    let source = Some((ProcessId::from("prc_1"), place, 0));
    Op::Fact { session: session.clone(), number, ts: 5, source, event: Box::new(event) }
}

fn message(id: &str, idx: u64, role: Role, kinds: Vec<PartKind>) -> Message {
    let mut message = Message::new(MessageId::from(id), role, 7);
    message.idx = idx;
    message.parts = kinds.into_iter().zip(0..).map(|(kind, at)| Part::new(message.id.part(at), kind)).collect();
    message
}

fn text(text: &str) -> PartKind {
    PartKind::Text { text: text.to_owned(), format: None }
}

async fn store() -> (tempfile::TempDir, Store, SessionId) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("hstry.db")).unwrap();
    let id = SessionId::draw();
    store.commit(vec![Op::PutSession(Box::new(row(&id)))]).await.unwrap();
    (dir, store, id)
}

#[tokio::test]
async fn a_message_is_stored_once_and_comes_back_by_its_fact_and_by_its_page() {
    let (_dir, store, id) = store().await;
    let mut kinds =
        vec![text("hello"), PartKind::Other(serde_json::Map::from_iter([("type".to_owned(), "x-new".into())]))];
    kinds.push(PartKind::ToolCall {
        tool_call_id: "call".into(),
        name: "bash".to_owned(),
        input: serde_json::json!({ "command": "ls" }),
        status: ToolStatus::Pending,
    });
    let said = message("msg_1", 0, Role::Assistant, kinds);
    let event = Event::MessageEnd { message: Box::new(said.clone()) };
    store.commit(vec![fact(&id, 1, 10, event.clone())]).await.unwrap();
    let facts = store.facts_after(&id, 0, 10).await.unwrap();
    assert_eq!(facts[0].event, event);
    assert_eq!(store.page(&id, None, 5, 1000).await.unwrap().messages, [said]);
    let end = Event::ToolEnd {
        tool_call_id: "call".into(),
        name: "bash".to_owned(),
        output: String::new(),
        diff: None,
        is_error: false,
        duration_ms: 1,
    };
    store.commit(vec![fact(&id, 2, 20, end)]).await.unwrap();
    let page = store.page(&id, None, 5, 1000).await.unwrap();
    let PartKind::ToolCall { status, .. } = &page.messages[0].parts[2].kind else { panic!("the call") };
    assert_eq!(*status, ToolStatus::Success);
}

#[tokio::test]
async fn what_is_committed_together_is_there_together_or_not_at_all() {
    let (_dir, store, id) = store().await;
    let idle = |number, place| fact(&id, number, place, Event::AgentIdle { turn_id: None, outcome: Outcome::Done });
    store.commit(vec![idle(1, 10)]).await.unwrap();
    // The same place of the transcript cannot become a second fact.
    let refused = store.commit(vec![idle(2, 20), idle(3, 10)]).await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })));
    assert_eq!(store.facts_after(&id, 0, 10).await.unwrap().len(), 1);
    store.commit(vec![idle(2, 20)]).await.unwrap();
}

#[tokio::test]
async fn a_request_is_known_by_its_id_and_open_until_it_ends() {
    let (_dir, store, id) = store().await;
    let request_id = RequestId::draw();
    let accept = Op::Accept {
        account: "a".to_owned(),
        request_id: request_id.clone(),
        session: Some(id.clone()),
        digest: [1; 32],
        body: b"command".to_vec(),
        at: 1,
    };
    store.commit(vec![accept]).await.unwrap();
    assert_eq!(store.open_accepted(&id).await.unwrap()[0].body, b"command");
    assert_eq!(store.unfinished_sessions().await.unwrap(), std::slice::from_ref(&id));
    let settle = Op::Settle { account: "a".to_owned(), request_id: request_id.clone(), reply: b"ok".to_vec(), at: 2 };
    store.commit(vec![settle, Op::End { account: "a".to_owned(), request_id: request_id.clone() }]).await.unwrap();
    assert!(store.open_accepted(&id).await.unwrap().is_empty());
    let known = store.accepted("a", &request_id).await.unwrap().unwrap();
    assert_eq!((known.digest, known.reply.as_deref()), ([1; 32], Some(&b"ok"[..])));
    assert_eq!(store.accepted("b", &request_id).await.unwrap(), None);
}

#[tokio::test]
async fn a_deleted_session_leaves_nothing_but_its_tombstone() {
    let (_dir, store, id) = store().await;
    let other = SessionId::draw();
    let shared = Attachment::new(b"both".to_vec(), "text/plain");
    let alone = Attachment::new(b"one".to_vec(), "text/plain");
    let put = |session: &SessionId, attachment: &Attachment| Op::PutAttachment {
        session: session.clone(),
        attachment: Box::new(attachment.clone()),
    };
    let said = Event::MessageEnd { message: Box::new(message("msg_1", 0, Role::User, vec![text("x")])) };
    let ops = vec![put(&id, &shared), put(&id, &alone), put(&other, &shared), fact(&id, 1, 1, said)];
    store.commit(ops).await.unwrap();
    store.commit(vec![Op::DeleteSession(id.clone())]).await.unwrap();
    assert_eq!(store.session(&id).await.unwrap(), None);
    assert!(store.is_deleted(&id).await.unwrap());
    assert!(store.facts_after(&id, 0, 10).await.unwrap().is_empty());
    assert!(store.attachment(&alone.id, 0, 10).await.unwrap().is_none());
    assert_eq!(&store.attachment(&shared.id, 1, 2).await.unwrap().unwrap().bytes[..], b"ot");
}

#[test]
fn what_is_too_long_is_an_attachment() {
    let long = "é".repeat(40_000);
    let (short, attachments) = elide(message("m", 0, Role::Tool, vec![text(&long), text("short")]));
    let PartKind::Text { text, .. } = &short.parts[0].kind else { panic!("a text") };
    assert!(text.len() <= 16 * 1024 && long.starts_with(text.as_str()));
    assert_eq!(short.parts[0].elided_bytes, Some((long.len() - text.len()) as u64));
    assert_eq!(attachments[0].bytes, long.as_bytes());
    assert_eq!(short.parts[1].elided_bytes, None);
    let image = Source::Base64 { base64: "AAAA".repeat(8192), mime_type: "image/png".to_owned() };
    let (short, attachments) = elide(message("m", 0, Role::User, vec![PartKind::Image { source: image, alt: None }]));
    let PartKind::Image { source: Source::Attachment { attachment_id, .. }, .. } = &short.parts[0].kind else {
        panic!("an attachment")
    };
    assert_eq!((attachment_id, attachments[0].bytes.len()), (&attachments[0].id, 3 * 8192));
}

#[test]
fn what_is_no_history_of_ours_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hstry.db");
    std::fs::write(&path, b"this is no database, but it is somebody's").unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Corrupt { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"this is no database, but it is somebody's");
    let newer = dir.path().join("newer.db");
    drop(Store::open(&newer).unwrap());
    let db = rusqlite::Connection::open(&newer).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    assert!(matches!(Store::open(&newer), Err(StoreError::Newer { found: 99, .. })));
}

#[tokio::test]
async fn an_upload_is_whole_or_not_there() {
    let (_dir, store, _) = store().await;
    let upload = RequestId::draw();
    assert_eq!(store.put_piece(&upload, 0, "ab".into(), 1).await.unwrap(), Some(2));
    assert_eq!(store.put_piece(&upload, 0, "ab".into(), 1).await.unwrap(), Some(2), "a repeat");
    assert_eq!(store.put_piece(&upload, 3, "x".into(), 1).await.unwrap(), None, "a gap");
    assert_eq!(store.put_piece(&upload, 2, "c".into(), 1).await.unwrap(), Some(3));
    assert_eq!(store.finish_upload(&upload, "00", "text/plain").await.unwrap(), None);
    let whole = Attachment::new(b"abc".to_vec(), "text/plain");
    let hash = whole.id.as_str().trim_start_matches("att_");
    assert_eq!(store.finish_upload(&upload, hash, "text/plain").await.unwrap(), Some(whole.id.clone()));
    assert_eq!(&store.attachment(&whole.id, 0, 9).await.unwrap().unwrap().bytes[..], b"abc");
}
