//! The panes beside the conversation: their titles, the lines between them, the tabs, and what is selected.

use std::rc::Rc;

use ratatui::{
    Frame, Terminal,
    backend::TestBackend,
    buffer::{Buffer, CellDiffOption},
    layout::{Position, Rect},
    style::Modifier,
    text::{Line, Span},
};

use crate::{
    app::{App, mouse::Selection},
    pane::{Linked, Look},
    state::layout::{Axis, CHAT, Tab},
    text::wrap::{truncate, width},
};

/// The area of a pane below its title.
#[must_use]
pub fn inner(area: Rect) -> Rect {
    Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area }
}

/// The links beneath the text of the panes in sight, by column and row of the screen.
#[must_use]
pub fn links(app: &App) -> Vec<Linked> {
    let in_sight = app.workspace.places.panes.iter();
    let all = in_sight.filter_map(|(id, area)| Some((app.workspace.panes.get(id)?, inner(*area))));
    all.flat_map(|(pane, area)| {
        let within = pane.linked().iter().filter(move |((x, y), _)| *x < area.width && *y < area.height);
        within.map(move |((x, y), link)| ((area.x + x, area.y + y), Rc::clone(link)))
    })
    .collect()
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let theme = &app.options.theme;
    let focus = app.workspace.layout.tab().focus;
    let covered = app.overlay.is_some();
    for (id, area) in &app.workspace.places.panes {
        let Some(pane) = app.workspace.panes.get(id) else { continue };
        let focused = *id == focus;
        let style = if focused { theme.title } else { theme.dim };
        let room = usize::from(area.width);
        if area.height > 0 {
            let title = truncate(&format!(" {}", pane.title()), room);
            let rest = " ".repeat(room.saturating_sub(width(&title)));
            frame.buffer_mut().set_line(area.x, area.y, &Line::styled(format!("{title}{rest}"), style), area.width);
        }
        let inner = inner(*area);
        if inner.is_empty() {
            continue;
        }
        let look = Look { theme, focused, now: app.now };
        let cursor = pane.draw(inner, frame.buffer_mut(), &look);
        if let Some(cursor) = cursor.filter(|_| focused && !covered) {
            frame.set_cursor_position(cursor);
        }
    }
    for divider in app.workspace.places.dividers.iter().filter(|divider| divider.axis == Axis::Columns) {
        for position in divider.area.positions() {
            frame.buffer_mut()[position].set_symbol("│").set_style(theme.border);
        }
    }
    draw_tabs(app, frame);
    if let Some(selection) = &app.selection {
        mark(app, selection, frame.buffer_mut());
    }
}

fn draw_tabs(app: &App, frame: &mut Frame<'_>) {
    let area = app.areas.tabs;
    if area.height == 0 {
        return;
    }
    let theme = &app.options.theme;
    let layout = &app.workspace.layout;
    let spans = layout.tabs().iter().enumerate().map(|(at, tab)| {
        let style = if at == layout.at() { theme.title } else { theme.dim };
        Span::styled(format!(" {} {} ", at + 1, truncate(&name(app, tab), 24)), style)
    });
    frame.buffer_mut().set_line(area.x, area.y, &Line::from(spans.collect::<Vec<_>>()), area.width);
}

fn name(app: &App, tab: &Tab) -> String {
    let mut name = match app.workspace.panes.get(&tab.focus) {
        Some(pane) => pane.title(),
        None => "conversation".to_owned(),
    };
    if tab.zoomed {
        name.push_str(" (alone)");
    }
    name
}

fn mark(app: &App, selection: &Selection, buffer: &mut Buffer) {
    for position in cells(app, selection) {
        if let Some(cell) = buffer.cell_mut(position) {
            cell.modifier.toggle(Modifier::REVERSED);
        }
    }
}

/// The cells that are selected, as lines of text are.
fn cells(app: &App, selection: &Selection) -> impl Iterator<Item = Position> {
    let area = selection.area;
    let first = app.workspace.panes.get(&selection.pane).and_then(|pane| pane.first_line()).unwrap_or(0);
    let [from, to] = selection.ends();
    (0..area.height).flat_map(move |row| {
        let line = first + i64::from(row);
        let begin = if line == from.1 { from.0 } else { 0 };
        let end = if line == to.1 { to.0 } else { area.width.saturating_sub(1) };
        let end = if (from.1..=to.1).contains(&line) { end + 1 } else { begin };
        (begin..end).map(move |column| Position::new(area.x + column, area.y + row))
    })
}

/// What stands on the screen where something is selected.
#[must_use]
pub fn text_of(app: &App, selection: &Selection) -> String {
    let (columns, rows) = app.size;
    let Ok(mut terminal) = Terminal::new(TestBackend::new(columns, rows));
    let Ok(_) = terminal.draw(|frame| super::draw(app, frame));
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    let mut row = None;
    let mut skip = 0;
    for position in cells(app, selection) {
        if row.is_some_and(|row| row != position.y) {
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
            skip = 0;
        }
        row = Some(position.y);
        let Some(cell) = buffer.cell(position) else { continue };
        // Behind a wide character stands a cell that is not its own.
        if skip > 0 {
            skip -= 1;
            continue;
        }
        if cell.diff_option != CellDiffOption::None {
            // A picture has no text.
            text.push(' ');
            continue;
        }
        text.push_str(cell.symbol());
        skip = width(cell.symbol()).saturating_sub(1);
    }
    text.truncate(text.trim_end_matches(' ').len());
    text
}

/// Whether the conversation shares the screen with other panes.
#[must_use]
pub fn is_shared(app: &App) -> bool {
    app.workspace.places.panes.iter().any(|(id, _)| *id != CHAT)
}
