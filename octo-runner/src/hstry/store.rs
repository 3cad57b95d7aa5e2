//! The store: a writer thread that commits as soon as it is free, and readers beside it.

mod open;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use octo_proto::{Code, Error};
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::{rows::Op, schema::VERSION, write};
use writer::{Job, Message, Writer};

/// Jobs that may wait for the writer.
const QUEUE: usize = 256;

/// Connections that read at the same time.
const READERS: u32 = 2;

/// The history. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    jobs: mpsc::Sender<Message>,
    readers: Arc<Readers>,
    healthy: watch::Receiver<bool>,
}

#[derive(Debug)]
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    at_once: Arc<Semaphore>,
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

impl Store {
    /// Opens the history, or makes it.
    ///
    /// # Errors
    /// Where it is damaged, of a later release, or cannot be opened. The file is left as it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = open::first(path)?;
        let (jobs, inbox) = mpsc::channel(QUEUE);
        let (told, healthy) = watch::channel(true);
        let writer = Writer { path: path.to_owned(), connection: Some(connection), healthy: told };
        let spawned = std::thread::Builder::new().name("history".to_owned()).spawn(move || writer.run(inbox));
        spawned.map_err(|error| StoreError::Refused { detail: error.to_string() })?;
        let at_once = Arc::new(Semaphore::new(READERS as usize));
        let readers = Readers { path: path.to_owned(), idle: Mutex::default(), at_once };
        Ok(Self { jobs, readers: Arc::new(readers), healthy })
    }

    /// Whether the last commit came to the disk. Ends with the writer.
    #[must_use]
    pub fn healthy(&self) -> watch::Receiver<bool> {
        self.healthy.clone()
    }

    /// Carries out changes together. When this gives Ok they are on the disk.
    ///
    /// # Errors
    /// Where they are not: none of them is.
    pub async fn commit(&self, ops: Vec<Op>) -> Result<(), StoreError> {
        self.write(move |db| ops.iter().try_for_each(|op| write::apply(db, op))).await
    }

    /// Does something within a transaction of the writer.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, result) = oneshot::channel();
        let value = Arc::new(Mutex::new(None));
        let put = value.clone();
        let work = Box::new(move |db: &Connection| {
            *put.lock().unwrap_or_else(PoisonError::into_inner) = Some(work(db)?);
            Ok(())
        });
        let done = Box::new(move |result| drop(done.send(result)));
        self.jobs.send(Message::Job(Job { work, done })).await.map_err(|_| StoreError::Closed)?;
        result.await.map_err(|_| StoreError::Closed)??;
        value.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or(StoreError::Closed)
    }

    /// Looks something up, beside the writer.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = self.readers.at_once.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let readers = self.readers.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match idle {
                Some(connection) => connection,
                None => open::reader(&readers.path)?,
            };
            let result = look(&connection).map_err(|error| told(&readers.path, &error));
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(turn);
            result
        });
        looked.await.map_err(|error| StoreError::Refused { detail: error.to_string() })?
    }

    /// Writes what waits, and closes. The writer closes last, so that the next start finds nothing to recover.
    pub async fn close(&self) {
        if let Ok(turns) = self.readers.at_once.acquire_many(READERS).await {
            self.readers.at_once.close();
            self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
            drop(turns);
        }
        drop(self.jobs.send(Message::Close).await);
        // The writer lets go of it when it has ended.
        let mut healthy = self.healthy.clone();
        while healthy.changed().await.is_ok() {}
    }
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
