//! Frames through octod: hello, what is carried, what is refused.

use octo_proto::access::VERBS;
use serde_json::json;

use crate::world::{World, code, hello, soon};

#[tokio::test]
async fn a_request_and_its_answer_pass_with_their_bytes() {
    let world = World::start().await;
    let runner = world.runner();
    let (mut client, mut side) = world.pair(&runner).await;
    assert_eq!(side.hello["body"]["name"], "octod");
    assert_eq!(side.hello["body"]["caller"]["right"], "control");
    assert!(!side.hello["body"]["caller"]["account"].as_str().unwrap().is_empty());

    let raw = b"{\"x-unknown\":1,\"channel\":\"agent\",\"id\":\"1\",\"session_id\":\"ses_1\",\"runner_id\":\"local\",\"bytes\":4,\"body\":{\"cmd\":\"new.verb\",  \"n\":1.0e2}}\na\nb\0";
    client.lines.send_raw(raw).await;
    let request = side.lines.expect().await;
    assert_eq!(
        request,
        json!({"channel": "agent", "id": "1", "session_id": "ses_1", "bytes": 4, "body": {"cmd": "new.verb", "n": 100.0}})
    );
    assert_eq!(side.lines.bytes(4).await, b"a\nb\0");

    side.lines.send_raw(b"{\"channel\":\"agent\",\"id\":\"1\",\"bytes\":2,\"ok\":{\"x\": 1}}\nhi").await;
    assert_eq!(client.lines.expect().await, json!({"channel": "agent", "id": "1", "bytes": 2, "ok": {"x": 1}}));
    assert_eq!(client.lines.bytes(2).await, b"hi");

    side.event(json!({"event": "agent.ready"})).await;
    let event = client.lines.expect().await;
    assert_eq!(event["runner_id"], "local");
    assert_eq!((&event["cursor"], &event["body"]["event"]), (&json!("1.2.3"), &json!("agent.ready")));

    side.lines.send_raw(b"{\"channel\":\"terminal\",\"terminal_id\":\"t\",\"offset\":7,\"bytes\":1}\nx").await;
    assert_eq!(client.lines.expect().await["offset"], 7);
    assert_eq!(client.lines.bytes(1).await, b"x");
    world.stopped().await;
}

#[tokio::test]
async fn every_known_verb_of_the_runner_is_carried() {
    let world = World::start().await;
    let runner = world.runner();
    let (mut client, mut side) = world.pair(&runner).await;
    for (number, (channel, cmd, _)) in VERBS.iter().filter(|(channel, ..)| *channel != "system").enumerate() {
        let id = number.to_string();
        client.lines.send(&json!({"channel": channel, "id": id, "body": {"cmd": cmd}})).await;
        let seen = side.answer(json!({})).await;
        assert_eq!((&seen["channel"], &seen["body"]["cmd"]), (&json!(channel), &json!(cmd)));
        assert_eq!(client.lines.expect().await["id"], json!(id));
    }
    for (_, cmd, _) in VERBS.iter().filter(|(channel, cmd, _)| *channel == "system" && *cmd != "hello") {
        let reply = client.ask("system", cmd, json!({"cmd": cmd})).await;
        assert!(reply["ok"].is_object(), "{reply}");
    }
    world.stopped().await;
}

#[tokio::test]
async fn octod_answers_for_itself() {
    let world = World::start().await;
    let runner = world.runner();
    let (mut client, mut side) = world.pair(&runner).await;
    // An answer from the runner shows that the link is up.
    client.lines.send(&json!({"channel": "agent", "id": "1", "body": {"cmd": "session.list"}})).await;
    side.answer(json!({})).await;
    client.lines.expect().await;
    let whoami = client.ask("system", "2", json!({"cmd": "whoami"})).await;
    assert_eq!(whoami["ok"], side.hello["body"]["caller"]);
    let runners = client.ask("system", "3", json!({"cmd": "runners"})).await;
    assert_eq!(runners["ok"]["runners"], json!([{"id": "local", "state": "up"}]));
    assert!(client.ask("system", "4", json!({"cmd": "ping"})).await["ok"]["ts"].as_i64().unwrap() > 0);
    assert_eq!(code(&client.ask("system", "5", json!({"cmd": "hello"})).await), "bad_request");
    assert_eq!(code(&client.ask("system", "6", json!({"cmd": "nothing"})).await), "bad_request");
    world.stopped().await;
}

#[tokio::test]
async fn hello_comes_first() {
    let world = World::start().await;
    let mut client = world.client().await;
    assert_eq!(code(&client.ask("agent", "1", json!({"cmd": "session.list"})).await), "bad_request");
    assert_eq!(code(&client.ask("system", "2", json!({"cmd": "ping"})).await), "bad_request");
    client.lines.send_raw(b"nonsense\n").await;
    assert_eq!(code(&client.lines.expect().await), "bad_request");
    client.hello().await;
    assert!(client.ask("system", "3", json!({"cmd": "ping"})).await["ok"].is_object());

    let mut other = world.client().await;
    let mut newer = hello();
    newer["body"]["protocol"] = json!([7, 9]);
    other.lines.send(&newer).await;
    let reply = other.lines.expect().await;
    assert_eq!((code(&reply), reply["id"].as_str()), ("unsupported", Some("h")));
    assert_eq!(other.lines.next().await, None);

    let mut broken = world.client().await;
    broken.lines.send(&json!({"channel": "system", "id": "h", "body": {"cmd": "hello", "protocol": "new"}})).await;
    assert_eq!(code(&broken.lines.expect().await), "bad_request");
    assert_eq!(broken.lines.next().await, None);
    world.stopped().await;
}

#[tokio::test]
async fn who_says_no_hello_is_let_go() {
    let world = World::start().await;
    let mut client = world.client().await;
    let last = client.lines.expect().await;
    assert_eq!(code(&last), "timeout");
    assert_eq!(client.lines.next().await, None);
    world.stopped().await;
}

#[tokio::test]
async fn what_is_no_frame_is_answered_and_too_much_of_it_ends_the_connection() {
    let world = World::start().await;
    let runner = world.runner();
    let (mut client, mut side) = world.pair(&runner).await;
    for (line, id) in [
        ("{\"channel\":\"agent\",\"id\":\"a\",\"id\":\"b\",\"body\":{}}\n", "b"),
        ("{\"channel\":\"agent\",\"id\":\"c\"}\n", "c"),
        ("{\"channel\":\"agent\",\"id\":\"d\",\"body\":{\"no\":\"cmd\"}}\n", "d"),
        ("{\"channel\":\"agent\",\"id\":\"e\",\"body\":{\r\"cmd\":\"watch\"}}\n", "e"),
        ("{\"channel\":\"agent\",\"id\":\"\",\"body\":{\"cmd\":\"watch\"}}\n", ""),
        ("{\"channel\":\"agent\",\"id\":\"f\",\"ok\":{}}\n", ""),
        ("{\"channel\":\"agent\",\"cursor\":\"1.1.1\",\"body\":{}}\n", ""),
    ] {
        client.lines.send_raw(line.as_bytes()).await;
        let reply = client.lines.expect().await;
        assert_eq!((code(&reply), reply["id"].as_str()), ("bad_request", Some(id)), "{line}");
    }
    let foreign = json!({"channel": "agent", "id": "g", "runner_id": "bob", "body": {"cmd": "session.list"}});
    client.lines.send(&foreign).await;
    assert_eq!(code(&client.lines.expect().await), "not_found");

    // Fifteen are answered; a good one between them begins the count anew.
    for _ in 0..15 {
        client.lines.send_raw(b"null\n").await;
        assert_eq!(code(&client.lines.expect().await), "bad_request");
    }
    client.lines.send(&json!({"channel": "agent", "id": "1", "body": {"cmd": "session.list"}})).await;
    assert_eq!(side.answer(json!({})).await["id"], "1");
    client.lines.expect().await;
    let mut answers = 0;
    client.lines.send_raw(&b"null\n".repeat(16)).await;
    while let Some(reply) = client.lines.next().await {
        assert_eq!(code(&reply), "bad_request");
        answers += 1;
    }
    assert_eq!(answers, 16);
    assert_eq!(side.lines.next().await, None, "the runner's side ends with the client's");
    world.stopped().await;
}

#[tokio::test]
async fn a_line_that_is_too_long_ends_the_connection_with_an_error() {
    let world = World::start().await;
    let mut client = world.client().await;
    client.hello().await;
    client.lines.send_raw(&vec![b' '; octo_proto::frame::MAX_LINE]).await;
    assert_eq!(code(&client.lines.expect().await), "too_large");
    assert_eq!(client.lines.next().await, None);

    let mut client = world.client().await;
    client.hello().await;
    client.lines.send(&json!({"channel": "agent", "id": "1", "bytes": 1_u64 << 40, "body": {"cmd": "x"}})).await;
    let reply = client.lines.expect().await;
    assert_eq!((code(&reply), reply["id"].as_str()), ("too_large", Some("1")));
    world.stopped().await;
}

#[tokio::test]
async fn an_id_is_open_once_on_a_connection() {
    let world = World::start().await;
    let runner = world.runner();
    let (mut client, mut side) = world.pair(&runner).await;
    let request = json!({"channel": "agent", "id": "1", "body": {"cmd": "session.list"}});
    client.lines.send(&request).await;
    let first = side.lines.expect().await;
    client.lines.send(&request).await;
    assert_eq!(code(&client.lines.expect().await), "bad_request");
    side.lines.send(&json!({"channel": "agent", "id": first["id"], "ok": {}})).await;
    assert!(client.lines.expect().await["ok"].is_object());
    client.lines.send(&request).await;
    assert_eq!(side.answer(json!({})).await["id"], "1");
    client.lines.expect().await;
    // An answer that nobody asked for goes nowhere.
    side.lines.send(&json!({"channel": "agent", "id": "stray", "ok": {}})).await;
    assert!(client.ask("system", "2", json!({"cmd": "ping"})).await["ok"].is_object());
    world.stopped().await;
}

#[tokio::test]
async fn too_many_requests_are_refused_with_when_to_come_back() {
    let world = World::start().await;
    let mut client = world.client().await;
    client.hello().await;
    let ping = |id: usize| format!("{}\n", json!({"channel": "system", "id": id.to_string(), "body": {"cmd": "ping"}}));
    let mut limited = None;
    for round in 0..100 {
        let many: String = (0..100).map(|number| ping(round * 100 + number)).collect();
        client.lines.send_raw(many.as_bytes()).await;
        for _ in 0..100 {
            let reply = client.lines.expect().await;
            if !reply["error"].is_null() {
                limited = Some(reply);
            }
        }
        if limited.is_some() {
            break;
        }
    }
    let limited = limited.expect("ten thousand pings are too many");
    assert_eq!(code(&limited), "rate_limited");
    assert!(limited["error"]["retry_after_ms"].as_u64().unwrap() >= 1);
    world.stopped().await;
}

#[tokio::test]
async fn a_stopping_octod_says_so() {
    let world = World::start().await;
    let mut client = world.client().await;
    client.hello().await;
    let mut silent = world.client().await;
    // Its answer shows that octod has accepted it.
    assert_eq!(code(&silent.ask("system", "1", json!({"cmd": "ping"})).await), "bad_request");
    world.stop();
    let notice = client.lines.expect().await;
    assert_eq!((&notice["channel"], &notice["body"]["event"]), (&json!("system"), &json!("notice")));
    assert_eq!(client.lines.next().await, None);
    assert_eq!(silent.lines.expect().await["body"]["event"], "notice");
    let socket = world.ready.socket.clone();
    world.stopped().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn the_socket_comes_back_when_its_folder_is_taken_away() {
    let world = World::start().await;
    let mut before = world.client().await;
    before.hello().await;
    std::fs::remove_dir_all(&world.paths.run).unwrap();
    soon(async {
        let mut interval = tokio::time::interval(std::time::Duration::from_millis(50));
        while tokio::net::UnixStream::connect(&world.ready.socket).await.is_err() {
            interval.tick().await;
        }
    })
    .await;
    world.client().await.hello().await;
    assert_eq!(world.token().len(), 43);
    assert!(before.ask("system", "1", json!({"cmd": "ping"})).await["ok"].is_object());
    world.stopped().await;
}
