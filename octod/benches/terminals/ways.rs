//! The ways from a program on a terminal of 80 by 24 to a client of ours.

mod octo;
mod pane;
mod pipe;
mod pty;
mod tmux;
mod ttyd;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

pub(crate) use octo::{Hop, Octo, Session, open};
pub(crate) use pane::Pane;
pub(crate) use pipe::Pipe;
pub(crate) use pty::Pty;
pub(crate) use tmux::Tmux;
pub(crate) use ttyd::Ttyd;

use super::house::{House, PATIENCE};

pub(crate) const COLS: u16 = 80;
pub(crate) const ROWS: u16 = 24;

/// What resets a terminal: a client that is told to begin anew does that.
pub(crate) const RESET: &[u8] = b"\x1bc";

/// What the scripts print at their end: nothing that a line before it has in the same column, so that whoever draws only
/// what is new draws all of it.
pub(crate) const END: &[u8] = b"QED";

/// A program on a terminal, and a client that shows it.
pub(crate) trait Way: Send {
    /// Types.
    fn types(&mut self, bytes: &[u8]) -> Result<()>;

    /// Waits for what is shown next.
    fn next(&mut self) -> Result<Vec<u8>>;

    /// The processes between the program and the client, without those that descend from this one.
    fn roots(&self) -> Vec<u32>;
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The client reads the PTY itself.
    Bare,
    /// `tmux attach` on a PTY.
    Tmux,
    /// ttyd's WebSocket.
    Ttyd,
    /// octod's local socket.
    Local,
    /// octod's WebSocket.
    Web,
    /// A pane of octo-tui.
    Pane,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [Self::Bare, Self::Tmux, Self::Ttyd, Self::Local, Self::Web, Self::Pane];

    /// As tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare PTY",
            Self::Tmux => "tmux",
            Self::Ttyd => "ttyd",
            Self::Local => "Octo, local socket",
            Self::Web => "Octo, WebSocket",
            Self::Pane => "Octo, a pane of octo-tui",
        }
    }

    /// Opens a terminal that runs this script; none where the program for it is not installed.
    pub(crate) fn open(self, house: &House, script: &str) -> Result<Option<Box<dyn Way>>> {
        let way: Box<dyn Way> = match self {
            Self::Bare => Box::new(Pty::spawn(&["/bin/sh", "-c", script])?),
            Self::Tmux => match Tmux::start(house, script)? {
                Some(tmux) => Box::new(tmux.attach()?),
                None => return Ok(None),
            },
            Self::Ttyd => match Ttyd::start(script)? {
                Some(ttyd) => Box::new(ttyd),
                None => return Ok(None),
            },
            Self::Local => Box::new(Octo::open(house, &Hop::local(house), script)?),
            Self::Web => Box::new(Octo::open(house, &Hop::web(house)?, script)?),
            Self::Pane => Box::new(Pane::open(house, script)?),
        };
        Ok(Some(way))
    }
}

/// Takes what is shown until this is among it; how many bytes that took.
pub(crate) fn until(way: &mut dyn Way, text: &[u8]) -> Result<u64> {
    let mut last = Vec::new();
    let mut count = 0;
    let begun = Instant::now();
    loop {
        let piece = way.next()?;
        count += piece.len() as u64;
        last.extend_from_slice(&piece);
        if last.windows(text.len()).any(|window| window == text) {
            return Ok(count);
        }
        last.drain(..last.len().saturating_sub(text.len()));
        ensure!(begun.elapsed() < PATIENCE, "{:?} is never shown", String::from_utf8_lossy(text));
    }
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "a measurement waits for time to pass")]
pub(crate) fn rest(time: Duration) {
    std::thread::sleep(time);
}
