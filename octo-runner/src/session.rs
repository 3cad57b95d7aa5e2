//! A session: one log with one writer. This is the cheap handle; the task behind it orders everything.

pub mod log;
pub mod recovery;
pub mod state;
pub mod task;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use octo_proto::{Code, Error, id::SessionId, message::Message};
use tokio::sync::{mpsc, oneshot};

use crate::{
    harness::{Accepted, SessionSpec},
    requests::{Answer, Ticket},
};
use log::Log;

/// Messages that may wait for a session's task.
pub const MAILBOX: usize = 64;

/// A session. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    /// Permanent.
    pub id: SessionId,
    /// What its watchers read.
    pub log: Log,
    mailbox: mpsc::Sender<SessionMsg>,
    unread: Arc<AtomicU64>,
}

/// What a session's task is asked.
pub enum SessionMsg {
    /// A command of a client, to be stored and answered in its time.
    Command {
        /// The command.
        accepted: Box<Accepted>,
        /// Whose.
        account: String,
        /// The right to do it, once; none for what changes nothing.
        ticket: Option<Ticket>,
        /// The answer.
        reply: oneshot::Sender<Answer>,
    },
    /// Another title.
    Rename {
        /// The title.
        title: String,
        /// When it is stored.
        done: oneshot::Sender<Result<(), Error>>,
    },
    /// End its process; with `delete` forget the session.
    Stop {
        /// Told to people.
        reason: String,
        /// Forget it.
        delete: bool,
        /// When it has ended.
        done: oneshot::Sender<Result<(), Error>>,
    },
    /// Somebody else on this machine adds a message.
    Append {
        /// The message.
        message: Box<Message>,
        /// The number of its fact.
        done: oneshot::Sender<Result<u64, Error>>,
    },
    /// What the session would be started with, for a fork.
    Spec {
        /// The answer.
        reply: oneshot::Sender<SessionSpec>,
    },
    /// Somebody looks at it: nothing in it is unread any more.
    Seen,
}

impl Session {
    /// The handle of a session whose task reads `mailbox`.
    #[must_use]
    pub fn new(id: SessionId, log: Log, unread: Arc<AtomicU64>) -> (Self, mpsc::Receiver<SessionMsg>) {
        let (mailbox, messages) = mpsc::channel(MAILBOX);
        (Self { id, log, mailbox, unread }, messages)
    }

    /// Asks the task, and waits for its answer.
    ///
    /// # Errors
    /// `unavailable` where the task has ended: the runner is stopping.
    pub async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> SessionMsg) -> Result<T, Error> {
        let gone = || {
            Error::new(Code::Unavailable, "the session is being put away").hint("repeat the request with the same id")
        };
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(message(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }

    /// Somebody looks at it.
    pub fn seen(&self) {
        if self.unread.load(Ordering::Relaxed) > 0 {
            // A full mailbox means a busy session; the next look tells it again.
            drop(self.mailbox.try_send(SessionMsg::Seen));
        }
    }
}
