//! What scrolled off the screen, taken away line by line: for who keeps more of it than a terminal holds in cells.

use alacritty_terminal::{grid::Dimensions, index::Line};

use super::{Emulator, redraw::line_of, screens::Which};
use crate::terminal::HistoryLine;

impl Emulator {
    /// Takes the oldest lines of the history away, all but so many. The alternate screen has none, so these are always of the
    /// primary one.
    pub fn take_history(&mut self, keep: usize) -> Vec<HistoryLine> {
        let screens = &mut self.machine.screens;
        let held = screens.screen(Which::Primary).grid().history_size();
        if held <= keep {
            return Vec::new();
        }
        let top = screens.screen(Which::Primary).grid().topmost_line().0;
        let taken = self.lines(top, held - keep);
        self.machine.screens.forget_history(keep);
        taken
    }

    /// The lines of the primary screen, which may be beneath the alternate one.
    #[must_use]
    pub fn screen_lines(&self) -> Vec<HistoryLine> {
        self.lines(0, self.machine.screens.size().rows)
    }

    /// How many lines of history are kept at most.
    #[must_use]
    pub fn history_limit(&self) -> usize {
        self.machine.screens.history_limit()
    }

    /// Whether the program has thrown the history away since this was asked last.
    pub fn was_history_erased(&mut self) -> bool {
        std::mem::take(&mut self.machine.erased)
    }

    fn lines(&self, first: i32, count: usize) -> Vec<HistoryLine> {
        let grid = self.machine.screens.screen(Which::Primary).grid();
        let lines = (first..).take(count).map(|line| {
            let (text, goes_on) = line_of(grid, Line(line));
            HistoryLine { text, goes_on }
        });
        lines.collect()
    }
}
