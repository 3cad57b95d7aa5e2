//! The connection to the runner: waiting for it, losing it, finding it again, and back-pressure.

use serde_json::{Value, json};

use crate::world::{World, code};

fn list(id: &str) -> Value {
    json!({"channel": "agent", "id": id, "body": {"cmd": "session.list"}})
}

#[tokio::test]
async fn a_first_request_waits_for_the_runner() {
    let world = World::start().await;
    let mut client = world.client().await;
    client.hello().await;
    client.lines.send(&list("1")).await;
    let runner = world.runner();
    let mut side = runner.accept().await;
    assert_eq!(side.answer(json!({"n": 1})).await["id"], "1");
    assert_eq!(client.lines.expect().await["ok"]["n"], 1);
    world.stopped().await;
}

#[tokio::test]
async fn a_lost_runner_is_told_and_nothing_is_sent_twice() {
    let world = World::start().await;
    let runner = world.runner();
    let (mut client, mut side) = world.pair(&runner).await;
    for id in ["1", "2", "3"] {
        client.lines.send(&list(id)).await;
        side.lines.expect().await;
    }
    drop((side, runner));

    let lost = client.lines.expect().await;
    assert_eq!((&lost["channel"], &lost["body"]["event"]), (&json!("system"), &json!("runner.lost")));
    let mut refused = Vec::new();
    for _ in 0..3 {
        let reply = client.lines.expect().await;
        assert_eq!(code(&reply), "unavailable");
        assert!(reply["error"]["hint"].as_str().unwrap().contains("may have taken effect"));
        refused.push(reply["id"].as_str().unwrap().to_owned());
    }
    refused.sort();
    assert_eq!(refused, ["1", "2", "3"]);

    client.lines.send(&list("4")).await;
    let reply = client.lines.expect().await;
    assert_eq!(code(&reply), "unavailable");
    assert!(reply["error"]["retry_after_ms"].as_u64().unwrap() >= 1);
    // octod itself still answers.
    let runners = client.ask("system", "5", json!({"cmd": "runners"})).await;
    assert_eq!(runners["ok"]["runners"][0]["state"], "lost");

    let runner = world.runner();
    let mut side = runner.accept().await;
    assert_eq!(client.lines.expect().await["body"]["event"], "runner.ready");
    // The same id again is the client's to send, and the first thing that the new runner gets.
    client.lines.send(&list("2")).await;
    assert_eq!(side.answer(json!({})).await["id"], "2");
    assert_eq!(client.lines.expect().await["id"], "2");
    world.stopped().await;
}

#[tokio::test]
async fn a_runner_of_another_protocol_is_unavailable() {
    let world = World::start().await;
    let runner = world.runner();
    let mut client = world.client().await;
    client.hello().await;
    client.lines.send(&list("1")).await;
    let answer = async {
        loop {
            let mut lines = runner.accept_mute().await;
            let hello = lines.expect().await;
            let body = json!({"protocol": [8, 9], "name": "octo-runner", "version": "9"});
            lines.send(&json!({"channel": "system", "id": hello["id"], "ok": body})).await;
        }
    };
    let seen = async { (client.lines.expect().await, client.lines.expect().await) };
    let (lost, reply) = tokio::select! { seen = seen => seen, () = answer => unreachable!() };
    assert_eq!(lost["body"]["event"], "runner.lost");
    assert_eq!(code(&reply), "unavailable");
    assert!(reply["error"]["message"].as_str().unwrap().contains("protocol 8 to 9"), "{reply}");
    world.stopped().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_its_runner_only() {
    let world = World::start().await;
    let runner = world.runner();
    let (mut client, mut side) = world.pair(&runner).await;
    let (mut other, mut other_side) = world.pair(&runner).await;
    let text = "x".repeat(16_000);
    let line = format!(
        "{}\n",
        json!({"channel": "agent", "session_id": "ses_1", "cursor": "1.2.3", "ts": 5, "body": {"event": "notify", "text": text}})
    );
    // What the kernel holds for the runner's own socket, and next to nothing behind it.
    let taken = side.lines.fill(line.as_bytes()).await;
    assert!(taken < 320 << 10, "octod took {taken} bytes for a client that does not read");

    // Requests of the same client still pass, and other clients notice nothing.
    client.lines.send(&list("1")).await;
    assert_eq!(side.lines.expect().await["id"], "1");
    other.lines.send(&list("1")).await;
    assert_eq!(other_side.answer(json!({})).await["id"], "1");
    other.lines.expect().await;

    // Reading again, everything is there.
    for _ in 0..taken / line.len() {
        assert_eq!(client.lines.expect().await["body"]["text"], text.as_str());
    }
    world.stopped().await;
}

#[tokio::test]
async fn a_runner_that_does_not_read_holds_up_its_client_only() {
    let world = World::start().await;
    let runner = world.runner();
    let (mut client, mut side) = world.pair(&runner).await;
    // One frame with a megabyte behind it is more than the kernel holds.
    let line =
        format!("{}\n", json!({"channel": "agent", "id": "1", "bytes": 1 << 20, "body": {"cmd": "attachment.put"}}));
    client.lines.send_raw(line.as_bytes()).await;
    client.lines.send_raw(&vec![7; 1 << 20]).await;
    let taken = client.lines.fill(format!("{}\n", list("2")).as_bytes()).await;
    assert!(taken < 1 << 20, "octod took {taken} bytes for a runner that does not read");
    // What the runner tells passes meanwhile.
    side.event(json!({"event": "agent.ready"})).await;
    assert_eq!(client.lines.expect().await["body"]["event"], "agent.ready");
    assert_eq!(side.lines.expect().await["id"], "1");
    assert_eq!(side.lines.bytes(1 << 20).await, vec![7; 1 << 20]);
    world.stopped().await;
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_runner_connection_with_it() {
    let world = World::start().await;
    let runner = world.runner();
    let (client, mut side) = world.pair(&runner).await;
    drop(client);
    assert_eq!(side.lines.next().await, None);
    world.stopped().await;
}
