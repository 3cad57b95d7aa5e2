//! Tools while they run, and what everything costs.

use octo_proto::{Event, id::ToolCallId, message::Usage, session::Phase};
use serde_json::Value;

use super::{
    Pi, Tool,
    lines::{content_text, flag, head, number, owned, tail, text},
    sink::Sink,
};

/// As much of a tool's output goes into an event; its message has the whole.
const OUTPUT: usize = 16 * 1024;
/// A larger change is found in the tool's message only.
const DIFF: usize = 64 * 1024;

impl Pi {
    pub(super) fn on_tool_start(&mut self, event: &Value, sink: &mut Sink) {
        let (id, name) = (ToolCallId(owned(event, "toolCallId")), owned(event, "toolName"));
        self.tools.push(Tool { id: id.clone(), name: name.clone(), started_at: sink.at });
        sink.volatile(Event::ToolStart {
            tool_call_id: id,
            name: name.clone(),
            input: event.get("args").cloned().unwrap_or_default(),
            started_at: sink.at,
        });
        self.phase(Phase::ToolRunning, Some(name), sink);
    }

    pub(super) fn on_tool_update(&mut self, event: &Value, sink: &mut Sink) {
        let output = content_text(event.get("partialResult").and_then(|result| result.get("content")));
        // The first one is always empty.
        if !output.is_empty() {
            let tool_call_id = ToolCallId(owned(event, "toolCallId"));
            sink.volatile(Event::ToolProgress { tool_call_id, output: tail(&output, OUTPUT).to_owned() });
        }
    }

    pub(super) fn on_tool_end(&mut self, event: &Value, sink: &mut Sink) {
        let result = event.get("result").unwrap_or(&Value::Null);
        let details = result.get("details").unwrap_or(&Value::Null);
        let diff = text(details, "patch").or_else(|| text(details, "diff")).filter(|diff| diff.len() <= DIFF);
        let id = ToolCallId(owned(event, "toolCallId"));
        let tool =
            self.take_tool(&id).unwrap_or_else(|| Tool { id, name: owned(event, "toolName"), started_at: sink.at });
        let output = content_text(result.get("content"));
        sink.fact(Event::ToolEnd {
            tool_call_id: tool.id,
            name: tool.name,
            output: head(&output, OUTPUT).to_owned(),
            diff: diff.map(str::to_owned),
            is_error: flag(event, "isError"),
            duration_ms: number(event, "durationMs").unwrap_or_else(|| elapsed(tool.started_at, sink.at)),
        });
        if self.tools.is_empty() {
            self.phase(Phase::Generating, None, sink);
        }
    }

    fn take_tool(&mut self, id: &ToolCallId) -> Option<Tool> {
        let at = self.tools.iter().position(|tool| tool.id == *id)?;
        Some(self.tools.remove(at))
    }

    /// Tools of which no end comes.
    pub(super) fn end_tools(&mut self, why: &str, sink: &mut Sink) {
        for tool in std::mem::take(&mut self.tools) {
            sink.fact(Event::ToolEnd {
                duration_ms: elapsed(tool.started_at, sink.at),
                tool_call_id: tool.id,
                name: tool.name,
                output: why.to_owned(),
                diff: None,
                is_error: true,
            });
        }
    }

    /// Adds what a message cost.
    pub(super) fn count(&mut self, used: &Usage, context: Option<u64>, sink: &mut Sink) {
        let total = &mut self.usage.total;
        total.input_tokens += used.input_tokens;
        total.output_tokens += used.output_tokens;
        add(&mut total.cache_read_tokens, used.cache_read_tokens);
        add(&mut total.cache_write_tokens, used.cache_write_tokens);
        if let Some(cost) = used.cost_usd {
            total.cost_usd = Some(total.cost_usd.unwrap_or_default() + cost);
        }
        // A message that failed before the model answered tells nothing about the context.
        if let Some(context) = context.filter(|tokens| *tokens > 0) {
            self.usage.context_tokens = Some(context);
        }
        sink.volatile(Event::UsageUpdated { usage: self.usage.clone() });
    }
}

fn add(total: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *total = Some(total.unwrap_or_default() + more);
    }
}

fn elapsed(from: i64, to: i64) -> u64 {
    u64::try_from(to - from).unwrap_or_default()
}
