//! A look back: the terminal as it was at one moment, with all that was printed before. It stays as it is while everything
//! goes on; what is not at hand here is read back from the runner, page by page.

use std::collections::VecDeque;

use octo_proto::{
    emulator::Emulator,
    id::TerminalId,
    terminal::{HistoryLine, TerminalCommand, TerminalHistory},
};

use super::select;
use crate::pane::Env;

/// Lines that are read back at once.
const PAGE: u32 = 500;

/// The terminal as it was. Its lines are counted from the last of its screen, which is 0, upwards: -1, -2.
pub(super) struct Past {
    /// So many bytes had been printed.
    offset: u64,
    /// The oldest first; the last ones are those of the screen.
    lines: VecDeque<HistoryLine>,
    has_more: bool,
    asked: bool,
    /// Lines of the window, and those below it: now, and when it was the present.
    height: usize,
    below: usize,
    begun_below: usize,
    /// What is to be scrolled as soon as there is something.
    ahead: usize,
    window: Box<Emulator>,
    /// The first column of the window.
    left: usize,
}

impl Past {
    /// What stands on a terminal now, in a window that begins with a line and a column and has so many rows.
    pub(super) fn new(emulator: &Emulator, offset: Option<u64>, corner: (i32, usize), height: u16) -> Self {
        let (columns, rows) = emulator.size();
        let height = rows.min(height.into());
        let top = usize::try_from(corner.0).unwrap_or(0);
        let below = rows.saturating_sub(top + height);
        let mut past = Self {
            offset: offset.unwrap_or(0),
            lines: emulator.shown_lines().into(),
            // The alternate screen has nothing above it.
            has_more: offset.is_some() && !emulator.is_alternate(),
            asked: false,
            height,
            below,
            begun_below: below,
            ahead: 0,
            window: Box::new(Emulator::new(columns, height, 0)),
            left: corner.1,
        };
        past.draw();
        past
    }

    /// Scrolls up, or down where below 0; reads back what is missing. False: this is where it began.
    pub(super) fn scroll(&mut self, lines: isize, id: &TerminalId, env: &mut Env<'_>) -> bool {
        let wanted = self.below.saturating_add_signed(lines);
        let most = self.lines.len().saturating_sub(self.height).max(self.begun_below);
        self.ahead = if self.has_more { wanted.saturating_sub(most) } else { 0 };
        self.below = wanted.clamp(self.begun_below, most);
        if self.has_more && !self.asked && self.below + 2 * self.height + self.ahead >= self.lines.len() {
            self.asked = true;
            env.terminal(TerminalCommand::History {
                terminal_id: id.clone(),
                offset: Some(self.offset),
                below: u32::try_from(self.lines.len()).unwrap_or(u32::MAX),
                limit: Some(PAGE),
                attributes: true,
            });
        }
        self.draw();
        self.is_scrolled() || self.ahead > 0
    }

    /// Whether it is not where it began.
    pub(super) fn is_scrolled(&self) -> bool {
        self.below > self.begun_below
    }

    /// How many lines it is scrolled up.
    pub(super) fn scrolled(&self) -> usize {
        self.below - self.begun_below
    }

    /// Takes a page in, if it is the next.
    pub(super) fn take(&mut self, page: TerminalHistory) {
        if page.offset != self.offset || page.below as usize != self.lines.len() {
            return;
        }
        self.asked = false;
        self.has_more = page.has_more;
        page.lines.into_iter().rev().for_each(|line| self.lines.push_front(line));
        let most = self.lines.len().saturating_sub(self.height).max(self.begun_below);
        self.below = (self.below + std::mem::take(&mut self.ahead)).min(most);
        self.draw();
    }

    /// Nothing is read back that was asked for; `for_good` where asking again is of no use.
    pub(super) fn give_up(&mut self, for_good: bool) {
        (self.asked, self.ahead) = (false, 0);
        self.has_more &= !for_good;
    }

    /// The number of the line that the window begins with.
    pub(super) fn first_line(&self) -> i64 {
        let above = self.below + self.height.saturating_sub(1);
        -i64::try_from(above).unwrap_or(i64::MAX)
    }

    /// What is drawn: all of this, from a column on.
    pub(super) fn window(&self) -> (&Emulator, (i32, usize)) {
        (&self.window, (0, self.left))
    }

    /// The text between two places, columns of the window and lines, both included.
    pub(super) fn text(&self, from: (u16, i64), to: (u16, i64)) -> String {
        let mut text = String::new();
        let columns = self.window.size().0;
        for number in from.1..=to.1.min(0) {
            let Some(line) = self.line(number) else { continue };
            let mut emulator = Emulator::new(columns, 1, 0);
            emulator.feed(line.text.as_bytes(), 0);
            let begin = if number == from.1 { usize::from(from.0) + self.left } else { 0 };
            let end = if number == to.1 { usize::from(to.0) + self.left + 1 } else { columns };
            let piece = select::piece(emulator.line(0), begin, end);
            let goes_on = number != to.1 && line.goes_on;
            text.push_str(if goes_on { &piece } else { piece.trim_end() });
            if number != to.1 && !goes_on {
                text.push('\n');
            }
        }
        text
    }

    fn line(&self, number: i64) -> Option<&HistoryLine> {
        let above = usize::try_from(-number).ok()?;
        self.lines.get(self.lines.len().checked_sub(above + 1)?)
    }

    fn draw(&mut self) {
        let end = self.lines.len() - self.below.min(self.lines.len());
        let mut text = "\x1b[H\x1b[m\x1b[2J".to_owned();
        let shown = end.saturating_sub(self.height)..end;
        for (at, line) in self.lines.range(shown.clone()).enumerate() {
            text.push_str(&line.text);
            if !line.goes_on && at + 1 < shown.len() {
                text.push_str("\r\n");
            }
        }
        self.window.feed(text.as_bytes(), 0);
    }
}
