//! What scrolled off the screen, taken away line by line: for who keeps more of it than a terminal holds in cells.

use alacritty_terminal::{
    grid::{Dimensions, Grid},
    index::Line,
    term::cell::Cell,
};

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
        let grid = screens.screen(Which::Primary).grid();
        let taken = lines(grid, grid.topmost_line().0, held - keep);
        screens.forget_history(keep);
        taken
    }

    /// The lines of the primary screen, which may be beneath the alternate one.
    #[must_use]
    pub fn screen_lines(&self) -> Vec<HistoryLine> {
        lines(self.machine.screens.screen(Which::Primary).grid(), 0, self.machine.screens.size().rows)
    }

    /// The lines of the screen that is shown, after those above it.
    #[must_use]
    pub fn shown_lines(&self) -> Vec<HistoryLine> {
        let grid = self.machine.screens.active().grid();
        lines(grid, grid.topmost_line().0, grid.total_lines())
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
}

fn lines(grid: &Grid<Cell>, first: i32, count: usize) -> Vec<HistoryLine> {
    let lines = (first..).take(count).map(|line| {
        let (text, goes_on) = line_of(grid, Line(line));
        HistoryLine { text, goes_on }
    });
    lines.collect()
}
