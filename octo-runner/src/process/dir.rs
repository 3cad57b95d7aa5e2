//! The folder of a process: its lock says whether the shim lives, its files where the rest is.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

use crate::shim::{LOCK, SOCKET};

/// Where the runner notes the cgroup of a process, for the day its shim is dead.
const CGROUP: &str = "cgroup";

/// Whether the shim of this process folder lives: it holds the lock, whatever its socket says.
pub fn is_alive(dir: &Path) -> io::Result<bool> {
    let lock = match File::open(dir.join(LOCK)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Takes the lock of a dead shim, so that two cannot clear up at once; `None` when it is held.
pub(super) fn take_lock(dir: &Path) -> io::Result<Option<File>> {
    let lock = File::options().write(true).create(true).truncate(false).open(dir.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Makes the folder of a new process, and the folder of all processes above it.
pub(super) fn make(root: &Path, process: &str) -> io::Result<PathBuf> {
    DirBuilder::new().mode(0o700).recursive(true).create(root)?;
    let dir = root.join(process);
    DirBuilder::new().mode(0o700).create(&dir)?;
    Ok(dir)
}

pub(super) fn note_cgroup(dir: &Path, group: &Path) -> io::Result<()> {
    fs::write(dir.join(CGROUP), group.as_os_str().as_encoded_bytes())
}

pub(super) fn noted_cgroup(dir: &Path) -> Option<PathBuf> {
    fs::read_to_string(dir.join(CGROUP)).ok().map(PathBuf::from)
}

/// The socket of the folder by a path whose length does not depend on the folder's.
#[derive(Debug)]
pub(super) struct SocketPath {
    folder: rustix::fd::OwnedFd,
}

impl SocketPath {
    pub(super) fn of(dir: &Path) -> io::Result<Self> {
        let folder = open(dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { folder })
    }

    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", self.folder.as_raw_fd()))
    }
}
