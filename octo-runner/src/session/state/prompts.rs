//! The prompts of a session: accepted, delivered, ended once each, and taken back.

use octo_proto::{
    Code, Command, Error, Event,
    command::PromptReply,
    id::RequestId,
    message::{Message, Part, PartKind, Role},
    session::{OpenPrompt, Outcome, Queue, Queued, When},
};
use serde_json::Value;

use super::{Effect, HANDLED, Source, Stamp, State, to_value};
use crate::harness::Accepted;

/// The characters that a title may have.
pub(crate) const LONGEST_TITLE: usize = 200;

/// The characters of a first prompt that become a session's title.
const TITLE: usize = 60;

/// How a prompt ended.
pub(super) struct Ending {
    pub(super) outcome: Outcome,
    /// Why, where it did not end as it should.
    pub(super) message: Option<String>,
}

impl From<Outcome> for Ending {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, message: None }
    }
}

/// The message that a prompt becomes.
#[must_use]
pub fn prompt_message(
    key: &RequestId,
    text: &str,
    images: &[octo_proto::message::Source],
    at: i64,
    by: &str,
) -> Message {
    let mut message = Message::new(key.message_id(), Role::User, at);
    message.request_id = Some(key.clone());
    message.sender = Some(by.to_owned());
    message.parts.push(Part::text(message.id.part(0), text));
    for (index, source) in images.iter().enumerate() {
        let kind = PartKind::Image { source: source.clone(), alt: None };
        message.parts.push(Part::new(message.id.part(index + 1), kind));
    }
    message
}

impl State {
    pub(super) fn accept(&mut self, accepted: Accepted, now: i64, out: &mut Vec<Effect>) {
        if let (Command::Prompt { when, .. }, Some(message)) = (&accepted.command, &accepted.message) {
            let turn_id = accepted.key.turn_id();
            let reply = PromptReply { turn_id: turn_id.clone(), message_id: message.id.clone() };
            let prompt = OpenPrompt {
                request_id: accepted.key.clone(),
                turn_id,
                message: Some(message.clone()),
                when: *when,
                delivered: false,
            };
            if self.info.title.is_empty() {
                self.info.title = title_of(&message.text(), TITLE);
                self.update_info(now, out);
            }
            self.emit(Event::PromptAccepted { prompt: Box::new(prompt) }, now, None, out);
            out.push(Effect::Reply(accepted.key.clone(), to_value(&reply)));
        }
        let key = accepted.key.clone();
        let clears = matches!(accepted.command, Command::QueueClear {});
        self.open.push(accepted);
        if clears {
            self.clear_own_queue(&key, now, out);
        }
        self.tell_queue(now, out);
    }

    /// The agent has a prompt: two facts, always, so that the numbers of a record's facts never depend on more than it.
    pub(super) fn delivered(&mut self, key: &RequestId, handled: bool, facts: &mut Source, out: &mut Vec<Effect>) {
        let at = facts.at;
        let (first, second) = (facts.next(), facts.next());
        let Some(open) = self.open.iter().find(|open| open.key == *key) else { return };
        let Some(mut message) = open.message.clone() else { return };
        if handled {
            // An extension took it: the agent's own session has no message for it.
            let metadata = message.metadata.get_or_insert_default();
            metadata.insert(HANDLED.to_owned(), Value::Bool(true));
        }
        if !self.delivered.insert(key.clone()) {
            return;
        }
        let event = Event::PromptDelivered { request_id: key.clone(), turn_id: key.turn_id() };
        self.emit(event, at, Some(first), out);
        let event = self.numbered(Event::MessageEnd { message: Box::new(message) });
        self.emit(event, at, Some(second), out);
        self.tell_queue(at, out);
    }

    pub(super) fn end_prompt(&mut self, key: &RequestId, how: Ending, (at, fact): Stamp, out: &mut Vec<Effect>) {
        let Ending { outcome, message } = how;
        let Some(index) = self.open.iter().position(|open| open.key == *key) else { return };
        let open = self.open.remove(index);
        if let Some(agent) = &mut self.agent {
            agent.written.remove(key.as_str());
        }
        let not_delivered = !self.delivered.remove(key);
        // Words that never reached the agent are still the person's words: they stay, unless they were taken back.
        if not_delivered
            && outcome != Outcome::Withdrawn
            && let Some(text) = open.message
        {
            let event = self.numbered(Event::MessageEnd { message: Box::new(text) });
            self.emit(event, at, None, out);
        }
        let turn_id = (!not_delivered).then(|| key.turn_id());
        let event = Event::PromptEnded { request_id: key.clone(), turn_id, outcome, message, not_delivered };
        self.emit(event, at, fact, out);
        out.push(Effect::Close(key.clone()));
        self.tell_queue(at, out);
    }

    /// Nothing that waits for the agent will be answered by it.
    pub(super) fn end_all(&mut self, reason: &str, outcome: Outcome, now: i64, out: &mut Vec<Effect>) {
        let open: Vec<_> = self.open.iter().map(|open| (open.key.clone(), open.message.is_some())).collect();
        for (key, is_prompt) in open {
            if is_prompt {
                let how = Ending { outcome, message: Some(reason.to_owned()) };
                self.end_prompt(&key, how, (now, None), out);
            } else {
                let error = Error::new(Code::AgentFailed, reason).hint("the next prompt starts the agent again");
                self.reply(&key, Err(error), out);
            }
        }
    }

    /// Tells what waits in our own queue and in the agent's, where that changed.
    pub(super) fn tell_queue(&mut self, at: i64, out: &mut Vec<Effect>) {
        let mut queue = Queue::default();
        for open in self.open.iter().filter(|open| !self.delivered.contains(&open.key)) {
            let Some(message) = &open.message else { continue };
            let queued = Queued { request_id: open.key.clone(), text: message.text() };
            match open.when {
                When::Steer => queue.steer.push(queued),
                When::Now | When::FollowUp => queue.follow_up.push(queued),
            }
        }
        if queue != self.folded.live.queue {
            self.emit(Event::QueueUpdated { queue }, at, None, out);
        }
    }

    /// Takes back the prompts that wait in our own queue. What waits in the agent's is the harness's to take back.
    pub(super) fn clear_own_queue(&mut self, by: &RequestId, now: i64, out: &mut Vec<Effect>) {
        let known = |key: &str| {
            self.agent.as_ref().is_some_and(|agent| agent.written.contains(key) || agent.sent.contains(key))
        };
        let waiting: Vec<_> = self
            .open
            .iter()
            .filter(|open| !known(open.key.as_str()))
            .filter_map(|open| Some((open.key.clone(), open.message.as_ref()?.text())))
            .collect();
        for (key, _) in &waiting {
            self.end_prompt(key, Outcome::Withdrawn.into(), (now, None), out);
        }
        self.cleared.push((by.clone(), waiting.into_iter().map(|(_, text)| text).collect()));
    }
}

/// A title: one line, not long, nothing that moves a cursor.
pub(crate) fn title_of(text: &str, longest: usize) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let mut title: String = line.chars().filter(|c| !c.is_control()).take(longest).collect();
    if title.len() < line.len() {
        title = title.trim_end().to_owned();
        title.push('…');
    }
    title
}
