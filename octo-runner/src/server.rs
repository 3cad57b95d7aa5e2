//! The runner's socket: who may connect, and what each connection is served.

mod connection;
mod dispatch;
mod files;
mod screens;
mod watch;

use std::{io, os::unix::fs::MetadataExt as _, path::Path, time::Duration};

use interprocess::local_socket::{
    GenericFilePath, ListenerNonblockingMode, ListenerOptions, ToFsName,
    tokio::{Listener, Stream, prelude::*},
};
use interprocess::os::unix::local_socket::ListenerOptionsExt;
use octo_proto::{
    Error,
    hello::Caller,
    paths::Paths,
    peer::{self, Peer},
};
use rustix::net::sockopt::{set_socket_send_buffer_size, socket_peercred};
use tokio::time::{interval, sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::runner::Runner;

/// How often it is looked whether the socket is still where octod looks for it: the last logout takes the runtime folder
/// away, and agents work on.
const LOOK: Duration = Duration::from_secs(3);

/// After an accept that failed, as for want of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Bytes that may wait in the socket of a connection; the kernel doubles it for what it needs itself.
const SEND: usize = 16 * 1024;

/// The runner's listening socket.
pub struct Server {
    listener: Listener,
    /// Device and number of the socket's file.
    inode: (u64, u64),
    paths: Paths,
}

impl Server {
    /// Listens where octod looks for the runner, for our own user only. Whoever holds the lock on the state owns the
    /// socket's name, so one that was left behind is taken away.
    ///
    /// # Errors
    /// Where it cannot be bound.
    pub fn bind(paths: &Paths) -> io::Result<Self> {
        let (listener, inode) = listen(&paths.runner_socket())?;
        Ok(Self { listener, inode, paths: paths.clone() })
    }

    /// Serves connections until `stop`.
    pub async fn run(mut self, runner: Runner, stop: CancellationToken) {
        let connections = TaskTracker::new();
        let mut look = interval(LOOK);
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
                _ = look.tick() => {
                    self.look();
                    continue;
                }
            };
            match accepted {
                Ok(stream) => match caller_of(&stream) {
                    Ok(own) => {
                        hold_little(&stream);
                        connections.spawn(connection::serve(runner.clone(), stream, own, stop.clone()));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection was refused");
                        connections.spawn(connection::refuse(stream, error));
                    }
                },
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(PAUSE).await;
                }
            }
        }
        connections.close();
        connections.wait().await;
    }

    /// Listens anew where the socket is gone.
    fn look(&mut self) {
        let path = self.paths.runner_socket();
        if inode_of(&path).is_ok_and(|found| found == self.inode) {
            return;
        }
        match self.paths.prepare().map_err(io::Error::other).and_then(|()| listen(&path)) {
            Ok((listener, inode)) => {
                tracing::info!(socket = %path.display(), "the socket was gone; made it again");
                (self.listener, self.inode) = (listener, inode);
            }
            Err(error) => tracing::debug!(%error, socket = %path.display(), "the socket is gone"),
        }
    }
}

fn listen(path: &Path) -> io::Result<(Listener, (u64, u64))> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let name = path.to_fs_name::<GenericFilePath>()?;
    // The file is looked after here: a listener that is replaced must not take the next one's name with it.
    let options = ListenerOptions::new().name(name).nonblocking(ListenerNonblockingMode::Both).reclaim_name(false);
    let listener = options.mode(0o600).create_tokio()?;
    Ok((listener, inode_of(path)?))
}

fn inode_of(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

/// What waits in a socket cannot be taken back: a client that falls behind gets a fresh screen in its place only where
/// little waits.
fn hold_little(stream: &Stream) {
    let Stream::UdSocket(socket) = stream;
    if let Err(error) = set_socket_send_buffer_size(socket, SEND) {
        tracing::debug!(%error, "a slow client of this connection will be later");
    }
}

/// Whom a connection is served for: our own user, and no agent.
fn caller_of(stream: &Stream) -> Result<Caller, Error> {
    let Stream::UdSocket(socket) = stream;
    let peer = socket_peercred(socket).ok();
    let peer = peer.map(|peer| Peer { uid: peer.uid.as_raw(), pid: Some(peer.pid.as_raw_pid()) });
    peer::admit(peer, rustix::process::geteuid().as_raw())
}
