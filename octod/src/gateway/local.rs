//! The local socket: who connects is told by the kernel.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use interprocess::{
    local_socket::{
        GenericFilePath, ListenerOptions, ToFsName,
        tokio::{Listener, Stream, prelude::*},
    },
    os::unix::local_socket::ListenerOptionsExt,
};
use octo_proto::{
    Frame,
    frame::Reply,
    peer::{self, Peer},
    wire::{FrameReader, Incoming, WireError, write_frame},
};
use rustix::{net::sockopt::set_socket_send_buffer_size, process::geteuid};
use tokio::{
    io::{ReadHalf, WriteHalf, split},
    sync::OwnedSemaphorePermit,
    time::{interval, sleep, timeout},
};

use super::{
    Gateway,
    client::{Admission, Client, Deliver, Receive},
    outbox::Outbox,
};

/// How often it is looked whether the socket is still where clients look for it: logind takes the runtime folder away
/// at the last logout, and octod goes on.
const LOOK: Duration = Duration::from_secs(3);

/// After an accept that failed, as for want of descriptors.
const PAUSE: Duration = Duration::from_millis(200);

/// How long somebody who is not admitted may take to read why.
const FAREWELL: Duration = Duration::from_secs(1);

/// Bytes that may wait in the socket of a client; the kernel doubles it for what it needs itself.
const SEND: usize = 16 * 1024;

/// Accepts local clients.
pub struct Local {
    listener: Listener,
    place: Place,
}

/// Where a socket lies.
enum Place {
    /// systemd made it and looks after it.
    Given,
    /// We did: where, and which inode.
    Ours { path: PathBuf, inode: (u64, u64), again: Again },
}

/// Makes the folder of the socket, and what lies beside it, once more.
pub type Again = Box<dyn Fn() -> io::Result<()> + Send>;

impl Local {
    /// Listens at a path where nobody else does: the caller holds the lock that says so. What a dead octod left there
    /// is removed. `again` prepares the folder when it was taken away.
    ///
    /// # Errors
    /// Where the socket cannot be made.
    pub fn bind(path: &Path, again: Again) -> io::Result<Self> {
        let (listener, inode) = listen(path)?;
        Ok(Self { listener, place: Place::Ours { path: path.to_owned(), inode, again } })
    }

    /// Listens on a socket that systemd made.
    #[must_use]
    pub fn given(listener: Listener) -> Self {
        Self { listener, place: Place::Given }
    }

    /// Accepts until octod stops.
    pub async fn run(mut self, gateway: Arc<Gateway>) {
        let mut look = interval(LOOK);
        while let Some(room) = gateway.room().await {
            tokio::select! {
                () = gateway.stop.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok(stream) => { gateway.tasks.spawn(serve(stream, Arc::clone(&gateway), room)); }
                    Err(error) => {
                        tracing::warn!(%error, "a local connection could not be accepted");
                        sleep(PAUSE).await;
                    }
                },
                _ = look.tick() => self.look(),
            }
        }
        if let Place::Ours { path, inode, .. } = &self.place
            && inode_of(path).is_ok_and(|found| found == *inode)
        {
            // It may have gone in this moment.
            drop(fs::remove_file(path));
        }
    }

    /// Listens anew where the socket is gone.
    fn look(&mut self) {
        let Place::Ours { path, inode, again } = &mut self.place else { return };
        if inode_of(path).is_ok_and(|found| found == *inode) {
            return;
        }
        let path = path.clone();
        match again().and_then(|()| listen(&path)) {
            Ok((listener, new)) => {
                tracing::info!(socket = %path.display(), "the socket was gone; made it again");
                *inode = new;
                self.listener = listener;
            }
            Err(error) => tracing::debug!(%error, socket = %path.display(), "the socket is gone"),
        }
    }
}

fn listen(path: &Path) -> io::Result<(Listener, (u64, u64))> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let name = path.to_fs_name::<GenericFilePath>()?;
    let listener = ListenerOptions::new().name(name).mode(0o600).reclaim_name(false).create_tokio()?;
    Ok((listener, inode_of(path)?))
}

fn inode_of(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

async fn serve(stream: Stream, gateway: Arc<Gateway>, room: OwnedSemaphorePermit) {
    hold_little(&stream);
    let peer = stream.peer_creds().ok().and_then(|peer| Some(Peer { uid: peer.euid()?, pid: peer.pid() }));
    let (receive, mut send) = split(stream);
    match peer::admit(peer, geteuid().as_raw()) {
        Ok(caller) => {
            let client = Client::new(gateway, FrameReader::new(receive), Outbox::new(send));
            client.run(Admission::Admitted(caller)).await;
        }
        Err(error) => {
            tracing::warn!(?peer, "refused a local connection: {error}");
            let channel = octo_proto::channel::SYSTEM.to_owned();
            let reply = Reply { channel, id: String::new(), result: Err(error), bytes: bytes::Bytes::new() };
            // Whether it reads the reason is its own affair.
            drop(timeout(FAREWELL, write_frame(&mut send, &Frame::Reply(reply))).await);
        }
    }
    drop(room);
}

/// What waits in a socket cannot be taken back: a client that falls behind gets a fresh screen in its place only where
/// little waits.
fn hold_little(stream: &Stream) {
    let Stream::UdSocket(socket) = stream;
    if let Err(error) = set_socket_send_buffer_size(socket, SEND) {
        tracing::debug!(%error, "if this client is slow, it will be later");
    }
}

impl Receive for FrameReader<ReadHalf<Stream>> {
    async fn next(&mut self) -> Result<Option<Incoming>, WireError> {
        Self::next(self).await
    }
}

impl Deliver for Outbox<WriteHalf<Stream>> {
    fn put(&mut self, frame: &Frame) {
        Self::put(self, frame);
    }

    fn has_room(&self) -> bool {
        Self::has_room(self)
    }

    fn is_idle(&self) -> bool {
        Self::is_idle(self)
    }

    async fn flush(&mut self) -> io::Result<()> {
        Self::flush(self).await
    }

    async fn close(&mut self) {
        Self::close(self).await;
    }
}
