//! What cannot be is refused with the reason, and harms nothing.

use octo_proto::{Code, terminal::TerminalReply};
use serde_json::{Value, json};

use super::{super::household::World, close, open, pane::Pane};

#[tokio::test]
async fn what_cannot_be_opened_is_told_why_and_leaves_nothing() {
    let world = World::new();
    let (client, _events) = world.connect().await;
    let refused = async |change: Value| {
        let mut body = json!({ "cmd": "open", "command": ["cat"], "cwd": "/", "cols": 80, "rows": 24 });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let error = client.ask::<TerminalReply>("terminal", None, &body).await.unwrap_err();
        assert!(error.hint.is_some() || error.message.len() > 20, "{error}");
        error.code
    };
    for size in [0, 1001, 10_000] {
        assert_eq!(refused(json!({ "cols": size })).await, Code::BadRequest);
    }
    assert_eq!(refused(json!({ "rows": 0 })).await, Code::BadRequest);
    assert_eq!(refused(json!({ "cols": 1_000_000 })).await, Code::BadRequest);
    assert_eq!(refused(json!({ "command": ["no-such-program"] })).await, Code::NotFound);
    assert_eq!(refused(json!({ "command": ["a\u{0}b"] })).await, Code::BadRequest);
    assert_eq!(refused(json!({ "command": [""] })).await, Code::BadRequest);
    assert_eq!(refused(json!({ "cwd": "/no/such/folder" })).await, Code::NotFound);
    assert_eq!(refused(json!({ "cwd": "relative" })).await, Code::BadRequest);
    let list: Value = client.ask("terminal", None, &json!({ "cmd": "list" })).await.unwrap();
    assert_eq!(list["terminals"], json!([]));
    let left = std::fs::read_dir(world.dir.path().join("state/processes")).unwrap().count();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_cannot_be_done_with_a_terminal_is_refused() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let asks = async |body: Value| client.ask::<Value>("terminal", None, &body).await;
    let attach = |id: &str, cols| json!({ "cmd": "attach", "terminal_id": id, "cols": cols, "rows": 24 });
    for cmd in ["attach", "input", "close", "wait"] {
        let mut body = attach("trm_0", 80);
        body["cmd"] = json!(cmd);
        assert_eq!(asks(body).await.unwrap_err().code, Code::NotFound, "{cmd}");
    }
    let id = open(&client, &["cat"]).await;
    assert_eq!(asks(attach(id.as_str(), 0)).await.unwrap_err().code, Code::BadRequest);
    assert_eq!(asks(json!({ "cmd": "take", "terminal_id": id })).await.unwrap_err().code, Code::BadRequest);
    assert_eq!(asks(json!({ "cmd": "explode" })).await.unwrap_err().code, Code::BadRequest);
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    let resize = json!({ "cmd": "resize", "terminal_id": id, "cols": 80, "rows": 1001 });
    assert_eq!(asks(resize).await.unwrap_err().code, Code::BadRequest);
    assert_eq!(pane.tries_to_type(&"x".repeat(65 * 1024)).await.unwrap_err().code, Code::TooLarge);
    // Bytes that are no text pass as they are.
    pane.types("\u{1b}[0m\u{7f}g\u{fc}t\r").await;
    pane.until("güt").await;
    close(&client, &id).await;
    assert_eq!(pane.tries_to_type("x").await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn a_program_that_reads_nothing_makes_who_types_wait_and_no_queue_grow() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-c", "stty raw -echo; echo ready; exec sleep 1000"]).await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.until("ready").await;
    let piece = "x".repeat(60 * 1024);
    let mut taken = 0;
    let refused = loop {
        match pane.tries_to_type(&piece).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 20, "the queue has no end");
    };
    assert_eq!(refused.code, Code::Busy);
    close(&client, &id).await;
}
