//! Keeps `docs/schema/octo-v1.json` as the types have it, and the samples as the schema has them.

use std::{collections::BTreeSet, fs, path::PathBuf};

use octo_proto::schema::document;
use serde_json::{Map, Value};

use crate::samples::{folder, kind};

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/schema/octo-v1.json")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "UPDATE=1 asks a test to rewrite what is generated")]
fn the_document_in_docs_is_the_one_the_types_give() {
    let fresh = document();
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(file().parent().unwrap()).unwrap();
        fs::write(file(), format!("{fresh:#}\n")).unwrap();
    }
    let found = fs::read_to_string(file()).unwrap_or_default();
    let found: Value = serde_json::from_str(&found).unwrap_or_default();
    assert!(found == fresh, "docs/schema/octo-v1.json is stale: run `UPDATE=1 cargo test -p octo-proto`");
}

#[test]
fn every_sample_is_what_the_schema_says() {
    let schema = Checker(document());
    for (name, definition) in [
        ("commands", "Command"),
        ("errors", "Error"),
        ("events", "Event"),
        ("files", "FilesRequest"),
        ("files_events", "FilesEvent"),
        ("messages", "Message"),
        ("parts", "Part"),
        ("sources", "Source"),
        ("terminal", "TerminalCommand"),
        ("terminal_events", "TerminalEvent"),
    ] {
        for (file, text) in folder(name) {
            schema.check(definition, &text).unwrap_or_else(|why| panic!("samples/{name}/{file}.json: {why}"));
        }
    }
    for name in ["replies", "files_replies", "terminal_replies"] {
        for (file, text) in folder(name) {
            let definition: String = kind(&file).split('_').map(capital).collect();
            schema.check(&definition, &text).unwrap_or_else(|why| panic!("samples/{name}/{file}.json: {why}"));
        }
    }
    for (file, text) in folder("frames").iter().filter(|(file, _)| file.starts_with("hello")) {
        let frame: Value = serde_json::from_str(text).unwrap();
        let body = frame.get("body").or(frame.get("ok")).unwrap().to_string();
        schema.check("Hello", &body).unwrap_or_else(|why| panic!("samples/frames/{file}.json: {why}"));
    }
}

#[test]
fn the_schema_has_the_commands_and_events_of_the_samples_and_no_others() {
    let document = document();
    for (name, definition, tag) in [
        ("commands", "Command", "cmd"),
        ("events", "Event", "event"),
        ("files", "FilesCommand", "cmd"),
        ("files_events", "FilesEvent", "event"),
        ("terminal", "TerminalCommand", "cmd"),
        ("terminal_events", "TerminalEvent", "event"),
    ] {
        let variants = document["$defs"][definition]["oneOf"].as_array().unwrap();
        let listed: BTreeSet<_> = variants.iter().map(|v| v["properties"][tag]["const"].as_str().unwrap()).collect();
        let samples = folder(name);
        let sampled: BTreeSet<_> = samples.keys().map(|file| kind(file)).collect();
        assert_eq!(listed, sampled, "{name}");
    }
}

#[test]
fn the_schema_refuses_what_is_none() {
    let schema = Checker(document());
    for (definition, text) in [
        ("Command", r#"{"cmd":"prompt"}"#),
        ("Command", r#"{"cmd":"make.coffee"}"#),
        ("FilesRequest", r#"{"cmd":"read","path":7}"#),
        ("FilesRequest", r#"{"root":"/srv","cmd":"format"}"#),
        ("FilesEvent", r#"{"event":"file.changed","request_id":"1"}"#),
        ("Command", r#"{"cmd":"prompt","message":"x","when":"never"}"#),
        ("TerminalCommand", r#"{"cmd":"open","cols":-1,"rows":24}"#),
        ("TerminalEvent", r#"{"event":"terminal.exited","terminal_id":"trm_1","state":{"state":"asleep"}}"#),
        ("Event", r#"{"event":"agent.idle","outcome":7}"#),
        ("Part", r#"{"id":"p","type":"text"}"#),
        ("Part", r#"{"type":"x-mermaid"}"#),
        ("Error", r#"{"code":"teapot","message":"short and stout"}"#),
        ("WatchReply", r#"{"cursor":7}"#),
        ("Hello", r#"{"protocol":[1],"name":"n","version":"1"}"#),
    ] {
        assert!(schema.check(definition, text).is_err(), "{definition} {text}");
    }
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

/// As much of JSON Schema as the document uses; a keyword that it does not know fails the test.
struct Checker(Value);

impl Checker {
    fn check(&self, definition: &str, text: &str) -> Result<(), String> {
        let schema = self.0["$defs"].get(definition).unwrap_or_else(|| panic!("the schema has no {definition}"));
        self.value(schema, &serde_json::from_str(text).unwrap()).map_err(|why| format!("not a {definition}: {why}"))
    }

    fn value(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let Value::Object(schema) = schema else { return Ok(()) };
        schema.iter().try_for_each(|(keyword, rule)| {
            if self.holds(keyword, rule, schema, value) {
                return Ok(());
            }
            Err(format!("{keyword} {rule:.200} does not hold for {value:.200}"))
        })
    }

    fn holds(&self, keyword: &str, rule: &Value, schema: &Map<String, Value>, value: &Value) -> bool {
        let fits = |schema: &Value| self.value(schema, value).is_ok();
        match keyword {
            "description" | "title" | "default" | "format" => true,
            "$ref" => fits(self.0.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap()),
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "oneOf" => rule.as_array().unwrap().iter().filter(|schema| fits(schema)).count() == 1,
            "anyOf" => rule.as_array().unwrap().iter().any(fits),
            "type" => match rule {
                Value::Array(types) => types.iter().any(|name| is(name, value)),
                name => is(name, value),
            },
            "required" => rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
            "properties" => rule
                .as_object()
                .unwrap()
                .iter()
                .all(|(name, schema)| value.get(name).is_none_or(|value| self.value(schema, value).is_ok())),
            "additionalProperties" => match value.as_object() {
                Some(object) => object.iter().all(|(name, value)| {
                    schema.get("properties").and_then(|known| known.get(name)).is_some()
                        || (rule != &Value::Bool(false) && self.value(rule, value).is_ok())
                }),
                None => true,
            },
            "prefixItems" => {
                let pairs = rule.as_array().unwrap().iter().zip(value.as_array().into_iter().flatten());
                pairs.into_iter().all(|(schema, value)| self.value(schema, value).is_ok())
            }
            "items" => value.as_array().is_none_or(|items| items.iter().all(|item| self.value(rule, item).is_ok())),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| matches(rule.as_str().unwrap(), text)),
            _ => panic!("the schema uses `{keyword}`, which this test cannot check"),
        }
    }
}

fn is(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        other => panic!("the schema has the type {other}"),
    }
}

/// The two patterns that the document has.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        "^x-" => text.starts_with("x-"),
        r"^[0-9]+\.[0-9]+\.[0-9]+$" => text.parse::<octo_proto::Cursor>().is_ok(),
        other => panic!("the schema has the pattern {other}, which this test cannot check"),
    }
}
