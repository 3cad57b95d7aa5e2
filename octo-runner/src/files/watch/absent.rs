//! A directory that is gone, waited for in the nearest one above it that is there.

use std::{
    ffi::OsStr,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
};

use octo_proto::Error;
use rustix::{
    fs::{
        CWD, Mode, OFlags,
        inotify::{WatchFlags, add_watch},
        openat,
    },
    io::Errno,
};

use super::{Seen, Watch};
use crate::files::{
    problem,
    root::{Root, link_of},
};

/// How often it is looked again while directories come and go.
const TRIES: usize = 128;

impl Watch {
    /// Whether what is to be watched is not there.
    pub(super) fn is_absent(&self) -> bool {
        self.directories.is_empty()
    }

    /// Watches what is there now, or waits for it.
    pub(super) fn begin_anew(&mut self) -> Result<Seen, Error> {
        let seen = Seen { paths: Vec::new(), rescan: true };
        if self.take_up() { Ok(seen) } else { self.wait().map(|_| seen) }
    }

    /// Looks whether it is there by now. Nothing is seen as long as it is not.
    pub(super) fn look_again(&mut self) -> Result<Seen, Error> {
        let rescan = self.take_up() || self.wait()?;
        Ok(Seen { paths: Vec::new(), rescan })
    }

    /// True: it is there, and watched.
    fn take_up(&mut self) -> bool {
        match Root::open(&self.root).and_then(|root| Self::begin(&root, &self.below)) {
            Ok(anew) => {
                *self = anew;
                true
            }
            Err(error) => {
                tracing::debug!(%error, "a directory is not there to be watched");
                false
            }
        }
    }

    /// Waits for it in the nearest directory that can be watched. True: it was there before that.
    fn wait(&mut self) -> Result<bool, Error> {
        for _ in 0..TRIES {
            let waiting = Self::idle(&self.root, &self.below)?;
            let above = waiting.watch_above()?;
            *self = waiting;
            // It, or one on the way to it, may have come before it was waited for.
            if self.take_up() {
                return Ok(true);
            }
            if self.nearest().is_some_and(|(nearest, _)| nearest == above) {
                return Ok(false);
            }
        }
        Err(problem::at(&self.below, Errno::BUSY))
    }

    fn watch_above(&self) -> Result<PathBuf, Error> {
        let news = WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::ATTRIB
            | WatchFlags::MOVE_SELF
            | WatchFlags::DELETE_SELF
            | WatchFlags::ONLYDIR;
        let refuse = |errno| problem::at(&self.below, errno);
        let (above, directory) = self.nearest().ok_or_else(|| refuse(Errno::NOENT))?;
        add_watch(self.kernel.get_ref(), link_of(directory.as_fd()), news).map_err(refuse)?;
        Ok(above)
    }

    /// The nearest directory above that can be read: in the workspace where that is there, else above it.
    fn nearest(&self) -> Option<(PathBuf, OwnedFd)> {
        let within = Root::open(&self.root).ok().and_then(|root| {
            let above = Path::new(OsStr::from_bytes(&self.below)).ancestors().skip(1);
            above
                .map(|above| (above, root.directory(above.as_os_str().as_bytes())))
                .find_map(|(above, directory)| Some((self.root.join(above), directory.ok()?)))
        });
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        within.or_else(|| {
            let above = self.root.ancestors().skip(1);
            above
                .map(|above| (above, openat(CWD, above, flags, Mode::empty())))
                .find_map(|(above, directory)| Some((above.to_owned(), directory.ok()?)))
        })
    }
}
