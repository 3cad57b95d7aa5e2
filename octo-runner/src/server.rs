//! The runner's socket: who may connect, and what each connection is served.

mod connection;
mod dispatch;
mod watch;

use std::{io, path::Path};

use interprocess::local_socket::{
    GenericFilePath, ListenerNonblockingMode, ListenerOptions, ToFsName,
    tokio::{Stream, prelude::*},
};
use interprocess::os::unix::local_socket::ListenerOptionsExt;
use octo_proto::{
    Error,
    hello::Caller,
    peer::{self, Peer},
};
use rustix::net::sockopt::socket_peercred;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::runner::Runner;

/// The runner's listening socket.
pub struct Server {
    listener: interprocess::local_socket::tokio::Listener,
}

impl Server {
    /// Listens at `path`, for our own user only. Whoever holds the lock on the state owns the socket's name, so one that
    /// was left behind is taken away.
    ///
    /// # Errors
    /// Where it cannot be bound.
    pub fn bind(path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let name = path.to_fs_name::<GenericFilePath>()?;
        let options = ListenerOptions::new().name(name).nonblocking(ListenerNonblockingMode::Both).mode(0o600);
        Ok(Self { listener: options.create_tokio()? })
    }

    /// Serves connections until `stop`.
    pub async fn run(self, runner: Runner, stop: CancellationToken) {
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok(stream) => match caller_of(&stream) {
                    Ok(own) => {
                        connections.spawn(connection::serve(runner.clone(), stream, own, stop.clone()));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection was refused");
                        connections.spawn(connection::refuse(stream, error));
                    }
                },
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
        connections.close();
        connections.wait().await;
    }
}

/// Whom a connection is served for: our own user, and no agent.
fn caller_of(stream: &Stream) -> Result<Caller, Error> {
    let Stream::UdSocket(socket) = stream;
    let peer = socket_peercred(socket).ok();
    let peer = peer.map(|peer| Peer { uid: peer.uid.as_raw(), pid: Some(peer.pid.as_raw_pid()) });
    peer::admit(peer, rustix::process::geteuid().as_raw())
}
