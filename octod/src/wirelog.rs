//! The frames that pass, for `OCTO_TRACE=wire`: one line each, secrets masked, long ones cut.

use octo_proto::Frame;
use serde_json::Value;

/// More of a frame is not logged.
const MAX: usize = 2048;

/// Parts of a name that speak of a secret.
const SECRET: &[&str] = &["token", "secret", "password", "passwd", "api_key", "apikey", "authorization", "credential"];

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From a client to octod.
    FromClient,
    /// From octod to a client.
    ToClient,
}

/// Logs a frame of the client with this number.
pub fn log(client: u64, way: Way, frame: &Frame) {
    tracing::info!(target: "octo::wire", client, ?way, "{}", describe(frame));
}

/// The frame's line with secrets masked, and how many bytes follow.
#[must_use]
pub fn describe(frame: &Frame) -> String {
    let encoded = frame.encode();
    let end = encoded.iter().position(|byte| *byte == b'\n').unwrap_or(encoded.len());
    let mut line = match serde_json::from_slice::<Value>(&encoded[..end]) {
        Ok(mut value) => {
            mask(&mut value);
            value.to_string()
        }
        Err(_) => "a frame that is no JSON".to_owned(),
    };
    if line.len() > MAX {
        let cut = (0..=MAX).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        let rest = line.len() - cut;
        line.truncate(cut);
        line.push_str(&format!("… and {rest} bytes"));
    }
    let follow = encoded.len().saturating_sub(end + 1);
    if follow > 0 {
        line.push_str(&format!(" + {follow} bytes"));
    }
    line
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let name = name.to_ascii_lowercase();
                // `input_tokens` and its like are counts.
                if SECRET.iter().any(|secret| name.contains(secret)) && !value.is_number() {
                    *value = Value::from("***");
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use octo_proto::frame::parse_line;

    use super::*;

    fn described(line: &str, bytes: &'static [u8]) -> String {
        describe(&parse_line(line.as_bytes()).unwrap().with_bytes(bytes.into()))
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let line = r#"{"channel":"system","id":"1","body":{"cmd":"hello","token":"abc","env":[{"ANTHROPIC_API_KEY":"k"}],"input_tokens":7}}"#;
        insta::assert_snapshot!(described(line, b""),
            @r#"{"body":{"cmd":"hello","env":[{"ANTHROPIC_API_KEY":"***"}],"input_tokens":7,"token":"***"},"channel":"system","id":"1"}"#
        );
    }

    #[test]
    fn bytes_are_counted_and_long_lines_cut() {
        let line = r#"{"channel":"agent","id":"1","body":{"cmd":"attachment.put"},"bytes":3}"#;
        assert!(described(line, b"abc").ends_with(" + 3 bytes"));
        let long =
            format!(r#"{{"channel":"agent","id":"1","body":{{"cmd":"prompt","message":"{}"}}}}"#, "ä".repeat(5000));
        let described = described(&long, b"");
        assert!(described.len() < MAX + 64 && described.contains("… and "), "{}", described.len());
    }
}
