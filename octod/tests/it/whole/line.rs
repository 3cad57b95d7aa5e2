//! A thin line between two Unix sockets: 1 Mbit/s and 100 ms in each direction. It can be held, so that nothing arrives.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep_until},
};
use tokio_util::task::TaskTracker;

/// Bytes in a second.
const RATE: u32 = 125_000;

/// How long a byte is under way.
pub(crate) const DELAY: Duration = Duration::from_millis(100);

/// Bytes that are sent as one: 10 ms of the line.
const PIECE: usize = 1_250;

/// As many pieces as the line holds at once.
const UNDER_WAY: usize = 10;

pub(crate) struct Line {
    pub(crate) socket: PathBuf,
    held: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Line {
    /// A line to this socket.
    pub(crate) fn to(far: PathBuf, near: &Path) -> Self {
        let listener = UnixListener::bind(near).unwrap();
        let held = watch::Sender::new(false);
        let holding = held.subscribe();
        let task = TaskTracker::new().spawn(async move {
            // When this ends, all that it carries ends.
            let mut carried = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                carried.spawn(join(stream, far.clone(), holding.clone()));
            }
        });
        Self { socket: near.to_owned(), held, task }
    }

    /// From now on nothing arrives, at either end, until it is let go.
    pub(crate) fn hold(&self) {
        self.held.send_replace(true);
    }

    pub(crate) fn let_go(&self) {
        self.held.send_replace(false);
    }
}

async fn join(near: UnixStream, far: PathBuf, held: watch::Receiver<bool>) {
    let Ok(far) = UnixStream::connect(far).await else { return };
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::select! {
        () = carry(near_read, far_write, held.clone()) => {}
        () = carry(far_read, near_write, held) => {}
    }
}

/// Carries bytes one way until either end is closed.
async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut held: watch::Receiver<bool>) {
    let (send, mut receive) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let sending = async move {
        let mut free = Instant::now();
        let mut piece = [0; PIECE];
        while let Ok(count @ 1..) = from.read(&mut piece).await {
            free = free.max(Instant::now()) + Duration::from_secs(1) * u32::try_from(count).unwrap() / RATE;
            sleep_until(free).await;
            if send.send((free + DELAY, piece[..count].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let arriving = async move {
        while let Some((at, piece)) = receive.recv().await {
            sleep_until(at).await;
            if held.wait_for(|held| !held).await.is_err() || to.write_all(&piece).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = sending => {}
        () = arriving => {}
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}
