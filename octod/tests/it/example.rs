//! The client of `docs/examples`, against a daemon that answers as the protocol says.

use std::{path::Path, process::Command};

use octo_proto::frame::Request;
use serde_json::json;

use crate::fake::{Fake, Ran, SESSION, Said};

fn ask(fake: &Fake) -> Ran {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/client.py");
    let mut python = Command::new("python3");
    Ran::from(python.arg(client).arg("hello").env("OCTO_HOME", fake.home.path()).output().unwrap())
}

fn fake(outcome: &'static str) -> Fake {
    Fake::new(move |request: &Request, cmd: &str| match cmd {
        "session.create" => vec![Said::Ok(json!({"session": {"info": {"session_id": SESSION}}}))],
        "watch" => vec![Said::Ok(json!({"cursor": "0.1.0"})), Said::Event(json!({"event": "session.live"}))],
        "prompt" => vec![
            Said::Event(json!({"event": "prompt.accepted"})),
            Said::Ok(json!({"turn_id": "t", "message_id": "m"})),
            Said::Event(json!({"event": "stream.text_delta", "delta": "Hel"})),
            Said::Event(json!({"event": "stream.text_delta", "delta": "lo."})),
            Said::Event(json!({
                "event": "prompt.ended", "request_id": request.id, "outcome": outcome, "message": "no model",
            })),
        ],
        _ => vec![Said::Error(octo_proto::Error::bad_request("unknown"))],
    })
}

#[test]
fn the_example_prints_the_answer() {
    let ran = ask(&fake("done"));
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "Hello.\n", ""));
}

#[test]
fn the_example_tells_what_failed() {
    let ran = ask(&fake("error"));
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "error: no model\n"));
}
