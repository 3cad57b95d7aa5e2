//! No event and no reply is larger than the protocol allows, whatever an agent or a person put into it.
//!
//! What belongs to history is cut where it is stored, with the whole beside it ([`crate::hstry::elide`]); this is for all
//! the rest, and the last to look.

use octo_proto::frame::MAX_EVENT;
use serde::Serialize;
use serde_json::{Value, value::RawValue, value::to_raw_value};

/// What a body may have, in bytes: the envelope is small.
const MOST: usize = MAX_EVENT - 4 * 1024;

/// Texts are cut to these lengths, in bytes, one after the other until the whole is small enough.
const LENGTHS: [usize; 6] = [64 << 10, 16 << 10, 4 << 10, 1 << 10, 256, 64];

/// A body as JSON. One that is too large has its longest texts cut, each with a note of how much is missing; if that is
/// not enough its longest lists end early.
///
/// # Errors
/// Where the value is none that JSON has.
pub(crate) fn body<T: Serialize>(value: &T) -> serde_json::Result<Box<RawValue>> {
    let body = to_raw_value(value)?;
    if body.get().len() <= MOST { Ok(body) } else { cut(serde_json::from_str(body.get())?) }
}

fn cut(mut value: Value) -> serde_json::Result<Box<RawValue>> {
    for length in LENGTHS {
        shorten(&mut value, length);
        let body = to_raw_value(&value)?;
        if body.get().len() <= MOST {
            return Ok(body);
        }
    }
    let mut most = 4096;
    loop {
        thin(&mut value, most);
        let body = to_raw_value(&value)?;
        if body.get().len() <= MOST || most == 0 {
            return Ok(body);
        }
        most /= 2;
    }
}

fn shorten(value: &mut Value, length: usize) {
    match value {
        Value::String(text) if text.len() > length + length / 2 => {
            let end = text.floor_char_boundary(length);
            let missing = text.len() - end;
            text.truncate(end);
            text.push_str(&format!(" [{missing} bytes more]"));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shorten(item, length)),
        Value::Object(fields) => fields.values_mut().for_each(|field| shorten(field, length)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn thin(value: &mut Value, most: usize) {
    match value {
        Value::Array(items) => {
            items.truncate(most);
            items.iter_mut().for_each(|item| thin(item, most));
        }
        // Names of fields that an agent chose: a tool's arguments.
        Value::Object(fields) if fields.len() > most.max(64) => {
            let names: Vec<_> = fields.keys().skip(most.max(64)).cloned().collect();
            names.iter().for_each(|name| drop(fields.remove(name)));
        }
        Value::Object(fields) => fields.values_mut().for_each(|field| thin(field, most)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_small_enough_is_as_it_was() {
        let value = json!({ "text": "x".repeat(MOST - 20) });
        assert_eq!(serde_json::from_str::<Value>(body(&value).unwrap().get()).unwrap(), value);
    }

    #[test]
    fn a_long_text_is_cut_and_says_so_and_its_neighbours_are_not() {
        let value = json!({ "a": "short", "b": "ü".repeat(MOST), "c": ["y".repeat(1000)] });
        let cut: Value = serde_json::from_str(body(&value).unwrap().get()).unwrap();
        assert_eq!((&cut["a"], &cut["c"]), (&value["a"], &value["c"]));
        let text = cut["b"].as_str().unwrap();
        assert!(text.starts_with(&"ü".repeat(1000)) && text.ends_with(&format!(" [{} bytes more]", 2 * MOST - 65536)));
    }

    #[test]
    fn many_small_things_are_cut_too() {
        for value in [
            json!(vec![json!({ "n": 1.5 }); 50_000]),
            json!(vec!["\u{1}".repeat(100); 2_000]),
            json!(vec![vec![0; 1000]; 300]),
            Value::Object((0..50_000).map(|n| (n.to_string(), json!(n))).collect()),
        ] {
            let body = body(&value).unwrap();
            assert!(body.get().len() <= MOST && body.get().len() > MOST / 100, "{}", body.get().len());
        }
    }

    proptest! {
        #[test]
        fn nothing_is_too_large(texts in prop::collection::vec((".{0,30}", 0usize..200_000), 0..12)) {
            let value = json!(texts.iter().map(|(text, times)| text.repeat(times / (text.len() + 1))).collect::<Vec<_>>());
            prop_assert!(body(&value).unwrap().get().len() <= MOST);
        }
    }
}
