//! Which rows of a file are seen: lines, broken or not, around the current one.

use std::ops::Range;

use super::{
    cells::{breaks, cells},
    text::Text,
};

/// A row: a line, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) line: usize,
    /// Where it begins in the line, in bytes.
    pub(super) from: usize,
    /// Where the next row of the line begins.
    pub(super) to: Option<usize>,
}

/// A row of the whole text: a line, and which of its rows.
type Spot = (usize, usize);

/// What is seen.
#[derive(Debug, Default)]
pub(super) struct View {
    /// The current line.
    pub(super) at: usize,
    /// The first column that is seen, of lines that are not broken.
    pub(super) left: usize,
    /// Whether lines are broken.
    pub(super) wrap: bool,
    /// Columns of the line numbers.
    pub(super) gutter: u16,
    pub(super) rows: Vec<Row>,
    top: Spot,
    /// Whether the view goes where the current line is.
    follows: bool,
    columns: usize,
    height: usize,
}

impl View {
    pub(super) fn top_line(&self) -> usize {
        self.top.0
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// Makes a line the current one.
    pub(super) fn go(&mut self, line: usize) {
        (self.at, self.follows) = (line, true);
    }

    /// As [`View::go`], to a line that is not near: it is shown with what stands before it.
    pub(super) fn jump(&mut self, line: usize) {
        self.go(line);
        if line < self.top.0 || line >= self.top.0 + self.height {
            self.top = (line.saturating_sub(self.height / 3), 0);
        }
    }

    /// As [`View::jump`], to a part of a line, by its bytes: that is in sight, as far as it is shown at all.
    pub(super) fn bring(&mut self, line: usize, part: &Range<usize>, text: &Text) {
        self.jump(line);
        let shown = text.line(line);
        if self.wrap {
            let row = self.starts(line, text).iter().rposition(|start| *start <= part.start).unwrap_or(0);
            if self.top > (line, row) || self.top < (line, (row + 1).saturating_sub(self.height)) {
                self.top = (line, row.saturating_sub(self.height / 3));
            }
            return;
        }
        let mut cells = cells(&shown).filter(|cell| part.contains(&cell.at)).map(|cell| (cell.column, cell.width));
        let Some((begin, width)) = cells.next() else { return };
        let end = cells.last().map_or(begin + width, |(column, width)| column + width);
        // The last cell is that of the mark that there is more.
        let room = self.columns.saturating_sub(1);
        if begin < self.left || end > self.left + room {
            self.left = if end <= room { 0 } else { begin.saturating_sub(room / 3) };
        }
    }

    pub(super) fn step(&mut self, by: isize, text: &Text) {
        if !self.follows {
            // After the wheel: from what is seen, not from what was left behind.
            let last = self.rows.last().map_or(self.at, |row| row.line);
            self.at = self.at.clamp(self.top.0.min(last), last);
        }
        let rows = self.starts(self.at, text).len();
        let end = self.back((self.at, rows - 1), self.height.saturating_sub(1), text);
        let is_unread = if by < 0 { self.top > (self.at, 0) } else { self.top < end };
        if rows > self.height && is_unread {
            self.follows = true;
            self.top = self.moved(self.top, by.signum(), text);
        } else {
            self.go(self.at.saturating_add_signed(by).min(text.lines().saturating_sub(1)));
        }
    }

    pub(super) fn pages(&mut self, by: isize, text: &Text) {
        let rows = by * isize::try_from(self.height.max(2) - 1).unwrap_or(1);
        self.top = self.moved(self.top, rows, text);
        self.go(self.moved((self.at, 0), rows, text).0);
    }

    pub(super) fn scroll(&mut self, by: isize, text: &Text) {
        self.follows = false;
        self.top = self.moved(self.top, by, text);
    }

    /// Lays out what is seen in this size.
    pub(super) fn arrange(&mut self, (columns, height): (u16, usize), text: &Text) {
        let lines = text.lines();
        let digits = u16::try_from(lines.max(100).to_string().len()).unwrap_or(8);
        self.gutter = (digits + 1).min(columns / 2);
        self.columns = usize::from(columns - self.gutter).max(1);
        self.height = height;
        self.rows.clear();
        let Some(last) = lines.checked_sub(1) else { return };
        self.at = self.at.min(last);
        self.top.0 = self.top.0.min(last);
        self.top.1 = self.top.1.min(self.starts(self.top.0, text).len() - 1);
        if self.follows {
            self.follow(text);
        }
        let lowest = self.back((last, self.starts(last, text).len() - 1), height.saturating_sub(1), text);
        self.top = self.top.min(lowest);
        self.fill(lines, text);
    }

    fn follow(&mut self, text: &Text) {
        let rows = self.starts(self.at, text).len();
        let (first, last) = ((self.at, 0), (self.at, rows - 1));
        let is_tall = rows > self.height;
        if self.top > if is_tall { last } else { first } {
            self.top = first;
        }
        let lowest = self.back(if is_tall { first } else { last }, self.height.saturating_sub(1), text);
        self.top = self.top.max(lowest);
    }

    fn fill(&mut self, lines: usize, text: &Text) {
        let (mut line, mut skip) = self.top;
        while self.rows.len() < self.height && line < lines {
            let starts = self.starts(line, text);
            let ends = starts.iter().skip(1).map(|start| Some(*start)).chain([None]);
            let rows = starts.iter().zip(ends).map(|(from, to)| Row { line, from: *from, to }).skip(skip);
            self.rows.extend(rows.take(self.height - self.rows.len()));
            (line, skip) = (line + 1, 0);
        }
    }

    fn starts(&self, line: usize, text: &Text) -> Vec<usize> {
        if self.wrap { breaks(&text.line(line), self.columns) } else { vec![0] }
    }

    fn moved(&self, from: Spot, by: isize, text: &Text) -> Spot {
        if by < 0 { self.back(from, by.unsigned_abs(), text) } else { self.on(from, by.unsigned_abs(), text) }
    }

    fn back(&self, (mut line, mut row): Spot, mut by: usize, text: &Text) -> Spot {
        while by > row && line > 0 {
            by -= row + 1;
            line -= 1;
            row = self.starts(line, text).len() - 1;
        }
        (line, row.saturating_sub(by))
    }

    fn on(&self, (mut line, row): Spot, by: usize, text: &Text) -> Spot {
        let mut row = row + by;
        loop {
            let rows = self.starts(line, text).len();
            if row < rows {
                return (line, row);
            }
            if line + 1 >= text.lines() {
                return (line, rows - 1);
            }
            (line, row) = (line + 1, row - rows);
        }
    }

    /// What stands at a column and row of the area: the line, and the bytes of the cell there; behind the end of the line,
    /// its end.
    pub(super) fn place(&self, (column, row): (u16, u16), text: &Text) -> Option<(usize, Range<usize>)> {
        let row = self.rows.get(usize::from(row)).or_else(|| self.rows.last())?;
        let line = text.line(row.line);
        let first = self.first_column(row, &line);
        let wanted = first + usize::from(column.saturating_sub(self.gutter));
        let found = cells(&line)
            .skip_while(|cell| cell.at < row.from)
            .take_while(|cell| row.to.is_none_or(|to| cell.at < to))
            .find(|cell| cell.column + cell.width > wanted);
        let end = row.to.unwrap_or(line.len());
        Some((row.line, found.map_or(end..end, |cell| cell.at..cell.at + cell.len)))
    }

    /// The column of its line that stands at the left.
    pub(super) fn first_column(&self, row: &Row, line: &str) -> usize {
        if self.wrap { cells(line).find(|cell| cell.at >= row.from).map_or(0, |cell| cell.column) } else { self.left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[&str]) -> Text {
        let mut text = Text::default();
        text.push(lines.join("\n").as_bytes());
        text.end();
        text
    }

    fn numbered(count: usize) -> Text {
        let lines: Vec<String> = (0..count).map(|n| format!("line {n}")).collect();
        text(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn seen(view: &mut View, text: &Text) -> (usize, usize, usize) {
        view.arrange((20, 5), text);
        (view.rows[0].line, view.rows[view.rows.len() - 1].line, view.at)
    }

    #[test]
    fn the_view_follows_the_line_and_stays_within_the_text() {
        let text = numbered(100);
        let mut view = View::default();
        assert_eq!(seen(&mut view, &text), (0, 4, 0));
        view.step(6, &text);
        assert_eq!(seen(&mut view, &text), (2, 6, 6));
        view.pages(1, &text);
        assert_eq!(seen(&mut view, &text), (6, 10, 10));
        view.go(99);
        assert_eq!(seen(&mut view, &text), (95, 99, 99));
        view.pages(-1, &text);
        assert_eq!(seen(&mut view, &text), (91, 95, 95));
        view.jump(50);
        assert_eq!(seen(&mut view, &text), (49, 53, 50));
        view.scroll(-20, &text);
        assert_eq!(seen(&mut view, &text), (29, 33, 50));
        view.step(1, &text);
        assert_eq!(seen(&mut view, &text), (30, 34, 34));
        view.scroll(500, &text);
        assert_eq!(seen(&mut view, &text), (95, 99, 34));
    }

    #[test]
    fn a_line_that_is_taller_than_the_view_can_be_read_whole() {
        let long = "abcdefghij".repeat(12);
        let text = text(&["first", &long, "last"]);
        let mut view = View { wrap: true, ..View::default() };
        view.arrange((15, 5), &text);
        view.step(1, &text);
        let mut rows = std::collections::BTreeSet::new();
        for _ in 0..20 {
            view.arrange((15, 5), &text);
            rows.extend(view.rows.iter().filter(|row| row.line == 1).map(|row| row.from));
            if view.at == 1 {
                view.step(1, &text);
            }
        }
        assert_eq!((rows.len(), view.at), (11, 2));
        for _ in 0..20 {
            view.arrange((15, 5), &text);
            view.step(-1, &text);
        }
        view.arrange((15, 5), &text);
        assert_eq!((view.at, view.top), (0, (0, 0)));
    }
}
