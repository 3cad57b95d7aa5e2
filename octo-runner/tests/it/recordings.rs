//! The recordings of real agents, and a short view of what a harness makes of them.

use std::{fmt::Write as _, path::PathBuf};

use octo_proto::{Event, Message, PartKind};
use octo_runner::{
    harness::{Out, any::AnyHarness},
    records::OwnedRecord,
    translate::{recording, start},
};
use serde_json::Value;

/// The names of all recordings of a harness.
pub(crate) fn names(harness: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder(harness)).expect("the recordings are in the crate");
    let name = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.expect("a folder that can be read").path();
        path.file_stem().expect("a name").to_string_lossy().into_owned()
    };
    let mut names = files.map(name).collect::<Vec<_>>();
    names.sort();
    assert!(names.len() > 20, "the recordings of {harness} are there");
    names
}

/// The records of one recording.
pub(crate) fn records(harness: &str, name: &str) -> Vec<OwnedRecord> {
    let file = std::fs::File::open(folder(harness).join(format!("{name}.jsonl"))).expect("a recording");
    recording(file).map(|record| record.expect("a whole record")).collect()
}

/// Folds all records, with the place of each outcome.
pub(crate) fn fold(harness: &str, records: &[OwnedRecord]) -> (AnyHarness, Vec<(u64, Out)>) {
    let mut state = start(harness).expect("a known harness");
    let mut outs = Vec::new();
    for record in records {
        outs.extend(state.fold(&record.as_record()).into_iter().map(|out| (record.place, out)));
    }
    (state, outs)
}

/// One line per outcome, long texts shortened, deltas of one part counted.
pub(crate) fn view(outs: &[(u64, Out)]) -> String {
    let mut view = String::new();
    let mut deltas: Option<(String, u64, usize, String)> = None;
    for (place, out) in outs {
        if let Some((part, delta)) = delta(out) {
            match &mut deltas {
                Some((name, _, count, text)) if *name == part => {
                    *count += 1;
                    text.push_str(delta);
                }
                _ => {
                    flush(&mut deltas, &mut view);
                    deltas = Some((part, *place, 1, delta.to_owned()));
                }
            }
            continue;
        }
        flush(&mut deltas, &mut view);
        writeln!(view, "{place:>4} {}", line(out)).expect("a string grows");
    }
    flush(&mut deltas, &mut view);
    view
}

fn folder(harness: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(harness)
}

fn flush(deltas: &mut Option<(String, u64, usize, String)>, view: &mut String) {
    if let Some((part, place, count, text)) = deltas.take() {
        writeln!(view, "{place:>4} ~ {part} x{count} {}", short(&text)).expect("a string grows");
    }
}

fn delta(out: &Out) -> Option<(String, &str)> {
    match out {
        Out::Volatile(Event::TextDelta { part_id, delta, .. }) => Some((format!("text {part_id}"), delta)),
        Out::Volatile(Event::ThinkingDelta { part_id, delta, .. }) => Some((format!("thinking {part_id}"), delta)),
        Out::Volatile(Event::ToolCallDelta { part_id, delta, .. }) => Some((format!("tool_call {part_id}"), delta)),
        _ => None,
    }
}

fn line(out: &Out) -> String {
    match out {
        Out::Fact(Event::MessageEnd { message }) => format!("! stream.message_end {}", message_line(message)),
        Out::Fact(event) => format!("! {}", event_line(event)),
        Out::Volatile(event) => format!("~ {}", event_line(event)),
        Out::Ready { native, models } => format!("  ready {} with {} models", native.id, models.len()),
        Out::Reply { key, result: Ok(with) } => format!("  reply {key} {}", short(&with.to_string())),
        Out::Reply { key, result: Err(error) } => format!("  reply {key} {:?}: {}", error.code, short(&error.message)),
        Out::PromptDelivered { key, handled: false } => format!("  delivered {key}"),
        Out::PromptDelivered { key, handled: true } => format!("  handled {key}"),
        Out::PromptEnded { key, outcome, message } => {
            format!("  ended {key} {outcome:?} {}", short(message.as_deref().unwrap_or_default()))
        }
        Out::PromptReturned { key, withdrawn } => format!("  returned {key} withdrawn={withdrawn}"),
        Out::Title { title } => format!("  title {title}"),
        Out::Debug { why } => format!("  debug {}", short(why)),
    }
}

fn event_line(event: &Event) -> String {
    let mut value = serde_json::to_value(event).expect("an event is JSON");
    let name = value["event"].as_str().expect("an event has a name").to_owned();
    let fields = value.as_object_mut().expect("an event is an object");
    fields.remove("event");
    shorten(&mut value);
    format!("{name} {value}")
}

fn message_line(message: &Message) -> String {
    let parts = message.parts.iter().map(|part| {
        let mut kind = serde_json::to_value(&part.kind).expect("a part is JSON");
        shorten(&mut kind);
        if let PartKind::Text { text, .. } = &part.kind { format!("{:?}", short(text)) } else { kind.to_string() }
    });
    let parts = parts.collect::<Vec<_>>().join(" | ");
    let error = if message.is_error == Some(true) { " failed" } else { "" };
    format!("{} {:?} {:?}{error}: {parts}", message.id, message.role, message.stop_reason)
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => *text = short(text),
        Value::Array(values) => values.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn short(text: &str) -> String {
    let text = text.replace('\n', "⏎");
    if text.chars().count() <= 90 {
        return text;
    }
    format!("{}… ({})", text.chars().take(70).collect::<String>(), text.len())
}
