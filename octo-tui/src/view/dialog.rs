//! The agent's question, above the composer.

use octo_proto::session::InputKind;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, BorderType},
};

use super::composer::Written;
use crate::{
    app::App,
    state::dialog::Dialog,
    text::{
        clean::{clean, clean_line},
        wrap::{Break, Prefix, truncate, wrap},
    },
};

/// The columns of the border and the margin on both sides.
const SIDES: u16 = 4;

/// Lines of an answer that are shown at most.
const TALLEST: usize = 8;

/// What the question says, and the options, as lines.
fn lines(app: &App, dialog: &Dialog, columns: u16) -> Vec<Line<'static>> {
    let theme = &app.options.theme;
    let room = usize::from(columns.saturating_sub(SIDES));
    let mut lines = Vec::new();
    let detail = dialog.request.detail.as_ref().map(|detail| match detail {
        serde_json::Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    });
    for (text, style) in [(dialog.request.message.clone(), theme.text), (detail, theme.dim)] {
        for line in clean(text.as_deref().unwrap_or_default()).lines() {
            wrap(&[Span::styled(line.to_owned(), style)], room, (&Prefix::default(), Break::Words), &mut lines);
        }
    }
    if !dialog.is_text() {
        for (index, label) in dialog.labels().into_iter().enumerate() {
            let chosen = dialog.focused && dialog.chosen == Some(index);
            let key = match (dialog.request.kind, index) {
                (InputKind::Confirm, 0) => "y".to_owned(),
                (InputKind::Confirm, _) => "n".to_owned(),
                (_, 0..9) => (index + 1).to_string(),
                _ => " ".to_owned(),
            };
            let style = if chosen { theme.chosen } else { theme.text };
            lines.push(Line::from(vec![
                Span::styled(if chosen { "› " } else { "  " }, theme.accent),
                Span::styled(format!("{key} "), theme.dim),
                Span::styled(truncate(&clean_line(label), room.saturating_sub(4)), style),
            ]));
        }
    }
    lines
}

fn answer_height(dialog: &Dialog, columns: u16) -> usize {
    if !dialog.is_text() {
        return 0;
    }
    Written::of(&dialog.editor, usize::from(columns.saturating_sub(SIDES))).lines.len().clamp(1, TALLEST)
}

pub(super) fn height(app: &App, columns: u16, rows: u16) -> u16 {
    let Some(dialog) = &app.open.dialog else { return 0 };
    let content = lines(app, dialog, columns).len() + answer_height(dialog, columns);
    u16::try_from(content + 2).unwrap_or(u16::MAX).min(rows * 2 / 3)
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let Some(dialog) = &app.open.dialog else { return };
    let theme = &app.options.theme;
    let area = app.areas.dialog;
    let border = if dialog.focused { theme.warn } else { theme.border };
    let room = usize::from(area.width.saturating_sub(SIDES));
    let title = truncate(&clean_line(&dialog.request.title), room);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(border)
        .title_top(Line::styled(format!(" {title} "), theme.warn))
        .title_bottom(Line::styled(format!(" {} ", hint(app, dialog)), theme.dim).right_aligned());
    frame.render_widget(block, area);
    let inner = Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(SIDES),
        height: area.height.saturating_sub(2),
    };
    let lines = lines(app, dialog, area.width);
    let answer = u16::try_from(answer_height(dialog, area.width)).unwrap_or(0).min(inner.height);
    let shown = usize::from(inner.height - answer);
    // Where not all fits, the options at the end matter most.
    let skipped = lines.len().saturating_sub(shown);
    for (line, y) in lines.iter().skip(skipped).zip(inner.y..) {
        frame.buffer_mut().set_line(inner.x, y, line, inner.width);
    }
    if answer > 0 {
        let field = Rect { y: inner.bottom() - answer, height: answer, ..inner };
        if dialog.editor.is_empty() && dialog.request.kind == InputKind::Input {
            let hint = clean_line(dialog.request.prefill.as_deref().unwrap_or_default());
            frame.buffer_mut().set_stringn(field.x, field.y, hint, usize::from(field.width), theme.dim);
        }
        Written::of(&dialog.editor, usize::from(field.width)).draw(frame, field, theme.text, dialog.focused);
    }
}

fn hint(app: &App, dialog: &Dialog) -> String {
    let left = dialog.request.timeout_ms.map(|ms| {
        let ends = dialog.request.asked_at.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
        format!("{} s left · ", (ends - app.now).max(0) / 1000)
    });
    let keys = match (dialog.answered, dialog.focused, dialog.is_text()) {
        (true, _, _) => "answering…",
        (_, false, _) => "Tab to answer",
        (_, true, true) => "Enter answers · Tab leaves",
        (_, true, false) => "key or Enter answers · Tab leaves",
    };
    format!("{}{keys}", left.unwrap_or_default())
}
