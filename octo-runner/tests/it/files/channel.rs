//! Channel `files` of a real runner, over its socket.

use bytes::Bytes;
use octo_proto::{
    Code, Error,
    access::Right,
    client::{Client, Events, Told, parse_reply},
    files::{ChangesSource, FilePiece, FilesEvent},
    frame::{Reply, Request},
    hello::{Caller, Hello},
    id::{RequestId, SessionId},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::code;
use crate::{
    household::{Watcher, World, ends, prompt},
    world::within,
};

fn request(session: &SessionId, body: &Value) -> Request {
    Request::new("files", RequestId::draw().0, body).unwrap().about(session.clone())
}

async fn ask(client: &Client, session: &SessionId, body: Value) -> Result<Value, Error> {
    within("a reply", client.ask("files", Some(session), &body)).await
}

/// The next event of channel `files`.
async fn told(events: &mut Events) -> FilesEvent {
    loop {
        let Some(Told::Event(frame)) = within("an event", events.recv()).await else {
            panic!("the connection is lost")
        };
        if frame.channel == "files" {
            return serde_json::from_str(frame.body.get()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_client_looks_writes_and_reads() {
    let world = World::new();
    let (client, _events) = world.connect().await;
    let session = world.session(&client).await;
    let ok = |body: Value| async { ask(&client, &session, body).await.unwrap() };

    ok(json!({"cmd": "mkdir", "path": "src/deep", "parents": true})).await;
    let body = json!({"cmd": "write", "path": "src/main.rs", "if_version": "absent"});
    let write = Request { bytes: Bytes::from_static(b"fn main() {}\n\0"), ..request(&session, &body) };
    let first = client.request(write.clone()).await.unwrap();
    let again = client.request(write.clone()).await.unwrap();
    assert_eq!(again.result.unwrap().get(), first.result.unwrap().get(), "a repeat has no second effect");
    let other = Request { bytes: Bytes::from_static(b"other"), ..write };
    assert_eq!(code(client.request(other).await), Code::Conflict);

    let read = request(&session, &json!({"cmd": "read", "path": "src/main.rs", "offset": 3, "limit": 4}));
    let reply: Reply = client.request(read).await.unwrap();
    let piece: FilePiece = parse_reply(&reply).unwrap();
    assert_eq!((reply.bytes.as_ref(), piece.size, piece.binary), (b"main".as_slice(), 14, true));
    let stale = json!({"cmd": "write", "path": "src/main.rs", "if_version": "0.0.0"});
    assert_eq!(code(ask(&client, &session, stale).await), Code::Conflict);

    let tree = ok(json!({"cmd": "tree", "depth": 3})).await;
    let paths: Vec<_> =
        tree["entries"].as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["src", "src/deep", "src/main.rs"]);
    ok(json!({"cmd": "copy", "path": "src", "to": "copy"})).await;
    ok(json!({"cmd": "rename", "path": "copy", "to": "moved"})).await;
    ok(json!({"cmd": "delete", "path": "src", "recursive": true})).await;
    assert_eq!(ok(json!({"cmd": "list"})).await["entries"].as_array().unwrap().len(), 1);
    assert_eq!(ok(json!({"cmd": "stat", "path": "moved/main.rs"})).await["entry"]["size"], 14);
}

#[tokio::test]
async fn a_client_stages_a_hunk_once() {
    let world = World::new();
    let (client, _events) = world.connect().await;
    let session = world.session(&client).await;
    let work = world.work();
    super::changes::git(&work, &["init", "--quiet"]);
    std::fs::write(work.join("a.txt"), "one\ntwo\n").unwrap();
    super::changes::git(&work, &["add", "a.txt"]);
    std::fs::write(work.join("a.txt"), "one\n2\n").unwrap();
    let body = json!({"cmd": "changes", "diff": true});
    let changes = ask(&client, &session, body.clone()).await.unwrap();
    let diff = changes["files"][0]["unstaged_diff"].as_str().unwrap();
    let hunk = diff[diff.find("@@ ").unwrap()..].to_owned();

    let stage = request(&session, &json!({"cmd": "apply", "path": "a.txt", "action": "stage"}));
    let stage = Request { bytes: Bytes::from(hunk), ..stage };
    for _ in 0..2 {
        assert_eq!(client.request(stage.clone()).await.unwrap().result.unwrap().get(), "{}", "a repeat is no conflict");
    }
    let again = Request { id: RequestId::draw().0, ..stage };
    assert_eq!(code(client.request(again).await), Code::Conflict);
    assert_eq!(ask(&client, &session, body).await.unwrap()["files"][0]["unstaged"], Value::Null);
    let revert = json!({"cmd": "apply", "path": "../a.txt", "action": "revert"});
    assert_eq!(code(ask(&client, &session, revert).await), Code::BadRequest);
}

#[tokio::test]
async fn a_large_file_comes_in_pieces_over_two_connections() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let session = world.session(&client).await;
    let film: Vec<u8> = (0..2_500_000_u32).map(|number| (number % 251) as u8).collect();
    let upload = RequestId::draw();
    let sha256 = Sha256::digest(&film).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let piece = |offset: usize, bytes: &[u8], sha256: Option<&str>| {
        let body = json!({"cmd": "write", "path": "film", "upload": upload, "offset": offset, "sha256": sha256});
        Request { bytes: Bytes::copy_from_slice(bytes), ..request(&session, &body) }
    };
    client.request(piece(0, &film[..1_000_000], None)).await.unwrap();
    drop((client, events));
    let (client, _events) = world.connect().await;
    client.request(piece(1_000_000, &film[1_000_000..2_000_000], None)).await.unwrap();
    assert!(!world.work().join("film").exists());
    client.request(piece(2_000_000, &film[2_000_000..], Some(&sha256))).await.unwrap();
    assert!(std::fs::read(world.work().join("film")).unwrap() == film);
}

#[tokio::test]
async fn searches_tell_and_end_when_they_are_cancelled() {
    let world = World::new();
    for number in 0..3000 {
        let line = format!("find this needle{}\n", " ".repeat(500));
        std::fs::write(world.work().join(format!("note{number}.md")), line.repeat(20)).unwrap();
    }
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let search = request(&session, &json!({"cmd": "search", "query": "note2999"}));
    let id = search.id.clone();
    let found: Value = parse_reply(&client.request(search).await.unwrap()).unwrap();
    assert_eq!((found["files"][0]["path"].as_str(), found["scanned"].as_u64()), (Some("note2999.md"), Some(3000)));
    let FilesEvent::Found { request_id, found } = told(&mut events).await else { panic!("news of the search") };
    assert_eq!((request_id.0, found.scanned), (id, 1024));

    // Nobody takes the events in, so that the grep waits; what is cancelled ends without having seen all.
    let grep = request(&session, &json!({"cmd": "grep", "pattern": "needle", "limit": 10_000}));
    let id = grep.id.clone();
    let asking = {
        let client = client.clone();
        async move { client.request(grep).await }
    };
    let listening = async {
        loop {
            if let FilesEvent::Matched { request_id, lines, .. } = told(&mut events).await {
                assert_eq!((request_id.0.as_str(), lines.len(), lines[0].ranges[0]), (id.as_str(), 20, [10, 16]));
                ask(&client, &session, json!({"cmd": "cancel", "request_id": id})).await.unwrap();
                break;
            }
        }
        while events.recv().await.is_some() {}
    };
    let reply = tokio::select! {
        reply = within("the end of the grep", asking) => reply.unwrap(),
        () = listening => panic!("the connection is lost"),
    };
    let done: Value = parse_reply(&reply).unwrap();
    assert_eq!((&done["cancelled"], &done["truncated"]), (&json!(true), &json!(false)), "{done}");
    assert!(done["lines"].as_u64().unwrap() < 10_000);
}

#[tokio::test]
async fn a_watch_tells_what_an_agent_changes_and_changes_are_known_without_git() {
    let world = World::new();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    std::fs::write(world.work().join("a.txt"), "one\ntwo\n").unwrap();
    let mut watch = request(&session, &json!({"cmd": "watch"}));
    watch.id = "my watch".to_owned();
    let watching: Value = parse_reply(&client.request(watch.clone()).await.unwrap()).unwrap();
    assert_eq!(watching, json!({"directories": 1, "complete": true}));
    assert_eq!(code(client.request(watch).await), Code::BadRequest, "the id is taken");

    let watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let work = prompt(&session, "edit a.txt: two => 2");
    client.request(work.clone()).await.unwrap();
    let (mut paths, mut ended) = (Vec::new(), false);
    while !ended || !paths.contains(&"a.txt".to_owned()) {
        let Some(Told::Event(frame)) = within("an event", events.recv()).await else { panic!("lost") };
        match frame.channel.as_str() {
            "files" => {
                let FilesEvent::Changed { request_id, paths: more, .. } =
                    serde_json::from_str(frame.body.get()).unwrap()
                else {
                    panic!("{frame:?}")
                };
                assert_eq!(request_id.0, "my watch");
                paths.extend(more);
            }
            _ => ended |= ends(&serde_json::from_str(frame.body.get()).unwrap(), &work.id),
        }
    }
    assert_eq!(std::fs::read_to_string(world.work().join("a.txt")).unwrap(), "one\n2\n");
    let changes = ask(&client, &session, json!({"cmd": "changes", "diff": true})).await.unwrap();
    assert_eq!(changes["source"], json!(ChangesSource::Session));
    let file = &changes["files"][0];
    assert_eq!((file["path"].as_str(), file["unstaged"].as_str()), (Some("a.txt"), Some("modified")), "{changes}");
    assert!(file["unstaged_diff"].as_str().unwrap().contains("\n-two\n+2\n"), "{changes}");

    ask(&client, &session, json!({"cmd": "cancel", "request_id": "my watch"})).await.unwrap();
    let elsewhere = json!({"cmd": "changes", "root": world.dir.path().join("pi")});
    assert_eq!(client.ask::<Value>("files", None, &elsewhere).await.unwrap()["source"], "none");
}

#[tokio::test]
async fn what_is_wrong_is_told_and_who_may_not_is_refused() {
    let world = World::new();
    let (client, _events) = world.connect().await;
    let session = world.session(&client).await;
    for (body, expected) in [
        (json!({"cmd": "format"}), Code::BadRequest),
        (json!({"cmd": "read"}), Code::BadRequest),
        (json!({"cmd": "read", "path": "../config/env"}), Code::Forbidden),
        (json!({"cmd": "read", "path": world.dir.path().join("config/env")}), Code::Forbidden),
        (json!({"cmd": "read", "path": "none"}), Code::NotFound),
        (json!({"cmd": "read", "path": "a\\b"}), Code::BadRequest),
        (json!({"cmd": "tree", "root": "relative"}), Code::BadRequest),
        (json!({"cmd": "tree", "root": "/proc"}), Code::Unsupported),
        (json!({"cmd": "write", "path": "x", "offset": 7}), Code::BadRequest),
        (json!({"cmd": "grep", "pattern": "["}), Code::BadRequest),
        (json!({"cmd": "delete", "path": ""}), Code::BadRequest),
    ] {
        assert_eq!(code(ask(&client, &session, body.clone()).await), expected, "{body}");
    }
    let body = json!({"cmd": "mkdir", "path": "x"});
    let no_ulid = Request { id: "1".to_owned(), ..request(&session, &body) };
    assert_eq!(code(client.request(no_ulid).await), Code::BadRequest);
    assert_eq!(code(client.ask::<Value>("files", None, &json!({"cmd": "tree"})).await), Code::BadRequest);
    let nobody = SessionId("ses_none".to_owned());
    assert_eq!(code(ask(&client, &nobody, json!({"cmd": "tree"})).await), Code::NotFound);

    let as_reader = |right| {
        let caller = Caller { account: "guest".to_owned(), right };
        Hello { caller: Some(caller), ..Hello::request("test", "0") }
    };
    let (reader, _events) = Client::connect(&world.socket(), &as_reader(Right::Read)).await.unwrap();
    ask(&reader, &session, json!({"cmd": "tree"})).await.unwrap();
    for body in [
        json!({"cmd": "mkdir", "path": "x"}),
        json!({"cmd": "delete", "path": "x"}),
        json!({"cmd": "tree", "root": world.work()}),
    ] {
        assert_eq!(code(ask(&reader, &session, body.clone()).await), Code::Forbidden, "{body}");
    }
    let (writer, _events) = Client::connect(&world.socket(), &as_reader(Right::Write)).await.unwrap();
    ask(&writer, &session, json!({"cmd": "mkdir", "path": "x"})).await.unwrap();
    assert_eq!(code(ask(&writer, &session, json!({"cmd": "delete", "path": "x"})).await), Code::Forbidden);

    std::fs::remove_dir_all(world.work()).unwrap();
    assert_eq!(code(ask(&client, &session, json!({"cmd": "tree"})).await), Code::NotFound);
}
