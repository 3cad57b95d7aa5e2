//! The cells of a screen as text, with as few sequences as may be.

use alacritty_terminal::{
    grid::{Dimensions, Grid},
    index::{Column, Line},
    term::cell::{Cell, Flags},
    vte::ansi::{Color, Rgb},
};

use crate::emulator::{machine::is_blank, sgr};

/// Blanks in a row that are worth a sequence to jump over.
const WORTH_A_JUMP: usize = 5;

/// Bytes of text that one screen may take when only its last rows are drawn.
const TAIL: usize = 40 << 10;

/// How much of a screen is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// All of it.
    Whole,
    /// Without links, combining marks and coloured underlines.
    Unlinked,
    /// With colours of the palette only.
    Coarse,
    /// Without colours and attributes.
    Plain,
    /// So, and the last rows only.
    Tail,
}

/// Writes the last `history` lines above the screen and the screen itself, from the top left corner.
pub(super) fn lines(text: &mut String, grid: &Grid<Cell>, history: usize, detail: Detail) {
    let bottom = grid.bottommost_line().0;
    let first = match detail {
        Detail::Tail => bottom + 1 - i32::try_from(TAIL / (grid.columns() * 4 + 4)).unwrap_or(i32::MAX).min(bottom + 1),
        Detail::Whole | Detail::Unlinked | Detail::Coarse | Detail::Plain => {
            -i32::try_from(history.min(grid.history_size())).unwrap_or(0)
        }
    };
    text.push_str("\x1b[H\x1b[0m\x1b[J");
    let mut brush = Brush { text, style: Cell::default(), written: "0".to_owned(), detail };
    let mut wrapped = false;
    for line in first..=bottom {
        wrapped = brush.row(grid, Line(line), wrapped);
        if line < bottom && !wrapped {
            brush.use_style(&Cell::default());
            brush.text.push_str("\r\n");
        }
    }
    brush.use_style(&Cell::default());
}

/// One line by itself: what draws it where plain text stands before and behind it, and whether its text goes on in the
/// next.
pub(in crate::emulator) fn line_of(grid: &Grid<Cell>, line: Line) -> (String, bool) {
    let mut text = String::new();
    let mut brush = Brush { text: &mut text, style: Cell::default(), written: "0".to_owned(), detail: Detail::Whole };
    // The text of the line above may go on in it.
    let wraps = brush.row(grid, line, true);
    brush.use_style(&Cell::default());
    (text, wraps)
}

/// So many columns of a line from one on, half characters as blanks: what draws them where plain text stands.
pub(in crate::emulator) fn part_of(cells: &[Cell], left: usize, width: usize) -> String {
    let mut text = String::new();
    let mut brush = Brush { text: &mut text, style: Cell::default(), written: "0".to_owned(), detail: Detail::Whole };
    let shown = cells.get(left.min(cells.len())..(left + width).min(cells.len())).unwrap_or_default();
    for (at, cell) in shown.iter().enumerate() {
        let half = at == 0 && cell.flags.contains(Flags::WIDE_CHAR_SPACER)
            || at + 1 == width && cell.flags.contains(Flags::WIDE_CHAR);
        if half || cell.c.is_control() {
            brush.use_style(&Cell::default());
            brush.text.push(' ');
        } else {
            brush.cell(cell);
        }
    }
    brush.use_style(&Cell::default());
    text
}

/// Writes one character with its style at a place, so that the cursor is about to wrap.
pub(super) fn last_cell(text: &mut String, grid: &Grid<Cell>, line: Line) {
    let row = &grid[line];
    let mut brush = Brush { text, style: Cell::default(), written: "0".to_owned(), detail: Detail::Whole };
    let last = grid.last_column();
    let column = if row[last].flags.contains(Flags::WIDE_CHAR_SPACER) { last - 1 } else { last };
    brush.cell(&row[column]);
    brush.use_style(&Cell::default());
}

struct Brush<'a> {
    text: &'a mut String,
    style: Cell,
    written: String,
    detail: Detail,
}

impl Brush<'_> {
    /// Writes a row; `continues` if the cursor waits at the end of the row above. Whether it waits at the end of this.
    fn row(&mut self, grid: &Grid<Cell>, line: Line, continues: bool) -> bool {
        let row = &grid[line];
        let last = grid.last_column();
        let bottom = line == grid.bottommost_line();
        let wraps = row[last].flags.contains(Flags::WRAPLINE) && !bottom;
        let leading = wraps && row[last].flags.contains(Flags::LEADING_WIDE_CHAR_SPACER) && {
            let next = &grid[line + 1_i32][Column(0)];
            next.flags.contains(Flags::WIDE_CHAR)
                && self.written_style(next) == self.written_style(&row[last])
                && next.hyperlink() == row[last].hyperlink()
        };
        let end = match (0..grid.columns()).rev().find(|column| !is_blank(&row[Column(*column)])) {
            _ if wraps => grid.columns() - usize::from(leading),
            Some(column) => column + 1,
            None => usize::from(continues),
        };
        let mut column = 0;
        while column < end {
            let blanks = (column..end).take_while(|at| is_blank(&row[Column(*at)])).count();
            // The last cell of a row that wraps, and the first after one, must be written.
            let jump = blanks.saturating_sub(usize::from(wraps && column + blanks == end));
            if jump >= WORTH_A_JUMP && !(continues && column == 0) {
                self.text.push_str(&format!("\x1b[{jump}C"));
                column += jump;
            } else {
                self.cell(&row[Column(column)]);
                column += 1;
            }
        }
        wraps
    }

    fn cell(&mut self, cell: &Cell) {
        if cell.flags.contains(Flags::WIDE_CHAR_SPACER) {
            return;
        }
        self.use_style(cell);
        self.text.push(cell.c);
        if self.detail == Detail::Whole {
            self.text.extend(cell.zerowidth().unwrap_or_default());
        }
    }

    fn use_style(&mut self, cell: &Cell) {
        if self.detail == Detail::Whole && cell.hyperlink() != self.style.hyperlink() {
            self.text.push_str(&link(cell));
        }
        let same = self.style.fg == cell.fg
            && self.style.bg == cell.bg
            && self.style.flags == cell.flags
            && self.style.underline_color() == cell.underline_color();
        if !same {
            let written = self.written_style(cell);
            if written != self.written {
                self.text.push_str(&format!("\x1b[{written}m"));
                self.written = written;
            }
        }
        self.style = cell.clone();
    }

    fn written_style(&self, cell: &Cell) -> String {
        let reduced = match self.detail {
            Detail::Whole => return sgr::write(cell),
            Detail::Unlinked => Cell { extra: None, ..cell.clone() },
            Detail::Coarse => Cell { extra: None, fg: coarse(cell.fg), bg: coarse(cell.bg), ..cell.clone() },
            Detail::Plain | Detail::Tail => Cell::default(),
        };
        sgr::write(&reduced)
    }
}

/// The sequence that begins or ends the link of a cell.
pub(super) fn link(cell: &Cell) -> String {
    match cell.hyperlink() {
        Some(link) => format!("\x1b]8;id={};{}\x1b\\", link.id(), link.uri()),
        None => "\x1b]8;;\x1b\\".to_owned(),
    }
}

/// The nearest of the 216 colours of the cube.
fn coarse(color: Color) -> Color {
    match color {
        Color::Spec(Rgb { r, g, b }) => {
            let step = |part: u8| u8::try_from((u16::from(part) * 5 + 127) / 255).unwrap_or(5);
            Color::Indexed(16 + 36 * step(r) + 6 * step(g) + step(b))
        }
        Color::Named(_) | Color::Indexed(_) => color,
    }
}
