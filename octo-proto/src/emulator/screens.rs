//! The primary and the alternate screen, and what happens to their cells.
//!
//! Each is a terminal of its own, because one such terminal would hide the screen that is beneath. What they share
//! (wrapping, the scroll region) is set on both.

use std::sync::Arc;

use alacritty_terminal::{
    Term,
    event::VoidListener,
    grid::{Cursor, Dimensions, Grid},
    index::{Column, Line, Point},
    term::{
        Config,
        cell::{Cell, Flags},
    },
    vte::ansi::{CharsetIndex, ClearMode, Handler, LineClearMode, NamedMode, NamedPrivateMode},
};
use unicode_width::UnicodeWidthChar;

use super::machine::is_blank;

/// Combining marks kept on one cell; more is no text that anybody writes.
const MARKS_PER_CELL: usize = 8;

/// Cells kept at most, with those of both screens: what 2,000 lines of 200 columns take, and somewhat more.
const CELLS: usize = 430_000;

/// How large a screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.rows
    }

    fn screen_lines(&self) -> usize {
        self.rows
    }

    fn columns(&self) -> usize {
        self.columns
    }
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Primary,
    Alternate,
}

/// What is saved of a cursor beside what its grid saves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SavedRest {
    pub(super) origin: bool,
    pub(super) charset: CharsetIndex,
}

/// One screen with its cursor.
pub(super) struct Screen {
    term: Term<VoidListener>,
    pub(super) saved_rest: SavedRest,
}

impl Screen {
    fn new(size: Size, history: usize) -> Self {
        let config = Config { scrolling_history: history, ..Config::default() };
        Self { term: Term::new(config, &size, VoidListener), saved_rest: SavedRest::default() }
    }

    /// An alternate screen has no history and does not reflow.
    fn alternate(size: Size) -> Self {
        let mut screen = Self::new(size, 0);
        screen.term.swap_alt();
        screen
    }

    pub(super) fn grid(&self) -> &Grid<Cell> {
        self.term.grid()
    }

    pub(super) fn grid_mut(&mut self) -> &mut Grid<Cell> {
        self.term.grid_mut()
    }

    /// What performs the plain functions of a terminal.
    pub(super) fn term(&mut self) -> &mut Term<VoidListener> {
        &mut self.term
    }

    pub(super) fn row(&self) -> usize {
        usize::try_from(self.grid().cursor.point.line.0).unwrap_or(0)
    }

    pub(super) fn column(&self) -> usize {
        self.grid().cursor.point.column.0
    }

    /// Puts the cursor somewhere on the screen, ready to write there.
    pub(super) fn go(&mut self, row: usize, column: usize) {
        let (rows, columns) = (self.term.screen_lines(), self.term.columns());
        let cursor = &mut self.grid_mut().cursor;
        cursor.point = Point::new(line(row.min(rows - 1)), Column(column.min(columns - 1)));
        cursor.input_needs_wrap = false;
    }

    /// Writes a character where the cursor is.
    pub(super) fn write(&mut self, character: char, wrap: bool) {
        match character.width() {
            Some(0) if self.marks() >= MARKS_PER_CELL => return,
            // It does not fit, and nothing says where it should go.
            Some(2) if !wrap && self.column() + 1 >= self.term.columns() => return,
            _ => {}
        }
        self.term.input(character);
    }

    /// Writes a character and pushes what stood there to the right.
    pub(super) fn insert(&mut self, character: char, wrap: bool) {
        let width = character.width().unwrap_or(0);
        if wrap && width > 0 && self.grid().cursor.input_needs_wrap {
            self.grid_mut().cursor_cell().flags.insert(Flags::WRAPLINE);
            self.term.linefeed();
            let row = self.row();
            self.go(row, 0);
        }
        if width > 0 && self.column() + width < self.term.columns() {
            self.term.insert_blank(width);
            self.mend();
        }
        self.write(character, wrap);
    }

    fn marks(&self) -> usize {
        let grid = self.grid();
        let mut column = self.column();
        if !grid.cursor.input_needs_wrap {
            column = column.saturating_sub(1);
        }
        let row = &grid[grid.cursor.point.line];
        if row[Column(column)].flags.contains(Flags::WIDE_CHAR_SPACER) {
            column = column.saturating_sub(1);
        }
        row[Column(column)].zerowidth().map_or(0, <[char]>::len)
    }

    pub(super) fn insert_blanks(&mut self, count: usize) {
        self.term.insert_blank(count);
        self.mend();
    }

    pub(super) fn delete_characters(&mut self, count: usize) {
        let rest = self.term.columns() - self.column();
        self.term.delete_chars(count.min(rest));
        self.mend();
    }

    pub(super) fn erase_characters(&mut self, count: usize) {
        self.term.erase_chars(count);
        self.mend();
    }

    pub(super) fn clear_line(&mut self, mode: LineClearMode) {
        self.term.clear_line(mode);
        self.mend();
    }

    pub(super) fn clear_screen(&mut self, mode: ClearMode) {
        // The terminal beneath leaves the first line when the cursor is on the second.
        if matches!(mode, ClearMode::Above) && self.row() == 1 {
            self.grid_mut().reset_region(..Line(1));
        }
        self.term.clear_screen(mode);
        self.mend();
    }

    /// Clears it wholly, without keeping anything in the history.
    pub(super) fn wipe(&mut self) {
        self.grid_mut().reset_region(..);
    }

    /// Halves of wide characters that lost the other half become blanks, in the line of the cursor.
    fn mend(&mut self) {
        let line = self.grid().cursor.point.line;
        mend(self.grid_mut(), line);
    }

    /// A cursor about to wrap stands at the right edge, on a cell from which the text does not go on.
    pub(super) fn settle_cursor(&mut self) {
        let last = Column(self.term.columns() - 1);
        let grid = self.grid_mut();
        grid.saved_cursor.input_needs_wrap &= grid.saved_cursor.point.column == last;
        grid.cursor.input_needs_wrap &= grid.cursor.point.column == last;
        if grid.cursor.input_needs_wrap {
            grid.cursor_cell().flags.remove(Flags::WRAPLINE);
        }
    }

    fn settle_saved(&mut self) {
        let grid = self.grid_mut();
        if grid.saved_cursor.input_needs_wrap {
            let point = grid.saved_cursor.point;
            grid[point].flags.remove(Flags::WRAPLINE);
        }
    }

    /// Brings back lines that flowed into the history although there is room below the cursor.
    fn pull_down(&mut self, size: Size, pushed: usize) {
        let grid = self.grid();
        let below = (self.row() + 1..size.rows).rev();
        let room =
            below.take_while(|row| (0..size.columns).all(|column| is_blank(&grid[line(*row)][Column(column)]))).count();
        let lines = pushed.min(room);
        if lines > 0 {
            // A taller screen takes them from the history, a lower one gives up its last rows.
            self.term.resize(Size { rows: size.rows + lines, ..size });
            self.term.resize(size);
        }
    }

    fn resize(&mut self, size: Size, history: usize) {
        self.term.set_options(Config { scrolling_history: history, ..Config::default() });
        let before = self.grid().history_size();
        self.term.resize(size);
        self.pull_down(size, self.grid().history_size().saturating_sub(before));
        let grid = self.grid_mut();
        for row in grid.topmost_line().0..grid.screen_lines() as i32 {
            mend(grid, Line(row));
        }
        self.settle_cursor();
    }
}

/// Both screens.
pub(super) struct Screens {
    primary: Screen,
    alternate: Screen,
    shown: Which,
    size: Size,
    scrollback: usize,
    /// First and last row that scroll.
    region: (usize, usize),
}

impl Screens {
    pub(super) fn new(size: Size, scrollback: usize) -> Self {
        Self {
            primary: Screen::new(size, history(size, scrollback)),
            alternate: Screen::alternate(size),
            shown: Which::Primary,
            size,
            scrollback,
            region: (0, size.rows - 1),
        }
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    pub(super) fn scrollback(&self) -> usize {
        self.scrollback
    }

    pub(super) fn region(&self) -> (usize, usize) {
        self.region
    }

    pub(super) fn shown(&self) -> Which {
        self.shown
    }

    pub(super) fn screen(&self, which: Which) -> &Screen {
        match which {
            Which::Primary => &self.primary,
            Which::Alternate => &self.alternate,
        }
    }

    pub(super) fn active(&self) -> &Screen {
        self.screen(self.shown)
    }

    pub(super) fn active_mut(&mut self) -> &mut Screen {
        match self.shown {
            Which::Primary => &mut self.primary,
            Which::Alternate => &mut self.alternate,
        }
    }

    /// Shows the other screen, with the cursor where it was on this one.
    pub(super) fn show(&mut self, which: Which) {
        let cursor = self.active().grid().cursor.clone();
        if which == Which::Alternate {
            self.primary.settle_saved();
        }
        self.shown = which;
        if which == Which::Primary {
            self.alternate.saved_rest = SavedRest::default();
            let grid = self.alternate.grid_mut();
            grid.saved_cursor = Cursor::default();
            grid.cursor = Cursor::default();
            self.alternate.wipe();
        }
        self.active_mut().grid_mut().cursor = cursor;
        self.active_mut().settle_cursor();
    }

    pub(super) fn set_region(&mut self, top: usize, bottom: usize) {
        self.region = (top, bottom);
        for screen in [&mut self.primary, &mut self.alternate] {
            let cursor = screen.grid().cursor.clone();
            screen.term.set_scrolling_region(top + 1, Some(bottom + 1));
            screen.grid_mut().cursor = cursor;
        }
    }

    pub(super) fn set_wrap(&mut self, on: bool) {
        for screen in [&mut self.primary, &mut self.alternate] {
            if on {
                screen.term.set_private_mode(NamedPrivateMode::LineWrap.into());
            } else {
                screen.term.unset_private_mode(NamedPrivateMode::LineWrap.into());
            }
        }
    }

    pub(super) fn set_newline(&mut self, on: bool) {
        for screen in [&mut self.primary, &mut self.alternate] {
            if on {
                screen.term.set_mode(NamedMode::LineFeedNewLine.into());
            } else {
                screen.term.unset_mode(NamedMode::LineFeedNewLine.into());
            }
        }
    }

    pub(super) fn set_charset(&mut self, charset: CharsetIndex) {
        for screen in [&mut self.primary, &mut self.alternate] {
            screen.term.set_active_charset(charset);
        }
    }

    pub(super) fn history_limit(&self) -> usize {
        history(self.size, self.scrollback)
    }

    /// Forgets the oldest lines of the history, all but so many.
    pub(super) fn forget_history(&mut self, keep: usize) {
        for limit in [keep, self.history_limit()] {
            self.primary.term.set_options(Config { scrolling_history: limit, ..Config::default() });
        }
    }

    /// Takes marks, links and colours of underlines from the oldest lines, so that so many are left; how many are.
    pub(super) fn strip(&mut self, keep: usize) -> usize {
        let mut count = 0;
        for screen in [&mut self.alternate, &mut self.primary] {
            let grid = screen.grid_mut();
            for line in (grid.topmost_line().0..=grid.bottommost_line().0).rev() {
                let row = &mut grid[Line(line)];
                let mut last = None;
                for column in 0..row.len() {
                    let cell = &mut row[Column(column)];
                    let own = cell.extra.as_ref().map(Arc::as_ptr);
                    // Neighbours may share one.
                    count += usize::from(own.is_some() && own != last);
                    last = own;
                    if count > keep {
                        cell.extra = None;
                    }
                }
            }
        }
        count.min(keep)
    }

    pub(super) fn resize(&mut self, size: Size) {
        self.size = size;
        self.primary.resize(size, self.history_limit());
        self.alternate.resize(size, 0);
        if self.shown == Which::Alternate {
            self.primary.settle_saved();
        }
        self.region = (0, size.rows - 1);
    }
}

/// The line of a row of the screen.
pub(super) fn line(row: usize) -> Line {
    Line(i32::try_from(row).unwrap_or(i32::MAX))
}

fn history(size: Size, scrollback: usize) -> usize {
    scrollback.min(CELLS.saturating_sub(2 * size.columns * size.rows) / size.columns)
}

fn mend(grid: &mut Grid<Cell>, line: Line) {
    let row = &mut grid[line];
    let columns = row.len();
    for column in 0..columns {
        let flags = row[Column(column)].flags;
        let follows = |row: &alacritty_terminal::grid::Row<Cell>| {
            column + 1 < columns && row[Column(column + 1)].flags.contains(Flags::WIDE_CHAR_SPACER)
        };
        if flags.contains(Flags::WIDE_CHAR) && !follows(row) {
            row[Column(column)].clear_wide();
        }
        if flags.contains(Flags::WIDE_CHAR_SPACER)
            && !(column > 0 && row[Column(column - 1)].flags.contains(Flags::WIDE_CHAR))
        {
            row[Column(column)].flags.remove(Flags::WIDE_CHAR_SPACER);
        }
        if flags.contains(Flags::LEADING_WIDE_CHAR_SPACER) && column + 1 < columns {
            row[Column(column)].flags.remove(Flags::LEADING_WIDE_CHAR_SPACER);
        }
    }
}
