//! Messages as Pi writes them: begin, deltas, and the whole, which is the truth.

use octo_proto::{
    Event, Message, Part, PartKind, Role,
    id::{MessageId, PartId, ToolCallId},
    message::{Source, StopReason, ToolStatus},
    session::Phase,
};
use serde_json::{Map, Value};

use super::{
    Pi, Writing,
    lines::{self, content_text, flag, number, owned, text},
    sink::Sink,
};

impl Pi {
    pub(super) fn on_message_start(&mut self, event: &Value, sink: &mut Sink) {
        let message = event.get("message").unwrap_or(&Value::Null);
        self.start_message(text(message, "role").unwrap_or_default(), sink);
    }

    pub(super) fn start_message(&mut self, role: &str, sink: &mut Sink) {
        self.end_message("Pi began another before it was whole", sink);
        if role == "user" && self.on_echo(sink) {
            self.writing = Some(Writing::Echo);
            return;
        }
        let id = sink.message_id(&self.process);
        if role != "assistant" {
            self.writing = Some(Writing::Other(id));
            return;
        }
        sink.volatile(Event::MessageStart { message_id: id.clone(), role: Role::Assistant, created_at: sink.at });
        self.writing = Some(Writing::Assistant(Box::new(Message::new(id, Role::Assistant, sink.at))));
    }

    pub(super) fn on_message_update(&mut self, event: &Value, sink: &mut Sink) {
        let update = event.get("assistantMessageEvent").unwrap_or(&Value::Null);
        let Some(Writing::Assistant(message)) = &mut self.writing else {
            return sink.debug("Pi went on with a message that it had not begun");
        };
        let message_id = message.id.clone();
        let part_id = message_id.part(number(update, "contentIndex").unwrap_or_default() as usize);
        let delta = owned(update, "delta");
        match text(update, "type").unwrap_or_default() {
            "text_start" => self.phase(Phase::Generating, None, sink),
            "thinking_start" => self.phase(Phase::Thinking, None, sink),
            "text_delta" => {
                append(message, &part_id, &delta, || PartKind::Text { text: String::new(), format: None });
                sink.volatile(Event::TextDelta { message_id, part_id, delta });
            }
            "thinking_delta" => {
                append(message, &part_id, &delta, || PartKind::Thinking { text: String::new() });
                sink.volatile(Event::ThinkingDelta { message_id, part_id, delta });
            }
            "toolcall_delta" => {
                append(message, &part_id, &delta, || call(&Value::Null, Value::String(String::new())));
                sink.volatile(Event::ToolCallDelta { message_id, part_id, delta });
            }
            "toolcall_start" => {
                let (tool_call_id, name) = (ToolCallId(owned(update, "id")), owned(update, "toolName"));
                let input = Value::String(String::new());
                let kind = PartKind::ToolCall {
                    tool_call_id: tool_call_id.clone(),
                    name: name.clone(),
                    input,
                    status: ToolStatus::Pending,
                };
                put(message, &part_id, kind);
                sink.volatile(Event::ToolCallStart { message_id, part_id, tool_call_id, name });
                self.phase(Phase::Generating, None, sink);
            }
            "toolcall_end" => {
                let tool = update.get("toolCall").unwrap_or(&Value::Null);
                let input = tool.get("arguments").cloned().unwrap_or_default();
                put(message, &part_id, call(tool, input.clone()));
                let (tool_call_id, name) = (ToolCallId(owned(tool, "id")), owned(tool, "name"));
                sink.volatile(Event::ToolCallEnd { message_id, part_id, tool_call_id, name, input });
            }
            // The whole text comes again with the whole message.
            "text_end" | "thinking_end" => {}
            other => sink.debug(format!("`{other}` within a message of Pi tells a client nothing")),
        }
    }

    pub(super) fn on_message_end(&mut self, event: &Value, sink: &mut Sink) {
        let message = event.get("message").unwrap_or(&Value::Null);
        let role = text(message, "role").unwrap_or_default();
        let id = match self.writing.take() {
            Some(Writing::Echo) if role == "user" => return,
            Some(Writing::Assistant(begun)) if role == "assistant" => begun.id,
            Some(Writing::Other(id)) => id,
            // Its begin was lost.
            other => {
                self.writing = other;
                self.start_message(role, sink);
                match self.writing.take() {
                    Some(Writing::Assistant(begun)) => begun.id,
                    Some(Writing::Other(id)) => id,
                    Some(Writing::Echo) | None => return,
                }
            }
        };
        match role {
            "assistant" => self.on_assistant(id, message, sink),
            "toolResult" => sink.fact(Event::MessageEnd { message: Box::new(tool_message(id, message, sink.at)) }),
            "user" => sink.fact(Event::MessageEnd { message: Box::new(plain(id, Role::User, message, sink.at)) }),
            "custom" if flag(message, "display") => {
                sink.fact(Event::MessageEnd { message: Box::new(plain(id, Role::System, message, sink.at)) });
            }
            other => sink.debug(format!("a message of Pi's role `{other}` is not for people")),
        }
    }

    fn on_assistant(&mut self, id: MessageId, from: &Value, sink: &mut Sink) {
        let mut message = Message::new(id, Role::Assistant, sink.at);
        let blocks = from.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        message.parts =
            blocks.iter().enumerate().map(|(at, block)| Part::new(message.id.part(at), part(block))).collect();
        message.model = text(from, "model").map(str::to_owned);
        message.provider = text(from, "provider").map(str::to_owned);
        message.stop_reason = text(from, "stopReason").and_then(lines::stop_reason);
        let aborted = self.turn.as_ref().is_some_and(|turn| turn.aborted);
        let failed = matches!(message.stop_reason, Some(StopReason::Error | StopReason::Aborted));
        let mut error = None;
        if aborted && failed {
            message.stop_reason = Some(StopReason::Aborted);
        } else if message.stop_reason == Some(StopReason::Error) {
            let why = lines::readable(text(from, "errorMessage").unwrap_or("Pi did not say what failed"));
            message.parts.push(Part::new(message.id.part(blocks.len()), PartKind::Error { message: why.clone() }));
            error = Some(why);
        }
        if let Some(turn) = &mut self.turn {
            turn.error = error;
        }
        message.usage = from.get("usage").map(lines::usage);
        let context = from.get("usage").and_then(|usage| number(usage, "totalTokens"));
        let used = message.usage.clone();
        sink.fact(Event::MessageEnd { message: Box::new(message) });
        if let Some(used) = used {
            self.count(&used, context, sink);
        }
    }

    /// A message that stays as it is, since nothing more of it comes.
    pub(super) fn end_message(&mut self, why: &str, sink: &mut Sink) {
        if let Some(Writing::Assistant(mut message)) = self.writing.take() {
            let aborted = self.turn.as_ref().is_some_and(|turn| turn.aborted);
            message.stop_reason = Some(if aborted { StopReason::Aborted } else { StopReason::Error });
            sink.debug(format!("message {} was cut off: {why}", message.id));
            sink.fact(Event::MessageEnd { message });
        }
    }
}

fn append(message: &mut Message, id: &PartId, delta: &str, new: impl Fn() -> PartKind) {
    let at = message.parts.iter().position(|part| part.id == *id).unwrap_or_else(|| {
        message.parts.push(Part::new(id.clone(), new()));
        message.parts.len() - 1
    });
    if let PartKind::Text { text, .. }
    | PartKind::Thinking { text }
    | PartKind::ToolCall { input: Value::String(text), .. } = &mut message.parts[at].kind
    {
        text.push_str(delta);
    }
}

fn put(message: &mut Message, id: &PartId, kind: PartKind) {
    match message.parts.iter_mut().find(|part| part.id == *id) {
        Some(part) => part.kind = kind,
        None => message.parts.push(Part::new(id.clone(), kind)),
    }
}

fn call(tool: &Value, input: Value) -> PartKind {
    let (tool_call_id, name) = (ToolCallId(owned(tool, "id")), owned(tool, "name"));
    PartKind::ToolCall { tool_call_id, name, input, status: ToolStatus::Pending }
}

/// One block of a message's content; a kind that is not known is kept under a name of its own.
fn part(block: &Value) -> PartKind {
    match text(block, "type").unwrap_or_default() {
        "text" => PartKind::Text { text: owned(block, "text"), format: None },
        "thinking" => PartKind::Thinking { text: owned(block, "thinking") },
        "toolCall" => call(block, block.get("arguments").cloned().unwrap_or_default()),
        "image" => image(block),
        other => {
            let kind = Value::String(format!("x-pi-{other}"));
            PartKind::Other(Map::from_iter([("type".to_owned(), kind), ("payload".to_owned(), block.clone())]))
        }
    }
}

fn image(block: &Value) -> PartKind {
    let source = Source::Base64 { base64: owned(block, "data"), mime_type: owned(block, "mimeType") };
    PartKind::Image { source, alt: None }
}

/// A message of text and pictures.
fn plain(id: MessageId, role: Role, from: &Value, at: i64) -> Message {
    let mut message = Message::new(id, role, at);
    match from.get("content") {
        Some(Value::Array(blocks)) => {
            let parts = blocks.iter().enumerate().map(|(at, block)| Part::new(message.id.part(at), part(block)));
            message.parts = parts.collect();
        }
        content => message.parts.push(Part::text(message.id.part(0), content_text(content))),
    }
    message
}

/// The result of a tool: its text, the change it made, its pictures.
fn tool_message(id: MessageId, from: &Value, at: i64) -> Message {
    let mut message = Message::new(id, Role::Tool, at);
    let (call, name, is_error) =
        (ToolCallId(owned(from, "toolCallId")), text(from, "toolName").map(str::to_owned), flag(from, "isError"));
    message.tool_call_id = Some(call.clone());
    message.tool_name.clone_from(&name);
    message.is_error = Some(is_error);
    let output = content_text(from.get("content"));
    let mut kinds = vec![PartKind::ToolResult { tool_call_id: call, name, output, is_error, duration_ms: None }];
    kinds.extend(from.get("details").and_then(|details| text(details, "patch")).map(diff));
    let blocks = from.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    kinds.extend(blocks.iter().filter(|block| text(block, "type") == Some("image")).map(image));
    message.parts = kinds.into_iter().enumerate().map(|(at, kind)| Part::new(message.id.part(at), kind)).collect();
    message
}

fn diff(patch: &str) -> PartKind {
    let path = patch.lines().find_map(|line| line.strip_prefix("+++ ")).unwrap_or_default().to_owned();
    let hunks = || patch.lines().skip_while(|line| !line.starts_with("@@"));
    let count = |sign| hunks().filter(|line| line.starts_with(sign)).count() as u64;
    PartKind::Diff { path, unified: patch.to_owned(), added: count('+'), removed: count('-') }
}
