//! The store: a writer thread that commits as soon as it is free, and readers beside it.

use std::{
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use octo_proto::{Code, Error};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    rows::Op,
    schema::{self, VERSION},
    write,
};

/// Jobs that may wait for the writer.
const QUEUE: usize = 256;

/// How long jobs that wait are gathered into one commit, at most.
const GATHER: Duration = Duration::from_millis(10);

/// How many jobs go into one commit, at most.
const BATCH: usize = 64;

/// Connections that read at the same time.
const READERS: usize = 2;

/// The history. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    jobs: mpsc::Sender<Message>,
    readers: Arc<Readers>,
    closed: watch::Receiver<bool>,
}

#[derive(Debug)]
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    at_once: tokio::sync::Semaphore,
}

/// What the store cannot do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not a database, or is damaged.
    #[error("the history {} is damaged: {detail}", path.display())]
    Corrupt {
        /// The file; it is left as it is.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// It was written by a later release.
    #[error("the history {} was written by a later release (schema {found}, this one knows {VERSION})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
    },
    /// The disk is full or fails.
    #[error("the history cannot be written: {detail}")]
    Disk {
        /// What SQLite says.
        detail: String,
    },
    /// Anything else that SQLite refuses.
    #[error("the history refused: {detail}")]
    Refused {
        /// What SQLite says.
        detail: String,
    },
    /// The runner is stopping.
    #[error("the history is closed")]
    Closed,
}

impl StoreError {
    /// As a reply carries it.
    #[must_use]
    pub fn to_error(&self) -> Error {
        match self {
            Self::Corrupt { path, .. } => Error::internal(self.to_string())
                .hint(format!("nothing was changed; move it aside to begin anew: mv {0} {0}.damaged", path.display())),
            Self::Newer { .. } => Error::new(Code::Unsupported, self.to_string()).hint("update Octo"),
            Self::Disk { .. } => Error::new(Code::Unavailable, self.to_string())
                .hint("is the disk full? `octoctl du` shows who holds what"),
            Self::Refused { .. } => Error::internal(self.to_string()),
            Self::Closed => Error::new(Code::Unavailable, self.to_string()).hint("repeat the request with the same id"),
        }
    }
}

type Done = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
type Work = Box<dyn FnMut(&Transaction<'_>) -> rusqlite::Result<()> + Send>;

/// Something to be written: all of it or nothing.
struct Job {
    work: Work,
    done: Done,
}

enum Message {
    Job(Job),
    Close,
}

impl Store {
    /// Opens the history, or makes it.
    ///
    /// # Errors
    /// Where it is damaged, of a later release, or cannot be opened. The file is left as it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = open_writer(path)?;
        let (jobs, inbox) = mpsc::channel(QUEUE);
        let (closed, is_closed) = watch::channel(false);
        let own = path.to_owned();
        let writer = move || {
            Writer { path: own, connection: Some(connection) }.run(inbox);
            closed.send_replace(true);
        };
        let spawned = std::thread::Builder::new().name("history".to_owned()).spawn(writer);
        spawned.map_err(|error| StoreError::Refused { detail: error.to_string() })?;
        let readers =
            Readers { path: path.to_owned(), idle: Mutex::default(), at_once: tokio::sync::Semaphore::new(READERS) };
        Ok(Self { jobs, readers: Arc::new(readers), closed: is_closed })
    }

    /// Carries out changes together. When this gives Ok they are on the disk.
    ///
    /// # Errors
    /// Where they are not: none of them is.
    pub async fn commit(&self, ops: Vec<Op>) -> Result<(), StoreError> {
        self.write(move |db| ops.iter().try_for_each(|op| write::apply(db, op))).await
    }

    /// Does something within a transaction of the writer. It may be done again where others in its commit fail.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, result) = oneshot::channel();
        let slot = Arc::new(Mutex::new(None));
        let put = slot.clone();
        let work: Work = Box::new(move |db| {
            let value = work(db)?;
            *put.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            Ok(())
        });
        let done: Done = Box::new(move |result| drop(done.send(result)));
        self.jobs.send(Message::Job(Job { work, done })).await.map_err(|_| StoreError::Closed)?;
        result.await.map_err(|_| StoreError::Closed)??;
        slot.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or(StoreError::Closed)
    }

    /// Looks something up, beside the writer.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _turn = self.readers.at_once.acquire().await.map_err(|_| StoreError::Closed)?;
        let readers = self.readers.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match idle {
                Some(connection) => connection,
                None => open_reader(&readers.path)?,
            };
            let result = look(&connection).map_err(|error| told(&readers.path, &error));
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            result
        });
        looked.await.map_err(|error| StoreError::Refused { detail: error.to_string() })?
    }

    /// Writes what waits, and closes.
    pub async fn close(&self) {
        if self.jobs.send(Message::Close).await.is_ok() {
            let mut closed = self.closed.clone();
            drop(closed.wait_for(|closed| *closed).await);
        }
    }
}

/// Owns the one connection that writes.
struct Writer {
    path: PathBuf,
    connection: Option<Connection>,
}

impl Writer {
    fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        while let Some(Message::Job(first)) = inbox.blocking_recv() {
            let begun = Instant::now();
            let mut jobs = vec![first];
            let mut closing = false;
            while jobs.len() < BATCH && begun.elapsed() < GATHER {
                match inbox.try_recv() {
                    Ok(Message::Job(job)) => jobs.push(job),
                    Ok(Message::Close) => {
                        closing = true;
                        break;
                    }
                    Err(_) => break,
                }
            }
            self.commit(jobs);
            if closing {
                break;
            }
        }
        if let Some(connection) = self.connection.take()
            && let Err((_, error)) = connection.close()
        {
            tracing::warn!(%error, "the history was not closed in order");
        }
    }

    /// One commit for all; where one of them fails, each by itself, so that it fails alone.
    fn commit(&mut self, mut jobs: Vec<Job>) {
        match self.transact(&mut jobs) {
            Ok(()) => jobs.into_iter().for_each(|job| (job.done)(Ok(()))),
            Err(error) if jobs.len() == 1 || matches!(error, StoreError::Disk { .. }) => {
                tracing::warn!(%error, "a commit failed");
                // After a failed sync SQLite's idea of the file may be wrong: it is opened anew.
                if matches!(error, StoreError::Disk { .. }) {
                    self.connection = None;
                }
                jobs.into_iter().for_each(|job| (job.done)(Err(error.clone())));
            }
            Err(_) => jobs.into_iter().for_each(|job| self.commit(vec![job])),
        }
    }

    fn transact(&mut self, jobs: &mut [Job]) -> Result<(), StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(open_writer(&self.path)?),
        };
        let mut work = || {
            let transaction = connection.transaction()?;
            jobs.iter_mut().try_for_each(|job| (job.work)(&transaction))?;
            transaction.commit()
        };
        work().map_err(|error| told(&self.path, &error))
    }
}

fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let disk = |error: io::Error| StoreError::Disk { detail: format!("{}: {error}", path.display()) };
    // Made here and not by SQLite, so that it is never open to others, not for a moment.
    let file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(disk)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(disk)?;
    let told = |error: rusqlite::Error| told(path, &error);
    let mut connection = Connection::open(path).map_err(told)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(told)?;
    connection.pragma_update(None, "journal_mode", "wal").map_err(told)?;
    connection.pragma_update(None, "synchronous", "full").map_err(told)?;
    connection.pragma_update(None, "cache_size", -2048).map_err(told)?;
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024).map_err(told)?;
    connection.set_prepared_statement_cache_capacity(32);
    let foreign: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(told)?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(told)?;
    if tables > 0 && foreign != schema::APPLICATION_ID {
        return Err(StoreError::Corrupt {
            path: path.to_owned(),
            detail: "it is another program's database".to_owned(),
        });
    }
    match schema::migrate(&mut connection).map_err(told)? {
        Ok(()) => {}
        Err(found) => return Err(StoreError::Newer { path: path.to_owned(), found }),
    }
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(told)?;
    if check != "ok" {
        return Err(StoreError::Corrupt { path: path.to_owned(), detail: check });
    }
    Ok(connection)
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let told = |error: rusqlite::Error| told(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(told)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(told)?;
    connection.pragma_update(None, "cache_size", -1024).map_err(told)?;
    Ok(connection)
}

fn told(path: &Path, error: &rusqlite::Error) -> StoreError {
    let detail = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { path: path.to_owned(), detail }
        }
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
            StoreError::Disk { detail }
        }
        _ => StoreError::Refused { detail },
    }
}
