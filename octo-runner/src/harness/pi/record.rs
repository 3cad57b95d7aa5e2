//! What each record of the transcript changes.

use octo_proto::Event;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Pi,
    lines::{self, excerpt, owned, text},
    sink::Sink,
};
use crate::harness::{Out, Record, What};

/// As much of stderr is kept for the message about its end.
const STDERR_TAIL: usize = 4 * 1024;

/// The one field that every line of Pi has; the rest is read when the type is known to be of use.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<std::borrow::Cow<'a, str>>,
}

impl Pi {
    pub(super) fn on_record(&mut self, record: &Record<'_>) -> Vec<Out> {
        let mut sink = Sink::new(record.at, record.place);
        match record.what {
            What::Line(line) => self.on_line(line, &mut sink),
            What::Oversize { head, len } => self.on_oversize(head, len, &mut sink),
            What::Stderr(bytes) => self.on_stderr(bytes, &mut sink),
            What::Wrote { key, line } => self.on_wrote(key, line, &mut sink),
            What::Spawned { .. } => {}
            What::Exited { code, signal } => self.on_exited(code, signal, &mut sink),
            What::ShimLost { reason } => self.on_death(Some(reason.to_owned()), &mut sink),
            What::Timeout { key } => self.on_timeout(key, &mut sink),
            What::Gap { bytes } => {
                sink.debug(format!("{bytes} bytes of Pi's output were not recorded"));
                self.demand(format!("octo:gap:{:x}", sink.place), json!({"type": "get_state"}));
            }
        }
        sink.outs
    }

    fn on_line(&mut self, line: &[u8], sink: &mut Sink) {
        let line = String::from_utf8_lossy(line);
        lines::take_apart(&line, |piece| match piece {
            Ok(object) => self.on_object(object, sink),
            Err(garbage) => sink.debug(format!("Pi printed something that is not an object: {}", excerpt(garbage))),
        });
    }

    fn on_object(&mut self, object: &str, sink: &mut Sink) {
        let Ok(Head { kind: Some(kind) }) = serde_json::from_str::<Head<'_>>(object) else {
            return sink.debug(format!("Pi printed an object without a type: {}", excerpt(object)));
        };
        match kind.as_ref() {
            // They repeat what the messages of the turn have said, and can be as large as all of them.
            "agent_end" | "turn_end" => return,
            _ => {}
        }
        match serde_json::from_str::<Value>(object) {
            Ok(value) => self.on_event(&kind, &value, sink),
            Err(error) => sink.debug(format!("Pi printed a `{kind}` that cannot be read: {error}")),
        }
    }

    fn on_event(&mut self, kind: &str, event: &Value, sink: &mut Sink) {
        self.spoke = true;
        match kind {
            "response" => self.on_response(event, sink),
            "agent_start" | "turn_start" => self.begin_turn(sink),
            "agent_settled" => self.settle(event.get("aborted").and_then(Value::as_bool), sink),
            "message_start" => self.on_message_start(event, sink),
            "message_update" => self.on_message_update(event, sink),
            "message_end" => self.on_message_end(event, sink),
            "tool_execution_start" => self.on_tool_start(event, sink),
            "tool_execution_update" => self.on_tool_update(event, sink),
            "tool_execution_end" => self.on_tool_end(event, sink),
            "queue_update" => self.on_queue_update(event, sink),
            "auto_retry_start" => self.on_retry_start(event, sink),
            "auto_retry_end" => self.on_retry_end(event, sink),
            "compaction_start" => self.on_compaction_start(event, sink),
            "compaction_end" => self.on_compaction_end(event, sink),
            "session_info_changed" => self.on_title(text(event, "name").unwrap_or_default(), sink),
            "thinking_level_changed" => self.on_thinking_level(&owned(event, "level"), sink),
            "extension_ui_request" => self.on_extension_request(event, sink),
            "extension_error" => self.on_extension_error(event, sink),
            other => sink.debug(format!("`{other}` of Pi tells a client nothing")),
        }
    }

    fn on_stderr(&mut self, bytes: &[u8], sink: &mut Sink) {
        let text = String::from_utf8_lossy(bytes);
        sink.debug(format!("on stderr: {}", excerpt(text.trim_end())));
        self.stderr.push_str(&text);
        if !self.stderr.ends_with('\n') {
            self.stderr.push('\n');
        }
        self.stderr = lines::tail(&self.stderr, STDERR_TAIL).to_owned();
    }

    pub(super) fn on_title(&mut self, title: &str, sink: &mut Sink) {
        if self.title != title {
            title.clone_into(&mut self.title);
            sink.outs.push(Out::Title { title: title.to_owned() });
        }
    }

    pub(super) fn on_thinking_level(&mut self, level: &str, sink: &mut Sink) {
        if !level.is_empty() && self.thinking_level.as_deref() != Some(level) {
            self.thinking_level = Some(level.to_owned());
            sink.fact(Event::ThinkingLevelChanged { level: level.to_owned() });
        }
    }
}
