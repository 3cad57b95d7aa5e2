//! Channel `system`: what octod itself answers and tells.

use std::time::{SystemTime, UNIX_EPOCH};

use octo_proto::{Cursor, Error, Frame, channel, frame::EventFrame, hello::Caller};
use serde::Serialize;
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};

use crate::{
    link::Status,
    runners::{self, Runners},
};

/// The answer to a command on channel `system`.
pub(super) fn answer(cmd: &str, caller: &Caller, link: Status, runners: &Runners) -> Result<Box<RawValue>, Error> {
    match cmd {
        "ping" => body(&json!({ "ts": now() })),
        "whoami" => body(caller),
        "runners" => {
            let (state, hint) = match link {
                Status::Up => ("up", None),
                Status::Opening => ("starting", None),
                Status::Lost { .. } => ("lost", Some(runners.hint())),
            };
            let mut runner = json!({ "id": runners::LOCAL, "state": state });
            if let Some(hint) = hint {
                runner["hint"] = hint.into();
            }
            body(&json!({ "runners": [runner] }))
        }
        "hello" => Err(Error::bad_request("hello was said already")),
        _ => Err(Error::bad_request(format!("channel system has no command `{cmd}`"))
            .hint("it has ping, runners and whoami")),
    }
}

/// An event of octod's own, which belongs to no log.
pub(super) fn event(name: &str, message: Option<&str>) -> Frame {
    let mut content = json!({ "event": name });
    if let Some(message) = message {
        content["message"] = message.into();
    }
    Frame::Event(EventFrame {
        channel: channel::SYSTEM.to_owned(),
        session_id: None,
        runner_id: name.starts_with("runner.").then(|| runners::LOCAL.to_owned()),
        cursor: Cursor::default(),
        ts: now(),
        body: to_raw_value(&content).unwrap_or_default(),
    })
}

/// What a reply carries.
pub(super) fn body(content: &impl Serialize) -> Result<Box<RawValue>, Error> {
    to_raw_value(content).map_err(|error| Error::internal(error.to_string()))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
