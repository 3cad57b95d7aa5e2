//! The runner's end of a shim's socket: one controller per process, commands in, acknowledgements and the end out.

mod link;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use self::link::{LinkMsg, LinkTask, Order};
use super::{Size, dir::SocketPath};
use crate::shim::protocol::{Answer, ChildState, Command, Failure, NEWEST, OLDEST, PACED, frame};

/// How long a shim may take to answer an attach.
const PATIENCE: Duration = Duration::from_secs(5);
/// Commands that wait for the link; callers wait behind them.
const QUEUE: usize = 16;

/// What the shim said on attaching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attached {
    /// The version of its protocol that is spoken.
    pub version: u16,
    /// How the process is.
    pub child: ChildState,
    /// The end of the transcript: what lies below was recorded before this controller could send anything.
    pub end: u64,
}

/// What the shim tells without being asked.
#[derive(Debug, Clone)]
pub struct Announcements {
    /// The end of the transcript, which is whole below it. Closes with the link.
    pub end: watch::Receiver<u64>,
    /// The error for which the process is not read at present: the system's number, mostly a full disk.
    pub stalled: watch::Receiver<Option<i32>>,
    /// Set once, when the link is lost.
    pub lost: watch::Receiver<Option<Loss>>,
}

/// How a link was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The shim is dead. If the last note is missing, [`super::reap`] it.
    Dead,
    /// Another controller took over.
    Replaced,
    /// The shim lives, the connection does not: attach again.
    Cut,
}

/// Why attaching failed.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// Nobody listens: the shim is dead, or about to be.
    #[error("no shim listens in {dir}: {source}")]
    Unreachable {
        /// The process folder.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A controller of a later generation was there.
    #[error("a runner of the later generation {current} holds this process")]
    Superseded {
        /// That generation.
        current: u64,
    },
    /// No version of the protocol is common.
    #[error("the shim speaks protocol {oldest} to {newest}, this runner {OLDEST} to {NEWEST}; install a newer Octo")]
    Version {
        /// The oldest that the shim speaks.
        oldest: u16,
        /// The newest that the shim speaks.
        newest: u16,
    },
    /// It answered nothing that makes sense, or not in time.
    #[error("the shim in {dir} does not answer as one")]
    Speechless {
        /// The process folder.
        dir: PathBuf,
    },
}

/// Why a command was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The shim did not carry it out.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The link was lost: the transcript tells whether it was recorded.
    #[error("the link to the shim was lost; the command may have taken effect")]
    Lost,
}

/// Gives commands to one shim. Cheap to clone; the link closes when the last one is dropped.
#[derive(Debug, Clone)]
pub struct Controller {
    writes: mpsc::Sender<LinkMsg>,
    orders: mpsc::Sender<LinkMsg>,
    taken: watch::Sender<u64>,
}

impl Controller {
    /// Says how far the transcript is taken in, so that a terminal is read no faster. Costs nothing where the shim is too
    /// old to care.
    pub fn took(&self, end: u64) {
        self.taken.send_replace(end);
    }

    /// Hands a whole frame to the process, behind those before it; returns when it was recorded and written in full.
    pub async fn write(&self, key: &str, bytes: &[u8]) -> Result<u64, CommandError> {
        let order = Order::Write { key: key.to_owned(), bytes: bytes.to_vec() };
        Self::give(&self.writes, order).await
    }

    /// Records a note.
    pub async fn note(&self, key: &str, bytes: &[u8]) -> Result<u64, CommandError> {
        Self::give(&self.orders, Order::Note { key: key.to_owned(), bytes: bytes.to_vec() }).await
    }

    /// Closes the standard input of the process, behind a write that is under way.
    pub async fn eof(&self) -> Result<u64, CommandError> {
        Self::give(&self.orders, Order::Eof).await
    }

    /// Sends a signal to the process.
    pub async fn signal(&self, signal: i32) -> Result<u64, CommandError> {
        Self::give(&self.orders, Order::Signal(signal)).await
    }

    /// Kills the process and all that it started; returns when nothing of it is left.
    pub async fn kill_tree(&self) -> Result<u64, CommandError> {
        Self::give(&self.orders, Order::KillTree).await
    }

    /// Gives its terminal another size.
    pub async fn resize(&self, size: Size) -> Result<u64, CommandError> {
        Self::give(&self.orders, Order::Resize(size)).await
    }

    async fn give(queue: &mpsc::Sender<LinkMsg>, order: Order) -> Result<u64, CommandError> {
        let (reply, answer) = oneshot::channel();
        queue.send(LinkMsg { order, reply }).await.map_err(|_| CommandError::Lost)?;
        answer.await.map_err(|_| CommandError::Lost)?.map_err(CommandError::Failed)
    }
}

/// Becomes the controller of the process in `dir`; the former one is closed. A generation lower than its is refused.
///
/// The link runs on `tasks` until the last [`Controller`] is dropped or the shim is gone.
pub async fn attach(
    tasks: &TaskTracker,
    dir: &Path,
    generation: u64,
) -> Result<(Attached, Controller, Announcements), AttachError> {
    let speechless = || AttachError::Speechless { dir: dir.to_owned() };
    let connect = async {
        let socket = SocketPath::of(dir)?;
        UnixStream::connect(socket.path()).await
    };
    let mut stream = connect.await.map_err(|source| AttachError::Unreachable { dir: dir.to_owned(), source })?;
    let mut inbox = BytesMut::new();
    let first = timeout(PATIENCE, greet(&mut stream, &mut inbox, generation)).await;
    let attached = match first.ok().and_then(Result::ok).ok_or_else(speechless)? {
        Answer::Attached { version, child, end } => Attached { version, child, end },
        Answer::RefusedGeneration(current) => return Err(AttachError::Superseded { current }),
        Answer::RefusedVersion(oldest, newest) => {
            return Err(AttachError::Version { oldest, newest });
        }
        Answer::End(_) | Answer::Done { .. } | Answer::Failed { .. } => return Err(speechless()),
        Answer::Stalled(_) | Answer::Replaced => return Err(speechless()),
    };
    let (writes, write_queue) = mpsc::channel(QUEUE);
    let (orders, order_queue) = mpsc::channel(QUEUE);
    let (end, end_seen) = watch::channel(attached.end);
    let (stalled, stalled_seen) = watch::channel(None);
    let (lost, lost_seen) = watch::channel(None);
    let (taken, taken_seen) = watch::channel(0);
    let paced = (attached.version >= PACED).then_some(taken_seen);
    let task = LinkTask::new(dir.to_owned(), stream, inbox).telling(end, stalled).paced_by(paced);
    tasks.spawn(task.run(write_queue, order_queue, lost));
    let announcements = Announcements { end: end_seen, stalled: stalled_seen, lost: lost_seen };
    Ok((attached, Controller { writes, orders, taken }, announcements))
}

async fn greet(stream: &mut UnixStream, inbox: &mut BytesMut, generation: u64) -> io::Result<Answer> {
    let mut hello = Vec::new();
    Command::Attach { versions: (OLDEST, NEWEST), generation }.encode(&mut hello);
    stream.write_all(&hello).await?;
    loop {
        if let Some((bytes, used)) = frame(inbox).map_err(io::Error::other)? {
            let answer = Answer::decode(bytes).map_err(io::Error::other);
            inbox.advance(used);
            return answer;
        }
        if stream.read_buf(inbox).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
