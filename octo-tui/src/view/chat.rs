//! The title and the conversation.

use octo_proto::session::SessionState;
use ratatui::{
    Frame,
    layout::{Alignment, Rect},
    text::{Line, Span},
    widgets::Paragraph,
};

use super::pictures;
use crate::{
    app::App,
    keymap,
    state::session::Target,
    text::{
        clean::clean_line,
        wrap::{truncate, width},
    },
};

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    draw_title(app, frame, app.areas.title);
    let area = app.areas.transcript;
    let rows = app.open.transcript.window();
    if rows.is_empty() {
        draw_empty(app, frame, area);
    }
    let buffer = frame.buffer_mut();
    for (row, y) in rows.iter().zip(area.y..area.bottom()) {
        buffer.set_line(area.x, y, &row.line, area.width);
    }
    pictures::draw(app, buffer);
    if app.open.transcript.has_new_below() && area.height > 0 {
        let text = " ↓ new below  Ctrl+End ";
        let columns = u16::try_from(width(text)).unwrap_or(u16::MAX).min(area.width);
        let x = area.right() - columns;
        buffer.set_string(x, area.bottom() - 1, truncate(text, usize::from(columns)), app.options.theme.chosen);
    }
}

fn draw_title(app: &App, frame: &mut Frame<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let theme = &app.options.theme;
    let title = title(app);
    let room = usize::from(area.width).saturating_sub(2);
    let shown = truncate(&title, room * 2 / 3);
    let left = room.saturating_sub(width(&shown) + 2);
    let cwd = short_path(app, app.open.cwd());
    let marked = super::panes::is_shared(app) && app.workspace.focused().is_none();
    let mut line = vec![Span::raw(" "), Span::styled(shown, theme.strong)];
    line.push(Span::styled(format!("  {}", truncate_left(&cwd, left)), theme.dim));
    frame.render_widget(Line::from(line), area);
    if marked {
        frame.buffer_mut().set_style(area, theme.title);
    }
}

/// What the session on the screen is called.
fn title(app: &App) -> String {
    match (&app.open.target, app.open.info()) {
        (Target::Fresh(_), _) => "new session".to_owned(),
        (Target::Known(_), Some(info)) if info.title.is_empty() => "untitled".to_owned(),
        (Target::Known(_), Some(info)) => clean_line(&info.title),
        (Target::Known(id), None) => clean_line(id.as_str()),
    }
}

/// A conversation without words says what comes next.
fn draw_empty(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.options.theme;
    let (what, next) = match &app.open.target {
        Target::Fresh(_) => {
            let harness = app.harness().map(|harness| clean_line(&harness.name));
            let with = harness.map(|name| format!(" with {name}")).unwrap_or_default();
            (format!("A new session{with} in {}", short_path(app, app.open.cwd())), "It begins with what you write.")
        }
        Target::Known(_) if !app.open.synced => ("Opening the session…".to_owned(), ""),
        Target::Known(_) => match app.state() {
            Some(SessionState::Error { .. }) => ("Nothing was said yet.".to_owned(), "Your next prompt tries again."),
            _ => ("Nothing was said yet.".to_owned(), "Write something below."),
        },
    };
    let mut lines = vec![Line::styled(what, theme.text), Line::styled(next, theme.dim)];
    if app.workspace.is_plain() {
        // Who is new here sees nothing else of what can stand beside it.
        let prefix = keymap::name(app.options.prefix);
        let beside = format!("{prefix} f: files · {prefix} t: a terminal · {prefix} ?: all keys");
        lines.extend([Line::default(), Line::styled(beside, theme.dim)]);
    }
    let middle = Rect { y: area.y + area.height / 3, height: area.height - area.height / 3, ..area };
    frame.render_widget(Paragraph::new(lines).alignment(Alignment::Center), middle);
}

/// A path with the home folder as `~`.
pub(super) fn short_path(app: &App, path: &str) -> String {
    let short = match &app.options.home {
        Some(home) if path == home => "~".to_owned(),
        Some(home) => match path.strip_prefix(home.as_str()) {
            Some(rest) if rest.starts_with('/') => format!("~{rest}"),
            _ => path.to_owned(),
        },
        None => path.to_owned(),
    };
    clean_line(&short)
}

/// Of a path the end tells most.
fn truncate_left(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars().rev() {
        if width(&kept) + 2 > columns {
            break;
        }
        kept.insert(0, c);
    }
    if columns > 0 { format!("…{kept}") } else { String::new() }
}
