//! Pi's lines: taking apart what it printed, and building what is written to it.

use octo_proto::message::{StopReason, Usage};
use serde_json::{Deserializer, Value, value::RawValue};

use super::super::Write;

/// Takes a line apart into the objects on it, and what is not one.
pub(super) fn take_apart(line: &str, mut each: impl FnMut(Result<&str, &str>)) {
    let mut rest = line.trim();
    while !rest.is_empty() {
        // Text before an object is passed over. A broken object is not searched: what stands in it is not Pi's.
        let begin = rest.find('{').unwrap_or(rest.len());
        let (text, object) = rest.split_at(begin);
        if !text.trim().is_empty() {
            each(Err(text));
        }
        if object.is_empty() {
            return;
        }
        let mut objects = Deserializer::from_str(object).into_iter::<&RawValue>();
        match objects.next() {
            Some(Ok(raw)) => each(Ok(raw.get())),
            Some(Err(_)) | None => return each(Err(object)),
        }
        rest = object[objects.byte_offset()..].trim_start();
    }
}

/// A line to write.
pub(super) fn write(key: &str, body: &Value) -> Write {
    let mut body = body.clone();
    if let Some(fields) = body.as_object_mut()
        && fields.get("type").and_then(Value::as_str) != Some("extension_ui_response")
    {
        fields.insert("id".to_owned(), Value::String(key.to_owned()));
    }
    let mut line = body.to_string().into_bytes();
    line.push(b'\n');
    Write { key: key.to_owned(), line }
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

pub(super) fn owned(value: &Value, key: &str) -> String {
    text(value, key).unwrap_or_default().to_owned()
}

pub(super) fn number(value: &Value, key: &str) -> Option<u64> {
    let value = value.get(key)?;
    value.as_u64().or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64))
}

pub(super) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// The text blocks of a `content`, which is an array of blocks or a plain text.
pub(super) fn content_text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(blocks)) => {
            blocks.iter().filter_map(|block| text(block, "text")).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

pub(super) fn usage(usage: &Value) -> Usage {
    Usage {
        input_tokens: number(usage, "input").unwrap_or_default(),
        output_tokens: number(usage, "output").unwrap_or_default(),
        cache_read_tokens: number(usage, "cacheRead"),
        cache_write_tokens: number(usage, "cacheWrite"),
        cost_usd: usage.get("cost").and_then(|cost| cost.get("total")).and_then(Value::as_f64),
    }
}

pub(super) fn stop_reason(reason: &str) -> Option<StopReason> {
    match reason {
        "stop" => Some(StopReason::Stop),
        "length" => Some(StopReason::Length),
        "toolUse" => Some(StopReason::ToolUse),
        "error" => Some(StopReason::Error),
        "aborted" => Some(StopReason::Aborted),
        _ => None,
    }
}

/// A provider's error for people: of `529 {"type":"error","error":{"message":…}}` the number and the message.
pub(super) fn readable(error: &str) -> String {
    let Some((before, body)) = error.find('{').map(|at| error.split_at(at)) else {
        return error.to_owned();
    };
    let body = serde_json::from_str::<Value>(body).unwrap_or_default();
    match body.get("error").unwrap_or(&body).get("message").and_then(Value::as_str) {
        Some(message) if before.trim().is_empty() => message.to_owned(),
        Some(message) => format!("{}: {message}", before.trim().trim_end_matches(':')),
        None => error.to_owned(),
    }
}

/// The beginning of a text, for people.
pub(super) fn excerpt(text: &str) -> String {
    const LENGTH: usize = 200;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

/// The first `limit` bytes of a text at most, cut between characters.
pub(super) fn head(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or_default()]
}

/// The last `limit` bytes of a text at most, cut between characters.
pub(super) fn tail(text: &str, limit: usize) -> &str {
    let begin = (text.len().saturating_sub(limit)..=text.len()).find(|at| text.is_char_boundary(*at));
    &text[begin.unwrap_or_default()..]
}
