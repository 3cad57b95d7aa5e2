//! A session's process: starting it, following its transcript, writing to it, stopping it.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    time::Duration,
};

use octo_proto::{Code, Error, Event, id::ProcessId, session::SessionState};
use tokio::{sync::oneshot, time::Instant};
use tokio_util::task::TaskTracker;

use super::{
    super::state::{Effect, Input, State},
    SessionTask,
};
use crate::{
    harness::{SessionSpec, StopStep, Write, any::AnyHarness},
    hstry::{Checkpoint, Op, ProcessRow, ProcessState, SessionRow},
    lines::LineSplitter,
    process::{self, Announcements, CommandError, Controller, Launch, Loss, Reaped, ShimPath, Tail},
    records::{OwnedRecord, TIMEOUT, understand},
    runner::Runner,
    transcript::{self, Bound, Direction, ReadError, Reader},
};

/// Transcript that is folded before a checkpoint is stored, in bytes.
const CHECKPOINT_EVERY: u64 = 4 * 1024 * 1024;

/// Between two tries to reach or clear up what does not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// Records that are folded before anything is stored or told: what comes together is stored together.
const BATCH: usize = 256;

/// Bytes of records that are folded together.
const BATCH_BYTES: usize = 256 * 1024;

/// A process whose transcript is followed.
pub struct Running {
    /// Which.
    pub process: ProcessId,
    /// Its folder.
    pub(super) dir: PathBuf,
    /// Writes to it; none when it is dead and only read to its end.
    controller: Option<Controller>,
    /// Where what is handed to it is waited for.
    tasks: TaskTracker,
    source: Source,
    splitter: LineSplitter,
    /// Where the last checkpoint stands in the transcript.
    checkpoint: u64,
    /// What stands before this and is no output was folded before the checkpoint.
    folded_to: u64,
    /// Its end was seen in the transcript.
    over: bool,
}

/// Where records come from.
enum Source {
    /// A shim that tells how far its transcript goes.
    Live(Tail, Announcements),
    /// What a dead one left.
    Left(Reader),
}

/// A process that is being started.
pub(super) type Starting = oneshot::Receiver<Result<Box<(Running, AnyHarness)>, Error>>;

/// A process that is being stopped.
pub(super) struct Stopping {
    steps: VecDeque<StopStep>,
    /// When the step under way has had its time.
    pub until: Instant,
    settles: bool,
}

/// What following a transcript gave.
pub(super) enum Tailed {
    /// Records, in order.
    Records(Vec<OwnedRecord>),
    /// The process ended, and everything that it said was read.
    Ended,
    /// The shim is gone, and its end is not in the transcript.
    Lost,
    /// The transcript cannot be read on.
    Failed(String),
}

/// Folds records, in order, as one round of effects.
pub(super) fn fold(state: &mut State, records: &[OwnedRecord], now: i64) -> Vec<Effect> {
    records.iter().flat_map(|record| state.on(Input::Record(record.as_record()), now)).collect()
}

/// Waits for a process that is being started; for ever where none is.
pub(super) async fn starting(starting: Option<&mut Starting>) -> Result<Box<(Running, AnyHarness)>, Error> {
    match starting {
        Some(starting) => match starting.await {
            Ok(started) => started,
            Err(_) => Err(Error::internal("the start of the agent was given up")),
        },
        None => std::future::pending().await,
    }
}

/// Waits for more of the transcript; for ever where there is no process.
pub(super) async fn tail(running: Option<&mut Running>) -> Tailed {
    match running {
        Some(running) if running.is_over() => Tailed::Ended,
        Some(running) => running.more().await.unwrap_or_else(|error| Tailed::Failed(error.to_string())),
        None => std::future::pending().await,
    }
}

impl Running {
    /// Waits for the next records. Given up while it waits, it has lost none.
    async fn more(&mut self) -> Result<Tailed, ReadError> {
        let mut records = Vec::new();
        if let Source::Live(tail, _) = &mut self.source {
            match tail.next().await? {
                Some(record) => take(record, self.folded_to, &mut self.splitter, &mut records),
                None => self.read_what_is_left()?,
            }
        }
        self.read_on(&mut records)?;
        match (records.is_empty(), &self.source) {
            (true, Source::Left(_)) => Ok(Tailed::Lost),
            _ => Ok(Tailed::Records(records)),
        }
    }

    /// Takes the records that are there, up to what is folded together.
    fn read_on(&mut self, records: &mut Vec<OwnedRecord>) -> Result<(), ReadError> {
        let mut bytes = 0;
        while records.len() < BATCH && bytes < BATCH_BYTES {
            let record = match &mut self.source {
                Source::Live(tail, _) => tail.next_known()?,
                Source::Left(reader) => reader.next()?,
            };
            let Some(record) = record else { break };
            bytes += record.bytes.len();
            take(record, self.folded_to, &mut self.splitter, records);
        }
        self.over |= records.iter().any(OwnedRecord::is_end);
        Ok(())
    }

    /// The next records, without waiting for any; none at the end of what is there.
    ///
    /// # Errors
    /// Where the transcript cannot be read on.
    pub fn read_known(&mut self) -> Result<Option<Vec<OwnedRecord>>, ReadError> {
        let (mut records, before) = (Vec::new(), self.offset());
        self.read_on(&mut records)?;
        Ok((self.offset() > before).then_some(records))
    }

    /// The shim announces nothing any more: what it left is read to its last whole record.
    fn read_what_is_left(&mut self) -> Result<(), ReadError> {
        self.source = Source::Left(Reader::open(&self.dir, self.offset(), Bound::LastWhole)?);
        Ok(())
    }

    /// Whether its end was seen in the transcript.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    fn offset(&self) -> u64 {
        match &self.source {
            Source::Live(tail, _) => tail.offset(),
            Source::Left(reader) => reader.offset(),
        }
    }

    /// Where another fold would have to begin, and how much of that record it would have to skip.
    fn resume_point(&self) -> (u64, u64) {
        self.splitter.resume_point(self.offset())
    }

    /// Goes back to the beginning of the transcript.
    ///
    /// # Errors
    /// Where it is not there any more.
    pub fn restart(&mut self) -> Result<(), ReadError> {
        self.source = match &self.source {
            Source::Live(_, told) => Source::Live(Tail::new(&self.dir, 0, told.end.clone())?, told.clone()),
            Source::Left(_) => Source::Left(Reader::open(&self.dir, 0, Bound::LastWhole)?),
        };
        self.splitter = LineSplitter::new();
        self.folded_to = 0;
        Ok(())
    }

    /// Hands lines over, in order. That they were recorded and written is seen in the transcript.
    pub fn write(&self, writes: Vec<Write>) {
        self.order(|controller| async move {
            for write in writes {
                controller.write(&write.key, &write.line).await?;
            }
            Ok(())
        });
    }

    /// The answer to a write has not come in time: that is noted where everything else is.
    pub fn timeout(&self, key: &str) {
        let key = key.to_owned();
        self.order(|controller| async move { controller.note(TIMEOUT, key.as_bytes()).await.map(drop) });
    }

    fn kill_tree(&self) {
        self.order(|controller| async move { controller.kill_tree().await.map(drop) });
    }

    /// Does something with the process beside everything else: one that reads nothing holds nobody up.
    fn order<F>(&self, order: impl FnOnce(Controller) -> F)
    where
        F: Future<Output = Result<(), CommandError>> + Send + 'static,
    {
        let Some(controller) = self.controller.clone() else { return };
        let (order, process) = (order(controller), self.process.clone());
        self.tasks.spawn(async move {
            if let Err(error) = order.await {
                tracing::debug!(%process, %error, "an order to a shim was not carried out");
            }
        });
    }
}

fn take(record: transcript::Record<'_>, folded_to: u64, splitter: &mut LineSplitter, out: &mut Vec<OwnedRecord>) {
    if record.direction == Direction::Out || record.offset >= folded_to {
        understand(&record, splitter, out);
    }
}

impl SessionTask {
    /// Starts a process beside everything else.
    pub(super) fn start(&mut self) {
        let (done, starting) = oneshot::channel();
        let (runner, spec) = (self.runner.clone(), self.state.spec.clone());
        let harness = self.state.info.harness.clone();
        let live = serde_json::to_vec(&self.state.turn_state(0)).unwrap_or_default();
        let fact = self.state.cursor().fact;
        self.runner.tasks().spawn(async move {
            let started = launch(&runner, &harness, &spec, (live, fact)).await;
            drop(done.send(started));
        });
        self.starting = Some(starting);
    }

    pub(super) async fn started(&mut self, started: Result<Box<(Running, AnyHarness)>, Error>) {
        self.starting = None;
        let now = self.runner.now();
        match started {
            Ok(started) => {
                let (running, harness) = *started;
                let input = Input::Started(running.process.clone(), Box::new(harness));
                self.running = Some(running);
                let effects = self.state.on(input, now);
                self.perform(effects, Vec::new()).await;
                if self.state.is_stopping() {
                    let steps = self.state.harness().map(AnyHarness::stop).unwrap_or_default();
                    self.begin_stopping(steps);
                }
            }
            Err(error) => {
                let effects = self.state.on(Input::StartFailed(error), now);
                self.perform(effects, Vec::new()).await;
                self.settle_end().await;
            }
        }
    }

    /// The process is gone, and its transcript is folded to the end.
    pub(super) async fn process_ended(&mut self, reason: &str) {
        let Some(running) = self.running.take() else { return };
        self.stopping = None;
        self.deadlines.clear();
        let now = self.runner.now();
        let effects = self.state.on(Input::Ended(reason.to_owned()), now);
        let ended = self.process_row(&running.process, ProcessState::Ended, Some(now));
        self.perform(effects, vec![ended]).await;
        self.settle_end().await;
    }

    /// The shim is gone without a word: what it held is killed, then that is noted, then folded like everything.
    pub(super) async fn shim_lost(&mut self) {
        let Some(running) = &mut self.running else { return };
        let session = self.state.info.session_id.clone();
        let boot = self.runner.boot_id().clone();
        match process::reap(&running.dir, running.process.as_str(), &boot).await {
            Ok(Reaped::Alive) => self.reach_again().await,
            Ok(_) => {
                if let Err(error) = running.read_what_is_left() {
                    tracing::error!(%session, %error, "what an agent said last cannot be read");
                    self.process_ended(&format!("what the agent said last cannot be read: {error}")).await;
                }
            }
            Err(error) => {
                tracing::error!(%session, %error, "what is left of an agent could not be cleared up; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Only the connection to the shim was lost.
    async fn reach_again(&mut self) {
        let Some(running) = &mut self.running else { return };
        let replaced = match &running.source {
            Source::Live(_, told) => *told.lost.borrow() == Some(Loss::Replaced),
            Source::Left(_) => false,
        };
        let from = Place { offset: running.offset(), skip: 0, folded_to: 0 };
        match attach(&self.runner, &running.process, from).await {
            Ok(mut reached) if !replaced => {
                reached.splitter = std::mem::take(&mut running.splitter);
                reached.checkpoint = running.checkpoint;
                *running = reached;
            }
            Ok(_) | Err(_) => {
                let unavailable = self.state.volatile(Event::AgentUnavailable {}, self.runner.now());
                self.perform(vec![Effect::Emit(unavailable)], Vec::new()).await;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// What the agent says cannot be followed any more: it is ended, and the next prompt starts another.
    pub(super) async fn unreadable(&mut self, error: &str) {
        tracing::error!(session = %self.state.info.session_id, %error, "a transcript cannot be read on");
        if let Some(running) = &self.running
            && let Some(controller) = running.controller.clone()
            && let Err(error) = controller.kill_tree().await
        {
            tracing::warn!(session = %self.state.info.session_id, %error, "an agent could not be killed");
        }
        self.process_ended(&format!("the agent was ended, since its transcript cannot be read: {error}")).await;
    }

    pub(super) fn begin_stopping(&mut self, steps: Vec<StopStep>) {
        self.stopping = Some(Stopping { steps: steps.into(), until: Instant::now(), settles: false });
        self.advance_stopping();
    }

    /// Takes the next steps of stopping, as far as their time has come.
    pub(super) fn advance_stopping(&mut self) {
        let working = self.state.is_working();
        let (Some(stopping), Some(running)) = (&mut self.stopping, &self.running) else { return };
        while Instant::now() >= stopping.until || (stopping.settles && !working) {
            let wait = |ms: u64| Instant::now() + Duration::from_millis(ms);
            stopping.settles = false;
            stopping.until = match stopping.steps.pop_front() {
                Some(StopStep::Write(write)) => {
                    running.write(vec![write]);
                    Instant::now()
                }
                Some(StopStep::WaitSettled(ms)) => {
                    stopping.settles = true;
                    wait(ms)
                }
                Some(StopStep::Eof(ms)) => {
                    running.order(|controller| async move { controller.eof().await.map(drop) });
                    wait(ms)
                }
                Some(StopStep::Signal(signal, ms)) => {
                    running.order(move |controller| async move { controller.signal(signal).await.map(drop) });
                    wait(ms)
                }
                // Its end comes through the transcript; where it does not, this is done again.
                Some(StopStep::KillTree) | None => {
                    running.kill_tree();
                    wait(2000)
                }
            };
        }
    }

    /// By when the writes that were made must be answered. Durations of the record's own clock, on ours: a step of the
    /// wall clock ends nobody's patience.
    pub(super) fn note_deadlines(&mut self) {
        let Some(harness) = self.state.harness() else { return };
        let wanted = harness.deadlines();
        self.deadlines.retain(|key, _| wanted.iter().any(|deadline| deadline.key == *key));
        for deadline in wanted {
            let patience = Duration::from_millis(u64::try_from(deadline.at - self.folded_at).unwrap_or(0));
            self.deadlines.entry(deadline.key).or_insert_with(|| Instant::now() + patience);
        }
    }

    pub(super) fn checkpoint_is_due(&self) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.offset().saturating_sub(running.checkpoint) >= CHECKPOINT_EVERY)
    }

    /// A checkpoint of everything folded so far.
    pub(super) fn checkpoint_op(&mut self) -> Option<Op> {
        let running = self.running.as_mut()?;
        let (resume_offset, skip) = running.resume_point();
        let folded_to = running.offset();
        running.checkpoint = folded_to;
        let (format, harness_state) = self.state.harness()?.serialise().ok()?;
        let turn_state = serde_json::to_vec(&self.state.turn_state(folded_to)).ok()?;
        Some(Op::Checkpoint(Box::new(Checkpoint {
            process: running.process.clone(),
            session: self.state.info.session_id.clone(),
            resume_offset,
            skip,
            last_fact: self.state.cursor().fact,
            format,
            harness_state,
            turn_state,
        })))
    }

    pub(super) fn row(&self) -> Op {
        let error = match &self.state.folded.live.state {
            SessionState::Error { message } => Some(message.clone()),
            _ => None,
        };
        Op::PutSession(Box::new(SessionRow {
            info: self.state.info.clone(),
            spec: self.state.spec.clone(),
            facts: self.state.cursor().fact,
            unread: self.unread.load(std::sync::atomic::Ordering::Relaxed),
            error,
        }))
    }

    fn process_row(&self, process: &ProcessId, state: ProcessState, ended_at: Option<i64>) -> Op {
        Op::PutProcess(Box::new(ProcessRow {
            id: process.clone(),
            session: self.state.info.session_id.clone(),
            kind: "agent".to_owned(),
            generation: self.runner.epoch(),
            state,
            boot_id: self.runner.boot_id().as_str().to_owned(),
            created_at: self.state.info.updated_at,
            ended_at,
        }))
    }
}

/// Starts a process: its row is stored before its shim exists, so that none is ever forgotten.
async fn launch(
    runner: &Runner,
    harness: &str,
    spec: &SessionSpec,
    (turn_state, last_fact): (Vec<u8>, u64),
) -> Result<Box<(Running, AnyHarness)>, Error> {
    may_start(runner, spec)?;
    let process = ProcessId::draw();
    let state = AnyHarness::new(harness, spec, &process)?;
    let launch = what_to_start(runner, harness, spec).await?;
    let row = |state, ended_at| {
        Op::PutProcess(Box::new(ProcessRow {
            id: process.clone(),
            session: spec.session_id.clone(),
            kind: "agent".to_owned(),
            generation: runner.epoch(),
            state,
            boot_id: runner.boot_id().as_str().to_owned(),
            created_at: runner.now(),
            ended_at,
        }))
    };
    let (format, harness_state) = state.serialise()?;
    let first = Checkpoint {
        process: process.clone(),
        session: spec.session_id.clone(),
        resume_offset: 0,
        skip: 0,
        last_fact,
        format,
        harness_state,
        turn_state,
    };
    let ops = vec![row(ProcessState::Spawning, None), Op::Checkpoint(Box::new(first))];
    runner.store().commit(ops).await.map_err(|error| error.to_error())?;
    match hold(runner, &process, &launch).await {
        Ok(running) => Ok(Box::new((running, state))),
        Err(error) => {
            let ended = row(ProcessState::Ended, Some(runner.now()));
            runner.store().commit(vec![ended]).await.map_err(|error| error.to_error())?;
            Err(error)
        }
    }
}

/// Whether an agent may be started for this session now.
fn may_start(runner: &Runner, spec: &SessionSpec) -> Result<(), Error> {
    runner.room()?;
    if let Some(asked) = &runner.config().sandbox_asked_by {
        let message = format!("{} asks for a sandbox, and this release has none", asked.display());
        return Err(Error::new(Code::Unsupported, message)
            .hint("agents are not started unconfined against your wish; remove the file to start them without"));
    }
    if !spec.cwd.is_dir() {
        return Err(Error::not_found(format!("the folder {} is not there any more", spec.cwd.display()))
            .hint("make it again, or begin a session elsewhere"));
    }
    Ok(())
}

/// The agent's program with its arguments, in the environment that agents have.
async fn what_to_start(runner: &Runner, harness: &str, spec: &SessionSpec) -> Result<Launch, Error> {
    let installed = runner.installed(harness).await?;
    let wanted = AnyHarness::launch(harness, spec, &installed)?;
    let mut env: BTreeMap<_, _> = runner.environment().build().await?;
    for (name, value) in wanted.env {
        env.insert(name, (value, harness.to_owned()));
    }
    let mut env: Vec<_> = env.into_iter().map(|(name, (value, _))| (name, value)).collect();
    env.push(("OCTO_SESSION_ID".to_owned(), spec.session_id.0.clone()));
    let program = wanted.program.to_string_lossy().into_owned();
    Ok(Launch { program, args: wanted.args, env, cwd: spec.cwd.clone(), terminal: None })
}

async fn hold(runner: &Runner, process: &ProcessId, launch: &Launch) -> Result<Running, Error> {
    let failed = |error: String| Error::new(Code::AgentFailed, error);
    process::spawn(&ShimPath::at(runner.shim()), &runner.paths().processes(), process.as_str(), launch)
        .await
        .map_err(|error| failed(format!("the agent could not be started: {error}")))?;
    let from = Place::default();
    attach(runner, process, from).await.map_err(|error| failed(format!("the agent cannot be reached: {error}")))
}

/// Where a fold goes on: the record to begin with, the bytes of it to skip, and how far everything but output was
/// folded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    /// Where to read from.
    pub offset: u64,
    /// What of that record was folded.
    pub skip: u64,
    /// Notes and writes before this were folded.
    pub folded_to: u64,
}

/// Takes control of a process that lives, and follows its transcript from a place.
///
/// # Errors
/// Where its shim cannot be reached, or belongs to a newer runner; where its transcript cannot be read.
pub async fn attach(runner: &Runner, process: &ProcessId, from: Place) -> anyhow::Result<Running> {
    let dir = runner.process_dir(process);
    let (_, controller, told) = process::attach(runner.tasks(), &dir, runner.epoch()).await?;
    let tail = Tail::new(&dir, from.offset, told.end.clone())?;
    Ok(following(runner, process, from, (Some(controller), Source::Live(tail, told))))
}

/// Reads the transcript of a process that is dead, from a place to its end.
///
/// # Errors
/// Where it cannot be read.
pub fn finished(runner: &Runner, process: &ProcessId, from: Place) -> Result<Running, ReadError> {
    let reader = Reader::open(&runner.process_dir(process), from.offset, Bound::LastWhole)?;
    Ok(following(runner, process, from, (None, Source::Left(reader))))
}

fn following(
    runner: &Runner,
    process: &ProcessId,
    from: Place,
    (controller, source): (Option<Controller>, Source),
) -> Running {
    Running {
        process: process.clone(),
        dir: runner.process_dir(process),
        controller,
        tasks: runner.tasks().clone(),
        source,
        splitter: LineSplitter::resuming_at(from.offset, from.skip),
        checkpoint: from.offset,
        folded_to: from.folded_to,
        over: false,
    }
}
