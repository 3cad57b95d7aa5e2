//! A pane of octo-tui that has the whole screen for itself.

use std::time::Instant;

use anyhow::{Result, ensure};

use octo_proto::id::TerminalId;

use super::{COLS, PATIENCE, Pty, ROWS, Way, open};
use crate::house::{Daemon, House};

/// The prefix of octo-tui.
const PREFIX: u8 = 0x1d;

/// What octo-tui asks its terminal before it draws, and an answer: the primary device attributes.
const WHAT_ARE_YOU: &[u8] = b"\x1b[c";
const I_AM: &[u8] = b"\x1b[?62;22c";

/// What an empty conversation says, once all that it needs is known.
const ALONE: &str = "A new session with pi";

/// So much of its id tells one terminal from another.
const ENDING: usize = 5;

/// The lines around a pane: its title, and the line of hints.
const FRAME: u16 = 2;

/// octo-tui on a PTY of ours.
pub(crate) struct Pane {
    screen: Pty,
    seen: vt100::Parser,
    roots: Vec<u32>,
    first: Option<Vec<u8>>,
}

impl Pane {
    /// Opens a terminal that runs this script, and shows it in a pane.
    pub(crate) fn open(house: &House, script: &str) -> Result<Self> {
        let id = open(house, script)?;
        let mut pane = Self::start(house)?;
        pane.show(&id)?;
        Ok(pane)
    }

    /// Starts octo-tui, which shows an empty conversation.
    pub(crate) fn start(house: &House) -> Result<Self> {
        let mut command = house.command("octo-tui")?;
        command.current_dir(house.work()).env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
        let screen = Pty::run(command, (COLS, ROWS + FRAME))?;
        let mut roots = vec![house.pid(Daemon::Octod)?, house.pid(Daemon::Runner)?];
        roots.extend(house.pids("octo-shim")?);
        let seen = vt100::Parser::new(ROWS + FRAME, COLS, 0);
        let mut pane = Self { screen, seen, roots, first: None };
        pane.until(|text| text.contains(ALONE))?;
        Ok(pane)
    }

    /// Shows a terminal, on the whole screen.
    pub(crate) fn show(&mut self, id: &TerminalId) -> Result<()> {
        let end = id.0.get(id.0.len().saturating_sub(ENDING)..).unwrap_or_default();
        self.screen.types(&[PREFIX, b'a'])?;
        self.until(|text| text.contains(end))?;
        self.screen.types(format!("{end}\r").as_bytes())?;
        self.until(|text| text.contains("ready-42"))?;
        self.screen.types(&[PREFIX, b'z'])?;
        self.until(|text| text.contains("ready-42") && !text.contains(ALONE))?;
        // Once more, for who waits for it.
        self.first = Some(b"ready-42".to_vec());
        Ok(())
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.screen.child.id()
    }

    fn until(&mut self, is_so: impl Fn(&str) -> bool) -> Result<()> {
        let begun = Instant::now();
        loop {
            let text = self.seen.screen().contents();
            if is_so(&text) {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "octo-tui never comes so far:\n{text}");
            let piece = self.screen.next()?;
            if piece.windows(WHAT_ARE_YOU.len()).any(|window| window == WHAT_ARE_YOU) {
                self.screen.types(I_AM)?;
            }
            self.seen.process(&piece);
        }
    }
}

impl Way for Pane {
    fn types(&mut self, bytes: &[u8]) -> Result<()> {
        self.screen.types(bytes)
    }

    fn next(&mut self) -> Result<Vec<u8>> {
        self.first.take().map_or_else(|| self.screen.next(), Ok)
    }

    fn roots(&self) -> Vec<u32> {
        self.roots.clone()
    }
}
