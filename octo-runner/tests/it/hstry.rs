//! The history from the outside: what a crash and a full disk leave of it, and what other programs see.

mod crash;
mod grpc;

use octo_proto::{
    Event, Message, Part, Role,
    id::{MessageId, SessionId},
    session::{Capabilities, SessionInfo},
};
use octo_runner::{
    harness::SessionSpec,
    hstry::{Op, SessionRow},
};

/// A session that has nothing yet.
pub(crate) fn session(id: &SessionId) -> Op {
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
    Op::PutSession(Box::new(SessionRow { info, spec, facts: 0, unread: 0, error: None }))
}

/// Message number `idx` of a session, as its fact.
pub(crate) fn said(id: &SessionId, idx: u64, text: &str) -> Op {
    let mut message = Message::new(MessageId(format!("msg_{idx}")), Role::User, 7);
    message.idx = idx;
    message.parts = vec![Part::text(message.id.part(0), text)];
    let event = Box::new(Event::MessageEnd { message: Box::new(message) });
    Op::Fact { session: id.clone(), number: idx + 1, ts: 7, source: None, event }
}
