//! The task of one session: it feeds the machine with what happens, and does what the machine wants. It alone writes
//! the session's log.

mod process;
mod rounds;
mod trim;

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use octo_proto::{Code, Command, Error, Event, id::RequestId, index::IndexEntry, session::Outcome};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{
    SessionMsg,
    log::Log,
    state::{Effect, Input, State},
};
use crate::{
    harness::{Accepted, any::AnyHarness},
    hstry::Op,
    records::OwnedRecord,
    requests::{Answer, Ticket, write_answer},
    runner::Runner,
};
pub use process::{Place, Running, attach, finished};
use process::{Starting, Stopping, Tailed};
use rounds::Round;

/// A task without a process that nobody asked anything for this long puts its session away.
const AWAY_AFTER: Duration = Duration::from_secs(600);

/// The task of one session.
pub struct SessionTask {
    runner: Runner,
    state: State,
    log: Log,
    mailbox: mpsc::Receiver<SessionMsg>,
    unread: Arc<AtomicU64>,
    running: Option<Running>,
    starting: Option<Starting>,
    stopping: Option<Stopping>,
    /// Who waits for the process to end, and whether the session is to be forgotten then.
    ending: Vec<oneshot::Sender<Result<(), Error>>>,
    delete: bool,
    /// Whose the open commands are.
    accounts: HashMap<RequestId, String>,
    /// Clients that wait for an answer.
    waiting: HashMap<RequestId, oneshot::Sender<Answer>>,
    /// By when each write must be answered.
    deadlines: HashMap<String, Instant>,
    /// When the records folded last were made, ms since 1970.
    folded_at: i64,
    /// What is to be stored and told, the oldest first; more than none only while the store fails.
    rounds: VecDeque<Round>,
    retry: Option<Instant>,
    failures: u32,
    debugged: u64,
}

/// What a task begins with.
pub struct Begin {
    /// The machine.
    pub state: State,
    /// The log, standing where the machine does.
    pub log: Log,
    /// What the handle sends.
    pub mailbox: mpsc::Receiver<SessionMsg>,
    /// Turns that ended unseen.
    pub unread: Arc<AtomicU64>,
    /// Its process, if one lives.
    pub running: Option<Running>,
    /// Whose the open commands are.
    pub accounts: HashMap<RequestId, String>,
}

/// What woke the task.
enum Woken {
    Message(Option<SessionMsg>),
    Tail(Tailed),
    Started(Result<Box<(Running, AnyHarness)>, Error>),
    Time,
    Stop,
}

impl SessionTask {
    /// A task that was not run yet.
    #[must_use]
    pub fn new(runner: Runner, begin: Begin) -> Self {
        Self {
            runner,
            state: begin.state,
            log: begin.log,
            mailbox: begin.mailbox,
            unread: begin.unread,
            running: begin.running,
            starting: None,
            stopping: None,
            ending: Vec::new(),
            delete: false,
            accounts: begin.accounts,
            waiting: HashMap::new(),
            deadlines: HashMap::new(),
            folded_at: 0,
            rounds: VecDeque::new(),
            retry: None,
            failures: 0,
            debugged: 0,
        }
    }

    /// Runs until the session is deleted, put away, or the runner stops. What a process writes meanwhile waits in its
    /// transcript.
    pub async fn run(mut self) {
        self.notice_end().await;
        let now = self.runner.now();
        let effects = self.state.resume(now);
        self.perform(effects, Vec::new()).await;
        while !self.is_over() {
            match self.woken().await {
                Woken::Stop => break,
                Woken::Message(None) => break,
                Woken::Message(Some(message)) => self.message(message).await,
                Woken::Tail(tailed) => self.tailed(tailed).await,
                Woken::Started(started) => self.started(started).await,
                Woken::Time => self.time().await,
            }
        }
    }

    /// Folds what the agent said while nobody listened, before anything is done about it: records that were read
    /// already, and then all that the transcript has by now.
    pub async fn catch_up(&mut self, rest: Vec<OwnedRecord>) {
        let mut records = rest;
        loop {
            let effects = records.iter().flat_map(|record| self.state.catch_up(&record.as_record())).collect();
            self.folded_at = records.last().map_or(self.folded_at, |record| record.at);
            self.perform(effects, Vec::new()).await;
            let Some(running) = &mut self.running else { return };
            match running.read_known() {
                Ok(Some(more)) => records = more,
                Ok(None) => break,
                Err(error) => return self.unreadable(&error.to_string()).await,
            }
        }
        self.note_deadlines();
    }

    fn is_over(&self) -> bool {
        self.delete
            && self.running.is_none()
            && self.starting.is_none()
            && self.rounds.is_empty()
            && self.ending.is_empty()
    }

    async fn woken(&mut self) -> Woken {
        let until = self.next_time();
        let stuck = !self.rounds.is_empty();
        let stop = self.runner.stopping().clone();
        let running = self.running.as_mut();
        let starting = self.starting.as_mut();
        tokio::select! {
            biased;
            () = stop.cancelled() => Woken::Stop,
            message = self.mailbox.recv() => Woken::Message(message),
            started = process::starting(starting) => Woken::Started(started),
            // While the store fails nothing is read: what the agent says waits in its transcript.
            tailed = process::tail(running), if !stuck => Woken::Tail(tailed),
            () = sleep_until(until) => Woken::Time,
        }
    }

    fn next_time(&self) -> Instant {
        let far = Instant::now() + AWAY_AFTER;
        let deadlines = self.deadlines.values().copied();
        let stopping = self.stopping.as_ref().map(|stopping| stopping.until);
        deadlines.chain(stopping).chain(self.retry).min().unwrap_or(far).min(far)
    }

    async fn message(&mut self, message: SessionMsg) {
        match message {
            SessionMsg::Command { accepted, account, ticket, reply } => {
                self.command(*accepted, account, ticket, reply).await;
            }
            SessionMsg::Rename { title, done } => {
                let answer = self.store_works().await;
                if answer.is_ok() {
                    let effects = self.state.on(Input::Rename(title), self.runner.now());
                    self.perform(effects, Vec::new()).await;
                }
                drop(done.send(answer));
            }
            SessionMsg::Stop { reason, delete, done } => {
                self.delete |= delete;
                self.ending.push(done);
                let effects = self.state.on(Input::Stop(reason), self.runner.now());
                self.perform(effects, Vec::new()).await;
                self.settle_end().await;
            }
            SessionMsg::Append { message, done } => {
                let mut answer = self.store_works().await.map(|()| self.state.cursor().fact + 1);
                if answer.is_ok() {
                    let effects = self.state.on(Input::Append(message), self.runner.now());
                    self.perform(effects, Vec::new()).await;
                    if !self.rounds.is_empty() {
                        // It is told once the store works again; until then nobody is told that it is there.
                        answer = Err(Error::new(Code::Unavailable, "the history cannot be written now")
                            .hint("repeat it with the same id"));
                    }
                }
                drop(done.send(answer));
            }
            SessionMsg::Spec { reply } => drop(reply.send(self.state.spec.clone())),
            SessionMsg::Seen => {
                self.unread.store(0, Ordering::Relaxed);
                self.save().await;
            }
        }
    }

    async fn command(
        &mut self,
        accepted: Accepted,
        account: String,
        ticket: Option<Ticket>,
        reply: oneshot::Sender<Answer>,
    ) {
        // What stops or unblocks an agent is done even when it cannot be stored.
        let urgent = matches!(accepted.command, Command::Abort {} | Command::InputResponse { .. });
        if let Err(error) = self.refusal(&accepted.command)
            && !urgent
        {
            drop(reply.send(Err(error)));
            return;
        }
        if !urgent && let Err(error) = self.store_works().await {
            drop(reply.send(Err(error)));
            return;
        }
        let now = self.runner.now();
        let key = accepted.key.clone();
        let mut ops = Vec::new();
        if let Some(ticket) = ticket {
            ops.push(Op::Accept {
                account: account.clone(),
                request_id: key.clone(),
                session: Some(self.state.info.session_id.clone()),
                digest: ticket.digest,
                body: serde_json::to_vec(&accepted).unwrap_or_default(),
                at: now,
            });
            // From here on the request is the session's to settle, also after a restart.
            drop(ticket.hand_over());
            self.accounts.insert(key.clone(), account);
        }
        self.waiting.insert(key, reply);
        let effects = self.state.on(Input::Accept(Box::new(accepted)), now);
        if urgent {
            self.write_at_once(&effects);
        }
        self.perform(effects, ops).await;
    }

    /// Why a command cannot be taken at all.
    fn refusal(&self, command: &Command) -> Result<(), Error> {
        if self.delete {
            return Err(Error::not_found("the session is being deleted"));
        }
        let can = &self.state.info.capabilities;
        let (able, what) = match command {
            Command::Prompt { when: octo_proto::session::When::Steer, .. } => {
                (can.steer, "take words into a running turn")
            }
            Command::Prompt { images, .. } if !images.is_empty() => (can.images, "see images (with this model)"),
            Command::Compact { .. } => (can.compact, "compact its context"),
            Command::SetModel { .. } => (can.set_model, "change its model"),
            Command::SetMode { mode } => (can.modes.contains(mode), "be in this mode"),
            Command::SetThinkingLevel { level } => (can.thinking_levels.contains(level), "have this thinking level"),
            _ => (true, ""),
        };
        // What a session can do is known once its agent has answered.
        if able || self.state.harness().is_none() {
            return Ok(());
        }
        Err(Error::new(Code::Unsupported, format!("this session's agent cannot {what}"))
            .hint("`session.get` shows what it can do"))
    }

    async fn tailed(&mut self, tailed: Tailed) {
        match tailed {
            Tailed::Records(records) => {
                // The first, so that a step of the clock between two of them makes no deadline early.
                self.folded_at = records.first().map_or(self.folded_at, |record| record.at);
                let effects = process::fold(&mut self.state, &records, self.runner.now());
                self.perform(effects, Vec::new()).await;
                self.note_deadlines();
                self.advance_stopping();
                self.notice_end().await;
            }
            Tailed::Ended => self.process_ended("the agent ended").await,
            Tailed::Lost => self.shim_lost().await,
            Tailed::Failed(error) => self.unreadable(&error).await,
        }
    }

    /// Once the end of the process is folded, nothing else comes first: a prompt that arrives now is for the next one.
    async fn notice_end(&mut self) {
        if self.running.as_ref().is_some_and(Running::is_over) {
            self.process_ended("the agent ended").await;
        }
    }

    async fn time(&mut self) {
        let now = Instant::now();
        if self.retry.is_some_and(|retry| retry <= now) {
            self.retry = None;
            self.flush().await;
        }
        let over: Vec<_> = self.deadlines.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key.clone()).collect();
        for key in over {
            self.deadlines.remove(&key);
            if let Some(running) = &self.running {
                running.timeout(&key);
            }
        }
        self.advance_stopping();
    }

    /// Settles those who wait for the end of the process, once there is none.
    async fn settle_end(&mut self) {
        if self.running.is_some() || self.starting.is_some() {
            return;
        }
        if self.delete {
            let answer = self.forget().await;
            for done in self.ending.drain(..) {
                drop(done.send(answer.clone()));
            }
            return;
        }
        for done in self.ending.drain(..) {
            drop(done.send(Ok(())));
        }
    }

    /// Forgets the session for ever: in the store, on the disk, in the index.
    async fn forget(&mut self) -> Result<(), Error> {
        let id = self.state.info.session_id.clone();
        let processes = self.runner.store().processes(&id).await.map_err(|error| error.to_error())?;
        let op = Op::DeleteSession(id.clone());
        self.runner.store().commit(vec![op]).await.map_err(|error| error.to_error())?;
        for process in processes {
            let dir = self.runner.process_dir(&process.id);
            if let Err(error) = tokio::fs::remove_dir_all(&dir).await
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(dir = %dir.display(), %error, "the transcript of a deleted session is still there");
            }
        }
        let closed = Event::SessionClosed { reason: "deleted".to_owned(), deleted: true };
        let mut cursor = self.state.cursor();
        cursor.n += 1;
        self.log.publish([(cursor, self.runner.now(), closed)]);
        self.runner.index().remove(&id);
        self.runner.forget(&id);
        Ok(())
    }

    /// A turn that ended while nobody watched is unread.
    fn count_unread(&self, event: &Event) {
        if matches!(event, Event::AgentIdle { outcome: Outcome::Done | Outcome::Error, .. }) && !self.log.is_watched() {
            self.unread.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn entry(&self) -> IndexEntry {
        entry_of(&self.state, self.unread.load(Ordering::Relaxed))
    }

    /// Hands an answer to the client that waits, and to all who repeat the request.
    fn answer(&mut self, key: &RequestId, answer: Answer) {
        if let Some(account) = self.accounts.get(key) {
            self.runner.requests().settle(account, key, &answer);
        }
        if let Some(waiting) = self.waiting.remove(key) {
            drop(waiting.send(answer));
        }
    }

    fn settle_op(&self, key: &RequestId, answer: &Answer) -> Option<Op> {
        let account = self.accounts.get(key)?.clone();
        Some(Op::Settle { account, request_id: key.clone(), reply: write_answer(answer), at: self.runner.now() })
    }

    fn debug(&mut self, why: &str) {
        self.debugged += 1;
        tracing::debug!(session = %self.state.info.session_id, count = self.debugged, why, "not understood");
    }

    /// Writes go out before their command is stored: only for what stops or unblocks an agent.
    fn write_at_once(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let (Effect::Write(writes), Some(running)) = (effect, &self.running) {
                running.write(writes.clone());
            }
        }
    }
}

/// A session in the index.
#[must_use]
pub fn entry_of(state: &State, unread: u64) -> IndexEntry {
    let live = &state.folded.live;
    IndexEntry {
        info: state.info.clone(),
        state: live.state.clone(),
        unread,
        needs_you: live.questions.first().map(|question| question.title.clone()),
        messages: state.message_count(),
    }
}
