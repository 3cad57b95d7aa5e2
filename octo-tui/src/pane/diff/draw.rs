//! How rows look.

use std::ops::Range;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
    widgets::Widget,
};

use super::{
    DiffPane,
    file::{FileView, Side, word_marks},
    parse::Kind,
    rows::{Columns, Row, Spot, is_folded, parts},
};
use crate::{
    pane::Look,
    text::{
        clean::clean_line,
        wrap::{spans_width, truncate, width},
    },
    theme::Theme,
};

impl DiffPane {
    /// Draws the rows that are seen.
    pub(super) fn draw_rows(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let chosen = self.chosen();
        let rows = self.rows.iter().enumerate().skip(self.top).take(usize::from(area.height));
        for (line, (at, row)) in (0..area.height).zip(rows) {
            let is_chosen = chosen.contains(&at) || self.rows.get(self.cursor).is_some_and(|it| it.spot == row.spot);
            let spans = self.row(row, look.theme, is_chosen && look.focused);
            let place = Rect { y: area.y + line, height: 1, ..area };
            Line::from(spans).render(place, buffer);
        }
    }

    fn row(&self, row: &Row, theme: &Theme, is_chosen: bool) -> Vec<Span<'static>> {
        let patch = |style: Style| if is_chosen { style.patch(theme.chosen) } else { style };
        let fill = |mut spans: Vec<Span<'static>>, with: &str, style| {
            let rest = self.columns.width.saturating_sub(spans_width(&spans));
            spans.push(Span::styled(with.repeat(rest), style));
            spans
        };
        match row.spot {
            Spot::Side(side) => {
                let spans = vec![Span::styled(format!("── {} ", self.heading(side)), patch(theme.accent))];
                fill(spans, "─", patch(theme.border))
            }
            Spot::File(file) => {
                let spans = self.files.get(file).map(|file| self.name(file, theme)).unwrap_or_default();
                let spans =
                    spans.into_iter().map(|span| span.patch_style(if is_chosen { theme.chosen } else { Style::new() }));
                fill(spans.collect(), " ", patch(Style::new()))
            }
            Spot::Hunk(file, hunk) => {
                let Some(hunk) = self.files.get(file).and_then(|file| file.hunks.get(hunk)) else { return Vec::new() };
                let head = hunk.source.lines().next().unwrap_or_default();
                let numbers = head.rfind("@@").filter(|at| *at > 0).map_or("@@", |at| &head[..at + 2]);
                let spans = vec![
                    Span::styled(clean_line(numbers), patch(theme.accent)),
                    Span::styled(format!(" {}", hunk.heading), patch(theme.dim)),
                    Span::styled(if hunk.whole { "" } else { " (not whole)" }, patch(theme.warn)),
                ];
                fill(spans, " ", patch(Style::new()))
            }
            Spot::Cut(_) => {
                vec![Span::styled("  … the rest is too long to be shown here; Enter opens the file", patch(theme.warn))]
            }
            Spot::Line { file, hunk, old, new } => {
                let Some(file) = self.files.get(file) else { return Vec::new() };
                let side = Beside { file, hunk, part: row.part, columns: self.columns, theme, is_chosen };
                if !self.columns.split {
                    return side.spans(old, new);
                }
                let mut spans = fit(side.spans(old, None), self.columns.side());
                spans.push(Span::styled("│", theme.border));
                spans.extend(side.spans(None, new));
                spans
            }
        }
    }

    fn heading(&self, side: Side) -> String {
        let of_side: Vec<_> = self.files.iter().filter(|file| file.side == side).collect();
        let what = match side {
            Side::Staged => "staged",
            Side::Unstaged => "not staged",
            Side::Made => "made",
        };
        let files = if of_side.len() == 1 { "file" } else { "files" };
        format!("{what}: {} {files}", of_side.len())
    }

    fn name(&self, file: &FileView, theme: &Theme) -> Vec<Span<'static>> {
        let arrow = match (file.hunks.is_empty(), is_folded(&self.folds, file)) {
            (true, _) => "  ",
            (false, true) => "▸ ",
            (false, false) => "▾ ",
        };
        let notes = file.notes.join(", ");
        let room = self.columns.width.saturating_sub(width(&notes) + 14).max(12);
        let (added, gone) = file.counts;
        let mut spans =
            vec![Span::styled(arrow, theme.dim), Span::styled(truncate(&clean_line(&file.path), room), theme.strong)];
        if added > 0 {
            spans.push(Span::styled(format!(" +{added}"), theme.good));
        }
        if gone > 0 {
            spans.push(Span::styled(format!(" -{gone}"), theme.bad));
        }
        if file.cut {
            spans.push(Span::styled(" and more", theme.warn));
        }
        spans.push(Span::styled(format!("  {notes}"), theme.dim));
        spans
    }
}

/// Spans that take exactly so many columns.
fn fit(mut spans: Vec<Span<'static>>, columns: usize) -> Vec<Span<'static>> {
    let rest = columns.saturating_sub(spans_width(&spans));
    spans.push(Span::raw(" ".repeat(rest)));
    spans
}

/// What is needed to draw a part of a line, whole or one side of it.
struct Beside<'a> {
    file: &'a FileView,
    hunk: usize,
    part: usize,
    columns: Columns,
    theme: &'a Theme,
    is_chosen: bool,
}

impl Beside<'_> {
    fn spans(&self, old: Option<usize>, new: Option<usize>) -> Vec<Span<'static>> {
        let (columns, theme) = (self.columns, self.theme);
        let gutter = if self.is_chosen { theme.dim.patch(theme.chosen) } else { theme.dim };
        let at = new.or(old);
        let hunk = self.file.hunks.get(self.hunk);
        let line = at.and_then(|at| hunk?.lines.get(at));
        let parts = line.map(|line| parts(&line.shown, columns.room())).unwrap_or_default();
        let (Some(at), Some(hunk), Some(line), Some(part)) = (at, hunk, line, parts.get(self.part)) else {
            // The other side is longer.
            return vec![Span::styled(" ".repeat(columns.gutter() - 1), gutter)];
        };
        let digits = columns.digits;
        let number = |number: Option<u64>| match number.filter(|_| self.part == 0) {
            Some(number) => format!("{number:>digits$} "),
            None => " ".repeat(digits + 1),
        };
        let (sign, style) = match line.kind {
            Kind::Context => (" ", theme.text),
            Kind::Added => ("+", theme.good),
            Kind::Removed => ("-", theme.bad),
        };
        let numbers = if columns.has_both() {
            number(line.old) + &number(line.new)
        } else if new.is_none() {
            number(line.old)
        } else {
            number(line.new)
        };
        let sign_style = if self.is_chosen { style.patch(theme.chosen) } else { style };
        let mut spans = vec![Span::styled(numbers, gutter), Span::styled(sign, sign_style), Span::raw(" ")];
        spans.extend(marked(&line.shown, part, &word_marks(hunk, at), style));
        if line.open && self.part + 1 == parts.len() {
            let room = columns.room().saturating_sub(width(&line.shown[part.clone()]));
            spans.push(Span::styled(truncate(" no end of line", room), theme.dim));
        }
        spans
    }
}

/// A part of a text, with what is marked in it.
fn marked(text: &str, part: &Range<usize>, marks: &[Range<usize>], style: Style) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    let mut at = part.start;
    let mut push = |range: Range<usize>, style| {
        if !range.is_empty() {
            spans.push(Span::styled(text[range].to_owned(), style));
        }
    };
    for mark in marks {
        let (start, end) = (mark.start.clamp(at, part.end), mark.end.clamp(at, part.end));
        push(at..start, style);
        push(start..end, style.add_modifier(Modifier::REVERSED));
        at = end;
    }
    push(at..part.end, style);
    spans
}
