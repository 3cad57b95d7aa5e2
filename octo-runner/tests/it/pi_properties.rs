//! What holds of every prefix of every recording of Pi, and of its lines however they arrive.

use std::collections::BTreeMap;

use octo_proto::{Event, id::ProcessId};
use octo_runner::{
    harness::{Harness, Out, Record, What, any::AnyHarness, pi::Pi},
    records::{OwnedRecord, OwnedWhat},
    translate::start,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::recordings::{fold, names, records};

#[test]
fn a_state_that_was_stored_goes_on_like_the_one_that_was_not() {
    for name in names("pi") {
        let mut state = start("pi").expect("Pi");
        for record in records("pi", &name) {
            let (format, bytes) = state.serialise().expect("a state that can be stored");
            let mut restored =
                AnyHarness::restore("pi", format, &bytes).expect("its own state").expect("its own format");
            let record = record.as_record();
            assert_eq!(restored.fold(&record), state.fold(&record), "{name} at {}", record.place);
            assert_eq!(restored, state, "{name} after {}", record.place);
        }
    }
}

#[test]
fn a_state_of_another_format_is_not_read() {
    assert_eq!(AnyHarness::restore("pi", Pi::FORMAT + 1, b"{}").expect("no error"), None);
    assert!(AnyHarness::restore("pi", Pi::FORMAT, b"{}").is_err());
    assert!(AnyHarness::restore("other", 1, b"{}").is_err());
}

/// How often each thing began and ended.
#[derive(Default)]
struct Ledger {
    began: BTreeMap<String, i32>,
    ended: BTreeMap<String, i32>,
}

impl Ledger {
    fn note(&mut self, outs: &[Out]) {
        for out in outs {
            let (counts, what) = match out {
                Out::PromptEnded { key, .. } | Out::PromptReturned { key, .. } => {
                    (&mut self.ended, format!("prompt {key}"))
                }
                Out::Reply { key, .. } => (&mut self.ended, format!("command {key}")),
                Out::Volatile(Event::MessageStart { message_id, .. }) => {
                    (&mut self.began, format!("message {message_id}"))
                }
                Out::Volatile(Event::ToolStart { tool_call_id, .. }) => {
                    (&mut self.began, format!("tool {tool_call_id}"))
                }
                Out::Fact(Event::ToolEnd { tool_call_id, .. }) => (&mut self.ended, format!("tool {tool_call_id}")),
                Out::Fact(Event::InputNeeded { request }) => {
                    (&mut self.began, format!("question {}", request.request_id))
                }
                Out::Fact(Event::InputResolved { request_id, .. }) => {
                    (&mut self.ended, format!("question {request_id}"))
                }
                Out::Fact(Event::MessageEnd { message }) => {
                    let id = format!("message {}", message.id);
                    if !self.began.contains_key(&id) {
                        continue;
                    }
                    (&mut self.ended, id)
                }
                _ => continue,
            };
            *counts.entry(what).or_default() += 1;
        }
    }

    /// A command that was written is begun.
    fn wrote(&mut self, record: &OwnedRecord) {
        let OwnedWhat::Wrote(key, line) = &record.what else { return };
        let Ok(body) = serde_json::from_slice::<Value>(line) else { return };
        let kind = match body["type"].as_str() {
            Some("prompt" | "steer" | "follow_up") => "prompt",
            Some(_) => "command",
            None => return,
        };
        *self.began.entry(format!("{kind} {key}")).or_default() += 1;
    }
}

#[test]
fn after_any_prefix_a_death_ends_everything_exactly_once() {
    for name in names("pi") {
        let records = records("pi", &name);
        let mut state = start("pi").expect("Pi");
        let mut ledger = Ledger::default();
        for record in &records {
            let (mut dead, place) = (state.clone(), record.place);
            let mut last = Ledger { began: ledger.began.clone(), ended: ledger.ended.clone() };
            let exit = What::Exited { code: None, signal: Some(9) };
            last.note(&dead.fold(&Record { at: record.at, place, what: exit }));
            assert_eq!(last.began, last.ended, "{name} killed before {place}");
            let lost = dead.fold(&Record { at: record.at, place: place + 1, what: What::ShimLost { reason: "again" } });
            assert!(
                lost.iter().all(|out| !matches!(out, Out::PromptEnded { .. } | Out::Reply { .. })),
                "{name} dies once"
            );
            ledger.wrote(record);
            ledger.note(&state.fold(&record.as_record()));
        }
    }
}

#[test]
fn looking_at_a_state_gives_the_same_every_time() {
    for name in names("pi") {
        let mut state = start("pi").expect("Pi");
        for record in records("pi", &name) {
            drop(state.fold(&record.as_record()));
            let before = state.clone();
            assert_eq!(state.reactions(), before.reactions());
            assert_eq!(state.deadlines(), before.deadlines());
            assert_eq!(state.stop(), before.stop());
            assert_eq!(state, before);
        }
    }
}

#[test]
fn every_line_that_is_demanded_is_an_object_under_its_own_key() {
    let pi = start("pi").expect("Pi");
    let reactions = pi.reactions();
    assert!(!reactions.is_empty());
    for write in reactions {
        assert_eq!(write.line.last(), Some(&b'\n'));
        let body = serde_json::from_slice::<Value>(&write.line).expect("JSON");
        assert_eq!(body["id"], write.key.as_str());
    }
}

/// What was told, without what depends on where and when it was recorded, and without what was not understood.
fn told(outs: &[(u64, Out)]) -> Vec<String> {
    let outs = outs.iter().filter_map(|(_, out)| match out {
        Out::Debug { .. } => None,
        Out::Fact(event) | Out::Volatile(event) => Some(serde_json::to_value(event).expect("an event is JSON")),
        other => Some(Value::String(format!("{other:?}"))),
    });
    let strip = |mut value: Value| {
        forget_ids(&mut value);
        value.to_string()
    };
    outs.map(strip).collect()
}

fn forget_ids(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for id in ["message_id", "part_id", "id", "turn_id", "request_id"] {
                fields.remove(id);
            }
            fields.values_mut().for_each(forget_ids);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_ids),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

/// The same recording with neighbouring lines of output put into one, and something else between them.
fn joined(records: &[OwnedRecord], joins: &[bool], garbage: &str) -> Vec<OwnedRecord> {
    // After a broken object the rest of a line is not searched, so those that the recording cut stay alone.
    let whole = |line: &[u8]| serde_json::from_slice::<Value>(line).is_ok();
    let mut joined: Vec<OwnedRecord> = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let join = joins.get(at % joins.len()).copied().unwrap_or_default();
        let broken = at > 0 && matches!(&records[at - 1].what, OwnedWhat::Line(line) if !whole(line));
        match (joined.last_mut().map(|last| &mut last.what), &record.what) {
            (Some(OwnedWhat::Line(last)), OwnedWhat::Line(line)) if join && whole(line) && !broken => {
                last.extend(garbage.as_bytes());
                last.extend(line);
            }
            _ => joined.push(record.clone()),
        }
    }
    joined
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn several_objects_on_one_line_are_told_like_a_line_each(
        joins in prop::collection::vec(any::<bool>(), 1..16),
        garbage in "[ a-z,\\]}\"]{0,6}",
        pick in any::<prop::sample::Index>(),
    ) {
        let names = names("pi");
        let name = pick.get(&names);
        let mut records = records("pi", name);
        for record in &mut records {
            record.at = 0;
        }
        let (_, apart) = fold("pi", &records);
        let (_, together) = fold("pi", &joined(&records, &joins, &garbage));
        prop_assert_eq!(told(&apart), told(&together), "{}", name);
    }

    #[test]
    fn any_bytes_are_folded_and_none_are_lost_silently(bytes in prop::collection::vec(any::<u8>(), 1..64)) {
        let mut state = start("pi").expect("Pi");
        let outs = state.fold(&Record { at: 0, place: 1, what: What::Line(&bytes) });
        let blank = String::from_utf8_lossy(&bytes).trim().is_empty();
        prop_assert_eq!(outs.is_empty(), blank);
    }

    #[test]
    fn a_line_cut_anywhere_is_told_as_not_understood(pick in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>()) {
        let lines = records("pi", "abort-tool").into_iter().filter_map(|record| match record.what {
            OwnedWhat::Line(line) => Some(line),
            _ => None,
        });
        let lines = lines.collect::<Vec<_>>();
        let line = pick.get(&lines);
        let piece = &line[..cut.index(line.len() - 1) + 1];
        let mut state = start("pi").expect("Pi");
        let before = state.clone();
        let outs = state.fold(&Record { at: 0, place: 1, what: What::Line(piece) });
        if piece.len() < line.len() {
            let told = matches!(outs.as_slice(), [Out::Debug { .. }]);
            prop_assert!(told, "{:?}", outs);
            prop_assert_eq!(state, before);
        }
    }
}

#[test]
fn ids_depend_on_the_process_and_the_place_only() {
    let records = records("pi", "steer");
    let (_, once) = fold("pi", &records);
    let (_, twice) = fold("pi", &records);
    assert_eq!(once, twice);
    let id = octo_proto::id::MessageId::derive(&ProcessId::from("prc_recording"), 10, 0);
    assert!(once.iter().any(|(_, out)| matches!(out, Out::Fact(Event::MessageEnd { message }) if message.id == id)));
}
