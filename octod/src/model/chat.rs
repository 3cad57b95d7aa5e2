//! OpenAI Chat Completions.

use serde_json::{Map, Value, json};

use super::{
    step::{Failure, Stop, Usage},
    turn::{Block, End, Said},
    wire::{Head, Part, Wire, event},
};

/// Encodes one chat completion.
pub(super) struct Chat {
    head: Head,
    /// Whether the stream ends with a chunk of usage.
    with_usage: bool,
    calls: usize,
    open: Open,
}

#[derive(Clone, Copy)]
enum Open {
    Text,
    Thinking,
    Call(usize),
}

impl Chat {
    pub(super) fn new(head: Head, with_usage: bool) -> Self {
        Self { head, with_usage, calls: 0, open: Open::Text }
    }

    fn envelope(&self, object: &str, choices: &Value) -> Map<String, Value> {
        let mut envelope = Map::new();
        envelope.insert("id".to_owned(), format!("chatcmpl-{}", self.head.id).into());
        envelope.insert("object".to_owned(), object.into());
        envelope.insert("created".to_owned(), self.head.created.into());
        envelope.insert("model".to_owned(), self.head.model.clone().into());
        envelope.insert("choices".to_owned(), choices.clone());
        envelope
    }

    fn chunk(&self, delta: &Value, finish: Option<&str>) -> String {
        let choices = json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
        event(None, &Value::Object(self.envelope("chat.completion.chunk", &choices)))
    }

    fn call(&self, slot: usize, name: &str, arguments: &str) -> Value {
        let id = format!("call_{}_{slot}", self.head.id);
        json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
    }

    fn opened(&mut self, block: &Block) -> String {
        match block {
            Block::Text => self.open = Open::Text,
            Block::Thinking => self.open = Open::Thinking,
            Block::Call { name, .. } => {
                let slot = self.calls;
                self.calls += 1;
                self.open = Open::Call(slot);
                let mut call = self.call(slot, name, "");
                call["index"] = slot.into();
                return self.chunk(&json!({"tool_calls": [call]}), None);
            }
        }
        String::new()
    }

    fn added(&self, text: &str) -> String {
        let delta = match self.open {
            Open::Text => json!({"content": text}),
            Open::Thinking => json!({"reasoning_content": text}),
            Open::Call(slot) => {
                json!({"tool_calls": [{"index": slot, "function": {"arguments": text}}]})
            }
        };
        self.chunk(&delta, None)
    }

    fn finished(&self, end: End) -> String {
        let mut text = self.chunk(&json!({}), Some(reason(end.stop)));
        if self.with_usage {
            let mut last = self.envelope("chat.completion.chunk", &json!([]));
            last.insert("usage".to_owned(), usage(end.usage));
            text.push_str(&event(None, &Value::Object(last)));
        }
        text.push_str("data: [DONE]\n\n");
        text
    }
}

impl Wire for Chat {
    fn start(&mut self, _input_tokens: u64) -> String {
        self.chunk(&json!({"role": "assistant", "content": ""}), None)
    }

    fn say(&mut self, said: &Said) -> String {
        match said {
            Said::Open(block) => self.opened(block),
            Said::Delta(text) => self.added(text),
            Said::Close => String::new(),
            Said::Fail(failure) => event(None, &self.error(failure)),
            Said::Finish(end) => self.finished(*end),
        }
    }

    fn whole(&self, parts: &[Part], end: End) -> Value {
        let (mut content, mut thinking, mut calls) = (String::new(), String::new(), Vec::new());
        for part in parts {
            match &part.block {
                Block::Text => content.push_str(&part.text),
                Block::Thinking => thinking.push_str(&part.text),
                Block::Call { name, .. } => calls.push(self.call(calls.len(), name, &part.text)),
            }
        }
        let mut message = json!({"role": "assistant", "content": Some(content).filter(|text| !text.is_empty())});
        if !thinking.is_empty() {
            message["reasoning_content"] = thinking.into();
        }
        if !calls.is_empty() {
            message["tool_calls"] = calls.into();
        }
        let choices = json!([{"index": 0, "message": message, "finish_reason": reason(end.stop)}]);
        let mut body = self.envelope("chat.completion", &choices);
        body.insert("usage".to_owned(), usage(end.usage));
        Value::Object(body)
    }

    fn error(&self, failure: &Failure) -> Value {
        let kind = match failure.status {
            401 => "invalid_api_key",
            429 => "rate_limit_exceeded",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        json!({"error": {"message": failure.message, "type": kind, "param": null, "code": kind}})
    }
}

fn reason(stop: Stop) -> &'static str {
    match stop {
        Stop::Natural => "stop",
        Stop::ToolUse => "tool_calls",
        Stop::Length => "length",
    }
}

fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input.saturating_add(usage.output),
        "prompt_tokens_details": {"cached_tokens": 0},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::wire::testing::{end, head, parts, stream};

    #[test]
    fn a_stream() {
        let events = stream(&mut Chat::new(head(), true));
        assert!(events.iter().all(|(name, _)| name.is_empty()));
        let (done, chunks) = events.split_last().unwrap();
        assert_eq!(done.1, "[DONE]");
        let chunks: Vec<Value> = chunks.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
        for chunk in &chunks {
            assert_eq!(
                [&chunk["id"], &chunk["object"], &chunk["created"], &chunk["model"]],
                [&json!("chatcmpl-7"), &json!("chat.completion.chunk"), &json!(1_700_000_000), &json!("m")]
            );
        }
        let deltas: Vec<&Value> = chunks[..6].iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
        let function = json!({"name": "bash", "arguments": ""});
        assert_eq!(
            deltas,
            [
                &json!({"role": "assistant", "content": ""}),
                &json!({"reasoning_content": "hm"}),
                &json!({"content": "hi"}),
                &json!({"tool_calls": [{"index": 0, "id": "call_7_0", "type": "function", "function": function}]}),
                &json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"command\":\"ls\"}"}}]}),
                &json!({}),
            ]
        );
        assert_eq!(chunks[5]["choices"][0]["finish_reason"], "tool_calls");
        assert_eq!((&chunks[6]["choices"], &chunks[6]["usage"]["total_tokens"]), (&json!([]), &json!(15)));
        assert_eq!(chunks.len(), 7);
        assert_eq!(stream(&mut Chat::new(head(), false)).len(), 7, "no usage unless it is asked for");
    }

    #[test]
    fn a_whole_body() {
        let body = Chat::new(head(), false).whole(&parts(), end());
        let function = json!({"name": "bash", "arguments": "{\"command\":\"ls\"}"});
        assert_eq!(
            body,
            json!({"id": "chatcmpl-7", "object": "chat.completion", "created": 1_700_000_000, "model": "m",
                "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
                    "role": "assistant", "content": "hi", "reasoning_content": "hm",
                    "tool_calls": [{"id": "call_7_0", "type": "function", "function": function}]}}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
                    "prompt_tokens_details": {"cached_tokens": 0}}})
        );
    }

    #[test]
    fn an_error() {
        let failure = Failure { status: 429, message: "slower".to_owned() };
        let kind = "rate_limit_exceeded";
        assert_eq!(
            Chat::new(head(), false).error(&failure),
            json!({"error": {"message": "slower", "type": kind, "param": null, "code": kind}})
        );
    }
}
