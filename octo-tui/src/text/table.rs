//! A table of Markdown as lines: columns as wide as they need, narrowed where they would not fit.

use ratatui::text::{Line, Span};

use super::wrap::{Break, Prefix, spans_width, wrap};
use crate::theme::Theme;

/// No column is made narrower than this.
const NARROWEST: usize = 4;

/// Rows of cells; the first row is the head.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Vec<Vec<Span<'static>>>>,
}

impl Table {
    pub(super) fn begin_row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn push(&mut self, cell: Vec<Span<'static>>) {
        if let Some(row) = self.rows.last_mut() {
            row.push(cell);
        }
    }

    pub(super) fn render(self, columns: usize, lead: &Prefix, theme: &Theme) -> Vec<Line<'static>> {
        let mut out = Vec::new();
        let widths = self.widths(columns.saturating_sub(lead.width()));
        let mut lead_spans = lead.first.clone();
        for (index, row) in self.rows.into_iter().enumerate() {
            let head = index == 0;
            for line in render_row(&row, &widths, head, theme) {
                let mut spans = std::mem::replace(&mut lead_spans, lead.rest.clone());
                spans.extend(line);
                out.push(Line::from(spans));
            }
            if head {
                let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
                let mut spans = lead_spans.clone();
                spans.push(Span::styled(rules.join("─┼─"), theme.dim));
                out.push(Line::from(spans));
            }
        }
        out
    }

    /// The widest column gives way until all fit.
    fn widths(&self, room: usize) -> Vec<usize> {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| spans_width(cell)).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..count).map(|column| widest(column).max(1)).collect();
        let separators = 3 * count.saturating_sub(1);
        while widths.iter().sum::<usize>() + separators > room {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
        widths
    }
}

fn render_row(row: &[Vec<Span<'static>>], widths: &[usize], head: bool, theme: &Theme) -> Vec<Vec<Span<'static>>> {
    let cells: Vec<Vec<Line<'static>>> = widths
        .iter()
        .enumerate()
        .map(|(column, width)| {
            let mut lines = Vec::new();
            let cell = row.get(column).map_or(&[][..], Vec::as_slice);
            wrap(cell, *width, (&Prefix::default(), Break::Words), &mut lines);
            lines
        })
        .collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    (0..height).map(|line| join_cells(&cells, widths, line, head, theme)).collect()
}

fn join_cells(
    cells: &[Vec<Line<'static>>],
    widths: &[usize],
    line: usize,
    head: bool,
    theme: &Theme,
) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if column > 0 {
            spans.push(Span::styled(" │ ", theme.dim));
        }
        let content = cell.get(line).map(|line| line.spans.clone()).unwrap_or_default();
        let missing = width.saturating_sub(spans_width(&content));
        spans.extend(content.into_iter().map(|span| if head { span.patch_style(theme.strong) } else { span }));
        if column + 1 < widths.len() {
            spans.push(Span::raw(" ".repeat(missing)));
        }
    }
    spans
}
