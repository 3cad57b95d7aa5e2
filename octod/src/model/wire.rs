//! What both APIs' encoders are asked for.

use serde_json::Value;

use super::{
    step::Failure,
    turn::{Block, End, Said},
};

/// What stands over every response of one request.
#[derive(Debug, Clone)]
pub(super) struct Head {
    /// Drawn once per response; all its ids end in it.
    pub(super) id: String,
    /// Seconds since 1970.
    pub(super) created: u64,
    pub(super) model: String,
}

/// A part of a message, as a whole.
#[derive(Debug, PartialEq)]
pub(super) struct Part {
    pub(super) block: Block,
    pub(super) text: String,
}

/// One API's words for one response: `start` and `say` as server-sent events, or `whole` as one body.
pub(super) trait Wire: Send {
    fn start(&mut self, input_tokens: u64) -> String;
    fn say(&mut self, said: &Said) -> String;
    fn whole(&self, parts: &[Part], end: End) -> Value;
    fn error(&self, failure: &Failure) -> Value;
}

/// One server-sent event.
pub(super) fn event(name: Option<&str>, body: &Value) -> String {
    match name {
        Some(name) => format!("event: {name}\ndata: {body}\n\n"),
        None => format!("data: {body}\n\n"),
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! A response to encode, and events read back.

    use serde_json::json;

    use super::*;
    use crate::model::step::{Stop, Usage};

    pub(in crate::model) fn head() -> Head {
        Head { id: "7".to_owned(), created: 1_700_000_000, model: "m".to_owned() }
    }

    pub(in crate::model) fn end() -> End {
        End { stop: Stop::ToolUse, usage: Usage { input: 10, output: 5 } }
    }

    pub(in crate::model) fn parts() -> Vec<Part> {
        let call = Block::Call { name: "bash".to_owned(), input: json!({"command": "ls"}) };
        [(Block::Thinking, "hm"), (Block::Text, "hi"), (call, "{\"command\":\"ls\"}")]
            .map(|(block, text)| Part { block, text: text.to_owned() })
            .into()
    }

    /// The parts as a stream, then its end, as (event, body).
    pub(in crate::model) fn stream(wire: &mut dyn Wire) -> Vec<(String, String)> {
        let mut text = wire.start(10);
        for part in parts() {
            for said in [Said::Open(part.block), Said::Delta(part.text), Said::Close] {
                text.push_str(&wire.say(&said));
            }
        }
        text.push_str(&wire.say(&Said::Finish(end())));
        events(&text)
    }

    /// Events as (name, body), the name empty where there is none.
    pub(in crate::model) fn events(text: &str) -> Vec<(String, String)> {
        text.split_terminator("\n\n")
            .map(|event| match event.strip_prefix("event: ").and_then(|rest| rest.split_once('\n')) {
                Some((name, body)) => (name.to_owned(), body.strip_prefix("data: ").unwrap().to_owned()),
                None => (String::new(), event.strip_prefix("data: ").unwrap().to_owned()),
            })
            .collect()
    }
}
