//! A session as a pure machine: what comes in, what is to be done about it. No I/O, no clock, no randomness.

use std::collections::HashSet;

use octo_proto::{
    Code, Command, Cursor, Error, Event, View,
    command::{PromptReply, QueueCleared},
    id::{ProcessId, RequestId},
    message::{Message, Part, PartKind, Role},
    session::{Live, Model, OpenPrompt, Outcome, Queue, Queued, SessionInfo, SessionState, When},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::harness::{Accepted, NativeId, Out, Plan, Record, SessionSpec, StopStep, What, Write, any::AnyHarness};

/// The characters of a first prompt that become a session's title.
const TITLE: usize = 60;

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
                self.info.title = title;
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
            if let Out::Volatile(event) = what {
                self.folded.apply(self.cursor, &event);
                self.folded.messages.clear();
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
                message: Some(open.message.clone()?),
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

    fn accept(&mut self, accepted: Accepted, now: i64, out: &mut Vec<Effect>) {
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
                self.info.title = title_of(&message.text());
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

    fn fold(&mut self, record: &Record<'_>) -> Vec<Out> {
        let Some(agent) = &mut self.agent else { return Vec::new() };
        if let What::Wrote { key, .. } = &record.what {
            agent.sent.remove(*key);
            agent.written.insert((*key).to_owned());
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
                self.info.title = title;
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
            Out::PromptReturned { key, withdrawn: false } => {
                if let Some(agent) = &mut self.agent {
                    agent.written.remove(key.as_str());
                }
            }
            Out::Debug { why } => out.push(Effect::Debug(why)),
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

    /// The agent has a prompt: two facts, always, so that the numbers of a record's facts never depend on more than it.
    fn delivered(&mut self, key: &RequestId, handled: bool, facts: &mut Source, out: &mut Vec<Effect>) {
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

    fn end_prompt(&mut self, key: &RequestId, how: Ending, (at, fact): Stamp, out: &mut Vec<Effect>) {
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

    /// Nothing that waits for the agent will be answered by it.
    fn end_all(&mut self, reason: &str, outcome: Outcome, now: i64, out: &mut Vec<Effect>) {
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

    /// Tells what waits in our own queue and in the agent's, where that changed.
    fn tell_queue(&mut self, at: i64, out: &mut Vec<Effect>) {
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

    /// Writes what can be written now: what the protocol demands, then what people want, control ahead of the rest.
    fn pump(&mut self, now: i64, out: &mut Vec<Effect>) {
        if self.agent.is_none() {
            let wanted = self.open.iter().any(|open| needs_process(&open.command));
            if wanted && !self.starting {
                self.starting = true;
                out.push(Effect::Start);
            }
            if !self.starting {
                self.answer_without_process(out);
            }
            return;
        }
        if self.stopping.is_some() {
            return;
        }
        loop {
            let Some(agent) = &mut self.agent else { return };
            // What was handed over and not seen yet is not in the fold: deciding on it would decide on the past.
            if !agent.sent.is_empty() {
                return;
            }
            let written = &agent.written;
            let demanded: Vec<_> =
                agent.harness.reactions().into_iter().filter(|write| !written.contains(&write.key)).collect();
            if !demanded.is_empty() {
                agent.sent.extend(demanded.iter().map(|write| write.key.clone()));
                out.push(Effect::Write(demanded));
                return;
            }
            match self.next_plan() {
                Some((_, Plan::Write(writes))) => {
                    let Some(agent) = &mut self.agent else { return };
                    agent.sent.extend(writes.iter().map(|write| write.key.clone()));
                    out.push(Effect::Write(writes));
                    return;
                }
                Some((key, Plan::Answer(result))) => self.answer(&key, result, now, out),
                Some((_, Plan::Wait)) | None => return,
            }
        }
    }

    /// The first open command, control ahead of the rest, that can be gone on with.
    fn next_plan(&self) -> Option<(RequestId, Plan)> {
        let agent = self.agent.as_ref()?;
        let urgent = |open: &&Accepted| {
            matches!(open.command, Command::InputResponse { .. } | Command::Abort {} | Command::QueueClear {})
        };
        let (first, then): (Vec<_>, Vec<_>) = self.open.iter().partition(urgent);
        first.into_iter().chain(then).filter(|open| !agent.written.contains(open.key.as_str())).find_map(|open| {
            let plan = match &open.command {
                Command::SessionResume {} => self.resumed(),
                _ => agent.harness.plan(open),
            };
            (plan != Plan::Wait).then(|| (open.key.clone(), plan))
        })
    }

    /// A session is resumed when its agent has answered.
    fn resumed(&self) -> Plan {
        match &self.folded.live.state {
            SessionState::Starting | SessionState::Stopped => Plan::Wait,
            SessionState::Error { message } => Plan::Answer(Err(Error::new(Code::AgentFailed, message.clone()))),
            SessionState::Idle | SessionState::Working { .. } | SessionState::Unavailable => {
                Plan::Answer(Ok(Value::Object(serde_json::Map::new())))
            }
        }
    }

    fn answer(&mut self, key: &RequestId, result: Result<Value, Error>, now: i64, out: &mut Vec<Effect>) {
        let is_prompt = self.open.iter().any(|open| open.key == *key && open.message.is_some());
        match (is_prompt, result) {
            (true, Ok(_)) => self.end_prompt(key, Outcome::Done.into(), (now, None), out),
            (true, Err(error)) => {
                let how = Ending { outcome: Outcome::Error, message: Some(with_hint(&error)) };
                self.end_prompt(key, how, (now, None), out);
            }
            (false, result) => self.reply(key, result, out),
        }
    }

    /// Takes back the prompts that wait in our own queue. What waits in the agent's is the harness's to take back.
    fn clear_own_queue(&mut self, by: &RequestId, now: i64, out: &mut Vec<Effect>) {
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

    fn answer_without_process(&mut self, out: &mut Vec<Effect>) {
        let idle: Vec<_> = self.open.iter().filter(|open| open.message.is_none()).cloned().collect();
        for open in idle {
            let result = match open.command {
                Command::Abort {} => Ok(Value::Object(serde_json::Map::new())),
                Command::QueueClear {} => Ok(Value::Null),
                Command::SetModel { model } => {
                    self.spec.model = Some(model.clone());
                    let at = self.info.updated_at;
                    self.emit(Event::ModelChanged { model }, at, None, out);
                    Ok(Value::Object(serde_json::Map::new()))
                }
                Command::SetThinkingLevel { level } => {
                    self.spec.thinking_level = Some(level.clone());
                    let at = self.info.updated_at;
                    self.emit(Event::ThinkingLevelChanged { level }, at, None, out);
                    Ok(Value::Object(serde_json::Map::new()))
                }
                _ => Err(Error::new(Code::Conflict, "the session has no running agent")
                    .hint("`session.resume` or a prompt starts it")),
            };
            self.reply(&open.key, result, out);
        }
    }
}

/// When a fact happened, ms since 1970, and where in a transcript, if it came from one.
type Stamp = (i64, Option<(ProcessId, u64, u32)>);

/// How a prompt ended.
struct Ending {
    outcome: Outcome,
    /// Why, where it did not end as it should.
    message: Option<String>,
}

impl From<Outcome> for Ending {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, message: None }
    }
}

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

fn needs_process(command: &Command) -> bool {
    matches!(
        command,
        Command::Prompt { .. } | Command::SessionResume {} | Command::Compact { .. } | Command::GetCommands {}
    )
}

fn title_of(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let mut title: String = line.chars().filter(|c| !c.is_control()).take(TITLE).collect();
    if title.len() < line.len() {
        title = title.trim_end().to_owned();
        title.push('…');
    }
    title
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
