//! All terminals of a runner: opening, finding, closing and forgetting them, and following those again that outlived the
//! last runner.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use octo_proto::{
    Code, Error,
    id::{RequestId, SessionId, TerminalId},
    terminal::{TerminalInfo, TerminalState},
};

use crate::{
    hstry::{Op, TerminalRow},
    process::{self, Launch, ShimPath, Size, SpawnError},
    runner::Runner,
    terminal::{
        Pasts, Terminal,
        task::{self, Fresh},
    },
};

/// Terminals whose program runs, at most.
const AT_ONCE: usize = 256;

/// How long a terminal is kept whose program ended, in ms.
const KEPT: i64 = 24 * 3600 * 1000;

/// All terminals. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Terminals {
    all: Arc<Mutex<BTreeMap<TerminalId, Terminal>>>,
    pasts: Pasts,
}

/// A terminal to open.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The request that opens it, which names it: the same request again finds the same terminal.
    pub request: RequestId,
    /// The session that is to own it.
    pub session: Option<SessionId>,
    /// Where its program starts.
    pub cwd: Option<String>,
    /// Program and arguments; none: the user's shell.
    pub command: Vec<String>,
    /// Its size.
    pub size: Size,
}

impl Terminals {
    /// The terminals of these rows; nobody follows them yet.
    #[must_use]
    pub fn new(rows: Vec<TerminalRow>, processes: &Path) -> Self {
        let terminals = rows.into_iter().map(|row| {
            let dir = processes.join(row.id.as_str());
            (row.id.clone(), Terminal::new(row, dir))
        });
        Self { all: Arc::new(Mutex::new(terminals.collect())), pasts: Pasts::default() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TerminalId, Terminal>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of them.
    ///
    /// # Errors
    /// `not_found`.
    pub fn get(&self, id: &TerminalId) -> Result<Terminal, Error> {
        self.lock().get(id).cloned().ok_or_else(|| {
            Error::not_found(format!("there is no terminal {id}"))
                .hint("it may have been closed; `octoctl term list` shows those there are")
        })
    }

    /// All, or those of a session, the oldest first.
    #[must_use]
    pub fn list(&self, session: Option<&SessionId>) -> Vec<TerminalInfo> {
        let all: Vec<_> = self.lock().values().cloned().collect();
        let wanted = all.iter().filter(|terminal| session.is_none() || terminal.session() == session);
        let mut infos: Vec<_> = wanted.map(Terminal::info).collect();
        infos.sort_by(|a, b| (a.created_at, &a.terminal_id).cmp(&(b.created_at, &b.terminal_id)));
        infos
    }

    /// What was printed on them.
    pub(crate) fn pasts(&self) -> &Pasts {
        &self.pasts
    }

    fn running(&self) -> usize {
        self.lock().values().filter(|terminal| terminal.is_running()).count()
    }

    fn forget(&self, id: &TerminalId) {
        self.lock().remove(id);
    }
}

/// Follows the terminals again whose programs ran when the last runner ended, and clears up after what was closed.
pub fn recover(runner: &Runner) {
    let all: Vec<_> = runner.terminals().lock().values().cloned().collect();
    for terminal in all.iter().filter(|terminal| terminal.is_running()) {
        runner.tasks().spawn(task::run(runner.clone(), terminal.clone(), Fresh::No));
    }
    let Ok(found) = std::fs::read_dir(runner.paths().processes()) else { return };
    for entry in found.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let closed = name.starts_with("trm_") && all.iter().all(|terminal| terminal.id().as_str() != name);
        if closed && !process::is_alive(&entry.path()).unwrap_or(true) {
            // Looked for again at the next start.
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}

/// Starts a program on a new terminal.
///
/// # Errors
/// Where it cannot be started, or not there; `busy` where there are too many.
pub async fn open(runner: &Runner, opening: Opening) -> Result<TerminalInfo, Error> {
    let id = TerminalId::of(&opening.request);
    if let Ok(known) = runner.terminals().get(&id) {
        return Ok(known.info());
    }
    runner.room()?;
    if runner.terminals().running() >= AT_ONCE {
        return Err(Error::new(Code::Busy, format!("{AT_ONCE} terminals are open")).hint("close some of them"));
    }
    let env = environment(runner, opening.session.as_ref()).await?;
    let cwd = folder(runner, &opening, &env)?;
    let command = if opening.command.is_empty() { shell(&env) } else { opening.command };
    let [program, args @ ..] = command.as_slice() else {
        return Err(Error::internal("a terminal without a program"));
    };
    if command.iter().any(|part| part.contains('\0')) || program.is_empty() {
        return Err(Error::bad_request("a program has a name, and no NUL in it or its arguments"));
    }
    let launch = Launch {
        program: program.clone(),
        args: args.to_vec(),
        env: env.into_iter().collect(),
        cwd: cwd.clone().into(),
        terminal: Some(opening.size),
    };
    let row = TerminalRow {
        id: id.clone(),
        session: opening.session,
        cwd,
        command,
        size: opening.size,
        boot_id: runner.boot_id().as_str().to_owned(),
        state: TerminalState::Running,
        created_at: runner.now(),
        ended_at: None,
    };
    start(runner, row, &launch).await
}

/// Its row is stored before its shim exists, so that none is ever forgotten.
async fn start(runner: &Runner, row: TerminalRow, launch: &Launch) -> Result<TerminalInfo, Error> {
    let store = runner.store();
    store.commit(vec![Op::PutTerminal(Box::new(row.clone()))]).await.map_err(|error| error.to_error())?;
    let root = runner.paths().processes();
    let spawned = match process::spawn(&ShimPath::at(runner.shim()), &root, row.id.as_str(), launch).await {
        Ok(spawned) => spawned,
        Err(error) => {
            store.commit(vec![Op::DeleteTerminal(row.id)]).await.map_err(|error| error.to_error())?;
            return Err(refused(&error));
        }
    };
    let terminal = Terminal::new(row, spawned.dir);
    runner.terminals().lock().insert(terminal.id().clone(), terminal.clone());
    runner.tasks().spawn(task::run(runner.clone(), terminal.clone(), Fresh::Yes));
    Ok(terminal.info())
}

/// Kills all that runs in a terminal. It is forgotten with [`forget`].
///
/// # Errors
/// `not_found`; `timeout` where something of it does not die.
pub async fn close(runner: &Runner, id: &TerminalId) -> Result<(), Error> {
    runner.terminals().get(id)?.kill().await
}

/// A terminal that is closed, and whose row is gone, leaves nothing behind.
pub async fn forget(runner: &Runner, id: &TerminalId) {
    let dir = runner.paths().processes().join(id.as_str());
    runner.terminals().forget(id);
    if let Err(error) = tokio::fs::remove_dir_all(&dir).await {
        tracing::debug!(terminal = %id, %error, "the folder of a terminal is removed at the next start");
    }
}

/// Closes the terminals of a session that is deleted.
pub async fn close_of(runner: &Runner, session: &SessionId) {
    for terminal in runner.terminals().list(Some(session)) {
        drop_one(runner, &terminal.terminal_id).await;
    }
}

/// Forgets the terminals whose programs ended long ago.
pub async fn tidy(runner: &Runner) {
    let now = runner.now();
    for terminal in runner.terminals().list(None) {
        if terminal.clients == 0 && terminal.ended_at.is_some_and(|ended| now - ended > KEPT) {
            drop_one(runner, &terminal.terminal_id).await;
        }
    }
}

async fn drop_one(runner: &Runner, id: &TerminalId) {
    let closed = async {
        close(runner, id).await?;
        runner.store().commit(vec![Op::DeleteTerminal(id.clone())]).await.map_err(|error| error.to_error())
    };
    match closed.await {
        Ok(()) => forget(runner, id).await,
        Err(error) => tracing::warn!(terminal = %id, %error, "a terminal could not be closed"),
    }
}

/// The environment of agents, but with a screen.
async fn environment(runner: &Runner, session: Option<&SessionId>) -> Result<BTreeMap<String, String>, Error> {
    let all = runner.environment().build().await?;
    let mut env: BTreeMap<_, _> = all.into_iter().map(|(name, (value, _))| (name, value)).collect();
    for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("TERM_PROGRAM", "octo")] {
        env.insert(name.to_owned(), value.to_owned());
    }
    if let Some(home) = runner.environment().octo_home() {
        // A person's `octoctl` in it speaks to the Octo that it runs in.
        env.insert("OCTO_HOME".to_owned(), home.to_owned());
    }
    if let Some(session) = session {
        env.insert("OCTO_SESSION_ID".to_owned(), session.0.clone());
    }
    Ok(env)
}

fn folder(runner: &Runner, opening: &Opening, env: &BTreeMap<String, String>) -> Result<String, Error> {
    let session = match &opening.session {
        None => None,
        Some(id) => Some(runner.index().get(id).ok_or_else(|| crate::sessions::unknown(id))?.info.cwd),
    };
    let home = || env.get("HOME").cloned().unwrap_or_else(|| "/".to_owned());
    let cwd = opening.cwd.clone().or(session).unwrap_or_else(home);
    crate::sessions::folder(&cwd)
}

/// The user's shell, as at a login.
fn shell(env: &BTreeMap<String, String>) -> Vec<String> {
    let shell = env.get("SHELL").filter(|shell| Path::new(shell).is_file()).map_or("/bin/sh", String::as_str);
    vec![shell.to_owned(), "-l".to_owned()]
}

fn refused(error: &SpawnError) -> Error {
    match error {
        SpawnError::Program { program, source } => Error::not_found(format!("cannot start {program}: {source}"))
            .hint("is it installed, and in the PATH that `octoctl env` shows?"),
        SpawnError::Cwd { .. } | SpawnError::NotText { .. } => Error::not_found(error.to_string()),
        SpawnError::Folder { .. }
        | SpawnError::Shim { .. }
        | SpawnError::Transcript { .. }
        | SpawnError::Setup { .. }
        | SpawnError::Silent => Error::new(Code::Unavailable, error.to_string()),
    }
}
