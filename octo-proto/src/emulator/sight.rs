//! What a client that shows a terminal looks at: cells, history, cursor, and how keys are to be sent.

use alacritty_terminal::{
    grid::Dimensions,
    index::{Column, Line},
    term::cell::{Cell, Flags},
};

use super::{Emulator, modes::Modes, osc::DYNAMIC, redraw::part_of};

impl Emulator {
    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let size = self.machine.screens.size();
        (size.columns, size.rows)
    }

    /// Lines above the screen; the alternate screen has none.
    #[must_use]
    pub fn history(&self) -> usize {
        self.machine.screens.active().grid().history_size()
    }

    /// The cells of a line: from 0 on those of the screen, below 0 those of the history, the newest at -1. Empty where there
    /// is no such line.
    #[must_use]
    pub fn line(&self, line: i32) -> &[Cell] {
        let grid = self.machine.screens.active().grid();
        if line < grid.topmost_line().0 || line > grid.bottommost_line().0 {
            return &[];
        }
        let row = &grid[Line(line)];
        &row[Column(0)..Column(row.len())]
    }

    /// What draws so many columns of a line, from one on, where plain text stands.
    #[must_use]
    pub fn part(&self, line: i32, left: usize, width: usize) -> String {
        part_of(self.line(line), left, width)
    }

    /// Whether the text of a line goes on in the next.
    #[must_use]
    pub fn goes_on(&self, line: i32) -> bool {
        self.line(line).last().is_some_and(|cell| cell.flags.contains(Flags::WRAPLINE))
    }

    /// The row and the column of the cursor, where it is to be seen.
    #[must_use]
    pub fn cursor(&self) -> Option<(usize, usize)> {
        let screen = self.machine.screens.active();
        self.machine.modes.is(25).then(|| (screen.row(), screen.column()))
    }

    /// What the program calls its terminal.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.machine.title
    }

    /// The directory that the program says it is in, as an address; empty where it did not say.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.machine.directory
    }

    /// Whether the alternate screen is shown.
    #[must_use]
    pub fn is_alternate(&self) -> bool {
        self.machine.on_alternate()
    }

    /// The modes that the program set.
    #[must_use]
    pub fn modes(&self) -> &Modes {
        &self.machine.modes
    }

    /// A colour of the palette that the program changed.
    #[must_use]
    pub fn palette(&self, index: u8) -> Option<[u8; 3]> {
        self.machine.palette.0.get(&u16::from(index)).copied()
    }

    /// Whether the program changed a colour.
    #[must_use]
    pub fn has_colors(&self) -> bool {
        !self.machine.palette.0.is_empty()
    }

    /// The colours of plain text and of what is behind it, where the program changed them.
    #[must_use]
    pub fn ground(&self) -> [Option<[u8; 3]>; 2] {
        [10, 11].map(|number| self.machine.palette.0.get(&(DYNAMIC + number)).copied())
    }

    /// The number that the program gave the shape of its cursor by (DECSCUSR).
    #[must_use]
    pub fn cursor_style(&self) -> u16 {
        self.machine.cursor_style
    }

    /// The flags of the kitty keyboard protocol that are in force.
    #[must_use]
    pub fn keyboard(&self) -> u16 {
        self.machine.keyboard(self.machine.screens.shown()).flags()
    }
}
