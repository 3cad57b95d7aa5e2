//! Anthropic Messages.

use serde_json::{Value, json};

use super::{
    step::{Failure, Stop, Usage},
    turn::{Block, End, Said},
    wire::{Head, Part, Wire, event},
};

const SIGNATURE: &str = "c2NyaXB0ZWQ=";

/// Encodes one message.
pub(super) struct Messages {
    head: Head,
    blocks: usize,
    open: Block,
}

impl Messages {
    pub(super) fn new(head: Head) -> Self {
        Self { head, blocks: 0, open: Block::Text }
    }

    fn message(&self, content: &[Value], stop: Option<Stop>, usage: Usage) -> Value {
        json!({
            "id": format!("msg_{}", self.head.id),
            "type": "message",
            "role": "assistant",
            "model": self.head.model,
            "content": content,
            "stop_reason": stop.map(reason),
            "stop_sequence": null,
            "usage": tokens(usage),
        })
    }

    fn opened(&mut self, block: &Block) -> String {
        self.open = block.clone();
        let content = match block {
            Block::Text => json!({"type": "text", "text": ""}),
            Block::Thinking => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Block::Call { name, .. } => self.call(self.blocks, name, &json!({})),
        };
        self.event("content_block_start", "content_block", &content)
    }

    fn added(&self, text: &str) -> String {
        let delta = match self.open {
            Block::Text => json!({"type": "text_delta", "text": text}),
            Block::Thinking => json!({"type": "thinking_delta", "thinking": text}),
            Block::Call { .. } => json!({"type": "input_json_delta", "partial_json": text}),
        };
        self.event("content_block_delta", "delta", &delta)
    }

    fn closed(&mut self) -> String {
        let mut text = String::new();
        if self.open == Block::Thinking {
            let delta = json!({"type": "signature_delta", "signature": SIGNATURE});
            text.push_str(&self.event("content_block_delta", "delta", &delta));
        }
        let kind = "content_block_stop";
        text.push_str(&event(Some(kind), &json!({"type": kind, "index": self.blocks})));
        self.blocks += 1;
        text
    }

    fn finished(end: End) -> String {
        let delta = json!({"stop_reason": reason(end.stop), "stop_sequence": null});
        let last = json!({"type": "message_delta", "delta": delta, "usage": tokens(end.usage)});
        event(Some("message_delta"), &last) + &event(Some("message_stop"), &json!({"type": "message_stop"}))
    }

    fn call(&self, index: usize, name: &str, input: &Value) -> Value {
        json!({"type": "tool_use", "id": format!("toolu_{}_{index}", self.head.id), "name": name, "input": input})
    }

    /// An event about the block at hand.
    fn event(&self, kind: &str, key: &str, value: &Value) -> String {
        event(Some(kind), &json!({"type": kind, "index": self.blocks, key: value}))
    }
}

impl Wire for Messages {
    fn start(&mut self, input_tokens: u64) -> String {
        let message = self.message(&[], None, Usage { input: input_tokens, output: 1 });
        event(Some("message_start"), &json!({"type": "message_start", "message": message}))
            + &event(Some("ping"), &json!({"type": "ping"}))
    }

    fn say(&mut self, said: &Said) -> String {
        match said {
            Said::Open(block) => self.opened(block),
            Said::Delta(text) => self.added(text),
            Said::Close => self.closed(),
            Said::Fail(failure) => event(Some("error"), &self.error(failure)),
            Said::Finish(end) => Self::finished(*end),
        }
    }

    fn whole(&self, parts: &[Part], end: End) -> Value {
        let content: Vec<Value> = parts
            .iter()
            .enumerate()
            .map(|(index, part)| match &part.block {
                Block::Text => json!({"type": "text", "text": part.text}),
                Block::Thinking => {
                    json!({"type": "thinking", "thinking": part.text, "signature": SIGNATURE})
                }
                Block::Call { name, input } => self.call(index, name, input),
            })
            .collect();
        self.message(&content, Some(end.stop), end.usage)
    }

    fn error(&self, failure: &Failure) -> Value {
        let kind = match failure.status {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            529 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        let request = format!("req_{}", self.head.id);
        json!({"type": "error", "error": {"type": kind, "message": failure.message}, "request_id": request})
    }
}

fn reason(stop: Stop) -> &'static str {
    match stop {
        Stop::Natural => "end_turn",
        Stop::ToolUse => "tool_use",
        Stop::Length => "max_tokens",
    }
}

fn tokens(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": usage.output,
        "service_tier": "standard",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::wire::testing::{end, head, parts, stream};

    fn usage(output: u64) -> Value {
        json!({"input_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            "output_tokens": output, "service_tier": "standard"})
    }

    #[test]
    fn a_stream() {
        let events = stream(&mut Messages::new(head()));
        let bodies: Vec<Value> = events.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
        for ((name, _), body) in events.iter().zip(&bodies) {
            assert_eq!(body["type"], json!(name));
        }
        let call = json!({"type": "tool_use", "id": "toolu_7_2", "name": "bash", "input": {}});
        let (start, delta, stop) = ("content_block_start", "content_block_delta", "content_block_stop");
        assert_eq!(
            bodies,
            [
                json!({"type": "message_start", "message": {"id": "msg_7", "type": "message", "role": "assistant",
                    "model": "m", "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage(1)}}),
                json!({"type": "ping"}),
                json!({"type": start, "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
                json!({"type": delta, "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
                json!({"type": delta, "index": 0, "delta": {"type": "signature_delta", "signature": SIGNATURE}}),
                json!({"type": stop, "index": 0}),
                json!({"type": start, "index": 1, "content_block": {"type": "text", "text": ""}}),
                json!({"type": delta, "index": 1, "delta": {"type": "text_delta", "text": "hi"}}),
                json!({"type": stop, "index": 1}),
                json!({"type": start, "index": 2, "content_block": call}),
                json!({"type": delta, "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\"command\":\"ls\"}"}}),
                json!({"type": stop, "index": 2}),
                json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": usage(5)}),
                json!({"type": "message_stop"}),
            ]
        );
    }

    #[test]
    fn a_whole_body() {
        let body = Messages::new(head()).whole(&parts(), end());
        assert_eq!(
            body["content"],
            json!([{"type": "thinking", "thinking": "hm", "signature": SIGNATURE}, {"type": "text", "text": "hi"},
                {"type": "tool_use", "id": "toolu_7_2", "name": "bash", "input": {"command": "ls"}}])
        );
        assert_eq!((&body["stop_reason"], &body["usage"]), (&json!("tool_use"), &usage(5)));
    }

    #[test]
    fn an_error() {
        let failure = Failure { status: 529, message: "full".to_owned() };
        let text = Messages::new(head()).say(&Said::Fail(failure));
        let body: Value = serde_json::from_str(text.strip_prefix("event: error\ndata: ").unwrap().trim()).unwrap();
        assert_eq!(
            body,
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "full"}, "request_id": "req_7"})
        );
    }
}
