//! Draws the tree, or what a search by name found.

use octo_proto::{
    Error,
    files::{EntryKind, FileEntry, FoundFile},
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    text::{Line, Span},
};

use super::{
    TreePane,
    directories::name,
    find::Find,
    rows::{Row, What},
};
use crate::{
    pane::{Look, field::end_of},
    text::{
        clean::clean_line,
        wrap::{Break, Prefix, spans_width, truncate, wrap},
    },
    theme::Theme,
};

/// Deeper than this, lines are not indented further.
const DEEPEST: u16 = 40;

pub(super) fn draw(pane: &TreePane, area: Rect, buffer: &mut Buffer, look: &Look<'_>) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    match &pane.find {
        Some(find) => Some(draw_found(find, area, buffer, look)),
        None => {
            draw_rows(pane, area, buffer, look);
            None
        }
    }
}

fn draw_rows(pane: &TreePane, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let rows = pane.rows.all.iter().enumerate().skip(pane.rows.top);
    for ((index, row), y) in rows.zip(area.y..area.bottom()) {
        let area = Rect { y, height: area.bottom() - y, ..area };
        if let What::Failed(path) = &row.what {
            let error = pane.directories.get(path).and_then(|(_, directory)| directory.error.as_ref());
            // The whole of it where nothing stands below.
            let height = if path.is_empty() { area.height } else { 1 };
            draw_error(error, Rect { height, ..indented(row, area) }, buffer, look.theme);
        } else {
            draw_row(pane, row, area, (buffer, look.theme));
        }
        if index == pane.rows.at && look.focused && !matches!(row.what, What::Failed(_) | What::Waiting) {
            buffer.set_style(Rect { height: 1, ..area }, look.theme.chosen);
        }
    }
}

fn indented(row: &Row, area: Rect) -> Rect {
    let indent = (row.depth.min(DEEPEST) * 2).min(area.width / 2);
    Rect { x: area.x + indent, width: area.width - indent, ..area }
}

fn draw_row(pane: &TreePane, row: &Row, area: Rect, (buffer, theme): (&mut Buffer, &Theme)) {
    let path = row.path(&pane.directories);
    let mark = path.and_then(|path| pane.marks.get(path));
    let inner = indented(row, area);
    let room = usize::from(inner.width.saturating_sub(4));
    let (sign, name, style) = match (&row.what, row.entry(&pane.directories)) {
        (_, Some(entry)) => shown(entry, pane.directories.is_open(&entry.path), theme),
        (What::Gone(path), _) => ("  ", name(path), theme.dim),
        (What::More(_), _) => ("  ", "…", theme.dim),
        (What::Waiting, _) => ("  ", "reading…", theme.dim),
        (What::Empty, _) => ("  ", "empty", theme.dim),
        (What::Entry(..) | What::Failed(_), None) => return,
    };
    let style = mark.map_or(style, |mark| style.patch(mark.style(theme)));
    buffer.set_stringn(inner.x, inner.y, sign, usize::from(inner.width), theme.dim);
    buffer.set_stringn(inner.x + 2.min(inner.width), inner.y, truncate(&clean_line(name), room), room, style);
    if let Some(mark) = mark.filter(|_| area.width > 4) {
        buffer.set_string(area.right() - 2, area.y, mark.letter().to_string(), mark.style(theme));
    }
}

fn shown<'a>(entry: &'a FileEntry, open: bool, theme: &Theme) -> (&'static str, &'a str, Style) {
    let name = name(&entry.path);
    match entry.kind {
        EntryKind::Directory => (if open { "▾ " } else { "▸ " }, name, theme.strong),
        EntryKind::File => ("  ", name, theme.text),
        EntryKind::Link => ("→ ", name, theme.text),
        EntryKind::Other => ("◇ ", name, theme.dim),
    }
}

fn draw_error(error: Option<&Error>, area: Rect, buffer: &mut Buffer, theme: &Theme) {
    let mut lines = Vec::new();
    let prefix = Prefix::default();
    let text = error.map_or("", |error| error.message.as_str());
    let hint = error.and_then(|error| error.hint.as_deref());
    for (text, style) in [(Some(text), theme.bad), (hint, theme.dim)] {
        let span = text.map(|text| Span::styled(clean_line(text), style));
        span.into_iter().for_each(|span| wrap(&[span], usize::from(area.width), (&prefix, Break::Words), &mut lines));
    }
    if area.height == 1 {
        let text = error.map(|error| truncate(&clean_line(&error.message), usize::from(area.width)));
        lines = vec![Line::styled(text.unwrap_or_default(), theme.bad)];
    }
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

fn draw_found(find: &Find, area: Rect, buffer: &mut Buffer, look: &Look<'_>) -> Position {
    let theme = look.theme;
    let list = Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area };
    if find.error.is_some() {
        draw_error(find.error.as_ref(), list, buffer, theme);
    } else if find.files.is_empty() && list.height > 0 {
        let text = match (find.field.text().trim().is_empty(), find.is_answered) {
            (true, _) => "type a part of a name",
            (false, true) => "no such file",
            (false, false) => "looking…",
        };
        buffer.set_stringn(list.x, list.y, text, usize::from(list.width), theme.dim);
    }
    for ((index, file), y) in find.files.iter().enumerate().skip(find.top).zip(list.y..list.bottom()) {
        buffer.set_line(list.x, y, &found_line(file, usize::from(list.width), theme), list.width);
        if index == find.at {
            buffer.set_style(Rect { y, height: 1, ..list }, theme.chosen);
        }
    }
    let note = if find.files.is_empty() { String::new() } else { format!("{} ", find.files.len()) };
    find.field.draw(("/", &note), Rect { height: 1, ..area }, buffer, theme)
}

/// A path with what matched in it; of one that is too long the end is shown, since the name is there.
fn found_line(file: &FoundFile, columns: usize, theme: &Theme) -> Line<'static> {
    let matched = |at: usize| u32::try_from(at).is_ok_and(|at| file.matched.contains(&at));
    let mut spans: Vec<Span<'static>> = Vec::new();
    let characters: Vec<(bool, char)> = file.path.chars().enumerate().map(|(at, c)| (matched(at), c)).collect();
    for run in characters.chunk_by(|a, b| a.0 == b.0) {
        let text: String = run.iter().map(|(_, c)| c).collect();
        let style = if run.first().is_some_and(|(matched, _)| *matched) { theme.accent } else { theme.text };
        spans.push(Span::styled(clean_line(&text), style));
    }
    if spans_width(&spans) > columns {
        let end = end_of(&file.path, columns.saturating_sub(1));
        return Line::styled(format!("…{}", clean_line(end)), theme.text);
    }
    Line::from(spans)
}
