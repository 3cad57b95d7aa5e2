//! Draws a file: numbers, text, what matches, and what there is to say below it.

use std::ops::Range;

use octo_proto::{Code, Error};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    text::Span,
};

use super::{FilePane, cells::cells, view::Row};
use crate::{
    pane::Look,
    syntax::Token,
    text::{
        clean::clean_line,
        size::size,
        wrap::{Break, Prefix, truncate, wrap},
    },
    theme::Theme,
};

pub(super) fn draw(pane: &FilePane, area: Rect, buffer: &mut Buffer, look: &Look<'_>) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    match instead(pane) {
        Some((text, hint, is_error)) => {
            let style = if is_error { look.theme.bad } else { look.theme.dim };
            draw_words(&[(&text, style), (&hint, look.theme.dim)], area, buffer);
        }
        None => {
            let rows = area.height.saturating_sub(u16::from(pane.has_foot()));
            for (row, y) in pane.view.rows.iter().zip(area.y..area.y + rows) {
                draw_row(pane, row, Rect { y, height: 1, ..area }, (buffer, look));
            }
        }
    }
    draw_foot(pane, Rect { y: area.bottom() - 1, height: 1, ..area }, buffer, look.theme)
}

/// What stands where the text would, where there is none.
fn instead(pane: &FilePane) -> Option<(String, String, bool)> {
    let source = &pane.source;
    let words = |text: &str| Some((text.to_owned(), String::new(), false));
    if let Some(Error { code, message, hint, .. }) = &source.error {
        // Links out of the workspace are not followed here; the person's own editor does.
        let hint = if *code == Code::Forbidden { Some("e opens it in your editor".to_owned()) } else { hint.clone() };
        return Some((message.clone(), hint.unwrap_or_default(), true));
    }
    if !source.is_known() {
        return words("reading…");
    }
    if source.binary {
        let hint = "it is not shown as text; e opens it in your editor".to_owned();
        return Some((format!("a binary file of {}", size(source.size)), hint, false));
    }
    if pane.view.rows.is_empty() && source.text.is_ended() { words("the file is empty") } else { None }
}

fn draw_words(words: &[(&str, Style)], area: Rect, buffer: &mut Buffer) {
    let mut lines = Vec::new();
    for (text, style) in words.iter().filter(|(text, _)| !text.is_empty()) {
        let span = Span::styled(clean_line(text), *style);
        wrap(&[span], usize::from(area.width), (&Prefix::default(), Break::Words), &mut lines);
    }
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

fn draw_row(pane: &FilePane, row: &Row, area: Rect, (buffer, look): (&mut Buffer, &Look<'_>)) {
    let (view, theme) = (&pane.view, look.theme);
    let gutter = usize::from(view.gutter);
    if row.from == 0 && gutter > 1 {
        let number = format!("{:>columns$}", row.line + 1, columns = gutter - 1);
        let style = if row.line == view.at { theme.strong } else { theme.dim };
        buffer.set_stringn(area.x, area.y, number, gutter - 1, style);
    }
    if row.line == view.at && look.focused {
        buffer.set_style(Rect { width: view.gutter.saturating_sub(1), ..area }, theme.chosen);
    }
    let line = pane.source.text.line(row.line);
    let matched = pane.search.query.as_ref().map(|query| query.matches(&line)).unwrap_or_default();
    let area = Rect { x: area.x + view.gutter, width: area.width - view.gutter, ..area };
    let first = view.first_column(row, &line);
    let mut style = Styles { parts: pane.colours.of(row.line), matched: &matched, theme };
    let seen =
        cells(&line).skip_while(|cell| cell.at < row.from).take_while(|cell| row.to.is_none_or(|to| cell.at < to));
    let (mut begun, mut end) = (0, first);
    for cell in seen.filter(|cell| cell.column + cell.width > first) {
        let style = style.at(cell.at);
        if cell.column + cell.width - first > usize::from(area.width) {
            draw_more((area, begun), buffer, theme);
            return;
        }
        (begun, end) = (cell.column.saturating_sub(first), cell.column + cell.width);
        // Of a wide character that is cut by the left edge, its half is left blank.
        let (column, text) = match cell.column.checked_sub(first) {
            Some(column) => (column, &*cell.text),
            None => (0, " "),
        };
        buffer.set_stringn(area.x + columns(column), area.y, text, usize::from(area.width) - column, style);
    }
    let beyond = pane.source.text.beyond(row.line);
    if beyond > 0 && row.to.is_none() {
        let note = format!(" … {} more", size(beyond as u64));
        let column = end - first;
        buffer.set_stringn(area.x + columns(column), area.y, note, usize::from(area.width) - column, theme.dim);
    }
}

/// There is more of the line than fits: that takes the place of the last cell, which began at this column.
fn draw_more((area, begun): (Rect, usize), buffer: &mut Buffer, theme: &Theme) {
    let last = area.width.saturating_sub(1);
    let from = columns(begun).min(last);
    let is_covered = usize::from(last - from) < 2;
    for x in if is_covered { from } else { last }..area.width {
        buffer[(area.x + x, area.y)].reset();
    }
    buffer.set_stringn(area.x + last, area.y, "…", usize::from(area.width - last), theme.dim);
}

fn columns(columns: usize) -> u16 {
    u16::try_from(columns).unwrap_or(u16::MAX)
}

/// How the bytes of a line look, asked for in their order.
struct Styles<'a> {
    parts: &'a [(usize, Token)],
    matched: &'a [Range<usize>],
    theme: &'a Theme,
}

impl Styles<'_> {
    fn at(&mut self, at: usize) -> Style {
        while let Some((_, rest)) = self.parts.split_first().filter(|((end, _), _)| *end <= at) {
            self.parts = rest;
        }
        let part = self.parts.first().map_or(self.theme.text, |(_, token)| self.theme.syntax.of(*token));
        if self.matched.iter().any(|range| range.contains(&at)) { part.patch(self.theme.chosen) } else { part }
    }
}

fn draw_foot(pane: &FilePane, area: Rect, buffer: &mut Buffer, theme: &Theme) -> Option<Position> {
    if let Some(field) = &pane.search.field {
        let is_missing = pane.search.query.as_ref().is_some_and(|_| !pane.is_match(pane.view.at));
        let note = match (is_missing, pane.unseen_match()) {
            (true, _) => "no match ",
            (false, Some(_)) => "behind what is shown ",
            (false, None) => "",
        };
        return Some(field.draw(("/", note), area, buffer, theme));
    }
    let note = truncate(&pane.note()?, usize::from(area.width));
    buffer.set_stringn(area.x, area.y, note, usize::from(area.width), theme.dim);
    None
}
