//! A Pi that is played by the test: what Octo plans is written, and the test says what Pi prints.

use std::collections::HashMap;

use octo_proto::{
    Command, Event,
    session::{Outcome, When},
};
use octo_runner::harness::{Accepted, Harness, Out, Plan, Record, SessionSpec, What, Write, pi::Pi};
use serde_json::{Value, json};

/// What Octo must never send: it writes the user's settings for all sessions.
const FORBIDDEN: [&str; 4] = ["set_steering_mode", "set_follow_up_mode", "set_auto_compaction", "set_auto_retry"];

/// A state, its clock, and all that was told.
pub(crate) struct Desk {
    pub(crate) pi: Pi,
    pub(crate) at: i64,
    place: u64,
    pub(crate) outs: Vec<Out>,
}

pub(crate) fn spec() -> SessionSpec {
    SessionSpec {
        session_id: "ses_1".into(),
        cwd: "/srv/octo".into(),
        model: None,
        thinking_level: None,
        title: String::new(),
        resume: None,
        fork: None,
    }
}

pub(crate) fn prompt(key: &str, text: &str, when: When) -> Accepted {
    let command = Command::Prompt { message: text.to_owned(), images: Vec::new(), files: Vec::new(), when };
    Accepted { key: key.into(), command, message: None, pictures: HashMap::new(), when, by: String::new() }
}

pub(crate) fn accepted(key: &str, command: Command) -> Accepted {
    Accepted { key: key.into(), command, message: None, pictures: HashMap::new(), when: When::Now, by: String::new() }
}

impl Desk {
    pub(crate) fn new(spec: &SessionSpec) -> Self {
        Self { pi: Pi::new(spec, &"prc_1".into()), at: 1_000, place: 0, outs: Vec::new() }
    }

    /// A Pi whose handshake is over.
    pub(crate) fn ready() -> Self {
        let mut desk = Self::new(&spec());
        desk.shake_hands(&json!([model("large", true), model("blind", false)]));
        desk.outs.clear();
        desk
    }

    /// A Pi within the turn of prompt `p1`.
    pub(crate) fn working() -> Self {
        let mut desk = Self::ready();
        desk.send(&prompt("p1", "hello", When::Now));
        desk.begin("p1", "hello");
        desk.outs.clear();
        desk
    }

    pub(crate) fn shake_hands(&mut self, models: &Value) {
        self.react();
        let state = json!({"model": model("large", true), "thinkingLevel": "off", "sessionId": "native",
            "sessionFile": "/srv/octo/native.jsonl", "isStreaming": false, "isCompacting": false});
        self.answer("octo:state", "get_state", &state);
        self.answer("octo:models", "get_available_models", &json!({"models": models}));
        let commands = json!([{"name": "ask", "source": "extension"}, {"name": "plan", "source": "prompt"}]);
        self.answer("octo:commands", "get_commands", &json!({"commands": commands}));
        self.answer("octo:levels", "get_available_thinking_levels", &json!({"levels": ["off", "high"]}));
        self.answer("octo:stats", "get_session_stats", &json!({"tokens": {"input": 5, "output": 7}, "cost": 0.5}));
    }

    pub(crate) fn fold(&mut self, what: What<'_>) -> Vec<Out> {
        self.place += 100;
        self.at += 1;
        let outs = self.pi.fold(&Record { at: self.at, place: self.place, what });
        self.outs.extend(outs.clone());
        outs
    }

    pub(crate) fn print(&mut self, line: &Value) -> Vec<Out> {
        self.fold(What::Line(line.to_string().as_bytes()))
    }

    pub(crate) fn answer(&mut self, id: &str, command: &str, data: &Value) -> Vec<Out> {
        self.print(&json!({"id": id, "type": "response", "command": command, "success": true, "data": data}))
    }

    pub(crate) fn refuse(&mut self, id: &str, command: &str, error: &str) -> Vec<Out> {
        self.print(&json!({"id": id, "type": "response", "command": command, "success": false, "error": error}))
    }

    pub(crate) fn write(&mut self, write: &Write) -> Vec<Out> {
        let body = serde_json::from_slice::<Value>(&write.line).expect("JSON");
        let kind = body["type"].as_str().expect("an object with a type");
        assert!(!FORBIDDEN.contains(&kind), "{kind} is never sent");
        assert_eq!(write.line.iter().filter(|byte| **byte == b'\n').count(), 1, "one line");
        self.fold(What::Wrote { key: &write.key, line: write.line.strip_suffix(b"\n").expect("a whole line") })
    }

    /// Writes what the protocol demands, and tells the keys.
    pub(crate) fn react(&mut self) -> Vec<String> {
        let writes = self.pi.reactions();
        for write in &writes {
            self.write(write);
        }
        assert_eq!(self.pi.reactions(), [], "what was written is not demanded again");
        writes.into_iter().map(|write| write.key).collect()
    }

    /// Plans and writes, and tells the types of the lines.
    pub(crate) fn send(&mut self, accepted: &Accepted) -> Vec<String> {
        let Plan::Write(writes) = self.pi.plan(accepted) else {
            panic!("{accepted:?} was to be written, not {:?}", self.pi.plan(accepted));
        };
        for write in &writes {
            self.write(write);
        }
        writes.iter().map(kind).collect()
    }

    /// Pi takes a prompt and begins its turn.
    pub(crate) fn begin(&mut self, key: &str, text: &str) {
        self.print(&json!({"id": key, "type": "response", "command": "prompt", "success": true}));
        self.print(&json!({"type": "agent_start"}));
        self.echo(text);
    }

    pub(crate) fn echo(&mut self, text: &str) -> Vec<Out> {
        let message = json!({"role": "user", "content": [{"type": "text", "text": text}]});
        let mut outs = self.print(&json!({"type": "message_start", "message": message}));
        outs.extend(self.print(&json!({"type": "message_end", "message": message})));
        outs
    }

    pub(crate) fn queue(&mut self, steering: &[&str]) -> Vec<Out> {
        self.print(&json!({"type": "queue_update", "steering": steering, "followUp": []}))
    }

    pub(crate) fn dialog(&mut self, id: &str) -> String {
        let question = json!({"type": "extension_ui_request", "id": id, "method": "select", "title": "Pick",
            "options": ["a", "b"]});
        let outs = self.print(&question);
        let Some(Out::Fact(Event::InputNeeded { request })) = outs.into_iter().next() else {
            panic!("a question is told");
        };
        request.request_id.0
    }

    pub(crate) fn settle(&mut self) -> Vec<Out> {
        self.print(&json!({"type": "agent_settled"}))
    }

    /// How prompts ended so far.
    pub(crate) fn ended(&self) -> Vec<(&str, Outcome)> {
        let ended = self.outs.iter().filter_map(|out| match out {
            Out::PromptEnded { key, outcome, .. } => Some((key.as_str(), *outcome)),
            _ => None,
        });
        ended.collect()
    }

    pub(crate) fn delivered(&self) -> Vec<&str> {
        let delivered = self.outs.iter().filter_map(|out| match out {
            Out::PromptDelivered { key, .. } => Some(key.as_str()),
            _ => None,
        });
        delivered.collect()
    }
}

pub(crate) fn kind(write: &Write) -> String {
    let body = serde_json::from_slice::<Value>(&write.line).expect("JSON");
    body["type"].as_str().expect("a type").to_owned()
}

pub(crate) fn model(id: &str, images: bool) -> Value {
    let input = if images { json!(["text", "image"]) } else { json!(["text"]) };
    json!({"id": id, "name": id, "provider": "scripted", "input": input, "contextWindow": 1000, "reasoning": false})
}
