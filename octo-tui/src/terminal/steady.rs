//! A backend for terminals that do not agree how wide a character is: joined emoji, flags and marks that take space. Each
//! row with one of those is cleared and drawn whole, and what follows such a character is placed, not assumed. It also tells
//! the terminal of links beneath the text (OSC 8), which a buffer of cells does not know of.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    io::{self, Write},
    rc::Rc,
};

use ratatui::{
    backend::{Backend, ClearType, WindowSize},
    buffer::{Buffer, Cell, CellDiffOption},
    layout::{Position, Rect, Size},
    style::Modifier,
};
use unicode_width::UnicodeWidthStr;

use crate::pane::Linked;

/// Where pixels are: cells that are not text, and in which no text may be drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Pixels(Rc<RefCell<HashSet<(u16, u16)>>>);

impl Pixels {
    /// Finds them in what is to be drawn.
    pub(super) fn find(&self, buffer: &Buffer) {
        let mut cells = self.0.borrow_mut();
        cells.clear();
        let drawn = buffer.content.iter().enumerate().filter(|(_, cell)| is_pixels(cell));
        cells.extend(drawn.map(|(at, _)| buffer.pos_of(at)));
    }

    fn are_at(&self, x: u16, y: u16) -> bool {
        self.0.borrow().contains(&(x, y))
    }

    fn are_in(&self, y: u16) -> bool {
        self.0.borrow().iter().any(|(_, row)| *row == y)
    }
}

/// What cells link to, by column and row.
type LinkedCells = HashMap<(u16, u16), Rc<str>>;

/// Where links are in the frame that is to be drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Links(Rc<RefCell<LinkedCells>>);

impl Links {
    /// These, but where something lies over them: their text is underlined.
    pub(super) fn set(&self, links: Vec<Linked>, buffer: &Buffer) {
        let seen = |(at, _): &Linked| buffer.cell(*at).is_some_and(|cell| cell.modifier.contains(Modifier::UNDERLINED));
        *self.0.borrow_mut() = links.into_iter().filter(seen).collect();
    }
}

/// Whether a cell is a part of a picture in pixels: its symbol is a command, or it must be left alone.
fn is_pixels(cell: &Cell) -> bool {
    cell.diff_option != CellDiffOption::None
}

/// Draws through another backend.
#[derive(Debug)]
pub(super) struct Steady<B> {
    inner: B,
    /// What is on the screen.
    shown: Buffer,
    pixels: Pixels,
    links: Links,
    /// The links that are on the screen.
    linked: LinkedCells,
    /// Where the cursor stands, and whether it is seen, where that is known: what is so already is not written again.
    cursor: Option<Position>,
    seen: Option<bool>,
}

impl<B: Backend<Error = io::Error> + Write> Steady<B> {
    pub(super) fn new(inner: B, pixels: Pixels, links: Links) -> Self {
        let shown = Buffer::empty(Rect::ZERO);
        Self { inner, shown, pixels, links, linked: HashMap::new(), cursor: None, seen: None }
    }

    /// Takes in which links are wanted; where they are others than there were.
    fn take_links(&mut self) -> Vec<(u16, u16)> {
        let wanted = self.links.0.borrow();
        let before = self.linked.iter().filter(|(at, link)| wanted.get(*at) != Some(*link));
        let now = wanted.iter().filter(|(at, _)| !self.linked.contains_key(*at));
        let moved: HashSet<(u16, u16)> = before.chain(now).map(|(at, _)| *at).collect();
        if !moved.is_empty() {
            self.linked = wanted.clone();
        }
        moved.into_iter().collect()
    }

    /// The cells at these places as they are shown, but for the second half of a wide character.
    fn shown_at(&self, places: impl Iterator<Item = (u16, u16)>) -> Vec<(u16, u16, Cell)> {
        let is_half = |x: u16, y| x > 0 && self.shown[(x - 1, y)].symbol().width() > 1;
        let inside = |place: &(u16, u16)| self.shown.area.contains(Position::from(*place));
        let whole = places.filter(inside).filter(|(x, y)| !is_half(*x, *y) && !self.pixels.are_at(*x, *y));
        let mut cells: Vec<_> = whole.map(|(x, y)| (x, y, self.shown[(x, y)].clone())).collect();
        cells.sort_unstable_by_key(|(x, y, _)| (*y, *x));
        cells
    }

    fn is_doubtful(&self, y: u16) -> bool {
        (0..self.shown.area.width).any(|x| is_doubtful(self.shown[(x, y)].symbol()))
    }

    /// Draws a row anew, in runs that end with each doubtful character. A picture in it stays.
    fn draw_row(&mut self, y: u16) -> io::Result<()> {
        if !self.pixels.are_in(y) {
            self.inner.set_cursor_position((0, y))?;
            self.inner.clear_region(ClearType::UntilNewLine)?;
        }
        let mut run: Vec<(u16, u16, &Cell)> = Vec::new();
        let mut x = 0;
        while x < self.shown.area.width {
            if self.pixels.are_at(x, y) {
                x += 1;
                continue;
            }
            let cell = &self.shown[(x, y)];
            run.push((x, y, cell));
            if is_doubtful(cell.symbol()) {
                put(&mut self.inner, &self.linked, &run)?;
                run.clear();
            }
            x += u16::try_from(cell.symbol().width()).unwrap_or(1).max(1);
        }
        put(&mut self.inner, &self.linked, &run)
    }
}

/// Draws cells, and says what they link to.
fn put<B: Backend<Error = io::Error> + Write>(
    inner: &mut B,
    linked: &LinkedCells,
    cells: &[(u16, u16, &Cell)],
) -> io::Result<()> {
    let link = |(x, y, _): &(u16, u16, &Cell)| linked.get(&(*x, *y));
    if linked.is_empty() {
        return inner.draw(cells.iter().copied());
    }
    for run in cells.chunk_by(|one, other| link(one) == link(other)) {
        match run.first().and_then(link) {
            Some(link) => {
                inner.write_all(format!("\x1b]8;;{link}\x1b\\").as_bytes())?;
                inner.draw(run.iter().copied())?;
                inner.write_all(b"\x1b]8;;\x1b\\")?;
            }
            None => inner.draw(run.iter().copied())?,
        }
    }
    Ok(())
}

/// Whether terminals may differ in how wide they show this: all but a letter with accents above or below it.
fn is_doubtful(symbol: &str) -> bool {
    symbol.chars().skip(1).any(|c| !('\u{300}'..='\u{36f}').contains(&c))
}

impl<B: Backend<Error = io::Error> + Write> Backend for Steady<B> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let size = self.inner.size()?;
        let area = Rect::new(0, 0, size.width, size.height);
        if self.shown.area != area {
            self.shown = Buffer::empty(area);
        }
        let mut content = content.peekable();
        let moved = self.take_links();
        if content.peek().is_none() && moved.is_empty() {
            return Ok(());
        }
        self.cursor = None;
        let (pixels, updates): (Vec<_>, Vec<_>) = content
            .filter(|(x, y, _)| area.contains(Position::new(*x, *y)))
            .partition(|(_, _, cell): &(u16, u16, &Cell)| is_pixels(cell));
        let drawn: HashSet<(u16, u16)> = updates.iter().map(|(x, y, _)| (*x, *y)).collect();
        let moved: Vec<(u16, u16)> = moved.into_iter().filter(|place| !drawn.contains(place)).collect();
        let mut rows: Vec<u16> = drawn.iter().chain(&moved).map(|(_, y)| *y).filter(|y| *y < area.height).collect();
        rows.sort_unstable();
        rows.dedup();
        let doubtful_before: Vec<bool> = rows.iter().map(|y| self.is_doubtful(*y)).collect();
        for (x, y, cell) in &updates {
            self.shown[(*x, *y)] = (*cell).clone();
            let covered = x + u16::try_from(cell.symbol().width()).unwrap_or(1);
            for hidden in (x + 1)..covered.min(area.width) {
                self.shown[(hidden, *y)].reset();
            }
        }
        let anew: Vec<u16> = rows
            .into_iter()
            .zip(doubtful_before)
            .filter(|(y, before)| *before || self.is_doubtful(*y))
            .map(|(y, _)| y)
            .collect();
        let moved = self.shown_at(moved.into_iter().filter(|(_, y)| !anew.contains(y)));
        let mut cells: Vec<_> = updates.into_iter().filter(|(_, y, _)| !anew.contains(y)).collect();
        cells.extend(moved.iter().map(|(x, y, cell)| (*x, *y, cell)));
        put(&mut self.inner, &self.linked, &cells)?;
        anew.into_iter().try_for_each(|y| self.draw_row(y))?;
        for (x, y, _) in &pixels {
            self.shown[(*x, *y)].reset();
        }
        self.inner.draw(pixels.into_iter())
    }

    fn clear(&mut self) -> io::Result<()> {
        (self.cursor, self.seen) = (None, None);
        self.shown.reset();
        self.linked.clear();
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        (self.cursor, self.seen) = (None, None);
        self.shown.reset();
        self.linked.clear();
        self.inner.clear_region(clear_type)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        match self.seen.replace(false) {
            Some(false) => Ok(()),
            _ => self.inner.hide_cursor(),
        }
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        match self.seen.replace(true) {
            Some(true) => Ok(()),
            _ => self.inner.show_cursor(),
        }
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        match self.cursor.replace(position) {
            Some(before) if before == position => Ok(()),
            _ => self.inner.set_cursor_position(position),
        }
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests;
