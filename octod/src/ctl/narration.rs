//! A session told as text: who says what, which tools ran, what came of it.

use std::collections::HashMap;

use octo_proto::{
    Event, Message, PartKind, Role,
    id::PartId,
    session::{Answer, InputRequest, Outcome},
};
use serde_json::Value;

use super::question;

/// Lines of a tool's output that are shown.
const OUTPUT_LINES: usize = 20;

/// Turns events into text to be printed one after the other.
#[derive(Debug, Default)]
pub(crate) struct Narrator {
    /// Bytes of each text part that were shown while it was written.
    shown: HashMap<PartId, usize>,
    /// Whether the last text ended without a line end.
    open: bool,
}

impl Narrator {
    /// What this event adds.
    pub(crate) fn on(&mut self, event: &Event) -> String {
        match event {
            Event::SessionSnapshot { view } => {
                let mut out: String = view.messages.iter().map(|message| self.message(message)).collect();
                out.extend(view.live.questions.iter().map(question::text));
                out
            }
            Event::TextDelta { part_id, delta, .. } => self.delta(part_id, delta),
            Event::MessageEnd { message } => self.message(message),
            Event::ToolStart { name, input, .. } => self.line(&format!("[{name}] {}", brief(input))),
            Event::ToolEnd { output, is_error, .. } => self.tool_end(output, *is_error),
            Event::InputNeeded { request } => self.asked(request),
            Event::InputResolved { answer, by, .. } => self.line(&format!("answered by {by}: {}", answer_text(answer))),
            Event::AgentError { message, .. } => self.line(&format!("error: {message}")),
            Event::RetryStart { attempt, max_attempts, message, .. } => {
                self.line(&format!("trying again ({attempt} of {max_attempts}): {message}"))
            }
            Event::PromptEnded { outcome, message, .. } => self.ended(*outcome, message.as_deref()),
            Event::SessionClosed { reason, .. } => self.line(&format!("closed: {reason}")),
            Event::Notify { level, message } => self.line(&format!("{level}: {message}")),
            _ => String::new(),
        }
    }

    fn delta(&mut self, part: &PartId, delta: &str) -> String {
        let shown = self.shown.entry(part.clone()).or_default();
        let begin = if *shown == 0 { "agent: " } else { "" };
        *shown += delta.len();
        let out = format!("{begin}{delta}");
        self.open = !out.ends_with('\n');
        out
    }

    /// A whole message: what of it was not shown yet.
    fn message(&mut self, message: &Message) -> String {
        let who = match message.role {
            Role::User => "you",
            Role::Assistant => "agent",
            Role::System => "system",
            // The end of the tool has told it.
            Role::Tool => return String::new(),
        };
        let mut out = String::new();
        for part in &message.parts {
            let PartKind::Text { text, .. } = &part.kind else { continue };
            match self.shown.remove(&part.id) {
                Some(shown) => out.push_str(text.get(shown..).unwrap_or_default()),
                None => {
                    out.push_str(&self.close());
                    out.push_str(&format!("{who}: {text}"));
                }
            }
            self.open = !out.is_empty() && !out.ends_with('\n') || self.open && out.is_empty();
        }
        out + &self.close()
    }

    fn tool_end(&mut self, output: &str, is_error: bool) -> String {
        let mut out = self.close();
        let lines = output.lines().count();
        for line in output.lines().take(OUTPUT_LINES) {
            out.push_str(&format!("  | {line}\n"));
        }
        if lines > OUTPUT_LINES {
            out.push_str(&format!("  | … {} more lines\n", lines - OUTPUT_LINES));
        }
        if is_error {
            out.push_str("  | (failed)\n");
        }
        out
    }

    fn asked(&mut self, request: &InputRequest) -> String {
        self.close() + &question::text(request)
    }

    fn ended(&mut self, outcome: Outcome, message: Option<&str>) -> String {
        let word = match outcome {
            Outcome::Done => return self.close(),
            Outcome::Error => "failed",
            Outcome::Aborted => "aborted",
            Outcome::Withdrawn => "withdrawn",
        };
        self.line(&message.map_or_else(|| word.to_owned(), |message| format!("{word}: {message}")))
    }

    fn line(&mut self, line: &str) -> String {
        self.close() + line + "\n"
    }

    /// Ends the line that is being written, if one is.
    fn close(&mut self) -> String {
        if std::mem::take(&mut self.open) { "\n".to_owned() } else { String::new() }
    }
}

/// The arguments of a tool call, as short as they can be told: the one text, or the JSON.
fn brief(input: &Value) -> String {
    match input.as_object().map(|map| map.values().collect::<Vec<_>>()) {
        Some(values) => match values.as_slice() {
            [Value::String(text)] => text.clone(),
            _ => input.to_string(),
        },
        None => input.to_string(),
    }
}

fn answer_text(answer: &Answer) -> String {
    match answer {
        Answer::Value(value) => value.clone(),
        Answer::Confirmed(true) => "yes".to_owned(),
        Answer::Confirmed(false) => "no".to_owned(),
        Answer::Cancelled(_) => "cancelled".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use octo_proto::{Part, id::MessageId};
    use serde_json::json;

    use super::*;

    fn event(value: Value) -> Event {
        serde_json::from_value(value).unwrap()
    }

    fn end(id: &str, role: Role, text: &str) -> Event {
        let mut message = Message::new(MessageId::from(id), role, 0);
        message.parts.push(Part::text(message.id.part(0), text));
        Event::MessageEnd { message: Box::new(message) }
    }

    #[test]
    fn a_conversation_reads_well() {
        let mut narrator = Narrator::default();
        let delta =
            |text| event(json!({"event": "stream.text_delta", "message_id": "m", "part_id": "m/0", "delta": text}));
        let events = [
            end("u", Role::User, "run: ls"),
            delta("Run"),
            delta("ning"),
            end("m", Role::Assistant, "Running it."),
            event(
                json!({"event": "tool.start", "tool_call_id": "c", "name": "bash", "input": {"command": "ls"}, "started_at": 0}),
            ),
            event(
                json!({"event": "tool.end", "tool_call_id": "c", "name": "bash", "output": "a\nb\n", "is_error": false, "duration_ms": 3}),
            ),
            end("t", Role::Tool, "a\nb\n"),
            end("m2", Role::Assistant, "Done."),
            event(json!({"event": "prompt.ended", "request_id": "r", "outcome": "error", "message": "no model"})),
        ];
        let text: String = events.iter().map(|event| narrator.on(event)).collect();
        insta::assert_snapshot!(text, @r"
        you: run: ls
        agent: Running it.
        [bash] ls
          | a
          | b
        agent: Done.
        failed: no model
        ");
    }
}
