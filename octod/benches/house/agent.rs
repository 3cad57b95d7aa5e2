//! The scripted agent: this program under the name `node`, speaking Pi's lines. A prompt is a [`Script`]; every delta
//! says its number and when it was printed.

use std::{
    io::{BufRead, Write},
    path::Path,
    process::ExitCode,
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many bytes of a tool's output one line carries in a flood.
const FLOOD_LINE: u64 = 16 * 1024;

/// What a prompt makes the agent print.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Script {
    /// So many messages; 0 is: until it is told to abort.
    pub(crate) messages: u64,
    /// So many deltas in each.
    pub(crate) deltas: u64,
    /// So long between two deltas.
    pub(crate) pause_us: u64,
    /// First, so many bytes of a tool's output, as fast as they are taken.
    pub(crate) flood: u64,
}

/// Whether this process is to be the agent.
pub(crate) fn is_asked_for() -> bool {
    std::env::args_os().next().is_some_and(|name| Path::new(&name).file_name().is_some_and(|name| name == "node"))
}

/// Microseconds since 1970.
pub(crate) fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

/// The number of a delta and when it was printed, of each delta in a text.
pub(crate) fn stamps(text: &str) -> impl Iterator<Item = (u64, u64)> {
    text.split_ascii_whitespace().filter_map(|word| {
        let (number, at) = word.split_once('@')?;
        Some((number.parse().ok()?, at.parse().ok()?))
    })
}

/// Is the agent until its stdin ends.
pub(crate) fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    if std::env::args().nth(1).is_some_and(|word| word == "--version") {
        return if writeln!(out, "v22.19.0").is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let (said, told) = sync_channel(64);
    let reader = std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if said.send(serde_json::from_str(&line).unwrap_or_default()).is_err() {
                return;
            }
        }
    });
    let mut agent = Agent { out, told, printed: 0, aborts: Vec::new() };
    let outcome = agent.run();
    // A pipe that was closed is the end, and the reader ends with the process.
    drop(reader);
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Agent<W> {
    out: W,
    told: Receiver<Value>,
    /// Deltas so far.
    printed: u64,
    /// The ids of aborts that wait for the end of the turn.
    aborts: Vec<Value>,
}

impl<W: Write> Agent<W> {
    fn run(&mut self) -> Result<()> {
        while let Ok(command) = self.told.recv() {
            if let Some(script) = self.answer(&command)? {
                self.turn(&command, &script)?;
            }
        }
        Ok(())
    }

    fn print(&mut self, line: &Value) -> Result<()> {
        let mut line = line.to_string();
        line.push('\n');
        self.out.write_all(line.as_bytes())?;
        Ok(self.out.flush()?)
    }

    /// Answers a command; a prompt gives its script.
    fn answer(&mut self, command: &Value) -> Result<Option<Script>> {
        let model = json!({ "provider": "bench", "id": "scripted", "name": "Scripted", "contextWindow": 100_000 });
        let session = format!("bench-{}", std::process::id());
        let kind = command["type"].as_str().unwrap_or_default();
        let data = match kind {
            "get_state" => json!({ "sessionId": session, "model": model, "thinkingLevel": "off" }),
            "get_available_models" => json!({ "models": [model] }),
            "get_commands" => json!({ "commands": [] }),
            "get_available_thinking_levels" => json!({ "levels": ["off"] }),
            _ => json!({}),
        };
        self.print(
            &json!({ "id": command["id"], "type": "response", "command": kind, "success": true, "data": data }),
        )?;
        let script = (kind == "prompt").then(|| command["message"].as_str().unwrap_or_default());
        Ok(script.map(serde_json::from_str).transpose()?)
    }

    fn turn(&mut self, command: &Value, script: &Script) -> Result<()> {
        self.print(&json!({ "type": "agent_start" }))?;
        let echo = json!({ "role": "user", "content": command["message"] });
        self.print(&json!({ "type": "message_start", "message": echo }))?;
        self.print(&json!({ "type": "message_end", "message": echo }))?;
        if script.flood > 0 {
            self.flood(script.flood)?;
        }
        let mut messages = 0;
        while self.aborts.is_empty() && (script.messages == 0 || messages < script.messages) {
            self.message(script)?;
            messages += 1;
        }
        self.print(&json!({ "type": "agent_settled" }))?;
        for id in std::mem::take(&mut self.aborts) {
            self.print(&json!({ "id": id, "type": "response", "command": "abort", "success": true }))?;
        }
        Ok(())
    }

    /// One message of an assistant, with the time of its last line as the name of its model.
    fn message(&mut self, script: &Script) -> Result<()> {
        self.print(&json!({ "type": "message_start", "message": { "role": "assistant" } }))?;
        let mut text = String::new();
        let mut due = Instant::now();
        for _ in 0..script.deltas {
            let delta = format!("{}@{} ", self.printed, now_us());
            self.printed += 1;
            let update = json!({ "type": "text_delta", "contentIndex": 0, "delta": delta });
            self.print(&json!({ "type": "message_update", "assistantMessageEvent": update }))?;
            text.push_str(&delta);
            due += Duration::from_micros(script.pause_us);
            self.wait_until(due)?;
        }
        let content = json!([{ "type": "text", "text": text }]);
        let mut message = json!({ "role": "assistant", "content": content, "provider": "bench", "stopReason": "stop" });
        message["model"] = Value::String(now_us().to_string());
        self.print(&json!({ "type": "message_end", "message": message }))
    }

    /// Answers what is told meanwhile; an abort waits for the end of the message.
    fn wait_until(&mut self, due: Instant) -> Result<()> {
        loop {
            match self.told.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(command) if command["type"] == "abort" => self.aborts.push(command["id"].clone()),
                Ok(command) => drop(self.answer(&command)?),
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("stdin was closed"),
            }
        }
    }

    fn flood(&mut self, bytes: u64) -> Result<()> {
        let output = "octo ".repeat(FLOOD_LINE as usize / 5);
        let result = json!({ "content": [{ "type": "text", "text": output }] });
        let tool = |kind: &str| json!({ "type": kind, "toolCallId": "flood", "toolName": "bash", "args": {} });
        self.print(&tool("tool_execution_start"))?;
        let mut update = tool("tool_execution_update");
        update["partialResult"] = result.clone();
        let line = format!("{update}\n");
        let mut left = bytes;
        while left > 0 {
            self.out.write_all(line.as_bytes())?;
            left = left.saturating_sub(line.len() as u64);
        }
        let mut end = tool("tool_execution_end");
        end["result"] = result;
        self.print(&end)
    }
}
