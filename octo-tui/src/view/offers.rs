//! The files that are offered, above the composer.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, BorderType, Clear},
};
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    app::App,
    text::{
        clean::clean_line,
        wrap::{truncate, width},
    },
};

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let Some(offers) = app.offers() else { return };
    let theme = &app.options.theme;
    let composer = app.areas.composer;
    let widest = offers.files.iter().map(|file| width(&file.path)).max().unwrap_or(0).max(24);
    let columns = u16::try_from(widest + 4).unwrap_or(u16::MAX).min(composer.width);
    let rows = u16::try_from(offers.files.len() + 2).unwrap_or(u16::MAX).min(composer.y);
    let area = Rect { x: composer.x, y: composer.y - rows, width: columns, height: rows };
    frame.render_widget(Clear, area);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.accent)
        .title_bottom(Line::styled(" Tab takes · Esc closes ", theme.dim));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let room = usize::from(inner.width.saturating_sub(2));
    for (index, (file, y)) in offers.files.iter().zip(inner.y..inner.bottom()).enumerate() {
        let path = clean_line(&file.path);
        let mut line = Line::default();
        for (at, grapheme) in truncate(&path, room).grapheme_indices(true) {
            let place = u32::try_from(path[..at.min(path.len())].chars().count()).unwrap_or(u32::MAX);
            let style = if file.matched.contains(&place) { theme.strong } else { theme.text };
            line.push_span(Span::styled(grapheme.to_owned(), style));
        }
        frame.buffer_mut().set_line(inner.x + 1, y, &line, inner.width.saturating_sub(1));
        if index == offers.chosen {
            frame.buffer_mut().set_style(Rect { y, height: 1, ..inner }, theme.chosen);
        }
    }
}
