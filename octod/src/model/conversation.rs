//! What a request says, the same for both APIs.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use super::{
    MODELS,
    wrapping::{steered, unwrap},
};

/// One model request.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) model: String,
    pub(super) system: String,
    pub(super) log: Vec<Utterance>,
    pub(super) tools: Vec<Tool>,
    pub(super) streaming: bool,
    /// Whether a stream of chat completions should end with the usage.
    pub(super) wants_usage: bool,
    /// The size of the request in tokens, roughly.
    pub(super) tokens: u64,
}

/// One entry of the log.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Utterance {
    User(String),
    /// The model's turn; neighbouring messages are one turn.
    Assistant,
    Tool(ToolResult),
}

/// What a tool gave back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ToolResult {
    pub(super) text: String,
    pub(super) is_error: bool,
}

/// A tool that the request offers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) schema: Value,
}

/// The last thing the person said, and what happened since.
#[derive(Debug, PartialEq)]
pub(super) struct Prompt<'a> {
    pub(super) text: &'a str,
    pub(super) turns: u32,
    pub(super) results: Vec<&'a ToolResult>,
}

impl Conversation {
    /// Reads a request's body, in the words of either API.
    pub(super) fn read(body: &Value, bytes: usize) -> Self {
        let mut conversation = Self {
            model: body["model"].as_str().unwrap_or(MODELS[0]).to_owned(),
            system: plain(&body["system"]),
            tools: list(&body["tools"]).iter().filter_map(Tool::read).collect(),
            streaming: body["stream"].as_bool().unwrap_or(false),
            wants_usage: body["stream_options"]["include_usage"].as_bool().unwrap_or(false),
            tokens: tokens(bytes),
            log: Vec::new(),
        };
        for message in list(&body["messages"]) {
            conversation.add(message);
        }
        conversation
    }

    fn add(&mut self, message: &Value) {
        let content = &message["content"];
        match message["role"].as_str() {
            Some("system" | "developer") => {
                let text = plain(content);
                match steered(&text) {
                    Some(typed) => self.add_user(typed),
                    None => self.system.push_str(&text),
                }
            }
            Some("tool") => self.add_result(content, false),
            Some("user") => match content.as_array() {
                Some(blocks) => blocks.iter().for_each(|block| self.add_block(block)),
                None => self.add_user(&plain(content)),
            },
            _ if self.log.last() == Some(&Utterance::Assistant) => {}
            _ => self.log.push(Utterance::Assistant),
        }
    }

    fn add_block(&mut self, block: &Value) {
        match block["type"].as_str() {
            Some("tool_result") => self.add_result(&block["content"], block["is_error"].as_bool().unwrap_or(false)),
            Some("text") => self.add_user(&plain(block)),
            _ => {}
        }
    }

    fn add_user(&mut self, text: &str) {
        let typed = unwrap(text);
        if !typed.is_empty() {
            self.log.push(Utterance::User(typed));
        }
    }

    fn add_result(&mut self, content: &Value, is_error: bool) {
        self.log.push(Utterance::Tool(ToolResult { text: plain(content), is_error }));
    }

    /// What is to be answered.
    pub(super) fn prompt(&self) -> Prompt<'_> {
        let mut prompt = Prompt { text: "", turns: 0, results: Vec::new() };
        for said in &self.log {
            match said {
                Utterance::User(text) => prompt = Prompt { text, turns: 0, results: Vec::new() },
                Utterance::Assistant => prompt.turns += 1,
                Utterance::Tool(result) => prompt.results.push(result),
            }
        }
        prompt
    }

    /// The same for a request and its repetition, different for anything else.
    pub(super) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.model, &self.system, &self.log).hash(&mut hasher);
        hasher.finish()
    }
}

impl Tool {
    fn read(tool: &Value) -> Option<Self> {
        let spec = tool.get("function").unwrap_or(tool);
        let schema = spec.get("input_schema").or_else(|| spec.get("parameters")).cloned();
        Some(Self {
            name: spec["name"].as_str()?.to_owned(),
            schema: schema.unwrap_or_else(|| Value::Object(Map::new())),
        })
    }
}

/// Tokens in so many bytes, roughly and never none.
pub(super) fn tokens(bytes: usize) -> u64 {
    (bytes as u64 / 4).max(1)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The text of a message's content, whatever its shape.
fn plain(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(plain).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n"),
        Value::Object(part) => part.get("text").or_else(|| part.get("content")).map(plain).unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_apis_say_the_same() {
        let chat = json!({"model": "m", "stream": true, "stream_options": {"include_usage": true}, "messages": [
            {"role": "system", "content": "Be good."},
            {"role": "user", "content": [{"type": "text", "text": "run: ls"}]},
            {"role": "assistant", "content": null, "tool_calls": []},
            {"role": "tool", "tool_call_id": "c", "content": "a.txt"}],
            "tools": [{"type": "function", "function": {"name": "bash", "parameters": {"type": "object"}}}]});
        let messages = json!({"model": "m", "stream": true, "system": [{"type": "text", "text": "Be good."}], "messages": [
            {"role": "user", "content": "<system-reminder>x</system-reminder>run: ls"},
            {"role": "assistant", "content": [{"type": "tool_use"}]},
            {"role": "user", "content": [{"type": "tool_result", "content": [{"type": "text", "text": "a.txt"}]}]}],
            "tools": [{"name": "bash", "input_schema": {"type": "object"}}]});
        let result = ToolResult { text: "a.txt".to_owned(), is_error: false };
        for body in [chat, messages] {
            let read = Conversation::read(&body, 400);
            assert_eq!(read.prompt(), Prompt { text: "run: ls", turns: 1, results: vec![&result] });
            assert_eq!((read.system.as_str(), read.tokens, read.streaming), ("Be good.", 100, true));
            assert_eq!(read.tools, [Tool { name: "bash".to_owned(), schema: json!({"type": "object"}) }]);
        }
    }

    #[test]
    fn the_last_user_text_decides() {
        let body = json!({"messages": [
            {"role": "user", "content": "run: ls"}, {"role": "assistant", "content": "x"},
            {"role": "user", "content": [
                {"type": "tool_result", "content": "boom", "is_error": true}, {"type": "text", "text": "hello"}]}]});
        let read = Conversation::read(&body, 1);
        assert_eq!(read.prompt(), Prompt { text: "hello", turns: 0, results: vec![] });
        assert_eq!(read.model, MODELS[0]);
    }

    #[test]
    fn odd_bodies_are_read_without_complaint() {
        for body in [json!(null), json!([]), json!({"messages": "x", "tools": [1, {}]}), json!({"messages": [1, {}]})] {
            assert_eq!(Conversation::read(&body, 0).prompt().text, "");
        }
    }
}
