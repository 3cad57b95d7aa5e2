//! Turns a transcript into canonical events, one JSON line each, to look at what an agent did and what Octo made of it.

use std::io::{BufRead, BufReader, Read, Write};

use anyhow::{Context, Result};
use octo_proto::id::ProcessId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    harness::{Out, SessionSpec, any::AnyHarness},
    lines::LineSplitter,
    records::{OwnedRecord, OwnedWhat, understand},
    transcript::{self, SEGMENT_MAGIC},
};

/// Translates a recording of an agent of this harness, or a segment of a runner's own transcript.
///
/// # Errors
/// Where the harness is unknown, a record is none, or reading or writing fails.
pub fn run(harness: &str, mut input: impl Read, out: impl Write) -> Result<()> {
    let mut head = Vec::new();
    input.by_ref().take(SEGMENT_MAGIC.len() as u64).read_to_end(&mut head)?;
    if head != SEGMENT_MAGIC {
        return translate(harness, recording(head.as_slice().chain(input)), out);
    }
    let mut segment = Vec::new();
    input.read_to_end(&mut segment)?;
    let (mut splitter, mut found) = (LineSplitter::new(), Vec::new());
    for record in transcript::records(&segment) {
        understand(&record, &mut splitter, &mut found);
    }
    translate(harness, found.into_iter().map(Ok), out)
}

/// Translates records, wherever they come from.
///
/// # Errors
/// Where the harness is unknown, a record cannot be read, or writing fails.
pub fn translate(harness: &str, records: impl Iterator<Item = Result<OwnedRecord>>, mut out: impl Write) -> Result<()> {
    let mut state = start(harness)?;
    for record in records {
        let record = record?;
        for told in state.fold(&record.as_record()) {
            serde_json::to_writer(&mut out, &line(record.place, &told))?;
            out.write_all(b"\n")?;
        }
    }
    out.flush().context("the translation could not be written")
}

/// The state that a translation begins with. Ids are derived from the process, and a recording has none of its own.
///
/// # Errors
/// `not_found` for a harness that this release does not have.
pub fn start(harness: &str) -> Result<AnyHarness, octo_proto::Error> {
    let spec = SessionSpec {
        session_id: "ses_recording".into(),
        cwd: "/".into(),
        model: None,
        thinking_level: None,
        title: String::new(),
        resume: None,
        fork: None,
    };
    AnyHarness::new(harness, &spec, &ProcessId::from("prc_recording"))
}

/// One line of the recording format: `t` seconds since the start, `dir` in, out, err or note, and a line as `json` or
/// `text`.
#[derive(Deserialize)]
struct Recorded {
    t: f64,
    dir: String,
    json: Option<Value>,
    text: Option<String>,
    code: Option<i32>,
}

/// The records of a recording. Their place is the number of the line, from 1.
pub fn recording(input: impl Read) -> impl Iterator<Item = Result<OwnedRecord>> {
    let lines = BufReader::new(input).split(b'\n').zip(1_u64..);
    lines.filter_map(|(line, place)| {
        let line = match line {
            Ok(line) => line,
            Err(error) => return Some(Err(error).context("the recording could not be read")),
        };
        if line.is_empty() {
            return None;
        }
        match serde_json::from_slice::<Recorded>(&line) {
            Ok(recorded) => {
                Some(Ok(OwnedRecord { at: (recorded.t * 1000.0) as i64, place, what: what(recorded, place)? }))
            }
            Err(error) => Some(Err(error).with_context(|| format!("line {place} is not a record of a recording"))),
        }
    })
}

/// None for notes that only tell how the recording was made.
fn what(recorded: Recorded, place: u64) -> Option<OwnedWhat> {
    let note = recorded.text.clone().unwrap_or_default();
    let id = recorded.json.as_ref().and_then(|json| json.get("id")?.as_str().map(str::to_owned));
    let bytes = recorded.json.map_or_else(|| note.clone(), |json| json.to_string()).into_bytes();
    match recorded.dir.as_str() {
        "out" => Some(OwnedWhat::Line(bytes)),
        "err" => Some(OwnedWhat::Stderr(bytes)),
        // What the recorder wrote has ids of its own, which the agent's answers name: they are the keys.
        "in" => Some(OwnedWhat::Wrote(id.unwrap_or_else(|| format!("written-{place}")), bytes)),
        _ if note.starts_with("spawn") => Some(OwnedWhat::Spawned(0)),
        _ if note == "exit" => {
            let signal = recorded.code.filter(|code| *code < 0).map(|code| -code);
            Some(OwnedWhat::Exited(recorded.code.filter(|code| *code >= 0), signal))
        }
        _ => None,
    }
}

/// One outcome as `translate` prints it.
fn line(place: u64, out: &Out) -> Value {
    match out {
        Out::Fact(event) => json!({"place": place, "fact": true, "event": event}),
        Out::Volatile(event) => json!({"place": place, "fact": false, "event": event}),
        Out::Ready { native, models } => json!({"place": place, "ready": native, "models": models}),
        Out::Reply { key, result: Ok(with) } => json!({"place": place, "reply": key, "ok": with}),
        Out::Reply { key, result: Err(error) } => json!({"place": place, "reply": key, "error": error}),
        Out::PromptDelivered { key, handled } => json!({"place": place, "prompt_delivered": key, "handled": handled}),
        Out::PromptEnded { key, outcome, message } => {
            json!({"place": place, "prompt_ended": key, "outcome": outcome, "message": message})
        }
        Out::PromptReturned { key, withdrawn } => {
            json!({"place": place, "prompt_returned": key, "withdrawn": withdrawn})
        }
        Out::Title { title } => json!({"place": place, "title": title}),
        Out::Debug { why } => json!({"place": place, "debug": why}),
    }
}
