//! The thread that writes: it takes what waits into one commit, and tells each whether that is on the disk.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, watch};

use super::{StoreError, open, told};

/// How long one commit takes in further jobs, at most: the first of them waits for it.
const GATHER: Duration = Duration::from_millis(10);

type Work = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;
type Done = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Something to be written: all of it or nothing.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) done: Done,
}

/// What the writer is sent.
pub(super) enum Message {
    Job(Job),
    Close,
}

/// Owns the one connection that writes.
pub(super) struct Writer {
    pub(super) path: PathBuf,
    pub(super) connection: Option<Connection>,
    pub(super) healthy: watch::Sender<bool>,
}

/// The jobs of one commit.
struct Batch<'a> {
    next: Option<Job>,
    inbox: &'a mut mpsc::Receiver<Message>,
    begun: Instant,
    /// Carried out, not yet on the disk.
    carried: Vec<Done>,
    closing: bool,
}

impl Batch<'_> {
    fn next(&mut self) -> Option<Job> {
        if self.next.is_some() {
            return self.next.take();
        }
        if self.closing || self.begun.elapsed() >= GATHER {
            return None;
        }
        match self.inbox.try_recv() {
            Ok(Message::Job(job)) => Some(job),
            Ok(Message::Close) => {
                self.closing = true;
                None
            }
            Err(_) => None,
        }
    }
}

impl Writer {
    pub(super) fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        while let Some(Message::Job(first)) = inbox.blocking_recv() {
            let mut batch = Batch {
                next: Some(first),
                inbox: &mut inbox,
                begun: Instant::now(),
                carried: Vec::new(),
                closing: false,
            };
            let result = self.transact(&mut batch);
            if let Err(error) = &result {
                tracing::warn!(%error, "a commit failed");
                // After a failed sync SQLite's idea of the file may be wrong: it is opened anew.
                self.connection = None;
            }
            self.healthy.send_if_modified(|healthy| std::mem::replace(healthy, result.is_ok()) != result.is_ok());
            let unbegun = batch.next.into_iter().map(|job| job.done);
            batch.carried.into_iter().chain(unbegun).for_each(|done| done(result.clone()));
            if batch.closing {
                break;
            }
        }
        if let Some(connection) = self.connection.take()
            && let Err((_, error)) = connection.close()
        {
            tracing::warn!(%error, "the history was not closed in order");
        }
    }

    /// One commit for all that waits. A job that is refused fails alone; a disk that fails, fails all.
    fn transact(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        let path = &self.path;
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(open::again(path)?),
        };
        let told = |error: rusqlite::Error| told(path, &error);
        let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)?;
        while let Some(job) = batch.next() {
            let savepoint = match transaction.savepoint() {
                Ok(savepoint) => savepoint,
                Err(error) => {
                    batch.carried.push(job.done);
                    return Err(told(error));
                }
            };
            match (job.work)(&savepoint).and_then(|()| savepoint.commit()).map_err(told) {
                Ok(()) => batch.carried.push(job.done),
                Err(error @ StoreError::Refused { .. }) => (job.done)(Err(error)),
                Err(error) => {
                    batch.carried.push(job.done);
                    return Err(error);
                }
            }
        }
        transaction.commit().map_err(told)
    }
}
