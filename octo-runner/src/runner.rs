//! What all parts of a runner share: the store, the sessions, the index, the settings. Cheap to clone.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use octo_proto::{
    Code, Error,
    command::HarnessList,
    config::Config,
    id::{ProcessId, SessionId},
    paths::Paths,
    session::{HarnessStatus, Model},
};
use tokio::sync::OnceCell;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    environment::Environment,
    files::uploads::Uploads,
    harness::{
        Installed,
        discover::{self, Found, Search},
    },
    hstry::Store,
    index::Index,
    process::BootId,
    requests::Requests,
    session::{Session, recovery},
    terminals::Terminals,
};

/// How long what was found of harnesses is believed.
const FOUND_FOR: Duration = Duration::from_secs(60);

/// A runner.
#[derive(Clone)]
pub struct Runner(Arc<Inner>);

struct Inner {
    store: Store,
    requests: Requests,
    index: Index,
    terminals: Terminals,
    config: Config,
    paths: Paths,
    epoch: u64,
    boot_id: BootId,
    shim: PathBuf,
    environment: Environment,
    sessions: Mutex<HashMap<SessionId, Arc<OnceCell<Session>>>>,
    found: Mutex<Option<(Instant, Vec<Found>)>>,
    models: Mutex<HashMap<String, Vec<Model>>>,
    uploads: Arc<Uploads>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What a runner is built from.
pub struct Parts {
    /// The history.
    pub store: Store,
    /// All sessions.
    pub index: Index,
    /// All terminals.
    pub terminals: Terminals,
    /// The settings.
    pub config: Config,
    /// Where things lie.
    pub paths: Paths,
    /// This runner's generation.
    pub epoch: u64,
    /// Of this boot.
    pub boot_id: BootId,
    /// The program `octo-shim`.
    pub shim: PathBuf,
    /// What agents' environments are made of.
    pub environment: Environment,
    /// Ends everything.
    pub stop: CancellationToken,
}

impl Runner {
    /// A runner of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            requests: Requests::new(parts.store.clone()),
            store: parts.store,
            index: parts.index,
            terminals: parts.terminals,
            config: parts.config,
            paths: parts.paths,
            epoch: parts.epoch,
            boot_id: parts.boot_id,
            shim: parts.shim,
            environment: parts.environment,
            sessions: Mutex::default(),
            found: Mutex::default(),
            models: Mutex::default(),
            uploads: Arc::default(),
            tasks: TaskTracker::new(),
            stop: parts.stop,
        }))
    }

    /// The history.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The mutating requests.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.0.requests
    }

    /// All sessions.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.0.index
    }

    /// All terminals.
    #[must_use]
    pub fn terminals(&self) -> &Terminals {
        &self.0.terminals
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Where things lie.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.0.paths
    }

    /// This runner's generation.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.0.epoch
    }

    /// The id of this boot.
    #[must_use]
    pub fn boot_id(&self) -> &BootId {
        &self.0.boot_id
    }

    /// The program that holds processes.
    #[must_use]
    pub fn shim(&self) -> &std::path::Path {
        &self.0.shim
    }

    /// What agents' environments are made of.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.0.environment
    }

    /// The files that clients put in pieces.
    #[must_use]
    pub fn uploads(&self) -> &Arc<Uploads> {
        &self.0.uploads
    }

    /// Where tasks are spawned, so that stopping waits for them.
    #[must_use]
    pub fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Ends everything.
    #[must_use]
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// ms since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    /// The folder of a process.
    #[must_use]
    pub fn process_dir(&self, process: &ProcessId) -> PathBuf {
        self.0.paths.processes().join(process.as_str())
    }

    /// The newest client's agent socket of ssh is what agents use from now on.
    pub fn offer_ssh_agent(&self, socket: &str) {
        self.0.environment.offer_ssh_agent(socket);
    }

    /// A session, brought back from the store where it is not at hand.
    ///
    /// # Errors
    /// `not_found` where there is none with this id.
    pub async fn session(&self, id: &SessionId) -> Result<Session, Error> {
        let cell = {
            let mut sessions = self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.entry(id.clone()).or_default().clone()
        };
        // Boxed: a recovery is large and rare, and every connection's task has room for this call.
        let session = cell.get_or_try_init(|| Box::pin(recovery::recover(self.clone(), id.clone()))).await.cloned();
        if session.is_err() {
            self.forget(id);
        }
        session
    }

    /// The session is not at hand any more.
    pub fn forget(&self, id: &SessionId) {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// The sessions that are at hand.
    #[must_use]
    pub fn sessions_at_hand(&self) -> Vec<Session> {
        let sessions = self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.values().filter_map(|cell| cell.get().cloned()).collect()
    }

    /// Each kind of agent, as found on this machine.
    pub async fn found(&self) -> Vec<Found> {
        if let Some((at, found)) = self.0.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
            && at.elapsed() < FOUND_FOR
            && found.iter().any(|found| found.installed.is_ok())
        {
            return found;
        }
        let path = self.0.environment.path().await;
        let search = Search {
            enabled: self.0.config.pi.enabled,
            executable: self.0.config.pi.executable.clone(),
            path: path.into(),
            data: self.0.paths.data.clone(),
        };
        let found = discover::all(&search).await;
        *self.0.found.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), found.clone()));
        found
    }

    /// The program of a harness.
    ///
    /// # Errors
    /// `not_found` where there is no such harness, `agent_failed` where it cannot be started here, with what to do.
    pub async fn installed(&self, harness: &str) -> Result<Installed, Error> {
        let found = self.found().await;
        let Some(found) = found.iter().find(|found| found.status.name == harness) else {
            let names: Vec<_> = found.iter().map(|found| found.status.name.as_str()).collect();
            return Err(Error::not_found(format!("there is no harness '{harness}'"))
                .hint(format!("this runner knows: {}", names.join(", "))));
        };
        found.installed.clone().map_err(|problem| {
            Error::new(Code::AgentFailed, problem.to_string()).hint(problem.install(&self.0.paths.data))
        })
    }

    /// Each kind of agent, with the models it offered last.
    pub async fn harnesses(&self) -> HarnessList {
        let found = self.found().await;
        let models = self.0.models.lock().unwrap_or_else(PoisonError::into_inner);
        let harnesses = found.into_iter().map(|found| {
            let known = models.get(&found.status.name).cloned().unwrap_or_default();
            HarnessStatus { models: known, ..found.status }
        });
        HarnessList { harnesses: harnesses.collect() }
    }

    /// The models that a harness offers are known.
    pub fn offered(&self, harness: &str, models: Vec<Model>) {
        self.0.models.lock().unwrap_or_else(PoisonError::into_inner).insert(harness.to_owned(), models);
    }

    /// The models that a harness offered last.
    #[must_use]
    pub fn models_of(&self, harness: &str) -> Vec<Model> {
        self.0.models.lock().unwrap_or_else(PoisonError::into_inner).get(harness).cloned().unwrap_or_default()
    }
}
