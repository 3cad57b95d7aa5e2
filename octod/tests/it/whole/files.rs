//! Files through octod: bytes both ways, changes as they happen, and a runner that dies meanwhile.

use bytes::Bytes;
use octo_proto::{
    Event, PartKind, Role,
    client::{Events, Told, parse_reply},
    files::{FilePiece, FilesEvent},
    frame::Request,
    id::{RequestId, SessionId},
};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::house::{House, PATIENCE, Victim};

fn request(session: &SessionId, body: &Value) -> Request {
    Request::new("files", RequestId::draw().0, body).unwrap().about(session.clone())
}

async fn changed(events: &mut Events) -> Vec<String> {
    loop {
        let Some(Told::Event(frame)) = timeout(PATIENCE, events.recv()).await.unwrap() else { panic!("lost") };
        if let Ok(FilesEvent::Changed { paths, .. }) = serde_json::from_str(frame.body.get()) {
            return paths;
        }
    }
}

#[tokio::test]
async fn files_pass_with_their_bytes_and_changes_are_told() {
    let mut house = House::new();
    let session = house.session().await;
    let (client, mut events) = house.connect().await;
    client.request(request(&session, &json!({"cmd": "watch"}))).await.unwrap();
    let bytes = Bytes::from_iter((0..=255).cycle().take(1 << 20));
    let body = json!({"cmd": "write", "path": "film", "if_version": "absent"});
    let write = Request { bytes: bytes.clone(), ..request(&session, &body) };
    let first = house.insist(&write).await;
    assert_eq!(std::fs::read(house.work().join("film")).unwrap(), bytes);
    assert_eq!(changed(&mut events).await, ["film"]);

    house.kill(Victim::Runner).await;
    assert_eq!(house.insist(&write).await, first, "the answer of a write outlives its runner");
    let (client, _events) = house.connect().await;
    let body = json!({"cmd": "read", "path": "film", "offset": 1000, "if_version": first["version"]});
    let reply = client.request(request(&session, &body)).await.unwrap();
    assert_eq!(reply.bytes, bytes.slice(1000..1000 + 192 * 1024));
    let piece: FilePiece = parse_reply(&reply).unwrap();
    assert_eq!((piece.size, piece.binary), (1 << 20, true));
}

#[tokio::test]
async fn files_that_a_prompt_mentions_are_parts_of_it_and_pi_gets_their_lines() {
    let house = House::new();
    std::fs::create_dir(house.work().join("src")).unwrap();
    std::fs::write(house.work().join("src/a.rs"), "one\ntwo\nthree\n").unwrap();
    std::fs::write(house.home().join("outside"), "secret\n").unwrap();
    let session = house.session().await;
    let (client, mut events) = house.connect().await;
    drop(client.ask::<Value>("agent", Some(&session), &json!({"cmd": "watch"})).await.unwrap());
    let files = json!([{"path": "src/a.rs", "range": [2, 9]}, {"path": "src"}, {"path": "../outside", "range": [1, 1]},
        {"path": "work"}]);
    let message = "see @src/a.rs:2-9, @src, @../outside:1 and ann@work";
    let body = json!({"cmd": "prompt", "message": message, "files": files});
    let prompt = Request::new("agent", RequestId::draw().0, &body).unwrap().about(session.clone());
    client.request(prompt.clone()).await.unwrap().result.unwrap();
    let mut said = None;
    loop {
        let Some(Told::Event(frame)) = timeout(PATIENCE, events.recv()).await.unwrap() else { panic!("lost") };
        match serde_json::from_str(frame.body.get()).unwrap() {
            Event::MessageEnd { message } if message.role == Role::User => said = Some(message),
            Event::PromptEnded { .. } => break,
            _ => {}
        }
    }
    let refer = |uri: &str, range, quote: Option<&str>| PartKind::FileRef {
        uri: uri.to_owned(),
        label: None,
        range,
        quote: quote.map(str::to_owned),
    };
    let kinds: Vec<PartKind> = said.unwrap().parts.into_iter().skip(1).map(|part| part.kind).collect();
    assert_eq!(kinds, [refer("src/a.rs", Some([2, 9]), Some("two\nthree")), refer("src", None, None)]);
    let written = house.written_by_pi();
    assert!(written.contains("@src/a.rs:2-9\\n```\\ntwo\\nthree\\n```"), "{written}");
    assert!(!written.contains("secret"), "{written}");

    let body = json!({"cmd": "prompt", "message": "x", "files": [{"path": "src/a.rs", "range": [3, 2]}]});
    let wrong = Request::new("agent", RequestId::draw().0, &body).unwrap().about(session);
    let refused = client.request(wrong).await.unwrap_err();
    assert!(refused.message.contains("range"), "{refused}");
}
