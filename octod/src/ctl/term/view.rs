//! What the terminal at hand shows of a terminal of Octo: its output as it is where both have the same size, else as much of
//! its screen as fits.

use std::{io, time::Duration};

use octo_proto::emulator::Emulator;
use tokio::time::Instant;

use super::{
    queries::Queries,
    screen::{Screen, size},
};

/// Lines of history that are handed to the terminal at hand.
const HISTORY: usize = 1000;

/// Between two pictures of a screen of another size.
const PICTURE: Duration = Duration::from_millis(33);

/// How long a sentence stands in the way.
const SAID: Duration = Duration::from_secs(2);

/// The terminal at hand, and what it is to show.
pub(super) struct View {
    screen: Screen,
    emulator: Box<Emulator>,
    queries: Queries,
    /// Its output is shown as it is.
    direct: bool,
    /// The history was handed over.
    has_history: bool,
    /// When the next picture is due.
    due: Option<Instant>,
}

impl View {
    pub(super) fn new(screen: Screen) -> Self {
        Self {
            screen,
            emulator: Box::new(Emulator::new(1, 1, 0)),
            queries: Queries::default(),
            direct: false,
            has_history: false,
            due: None,
        }
    }

    /// Begins anew with a size; what draws the screen follows.
    pub(super) fn begin(&mut self, cols: u16, rows: u16) -> io::Result<()> {
        *self.emulator = Emulator::new(cols.into(), rows.into(), HISTORY);
        self.queries = Queries::default();
        self.direct = self.fits();
        self.has_history = self.direct;
        self.due = None;
        self.screen.clear()
    }

    /// Shows output.
    pub(super) fn show(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Time passes here for nobody: what is held back in a picture is shown with the next.
        self.emulator.feed(bytes, 0);
        let shown = self.queries.keep_back(bytes);
        if self.direct {
            if self.emulator.has_colors() {
                self.screen.is_colored();
            }
            return self.screen.write(&shown);
        }
        self.due.get_or_insert_with(|| Instant::now() + PICTURE);
        Ok(())
    }

    /// The terminal has this size from here on.
    pub(super) fn resize(&mut self, cols: u16, rows: u16) -> io::Result<()> {
        self.emulator.resize(cols.into(), rows.into());
        self.refit()
    }

    /// Either of them may have got another size.
    pub(super) fn refit(&mut self) -> io::Result<()> {
        let fits = self.fits();
        if fits && self.direct {
            return Ok(());
        }
        self.direct = fits;
        if !fits {
            // Where it follows this size, that is known before long.
            self.due.get_or_insert_with(|| Instant::now() + PICTURE);
            return Ok(());
        }
        self.due = None;
        let redraw = if std::mem::replace(&mut self.has_history, true) {
            self.emulator.redraw()
        } else {
            self.emulator.redraw_with_scrollback(HISTORY)
        };
        self.screen.clear()?;
        self.screen.write(&redraw)
    }

    fn fits(&self) -> bool {
        size().is_some_and(|(cols, rows)| self.emulator.size() == (cols.into(), rows.into()))
    }

    /// When [`Self::picture`] is to be called.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Draws what fits of a screen of another size: around its cursor, and below it a line that says so.
    pub(super) fn picture(&mut self) -> io::Result<()> {
        self.due = None;
        if self.fits() {
            return self.refit();
        }
        let Some((cols, rows)) = size() else { return Ok(()) };
        let (width, height) = (usize::from(cols), usize::from(rows.saturating_sub(1)));
        let (columns, lines) = self.emulator.size();
        let (row, column) = self.emulator.cursor().unwrap_or((0, 0));
        let (top, left) = ((row + 1).saturating_sub(height), (column + 1).saturating_sub(width));
        let mut text = "\x1b[?2026h\x1b[?25l\x1b[?7l\x1b[m".to_owned();
        for at in 0..height {
            let line = i32::try_from(top + at).unwrap_or(i32::MAX);
            text.push_str(&format!("\x1b[{};1H{}\x1b[K", at + 1, self.emulator.part(line, left, width)));
        }
        let note = format!("[{columns}x{lines} here: {cols}x{rows}; Ctrl+] t takes it]");
        let note: String = note.chars().take(width).collect();
        text.push_str(&format!("\x1b[{rows};1H\x1b[2m{note}\x1b[m\x1b[K\x1b[?7h"));
        if self.emulator.cursor().is_some() && height > 0 {
            text.push_str(&format!("\x1b[{};{}H\x1b[?25h", row - top + 1, column - left + 1));
        }
        text.push_str("\x1b[?2026l");
        self.screen.write(text.as_bytes())
    }

    /// Says something in the last line, until the next picture; the screen is as it was then.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        let Some((cols, rows)) = size() else { return Ok(()) };
        let text: String = text.chars().take(cols.into()).collect();
        self.direct = false;
        self.due = Some(Instant::now() + SAID);
        self.screen.write(format!("\x07\x1b7\x1b[{rows};1H\x1b[0;7m{text}\x1b[m\x1b[K\x1b8").as_bytes())
    }

    /// Says something to the person, without a trace in the output.
    pub(super) fn ring(&self) -> io::Result<()> {
        self.screen.ring()
    }
}
