//! The task that owns the connection to one shim.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};

use super::Loss;
use crate::process::{Size, is_alive};
use crate::shim::protocol::{Answer, Command, Failure, frame};

/// How long the lock of a dying shim may outlast its socket.
const DYING: Duration = Duration::from_secs(1);
/// Between two looks at that lock.
const GLANCE: Duration = Duration::from_millis(2);
/// With more than this to send, no further command is taken.
const OUTBOX: usize = 64 * 1024;

type Reply = oneshot::Sender<Result<u64, Failure>>;

/// A command and whom to answer.
#[derive(Debug)]
pub(super) struct LinkMsg {
    pub(super) order: Order,
    pub(super) reply: Reply,
}

/// A command of the controller.
#[derive(Debug)]
pub(super) enum Order {
    Write { key: String, bytes: Vec<u8> },
    Note { key: String, bytes: Vec<u8> },
    Eof,
    Signal(i32),
    KillTree,
    Resize(Size),
}

/// Owns the connection.
#[derive(Debug)]
pub(super) struct LinkTask {
    dir: PathBuf,
    stream: UnixStream,
    inbox: BytesMut,
    outbox: BytesMut,
    open: HashMap<u64, Reply>,
    /// The one write that is under way: the shim takes one at a time.
    writing: Option<u64>,
    last_id: u64,
    end: watch::Sender<u64>,
    stalled: watch::Sender<Option<i32>>,
    /// How far the transcript is taken in; none where the shim does not want to know.
    taken: Option<watch::Receiver<u64>>,
}

/// Why the task ends.
enum Ending {
    Dropped,
    Gone,
    Replaced,
}

impl LinkTask {
    pub(super) fn new(dir: PathBuf, stream: UnixStream, inbox: BytesMut) -> Self {
        let (end, _) = watch::channel(0);
        let (stalled, _) = watch::channel(None);
        let (outbox, open) = (BytesMut::new(), HashMap::new());
        Self { dir, stream, inbox, outbox, open, writing: None, last_id: 0, end, stalled, taken: None }
    }

    pub(super) fn telling(self, end: watch::Sender<u64>, stalled: watch::Sender<Option<i32>>) -> Self {
        Self { end, stalled, ..self }
    }

    pub(super) fn paced_by(self, taken: Option<watch::Receiver<u64>>) -> Self {
        Self { taken, ..self }
    }

    pub(super) async fn run(
        mut self,
        mut writes: mpsc::Receiver<LinkMsg>,
        mut orders: mpsc::Receiver<LinkMsg>,
        lost: watch::Sender<Option<Loss>>,
    ) {
        let ending = loop {
            if let Some(ending) = self.hear() {
                break ending;
            }
            let room = self.outbox.len() < OUTBOX;
            let (mut reading, mut sending) = self.stream.split();
            let turned = tokio::select! {
                read = reading.read_buf(&mut self.inbox) => read.map(Turn::Read),
                sent = sending.write_buf(&mut self.outbox), if !self.outbox.is_empty() => sent.map(|_| Turn::Sent),
                order = orders.recv(), if room => Ok(Turn::Order(order)),
                Some(end) = next(&mut self.taken), if room => Ok(Turn::Took(end)),
                write = writes.recv(), if room && self.writing.is_none() => Ok(Turn::Order(write)),
            };
            match turned {
                Ok(Turn::Read(0)) | Err(_) => break Ending::Gone,
                Ok(Turn::Read(_) | Turn::Sent) => {}
                Ok(Turn::Took(end)) => self.send(&Command::Took { end }),
                Ok(Turn::Order(Some(message))) => self.give(message),
                Ok(Turn::Order(None)) => break Ending::Dropped,
            }
        };
        let loss = match ending {
            Ending::Dropped => return,
            Ending::Replaced => Loss::Replaced,
            Ending::Gone => self.look().await,
        };
        // Told before the channels of `self` close, so that who sees them close finds the reason.
        lost.send_replace(Some(loss));
    }

    /// Takes the whole frames out of what was read.
    fn hear(&mut self) -> Option<Ending> {
        loop {
            let (answer, used) = match frame(&self.inbox) {
                Ok(None) => return None,
                Ok(Some((bytes, used))) => (Answer::decode(bytes), used),
                Err(broken) => (Err(broken), 0),
            };
            self.inbox.advance(used);
            match answer {
                Ok(Answer::End(end)) => self.on_end(end),
                Ok(Answer::Done { id, end }) => {
                    self.on_end(end);
                    self.answer(id, Ok(end));
                }
                Ok(Answer::Failed { id, failure }) => self.answer(id, Err(failure)),
                Ok(Answer::Stalled(errno)) => drop(self.stalled.send_replace(Some(errno).filter(|errno| *errno != 0))),
                Ok(Answer::Replaced) => return Some(Ending::Replaced),
                Ok(Answer::Attached { .. } | Answer::RefusedGeneration(_) | Answer::RefusedVersion(..)) | Err(_) => {
                    return Some(Ending::Gone);
                }
            }
        }
    }

    fn on_end(&self, end: u64) {
        self.end.send_if_modified(|known| {
            let later = end > *known;
            *known = end.max(*known);
            later
        });
    }

    fn answer(&mut self, id: u64, result: Result<u64, Failure>) {
        self.writing.take_if(|writing| *writing == id);
        if let Some(reply) = self.open.remove(&id) {
            // Who asked may have gone away; the command stands.
            let _ = reply.send(result);
        }
    }

    fn give(&mut self, message: LinkMsg) {
        self.last_id += 1;
        let id = self.last_id;
        let command = match &message.order {
            Order::Write { key, bytes } => {
                self.writing = Some(id);
                Command::Write { id, key, bytes }
            }
            Order::Note { key, bytes } => Command::Note { id, key, bytes },
            Order::Eof => Command::Eof { id },
            Order::Signal(signal) => Command::Signal { id, signal: *signal },
            Order::KillTree => Command::KillTree { id },
            Order::Resize(size) => Command::Resize { id, size: *size },
        };
        if command.fits() {
            self.send(&command);
            self.open.insert(id, message.reply);
        } else {
            self.writing.take_if(|writing| *writing == id);
            let _ = message.reply.send(Err(Failure::TooLarge));
        }
    }

    fn send(&mut self, command: &Command<'_>) {
        let mut bytes = Vec::new();
        command.encode(&mut bytes);
        self.outbox.extend_from_slice(&bytes);
    }

    /// Whether the shim is dead, or only the connection.
    async fn look(&self) -> Loss {
        let until = Instant::now() + DYING;
        loop {
            match is_alive(&self.dir) {
                Ok(false) => return Loss::Dead,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Loss::Dead,
                Ok(true) | Err(_) if Instant::now() >= until => return Loss::Cut,
                Ok(true) | Err(_) => sleep(GLANCE).await,
            }
        }
    }
}

/// How far the transcript is taken in, when that changed.
async fn next(taken: &mut Option<watch::Receiver<u64>>) -> Option<u64> {
    let Some(taken) = taken else { return std::future::pending().await };
    match taken.changed().await {
        Ok(()) => Some(*taken.borrow_and_update()),
        // The last controller is gone: its other channels say so.
        Err(_) => std::future::pending().await,
    }
}

enum Turn {
    Read(usize),
    Sent,
    Took(u64),
    Order(Option<LinkMsg>),
}
