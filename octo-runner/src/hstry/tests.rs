use std::{collections::HashSet, io::Read as _};

use octo_proto::{
    Event,
    id::{MessageId, ProcessId, RequestId, SessionId},
    message::{Message, Part, PartKind, Role, Source, ToolStatus},
    session::{
        Answer, Capabilities, InputKind, InputRequest, OpenPrompt, Outcome, PlanEntry, Queue, Queued, SessionInfo, When,
    },
};
use proptest::prelude::*;

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
    // The same again, after a failure that left open whether it was stored, comes to the same; another does not.
    store.commit(vec![idle(2, 20)]).await.unwrap();
    assert_eq!(store.facts_after(&id, 0, 10).await.unwrap().len(), 2);
    assert!(matches!(store.commit(vec![idle(2, 21)]).await, Err(StoreError::Refused { .. })));
}

#[tokio::test]
async fn who_is_refused_in_a_shared_commit_is_refused_alone() {
    let (_dir, store, id) = store().await;
    let idle = |number, place| fact(&id, number, place, Event::AgentIdle { turn_id: None, outcome: Outcome::Done });
    let jobs = (1..=40).map(|number| store.commit(vec![idle(number, number / 2)]));
    let results = futures_util::future::join_all(jobs).await;
    let stored = store.facts_after(&id, 0, 100).await.unwrap();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 21);
    assert_eq!(stored.len(), 21, "one of each place");
    assert!(*store.healthy().borrow());
}

/// One of each event that is a fact.
fn facts_of_all_kinds() -> Vec<Event> {
    let key = RequestId::from("01ARZ3NDEKTSV4RRFFQ69G5FAW");
    let (info, turn_id) = (Box::new(row(&SessionId::from("ses_1")).info), key.turn_id());
    let question = InputRequest {
        request_id: key.clone(),
        kind: InputKind::Confirm,
        title: "sure?".to_owned(),
        message: None,
        options: Vec::new(),
        detail: Some(serde_json::json!({ "a": [1, null] })),
        prefill: None,
        timeout_ms: Some(5),
        asked_at: 1,
    };
    let prompt = OpenPrompt {
        request_id: key.clone(),
        turn_id: turn_id.clone(),
        message: Some(message("msg_p", 0, Role::User, vec![text("do")])),
        when: When::FollowUp,
        delivered: false,
    };
    let said = Box::new(message("msg_1", 0, Role::Assistant, vec![text("done")]));
    let queued = Queued { request_id: key.clone(), text: "wait".to_owned() };
    let queue = Queue { steer: Vec::new(), follow_up: vec![queued] };
    let step = PlanEntry { content: "a".to_owned(), status: "pending".to_owned(), priority: None };
    let outcome = Outcome::Error;
    vec![
        Event::SessionCreated { info: info.clone() },
        Event::SessionUpdated { info },
        Event::SessionClosed { reason: "stopped".to_owned(), deleted: false },
        Event::AgentIdle { turn_id: Some(turn_id.clone()), outcome },
        Event::AgentError { message: "a".to_owned(), recoverable: true },
        Event::PromptAccepted { prompt: Box::new(prompt) },
        Event::PromptDelivered { request_id: key.clone(), turn_id },
        Event::PromptEnded { request_id: key.clone(), turn_id: None, outcome, message: None, not_delivered: true },
        Event::InputNeeded { request: Box::new(question) },
        Event::InputResolved { request_id: key, answer: Answer::Confirmed(true), by: "a".to_owned() },
        Event::MessageEnd { message: said },
        Event::ToolEnd {
            tool_call_id: "call".into(),
            name: "bash".to_owned(),
            output: "\u{1b}[0m\0".to_owned(),
            diff: Some("+a".to_owned()),
            is_error: true,
            duration_ms: u64::MAX,
        },
        Event::PlanUpdated { entries: vec![step] },
        Event::QueueUpdated { queue },
        Event::CompactEnd {
            reason: "manual".to_owned(),
            summary: Some("s".to_owned()),
            tokens_before: Some(1),
            aborted: false,
            message: None,
        },
        Event::ModelChanged { model: "m".to_owned() },
        Event::ModeChanged { mode: "plan".to_owned() },
        Event::ThinkingLevelChanged { level: "high".to_owned() },
    ]
}

#[tokio::test]
async fn each_kind_of_fact_comes_back_as_it_was() {
    let (_dir, store, id) = store().await;
    let events = facts_of_all_kinds();
    let kinds: HashSet<_> = events.iter().map(std::mem::discriminant).collect();
    assert_eq!(kinds.len(), 18);
    assert!(events.iter().all(Event::is_fact));
    let ops = events.iter().zip(1..).map(|(event, number)| fact(&id, number, number * 10, event.clone()));
    store.commit(ops.collect()).await.unwrap();
    let back = store.facts_after(&id, 0, 100).await.unwrap();
    assert_eq!(back.iter().map(|fact| fact.event.clone()).collect::<Vec<_>>(), events);
    assert!(back.iter().zip(1..).all(|(fact, number)| fact.number == number && fact.ts == 5));
    assert_eq!(back[2].source, Some((ProcessId::from("prc_1"), 30, 0)));
    let after = store.facts_after(&id, 4, 2).await.unwrap();
    assert_eq!(after.iter().map(|fact| fact.number).collect::<Vec<_>>(), [5, 6]);
}

#[tokio::test]
async fn an_attachment_stays_as_long_as_a_message_or_a_waiting_prompt_refers_to_it() {
    let (_dir, store, id) = store().await;
    let (fork, stranger) = (SessionId::draw(), SessionId::draw());
    let upload = |bytes: &'static str, at| {
        let store = store.clone();
        async move {
            let upload = RequestId::draw();
            store.put_piece(&upload, 0, bytes.into(), at).await.unwrap();
            let id = Attachment::new(bytes.into(), "").id;
            let hash = id.as_str().trim_start_matches("att_");
            store.finish_upload(&upload, hash, "image/png").await.unwrap().unwrap()
        }
    };
    let show = |id: &octo_proto::id::AttachmentId| {
        let source = Source::Attachment { attachment_id: id.clone(), mime_type: "image/png".to_owned() };
        message("msg_1", 0, Role::User, vec![PartKind::Image { source, alt: None }])
    };
    let (said, waits, unused) = (upload("said", 1).await, upload("waits", 1).await, upload("unused", 1).await);
    let key = RequestId::draw();
    let prompt = OpenPrompt {
        request_id: key.clone(),
        turn_id: key.turn_id(),
        message: Some(show(&waits)),
        when: When::Now,
        delivered: false,
    };
    let input = serde_json::json!({ "path": "f", "content": "é".repeat(40_000) });
    let call =
        PartKind::ToolCall { tool_call_id: "c".into(), name: "write".to_owned(), input, status: ToolStatus::Success };
    let (call, cut) = elide(message("msg_2", 1, Role::Assistant, vec![call]));
    let ops = vec![
        fact(&id, 1, 1, Event::PromptAccepted { prompt: Box::new(prompt) }),
        fact(&id, 2, 2, Event::MessageEnd { message: Box::new(show(&said)) }),
        Op::PutAttachment { session: id.clone(), attachment: Box::new(cut[0].clone()) },
        fact(&id, 3, 3, Event::MessageEnd { message: Box::new(call.clone()) }),
        fact(&fork, 1, 11, Event::MessageEnd { message: Box::new(show(&said)) }),
        fact(&fork, 2, 12, Event::MessageEnd { message: Box::new(call) }),
    ];
    store.commit(ops).await.unwrap();
    let there = |id: &octo_proto::id::AttachmentId| {
        let (store, id) = (store.clone(), id.clone());
        async move { store.attachment(&id, 0, 1).await.unwrap().is_some() }
    };
    store.commit(vec![Op::DeleteSession(stranger)]).await.unwrap();
    assert!(there(&said).await && there(&waits).await && there(&unused).await);
    store.next_epoch().await.unwrap();
    assert!(!there(&unused).await, "what was put long ago and never used goes");
    store.commit(vec![Op::DeleteSession(id)]).await.unwrap();
    assert!(!there(&waits).await);
    assert!(there(&said).await && there(&cut[0].id).await, "the fork has them");
    store.commit(vec![Op::DeleteSession(fork)]).await.unwrap();
    assert!(!there(&said).await && !there(&cut[0].id).await);
}

proptest! {
    #[test]
    fn a_cut_text_and_its_attachment_are_the_text(word in "[aé€𝄞]{1,9}", times in 1_usize..20_000) {
        let long = word.repeat(times);
        let (short, attachments) = elide(message("m", 0, Role::Assistant, vec![PartKind::Thinking { text: long.clone() }]));
        let PartKind::Thinking { text } = &short.parts[0].kind else { panic!("thinking") };
        if long.len() <= 64 * 1024 {
            prop_assert_eq!((text, attachments.len(), short.parts[0].elided_bytes), (&long, 0, None));
        } else {
            prop_assert!(long.starts_with(text.as_str()) && text.len() <= 16 * 1024 && text.len() > 16 * 1024 - 4);
            prop_assert_eq!(&attachments[0].bytes, long.as_bytes());
            prop_assert_eq!(short.parts[0].elided_bytes, Some((long.len() - text.len()) as u64));
            prop_assert_eq!(short.parts[0].attachment_id.as_ref(), Some(&attachments[0].id));
        }
        // Cut once is cut for good.
        prop_assert_eq!(elide(short.clone()), (short, Vec::new()));
    }
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
    let image = Source::Base64 { base64: "AAAA".repeat(32_768), mime_type: "image/png".to_owned() };
    let (short, attachments) = elide(message("m", 0, Role::User, vec![PartKind::Image { source: image, alt: None }]));
    let PartKind::Image { source: Source::Attachment { attachment_id, .. }, .. } = &short.parts[0].kind else {
        panic!("an attachment")
    };
    assert_eq!((attachment_id, attachments[0].bytes.len()), (&attachments[0].id, 3 * 32_768));
}

/// Opens a file that is to be refused, and shows that it is as it was.
fn refused(path: &std::path::Path) -> StoreError {
    let before = std::fs::read(path).unwrap();
    let error = Store::open(path).unwrap_err();
    assert!(std::fs::read(path).unwrap() == before, "{} was changed", path.display());
    error
}

#[tokio::test]
async fn what_is_no_history_of_ours_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("text.db");
    std::fs::write(&text, b"this is no database, but it is somebody's").unwrap();
    let error = refused(&text).to_error();
    assert!(error.hint.unwrap().contains(&format!("mv {0} {0}.damaged", text.display())));
    let foreign = dir.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(refused(&foreign), StoreError::Corrupt { .. }));
    let newer = dir.path().join("newer.db");
    let store = Store::open(&newer).unwrap();
    store.close().await;
    let db = rusqlite::Connection::open(&newer).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    // As a crash leaves it: the change is in the log, and stays there.
    let crashed = dir.path().join("crashed.db");
    for end in ["", "-wal"] {
        std::fs::copy(format!("{}{end}", newer.display()), format!("{}{end}", crashed.display())).unwrap();
    }
    drop(db);
    for path in [newer, crashed] {
        assert!(matches!(refused(&path), StoreError::Newer { found: 99, .. }), "{}", path.display());
    }
}

#[tokio::test]
async fn a_damaged_page_is_found_at_the_start_and_left_alone() {
    let (dir, store, id) = store().await;
    let said = |at: u64| {
        let said = message(&format!("msg_{at}"), at, Role::User, vec![text(&"word ".repeat(500))]);
        fact(&id, at + 1, at, Event::MessageEnd { message: Box::new(said) })
    };
    store.commit((0..100).map(said).collect()).await.unwrap();
    store.close().await;
    let path = dir.path().join("hstry.db");
    assert!(!dir.path().join("hstry.db-wal").exists(), "the writer closes last");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    std::fs::write(&path, &bytes).unwrap();
    assert!(matches!(refused(&path), StoreError::Corrupt { .. }));
}

#[tokio::test]
async fn a_history_of_the_first_schema_is_read_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hstry.db");
    let packed = &include_bytes!("../../tests/fixtures/hstry/v1.db.gz")[..];
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let store = Store::open(&path).unwrap();
    let id = SessionId::from("ses_01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let sessions = store.sessions().await.unwrap();
    let stored = StoredSession { row: SessionRow { facts: 3, unread: 1, ..row(&id) }, messages: 2 };
    assert_eq!(sessions, [stored]);
    let facts = store.facts_after(&id, 0, 10).await.unwrap();
    let Event::MessageEnd { message } = &facts[1].event else { panic!("a message") };
    assert!(matches!(&message.parts[1].kind, PartKind::ToolCall { status: ToolStatus::Success, .. }));
    let whole = store.attachment(message.parts[0].attachment_id.as_ref().unwrap(), 0, 100_000).await.unwrap().unwrap();
    assert_eq!(&whole.bytes[..], "é".repeat(40_000).as_bytes());
    let checkpoint = store.checkpoint(&ProcessId::from("prc_1")).await.unwrap().unwrap();
    assert_eq!((checkpoint.resume_offset, checkpoint.turn_state.as_slice()), (7, &b"t"[..]));
    assert_eq!(store.open_accepted(&id).await.unwrap()[0].body, b"command");
    assert!(store.is_deleted(&SessionId::from("ses_01ARZ3NDEKTSV4RRFFQ69G5FAZ")).await.unwrap());
    // The first schema did not know whose an uploaded picture was.
    assert_eq!(store.next_epoch().await.unwrap(), 2);
    let picture = Attachment::new(b"picture".to_vec(), "image/png");
    assert!(store.attachment(&picture.id, 0, 9).await.unwrap().is_some());
    store.commit(vec![Op::DeleteSession(id)]).await.unwrap();
    assert!(store.attachment(&picture.id, 0, 9).await.unwrap().is_none());
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
