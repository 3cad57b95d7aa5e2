//! Where clients come in: the local socket and the WebSocket, with one connection to a runner behind each.

pub mod bucket;
pub mod client;
pub mod local;
pub mod outbox;
pub mod web;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{runners::Runners, token::Token};

/// More connections are not accepted until one closes; their senders wait in the kernel's queue.
pub const MAX_CONNECTIONS: usize = 4096;

/// What every connection needs to know.
#[derive(Debug)]
pub struct Gateway {
    /// The user's runner.
    pub runners: Arc<Runners>,
    /// What a client of the WebSocket must show.
    pub token: Token,
    /// Names besides those of the loopback that a `Host` may have.
    pub allowed_hosts: Vec<String>,
    /// Origins besides our own.
    pub allowed_origins: Vec<String>,
    /// Whether frames are logged.
    pub trace_wire: bool,
    /// Ends everything.
    pub stop: CancellationToken,
    /// Every task of a connection.
    pub tasks: TaskTracker,
    room: Arc<Semaphore>,
    clients: AtomicU64,
}

impl Gateway {
    /// A gateway to this runner, with this token.
    #[must_use]
    pub fn new(runners: Arc<Runners>, token: Token, stop: CancellationToken) -> Self {
        Self {
            runners,
            token,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            trace_wire: false,
            stop,
            tasks: TaskTracker::new(),
            room: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            clients: AtomicU64::new(0),
        }
    }

    /// Waits until another connection may be accepted; none once stopping.
    pub async fn room(&self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            () = self.stop.cancelled() => None,
            permit = Arc::clone(&self.room).acquire_owned() => permit.ok(),
        }
    }

    /// The number of the next client.
    pub fn number(&self) -> u64 {
        self.clients.fetch_add(1, Ordering::Relaxed)
    }
}
