//! What a client asks of a runner on channels `agent` and `history`, and what the replies carry.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    cursor::Cursor,
    id::{AttachmentId, MessageId, RequestId, SessionId, TurnId},
    index::IndexEntry,
    message::{Mention, Message, Source},
    session::{HarnessStatus, Model, SessionUsage, SlashCommand, When},
};

/// One command, as the body of a request. `session_id` of the frame names the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "cmd")]
pub enum Command {
    /// Begins a session; the agent starts with the first prompt. Reply: [`SessionReply`].
    #[serde(rename = "session.create")]
    SessionCreate {
        /// Which kind of agent.
        harness: String,
        /// Where it works: an absolute path of a directory.
        cwd: String,
        /// The model to use.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        /// What to call it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// The thinking level to begin with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thinking_level: Option<String>,
    },
    /// Sessions, the youngest first. Reply: [`SessionList`].
    #[serde(rename = "session.list", alias = "list")]
    SessionList {
        /// Only those older than this one: the last of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<SessionId>,
        /// At most so many; fewer where they do not fit a reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    },
    /// One session. Reply: [`SessionReply`].
    #[serde(rename = "session.get", alias = "get")]
    SessionGet {},
    /// Gives it another title. Reply: [`SessionReply`].
    #[serde(rename = "session.rename")]
    SessionRename {
        /// The title.
        title: String,
    },
    /// Ends its process; the session stays. Reply: [`Done`].
    #[serde(rename = "session.stop")]
    SessionStop {},
    /// Starts its process again. Reply: [`SessionReply`].
    #[serde(rename = "session.resume")]
    SessionResume {},
    /// Ends its process and forgets it for ever. Reply: [`Done`].
    #[serde(rename = "session.delete")]
    SessionDelete {},
    /// A new session and process that begins with what stood before a person's message. Reply: [`ForkReply`].
    #[serde(rename = "session.fork", alias = "fork")]
    SessionFork {
        /// A person's message of this session.
        message_id: MessageId,
    },
    /// Replays or gives the present, then goes live; without a session, the index. Reply: [`WatchReply`].
    #[serde(rename = "watch")]
    Watch {
        /// How far this watcher has come.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Cursor>,
    },
    /// Ends a watch. Reply: [`Done`].
    #[serde(rename = "unwatch")]
    Unwatch {},
    /// Says something to the agent. Answered when stored. Reply: [`PromptReply`].
    #[serde(rename = "prompt")]
    Prompt {
        /// The text.
        message: String,
        /// Pictures.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        images: Vec<Source>,
        /// Files that the text mentions: each that is in the workspace becomes a part of the message.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Mention>,
        /// When it is to reach the agent.
        #[serde(default)]
        when: When,
    },
    /// Stops the turn. Reply: [`Done`], when the agent has settled.
    #[serde(rename = "abort")]
    Abort {},
    /// Takes all waiting prompts back. Reply: [`QueueCleared`].
    #[serde(rename = "queue.clear")]
    QueueClear {},
    /// Answers a question: exactly one of the fields. Reply: [`Done`].
    #[serde(rename = "input_response")]
    InputResponse {
        /// The question.
        request_id: RequestId,
        /// A text, or the value of an option.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
        /// Yes or no.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confirmed: Option<bool>,
        /// No answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cancelled: Option<bool>,
    },
    /// Another model. Reply: [`Done`].
    #[serde(rename = "set_model")]
    SetModel {
        /// As [`Model::id`].
        model: String,
    },
    /// Another mode. Reply: [`Done`].
    #[serde(rename = "set_mode")]
    SetMode {
        /// One of the capabilities' modes.
        mode: String,
    },
    /// Another thinking level. Reply: [`Done`].
    #[serde(rename = "set_thinking_level")]
    SetThinkingLevel {
        /// One of the capabilities' levels.
        level: String,
    },
    /// Compacts the agent's context. Reply: [`Done`].
    #[serde(rename = "compact")]
    Compact {
        /// What to keep.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instructions: Option<String>,
    },
    /// The models of this session; without a session, of the harness named. Reply: [`ModelList`].
    #[serde(rename = "get_models")]
    GetModels {
        /// Only without a session.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        harness: Option<String>,
    },
    /// The slash commands of this session. Reply: [`CommandList`].
    #[serde(rename = "get_commands")]
    GetCommands {},
    /// Tokens, window and cost of this session. Reply: [`Stats`].
    #[serde(rename = "get_stats")]
    GetStats {},
    /// Messages before a place, oldest first. Reply: [`HistoryPage`].
    #[serde(rename = "history.page", alias = "page")]
    HistoryPage {
        /// Messages with a smaller `idx`; without it the last ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// At most this many, 1 to 200; fewer where they would not fit a frame.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    },
    /// A piece of an attachment, as the bytes of the reply. Reply: [`AttachmentPiece`].
    #[serde(rename = "attachment.get")]
    AttachmentGet {
        /// Which.
        id: AttachmentId,
        /// From here, in bytes.
        #[serde(default)]
        offset: u64,
        /// At most this many bytes, 1 to 196,608.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    },
    /// Puts a piece of an attachment, the bytes of the request; the last piece carries `sha256`. Reply:
    /// [`AttachmentPut`].
    #[serde(rename = "attachment.put")]
    AttachmentPut {
        /// A ULID of the client's choice, the same for all pieces of one attachment.
        upload: RequestId,
        /// Where this piece begins, in bytes: what was put so far.
        offset: u64,
        /// Of the whole, in hexadecimal, with the last piece.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
        /// The media type.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
    },
    /// What this runner can start. Reply: [`HarnessList`].
    #[serde(rename = "harnesses")]
    Harnesses {},
    /// The environment that agents get, and where each variable comes from. Reply: [`Environment`].
    #[serde(rename = "env")]
    Env {
        /// Read the login shell again.
        #[serde(default)]
        refresh: bool,
    },
    /// Who holds how much of the disk. Reply: [`DiskUsage`].
    #[serde(rename = "du")]
    DiskUsage {},
    /// Ends all processes, and with `runner` the runner too. Reply: [`Done`].
    #[serde(rename = "stop_all")]
    StopAll {
        /// Also the runner itself.
        #[serde(default)]
        runner: bool,
    },
    /// What is wrong or could be. Reply: [`Diagnosis`].
    #[serde(rename = "doctor")]
    Doctor {},
}

impl Command {
    /// Whether it changes something, so that its id must be a ULID and is remembered.
    #[must_use]
    pub fn is_mutating(&self) -> bool {
        match self {
            Self::SessionCreate { .. }
            | Self::SessionRename { .. }
            | Self::SessionStop {}
            | Self::SessionResume {}
            | Self::SessionDelete {}
            | Self::SessionFork { .. }
            | Self::Prompt { .. }
            | Self::Abort {}
            | Self::QueueClear {}
            | Self::InputResponse { .. }
            | Self::SetModel { .. }
            | Self::SetMode { .. }
            | Self::SetThinkingLevel { .. }
            | Self::Compact { .. }
            | Self::AttachmentPut { .. }
            | Self::StopAll { .. } => true,
            Self::SessionList { .. }
            | Self::SessionGet {}
            | Self::Watch { .. }
            | Self::Unwatch {}
            | Self::GetModels { .. }
            | Self::GetCommands {}
            | Self::GetStats {}
            | Self::HistoryPage { .. }
            | Self::AttachmentGet { .. }
            | Self::Harnesses {}
            | Self::Env { .. }
            | Self::DiskUsage {}
            | Self::Doctor {} => false,
        }
    }
}

/// The reply of a command that has nothing more to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Done {}

/// One session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionReply {
    /// As it is now.
    pub session: IndexEntry,
}

/// A page of sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionList {
    /// The youngest first.
    pub sessions: Vec<IndexEntry>,
    /// Whether there are older ones: ask with `before`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_more: bool,
}

/// What a fork gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ForkReply {
    /// The new session.
    pub session: IndexEntry,
    /// The text of the message it was forked at, to be said differently.
    pub text: String,
}

/// What a watch begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WatchReply {
    /// Where the log stands now.
    pub cursor: Cursor,
}

/// What an accepted prompt became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PromptReply {
    /// The turn it begins or joins.
    pub turn_id: TurnId,
    /// The message it is.
    pub message_id: MessageId,
}

/// What was taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct QueueCleared {
    /// The texts, in order, so that a client can put them back into its composer.
    pub texts: Vec<String>,
}

/// Models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModelList {
    /// All that can be chosen.
    pub models: Vec<Model>,
}

/// Slash commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CommandList {
    /// All of them.
    pub commands: Vec<SlashCommand>,
}

/// Tokens, window and cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stats {
    /// The session's so far.
    pub usage: SessionUsage,
}

/// A page of messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistoryPage {
    /// The oldest first.
    pub messages: Vec<Message>,
    /// Whether there are earlier ones.
    pub has_more: bool,
}

/// A piece of an attachment; the bytes follow the frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AttachmentPiece {
    /// Size of the whole, in bytes.
    pub size: u64,
    /// The media type.
    pub mime_type: String,
}

/// How far an attachment has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AttachmentPut {
    /// Bytes put so far.
    pub size: u64,
    /// Its id, once it is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment_id: Option<AttachmentId>,
}

/// What a runner can start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HarnessList {
    /// Each kind of agent.
    pub harnesses: Vec<HarnessStatus>,
}

/// One variable of an agent's environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, masked where its name speaks of a secret.
    pub value: String,
    /// Where it comes from, in words.
    pub source: String,
}

/// The environment that agents get.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Environment {
    /// By name.
    pub variables: Vec<Variable>,
}

/// Who holds how much of the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiskUsage {
    /// The largest first, at most 500.
    pub entries: Vec<DiskEntry>,
    /// How many smaller ones there are.
    #[serde(default)]
    pub more: u64,
    /// Bytes of the history's database.
    pub database_bytes: u64,
    /// Bytes of all transcripts.
    pub transcript_bytes: u64,
    /// Bytes free where they lie.
    pub free_bytes: u64,
}

/// One holder of disk space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiskEntry {
    /// The process whose transcript it is.
    pub process_id: String,
    /// Its session, where it still has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// The session's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Bytes on disk.
    pub bytes: u64,
    /// Whether its process still lives.
    pub live: bool,
}

/// What a check of the runner found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Diagnosis {
    /// Each check.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// Whether it is well.
    pub ok: bool,
    /// What was found.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Reads the command of a body, or says what is wrong with it.
///
/// # Errors
/// `bad_request` where the body is not an object with a known `cmd` and the fields it needs.
pub fn parse(body: &str) -> Result<Command, crate::Error> {
    parse_as(body)
}

/// Reads the command of a body, of any channel.
pub(crate) fn parse_as<T: DeserializeOwned>(body: &str) -> Result<T, crate::Error> {
    serde_json::from_str::<T>(body).map_err(|error| {
        let cmd = serde_json::from_str::<Value>(body).ok().and_then(|body| Some(body.get("cmd")?.as_str()?.to_owned()));
        match cmd {
            None => crate::Error::bad_request("the body of a request is an object with a text `cmd`"),
            Some(cmd) => crate::Error::bad_request(format!("`{cmd}`: {error}"))
                .hint("docs/PROTOCOL.md lists the commands and their fields"),
        }
    })
}
