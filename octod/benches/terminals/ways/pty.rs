//! A program on a PTY of ours.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use rustix::{
    event::{PollFd, PollFlags, poll},
    pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use super::{COLS, PATIENCE, ROWS, Way};

/// A program, and the other side of its terminal.
pub(crate) struct Pty {
    pub(crate) child: Child,
    pub(crate) terminal: File,
    buffer: Vec<u8>,
}

impl Pty {
    pub(crate) fn spawn(command: &[&str]) -> Result<Self> {
        let (program, arguments) = command.split_first().context("a command has a program")?;
        // It makes the PTY the terminal of the program, so that Ctrl+C is a signal.
        let mut setsid = Command::new("setsid");
        setsid.arg("--ctty").arg(program).args(arguments).env("TERM", "xterm-256color").env_remove("TMUX");
        Self::run(setsid, (COLS, ROWS))
    }

    /// Runs this on a PTY of so many columns and rows.
    pub(crate) fn run(mut command: Command, (cols, rows): (u16, u16)) -> Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let terminal = openpt(flags)?;
        grantpt(&terminal)?;
        unlockpt(&terminal)?;
        tcsetwinsize(&terminal, Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 })?;
        let other: OwnedFd = ioctl_tiocgptpeer(&terminal, flags)?;
        command.stdin(Stdio::from(other.try_clone()?)).stdout(Stdio::from(other.try_clone()?)).stderr(other);
        let child = command.spawn()?;
        Ok(Self { child, terminal: File::from(terminal), buffer: vec![0; 64 * 1024] })
    }
}

impl Way for Pty {
    fn types(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.terminal.write_all(bytes)?)
    }

    fn next(&mut self) -> Result<Vec<u8>> {
        let mut waiting = [PollFd::new(&self.terminal, PollFlags::IN)];
        let patience = PATIENCE.try_into().context("a time to wait")?;
        ensure!(poll(&mut waiting, Some(&patience))? > 0, "nothing more is shown");
        let count = self.terminal.read(&mut self.buffer).context("the program ended")?;
        ensure!(count > 0, "the program ended");
        Ok(self.buffer[..count].to_vec())
    }

    fn roots(&self) -> Vec<u32> {
        Vec::new()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
