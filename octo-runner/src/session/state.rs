//! A session as a pure machine: what comes in, what is to be done about it. No I/O, no clock, no randomness.

mod plan;
mod prompts;

use std::collections::HashSet;

use octo_proto::{
    Command, Cursor, Error, Event, View,
    command::QueueCleared,
    id::{ProcessId, RequestId},
    message::Message,
    session::{Live, Model, OpenPrompt, Outcome, SessionInfo, SessionState},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use prompts::Ending;
pub use prompts::prompt_message;
pub(crate) use prompts::{LONGEST_TITLE, title_of};

use crate::{
    harness::{Accepted, NativeId, Out, Record, SessionSpec, StopStep, What, Write, any::AnyHarness},
    hstry::elide,
};

/// In a message's metadata: an extension of the agent took it, and the agent's own session has no message for it.
pub const HANDLED: &str = "handled";

/// What a session knows and decides on.
#[derive(Debug)]
pub struct State {
    /// What clients see of it.
    pub info: SessionInfo,
    /// What its agent is started with.
    pub spec: SessionSpec,
    /// The fold of everything published or about to be, without its messages.
    pub folded: View,
    /// The agent's protocol, while there is a process.
    agent: Option<Agent>,
    /// Accepted commands without an answer, and prompts without an end, the oldest first.
    open: Vec<Accepted>,
    /// Of the open prompts: those that the agent has.
    delivered: HashSet<RequestId>,
    /// The texts that each open `queue.clear` took out of our own queue.
    cleared: Vec<(RequestId, Vec<String>)>,
    /// Messages so far.
    messages: u64,
    cursor: Cursor,
    /// A process is being started.
    starting: bool,
    /// Why the process is being stopped, if it is.
    stopping: Option<String>,
}

/// The agent's side of a running session.
#[derive(Debug)]
struct Agent {
    process: ProcessId,
    harness: AnyHarness,
    /// Keys of writes that were handed over and have not been seen in the transcript yet.
    sent: HashSet<String>,
    /// Keys of writes that the transcript has: never to be written again.
    written: HashSet<String>,
}

/// What a session is restored from.
#[derive(Debug)]
pub struct Stored {
    /// What clients see of it.
    pub info: SessionInfo,
    /// What its agent is started with.
    pub spec: SessionSpec,
    /// Its last fact.
    pub facts: u64,
    /// How many messages it has.
    pub messages: u64,
    /// Accepted commands without an end.
    pub open: Vec<Accepted>,
}

/// What is kept beside a harness's own state, so that a fold can go on from a checkpoint.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct TurnState {
    /// All that was volatile.
    pub live: Live,
    /// Keys of writes that the transcript has.
    pub written: HashSet<String>,
    /// How far the transcript was folded, but for an unfinished line.
    pub folded_to: u64,
}

/// What can happen to a session.
#[derive(Debug)]
pub enum Input<'a> {
    /// A command was accepted. It is stored with the effects that follow.
    Accept(Box<Accepted>),
    /// The transcript of its process went on.
    Record(Record<'a>),
    /// A process was started; its transcript begins.
    Started(ProcessId, Box<AnyHarness>),
    /// None could be started.
    StartFailed(Error),
    /// The process is gone, and its transcript was folded to the end.
    Ended(String),
    /// A person gives it another title.
    Rename(String),
    /// A person wants its process ended.
    Stop(String),
    /// Somebody else on this machine adds a message.
    Append(Box<Message>),
}

/// What is to be done, in order.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Tell an event; a fact is stored first.
    Emit(Emit),
    /// Store that what clients see changed outside of events.
    Save,
    /// An accepted command has its answer.
    Reply(RequestId, Result<Value, Error>),
    /// A prompt is over, or a command needs no answer any more: forget it.
    Close(RequestId),
    /// Hand lines to the process.
    Write(Vec<Write>),
    /// Start a process.
    Start,
    /// Stop the process in these steps.
    Stop(Vec<StopStep>),
    /// The models that the harness offers are known.
    Models(Vec<Model>),
    /// Not understood; to be counted.
    Debug(String),
    /// This is a good place for a checkpoint.
    Checkpoint,
}

/// One event of a session.
#[derive(Debug, PartialEq)]
pub struct Emit {
    /// Where the log stands behind it.
    pub cursor: Cursor,
    /// Of the record, or of the request.
    pub ts: i64,
    /// Of a fact that a transcript gave: the process, the record's place and the fact's number in it.
    pub source: Option<(ProcessId, u64, u32)>,
    /// What happened.
    pub event: Event,
}

impl State {
    /// A session as it was stored, without a process, in the runner's generation `epoch`.
    #[must_use]
    pub fn new(stored: Stored, epoch: u64) -> Self {
        let mut folded = View::new(stored.info.clone());
        let cursor = Cursor { fact: stored.facts, epoch, n: 0 };
        folded.cursor = cursor;
        Self {
            info: stored.info,
            spec: stored.spec,
            folded,
            agent: None,
            open: stored.open,
            delivered: HashSet::new(),
            cleared: Vec::new(),
            messages: stored.messages,
            cursor,
            starting: false,
            stopping: None,
        }
    }

    /// Goes on with a process from a checkpoint of it, before its later records are folded.
    pub fn restore(&mut self, process: ProcessId, harness: AnyHarness, turn: TurnState) {
        let delivered = turn.live.prompts.iter().filter(|prompt| prompt.delivered);
        self.delivered = delivered.map(|prompt| prompt.request_id.clone()).collect();
        self.folded.live = turn.live;
        self.agent = Some(Agent { process, harness, sent: HashSet::new(), written: turn.written });
    }

    /// Where the log stands.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The process of its agent, while there is one.
    #[must_use]
    pub fn process(&self) -> Option<&ProcessId> {
        self.agent.as_ref().map(|agent| &agent.process)
    }

    /// The agent's protocol, while there is a process.
    #[must_use]
    pub fn harness(&self) -> Option<&AnyHarness> {
        self.agent.as_ref().map(|agent| &agent.harness)
    }

    /// Messages so far.
    #[must_use]
    pub fn message_count(&self) -> u64 {
        self.messages
    }

    /// Whether a turn is under way.
    #[must_use]
    pub fn is_working(&self) -> bool {
        matches!(self.folded.live.state, SessionState::Working { .. })
    }

    /// Whether a process is being started.
    #[must_use]
    pub fn is_starting(&self) -> bool {
        self.starting
    }

    /// Whether it is being stopped.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// The commands that have no answer, and the prompts that have not ended.
    #[must_use]
    pub fn open(&self) -> &[Accepted] {
        &self.open
    }

    /// What a checkpoint keeps beside the harness's state.
    #[must_use]
    pub fn turn_state(&self, folded_to: u64) -> TurnState {
        let written = self.agent.as_ref().map(|agent| agent.written.clone()).unwrap_or_default();
        TurnState { live: self.folded.live.clone(), written, folded_to }
    }

    /// A handed-over write failed: it may be handed over again, where the process still lives.
    pub fn unsent(&mut self, key: &str) {
        if let Some(agent) = &mut self.agent {
            agent.sent.remove(key);
        }
    }

    /// Takes in what happened. `now` is the time of a person's request, ms since 1970.
    pub fn on(&mut self, input: Input<'_>, now: i64) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            Input::Accept(accepted) => self.accept(*accepted, now, &mut out),
            Input::Record(record) => {
                self.record(&record, &mut out);
            }
            Input::Started(process, harness) => self.started(process, *harness, now, &mut out),
            Input::StartFailed(error) => self.start_failed(&error, now, &mut out),
            Input::Ended(reason) => self.ended(&reason, now, &mut out),
            Input::Rename(title) => {
                self.info.title = title_of(&title, LONGEST_TITLE);
                self.update_info(now, &mut out);
            }
            Input::Stop(reason) => self.stop(&reason, now, &mut out),
            Input::Append(message) => self.append(*message, now, &mut out),
        }
        self.pump(now, &mut out);
        out
    }

    /// Folds one record whose facts the store has already: only the agent's state and what is volatile follow it. The
    /// facts come from the store, by [`State::apply_stored`].
    pub fn refold(&mut self, record: &Record<'_>) {
        for what in self.fold(record) {
            match what {
                Out::Volatile(event) => {
                    self.folded.apply(self.cursor, &event);
                    self.folded.messages.clear();
                }
                Out::PromptReturned { key, withdrawn: false } => self.wait_again(&key),
                _ => {}
            }
        }
    }

    /// Folds one record, and does not act on what became possible: a recovery goes on to the end first.
    pub fn catch_up(&mut self, record: &Record<'_>) -> Vec<Effect> {
        let mut out = Vec::new();
        self.record(record, &mut out);
        out
    }

    /// A volatile event that does not come from a transcript.
    pub fn volatile(&mut self, event: Event, now: i64) -> Emit {
        self.cursor.n += 1;
        self.folded.apply(self.cursor, &event);
        Emit { cursor: self.cursor, ts: now, source: None, event }
    }

    /// Prompts that wait and that nothing else tells of: after a restart, where no process ever had them.
    pub fn show_waiting(&mut self) {
        let prompts = self.open.iter().filter_map(|open| {
            Some(OpenPrompt {
                request_id: open.key.clone(),
                turn_id: open.key.turn_id(),
                message: Some(elide(open.message.clone()?).0),
                when: open.when,
                delivered: false,
            })
        });
        self.folded.live.prompts = prompts.collect();
    }

    /// Acts on what is open, after a recovery.
    pub fn resume(&mut self, now: i64) -> Vec<Effect> {
        let mut out = Vec::new();
        self.pump(now, &mut out);
        out
    }

    /// Takes in a fact that the store has and a checkpoint has not.
    pub fn apply_stored(&mut self, number: u64, event: &Event) {
        self.folded.apply(Cursor { fact: number, n: 0, ..self.cursor }, event);
        self.folded.messages.clear();
        match event {
            Event::SessionUpdated { info } | Event::SessionCreated { info } => self.info = (**info).clone(),
            Event::PromptDelivered { request_id, .. } => {
                self.delivered.insert(request_id.clone());
            }
            _ => {}
        }
    }

    fn fold(&mut self, record: &Record<'_>) -> Vec<Out> {
        let Some(agent) = &mut self.agent else { return Vec::new() };
        if let What::Wrote { key, .. } = &record.what {
            agent.sent.remove(*key);
            agent.written.insert((*key).to_owned());
            // A prompt that was handed back goes out again under `KEY#N`: it is its command's write all the same.
            if let Some((command, _)) = key.split_once('#') {
                agent.written.insert(command.to_owned());
            }
        }
        agent.harness.fold(record)
    }

    fn record(&mut self, record: &Record<'_>, out: &mut Vec<Effect>) {
        let outs = self.fold(record);
        let Some(agent) = &self.agent else { return };
        let mut facts = Source { at: record.at, process: agent.process.clone(), place: record.place, ordinal: 0 };
        for what in outs {
            self.take(what, &mut facts, out);
        }
        let Some(agent) = &self.agent else { return };
        if *agent.harness.capabilities() != self.info.capabilities {
            self.info.capabilities = agent.harness.capabilities().clone();
            self.update_info_from(&mut facts, out);
        }
    }

    fn take(&mut self, what: Out, facts: &mut Source, out: &mut Vec<Effect>) {
        let at = facts.at;
        match what {
            Out::Ready { native, models } => self.ready(native, models, facts, out),
            Out::Volatile(event) => self.emit(event, at, None, out),
            // The agent's own queue is part of ours: what waits is told from one place.
            Out::Fact(Event::QueueUpdated { .. }) => drop(facts.next()),
            Out::Fact(Event::InputResolved { request_id, answer, by }) => {
                let by = if by.is_empty() { self.answered_by(&request_id) } else { by };
                let event = Event::InputResolved { request_id, answer, by };
                self.emit(event, at, Some(facts.next()), out);
            }
            Out::Fact(event) => {
                let terminal = matches!(event, Event::AgentIdle { .. } | Event::AgentError { .. });
                match &event {
                    Event::ModelChanged { model } => self.spec.model = Some(model.clone()),
                    Event::ThinkingLevelChanged { level } => self.spec.thinking_level = Some(level.clone()),
                    _ => {}
                }
                let event = self.numbered(event);
                self.emit(event, at, Some(facts.next()), out);
                if terminal {
                    out.push(Effect::Checkpoint);
                }
            }
            Out::Title { title } => {
                self.info.title = title_of(&title, LONGEST_TITLE);
                self.update_info_from(facts, out);
            }
            Out::Reply { key, result } => self.reply(&key, result, out),
            Out::PromptDelivered { key, handled } => self.delivered(&key, handled, facts, out),
            Out::PromptEnded { key, outcome, message } => {
                let stamp = (at, Some(facts.next()));
                self.end_prompt(&key, Ending { outcome, message }, stamp, out);
            }
            Out::PromptReturned { key, withdrawn: true } => {
                let stamp = (at, Some(facts.next()));
                self.end_prompt(&key, Outcome::Withdrawn.into(), stamp, out);
            }
            // It waits again, and is written under another key the next time.
            Out::PromptReturned { key, withdrawn: false } => self.wait_again(&key),
            Out::Debug { why } => out.push(Effect::Debug(why)),
        }
    }

    /// The agent handed a prompt back: it may be written again.
    fn wait_again(&mut self, key: &RequestId) {
        if let Some(agent) = &mut self.agent {
            agent.written.remove(key.as_str());
        }
    }

    /// Who answered a question: whoever's answer is open, else the one person there is.
    fn answered_by(&self, question: &RequestId) -> String {
        let answers = |open: &&Accepted| matches!(&open.command, Command::InputResponse { request_id, .. } if request_id == question);
        self.open.iter().find(answers).map_or_else(|| "a person".to_owned(), |open| open.by.clone())
    }

    /// A message gets its place in the session.
    fn numbered(&mut self, event: Event) -> Event {
        match event {
            Event::MessageEnd { mut message } => {
                message.idx = self.messages;
                self.messages += 1;
                Event::MessageEnd { message }
            }
            other => other,
        }
    }

    fn ready(&mut self, native: NativeId, models: Vec<Model>, facts: &mut Source, out: &mut Vec<Effect>) {
        if matches!(self.folded.live.state, SessionState::Starting) {
            self.emit(Event::AgentReady {}, facts.at, None, out);
        }
        if !models.is_empty() {
            out.push(Effect::Models(models));
        }
        if self.spec.resume.as_ref() != Some(&native) {
            self.spec.fork = None;
            self.info.native_id = Some(native.id.clone());
            self.spec.resume = Some(native);
            self.update_info_from(facts, out);
        }
        out.push(Effect::Checkpoint);
    }

    fn reply(&mut self, key: &RequestId, result: Result<Value, Error>, out: &mut Vec<Effect>) {
        let Some(at) = self.open.iter().position(|open| open.key == *key) else { return };
        if matches!(self.open[at].command, Command::Prompt { .. }) {
            return;
        }
        self.open.remove(at);
        if let Some(agent) = &mut self.agent {
            agent.written.remove(key.as_str());
        }
        let result = match self.cleared.iter().position(|(clear, _)| clear == key) {
            Some(at) => result.and_then(|agents| with_texts(&agents, self.cleared.remove(at).1)),
            None => result,
        };
        out.push(Effect::Reply(key.clone(), result));
        out.push(Effect::Close(key.clone()));
    }

    fn started(&mut self, process: ProcessId, harness: AnyHarness, now: i64, out: &mut Vec<Effect>) {
        self.starting = false;
        self.info.process_id = Some(process.clone());
        self.agent = Some(Agent { process, harness, sent: HashSet::new(), written: HashSet::new() });
        self.update_info(now, out);
        self.emit(Event::AgentStarting {}, now, None, out);
    }

    fn start_failed(&mut self, error: &Error, now: i64, out: &mut Vec<Effect>) {
        self.starting = false;
        let message = with_hint(error);
        self.emit(Event::AgentError { message: message.clone(), recoverable: false }, now, None, out);
        self.end_all(&message, Outcome::Error, now, out);
    }

    fn ended(&mut self, reason: &str, now: i64, out: &mut Vec<Effect>) {
        let asked = self.stopping.take();
        let outcome = if asked.is_some() { Outcome::Aborted } else { Outcome::Error };
        let reason = asked.as_deref().unwrap_or(reason);
        self.end_all(reason, outcome, now, out);
        self.agent = None;
        self.emit(Event::SessionClosed { reason: reason.to_owned(), deleted: false }, now, None, out);
        out.push(Effect::Save);
    }

    fn stop(&mut self, reason: &str, now: i64, out: &mut Vec<Effect>) {
        match (&self.agent, &self.stopping) {
            (Some(agent), None) => {
                out.push(Effect::Stop(agent.harness.stop()));
                self.stopping = Some(reason.to_owned());
            }
            (Some(_), Some(_)) => {}
            (None, _) if self.starting => self.stopping = Some(reason.to_owned()),
            (None, _) => {
                if !matches!(self.folded.live.state, SessionState::Stopped) || !self.open.is_empty() {
                    self.ended(reason, now, out);
                }
            }
        }
    }

    fn append(&mut self, message: Message, now: i64, out: &mut Vec<Effect>) {
        let event = self.numbered(Event::MessageEnd { message: Box::new(message) });
        self.emit(event, now, None, out);
    }

    fn update_info(&mut self, now: i64, out: &mut Vec<Effect>) {
        self.info.updated_at = now.max(self.info.updated_at);
        self.emit(Event::SessionUpdated { info: Box::new(self.info.clone()) }, now, None, out);
    }

    fn update_info_from(&mut self, facts: &mut Source, out: &mut Vec<Effect>) {
        let at = facts.at;
        self.info.updated_at = at.max(self.info.updated_at);
        let source = Some(facts.next());
        self.emit(Event::SessionUpdated { info: Box::new(self.info.clone()) }, at, source, out);
    }

    fn emit(&mut self, event: Event, ts: i64, source: Option<(ProcessId, u64, u32)>, out: &mut Vec<Effect>) {
        match &event {
            Event::ModelChanged { model } => self.info.model = Some(model.clone()),
            Event::ModeChanged { mode } => self.info.mode = Some(mode.clone()),
            Event::ThinkingLevelChanged { level } => self.info.thinking_level = Some(level.clone()),
            _ => {}
        }
        if event.is_fact() {
            self.cursor = Cursor { fact: self.cursor.fact + 1, n: 0, ..self.cursor };
            self.info.updated_at = ts.max(self.info.updated_at);
        } else {
            self.cursor.n += 1;
        }
        self.folded.apply(self.cursor, &event);
        self.folded.messages.clear();
        out.push(Effect::Emit(Emit { cursor: self.cursor, ts, source, event }));
    }
}

/// When a fact happened, ms since 1970, and where in a transcript, if it came from one.
type Stamp = (i64, Option<(ProcessId, u64, u32)>);

/// The time and the key of the facts of one record.
struct Source {
    /// ms since 1970.
    at: i64,
    process: ProcessId,
    place: u64,
    ordinal: u32,
}

impl Source {
    fn next(&mut self) -> (ProcessId, u64, u32) {
        let key = (self.process.clone(), self.place, self.ordinal);
        self.ordinal += 1;
        key
    }
}

/// An error as one sentence for people.
fn with_hint(error: &Error) -> String {
    match &error.hint {
        Some(hint) => format!("{}: {hint}", error.message),
        None => error.message.clone(),
    }
}

/// What the agent gave back, and then what waited in our own queue.
fn with_texts(agents: &Value, own: Vec<String>) -> Result<Value, Error> {
    let mut cleared = serde_json::from_value::<QueueCleared>(agents.clone()).unwrap_or_default();
    cleared.texts.extend(own);
    to_value(&cleared)
}

fn to_value(reply: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(reply).map_err(|error| Error::internal(error.to_string()))
}
