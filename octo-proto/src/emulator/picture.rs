//! A screen as a value: to be printed, compared and kept in snapshots.

use std::collections::BTreeMap;

use alacritty_terminal::{
    grid::{Cursor, Dimensions, Grid},
    index::{Column, Line},
    term::cell::{Cell, Flags},
    vte::ansi::{CharsetIndex, StandardCharset},
};
use serde::Serialize;

use super::{
    machine::{Machine, is_blank},
    modes::Modes,
    osc::DYNAMIC,
    screens::{Screen, Which},
    sgr,
};

/// What is on a terminal, and everything that decides how it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Picture {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) title: String,
    pub(crate) titles: Vec<String>,
    pub(crate) directory: String,
    pub(crate) cursor: CursorPicture,
    pub(crate) alternate: bool,
    pub(crate) lines: Vec<LinePicture>,
    pub(crate) saved: CursorPicture,
    /// The primary screen, while the alternate one is shown.
    pub(crate) beneath: Option<BeneathPicture>,
    /// Numbers of the private modes that are on.
    pub(crate) private_modes: Vec<u16>,
    pub(crate) modes: Modes,
    pub(crate) cursor_style: u16,
    /// The first and the last row that scroll.
    pub(crate) region: (usize, usize),
    pub(crate) tabs: Vec<usize>,
    /// The flags of the kitty keyboard protocol, those in force last; for the primary and the alternate screen.
    pub(crate) keyboards: [Vec<u16>; 2],
    pub(crate) colors: BTreeMap<String, String>,
}

/// What lies under the alternate screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct BeneathPicture {
    pub(crate) lines: Vec<LinePicture>,
    pub(crate) saved: CursorPicture,
}

/// A cursor, with what it writes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CursorPicture {
    pub(crate) row: usize,
    pub(crate) column: usize,
    /// The next character goes to the next line.
    pub(crate) wraps: bool,
    pub(crate) origin: bool,
    pub(crate) style: Style,
    /// Which of the four sets is used, and which of them draw lines.
    pub(crate) charset: usize,
    pub(crate) line_drawing: [bool; 4],
}

/// One row: its text in runs of one style.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LinePicture {
    pub(crate) runs: Vec<Run>,
    /// The text goes on in the next row.
    pub(crate) wrapped: bool,
}

/// Text of one style.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Run {
    pub(crate) text: String,
    #[serde(flatten)]
    pub(crate) style: Style,
}

/// How a cell looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Style {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) foreground: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) background: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) underline: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) attributes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<(String, String)>,
}

impl Picture {
    /// The row and the column of the cursor.
    #[must_use]
    pub fn cursor(&self) -> (usize, usize) {
        (self.cursor.row, self.cursor.column)
    }

    /// What the program calls its terminal.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    pub(super) fn of(machine: &Machine) -> Self {
        let size = machine.screens.size();
        let active = machine.screens.active();
        let primary = machine.screens.screen(Which::Primary);
        Self {
            columns: size.columns,
            rows: size.rows,
            title: machine.title.clone(),
            titles: machine.titles.clone(),
            directory: machine.directory.clone(),
            cursor: cursor(&active.grid().cursor, machine.modes.is(6), machine.charset),
            alternate: machine.on_alternate(),
            lines: lines(active.grid()),
            saved: saved(active),
            beneath: machine
                .on_alternate()
                .then(|| BeneathPicture { lines: lines(primary.grid()), saved: saved(primary) }),
            private_modes: machine.modes.numbers(),
            modes: machine.modes,
            cursor_style: machine.cursor_style,
            region: machine.screens.region(),
            tabs: (0..size.columns).filter(|column| machine.tabs[*column]).collect(),
            keyboards: [Which::Primary, Which::Alternate].map(|which| machine.keyboard(which).stack()),
            colors: colors(machine),
        }
    }
}

/// The rows of the screen as plain text.
pub(super) fn text(machine: &Machine) -> String {
    let grid = machine.screens.active().grid();
    let mut text = String::new();
    for line in 0..=grid.bottommost_line().0 {
        let mut row = String::new();
        for column in 0..grid.columns() {
            push(&mut row, &grid[Line(line)][Column(column)]);
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

fn push(text: &mut String, cell: &Cell) {
    if !cell.flags.contains(Flags::WIDE_CHAR_SPACER) {
        text.push(cell.c);
        text.extend(cell.zerowidth().unwrap_or_default());
    }
}

fn lines(grid: &Grid<Cell>) -> Vec<LinePicture> {
    let bottom = grid.bottommost_line().0;
    (0..=bottom)
        .map(|line| {
            let mut picture = picture(grid, Line(line));
            // Nothing goes on below the last line. And a cursor that waits at the end of a line decides itself whether it
            // does: a redraw brings such a cursor there by writing the last cell once more.
            let waits = [&grid.cursor, &grid.saved_cursor]
                .iter()
                .any(|cursor| cursor.input_needs_wrap && cursor.point.line == Line(line));
            picture.wrapped &= line != bottom && !waits;
            picture
        })
        .collect()
}

fn picture(grid: &Grid<Cell>, line: Line) -> LinePicture {
    let row = &grid[line];
    let end = (0..grid.columns()).rev().find(|column| !is_blank(&row[Column(*column)])).map_or(0, |last| last + 1);
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..end {
        let cell = &row[Column(column)];
        let style = style(cell);
        match runs.last_mut() {
            Some(run) if run.style == style => push(&mut run.text, cell),
            _ => {
                let mut text = String::new();
                push(&mut text, cell);
                runs.push(Run { text, style });
            }
        }
    }
    LinePicture { runs, wrapped: row[grid.last_column()].flags.contains(Flags::WRAPLINE) }
}

fn style(cell: &Cell) -> Style {
    Style {
        foreground: sgr::color(cell.fg),
        background: sgr::color(cell.bg),
        underline: cell.underline_color().and_then(sgr::color),
        attributes: sgr::names(cell.flags),
        link: cell.hyperlink().map(|link| (link.id().to_owned(), link.uri().to_owned())),
    }
}

fn saved(screen: &Screen) -> CursorPicture {
    cursor(&screen.grid().saved_cursor, screen.saved_rest.origin, screen.saved_rest.charset)
}

fn cursor(cursor: &Cursor<Cell>, origin: bool, charset: CharsetIndex) -> CursorPicture {
    let indexes = [CharsetIndex::G0, CharsetIndex::G1, CharsetIndex::G2, CharsetIndex::G3];
    CursorPicture {
        row: usize::try_from(cursor.point.line.0).unwrap_or(0),
        column: cursor.point.column.0,
        wraps: cursor.input_needs_wrap,
        origin,
        style: style(&cursor.template),
        charset: charset as usize,
        line_drawing: indexes.map(|index| cursor.charsets[index] == StandardCharset::SpecialCharacterAndLineDrawing),
    }
}

fn colors(machine: &Machine) -> BTreeMap<String, String> {
    let named = |index: u16| match index.checked_sub(DYNAMIC) {
        None => format!("palette {index}"),
        Some(10) => "foreground".to_owned(),
        Some(11) => "background".to_owned(),
        Some(_) => "cursor".to_owned(),
    };
    machine.palette.0.iter().map(|(index, [r, g, b])| (named(*index), format!("#{r:02x}{g:02x}{b:02x}"))).collect()
}
