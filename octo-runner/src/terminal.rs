//! One terminal: its program is held by a shim, its output read from the transcript, and its clients pull from the log.
//!
//! Nobody waits for anybody here: not the program for the runner, not the runner for a client, not one client for
//! another.

mod display;
mod follow;
mod log;
mod owner;
mod past;
pub(crate) mod screen;
pub(crate) mod task;
mod watch;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use octo_proto::{
    Code, Error,
    frame::MAX_EVENT,
    id::{SessionId, TerminalId},
    terminal::{Attached, MAX_INPUT, TerminalInfo, TerminalScreen, TerminalState},
};
use tokio::{
    sync::{Notify, watch as latest},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use self::{
    display::Display,
    log::{Log, Mark},
    owner::{Client, ClientNumber, Owner},
};
use crate::{hstry::TerminalRow, process::Size, runner::Runner, watchers::Watchers};

pub(crate) use past::{Pasts, Wanted};
pub use watch::{Shown, TerminalWatch};

/// Bytes that may wait for a program that does not read.
const TYPED: usize = 256 * 1024;

/// How long all that runs in a terminal may take to die.
const DYING: Duration = Duration::from_secs(30);

/// The most bytes of a screen that one reply carries; the rest is for its frame.
const MAX_SCREEN: usize = MAX_EVENT - 1024;

/// How long it may take to know what is on a terminal.
const READY: Duration = Duration::from_secs(5);

/// Counts clients, of all terminals.
static CLIENTS: AtomicU64 = AtomicU64::new(1);

/// A terminal. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Terminal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    row: TerminalRow,
    dir: PathBuf,
    shared: Mutex<Shared>,
    /// How many wait for it, so that who takes in a flood lets them.
    waiting: AtomicUsize,
    /// Something was typed.
    typed: Notify,
    /// The size that it is to have.
    wanted: latest::Sender<Option<Size>>,
    /// Nothing follows it any more: it ended.
    over: latest::Sender<bool>,
    closing: CancellationToken,
}

#[derive(Debug)]
struct Shared {
    log: Log,
    /// What is on it; none where nobody needs it any more.
    display: Option<Display>,
    /// Whether both stand where the transcript does.
    ready: bool,
    size: Size,
    owner: Owner,
    state: TerminalState,
    ended_at: Option<i64>,
    /// What was typed and is not handed over yet.
    typed: Vec<u8>,
    watchers: Watchers,
}

/// Who attaches, with what.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    /// What the client has for it.
    pub size: Size,
    /// Whether it wants to write.
    pub write: bool,
    /// Whether it may.
    pub may_write: bool,
    /// The offset behind the last byte that it has.
    pub after: Option<u64>,
    /// How many lines it wants that scrolled off the screen.
    pub history: Option<u32>,
}

impl Terminal {
    /// A terminal as its row has it; nobody follows it yet.
    #[must_use]
    pub fn new(row: TerminalRow, dir: PathBuf) -> Self {
        let shared = Shared {
            log: Log::default(),
            display: None,
            ready: false,
            size: row.size,
            owner: Owner::default(),
            state: row.state.clone(),
            ended_at: row.ended_at,
            typed: Vec::new(),
            watchers: Watchers::default(),
        };
        let over = latest::Sender::new(!row.state.is_running());
        let wanted = latest::Sender::new(None);
        let (shared, typed, closing) = (Mutex::new(shared), Notify::new(), CancellationToken::new());
        Self(Arc::new(Inner { row, dir, shared, waiting: AtomicUsize::new(0), typed, wanted, over, closing }))
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        let shared = self.lock_behind_others();
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        shared
    }

    /// For who would come again and again and leave nobody a chance: the lock is not a fair one.
    fn lock_behind_others(&self) -> MutexGuard<'_, Shared> {
        self.0.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_waited_for(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed) > 0
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &TerminalId {
        &self.0.row.id
    }

    /// The session that owns it.
    #[must_use]
    pub fn session(&self) -> Option<&SessionId> {
        self.0.row.session.as_ref()
    }

    /// The folder of its process.
    #[must_use]
    pub fn dir(&self) -> &std::path::Path {
        &self.0.dir
    }

    /// As clients see it.
    #[must_use]
    pub fn info(&self) -> TerminalInfo {
        let row = &self.0.row;
        let shared = self.lock();
        TerminalInfo {
            terminal_id: row.id.clone(),
            session_id: row.session.clone(),
            command: row.command.clone(),
            cwd: row.cwd.clone(),
            cols: shared.size.cols,
            rows: shared.size.rows,
            state: shared.state.clone(),
            clients: u32::try_from(shared.owner.count()).unwrap_or(u32::MAX),
            writer: shared.owner.writer(),
            created_at: row.created_at,
            ended_at: shared.ended_at,
        }
    }

    /// Whether its program runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.lock().state.is_running()
    }

    /// Shows it to a client, which is woken by `wake` when there is something to pull.
    #[must_use]
    pub fn attach(&self, runner: &Runner, asking: Asking, wake: &Arc<Notify>) -> (Attached, TerminalWatch) {
        let number = CLIENTS.fetch_add(1, Ordering::Relaxed);
        let load = {
            let mut shared = self.lock();
            shared.owner.join(number, Client { size: asking.size, may_write: asking.may_write }, asking.write);
            shared.watchers.add(wake);
            !shared.ready && !shared.state.is_running()
        };
        self.owned();
        if load {
            task::load(runner, self.clone());
        }
        wake.notify_one();
        let watch = TerminalWatch::new(self.clone(), number, asking, runner.epoch());
        (Attached { terminal: self.info(), client: Owner::name(number) }, watch)
    }

    fn detach(&self, number: ClientNumber) {
        let was = {
            let mut shared = self.lock();
            let was = shared.owner.writer();
            shared.owner.leave(number);
            was
        };
        self.forget_unwatched();
        if was == Some(Owner::name(number)) {
            self.owned();
        }
    }

    /// What a program showed that ended is read again when somebody wants it.
    fn forget_unwatched(&self) {
        let mut shared = self.lock();
        if shared.owner.count() == 0 && !shared.state.is_running() {
            shared.log = Log::default();
            shared.display = None;
            shared.ready = false;
        }
    }

    /// Tells who writes, and makes the terminal as large as it is for them.
    fn owned(&self) {
        let wanted = {
            let mut shared = self.lock();
            let (owner, size) = (shared.owner.writer(), shared.size);
            let now = Mark::Owner(owner, size);
            if shared.state.is_running() {
                shared.log.mark(now);
            }
            shared.watchers.wake();
            shared.owner.size().filter(|_| shared.state.is_running())
        };
        if let Some(size) = wanted {
            self.0.wanted.send_replace(Some(size));
        }
    }

    /// A client, or one that does not show it, types.
    ///
    /// # Errors
    /// `conflict` where another client writes or it has ended, `busy` where the program reads nothing.
    pub fn input(&self, number: Option<ClientNumber>, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() > MAX_INPUT {
            let message = format!("{} bytes were typed at once; at most {MAX_INPUT} can be", bytes.len());
            return Err(Error::new(Code::TooLarge, message).hint("send them in pieces"));
        }
        let took_over = {
            let mut shared = self.lock();
            shared.running()?;
            let before = shared.owner.writer();
            shared.owner.types(number)?;
            before != shared.owner.writer()
        };
        if took_over {
            // The size of who writes comes before what they write.
            self.owned();
        }
        {
            let mut shared = self.lock();
            if shared.typed.len() + bytes.len() > TYPED {
                return Err(Error::new(Code::Busy, "the program in this terminal does not read what was typed")
                    .hint("send it again later, or close the terminal"));
            }
            shared.typed.extend_from_slice(bytes);
        }
        self.0.typed.notify_one();
        Ok(())
    }

    fn take(&self, number: ClientNumber) -> Result<(), Error> {
        {
            let mut shared = self.lock();
            shared.running()?;
            shared.owner.take(number)?;
        }
        self.owned();
        Ok(())
    }

    fn resize(&self, number: ClientNumber, size: Size) {
        let wanted = {
            let mut shared = self.lock();
            shared.owner.resize(number, size);
            shared.owner.size().filter(|_| shared.state.is_running())
        };
        if let Some(wanted) = wanted {
            self.0.wanted.send_replace(Some(wanted));
        }
    }

    /// What is on it; with `attributes` everything.
    ///
    /// # Errors
    /// `unavailable` where that is not known in time, `too_large` where no reply can carry it.
    pub async fn screen(&self, runner: &Runner, attributes: bool) -> Result<TerminalScreen, Error> {
        self.ready(runner).await?;
        let ((text, picture), offset) = {
            let mut shared = self.lock();
            let offset = shared.log.end();
            let display = shared.display.as_mut();
            (display.map(Display::picture).ok_or_else(|| Error::internal("a terminal without a screen"))?, offset)
        };
        let ((row, col), title) = (picture.cursor(), picture.title().to_owned());
        let cell = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let screen = if attributes { serde_json::to_value(picture).ok() } else { None };
        let (row, col) = (cell(row), cell(col));
        let reply = TerminalScreen { terminal: self.info(), text, title, row, col, offset, screen };
        self.forget_unwatched();
        let size = serde_json::to_vec(&reply).map_or(0, |bytes| bytes.len());
        if size > MAX_SCREEN {
            return Err(Error::new(Code::TooLarge, format!("what is on {} has {size} bytes", self.id()))
                .hint(if attributes { "ask without attributes" } else { "ask for it by pages, with `history`" }));
        }
        Ok(reply)
    }

    /// Waits until it is known what is on it.
    async fn ready(&self, runner: &Runner) -> Result<(), Error> {
        let wake = Arc::new(Notify::new());
        let load = {
            let mut shared = self.lock();
            shared.watchers.add(&wake);
            !shared.ready && !shared.state.is_running()
        };
        if load {
            task::load(runner, self.clone());
        }
        let ready = async {
            while !self.lock().ready {
                wake.notified().await;
            }
        };
        timeout(READY, ready).await.map_err(|_| {
            Error::new(Code::Unavailable, format!("what is on {} is not known yet", self.id())).hint("ask again")
        })
    }

    /// Waits for the end of its program.
    ///
    /// # Errors
    /// `timeout` where it goes on.
    pub async fn ended(&self, within: Duration) -> Result<TerminalInfo, Error> {
        let mut over = self.0.over.subscribe();
        match timeout(within, over.wait_for(|over| *over)).await {
            Ok(_) => Ok(self.info()),
            Err(_) => Err(Error::new(Code::Timeout, format!("the program goes on after {} ms", within.as_millis()))
                .hint("wait again, or close the terminal")),
        }
    }

    /// Kills all that runs in it.
    ///
    /// # Errors
    /// `timeout` where something of it does not die.
    pub async fn kill(&self) -> Result<(), Error> {
        self.0.closing.cancel();
        self.ended(DYING).await.map(drop).map_err(|_| {
            Error::new(Code::Timeout, format!("something in {} did not die within {} s", self.id(), DYING.as_secs()))
                .hint("it is still being killed; `octoctl doctor` may tell what holds it")
        })
    }
}

impl Shared {
    fn running(&self) -> Result<(), Error> {
        if self.state.is_running() {
            return Ok(());
        }
        Err(Error::new(Code::Conflict, "the program in this terminal has ended").hint("open another terminal"))
    }
}
