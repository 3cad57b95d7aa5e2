//! What is stored, as `hstry.proto` has it, and back.

use octo_proto::{
    Error,
    id::{MessageId, RequestId},
    message::{self, Part, PartKind},
};

use super::proto::{self, append_message_request::Content};
use crate::hstry::StoredSession;

/// The most parts that an appended message may have.
const PARTS: usize = 1000;

pub(super) fn session(stored: StoredSession) -> Result<proto::Session, Error> {
    let entry = stored.into_entry();
    let json = json(&entry.info)?;
    let info = entry.info;
    Ok(proto::Session {
        session_id: info.session_id.0,
        title: info.title,
        harness: info.harness,
        cwd: info.cwd,
        model: info.model,
        parent_session_id: info.parent_session_id.map(|parent| parent.0),
        created_at: info.created_at,
        updated_at: info.updated_at,
        messages: entry.messages,
        unread: entry.unread,
        json,
    })
}

pub(super) fn message(message: message::Message) -> Result<proto::Message, Error> {
    let role = match message.role {
        message::Role::User => proto::Role::User,
        message::Role::Assistant => proto::Role::Assistant,
        message::Role::System => proto::Role::System,
        message::Role::Tool => proto::Role::Tool,
    };
    Ok(proto::Message {
        json: json(&message)?,
        text: message.text(),
        id: message.id.0,
        idx: message.idx,
        role: role.into(),
        created_at: message.created_at,
        model: message.model,
    })
}

/// The message that is to be added. All of it comes from the request, so that the same request is the same message.
pub(super) fn appended(request: proto::AppendMessageRequest) -> Result<message::Message, Error> {
    let wrong = |message: &str| Error::bad_request(message);
    let role = match request.role() {
        proto::Role::User => message::Role::User,
        proto::Role::Assistant => message::Role::Assistant,
        proto::Role::System => message::Role::System,
        proto::Role::Tool => message::Role::Tool,
        proto::Role::Unspecified => return Err(wrong("`role` must be one of user, assistant, system, tool")),
    };
    let key = RequestId(request.request_id);
    let drawn = ulid::Ulid::from_string(key.as_str()).ok().filter(|_| key.is_ulid());
    let drawn = drawn.ok_or_else(|| {
        wrong("`request_id` must be a ULID").hint("draw a new one for each message; a repeat keeps the one it has")
    })?;
    let at = request.created_at.unwrap_or_else(|| i64::try_from(drawn.timestamp_ms()).unwrap_or(i64::MAX));
    // Apart from the ids of prompts and of what agents say, so that it is never in their way.
    let mut message = message::Message::new(MessageId(format!("msg_outside_{key}")), role, at);
    message.model = request.model;
    message.sender = request.sender;
    let kinds = match request.content {
        Some(Content::Text(text)) => vec![PartKind::Text { text, format: None }],
        Some(Content::PartsJson(json)) => serde_json::from_str::<Vec<PartKind>>(&json)
            .map_err(|error| wrong(&format!("`parts_json` is not an array of parts: {error}")))?,
        None => Vec::new(),
    };
    if kinds.is_empty() || kinds.len() > PARTS {
        return Err(wrong(&format!("a message has 1 to {PARTS} parts")).hint("give `text` or `parts_json`"));
    }
    message.parts =
        kinds.into_iter().zip(0..).map(|(kind, at)| Part::new(message.id.part(at), unnamed(kind))).collect();
    Ok(message)
}

/// A part of a kind that we do not know, without what stands beside its kind in a part.
fn unnamed(kind: PartKind) -> PartKind {
    match kind {
        PartKind::Other(mut fields) => {
            for beside in ["id", "elided_bytes", "attachment_id"] {
                fields.remove(beside);
            }
            PartKind::Other(fields)
        }
        known => known,
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::internal(error.to_string()))
}
