//! The session list: beside the conversation where there is room, else over it.

use octo_proto::{id::SessionId, index::IndexEntry, session::SessionState};
use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Block, Borders, Clear},
};

use crate::{
    app::App,
    state::overlay::Overlay,
    text::{
        clean::clean_line,
        wrap::{truncate, width},
    },
};

/// Rows that one session takes.
const ROWS: u16 = 2;

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.options.theme;
    let at = cursor(app);
    let border = if at.is_some() { theme.accent } else { theme.border };
    frame.render_widget(Clear, area);
    frame.render_widget(Block::new().borders(Borders::RIGHT).border_style(border), area);
    let inner = inner(area);
    let title = format!(" Sessions  {}", app.index.entries().len());
    frame.buffer_mut().set_stringn(area.x, area.y, title, usize::from(inner.width), theme.strong);
    let first = first(app, inner.height);
    let entries = app.index.entries().iter().skip(first);
    for (entry, y) in entries.zip((inner.y..inner.bottom()).step_by(usize::from(ROWS))) {
        let is_open = app.open.id() == Some(&entry.info.session_id);
        let is_at = at == Some(&entry.info.session_id);
        draw_entry(app, frame, entry, Rect { y, height: ROWS.min(inner.bottom() - y), ..inner });
        if is_at {
            frame.buffer_mut().set_style(Rect { y, height: 1, ..inner }, theme.chosen);
        } else if is_open {
            frame.buffer_mut().set_stringn(inner.x, y, "▌", 1, theme.accent);
        }
    }
    if app.index.entries().is_empty() {
        let text = if app.index.cursor.is_some() { " none yet" } else { " …" };
        frame.buffer_mut().set_stringn(inner.x, inner.y, text, usize::from(inner.width), theme.dim);
    }
}

fn inner(area: Rect) -> Rect {
    Rect { y: area.y + 2, height: area.height.saturating_sub(2), width: area.width.saturating_sub(1), ..area }
}

fn cursor(app: &App) -> Option<&SessionId> {
    match &app.overlay {
        Some(Overlay::Sessions { at }) => at.as_ref(),
        _ => None,
    }
}

/// The first entry shown, so that the cursor, or else the open session, is in sight.
fn first(app: &App, height: u16) -> usize {
    let fit = usize::from(height / ROWS).max(1);
    let in_sight = cursor(app).or_else(|| app.open.id());
    let at = in_sight.and_then(|id| app.index.entries().iter().position(|entry| entry.info.session_id == *id));
    at.map_or(0, |at| (at + 1).saturating_sub(fit))
}

/// The session at a place of the screen.
#[must_use]
pub fn at(app: &App, column: u16, row: u16) -> Option<SessionId> {
    let inner = inner(app.areas.sessions?);
    let index = usize::from(row.checked_sub(inner.y)? / ROWS) + first(app, inner.height);
    inner.contains((column, row).into()).then_some(())?;
    app.index.entries().get(index).map(|entry| entry.info.session_id.clone())
}

fn draw_entry(app: &App, frame: &mut Frame<'_>, entry: &IndexEntry, area: Rect) {
    let theme = &app.options.theme;
    let room = usize::from(area.width);
    let (mark, style) = mark(app, entry);
    let unread = if entry.unread > 0 { format!(" {}", entry.unread) } else { String::new() };
    let age = age(app.now - entry.info.updated_at);
    let title = match entry.info.title.as_str() {
        "" => "untitled".to_owned(),
        title => clean_line(title),
    };
    let right = format!("{unread} {age} ");
    let title = truncate(&title, room.saturating_sub(4 + width(&right)));
    let gap = room.saturating_sub(3 + width(&title) + width(&right));
    let name = if entry.unread > 0 { theme.strong } else { theme.text };
    let line = Line::from(vec![
        Span::raw(" "),
        Span::styled(mark, style),
        Span::raw(" "),
        Span::styled(title, name),
        Span::raw(" ".repeat(gap)),
        Span::styled(unread, theme.accent),
        Span::styled(format!(" {age} "), theme.dim),
    ]);
    frame.buffer_mut().set_line(area.x, area.y, &line, area.width);
    if area.height > 1 {
        let (text, style) = match &entry.needs_you {
            Some(question) => (clean_line(question), theme.warn),
            None => {
                let folder = entry.info.cwd.rsplit('/').next().unwrap_or_default();
                (format!("{} · {}", clean_line(&entry.info.harness), clean_line(folder)), theme.dim)
            }
        };
        let text = truncate(&text, room.saturating_sub(4));
        frame.buffer_mut().set_stringn(area.x + 3, area.y + 1, text, room.saturating_sub(3), style);
    }
}

fn mark(app: &App, entry: &IndexEntry) -> (&'static str, Style) {
    let theme = &app.options.theme;
    if entry.needs_you.is_some() {
        return ("?", theme.warn);
    }
    match &entry.state {
        SessionState::Stopped => ("○", theme.dim),
        SessionState::Starting | SessionState::Working { .. } => ("◐", theme.warn),
        SessionState::Idle => ("●", theme.good),
        SessionState::Error { .. } => ("✗", theme.bad),
        SessionState::Unavailable => ("!", theme.bad),
    }
}

/// How long ago, in few characters.
/// A time that has passed, in few characters.
#[must_use]
pub fn age(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    match minutes {
        0 => "now".to_owned(),
        1..60 => format!("{minutes}m"),
        60..1_440 => format!("{}h", minutes / 60),
        1_440..14_400 => format!("{}d", minutes / 1_440),
        _ => format!("{}w", minutes / 10_080),
    }
}
