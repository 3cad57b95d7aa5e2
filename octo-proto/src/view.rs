//! The fold of events that every client shares: what a session looks like, from a snapshot and what came after it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    cursor::Cursor,
    event::Event,
    id::{MessageId, PartId, ToolCallId},
    message::{Message, Part, PartKind, Role, ToolStatus},
    session::{Live, Outcome, Phase, RunningTool, SessionInfo, SessionState},
};

/// The messages that a view keeps at most; earlier ones are asked for with `history.page`.
pub const WINDOW: usize = 64;

/// A session as one watcher sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct View {
    /// What it is.
    pub info: SessionInfo,
    /// All that is volatile.
    pub live: Live,
    /// The last messages, the oldest first.
    pub messages: Vec<Message>,
    /// Whether there are earlier ones.
    pub has_more: bool,
    /// Where the log stands.
    pub cursor: Cursor,
    /// The last error that the agent reported, until the next turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether the session was deleted.
    #[serde(default)]
    pub deleted: bool,
}

impl View {
    /// A session of which nothing is known but what it is.
    #[must_use]
    pub fn new(info: SessionInfo) -> Self {
        Self {
            info,
            live: Live::default(),
            messages: Vec::new(),
            has_more: false,
            cursor: Cursor::default(),
            error: None,
            deleted: false,
        }
    }

    /// Takes in one event. Events of a later release change nothing.
    pub fn apply(&mut self, cursor: Cursor, event: &Event) {
        match event {
            Event::SessionSnapshot { view } => *self = (**view).clone(),
            Event::SessionLive { live } => self.live = (**live).clone(),
            Event::SessionCreated { info } | Event::SessionUpdated { info } => self.info = (**info).clone(),
            Event::SessionClosed { deleted, .. } => self.close(*deleted),
            Event::PromptAccepted { .. } | Event::PromptDelivered { .. } | Event::PromptEnded { .. } => {
                self.prompt(event);
            }
            Event::InputNeeded { request } => {
                self.live.questions.retain(|question| question.request_id != request.request_id);
                self.live.questions.push((**request).clone());
            }
            Event::InputResolved { request_id, .. } => {
                self.live.questions.retain(|question| question.request_id != *request_id);
            }
            Event::AgentWorking { .. }
            | Event::AgentStarting {}
            | Event::AgentReady {}
            | Event::AgentUnavailable {}
            | Event::AgentIdle { .. }
            | Event::AgentError { .. }
            | Event::RetryStart { .. }
            | Event::RetryEnd { .. }
            | Event::CompactStart { .. }
            | Event::CompactEnd { .. } => self.state(event),
            Event::MessageStart { .. }
            | Event::TextDelta { .. }
            | Event::ThinkingDelta { .. }
            | Event::ToolCallStart { .. }
            | Event::ToolCallDelta { .. }
            | Event::ToolCallEnd { .. }
            | Event::MessageEnd { .. } => self.stream(event),
            Event::ToolStart { .. } | Event::ToolProgress { .. } | Event::ToolEnd { .. } => self.tool(event),
            Event::PlanUpdated { entries } => self.live.plan.clone_from(entries),
            Event::QueueUpdated { queue } => self.live.queue.clone_from(queue),
            Event::UsageUpdated { usage } => self.live.usage = Some(usage.clone()),
            Event::ModelChanged { model } => self.info.model = Some(model.clone()),
            Event::ModeChanged { mode } => self.info.mode = Some(mode.clone()),
            Event::ThinkingLevelChanged { level } => self.info.thinking_level = Some(level.clone()),
            Event::CommandsUpdated { commands } => self.live.commands.clone_from(commands),
            Event::Status { key, text } => {
                self.live.status.retain(|(other, _)| other != key);
                self.live.status.extend(text.iter().map(|text| (key.clone(), text.clone())));
            }
            Event::Notify { .. }
            | Event::IndexSnapshot { .. }
            | Event::IndexUpdated { .. }
            | Event::IndexRemoved { .. }
            | Event::RunnerLost {}
            | Event::RunnerReady {}
            | Event::Unknown => {}
        }
        self.cursor = cursor;
    }

    /// The process is gone, and with it everything that only it knew.
    fn close(&mut self, deleted: bool) {
        self.deleted |= deleted;
        let prompts = std::mem::take(&mut self.live.prompts);
        let queue = std::mem::take(&mut self.live.queue);
        let usage = self.live.usage.take();
        let state = match std::mem::take(&mut self.live.state) {
            state @ SessionState::Error { .. } => state,
            _ => SessionState::Stopped,
        };
        self.live = Live { state, prompts, queue, usage, ..Live::default() };
    }

    fn prompt(&mut self, event: &Event) {
        match event {
            Event::PromptAccepted { prompt } => {
                self.live.prompts.retain(|open| open.request_id != prompt.request_id);
                self.live.prompts.push((**prompt).clone());
            }
            Event::PromptDelivered { request_id, .. } => {
                for open in self.live.prompts.iter_mut().filter(|open| open.request_id == *request_id) {
                    open.delivered = true;
                    open.message = None;
                }
            }
            Event::PromptEnded { request_id, .. } => self.live.prompts.retain(|open| open.request_id != *request_id),
            _ => {}
        }
    }

    fn state(&mut self, event: &Event) {
        let working = |phase, detail: &Option<String>| SessionState::Working { phase, detail: detail.clone() };
        match event {
            Event::AgentWorking { phase, detail, turn_id } => {
                self.live.state = working(*phase, detail);
                if turn_id.is_some() {
                    self.live.turn_id.clone_from(turn_id);
                    self.error = None;
                }
            }
            Event::AgentStarting {} => self.live.state = SessionState::Starting,
            Event::AgentReady {} => self.live.state = SessionState::Idle,
            Event::AgentUnavailable {} => self.live.state = SessionState::Unavailable,
            Event::AgentIdle { outcome, .. } => {
                self.live.state = SessionState::Idle;
                self.live.turn_id = None;
                self.live.tools.clear();
                if *outcome != Outcome::Error {
                    self.error = None;
                }
            }
            Event::AgentError { message, recoverable } => {
                self.error = Some(message.clone());
                if !recoverable {
                    self.live.state = SessionState::Error { message: message.clone() };
                }
            }
            Event::RetryStart { message, .. } => self.live.state = working(Phase::Retrying, &Some(message.clone())),
            Event::CompactStart { reason } => self.live.state = working(Phase::Compacting, &Some(reason.clone())),
            // What follows a retry or a compaction is told by the next `agent.working` or `agent.idle`.
            _ => {}
        }
    }

    fn stream(&mut self, event: &Event) {
        match event {
            Event::MessageStart { message_id, role, created_at } => {
                self.live.in_flight.retain(|message| message.id != *message_id);
                self.live.in_flight.push(Message::new(message_id.clone(), *role, *created_at));
            }
            Event::TextDelta { message_id, part_id, delta } => {
                self.append(message_id, part_id, delta, || PartKind::Text { text: String::new(), format: None });
            }
            Event::ThinkingDelta { message_id, part_id, delta } => {
                self.append(message_id, part_id, delta, || PartKind::Thinking { text: String::new() });
            }
            Event::ToolCallStart { message_id, part_id, tool_call_id, name } => {
                let call = |input| tool_call(tool_call_id, name, input);
                self.put(message_id, part_id, call(Value::String(String::new())));
            }
            Event::ToolCallDelta { message_id, part_id, delta } => {
                let unnamed = || tool_call(&ToolCallId::from(""), "", Value::String(String::new()));
                self.append(message_id, part_id, delta, unnamed);
            }
            Event::ToolCallEnd { message_id, part_id, tool_call_id, name, input } => {
                self.put(message_id, part_id, tool_call(tool_call_id, name, input.clone()));
            }
            Event::MessageEnd { message } => self.end(message),
            _ => {}
        }
    }

    /// The message in flight with this id; begun here where its start was merged away.
    fn in_flight(&mut self, id: &MessageId) -> &mut Message {
        let at = self.live.in_flight.iter().position(|message| message.id == *id).unwrap_or_else(|| {
            self.live.in_flight.push(Message::new(id.clone(), Role::Assistant, 0));
            self.live.in_flight.len() - 1
        });
        &mut self.live.in_flight[at]
    }

    fn append(&mut self, message: &MessageId, part: &PartId, delta: &str, new: impl Fn() -> PartKind) {
        let message = self.in_flight(message);
        let at = message.parts.iter().rposition(|p| p.id == *part).unwrap_or_else(|| {
            message.parts.push(Part::new(part.clone(), new()));
            message.parts.len() - 1
        });
        match &mut message.parts[at].kind {
            PartKind::Text { text, .. }
            | PartKind::Thinking { text }
            | PartKind::ToolCall { input: Value::String(text), .. } => {
                text.push_str(delta);
            }
            _ => {}
        }
    }

    fn put(&mut self, message: &MessageId, part: &PartId, kind: PartKind) {
        let message = self.in_flight(message);
        match message.parts.iter_mut().find(|p| p.id == *part) {
            Some(part) => part.kind = kind,
            None => message.parts.push(Part::new(part.clone(), kind)),
        }
    }

    fn end(&mut self, message: &Message) {
        self.live.in_flight.retain(|open| open.id != message.id);
        match self.messages.iter_mut().find(|known| known.id == message.id) {
            Some(known) => *known = message.clone(),
            None => self.messages.push(message.clone()),
        }
        if self.messages.len() > WINDOW {
            self.messages.drain(..self.messages.len() - WINDOW);
            self.has_more = true;
        }
    }

    fn tool(&mut self, event: &Event) {
        match event {
            Event::ToolStart { tool_call_id, name, input, started_at } => {
                self.live.tools.retain(|tool| tool.tool_call_id != *tool_call_id);
                self.live.tools.push(RunningTool {
                    tool_call_id: tool_call_id.clone(),
                    name: name.clone(),
                    input: input.clone(),
                    output: String::new(),
                    started_at: *started_at,
                });
                self.set_tool_status(tool_call_id, ToolStatus::Running);
            }
            Event::ToolProgress { tool_call_id, output } => {
                for tool in self.live.tools.iter_mut().filter(|tool| tool.tool_call_id == *tool_call_id) {
                    tool.output.clone_from(output);
                }
            }
            Event::ToolEnd { tool_call_id, is_error, .. } => {
                self.live.tools.retain(|tool| tool.tool_call_id != *tool_call_id);
                let status = if *is_error { ToolStatus::Error } else { ToolStatus::Success };
                self.set_tool_status(tool_call_id, status);
            }
            _ => {}
        }
    }

    /// The status of a tool call in the messages follows the tool.
    fn set_tool_status(&mut self, id: &ToolCallId, to: ToolStatus) {
        let parts = self.messages.iter_mut().rev().flat_map(|message| message.parts.iter_mut());
        for part in parts {
            if let PartKind::ToolCall { tool_call_id, status, .. } = &mut part.kind
                && tool_call_id == id
            {
                *status = to;
                return;
            }
        }
    }
}

fn tool_call(id: &ToolCallId, name: &str, input: Value) -> PartKind {
    PartKind::ToolCall { tool_call_id: id.clone(), name: name.to_owned(), input, status: ToolStatus::Pending }
}

#[cfg(test)]
mod tests;
