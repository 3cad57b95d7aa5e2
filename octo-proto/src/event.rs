//! What a session reports. A fact is stored before it is told; everything else is volatile.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    id::{MessageId, PartId, RequestId, SessionId, ToolCallId, TurnId},
    index::IndexEntry,
    message::{Message, Role},
    session::{
        Answer, InputRequest, Live, OpenPrompt, Outcome, Phase, PlanEntry, Queue, SessionInfo, SessionUsage,
        SlashCommand,
    },
    view::View,
};

/// One event, as the body of an event frame on channel `agent`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event")]
pub enum Event {
    /// The whole view; replaces what the watcher had.
    #[serde(rename = "session.snapshot")]
    SessionSnapshot {
        /// The view.
        view: Box<View>,
    },
    /// All that is volatile; replaces what the watcher had of it.
    #[serde(rename = "session.live")]
    SessionLive {
        /// The volatile part.
        live: Box<Live>,
    },
    /// Fact: the session began.
    #[serde(rename = "session.created")]
    SessionCreated {
        /// What it is.
        info: Box<SessionInfo>,
    },
    /// Fact: what is known of the session changed.
    #[serde(rename = "session.updated")]
    SessionUpdated {
        /// What it is now.
        info: Box<SessionInfo>,
    },
    /// Fact: the session's process ended, or the session was deleted.
    #[serde(rename = "session.closed")]
    SessionClosed {
        /// Why, in words.
        reason: String,
        /// Whether it was deleted.
        #[serde(default)]
        deleted: bool,
    },
    /// The agent works, and on what.
    #[serde(rename = "agent.working")]
    AgentWorking {
        /// What it is doing.
        phase: Phase,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
        /// The turn, where it just began.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn_id: Option<TurnId>,
    },
    /// The agent's process was started and has not answered yet.
    #[serde(rename = "agent.starting")]
    AgentStarting {},
    /// The agent's process answered: the session is ready for a prompt.
    #[serde(rename = "agent.ready")]
    AgentReady {},
    /// Fact: the turn is over, nothing more will happen by itself.
    #[serde(rename = "agent.idle")]
    AgentIdle {
        /// The turn that ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn_id: Option<TurnId>,
        /// How.
        outcome: Outcome,
    },
    /// Fact: the agent failed.
    #[serde(rename = "agent.error")]
    AgentError {
        /// What happened and what to do.
        message: String,
        /// Whether the next prompt may work.
        recoverable: bool,
    },
    /// The agent lives, but its shim cannot be reached; a later `session.live` tells when it can.
    #[serde(rename = "agent.unavailable")]
    AgentUnavailable {},
    /// Fact: a prompt was accepted.
    #[serde(rename = "prompt.accepted")]
    PromptAccepted {
        /// The prompt.
        prompt: Box<OpenPrompt>,
    },
    /// Fact: the agent has a prompt.
    #[serde(rename = "prompt.delivered")]
    PromptDelivered {
        /// Which.
        request_id: RequestId,
        /// The turn it joined.
        turn_id: TurnId,
    },
    /// Fact: a prompt ended; the last event of each.
    #[serde(rename = "prompt.ended")]
    PromptEnded {
        /// Which.
        request_id: RequestId,
        /// Its turn, if it came to one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn_id: Option<TurnId>,
        /// How.
        outcome: Outcome,
        /// Why, where it did not end as it should.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// The agent never had it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        not_delivered: bool,
    },
    /// Fact: the agent waits for an answer.
    #[serde(rename = "agent.input_needed")]
    InputNeeded {
        /// The question.
        request: Box<InputRequest>,
    },
    /// Fact: a question no longer waits.
    #[serde(rename = "agent.input_resolved")]
    InputResolved {
        /// Which.
        request_id: RequestId,
        /// What was answered.
        answer: Answer,
        /// By whom: an account, or `octo` when it was cancelled for them.
        by: String,
    },
    /// A message begins.
    #[serde(rename = "stream.message_start")]
    MessageStart {
        /// Which.
        message_id: MessageId,
        /// Who speaks.
        role: Role,
        /// ms since 1970.
        created_at: i64,
    },
    /// Text of a part goes on.
    #[serde(rename = "stream.text_delta")]
    TextDelta {
        /// Which message.
        message_id: MessageId,
        /// Which part.
        part_id: PartId,
        /// To append.
        delta: String,
    },
    /// Thinking goes on.
    #[serde(rename = "stream.thinking_delta")]
    ThinkingDelta {
        /// Which message.
        message_id: MessageId,
        /// Which part.
        part_id: PartId,
        /// To append.
        delta: String,
    },
    /// The model begins to ask for a tool.
    #[serde(rename = "stream.tool_call_start")]
    ToolCallStart {
        /// Which message.
        message_id: MessageId,
        /// Which part.
        part_id: PartId,
        /// As the agent named it.
        tool_call_id: ToolCallId,
        /// The tool.
        name: String,
    },
    /// The arguments of a tool call go on, as unfinished JSON text.
    #[serde(rename = "stream.tool_call_delta")]
    ToolCallDelta {
        /// Which message.
        message_id: MessageId,
        /// Which part.
        part_id: PartId,
        /// To append.
        delta: String,
    },
    /// The arguments of a tool call are whole.
    #[serde(rename = "stream.tool_call_end")]
    ToolCallEnd {
        /// Which message.
        message_id: MessageId,
        /// Which part.
        part_id: PartId,
        /// As the agent named it.
        tool_call_id: ToolCallId,
        /// The tool.
        name: String,
        /// Its arguments.
        input: Value,
    },
    /// Fact: a message is whole; this is the truth, whatever the deltas said.
    #[serde(rename = "stream.message_end")]
    MessageEnd {
        /// The message.
        message: Box<Message>,
    },
    /// A tool begins.
    #[serde(rename = "tool.start")]
    ToolStart {
        /// As the agent named the call.
        tool_call_id: ToolCallId,
        /// The tool.
        name: String,
        /// Its arguments.
        input: Value,
        /// ms since 1970.
        started_at: i64,
    },
    /// A tool's output so far, at most the last 16 KiB; replaces what was there.
    #[serde(rename = "tool.progress")]
    ToolProgress {
        /// As the agent named the call.
        tool_call_id: ToolCallId,
        /// The output so far.
        output: String,
    },
    /// Fact: a tool is done.
    #[serde(rename = "tool.end")]
    ToolEnd {
        /// As the agent named the call.
        tool_call_id: ToolCallId,
        /// The tool.
        name: String,
        /// What it gave back, at most the first 16 KiB; the tool's message has the whole.
        output: String,
        /// The change it made, as a unified diff.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        diff: Option<String>,
        /// Whether it failed.
        is_error: bool,
        /// How long it ran, in ms.
        duration_ms: u64,
    },
    /// Fact: the agent's plan changed.
    #[serde(rename = "plan.updated")]
    PlanUpdated {
        /// The whole plan.
        entries: Vec<PlanEntry>,
    },
    /// Fact: what waits changed.
    #[serde(rename = "queue.updated")]
    QueueUpdated {
        /// All that waits.
        queue: Queue,
    },
    /// Tokens, window and cost changed.
    #[serde(rename = "usage.updated")]
    UsageUpdated {
        /// The session's so far.
        usage: SessionUsage,
    },
    /// The agent waits to try again.
    #[serde(rename = "retry.start")]
    RetryStart {
        /// From 1.
        attempt: u32,
        /// At most.
        max_attempts: u32,
        /// In ms.
        delay_ms: u64,
        /// What failed.
        message: String,
    },
    /// The agent no longer waits to try again.
    #[serde(rename = "retry.end")]
    RetryEnd {
        /// Whether it worked in the end.
        success: bool,
        /// The last attempt.
        attempt: u32,
        /// What failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// Compaction begins.
    #[serde(rename = "compact.start")]
    CompactStart {
        /// `manual`, `threshold` or `overflow`.
        reason: String,
    },
    /// Fact: compaction is over.
    #[serde(rename = "compact.end")]
    CompactEnd {
        /// `manual`, `threshold` or `overflow`.
        reason: String,
        /// What the agent goes on with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
        /// Tokens before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tokens_before: Option<u64>,
        /// Whether it was stopped.
        #[serde(default)]
        aborted: bool,
        /// What failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// Fact: another model.
    #[serde(rename = "config.model_changed")]
    ModelChanged {
        /// As `set_model` takes it.
        model: String,
    },
    /// Fact: another mode.
    #[serde(rename = "config.mode_changed")]
    ModeChanged {
        /// The mode.
        mode: String,
    },
    /// Fact: another thinking level.
    #[serde(rename = "config.thinking_level_changed")]
    ThinkingLevelChanged {
        /// The level.
        level: String,
    },
    /// The slash commands changed.
    #[serde(rename = "commands.updated")]
    CommandsUpdated {
        /// All of them.
        commands: Vec<SlashCommand>,
    },
    /// A note for people.
    #[serde(rename = "notify")]
    Notify {
        /// `info`, `warning` or `error`.
        level: String,
        /// The note.
        message: String,
    },
    /// A status line of the agent's extensions.
    #[serde(rename = "status")]
    Status {
        /// Which.
        key: String,
        /// None takes it away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// Index: all sessions; replaces what the watcher had.
    #[serde(rename = "index.snapshot")]
    IndexSnapshot {
        /// All of them, the newest first.
        entries: Vec<IndexEntry>,
    },
    /// Index: a session is there or changed.
    #[serde(rename = "index.updated")]
    IndexUpdated {
        /// As it is now.
        entry: Box<IndexEntry>,
    },
    /// Index: a session is gone.
    #[serde(rename = "index.removed")]
    IndexRemoved {
        /// Which.
        session_id: SessionId,
    },
    /// The runner of this connection was lost; open requests were answered `unavailable`.
    #[serde(rename = "runner.lost")]
    RunnerLost {},
    /// The runner of this connection is there again: watch again from your cursors.
    #[serde(rename = "runner.ready")]
    RunnerReady {},
    /// An event of a later release; ignored, and counted.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

impl Event {
    /// Whether this event is stored before it is told.
    #[must_use]
    pub fn is_fact(&self) -> bool {
        match self {
            Self::SessionCreated { .. }
            | Self::SessionUpdated { .. }
            | Self::SessionClosed { .. }
            | Self::AgentIdle { .. }
            | Self::AgentError { .. }
            | Self::PromptAccepted { .. }
            | Self::PromptDelivered { .. }
            | Self::PromptEnded { .. }
            | Self::InputNeeded { .. }
            | Self::InputResolved { .. }
            | Self::MessageEnd { .. }
            | Self::ToolEnd { .. }
            | Self::PlanUpdated { .. }
            | Self::QueueUpdated { .. }
            | Self::CompactEnd { .. }
            | Self::ModelChanged { .. }
            | Self::ModeChanged { .. }
            | Self::ThinkingLevelChanged { .. } => true,
            Self::SessionSnapshot { .. }
            | Self::SessionLive { .. }
            | Self::AgentWorking { .. }
            | Self::AgentStarting {}
            | Self::AgentReady {}
            | Self::AgentUnavailable {}
            | Self::MessageStart { .. }
            | Self::TextDelta { .. }
            | Self::ThinkingDelta { .. }
            | Self::ToolCallStart { .. }
            | Self::ToolCallDelta { .. }
            | Self::ToolCallEnd { .. }
            | Self::ToolStart { .. }
            | Self::ToolProgress { .. }
            | Self::UsageUpdated { .. }
            | Self::RetryStart { .. }
            | Self::RetryEnd { .. }
            | Self::CompactStart { .. }
            | Self::CommandsUpdated { .. }
            | Self::Notify { .. }
            | Self::Status { .. }
            | Self::IndexSnapshot { .. }
            | Self::IndexUpdated { .. }
            | Self::IndexRemoved { .. }
            | Self::RunnerLost {}
            | Self::RunnerReady {}
            | Self::Unknown => false,
        }
    }
}
