//! Messages and their parts: what a conversation consists of, on the wire and in the store alike.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::{AttachmentId, MessageId, PartId, RequestId, ToolCallId};

/// One message of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Message {
    /// Permanent.
    pub id: MessageId,
    /// Place in the session, from 0, without gaps; given by the session's log.
    #[serde(default)]
    pub idx: u64,
    /// Who speaks.
    pub role: Role,
    /// What it consists of, in order.
    pub parts: Vec<Part>,
    /// When it was begun, ms since 1970, from the record.
    pub created_at: i64,
    /// The prompt that this message is, if a person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// The model that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The provider of that model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<StopReason>,
    /// What it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Of a tool's message: the call it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<ToolCallId>,
    /// Of a tool's message: the tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_name: Option<String>,
    /// Of a tool's message: whether it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    /// Who sent it, where several people may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Whatever else a harness reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

impl Message {
    /// A message with nothing but its identity, author and time.
    #[must_use]
    pub fn new(id: MessageId, role: Role, created_at: i64) -> Self {
        Self {
            id,
            idx: 0,
            role,
            parts: Vec::new(),
            created_at,
            request_id: None,
            model: None,
            provider: None,
            stop_reason: None,
            usage: None,
            tool_call_id: None,
            tool_name: None,
            is_error: None,
            sender: None,
            metadata: None,
        }
    }

    /// The text parts, joined by blank lines.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match &part.kind {
            PartKind::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n\n")
    }
}

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A person, or a script in a person's place.
    User,
    /// The agent.
    Assistant,
    /// Instructions, and notes of the harness.
    System,
    /// The result of a tool.
    Tool,
}

/// Why a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model was done.
    Stop,
    /// The model reached its length limit.
    Length,
    /// A tool is to be run.
    ToolUse,
    /// Something failed.
    Error,
    /// A person stopped it.
    Aborted,
}

/// Tokens and cost of one message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Usage {
    /// Tokens read by the model.
    pub input_tokens: u64,
    /// Tokens written by the model.
    pub output_tokens: u64,
    /// Of those read, from the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_tokens: Option<u64>,
    /// Tokens put into the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// Cost in US dollars, as the harness reckons it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Part {
    /// Permanent.
    pub id: PartId,
    /// What it is.
    #[serde(flatten)]
    pub kind: PartKind,
    /// Bytes left out of this part's text or output, when it was over 64 KiB; the whole is the attachment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elided_bytes: Option<u64>,
    /// Where the whole of an elided part is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment_id: Option<AttachmentId>,
}

impl Part {
    /// A part of this kind.
    #[must_use]
    pub fn new(id: PartId, kind: PartKind) -> Self {
        Self { id, kind, elided_bytes: None, attachment_id: None }
    }

    /// A text part.
    #[must_use]
    pub fn text(id: PartId, text: impl Into<String>) -> Self {
        Self::new(id, PartKind::Text { text: text.into(), format: None })
    }
}

/// What a part is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PartKind {
    /// Text, Markdown unless `format` says otherwise.
    Text {
        /// The text.
        text: String,
        /// `plain`, `markdown` (default).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<String>,
    },
    /// What the model thought aloud.
    Thinking {
        /// The text.
        text: String,
    },
    /// The model asks for a tool.
    ToolCall {
        /// As the agent named it.
        tool_call_id: ToolCallId,
        /// The tool.
        name: String,
        /// Its arguments.
        input: Value,
        /// How far it has come.
        status: ToolStatus,
    },
    /// What a tool gave back.
    ToolResult {
        /// The call it answers.
        tool_call_id: ToolCallId,
        /// The tool.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// As text.
        output: String,
        /// Whether it failed.
        is_error: bool,
        /// How long it ran, in ms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_ms: Option<u64>,
    },
    /// A change to a file.
    Diff {
        /// The file.
        path: String,
        /// Unified diff.
        unified: String,
        /// Lines added.
        added: u64,
        /// Lines removed.
        removed: u64,
    },
    /// A picture.
    Image {
        /// Where it is.
        source: Source,
        /// What it shows, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alt: Option<String>,
    },
    /// A sound.
    Audio {
        /// Where it is.
        source: Source,
        /// What is heard, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alt: Option<String>,
    },
    /// A film.
    Video {
        /// Where it is.
        source: Source,
        /// What it shows, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alt: Option<String>,
    },
    /// A file, or a range of its lines.
    FileRef {
        /// Path or URI.
        uri: String,
        /// What to call it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// First and last line, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<[u64; 2]>,
        /// What stood in these lines when they were referred to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quote: Option<String>,
    },
    /// A file that belongs to the message.
    Attachment {
        /// Where it is.
        source: Source,
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filename: Option<String>,
        /// Its size.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size_bytes: Option<u64>,
    },
    /// Something failed.
    Error {
        /// What.
        message: String,
    },
    /// Here the agent's context was compacted; what stands before stays visible.
    Compaction {
        /// What the agent goes on with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
        /// Tokens before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tokens_before: Option<u64>,
    },
    /// A kind that this release does not know (`x-…` and kinds of later releases), kept as it is.
    #[serde(untagged)]
    Other(#[cfg_attr(feature = "schema", schemars(schema_with = "foreign_part"))] Map<String, Value>),
}

/// The kinds that Octo will never give a meaning of its own.
#[cfg(feature = "schema")]
fn foreign_part(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "properties": { "type": { "type": "string", "pattern": "^x-" } },
        "required": ["type"],
    })
}

/// A file that a prompt mentions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mention {
    /// Where it is, from the workspace, written as in [`crate::files::name`].
    pub path: String,
    /// First and last line, from 1: these are quoted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[u64; 2]>,
}

/// How far a tool call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// Asked for.
    Pending,
    /// Under way.
    Running,
    /// Done.
    Success,
    /// Failed.
    Error,
}

/// Where the bytes of a picture, sound or file are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Source {
    /// In Octo's store.
    Attachment {
        /// Which.
        attachment_id: AttachmentId,
        /// Its media type.
        mime_type: String,
    },
    /// In the message.
    Base64 {
        /// The bytes.
        base64: String,
        /// Their media type.
        mime_type: String,
    },
    /// Elsewhere.
    Url {
        /// Where.
        url: String,
    },
}
