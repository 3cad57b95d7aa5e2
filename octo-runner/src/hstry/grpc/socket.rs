//! The socket of the history: for our own user, and made again when the last logout takes the runtime folder away.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    net::{UnixListener, UnixStream},
    time::{Interval, interval},
};

/// How often it is looked whether the socket is still where programs look for it.
const LOOK: Duration = Duration::from_secs(3);

/// Makes the folder of the socket once more, ours alone.
pub type Again = Box<dyn Fn() -> io::Result<()> + Send>;

/// A listening socket and its name.
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and number of the socket's file.
    inode: (u64, u64),
    again: Again,
    look: Interval,
}

impl Socket {
    /// Listens at `path`, for our own user only. Whoever holds the lock on the state owns the socket's name, so one
    /// that was left behind is taken away. `again` prepares the folder when it was taken away.
    ///
    /// # Errors
    /// Where it cannot be bound.
    pub fn bind(path: &Path, again: Again) -> io::Result<Self> {
        let (listener, inode) = listen(path)?;
        Ok(Self { listener, path: path.to_owned(), inode, again, look: interval(LOOK) })
    }

    /// The next connection. Cancelling it loses nothing.
    pub(super) async fn accept(&mut self) -> io::Result<UnixStream> {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => return accepted.map(|(stream, _)| stream),
                _ = self.look.tick() => self.look(),
            }
        }
    }

    /// Listens anew where the socket is gone.
    fn look(&mut self) {
        if inode_of(&self.path).is_ok_and(|found| found == self.inode) {
            return;
        }
        match (self.again)().and_then(|()| listen(&self.path)) {
            Ok((listener, inode)) => {
                tracing::info!(socket = %self.path.display(), "the socket was gone; made it again");
                (self.listener, self.inode) = (listener, inode);
            }
            Err(error) => tracing::debug!(%error, socket = %self.path.display(), "the socket is gone"),
        }
    }
}

fn listen(path: &Path) -> io::Result<(UnixListener, (u64, u64))> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    // Until here the folder, which is ours alone, keeps others out.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok((listener, inode_of(path)?))
}

fn inode_of(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}
