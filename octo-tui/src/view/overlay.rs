//! What lies over the conversation: help, lists to choose from, fields to fill, and what must be confirmed.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, BorderType, Clear},
};

use super::{
    composer::Written,
    help::{COLUMNS, Page},
};
use crate::{
    app::App,
    pane::Showing,
    state::{
        composer::Composer,
        hints::Hints,
        layout::CHAT,
        overlay::{Deed, Overlay},
        picker::Picker,
    },
    text::{
        clean::clean_line,
        wrap::{Break, Prefix, truncate, width, wrap},
    },
};

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    match &app.overlay {
        None | Some(Overlay::Sessions { .. }) => {}
        Some(Overlay::Hints(hints)) => draw_hints(app, frame, hints),
        Some(Overlay::Outside { place, showing }) => {
            let text = match showing {
                Showing::File | Showing::Diff => {
                    "This is not in the workspace. It is shown, and cannot be changed here."
                }
                Showing::Editor => "This is not in the workspace. Your editor can change it.",
            };
            draw_confirm(app, frame, &clean_line(&place.path), ("Open it?", text));
        }
        Some(Overlay::Help { scroll }) => draw_help(app, frame, *scroll),
        Some(Overlay::Picker(picker)) => draw_picker(app, frame, picker),
        Some(Overlay::New { directory, harness }) => draw_new(app, frame, directory, *harness),
        Some(Overlay::Rename { title, .. }) => {
            let inner = panel(app, frame, "Rename the session", (60, 1));
            field(app, frame, title, inner);
        }
        Some(Overlay::Confirm { session, deed }) => {
            let title = app.index.get(session).map_or_else(|| session.0.clone(), |entry| entry.info.title.clone());
            let what = match deed {
                Deed::Stop => (
                    "Stop the session?",
                    "Its agent ends; the conversation stays, and the next prompt goes on with it.",
                ),
                Deed::Delete => ("Delete the session?", "Its conversation is gone for ever."),
            };
            draw_confirm(app, frame, &clean_line(&title), what);
        }
        Some(Overlay::End { pane }) => {
            let title = app.workspace.panes.get(pane).map(|pane| pane.title()).unwrap_or_default();
            draw_confirm(app, frame, &title, ("End the terminal?", "All that runs in it is killed."));
        }
    }
}

/// A cleared box in the middle of the screen for content of this size; the area inside its border.
fn panel(app: &App, frame: &mut Frame<'_>, title: &str, (columns, rows): (u16, u16)) -> Rect {
    let theme = &app.options.theme;
    let screen = frame.area();
    let width = (columns + 4).min(screen.width);
    let height = (rows + 2).min(screen.height);
    let area = Rect { x: (screen.width - width) / 2, y: (screen.height - height) / 3, width, height };
    frame.render_widget(Clear, area);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.accent)
        .title_top(Line::styled(format!(" {title} "), theme.strong));
    frame.render_widget(block, area);
    Rect { x: area.x + 2, y: area.y + 1, width: width.saturating_sub(4), height: height.saturating_sub(2) }
}

fn field(app: &App, frame: &mut Frame<'_>, composer: &Composer, area: Rect) {
    let area = Rect { height: area.height.min(1), ..area };
    Written::of(composer, usize::from(area.width)).draw(frame, area, app.options.theme.text, true);
}

fn draw_help(app: &App, frame: &mut Frame<'_>, scroll: u16) {
    let page = Page::new(&app.options.theme, app.options.prefix, app.size);
    let rows = u16::try_from(page.lines.len()).unwrap_or(u16::MAX);
    let scroll = scroll.min(page.last());
    let more = page.more(scroll);
    let title = match app.unknown_events {
        0 => format!("Keys{more}"),
        count => format!("Keys{more}  (octod is newer: {count} events were not understood)"),
    };
    let inner = panel(app, frame, &title, (COLUMNS, rows));
    for (line, y) in page.lines.iter().skip(usize::from(scroll)).zip(inner.y..inner.bottom()) {
        frame.buffer_mut().set_line(inner.x, y, line, inner.width);
    }
}

fn draw_picker(app: &App, frame: &mut Frame<'_>, picker: &Picker) {
    let theme = &app.options.theme;
    let shown = picker.shown();
    let rows = u16::try_from(shown.len()).unwrap_or(u16::MAX).clamp(1, 14);
    let inner = panel(app, frame, picker.title, (70, rows.saturating_add(2)));
    let list = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
    let first = (picker.at + 1).saturating_sub(usize::from(list.height));
    let room = usize::from(list.width);
    if picker.entries.is_none() || shown.is_empty() {
        let text = if picker.entries.is_none() { "asking…" } else { "nothing fits" };
        frame.buffer_mut().set_stringn(list.x, list.y, text, room, theme.dim);
    }
    for (index, (entry, y)) in shown.iter().skip(first).zip(list.y..list.bottom()).enumerate() {
        let note = clean_line(&entry.note);
        let label = truncate(&clean_line(&entry.label), room.saturating_sub(width(&note) + 4));
        let gap = room.saturating_sub(2 + width(&label) + width(&note));
        let line = Line::from(vec![
            Span::styled(if entry.current { "● " } else { "  " }, theme.good),
            Span::styled(label, theme.text),
            Span::raw(" ".repeat(gap)),
            Span::styled(note, theme.dim),
        ]);
        frame.buffer_mut().set_line(list.x, y, &line, list.width);
        if first + index == picker.at {
            frame.buffer_mut().set_style(Rect { y, height: 1, ..list }, theme.chosen);
        }
    }
    if picker.filter.is_empty() {
        frame.buffer_mut().set_stringn(inner.x, inner.y, "type to narrow", room, theme.dim);
    }
    field(app, frame, &picker.filter, inner);
}

fn draw_new(app: &App, frame: &mut Frame<'_>, directory: &Composer, harness: usize) {
    let theme = &app.options.theme;
    let inner = panel(app, frame, "New session", (64, 5));
    let harnesses = app.harnesses.as_deref().unwrap_or_default();
    let mut line = vec![Span::styled("agent      ", theme.dim)];
    for (index, known) in harnesses.iter().enumerate() {
        let style = match (index == harness, known.usable) {
            (true, _) => theme.chosen,
            (false, true) => theme.text,
            (false, false) => theme.dim,
        };
        line.push(Span::styled(format!(" {} ", clean_line(&known.name)), style));
    }
    if harnesses.is_empty() {
        line.push(Span::styled("asking…", theme.dim));
    }
    let problem = harnesses
        .get(harness)
        .filter(|known| !known.usable)
        .map(|known| format!("{}; {}", known.problem.as_deref().unwrap_or("it cannot be started"), known.install));
    let keys = if harnesses.len() > 1 {
        "Enter begins · Tab other agent · Esc closes"
    } else {
        "Enter begins · Esc closes"
    };
    let last = match problem {
        Some(problem) => Line::styled(clean_line(&problem), theme.bad),
        None => Line::styled(keys, theme.dim),
    };
    for (line, y) in [Line::styled("directory  ", theme.dim), Line::from(line), Line::default(), last]
        .iter()
        .zip(inner.y..inner.bottom())
    {
        frame.buffer_mut().set_line(inner.x, y, line, inner.width);
    }
    let area = Rect { x: inner.x + 11, width: inner.width.saturating_sub(11), ..inner };
    field(app, frame, directory, area);
}

/// Labels stand before what they open, in the margin where there is one.
fn draw_hints(app: &App, frame: &mut Frame<'_>, hints: &Hints) {
    let pane = app.workspace.places.of(hints.pane).map(super::panes::inner);
    let area = if hints.pane == CHAT { app.areas.transcript } else { pane.unwrap_or_default() };
    for (label, hint) in hints.open() {
        let (Ok(row), Ok(column)) = (u16::try_from(hint.row), u16::try_from(hint.column)) else { continue };
        let columns = u16::try_from(label.len()).unwrap_or(1);
        let (x, y) = (area.x + column.saturating_sub(columns), area.y + row);
        if y < area.bottom() && x + columns <= area.right() {
            frame.buffer_mut().set_string(x, y, label, app.options.theme.chosen);
        }
    }
}

fn draw_confirm(app: &App, frame: &mut Frame<'_>, title: &str, (head, text): (&str, &str)) {
    let theme = &app.options.theme;
    let mut lines = Vec::new();
    let prefix = Prefix::default();
    for (text, style) in
        [(title, theme.strong), (text, theme.text), ("", theme.text), ("y does it · any other key does not", theme.dim)]
    {
        wrap(&[Span::styled(text.to_owned(), style)], 56, (&prefix, Break::Words), &mut lines);
    }
    let inner = panel(app, frame, head, (56, u16::try_from(lines.len()).unwrap_or(1)));
    for (line, y) in lines.iter().zip(inner.y..inner.bottom()) {
        frame.buffer_mut().set_line(inner.x, y, line, inner.width);
    }
}
