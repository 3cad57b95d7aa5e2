//! The runner's socket: who may connect, and what each connection is served.

mod connection;
mod dispatch;
mod watch;

use std::{io, path::Path};

use interprocess::local_socket::{
    GenericFilePath, ListenerNonblockingMode, ListenerOptions, ToFsName, tokio::prelude::*,
};
use interprocess::os::unix::local_socket::ListenerOptionsExt;
use octo_proto::{access::Right, hello::Caller};
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
                    Some(own) => {
                        connections.spawn(connection::serve(runner.clone(), stream, own, stop.clone()));
                    }
                    None => tracing::warn!("a connection of another user was refused"),
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

/// The user behind a connection, as a caller, where it is our own.
fn caller_of(stream: &interprocess::local_socket::tokio::Stream) -> Option<Caller> {
    let interprocess::local_socket::tokio::Stream::UdSocket(stream) = stream;
    let peer = socket_peercred(stream).ok()?;
    is_own(peer.uid.as_raw()).then(|| Caller { account: crate::environment::user_name(), right: Right::Control })
}

fn is_own(uid: u32) -> bool {
    uid == rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_our_own_user_is_admitted() {
        let own = rustix::process::geteuid().as_raw();
        assert!(super::is_own(own));
        assert!(!super::is_own(own + 1));
    }
}
