//! Terminals of a real runner, with real shells: they outlive it, and nobody waits for anybody.

mod bad_input;
mod flood;
mod pane;
mod past;
mod screen;
mod sharing;
mod survival;
mod trouble;

use octo_proto::{client::Client, id::TerminalId, terminal::TerminalReply};
use serde_json::{Value, json};

use super::household::World;

/// Opens a terminal that runs this.
async fn open(client: &Client, command: &[&str]) -> TerminalId {
    let body = json!({ "cmd": "open", "command": command, "cwd": "/", "cols": 80, "rows": 24 });
    let reply: TerminalReply = client.ask("terminal", None, &body).await.unwrap();
    reply.terminal.terminal_id
}

async fn close(client: &Client, id: &TerminalId) {
    client.ask::<Value>("terminal", None, &json!({ "cmd": "close", "terminal_id": id })).await.unwrap();
}

#[tokio::test]
async fn a_shell_is_opened_typed_into_shown_listed_waited_for_and_closed() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-i"]).await;
    let mut pane = pane::Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.types("echo $((40+2))-$TERM; tty; stty size\r").await;
    pane.until("42-xterm-256color").await;
    pane.until("24 80").await;
    let list: Value = client.ask("terminal", None, &json!({ "cmd": "list" })).await.unwrap();
    assert_eq!(
        (&list["terminals"][0]["state"]["state"], &list["terminals"][0]["clients"]),
        (&json!("running"), &json!(1))
    );
    let waiting = json!({ "cmd": "wait", "terminal_id": id, "timeout_ms": 20 });
    let late = client.ask::<Value>("terminal", None, &waiting).await.unwrap_err();
    assert_eq!(late.code, octo_proto::Code::Timeout);
    let waiting = json!({ "cmd": "wait", "terminal_id": id });
    let (ended, ()) = tokio::join!(client.ask::<Value>("terminal", None, &waiting), pane.types("exit 3\r"));
    assert_eq!(ended.unwrap()["terminal"]["state"], json!({ "state": "exited", "code": 3 }));
    pane.until_exited().await;
    // What it showed is shown to who comes later too.
    let (other, events) = world.connect().await;
    let mut later = pane::Pane::attach(other, events, &id, 80, false).await;
    later.until_exited().await;
    assert!(later.text().contains("42-xterm-256color"));
    close(&client, &id).await;
    let list: Value = client.ask("terminal", None, &json!({ "cmd": "list" })).await.unwrap();
    assert_eq!(list["terminals"], json!([]));
    assert!(!world.dir.path().join("state/processes").join(id.as_str()).exists());
}

#[tokio::test]
async fn a_session_owns_its_terminals() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let session = world.session(&client).await;
    let body = json!({ "cmd": "open", "command": ["sh", "-c", "echo $OCTO_SESSION_ID in $PWD; cat"], "cols": 300, "rows": 24 });
    let reply: TerminalReply = client.ask("terminal", Some(&session), &body).await.unwrap();
    assert_eq!(reply.terminal.session_id.as_ref(), Some(&session));
    let id = reply.terminal.terminal_id;
    let mut pane = pane::Pane::attach(client.clone(), events, &id, 300, true).await;
    pane.until(&format!("{session} in {}", world.work().display())).await;
    let other = open(&client, &["cat"]).await;
    let of = async |about| {
        let list: Value = client.ask("terminal", about, &json!({ "cmd": "list" })).await.unwrap();
        list["terminals"].as_array().unwrap().len()
    };
    assert_eq!((of(Some(&session)).await, of(None).await), (1, 2));
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "session.delete" })).await.unwrap();
    assert_eq!(of(None).await, 1, "what a deleted session owned is closed");
    close(&client, &other).await;
}

#[tokio::test]
async fn the_same_request_opens_one_terminal() {
    let mut world = World::new();
    let body = json!({ "cmd": "open", "command": ["cat"], "cwd": "/", "cols": 80, "rows": 24 });
    let request = octo_proto::frame::Request::new("terminal", octo_proto::id::RequestId::draw().0, &body).unwrap();
    let mut ids = Vec::new();
    for _ in 0..2 {
        for _ in 0..2 {
            let (client, _events) = world.connect().await;
            let reply = client.request(request.clone()).await.unwrap();
            ids.push(octo_proto::client::parse_reply::<TerminalReply>(&reply).unwrap().terminal.terminal_id);
        }
        world.kill();
        world.start();
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let (client, _events) = world.connect().await;
    close(&client, &ids[0]).await;
}
