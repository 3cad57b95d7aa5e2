//! A session as clients see it: what it is, what it can do, what is volatile in it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    id::{MessageId, ProcessId, RequestId, SessionId, ToolCallId, TurnId},
    message::{Message, Usage},
};

/// What is known of a session whether it runs or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionInfo {
    /// Permanent.
    pub session_id: SessionId,
    /// What a person calls it; empty until the first prompt or a rename.
    #[serde(default)]
    pub title: String,
    /// Which kind of agent.
    pub harness: String,
    /// The agent's working directory, absolute.
    pub cwd: String,
    /// The model, as `provider/model` where the harness has providers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The mode, where the harness has modes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The thinking level, where the harness has levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_level: Option<String>,
    /// What it can do now.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// The harness's own id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native_id: Option<String>,
    /// The process that holds its agent, if one was ever started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_id: Option<ProcessId>,
    /// The session it was forked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_session_id: Option<SessionId>,
    /// The message of the parent before which it was forked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_at: Option<MessageId>,
    /// ms since 1970.
    pub created_at: i64,
    /// When its log last grew, ms since 1970. Exact in the index; in a view that is followed, as of the last
    /// `session.updated`, since events carry their own times.
    pub updated_at: i64,
}

/// What a session can do. What is absent is refused as `unsupported`, and no client offers it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Capabilities {
    /// A prompt can be put into a running turn.
    pub steer: bool,
    /// A prompt can wait for the end of a turn.
    pub follow_up: bool,
    /// A new session can begin from a message of this one.
    pub fork: bool,
    /// The agent's context can be compacted.
    pub compact: bool,
    /// The model can be changed.
    pub set_model: bool,
    /// The modes it can be in; empty where it has none.
    pub modes: Vec<String>,
    /// The thinking levels it can have; empty where it has none.
    pub thinking_levels: Vec<String>,
    /// Prompts can carry images.
    pub images: bool,
    /// It asks before it acts.
    pub permissions: bool,
    /// It reports a plan.
    pub plan: bool,
    /// It has commands that begin with a slash.
    pub slash_commands: bool,
    /// It can be stopped and gone on with.
    pub resume: bool,
    /// It can be renamed.
    pub rename: bool,
    /// It reports what it costs.
    pub cost: bool,
}

/// Where a session is in its life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SessionState {
    /// No process; the next prompt starts one.
    #[default]
    Stopped,
    /// A process was started and has not answered yet.
    Starting,
    /// Ready for a prompt.
    Idle,
    /// A turn is under way.
    Working {
        /// What it is doing.
        phase: Phase,
        /// In words, where there is more to say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// Something is wrong; the next prompt tries again.
    Error {
        /// What.
        message: String,
    },
    /// The agent lives, but its shim cannot be reached.
    Unavailable,
}

/// What a working agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Getting ready.
    Initializing,
    /// Writing its answer.
    Generating,
    /// Thinking aloud.
    Thinking,
    /// Waiting for a tool.
    ToolRunning,
    /// Compacting its context.
    Compacting,
    /// Waiting to try again.
    Retrying,
}

/// How a turn or a prompt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should.
    Done,
    /// Something failed.
    Error,
    /// A person stopped it.
    Aborted,
    /// Taken out of the queue before the agent had it.
    Withdrawn,
}

/// When a prompt is to reach the agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// At once when the session is idle, else after the turn.
    #[default]
    Now,
    /// Into the running turn, before the next call of the model.
    Steer,
    /// After the turn and what already waits.
    FollowUp,
}

/// A prompt that was accepted and has not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenPrompt {
    /// The request that brought it.
    pub request_id: RequestId,
    /// The turn it begins or joins.
    pub turn_id: TurnId,
    /// What it says; once delivered the log has it, and this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// When it is to reach the agent.
    pub when: When,
    /// Whether the agent has it.
    pub delivered: bool,
}

/// A question that the agent waits on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InputRequest {
    /// What an answer names.
    pub request_id: RequestId,
    /// What kind of answer is wanted.
    pub kind: InputKind,
    /// The question.
    pub title: String,
    /// More of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The answers to choose from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<InputOption>,
    /// What it is about, for example a tool call with its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    /// The text to begin with, of an editor; the placeholder, of an input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefill: Option<String>,
    /// When the agent gives up waiting, in ms from `asked_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// When it was asked, ms since 1970.
    #[serde(default)]
    pub asked_at: i64,
}

/// What kind of answer a question wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// May it do this? One of the options.
    Permission,
    /// One of the options.
    Select,
    /// Yes or no.
    Confirm,
    /// A line of text.
    Input,
    /// Several lines of text.
    Editor,
}

/// One answer to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InputOption {
    /// What the answer carries.
    pub value: String,
    /// What a person reads.
    pub label: String,
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A text, or the value of an option.
    Value(String),
    /// Yes or no.
    Confirmed(bool),
    /// None; the agent is told so.
    Cancelled(bool),
}

/// A tool that runs now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunningTool {
    /// As the agent named the call.
    pub tool_call_id: ToolCallId,
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub input: Value,
    /// Its output so far, the last 16 KiB.
    #[serde(default)]
    pub output: String,
    /// ms since 1970.
    pub started_at: i64,
}

/// What waits: texts in the agent's own queue, and prompts in ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Queue {
    /// In the agent's own queue, to be put into the running turn.
    pub steer: Vec<Queued>,
    /// In ours, for after the turn.
    pub follow_up: Vec<Queued>,
}

/// One waiting prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Queued {
    /// The request that brought it.
    pub request_id: RequestId,
    /// Its text.
    pub text: String,
}

/// Tokens, context window and cost of the session so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionUsage {
    /// Sum over all messages.
    pub total: Usage,
    /// Tokens in the context now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
    /// Tokens that the context can hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
}

/// One step of an agent's plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanEntry {
    /// What is to be done.
    pub content: String,
    /// `pending`, `in_progress` or `completed`.
    pub status: String,
    /// `high`, `medium` or `low`, where the agent says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
}

/// A command that begins with a slash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlashCommand {
    /// Without the slash.
    pub name: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A model that a session can use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Model {
    /// What `set_model` takes: `provider/model` where the harness has providers.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// Tokens that its context can hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// Whether it can think aloud.
    #[serde(default)]
    pub reasoning: bool,
    /// Whether it can see images.
    #[serde(default)]
    pub images: bool,
}

/// What a runner can start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HarnessStatus {
    /// `pi`, …
    pub name: String,
    /// Of the program found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Whether a session can be started.
    pub usable: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The command that installs it.
    pub install: String,
    /// What its sessions can do at best.
    pub capabilities: Capabilities,
    /// The models it offered last, if it was ever asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<Model>,
}

/// All that is volatile in a session; `session.live` replaces it whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Live {
    /// Where the session is in its life.
    pub state: SessionState,
    /// The turn under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<TurnId>,
    /// The messages being written, oldest first; nearly always one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub in_flight: Vec<Message>,
    /// The tools that run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<RunningTool>,
    /// The questions that wait, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<InputRequest>,
    /// The prompts that have not ended, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<OpenPrompt>,
    /// What waits.
    pub queue: Queue,
    /// The plan, if the agent has one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<PlanEntry>,
    /// Tokens and cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<SessionUsage>,
    /// The slash commands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<SlashCommand>,
    /// Status lines that the agent's extensions set, by key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<(String, String)>,
}
