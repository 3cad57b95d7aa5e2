//! The box in which a person writes.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::Style,
    text::{Line, Span},
    widgets::{Block, BorderType},
};
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    app::App,
    keymap::Context,
    state::composer::Composer,
    text::{
        clean::{clean, clean_line},
        wrap::{truncate, width},
    },
};

/// Lines of text that the box shows at most.
const TALLEST: usize = 10;

/// The columns of the border and the margin on both sides.
const SIDES: u16 = 4;

/// A text laid out for editing: its lines, and where the cursor is.
pub(super) struct Written {
    pub(super) lines: Vec<String>,
    pub(super) cursor: (usize, usize),
}

impl Written {
    /// Breaks a text anywhere, so that a cursor is always where a person expects it.
    pub(super) fn of(composer: &Composer, columns: usize) -> Self {
        let columns = columns.max(2);
        let (text, cursor_at) = (composer.text(), composer.cursor());
        let mut lines = vec![String::new()];
        let (mut used, mut cursor) = (0, (0, 0));
        for (at, grapheme) in text.grapheme_indices(true) {
            if at == cursor_at {
                cursor = (lines.len() - 1, used);
            }
            if grapheme == "\n" {
                lines.push(String::new());
                used = 0;
                continue;
            }
            let shown = show(grapheme);
            let wide = width(&shown);
            if used + wide > columns {
                lines.push(String::new());
                used = 0;
                if at == cursor_at {
                    cursor = (lines.len() - 1, 0);
                }
            }
            if let Some(line) = lines.last_mut() {
                line.push_str(&shown);
            }
            used += wide;
        }
        if cursor_at == text.len() {
            if used >= columns {
                lines.push(String::new());
                used = 0;
            }
            cursor = (lines.len() - 1, used);
        }
        Self { lines, cursor }
    }

    /// Shows as many lines as fit, those around the cursor, and the cursor where it has the focus.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, style: Style, has_focus: bool) {
        let height = usize::from(area.height);
        let first = (self.cursor.0 + 1).saturating_sub(height);
        for (line, y) in self.lines.iter().skip(first).zip(area.y..area.bottom()) {
            frame.buffer_mut().set_stringn(area.x, y, line, usize::from(area.width), style);
        }
        if has_focus && height > 0 {
            let offset = |value: usize| u16::try_from(value).unwrap_or(u16::MAX);
            let x = area.x.saturating_add(offset(self.cursor.1)).min(area.right().saturating_sub(1));
            frame.set_cursor_position(Position::new(x, area.y + offset(self.cursor.0 - first)));
        }
    }
}

/// What a person pasted is no safer than what an agent wrote, but every character of it keeps its place.
fn show(grapheme: &str) -> String {
    if grapheme == "\t" { "    ".to_owned() } else { clean(grapheme).into_owned() }
}

pub(super) fn height(app: &App, columns: u16, low: bool) -> u16 {
    let borders = if low { 0 } else { 2 };
    let room = usize::from(columns.saturating_sub(if low { 2 } else { SIDES }));
    let tallest = if low { 2 } else { TALLEST.min(usize::from(app.size.1) / 3) };
    let lines = Written::of(&app.open.composer, room).lines.len().clamp(1, tallest.max(1));
    u16::try_from(lines).unwrap_or(1) + borders
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let theme = &app.options.theme;
    let area = app.areas.composer;
    let has_focus = app.context() == Context::Chat;
    let inner = if app.areas.is_low() {
        frame.buffer_mut().set_stringn(area.x, area.y, "›", 1, theme.accent);
        Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area }
    } else {
        let border = if has_focus { theme.accent } else { theme.border };
        let mut block = Block::bordered().border_type(BorderType::Rounded).border_style(border);
        if let Some(title) = completions(app, area.width) {
            block = block.title_top(Line::styled(title, theme.dim));
        } else if let Some(title) = keys(app) {
            block = block.title_bottom(Line::styled(title, theme.dim).right_aligned());
        }
        if let Some(title) = pictures(app, area.width) {
            block = block.title_bottom(Line::styled(title, theme.accent));
        }
        frame.render_widget(block, area);
        Rect {
            x: area.x + 2,
            y: area.y + 1,
            width: area.width.saturating_sub(SIDES),
            height: area.height.saturating_sub(2),
        }
    };
    if app.open.composer.is_empty() {
        let hint = Span::styled(truncate(placeholder(app), usize::from(inner.width)), theme.dim);
        frame.render_widget(Line::from(hint), inner);
    }
    Written::of(&app.open.composer, usize::from(inner.width)).draw(frame, inner, theme.text, has_focus);
}

fn placeholder(app: &App) -> &'static str {
    let waits = app.open.dialog.as_ref().is_some_and(|dialog| !dialog.focused);
    if waits { "Tab answers the question above" } else { "Write to the agent" }
}

/// While the agent works it must be plain what Enter does.
fn keys(app: &App) -> Option<String> {
    if !app.open.is_working() || app.open.composer.is_empty() {
        return None;
    }
    let can = app.capabilities();
    let enter = if can.follow_up { " Enter queues" } else { " Enter sends" };
    Some(format!("{enter}{} ", if can.steer { " · Alt+S steers" } else { "" }))
}

fn completions(app: &App, columns: u16) -> Option<String> {
    let found = app.completions();
    let text = match &found[..] {
        [] => return None,
        [only] => format!(" /{}  {} ", clean_line(&only.name), clean_line(only.description.as_deref().unwrap_or(""))),
        many => {
            let names: Vec<String> = many.iter().map(|command| format!("/{}", clean_line(&command.name))).collect();
            format!(" Tab: {} ", names.join(" "))
        }
    };
    Some(truncate(&text, usize::from(columns.saturating_sub(SIDES))))
}

/// The pictures that go with the next prompt.
fn pictures(app: &App, columns: u16) -> Option<String> {
    let labels: Vec<String> =
        app.open.pictures.iter().map(|picture| format!("[{}]", clean_line(&picture.label()))).collect();
    let text = format!(" {} ", labels.join(" "));
    (!labels.is_empty()).then(|| truncate(&text, usize::from(columns / 2)))
}
