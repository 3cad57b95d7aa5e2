//! What is on a terminal, as the runner knows it, and the key of it on the disk from which the next runner goes on.

use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::process::Size;
use octo_proto::emulator::{Emulator, Picture};

/// Lines that are kept behind the screen; the long history is the transcript.
const HISTORY: usize = 2_000;

/// Lines of it that a client gets at most that has nothing.
const SHOWN: usize = 1_000;

/// The longest redraw, in bytes, that brings history along.
const LONGEST: usize = 128 * 1024;

/// The file of the newest key in the folder of a terminal.
const KEY: &str = "screen";

/// What is on one terminal.
pub(super) struct Display {
    emulator: Emulator,
    at_rest: bool,
}

/// A key: what was on the terminal at a place of its transcript.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) place: KeyPlace,
    /// Draws it.
    pub(super) redraw: Vec<u8>,
}

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyPlace {
    /// The offset of the next record of the transcript.
    pub(super) offset: u64,
    /// Bytes that were printed before.
    pub(super) printed: u64,
    pub(super) cols: u16,
    pub(super) rows: u16,
    /// Bytes of the redraw.
    bytes: u64,
}

impl Display {
    pub(super) fn new(size: Size) -> Self {
        Self { emulator: Emulator::new(size.cols.into(), size.rows.into(), HISTORY), at_rest: true }
    }

    /// Takes output that was printed at this time, in microseconds, and gives what the terminal answers.
    pub(super) fn feed(&mut self, bytes: &[u8], at_us: u64) -> Vec<u8> {
        let outcome = self.emulator.feed(bytes, at_us / 1000);
        self.at_rest = outcome.at_rest;
        outcome.replies
    }

    pub(super) fn resize(&mut self, size: Size) {
        self.emulator.resize(size.cols.into(), size.rows.into());
    }

    /// What draws it for a client that has nothing: with some history, where that is not too much.
    pub(super) fn redraw_with_history(&mut self, lines: Option<u32>) -> Vec<u8> {
        self.let_time_pass();
        let lines = lines.map_or(SHOWN, |lines| usize::try_from(lines).unwrap_or(SHOWN).min(SHOWN));
        let redraw = self.emulator.redraw_with_scrollback(lines);
        if redraw.len() <= LONGEST { redraw } else { self.emulator.redraw() }
    }

    /// What draws it for a client that fell behind.
    pub(super) fn redraw(&mut self) -> Vec<u8> {
        self.let_time_pass();
        self.emulator.redraw()
    }

    /// How many of the last bytes belong to what is unfinished, which no redraw shows; where they are more than `most`, what
    /// stands for them.
    pub(super) fn unfinished(&self, most: usize) -> (usize, &'static [u8]) {
        self.emulator.unfinished(most)
    }

    /// What is on it: as text, and with everything.
    pub(super) fn picture(&mut self) -> (String, Picture) {
        self.let_time_pass();
        (self.emulator.text(), self.emulator.picture())
    }

    /// What a program holds back and never ends is shown.
    fn let_time_pass(&mut self) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.emulator.deadline().is_some() {
            self.emulator.tick(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        }
    }

    /// A key of this place; none where something is half drawn.
    pub(super) fn key(&self, offset: u64, printed: u64, size: Size) -> Option<Key> {
        let redraw = self.at_rest.then(|| self.emulator.redraw())?;
        let bytes = redraw.len() as u64;
        let place = KeyPlace { offset, printed, cols: size.cols, rows: size.rows, bytes };
        Some(Key { place, redraw })
    }
}

impl std::fmt::Debug for Display {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Display").field("at_rest", &self.at_rest).finish_non_exhaustive()
    }
}

impl Key {
    /// Puts it in the place of the one before. Not synced: after a crash of the machine there is nothing to go on with.
    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(&self.place)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.redraw);
        let fresh = dir.join("screen.new");
        let mut file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        io::Write::write_all(&mut file, &bytes)?;
        fs::rename(fresh, dir.join(KEY))
    }

    /// The newest, where there is one that is whole.
    pub(super) fn read(dir: &Path) -> Option<Self> {
        let bytes = fs::read(dir.join(KEY)).ok()?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let place: KeyPlace = serde_json::from_slice(&bytes[..end]).ok()?;
        let redraw = bytes[end + 1..].to_vec();
        (redraw.len() as u64 == place.bytes).then_some(Self { place, redraw })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_whole_or_not_at_all_and_draws_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let size = Size { cols: 40, rows: 10 };
        let mut display = Display::new(size);
        assert_eq!(display.feed(b"one\r\n\x1b[31mred\x1b[6n\x1b[?1049h\x1b[5;5Hvim", 0), b"\x1b[2;4R");
        let key = display.key(70, 30, size).unwrap();
        key.write(dir.path()).unwrap();
        assert_eq!(Key::read(dir.path()).as_ref(), Some(&key));
        let mut again = Display::new(size);
        again.feed(&key.redraw, 0);
        assert_eq!(again.picture(), display.picture());
        display.feed(b"\x1b[3", 0);
        assert_eq!(display.key(70, 30, size), None, "half a sequence");
        let whole = fs::read(dir.path().join(KEY)).unwrap();
        fs::write(dir.path().join(KEY), &whole[..whole.len() - 1]).unwrap();
        assert_eq!(Key::read(dir.path()), None);
    }
}
