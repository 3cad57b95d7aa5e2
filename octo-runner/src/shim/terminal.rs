//! The terminal that a process may run on: its two ends, its size, and what it hides.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{InputModes, LocalModes, OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

use super::spec::Size;

/// A pseudo-terminal. The shim keeps the process's end open too, so that output is not lost, nor the master hung up,
/// while no program of the process happens to have it open.
#[derive(Debug)]
pub(super) struct Terminal {
    master: File,
    pub(super) slave: Option<OwnedFd>,
    pub(super) size: Size,
    /// Bytes that the process printed so far, recorded or not.
    pub(super) printed: u64,
    /// Bytes of them that could not be recorded, since a gap was last noted. Zero: something else could not.
    pub(super) lost: Option<u64>,
}

impl Terminal {
    pub(super) fn open(size: Size) -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let slave = ioctl_tiocgptpeer(&master, flags)?;
        let mut modes = tcgetattr(&slave)?;
        // Erasing takes a whole character.
        modes.input_modes |= InputModes::IUTF8;
        tcsetattr(&slave, OptionalActions::Now, &modes)?;
        let master = File::from(master);
        rustix::fs::fcntl_setfl(&master, OFlags::NONBLOCK)?;
        let terminal = Self { master, slave: Some(slave), size, printed: 0, lost: None };
        terminal.apply()?;
        Ok(terminal)
    }

    /// Another handle of our end.
    pub(super) fn ours(&self) -> io::Result<File> {
        self.master.try_clone()
    }

    pub(super) fn resize(&mut self, size: Size) -> io::Result<()> {
        self.size = size;
        self.apply()
    }

    fn apply(&self) -> io::Result<()> {
        let size = Winsize { ws_row: self.size.rows, ws_col: self.size.cols, ws_xpixel: 0, ws_ypixel: 0 };
        Ok(tcsetwinsize(self.master.as_fd(), size)?)
    }

    /// Whether what is typed now is a secret: a program reads a line and does not show it.
    pub(super) fn hides_input(&self) -> bool {
        tcgetattr(&self.master).is_ok_and(|modes| {
            let local = modes.local_modes;
            local.contains(LocalModes::ICANON) && !local.contains(LocalModes::ECHO)
        })
    }
}
