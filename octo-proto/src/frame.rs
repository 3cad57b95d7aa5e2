//! One frame: the envelope that Octo writes, and a body that it carries as it is.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Cursor, Error, id::SessionId};

/// A frame's line is at most this long, in bytes, LF included.
pub const MAX_LINE: usize = 1024 * 1024;

/// At most this many bytes follow a frame's line.
pub const MAX_BYTES: usize = 1024 * 1024;

/// No event and no reply is larger than this, in bytes.
pub const MAX_EVENT: usize = 256 * 1024;

/// One frame of any hop.
#[derive(Clone, Debug)]
pub enum Frame {
    /// Something is asked.
    Request(Request),
    /// The one answer to a request.
    Reply(Reply),
    /// Something happened.
    Event(EventFrame),
    /// Bytes of a terminal.
    Data(Data),
}

/// Something is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whom it concerns.
    pub channel: String,
    /// What the reply carries; of a mutating request a ULID.
    pub id: String,
    /// The session it concerns.
    pub session_id: Option<SessionId>,
    /// The runner it concerns, where there are several.
    pub runner_id: Option<String>,
    /// `{cmd, …}`.
    pub body: Box<RawValue>,
    /// Bytes that belong to it.
    pub bytes: Bytes,
}

/// The one answer to a request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The request's.
    pub channel: String,
    /// The request's; empty where it could not be read.
    pub id: String,
    /// What came of it.
    pub result: Result<Box<RawValue>, Error>,
    /// Bytes that belong to it.
    pub bytes: Bytes,
}

/// Something happened.
#[derive(Clone, Debug)]
pub struct EventFrame {
    /// Whom it concerns.
    pub channel: String,
    /// The session it concerns.
    pub session_id: Option<SessionId>,
    /// The runner it comes from.
    pub runner_id: Option<String>,
    /// Where the log stands behind it.
    pub cursor: Cursor,
    /// When, ms since 1970.
    pub ts: i64,
    /// `{event, …}`.
    pub body: Box<RawValue>,
}

/// Bytes of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// Which.
    pub terminal_id: String,
    /// Where they begin in its output.
    pub offset: u64,
    /// The bytes.
    pub bytes: Bytes,
}

/// Every field that an envelope may have; which are there tells what it is. Duplicate fields are refused.
#[derive(Default, Serialize, Deserialize)]
struct Envelope<'a> {
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    channel: Option<std::borrow::Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    id: Option<std::borrow::Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session_id: Option<SessionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runner_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    terminal_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<Cursor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ts: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    ok: Option<&'a RawValue>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
}

/// A line that is no frame. Where its `id` could be read, a reply can still name it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct BadFrame {
    /// The line's `id`, if it had one.
    pub id: Option<String>,
    /// The line's `channel`, if it had one.
    pub channel: Option<String>,
    /// What is wrong.
    pub error: Error,
}

/// A frame's line, and how many bytes follow it.
#[derive(Debug)]
pub struct Head {
    frame: Frame,
    /// Bytes that follow the LF.
    pub follow: usize,
}

impl Head {
    /// The frame, with the bytes that followed.
    #[must_use]
    pub fn with_bytes(self, bytes: Bytes) -> Frame {
        match self.frame {
            Frame::Request(request) => Frame::Request(Request { bytes, ..request }),
            Frame::Reply(reply) => Frame::Reply(Reply { bytes, ..reply }),
            Frame::Data(data) => Frame::Data(Data { bytes, ..data }),
            Frame::Event(event) => Frame::Event(event),
        }
    }

    /// Refuses the frame for what is around its line, so that a request still gets its one reply.
    #[cfg(feature = "io")]
    pub(crate) fn refuse(&self, message: &str) -> BadFrame {
        let (id, channel) = match &self.frame {
            Frame::Request(Request { id, channel, .. }) | Frame::Reply(Reply { id, channel, .. }) => {
                (Some(id.clone()), Some(channel.clone()))
            }
            Frame::Event(_) | Frame::Data(_) => (None, None),
        };
        BadFrame { id, channel, error: Error::bad_request(message) }
    }
}

/// Reads a frame's line, without its LF.
///
/// # Errors
/// Where it is no JSON object, has a field twice or lacks the fields of every kind of frame.
pub fn parse_line(line: &[u8]) -> Result<Head, BadFrame> {
    let envelope: Envelope<'_> = serde_json::from_slice(line).map_err(|error| bad_line(line, &error))?;
    let follow = envelope.bytes.unwrap_or(0);
    let id = envelope.id.map(std::borrow::Cow::into_owned);
    let channel = envelope.channel.map(std::borrow::Cow::into_owned);
    let bad = |message: &str, id: &Option<String>, channel: &Option<String>| BadFrame {
        id: id.clone(),
        channel: channel.clone(),
        error: Error::bad_request(message).hint("a frame is a request, a reply, an event or data: docs/PROTOCOL.md"),
    };
    let Ok(follow) = usize::try_from(follow) else { return Err(bad("`bytes` is too large", &id, &channel)) };
    if follow > MAX_BYTES {
        let error =
            Error::new(crate::Code::TooLarge, format!("{follow} bytes follow the frame; at most {MAX_BYTES} may"));
        return Err(BadFrame { id, channel, error });
    }
    let frame = match (channel, id) {
        (Some(channel), Some(id)) => match (envelope.ok, envelope.error, envelope.body) {
            (None, None, Some(body)) => Frame::Request(Request {
                channel,
                id,
                session_id: envelope.session_id,
                runner_id: envelope.runner_id,
                body: body.to_owned(),
                bytes: Bytes::new(),
            }),
            (Some(ok), None, None) => {
                Frame::Reply(Reply { channel, id, result: Ok(ok.to_owned()), bytes: Bytes::new() })
            }
            (None, Some(error), None) => Frame::Reply(Reply { channel, id, result: Err(error), bytes: Bytes::new() }),
            _ => {
                return Err(bad(
                    "a frame with an id has exactly one of `body`, `ok` and `error`",
                    &Some(id),
                    &Some(channel),
                ));
            }
        },
        (Some(channel), None) => match (envelope.terminal_id, envelope.offset, envelope.cursor, envelope.body) {
            (Some(terminal_id), Some(offset), None, None) => {
                Frame::Data(Data { terminal_id, offset, bytes: Bytes::new() })
            }
            (None, None, Some(cursor), Some(body)) => Frame::Event(EventFrame {
                channel,
                session_id: envelope.session_id,
                runner_id: envelope.runner_id,
                cursor,
                ts: envelope.ts.unwrap_or(0),
                body: body.to_owned(),
            }),
            _ => return Err(bad("a frame without an id is an event or data", &None, &Some(channel))),
        },
        (None, id) => return Err(bad("a frame has a `channel`", &id, &None)),
    };
    Ok(Head { frame, follow })
}

/// What can still be said of a line that does not parse: its id, so that its sender gets an answer.
fn bad_line(line: &[u8], error: &serde_json::Error) -> BadFrame {
    #[derive(Deserialize)]
    struct Loose {
        id: Option<serde_json::Value>,
        channel: Option<serde_json::Value>,
    }
    let text = |value: Option<serde_json::Value>| value.and_then(|value| Some(value.as_str()?.to_owned()));
    let (id, channel) = match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line) {
        Ok(mut map) => {
            let loose = Loose { id: map.remove("id"), channel: map.remove("channel") };
            (text(loose.id), text(loose.channel))
        }
        Err(_) => (None, None),
    };
    BadFrame { id, channel, error: Error::bad_request(format!("not a frame: {error}")) }
}

impl Frame {
    /// The frame as bytes: its line, LF, and the bytes that follow.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.encode_into(&mut out);
        out
    }

    /// Appends the frame's bytes.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        let none = Bytes::new();
        let (envelope, bytes) = match self {
            Self::Request(request) => (
                Envelope {
                    channel: Some(request.channel.as_str().into()),
                    id: Some(request.id.as_str().into()),
                    session_id: request.session_id.clone(),
                    runner_id: request.runner_id.clone(),
                    body: Some(&request.body),
                    ..Envelope::default()
                },
                &request.bytes,
            ),
            Self::Reply(reply) => {
                let mut envelope = Envelope {
                    channel: Some(reply.channel.as_str().into()),
                    id: Some(reply.id.as_str().into()),
                    ..Envelope::default()
                };
                match &reply.result {
                    Ok(ok) => envelope.ok = Some(ok),
                    Err(error) => envelope.error = Some(error.clone()),
                }
                (envelope, &reply.bytes)
            }
            Self::Event(event) => (
                Envelope {
                    channel: Some(event.channel.as_str().into()),
                    session_id: event.session_id.clone(),
                    runner_id: event.runner_id.clone(),
                    cursor: Some(event.cursor),
                    ts: Some(event.ts),
                    body: Some(&event.body),
                    ..Envelope::default()
                },
                &none,
            ),
            Self::Data(data) => (
                Envelope {
                    channel: Some(crate::channel::TERMINAL.into()),
                    terminal_id: Some(data.terminal_id.clone()),
                    offset: Some(data.offset),
                    ..Envelope::default()
                },
                &data.bytes,
            ),
        };
        let envelope = Envelope { bytes: (!bytes.is_empty()).then_some(bytes.len() as u64), ..envelope };
        if serde_json::to_writer(&mut *out, &envelope).is_err() {
            // Writing strings and numbers into memory has no way to fail.
            unreachable!("an envelope always serialises");
        }
        out.push(b'\n');
        out.extend_from_slice(bytes);
    }
}

impl Request {
    /// A request with this body.
    ///
    /// # Errors
    /// Where the body does not serialise.
    pub fn new(channel: &str, id: impl Into<String>, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self {
            channel: channel.to_owned(),
            id: id.into(),
            session_id: None,
            runner_id: None,
            body: serde_json::value::to_raw_value(body)?,
            bytes: Bytes::new(),
        })
    }

    /// The same request, about this session.
    #[must_use]
    pub fn about(mut self, session_id: SessionId) -> Self {
        self.session_id = Some(session_id);
        self
    }

    /// The `cmd` of its body, the one thing of a body that octod reads.
    ///
    /// # Errors
    /// `bad_request` where the body has none.
    pub fn cmd(&self) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Cmd {
            cmd: String,
        }
        serde_json::from_str::<Cmd>(self.body.get())
            .map(|body| body.cmd)
            .map_err(|_| Error::bad_request("the body of a request is an object with one text `cmd`"))
    }

    /// The answer to it.
    #[must_use]
    pub fn reply(&self, result: Result<Box<RawValue>, Error>) -> Reply {
        Reply { channel: self.channel.clone(), id: self.id.clone(), result, bytes: Bytes::new() }
    }
}

#[cfg(test)]
mod tests;
