//! Prompts from their write to their end. Pi echoes them in order, each lane on its own, and nothing is matched by text.

use octo_proto::{
    Event,
    id::RequestId,
    session::{Outcome, Queue, Queued},
};
use serde_json::{Value, json};

use super::{
    Lane, OURS, Open, Pi, Prompt, QueueEntry, Stage,
    lines::{excerpt, text},
    sink::Sink,
};
use crate::harness::Out;

/// A prompt that Pi refuses more often than this, as if it were busy, ends.
const RETURNS: u32 = 5;

/// The request that a key stands for: a prompt that was handed back is written again as `KEY#N`.
pub(super) fn request(key: &str) -> RequestId {
    RequestId::from(key.split('#').next().unwrap_or_default())
}

impl Pi {
    pub(super) fn on_wrote(&mut self, key: &str, line: &[u8], sink: &mut Sink) {
        self.demands.retain(|demand| demand.key != key);
        let Ok(body) = serde_json::from_slice::<Value>(line) else {
            return sink.debug(format!("what was written is not JSON: {}", excerpt(&String::from_utf8_lossy(line))));
        };
        let Some(command) = text(&body, "type") else {
            return sink.debug(format!("what was written has no type: {}", excerpt(&body.to_string())));
        };
        let message = text(&body, "message").unwrap_or_default();
        match command {
            "extension_ui_response" => return self.on_answered(key, &body, sink),
            "prompt" => self.add_prompt(key, self.lane(message, &body)),
            "steer" => self.add_prompt(key, Lane::Steer),
            "follow_up" => self.add_prompt(key, Lane::FollowUp),
            "abort" => self.note_abort(),
            _ => {}
        }
        let argument = text(&body, "modelId").map(str::to_owned);
        let command = command.to_owned();
        self.open.push(Open { key: key.to_owned(), command, at: sink.at, place: sink.place, argument });
    }

    fn add_prompt(&mut self, key: &str, lane: Lane) {
        let key = request(key);
        self.prompts.push(Prompt { key, lane, stage: Stage::Written, aborted: false, failed: None });
    }

    fn lane(&self, message: &str, body: &Value) -> Lane {
        match text(body, "streamingBehavior") {
            _ if self.is_extension_command(message) => Lane::Extension,
            Some("steer") if self.turn.is_some() => Lane::Steer,
            Some("followUp") if self.turn.is_some() => Lane::FollowUp,
            _ => Lane::Turn,
        }
    }

    /// Whether an extension handles this text: Pi takes what stands before the first space.
    pub(super) fn is_extension_command(&self, message: &str) -> bool {
        let name = message.strip_prefix('/').map(|rest| rest.split(' ').next().unwrap_or_default());
        name.is_some_and(|name| self.extension_commands.iter().any(|command| command == name))
    }

    /// From now on Pi's own words for why things ended cannot be trusted: it calls an abort an error within a tool.
    fn note_abort(&mut self) {
        if let Some(turn) = &mut self.turn {
            turn.aborted = true;
        }
        for prompt in self.prompts.iter_mut().filter(|prompt| prompt.lane == Lane::Extension) {
            prompt.aborted = true;
        }
    }

    /// A message of a person begins: whether one of ours is due, which is delivered then.
    pub(super) fn on_echo(&mut self, sink: &mut Sink) -> bool {
        let key = if self.due.is_empty() {
            let accepted =
                |prompt: &&mut Prompt| prompt.lane == Lane::Turn && matches!(prompt.stage, Stage::Accepted(_));
            self.prompts.iter_mut().find(accepted).map(|prompt| prompt.key.clone())
        } else {
            self.due.remove(0)
        };
        if let Some(key) = &key {
            self.deliver(key, false, sink);
        }
        key.is_some()
    }

    fn deliver(&mut self, key: &RequestId, handled: bool, sink: &mut Sink) {
        for prompt in self.prompts.iter_mut().filter(|prompt| prompt.key == *key) {
            prompt.stage = Stage::Delivered;
            sink.outs.push(Out::PromptDelivered { key: key.clone(), handled });
        }
    }

    pub(super) fn on_queue_update(&mut self, event: &Value, sink: &mut Sink) {
        let texts = |field: &str| event.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
        let before = self.queued();
        let steering = std::mem::take(&mut self.steering);
        self.steering = self.follow_queue(steering, &texts("steering"), Lane::Steer);
        let following = std::mem::take(&mut self.following);
        self.following = self.follow_queue(following, &texts("followUp"), Lane::FollowUp);
        let after = self.queued();
        if before != after {
            sink.fact(Event::QueueUpdated { queue: after });
        }
        if self.turn.is_none() && !self.awaits_turn() {
            self.clear_late(sink.place);
        }
    }

    /// What left a queue at its front is due; what is new at its end is the prompt that was written last, or foreign.
    fn follow_queue(&mut self, mut entries: Vec<QueueEntry>, texts: &[Value], lane: Lane) -> Vec<QueueEntry> {
        let left = entries.len().saturating_sub(texts.len());
        self.due.extend(entries.drain(..left).map(|entry| entry.key));
        for text in &texts[entries.len()..] {
            let prompt = self.prompts.iter_mut().find(|prompt| prompt.lane == lane && prompt.stage == Stage::Written);
            let key = prompt.map(|prompt| {
                prompt.stage = Stage::Queued;
                prompt.key.clone()
            });
            entries.push(QueueEntry { key, text: text.as_str().unwrap_or_default().to_owned() });
        }
        entries
    }

    /// Our prompts in Pi's queues.
    fn queued(&self) -> Queue {
        let ours = |entries: &[QueueEntry]| -> Vec<Queued> {
            let ours = entries.iter().filter_map(|entry| Some((entry.key.clone()?, entry.text.clone())));
            ours.map(|(request_id, text)| Queued { request_id, text }).collect()
        };
        Queue { steer: ours(&self.steering), follow_up: ours(&self.following) }
    }

    pub(super) fn has_queued(&self) -> bool {
        self.steering.iter().chain(&self.following).any(|entry| entry.key.is_some())
    }

    /// Takes prompts back that came too late for the turn: Pi would hold them until the next one.
    pub(super) fn clear_late(&mut self, place: u64) {
        if self.has_queued() && !self.is_open("clear_queue") {
            self.demand(format!("octo:clear:{place:x}"), json!({"type": "clear_queue"}));
        }
    }

    /// Pi's queues were cleared: ours are handed back, and were withdrawn if a person wanted it.
    pub(super) fn on_cleared(&mut self, withdrawn: bool, sink: &mut Sink) {
        let before = self.queued();
        let entries = self.steering.drain(..).chain(self.following.drain(..)).map(|entry| entry.key);
        let keys = self.due.drain(..).chain(entries).flatten().collect::<Vec<_>>();
        if before != self.queued() {
            sink.fact(Event::QueueUpdated { queue: self.queued() });
        }
        for key in keys {
            self.hand_back(&key, withdrawn, sink);
        }
    }

    pub(super) fn hand_back(&mut self, key: &RequestId, withdrawn: bool, sink: &mut Sink) {
        if self.prompts.extract_if(.., |prompt| prompt.key == *key).count() == 0 {
            return;
        }
        let returns = match self.returned.iter_mut().find(|(other, _)| other == key) {
            Some((_, returns)) => {
                *returns += 1;
                *returns
            }
            None => {
                self.returned.push((key.clone(), 1));
                1
            }
        };
        let key = key.clone();
        sink.outs.push(if returns > RETURNS {
            let message = Some("Pi kept handing this prompt back; send it again".to_owned());
            Out::PromptEnded { key, outcome: Outcome::Error, message }
        } else {
            Out::PromptReturned { key, withdrawn }
        });
    }

    pub(super) fn on_prompt_answered(&mut self, open: &Open, refused: Option<&str>, sink: &mut Sink) {
        let key = request(&open.key);
        let Some(prompt) = self.prompts.iter_mut().find(|prompt| prompt.key == key) else {
            return sink.debug(format!("Pi answered the prompt {key}, which has ended"));
        };
        match refused {
            Some(why) if why.contains("already processing") || why.contains("compaction is in progress") => {
                self.hand_back(&key, false, sink);
            }
            Some(why) => {
                let why = why.to_owned();
                self.end_prompt(&key, Outcome::Error, Some(why), sink);
            }
            None if prompt.stage != Stage::Written => {}
            None if prompt.lane == Lane::Turn => {
                prompt.stage = Stage::Accepted(sink.place);
                if self.turn.is_none() {
                    self.probe(sink.place);
                }
            }
            // An extension handled it, be it as its own command or as input that it watches.
            None => {
                let (aborted, failed) = (prompt.aborted, prompt.failed.take());
                self.deliver(&key, true, sink);
                let outcome = match &failed {
                    _ if aborted => Outcome::Aborted,
                    Some(_) => Outcome::Error,
                    None => Outcome::Done,
                };
                self.end_prompt(&key, outcome, failed, sink);
            }
        }
    }

    /// Ends what Pi accepted before `place` and began no turn for: where Pi is idle then, an extension handled it.
    pub(super) fn end_accepted(&mut self, place: u64, outcome: Outcome, message: Option<&str>, sink: &mut Sink) {
        let waits = |prompt: &&Prompt| matches!(prompt.stage, Stage::Accepted(at) if at < place);
        let keys = self.prompts.iter().filter(waits).map(|prompt| prompt.key.clone()).collect::<Vec<_>>();
        for key in keys {
            self.deliver(&key, true, sink);
            self.end_prompt(&key, outcome, message.map(str::to_owned), sink);
        }
    }

    pub(super) fn end_prompt(&mut self, key: &RequestId, outcome: Outcome, message: Option<String>, sink: &mut Sink) {
        self.prompts.retain(|prompt| prompt.key != *key);
        for entry in self.steering.iter_mut().chain(&mut self.following) {
            entry.key.take_if(|other| other == key);
        }
        for due in &mut self.due {
            due.take_if(|other| other == key);
        }
        sink.outs.push(Out::PromptEnded { key: key.clone(), outcome, message });
    }

    /// The key to write a prompt with.
    pub(super) fn key_of(&self, key: &RequestId) -> String {
        match self.returned.iter().find(|(other, _)| other == key) {
            Some((_, returns)) => format!("{key}#{returns}"),
            None => key.to_string(),
        }
    }
}

/// Whether a key is of a line that this module demanded.
pub(super) fn is_ours(key: &str) -> bool {
    key.starts_with(OURS)
}
