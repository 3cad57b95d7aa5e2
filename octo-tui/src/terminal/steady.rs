//! A backend for terminals that do not agree how wide a character is: joined emoji, flags and marks that take space. Each
//! row with one of those is cleared and drawn whole, and what follows such a character is placed, not assumed.

use std::{cell::RefCell, collections::HashSet, io, rc::Rc};

use ratatui::{
    backend::{Backend, ClearType, WindowSize},
    buffer::{Buffer, Cell, CellDiffOption},
    layout::{Position, Rect, Size},
};
use unicode_width::UnicodeWidthStr;

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
    /// Where the cursor stands, and whether it is seen, where that is known: what is so already is not written again.
    cursor: Option<Position>,
    seen: Option<bool>,
}

impl<B: Backend<Error = io::Error>> Steady<B> {
    pub(super) fn new(inner: B, pixels: Pixels) -> Self {
        Self { inner, shown: Buffer::empty(Rect::ZERO), pixels, cursor: None, seen: None }
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
                self.inner.draw(run.drain(..))?;
            }
            x += u16::try_from(cell.symbol().width()).unwrap_or(1).max(1);
        }
        self.inner.draw(run.into_iter())
    }
}

/// Whether terminals may differ in how wide they show this: all but a letter with accents above or below it.
fn is_doubtful(symbol: &str) -> bool {
    symbol.chars().skip(1).any(|c| !('\u{300}'..='\u{36f}').contains(&c))
}

impl<B: Backend<Error = io::Error>> Backend for Steady<B> {
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
        if content.peek().is_none() {
            return Ok(());
        }
        self.cursor = None;
        let (pixels, updates): (Vec<_>, Vec<_>) = content
            .filter(|(x, y, _)| area.contains(Position::new(*x, *y)))
            .partition(|(_, _, cell): &(u16, u16, &Cell)| is_pixels(cell));
        let mut rows: Vec<u16> = updates.iter().map(|(_, y, _)| *y).collect();
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
        self.inner.draw(updates.into_iter().filter(|(_, y, _)| !anew.contains(y)))?;
        anew.into_iter().try_for_each(|y| self.draw_row(y))?;
        for (x, y, _) in &pixels {
            self.shown[(*x, *y)].reset();
        }
        self.inner.draw(pixels.into_iter())
    }

    fn clear(&mut self) -> io::Result<()> {
        (self.cursor, self.seen) = (None, None);
        self.shown.reset();
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        (self.cursor, self.seen) = (None, None);
        self.shown.reset();
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
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    /// Writes down what a backend is told.
    #[derive(Default)]
    struct Notes(Vec<String>);

    impl Backend for Notes {
        type Error = io::Error;

        fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
            let cells: Vec<_> = content.collect();
            if let Some((x, y, _)) = cells.first() {
                let text: String = cells.iter().map(|(_, _, cell)| cell.symbol()).collect();
                self.0.push(format!("{x},{y} {}", text.trim_end()));
            }
            Ok(())
        }
        fn clear(&mut self) -> io::Result<()> {
            Ok(())
        }
        fn clear_region(&mut self, _: ClearType) -> io::Result<()> {
            self.0.push("clear line".to_owned());
            Ok(())
        }
        fn hide_cursor(&mut self) -> io::Result<()> {
            self.0.push("hide".to_owned());
            Ok(())
        }
        fn show_cursor(&mut self) -> io::Result<()> {
            self.0.push("show".to_owned());
            Ok(())
        }
        fn get_cursor_position(&mut self) -> io::Result<Position> {
            Ok(Position::ORIGIN)
        }
        fn set_cursor_position<P: Into<Position>>(&mut self, at: P) -> io::Result<()> {
            let at = at.into();
            self.0.push(format!("to {},{}", at.x, at.y));
            Ok(())
        }
        fn size(&self) -> io::Result<Size> {
            Ok(Size::new(12, 2))
        }
        fn window_size(&mut self) -> io::Result<WindowSize> {
            Ok(WindowSize { columns_rows: Size::new(12, 2), pixels: Size::ZERO })
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn change(steady: &mut Steady<Notes>, before: &Buffer, lines: [&str; 2]) -> Buffer {
        let mut after = Buffer::empty(before.area);
        for (y, line) in (0..).zip(lines) {
            after.set_string(0, y, line, ratatui::style::Style::new());
        }
        steady.inner.0.clear();
        steady.draw(before.diff(&after).into_iter()).unwrap();
        after
    }

    #[test]
    fn only_rows_with_a_doubtful_character_are_drawn_whole() {
        let mut steady = Steady::new(Notes::default(), Pixels::default());
        let blank = Buffer::empty(Rect::new(0, 0, 12, 2));
        let first = change(&mut steady, &blank, ["abc", "e\u{301}日x"]);
        assert_eq!(steady.inner.0, ["0,0 abce\u{301}日x"]);
        let second = change(&mut steady, &first, ["a👩\u{200d}👩c", "e\u{301}日y"]);
        assert_eq!(steady.inner.0, ["3,1 y", "to 0,0", "clear line", "0,0 a👩\u{200d}👩", "3,0 c"]);
        change(&mut steady, &second, ["abc", "e\u{301}日y"]);
        assert_eq!(steady.inner.0, ["to 0,0", "clear line", "0,0 abc"]);
    }

    #[test]
    fn what_is_so_already_is_not_written_again() {
        let mut steady = Steady::new(Notes::default(), Pixels::default());
        let blank = Buffer::empty(Rect::new(0, 0, 12, 2));
        let mut frame = |before: &Buffer, text: &str, cursor: Option<(u16, u16)>| {
            let after = change(&mut steady, before, [text, ""]);
            match cursor {
                None => steady.hide_cursor().unwrap(),
                Some(at) => {
                    steady.show_cursor().unwrap();
                    steady.set_cursor_position(at).unwrap();
                }
            }
            (after, steady.inner.0.clone())
        };
        let (first, told) = frame(&blank, "ab", Some((2, 0)));
        assert_eq!(told, ["0,0 ab", "show", "to 2,0"]);
        let (first, told) = frame(&first, "ab", Some((2, 0)));
        assert_eq!(told, [""; 0]);
        let (first, told) = frame(&first, "ab", Some((3, 0)));
        assert_eq!(told, ["to 3,0"]);
        let (second, told) = frame(&first, "ac", Some((3, 0)));
        assert_eq!(told, ["1,0 c", "to 3,0"], "drawing moves it");
        let (second, _) = frame(&second, "ac", None);
        let (_, told) = frame(&second, "ac", None);
        assert_eq!(told, [""; 0]);
        steady.clear().unwrap();
        steady.inner.0.clear();
        steady.hide_cursor().unwrap();
        assert_eq!(steady.inner.0, ["hide"], "nothing is known of a screen that was cleared");
    }

    #[test]
    fn a_picture_is_sent_once_and_rows_beside_it_do_not_touch_it() {
        let pixels = Pixels::default();
        let mut steady = Steady::new(Notes::default(), pixels.clone());
        let mut frame = |before: &Buffer, text: &str, picture: bool| {
            let mut after = Buffer::empty(before.area);
            after.set_string(0, 0, text, ratatui::style::Style::new());
            if picture {
                after[(8, 0)].set_symbol("<PICTURE>").set_diff_option(CellDiffOption::ForcedWidth(NonZeroU16::MIN));
                for at in [(9, 0), (8, 1), (9, 1)] {
                    after[at].set_diff_option(CellDiffOption::Skip);
                }
            }
            pixels.find(&after);
            steady.inner.0.clear();
            steady.draw(before.diff(&after).into_iter()).unwrap();
            (after, steady.inner.0.clone())
        };
        let blank = Buffer::empty(Rect::new(0, 0, 12, 2));
        let (first, told) = frame(&blank, "ab", true);
        assert_eq!(told, ["0,0 ab", "8,0 <PICTURE>"]);
        let (second, told) = frame(&first, "a👩\u{200d}👩c", true);
        assert_eq!(told, ["0,0 a👩\u{200d}👩", "3,0 c"], "the row is drawn anew around it");
        let (third, told) = frame(&second, "a👩\u{200d}👩c", true);
        assert_eq!(told, [""; 0]);
        let (_, told) = frame(&third, "abc", false);
        assert_eq!(told, ["8,1 ", "to 0,0", "clear line", "0,0 abc"], "what was beneath it is drawn");
    }
}
