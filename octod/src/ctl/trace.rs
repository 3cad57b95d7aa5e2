//! `OCTO_TRACE=wire`: frames on stderr, secrets masked.

use std::io::{self, Write};

use octo_proto::Frame;
use serde_json::Value;

/// A text under a key with one of these words in it is a secret.
const SECRET: [&str; 6] = ["token", "secret", "password", "passwd", "api_key", "authorization"];

/// Writes frames to stderr, where that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trace {
    pub(crate) on: bool,
}

impl Trace {
    pub(crate) fn sent(self, frame: &Frame) {
        self.write(">", frame);
    }

    pub(crate) fn received(self, frame: &Frame) {
        self.write("<", frame);
    }

    fn write(self, direction: &str, frame: &Frame) {
        if !self.on {
            return;
        }
        let encoded = frame.encode();
        let line = encoded.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let Ok(mut value) = serde_json::from_slice::<Value>(line) else { return };
        mask(&mut value);
        // Where stderr is closed there is nobody left to tell.
        drop(writeln!(io::stderr(), "{direction} {value}"));
    }
}

/// Replaces the texts that look like secrets.
fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let secret_variable =
                map.get("name").and_then(Value::as_str).is_some_and(is_secret) && map.contains_key("value");
            for (key, value) in map {
                match value {
                    Value::String(text) if is_secret(key) || (secret_variable && key == "value") => {
                        *text = "***".to_owned();
                    }
                    other => mask(other),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mask),
        Value::String(text) if text.starts_with("Bearer ") || text.starts_with("sk-") => *text = "***".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|word| name.contains(word)) || name.ends_with("_key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_counts_of_tokens_are_not() {
        let mut value = serde_json::json!({
            "body": {
                "token": "abc", "input_tokens": 12, "message": "sk-123",
                "variables": [{"name": "ANTHROPIC_API_KEY", "value": "x"}, {"name": "PATH", "value": "/bin"}],
            }
        });
        mask(&mut value);
        insta::assert_snapshot!(value, @r#"{"body":{"input_tokens":12,"message":"***","token":"***","variables":[{"name":"ANTHROPIC_API_KEY","value":"***"},{"name":"PATH","value":"/bin"}]}}"#);
    }
}
